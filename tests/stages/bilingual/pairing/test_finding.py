"""The ways of finding pairs, through the stage: address, content, and one after the other."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.base import Partition
from stages.bilingual.bilingual import Bilingual
from stages.bilingual.pairing.content import LEAST_ROUNDS, MOST_ROUNDS

from ...barrier_engine import SerialEngine, run_barrier, write_file
from .made_up_site import sentence, site, spoken


def table(documents, url=None, key=None):
    names = {"id": 0, "lang": 1, "text": 2}
    columns = {
        name: pa.array([row[i] for row in documents],
                       pa.large_string() if name == "text" else pa.string())
        for name, i in names.items()
    }  # fmt: skip
    nothing = [None] * len(documents)
    more = {"source": ["web"] * len(documents), "declared_lang": nothing,
            "url": url or nothing, "pair_key": key or nothing}  # fmt: skip
    return pa.table(columns | {name: pa.array(v, pa.string()) for name, v in more.items()})


def pairs_of(folder, stage):
    return [row for path in stage.exports(folder)["bilingual/documents"]
            for row in pq.read_table(path).to_pylist()]  # fmt: skip


def run(parts, folder, **settings):
    stage = Bilingual(pairs=[("en", "fr")], **settings)
    run_barrier(stage, parts, folder)
    return pairs_of(str(Path(folder) / "barrier"), stage)


def written_by_each_engine(stage, parts, folder):
    """What a stage writes of three partitions, file by file: with one worker, then with several."""
    given = []
    for index, part in enumerate(parts):
        batches = part.to_batches(max_chunksize=20)
        paths = [str(folder / f"{name}-{index}.arrow") for name in ("documents", "keys")]
        write_file(paths[0], batches)
        write_file(paths[1], [stage.keys(batch) for batch in batches])
        given.append(Partition(index, part.num_rows, *paths, ()))
    written = []
    for engine in (SerialEngine(), ParallelEngine()):
        out = folder / str(engine.workers)
        stage.run(given, str(out), engine)
        files = (path for path in sorted(out.rglob("*")) if path.is_file())
        written.append(
            {str(path.relative_to(out)): path.read_bytes()
             for path in files if path.name != "plan.json"}
        )  # fmt: skip
    return written


def kept(pairs):
    return {(pair["left_id"], pair["right_id"]) for pair in pairs if pair["kept"]}


def test_content_finds_translations_that_share_a_few_names(tmp_path):
    documents, mates = site(1)
    found = run([table(documents[0::2]), table(documents[1::2])], tmp_path, find=["content"])
    assert len(kept(found) & mates) >= 0.9 * len(mates)
    assert len(kept(found) & mates) >= 0.95 * len(kept(found))
    for pair in found:
        assert pair["method"] == "content" and pair["pair_key"] is None
        assert pair["reason"].startswith("order 0.")
        assert 0.1 <= pair["score"] <= 1


def test_translations_are_learned_from_sure_pairs(tmp_path):
    """Without names a page can only be found by what other pages taught."""
    documents, mates = site(2)
    nameless = {f"{language}{page:03d}" for language in ("en", "fr") for page in range(7, 60, 7)}
    documents = [
        (name, lang, " ".join(w for w in text.split(" ") if not w.startswith("name")))
        if name in nameless else (name, lang, text)
        for name, lang, text in documents
    ]  # fmt: skip
    hard = {pair for pair in mates if pair[0] in nameless}
    found = kept(run([table(documents)], tmp_path, find=["content"]))
    assert hard and len(found & hard) >= 0.8 * len(hard)


def test_the_same_words_in_another_order_are_no_translation(tmp_path):
    documents, mates = site(3)
    texts = {row[0]: row[2] for row in documents}
    english = min(left for left, _ in mates)
    right = english.replace("en", "fr")
    lines = texts[right].split("\n")
    documents = [row for row in documents if row[0] != right]
    documents.append(("frmixed", "fr", "\n".join(lines[5:] + lines[:5][::-1])))
    documents.append((right, "fr", texts[right]))
    assert (english, right) in kept(run([table(documents)], tmp_path, find=["content"]))


def test_sister_pages_of_a_template_are_told_apart(tmp_path):
    """Nine lines of ten are the same on every page: only the tenth says which page it is."""
    rng = np.random.default_rng(4)
    shared = [sentence(rng) for _ in range(9)]
    documents, mates = site(5)
    for page in range(100, 112):
        own = shared[:5] + [sentence(rng) for _ in range(3)] + shared[5:]
        for language in ("en", "fr"):
            documents.append((f"{language}{page}", language, spoken(own, language)))
        mates.add((f"en{page}", f"fr{page}"))
    found = kept(run([table(documents)], tmp_path, find=["content"]))
    wrong = {pair for pair in found - mates if pair[0] >= "en100"}
    assert len(wrong) <= 1
    assert sum(left >= "en100" for left, _ in found & mates) >= 9


@pytest.mark.parametrize("translated", [1, 2, 10])
def test_a_few_long_documents_are_found_among_others(tmp_path, translated):
    """In one document alone every word is in every document; and one pair teaches no lexicon."""
    documents, mates = site(9, pages=3 * translated + 24, lines=60)
    chosen = sorted(mates)[:translated]
    right = {pair[1] for pair in chosen}
    documents = [row for row in documents if row[1] == "en" or row[0] in right]
    assert kept(run([table(documents)], tmp_path, find=["content"])) == set(chosen)


def test_short_pages_are_found_among_many_posts(tmp_path):
    """What they share with the posts is in too many of them for all to meet."""
    documents, mates = site(10, pages=60, lines=20)
    rng = np.random.default_rng(11)
    posts = [(f"fr9{i:04d}", "fr", spoken([(sentence(rng)[0], None)], "fr")) for i in range(200)]
    found = kept(run([table(documents), table(posts)], tmp_path, find=["content"]))
    assert len(found & mates) >= 0.9 * len(mates)
    assert len(found & mates) >= 0.95 * len(found)


def test_pairs_by_chance_do_not_tell_what_lengths_are_usual(tmp_path):
    """Pages and posts pair off where any confidence will do; a post is a tenth of a page."""
    documents, mates = site(12, pages=20, lines=20)
    rng = np.random.default_rng(13)
    others = [(f"{language}9{i:04d}", language, spoken([sentence(rng) for _ in range(n)], language))
              for language, n in (("en", 20), ("fr", 2)) for i in range(200)]  # fmt: skip
    pairs = run([table(documents), table(others)], tmp_path, find=["content"], min_confidence=0)
    assert len(pairs) > 2 * len(mates)
    assert len(kept(pairs) & mates) >= 0.9 * len(mates)


def test_rounds_go_on_while_they_find_more(tmp_path):
    documents, _ = site(12, pages=24, lines=4)
    run([table(documents)], tmp_path, find=["content"])
    folder = tmp_path / "barrier"
    rounds = json.loads((folder / "rounds.json").read_text())
    assert LEAST_ROUNDS <= rounds <= MOST_ROUNDS
    assert (folder / f"settled-{rounds - 1}").exists()
    assert not (folder / f"settled-{rounds}").exists()


def test_a_page_that_was_not_translated_is_dropped_with_its_reason(tmp_path):
    documents, mates = site(6)
    left = max(mates)[0]
    text = {row[0]: row[2] for row in documents}[left]
    documents = [row if row[0] != left.replace("en", "fr") else (row[0], "fr", text)
                 for row in documents]  # fmt: skip
    found = {pair["left_id"]: pair for pair in run([table(documents)], tmp_path, find=["content"])}
    assert not found[left]["kept"]
    assert found[left]["drop_reason"] == "copy_share: 1.00 vs 0.50"


def test_addresses_that_differ_in_the_language_are_pairs(tmp_path):
    documents = [("a", "en", "Good morning"), ("b", "fr", "Bonjour"), ("c", "fr", "Bonsoir")]
    urls = ["https://e.org/guide", "https://e.org/fr/guide", "https://e.org/other"]
    [pair] = run([table(documents, urls)], tmp_path, find=["url"])
    assert (pair["left_id"], pair["right_id"], pair["method"]) == ("a", "b", "url")
    assert pair["reason"] == "url e.org/guide"


@pytest.mark.parametrize("learn", [True, False])
def test_codes_of_the_crawl_are_learned_unless_forbidden(tmp_path, learn):
    documents, urls = [], []
    for page in range(5):
        for language, code in (("en", "intl"), ("fr", "hexagone")):
            documents.append((f"{language}{page}", language, "Some text here"))
            urls.append(f"https://e.org/{code}/page{page}")
    found = run([table(documents, urls)], tmp_path, find=["url"], learn_url_codes=learn)
    assert len(found) == (5 if learn else 0)


def test_each_way_looks_at_what_those_before_it_left(tmp_path):
    documents, mates = site(7)
    keys = ["k" + row[0][2:] if row[0] < "en010" or "fr" < row[0] < "fr010" else None
            for row in documents]  # fmt: skip
    urls = [f"https://e.org/{row[1]}/{row[0][2:]}" if row[0][2:] < "020" else None
            for row in documents]  # fmt: skip
    parts = [table(documents[i::3], urls[i::3], keys[i::3]) for i in range(3)]
    found = run(parts, tmp_path, find=["pair_key", "url", "content"])
    methods = {pair["left_id"]: pair["method"] for pair in found if pair["kept"]}
    assert kept(found) >= {pair for pair in mates if pair[0] < "en020"}
    for left, method in methods.items():
        assert method == ("pair_key" if left < "en010" else "url" if left < "en020" else "content")
    sides = [[pair[side] for pair in found] for side in ("left_id", "right_id")]
    assert all(len(set(side)) == len(side) for side in sides)


class ParallelEngine(SerialEngine):
    """Several items at a time, in threads, and the last one first."""

    workers = 4

    def map(self, step, function, items):
        with ThreadPoolExecutor(4) as pool:
            started = [pool.submit(function, dict(item)) for item in reversed(items)]
            return [json.loads(json.dumps(one.result())) for one in reversed(started)]


def test_workers_change_no_byte(tmp_path):
    documents, _ = site(8)
    stage = Bilingual(pairs=[("en", "fr"), ("fr", "en-GB")], find=["url", "content"])
    urls = [f"https://e.org/{row[1]}/{row[0][2:]}" if row[0][2:] < "010" else None
            for row in documents]  # fmt: skip
    parts = [table(documents[index::3], urls[index::3]) for index in range(3)]
    written = written_by_each_engine(stage, parts, tmp_path)
    assert written[0] == written[1]
    assert len(written[0]) > 20


@pytest.mark.parametrize("texts", [[], ["", ""], ["1", "2"], ["word", "mot"]])
def test_documents_with_nothing_to_compare_have_no_pair(tmp_path, texts):
    documents = [(str(i), ("en", "fr")[i], text) for i, text in enumerate(texts)]
    assert run([table(documents), table([])], tmp_path, find=["content"]) == []
