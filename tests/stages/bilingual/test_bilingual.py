"""Pairs by key: who meets whom, what is dropped and why, what the new documents hold."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from xxhash import xxh3_128_hexdigest

from stages.base import Partition
from stages.bilingual.bilingual import Bilingual
from stages.bilingual.finding import usual_ratios
from stages.bilingual.writing.parallel import PARALLEL_SCHEMA
from stages.shuffle import open_ipc

from ..barrier_engine import SerialEngine, run_barrier, write_file
from ..language_texts import rows

EN_ZH = Bilingual(pairs=[("en", "zh")])


def table(*documents, **more):
    """Documents from (id, lang, text[, pair_key[, source[, declared_lang]]])."""
    full = [(*row, *("page", "web", None)[len(row) - 3 :])[:6] for row in documents]
    names = ("id", "lang", "text", "pair_key", "source", "declared_lang")
    types = {"text": pa.large_string()}
    columns = {
        name: pa.array([row[i] for row in full], types.get(name, pa.string()))
        for i, name in enumerate(names)
    }
    return pa.table(columns | more)


def run(parts, folder, stage=EN_ZH, **options):
    """Run the stage; return pairs, documents and counts."""
    said = run_barrier(stage, parts, folder, **options)
    assert said == {}
    place = str(Path(folder) / "barrier")
    pairs = [row for path in stage.exports(place)["bilingual/documents"]
             for row in pq.read_table(path).to_pylist()]  # fmt: skip
    documents = []
    for path in stage.new_documents(place):
        read = open_ipc(path).read_all()
        assert read.schema == PARALLEL_SCHEMA
        documents += read.to_pylist()
    return pairs, documents, json.loads((Path(place) / "summary.json").read_text())


def ids(pairs):
    return [(pair["left_id"], pair["right_id"]) for pair in pairs]


def test_translations_with_one_key_become_one_document(tmp_path):
    parts = [table(("a", "en", "Good morning")), table(("b", "zh", "早上好早上好"))]
    [pair], [document], counts = run(parts, tmp_path)
    assert pair == {
        "left_id": "a", "right_id": "b", "left_lang": "en", "right_lang": "zh",
        "score": 1.0, "method": "pair_key", "kept": True, "drop_reason": None,
        "reason": "pair_key page", "source": "web", "pair_key": "page", "length_ratio": 1.0,
        "copy_share": 0.0, "ambiguous": False, "aligned_share": 1.0,
    }  # fmt: skip
    identifier = xxh3_128_hexdigest(b"bilingual\0a\0b")
    texts = {"en": "Good morning", "zh": "早上好早上好"}
    meta = json.loads(document["meta"])
    assert meta == {
        "left_id": "a", "right_id": "b", "left_lang": "en", "right_lang": "zh",
        "template": "plain", "first": meta["first"],
    }  # fmt: skip
    second = "zh" if meta["first"] == "en" else "en"
    assert document == {
        "id": identifier,
        "text": f"{texts[meta['first']]}\n\n{texts[second]}",
        "source": "bilingual", "origin": "bilingual#a+b", "original_id": None,
        "declared_lang": None, "lang": "en-zh", "lang_score": None, "url": None,
        "pair_key": "page",
        "meta": document["meta"], "form": "documents",
    }  # fmt: skip
    sentences = counts["en-zh"].pop("sentences")
    highest = [0] * 19 + [1]  # of a histogram: both sides are equally long
    assert counts == {
        "en-zh": {"found": 1, "kept": 1, "ambiguous": 0, "dropped": {}, "documents": 1,
                  "methods": {"pair_key": 1}, "scores": highest, "scores_kept": highest},
    }  # fmt: skip
    assert (sentences["found"], sum(sentences["scores"])) == (1, 1)


def test_the_key_and_the_source_must_agree(tmp_path):
    parts = [
        table(
            ("a", "en", "one", "x"), ("b", "zh", "一", "y"), ("c", "zh", "一", "x", "books"),
            ("d", "zh", "一", None), ("e", "fr", "un", "x"), ("f", None, "un", "x"),
        )
    ]  # fmt: skip
    assert run(parts, tmp_path)[0] == []


def test_a_document_may_be_in_several_pairs_and_in_each_language_pair_once(tmp_path):
    stage = Bilingual(pairs=[("en", "zh"), ("fr", "en")])
    parts = [table(("a", "en", "one"), ("b", "zh", "一二"), ("c", "fr", "un"), ("d", "de", "eins"))]
    pairs, documents, _ = run(parts, tmp_path, stage)
    assert sorted(ids(pairs)) == [("a", "b"), ("c", "a")]
    assert sorted(document["lang"] for document in documents) == ["en-zh", "fr-en"]


def test_scripts_of_chinese_are_chinese_unless_asked_for(tmp_path):
    parts = [table(("a", "en", "one"), ("b", "zh-Hant", "一二"), ("c", "zh-Hans", "一二"))]
    [pair], [document], _ = run(parts, tmp_path / "zh")
    assert (pair["right_id"], pair["right_lang"], document["lang"]) == ("b", "zh-Hant", "en-zh")
    stage = Bilingual(pairs=[("en", "zh-Hans")])
    assert ids(run(parts, tmp_path / "hans", stage)[0]) == [("a", "c")]


def test_of_several_candidates_the_declared_one_then_the_smallest_id_is_taken(tmp_path):
    parts = [
        table(
            ("c", "en", "three", "page", "web", "en"), ("a", "en", "one", "page", "web", "zh"),
            ("d", "en", "four", "page", "web", "en"), ("z", "zh", "一"), ("b", "zh", "一"),
        )
    ]  # fmt: skip
    [pair], _, counts = run(parts, tmp_path)
    assert ids([pair]) == [("c", "b")]
    assert pair["ambiguous"]
    assert counts["en-zh"]["ambiguous"] == 1


def test_the_declared_language_stands_in_where_none_was_identified(tmp_path):
    parts = [table(("a", None, "one", "k", "web", "en"), ("b", None, "一", "k", "web", "zh"))]
    assert ids(run(parts, tmp_path)[0]) == [("a", "b")]


def test_sides_of_too_different_length_are_no_translation(tmp_path):
    parts = [table(("a", "en", "word " * 20), ("b", "zh", "一" * 12), ("c", "zh", "", "stub"),
                   ("d", "en", "a", "stub"))]  # fmt: skip
    pairs, documents, counts = run(parts, tmp_path)
    assert {pair["drop_reason"] for pair in pairs} == {
        "length_ratio: 4.17 vs 4.00",
        "length_ratio: inf vs 4.00",
    }
    assert [pair["copy_share"] for pair in pairs] == [None, None]
    assert not any(pair["kept"] for pair in pairs)
    assert documents == []
    assert counts["en-zh"]["dropped"] == {"length_ratio": 2}


def test_an_untranslated_page_is_no_translation(tmp_path):
    lines = [f"line {i} of a page that nobody has translated" for i in range(10)]
    translated = [f"第{i}行翻译成了中文，所以不一样，这是真的翻译" for i in range(10)]
    parts = [
        table(
            ("a", "en", "\n".join(lines)),
            ("b", "zh", "\n".join(lines[:6] + translated[6:])),
            ("c", "en", "\n".join(lines), "other"),
            ("d", "zh", "\n".join(lines[:5] + translated[5:]), "other"),
        )
    ]
    pairs, documents, counts = run(parts, tmp_path)
    assert {pair["right_id"]: pair["drop_reason"] for pair in pairs} == {
        "b": "copy_share: 0.60 vs 0.50",
        "d": None,
    }
    assert [document["pair_key"] for document in documents] == ["other"]
    assert counts["en-zh"]["dropped"] == {"copy_share": 1}


def test_rows_that_others_dropped_take_no_part(tmp_path):
    dropped = {
        "drop_stage": pa.array(["quality", None, None], pa.string()),
        "drop_reason": pa.array(["words: 3 vs 50", None, None], pa.string()),
    }
    parts = [table(("a", "en", "one"), ("b", "en", "two"), ("z", "zh", "一"), **dropped)]
    assert ids(run(parts, tmp_path / "stage")[0]) == [("b", "z")]
    said = pa.table(
        {"row": pa.array([1, 2], pa.int64()), "drop_reason": pa.array(["copy: 2 vs 1", None])}
    )
    assert run(parts, tmp_path / "barrier", annotations=[[said]])[0] == []


def test_the_score_knows_the_usual_ratio_of_the_languages(tmp_path):
    documents = []
    for i in range(9):
        documents += [(f"en{i}", "en", "x" * 300, f"k{i}"), (f"zh{i}", "zh", "字" * 100, f"k{i}")]
    documents += [("en9", "en", "x" * 300, "k9"), ("zh9", "zh", "字" * 200, "k9")]
    scores = {pair["pair_key"]: pair["score"] for pair in run([table(*documents)], tmp_path)[0]}
    assert scores["k0"] == pytest.approx(1, abs=0.03)
    assert scores["k9"] == pytest.approx(0.5, abs=0.03)


def test_the_usual_ratio_is_a_median_over_all_buckets():
    assert usual_ratios([{"0": {"16": 9}}, {"0": {"-16": 5, "0": 1}}], 1) == [1.0]
    assert usual_ratios([{"0": {"16": 9, "0": 1}}], 1) == [2.0]
    assert usual_ratios([{"0": {}}], 1) == [1.0]
    assert usual_ratios([{"0": {"64": 2}}], 1) == [1.0]  # too few to be believed


def test_a_length_is_far_off_where_it_is_not_usual_for_the_two_languages(tmp_path):
    """Chinese prose has a quarter of the characters of English, or fewer."""
    documents = []
    for i, size in enumerate((20, 22, 23, 24, 25, 25, 26, 28, 4)):
        text = " ".join(f"word{i}" for _ in range(17))
        documents += [(f"en{i}", "en", text, f"k{i}"), (f"zh{i}", "zh", "字" * size, f"k{i}")]
    pairs, _, counts = run([table(*documents)], tmp_path)
    reasons = {pair["pair_key"]: pair["drop_reason"] for pair in pairs}
    assert reasons.pop("k8").startswith("length_ratio: 6.")
    assert set(reasons.values()) == {None}
    assert counts["en-zh"]["dropped"] == {"length_ratio": 1}


class ParallelEngine:
    workers = 4

    def map(self, step, function, items):
        with ThreadPoolExecutor(self.workers) as pool:
            return list(pool.map(function, items))


def corpus(pages=1500):
    """Pages in three languages over many keys, several partitions."""
    documents = [
        (f"{(i * 7919) % 100_003:05d}", lang, f"{word} {i} " * (1 + i % 7), f"k{i // 3}")
        for i, (lang, word) in enumerate([("en", "word"), ("zh", "词词"), ("fr", "mot")] * pages)
    ]
    return [table(*documents[part::4]) for part in range(4)]


def partitions(parts, stage, folder):
    return [
        Partition(
            index=index, rows=part.num_rows, annotations=(),
            documents=write_file(folder / f"documents-{index}.arrow", part.to_batches(100)),
            keys=write_file(
                folder / f"keys-{index}.arrow", [stage.keys(b) for b in part.to_batches(100)]
            ),
        )
        for index, part in enumerate(parts)
    ]  # fmt: skip


def test_workers_change_no_byte(tmp_path):
    stage = Bilingual(
        pairs=[("en", "zh"), ("en", "fr")], form=["documents", "interleaved", "pairs"],
        monolingual="remove",
    )  # fmt: skip
    given = partitions(corpus(), stage, tmp_path)
    files = {}
    for name, engine in (("serial", SerialEngine()), ("parallel", ParallelEngine())):
        folder = tmp_path / name
        stage.run(given, str(folder), engine)
        files[name] = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "plan.json"
        }
    assert files["serial"] == files["parallel"]
    assert sum(name.startswith("pairs/") for name in files["serial"]) == 2


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("efz"), st.integers(0, 5), st.integers(0, 30)), max_size=25),
    st.integers(1, 3),
)
def test_pairs_equal_the_reference_however_documents_are_partitioned(
    tmp_path_factory, pages, count
):
    languages = {"e": "en", "f": "fr", "z": "zh"}
    documents = [
        (f"{i:03d}", languages[lang], "词" * length, f"k{key}")
        for i, (lang, key, length) in enumerate(pages)
    ]
    expected = []
    for key in sorted({document[3] for document in documents}):
        sides = [[d for d in documents if d[3] == key and d[1] == lang] for lang in ("en", "zh")]
        if all(sides):
            (left, *_), (right, *_) = (sorted(side) for side in sides)
            lengths = sorted((len(left[2]), len(right[2])))
            kept = lengths[0] > 0 and lengths[1] <= 4 * lengths[0]
            copied = kept and left[2] == right[2] and len(left[2]) > 20
            expected.append((left[0], right[0], kept and not copied))
    folder = tmp_path_factory.mktemp("run")
    pairs, new, _ = run([table(*documents[part::count]) for part in range(count)], folder)
    assert sorted(
        (*pair_ids, pair["kept"]) for pair_ids, pair in zip(ids(pairs), pairs, strict=True)
    ) == sorted(expected)
    assert len(new) == sum(kept for *_, kept in expected)


def test_no_documents_and_no_partitions(tmp_path):
    pairs, new, counts = run([table()], tmp_path)
    assert (pairs, new) == ([], [])
    assert counts["en-zh"]["found"] == counts["en-zh"]["sentences"]["found"] == 0
    assert EN_ZH.run([], str(tmp_path / "none"), SerialEngine()) == []
    assert EN_ZH.new_documents(str(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"find": ["pair_key", "title"]}, "title: pairs are found by pair_key, url, content only"),
        ({"find": ["url", "url"]}, "a way of finding is there twice"),
        ({"pairs": [("en", "en")]}, "needs two languages"),
        ({"pairs": [("zh", "zh-Hant")]}, "needs two languages"),
        ({"pairs": [("en", "zh"), ("zh", "en")]}, "there twice"),
        ({"pairs": []}, "an empty list"),
        ({"max_copy_share": 2}, "less than or equal to 1"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong, says):
    with pytest.raises(ValidationError, match=says):
        Bilingual(**{"pairs": [("en", "zh")]} | wrong)


def test_development_pages(tmp_path, development_data):
    pages = rows(development_data / "bilingual_vue-docs.jsonl.zst")
    documents = [
        (f"{i:05d}", row["lang"], row["text"], row["pair_key"], "vue", row["lang"])
        for i, row in enumerate(pages)
        if row["lang"] in ("en", "zh")
    ]
    _, new, counts = run([table(*documents[:120]), table(*documents[120:])], tmp_path)
    assert counts["en-zh"]["found"] == 107
    assert counts["en-zh"]["kept"] == len(new) > 90
    by_id = {document[0]: document for document in documents}
    for document in new:
        sides = json.loads(document["meta"])
        texts = [by_id[sides[f"{side}_id"]][2] for side in ("left", "right")]
        assert document["text"] in ("\n\n".join(texts), "\n\n".join(texts[::-1]))
        assert by_id[sides["left_id"]][3] == by_id[sides["right_id"]][3] == document["pair_key"]
