"""Translations in many languages: every two of them are found through a hub."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from stages.bilingual.bilingual import Bilingual

from ...barrier_engine import run_barrier
from .made_up_site import LANGUAGES, sentence, spoken
from .test_finding import kept, pairs_of, table, written_by_each_engine


def site(seed, pages=60, lines=10):
    """Documents in four languages; every ninth page lacks English, others lack another one."""
    rng = np.random.default_rng(seed)
    documents, mates = [], set()
    for page in range(pages):
        sentences = [sentence(rng) for _ in range(lines)]
        missing = "en" if page % 9 == 0 else LANGUAGES[page % 7] if page % 7 < 4 else None
        said = [language for language in LANGUAGES if language != missing]
        documents += [(f"{lang}{page:03d}", lang, spoken(sentences, lang)) for lang in said]
        mates |= {(f"{a}{page:03d}", f"{b}{page:03d}") for a, b in combinations(said, 2)}
    return documents, mates


def run(parts, folder, **settings):
    stage = Bilingual(**{"pairs": "all", "find": ["content"]} | settings)
    run_barrier(stage, parts, folder)
    return pairs_of(str(Path(folder) / "barrier"), stage)


def share(found, wanted):
    return len(found & wanted) / len(wanted)


def test_every_two_languages_are_found_through_english(tmp_path):
    documents, mates = site(1)
    pairs = run([table(documents[0::2]), table(documents[1::2])], tmp_path)
    found = kept(pairs)
    assert share(found, mates) >= 0.9 and share(mates, found) >= 0.97
    english = {row[0][2:] for row in documents if row[1] == "en"}
    through = [pair["left_id"] for pair in pairs if ", through en 0." in pair["reason"]]
    others = [pair["left_id"] for pair in pairs if not pair["left_id"].startswith("en")]
    assert {document[2:] for document in through} <= english
    assert len(through) >= 0.9 * sum(document[2:] in english for document in others)
    assert not any(document.startswith("en") for document in through)


def test_a_document_has_one_translation_in_a_language(tmp_path):
    documents, _ = site(2)
    sides = Counter()
    for pair in run([table(documents)], tmp_path):
        sides[pair["left_id"], pair["right_lang"]] += 1
        sides[pair["right_id"], pair["left_lang"]] += 1
    assert set(sides.values()) == {1}


def test_documents_without_english_are_found_among_themselves(tmp_path):
    documents, mates = site(3, pages=90)
    english = {row[0][2:] for row in documents if row[1] == "en"}
    alone = {pair for pair in mates if pair[0][2:] not in english}
    found = {pair for pair in kept(run([table(documents)], tmp_path)) if pair[0][2:] not in english}
    assert len(alone) > 30
    assert share(found, alone) >= 0.8 and share(mates, found) >= 0.97


def test_a_cluster_known_by_key_is_completed_by_content(tmp_path):
    """English has no keys. Where it meets one document of a key's, it has met the others."""
    documents, mates = site(4)
    keys = [None if row[1] == "en" else row[0][2:] for row in documents]
    pairs = run([table(documents, key=keys)], tmp_path, find=["pair_key", "content"])
    methods = Counter((pair["left_lang"] == "en", pair["method"]) for pair in pairs)
    assert set(methods) == {(True, "content"), (False, "pair_key")}
    assert share(kept(pairs), mates) >= 0.95 and share(mates, kept(pairs)) >= 0.97


def test_keys_and_content_meet_in_one_document(tmp_path):
    """English and French have keys, the others none: English brings French to all of them."""
    documents, mates = site(5)
    keys = [row[0][2:] if row[1] in ("en", "fr") else None for row in documents]
    pairs = run([table(documents, key=keys)], tmp_path, find=["pair_key", "content"])
    english = {row[0][2:] for row in documents if row[1] == "en"}
    french = [
        pair for pair in pairs if pair["left_lang"] == "fr" and pair["left_id"][2:] in english
    ]
    assert sum("through en" in pair["reason"] for pair in french) >= 0.8 * len(french) > 40
    assert share(kept(pairs), mates) >= 0.9 and share(mates, kept(pairs)) >= 0.97


@pytest.mark.parametrize("pairs", [[("zh", "th"), ("fr", "zh"), ("th", "fr")]])
def test_a_list_of_pairs_has_its_own_hub_on_either_side(tmp_path, pairs):
    """Without English the largest language is the hub, here Chinese, left and right of others."""
    documents, mates = site(6)
    mine = [row for row in documents if row[1] != "en" and (row[1] == "zh" or row[0][-1] != "8")]
    there = {row[0] for row in mine}
    wanted = {two for two in mates if set(two) <= there}
    found = run([table(mine)], tmp_path, pairs=pairs)
    assert {(pair["left_lang"], pair["right_lang"]) for pair in found} == set(pairs)
    met = {tuple(sorted(two)) for two in kept(found)}
    assert share(met, wanted) >= 0.9 and share(wanted, met) >= 0.97
    for pair in found:
        if "zh" in (pair["left_lang"], pair["right_lang"]):
            assert "through" not in pair["reason"]


def test_workers_change_no_byte(tmp_path):
    documents, _ = site(7, pages=30)
    stage = Bilingual(pairs="all", find=["content"])
    parts = [table(documents[index::3]) for index in range(3)]
    written = written_by_each_engine(stage, parts, tmp_path)
    assert written[0] == written[1]
    assert any("settled-3" in name for name in written[0])


@pytest.mark.parametrize("texts", [[], ["word", "mot", "词"], ["", "1", "1"]])
def test_little_to_compare_is_no_error(tmp_path, texts):
    documents = [(str(i), ("en", "fr", "zh")[i], text) for i, text in enumerate(texts)]
    run([table(documents), table([])], tmp_path, pairs=[("en", "fr"), ("en", "zh"), ("fr", "zh")])
