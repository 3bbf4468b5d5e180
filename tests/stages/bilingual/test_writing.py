"""How parallel documents are written: forms, templates, directions, packs, provenance."""

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.bilingual.bilingual import Bilingual
from stages.bilingual.writing.choices import choose
from stages.bilingual.writing.forms import UnitTexts, build, paragraphs
from stages.bilingual.writing.templates import FORMS, Around, around, template_names

from ..barrier_engine import run_barrier
from .scoring_pairs import large
from .test_bilingual import run, table

ENGLISH = [
    "The first thing to do is to open the window.",
    "There are 12 apples and 3 pears in the garden.",
    "Why did nobody tell me about these {} things?",
]
THAI = [
    "สิ่งแรกที่ต้องทำคือเปิดหน้าต่าง",
    "มีแอปเปิล 12 ผลและลูกแพร์ 3 ผลในสวน",
    "ทำไมไม่มีใครบอกฉันเกี่ยวกับ {} สิ่งเหล่านี้?",
]


def pages(count=1):
    """Pages of three sentences; what is said of the number differs from page to page."""
    return [
        table(*[
            row
            for i in range(count)
            for row in (
                (f"e{i}", "en", "\n".join(ENGLISH).format(i + 100), f"k{i}"),
                (f"t{i}", "th", "\n".join(THAI).format(i + 100), f"k{i}"),
            )
        ])
    ]  # fmt: skip


def stage(**more):
    return Bilingual(**{"pairs": [("en", "th")]} | more)


def sentence_pairs(folder):
    paths = stage().exports(str(Path(folder) / "barrier"))["bilingual/sentences"]
    return [row for path in paths for row in pq.read_table(path).to_pylist()]


def test_sentences_take_turns_with_the_names_of_their_languages(tmp_path):
    chosen = stage(form=["interleaved"], templates={"interleaved": ["named"]}, direction=1)
    _, [document], _ = run(pages(), tmp_path, chosen)
    assert document["text"].split("\n") == [
        f"{name}: {text}"
        for both in zip([*ENGLISH[:2], ENGLISH[2].format(100)], [*THAI[:2], THAI[2].format(100)],
                        strict=True)
        for name, text in zip(("English", "ไทย"), both, strict=True)
    ]  # fmt: skip
    assert document["form"] == "interleaved"
    assert json.loads(document["meta"]) == {
        "left_id": "e0", "right_id": "t0", "left_lang": "en", "right_lang": "th",
        "template": "named", "first": "en",
    }  # fmt: skip


def test_the_sentence_pairs_lead_back_to_their_bytes(tmp_path):
    run(pages(), tmp_path, stage())
    texts = dict(
        zip(*(pages()[0].column(name).to_pylist() for name in ("id", "text")), strict=True)
    )
    rows = sentence_pairs(tmp_path)
    assert [row["left_text"] for row in rows] == [*ENGLISH[:2], ENGLISH[2].format(100)]
    for row in rows:
        assert row["kept"] and row["drop_reason"] is None and row["score"] > 0.5
        for side in ("left", "right"):
            part = texts[row[f"{side}_id"]].encode()[row[f"{side}_start"] : row[f"{side}_end"]]
            assert part.decode() == row[f"{side}_text"]


def test_repeated_sentences_are_dropped_from_packs_but_not_from_documents(tmp_path):
    chosen = stage(form=["pairs"], templates={"pairs": ["equals"]}, direction=1)
    _, [pack], counts = run(pages(3), tmp_path, chosen)
    assert counts["en-th"]["sentences"]["dropped"] == {"duplicate": 4}
    lines = pack["text"].split("\n")
    assert sorted(lines) == sorted(
        [f"{e} = {t}" for e, t in zip(ENGLISH[:2], THAI[:2], strict=True)]
        + [f"{ENGLISH[2]} = {THAI[2]}".format(n, n) for n in (100, 101, 102)]
    )
    assert json.loads(pack["meta"])["documents"] == [["e0", "t0"], ["e1", "t1"], ["e2", "t2"]]
    _, whole, _ = run(pages(3), tmp_path / "turns", stage(form=["interleaved"]))
    assert [text["text"].count("\n") for text in whole] == [5, 5, 5]


def test_packs_are_cut_by_their_size(tmp_path):
    _, packs, _ = run(pages(30), tmp_path, stage(form=["pairs"], pack_characters=300))
    assert len(packs) > 5
    assert len({pack["id"] for pack in packs}) == len(packs)
    lines = [line for pack in packs for line in pack["text"].split("\n")]
    assert len(lines) == len(set(lines)) == 2 * (30 + 2)


def test_several_documents_of_a_pair_have_both_directions(tmp_path):
    _, documents, counts = run(pages(20), tmp_path, stage(per_pair=2, form=list(FORMS[:2])))
    assert len({document["id"] for document in documents}) == len(documents) == 40
    assert counts["en-th"]["documents"] == 40
    firsts = Counter()
    for document in documents:
        meta = json.loads(document["meta"])
        firsts[meta["left_id"], meta["first"]] += 1
    assert firsts == {(f"e{i}", lang): 1 for i in range(20) for lang in ("en", "th")}


def test_the_share_of_a_direction_is_kept(tmp_path):
    ids = [f"{i:032x}" for i in range(2000)]
    settings = {"form": ["documents", "interleaved"], "templates": {}, "per_pair": 1, "seed": 0}
    choices = choose(ids, settings | {"direction": 0.25})
    assert choices.left_first.mean() == pytest.approx(0.25, abs=0.03)
    assert (choices.forms == 0).mean() == pytest.approx(0.5, abs=0.04)
    assert choices.ids == ids
    other = choose(ids, settings | {"direction": 0.25, "seed": 1})
    assert (other.left_first != choices.left_first).mean() > 0.2


def test_the_halves_may_be_taken_out(tmp_path):
    parts = [table(("e", "en", "\n".join(ENGLISH)), ("t", "th", "\n".join(THAI)),
                   ("x", "en", "alone", "other"))]  # fmt: skip
    said = run_barrier(stage(monolingual="remove"), parts, tmp_path)
    assert {row: entry["drop_reason"] for row, entry in said.items()} == {
        "e": "in_parallel: en-th", "t": "in_parallel: en-th"
    }  # fmt: skip
    assert run_barrier(stage(), parts, tmp_path / "keep") == {}


def test_pairs_of_all_languages_are_found_by_themselves(tmp_path):
    parts = [table(("e", "en", "one two"), ("f", "fr", "un deux"), ("t", "th", "หนึ่งสอง"))]
    _, _, counts = run(parts, tmp_path / "all", Bilingual(pairs="all"))
    assert list(counts) == ["en-fr", "en-th", "fr-th"]
    _, documents, counts = run(parts, tmp_path / "english", Bilingual())
    assert list(counts) == ["en-fr", "en-th"]
    assert sorted(document["lang"] for document in documents) == ["en-fr", "en-th"]
    assert run_barrier(Bilingual(), [table(("t", "th", "หนึ่ง"))], tmp_path / "none") == {}


def test_pages_that_are_no_translations_may_be_dropped_by_their_sentences(tmp_path):
    wrong = [f"{THAI[0]} {n} {n + 1} {n + 2}" for n in (7, 17, 27)]
    parts = [table(("e", "en", "\n".join(ENGLISH)), ("t", "th", "\n".join(wrong)))]
    [pair], documents, counts = run(parts, tmp_path, stage(min_aligned_share=0.9))
    assert pair["drop_reason"].startswith("aligned_share: ")
    assert documents == []
    assert counts["en-th"]["dropped"] == {"aligned_share": 1}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"form": ["document"]}, "forms are documents, interleaved, pairs"),
        ({"templates": {"pairs": ["plain"]}}, "plain: templates of pairs are named, coded, equals"),
        ({"templates": {"poems": ["plain"]}}, "poems: forms are"),
        ({"align": False, "form": ["interleaved"]}, "leaves only form"),
        ({"pairs": "german"}, "english"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong, says):
    with pytest.raises(ValidationError, match=says):
        stage(**wrong)


def test_every_template_has_both_sides_once():
    for form in FORMS:
        for name in template_names(form):
            assert "{" not in "".join(around(form, name, "en", "xx"))
    assert around("documents", "translation", "th", "en").between == "\n\nTranslation:\n\n"
    assert around("pairs", "coded", "zh-Hans", "en") == Around("[zh-Hans] ", "\n[en] ", "")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.text("ab水", max_size=4), st.text("ยข", max_size=4), st.integers(0, 3)),
             max_size=12),
    st.lists(st.booleans(), min_size=4, max_size=4),
)  # fmt: skip
def test_texts_equal_plain_python(rows, left_first):
    import numpy as np

    rows = sorted(rows, key=lambda row: row[2])
    units = UnitTexts(
        large([row[0] for row in rows]), large([row[1] for row in rows]),
        np.array([row[2] for row in rows], np.int64),
    )  # fmt: skip
    kinds, first = np.array([0, 1, 0, 1]), np.array(left_first)
    templates = [Around("<", "|", ">"), Around("", "=", "")]
    found = build(units, 4, kinds, first, templates, " / ").to_pylist()
    expected = []
    for document in range(4):
        before, between, behind = templates[kinds[document]]
        texts = [row[:2] if first[document] else row[1::-1] for row in rows if row[2] == document]
        expected.append(" / ".join(f"{before}{a}{between}{b}{behind}" for a, b in texts))
    assert found == expected


def test_paragraphs_are_put_together_with_what_stood_between():
    import numpy as np

    units = UnitTexts(large(["A.", "B.", "C.", "D."]), large(["甲。", "乙。", "丙。", "丁。"]),
                      np.array([0, 0, 0, 1]))  # fmt: skip
    begins = np.array([True, False, True, False])
    joined = paragraphs(units, begins, np.array([2, 1, 2, 2]), np.array([2, 0, 2, 2]))
    assert joined.left.to_pylist() == ["A. B.", "C.", "D."]
    assert joined.right.to_pylist() == ["甲。乙。", "丙。", "丁。"]
    assert joined.documents.tolist() == [0, 0, 1]
