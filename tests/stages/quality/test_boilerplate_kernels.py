"""Lines of the page around a text: what goes, what stays, against a plain reference."""

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stages.quality.boilerplate import PATH, phrases, remove_boilerplate
from stages.quality.boilerplate_kernels import EDGE_RUN, LONGEST_TABLE
from stages.quality.quality import REMOVED, Quality

from .test_quality import SENTENCES, SOUND, batch_of

LONG = SENTENCES.splitlines()


def cleaned(text, notices=True, navigation=True):
    """(text, notices, lines of navigation) of a document."""
    column = pa.array([text], pa.large_string())
    texts, counts = remove_boilerplate(column, np.ones(1, np.bool_), notices, navigation)
    return texts[0].as_py(), *counts[:, 0].tolist()


def joined(*lines):
    return "\n".join(lines)


def test_what_a_page_prints_around_a_text_goes():
    page = joined(
        "Home > Magazine > Reading",
        "We use cookies to improve your experience. Accept all | Settings",
        "The old bridge",
        "",
        SENTENCES,
        "Share this: Facebook | Mail | Print",
        "Related articles",
        "Leave a comment",
        "© 2024 All rights reserved",
    )
    text, notices, navigation = cleaned(page)
    assert text == joined("The old bridge", "", SENTENCES.rstrip("\n"))
    assert (notices, navigation) == (4, 2)


@pytest.mark.parametrize(
    ("lang", "lines"),
    [
        (
            "zh",
            [
                "首页 > 杂志 > 阅读",
                "本网站使用 Cookie。全部接受 | 设置",
                "相关文章",
                "© 2024 版权所有",
            ],
        ),
        ("ja", ["ホーム > 読み物", "関連記事", "コメントを書く", "© 2024 無断転載を禁じます"]),
        ("th", ["หน้าแรก > นิตยสาร", "เว็บไซต์นี้ใช้คุกกี้ ยอมรับทั้งหมด | ตั้งค่า", "แสดงความคิดเห็น"]),
        ("ar", ["الرئيسية > المجلة", "اقرأ أيضًا", "© 2024 جميع الحقوق محفوظة"]),
        ("hi", ["मुखपृष्ठ > पत्रिका", "यह भी पढ़ें", "© 2024 सर्वाधिकार सुरक्षित"]),
    ],
)
def test_in_other_languages(lang, lines):
    text = SOUND[lang]
    for page in (joined(*lines, text), joined(text, *lines), joined(*lines, text, *lines)):
        assert cleaned(page)[0] == text


MENU = ["Home", "News", "Sports", "Weather", "Culture", "Travel", "Opinion", "Jobs"]


def test_runs_of_bare_lines_are_navigation_and_the_last_before_a_text_is_its_title():
    page = joined(*MENU, "The old bridge", *LONG)
    assert cleaned(page)[0] == joined("The old bridge", *LONG)
    assert cleaned(joined(*LONG, *MENU[: EDGE_RUN - 1], *LONG[:0]))[2] == 0


def test_a_short_run_within_a_text_may_be_a_table():
    few = [f"Row {letter}" for letter in "abcdefghijkl"][: LONGEST_TABLE - 1]
    assert cleaned(joined(*LONG, *few, *LONG))[2] == 0
    many = [*few, "Row y", "Row z"]
    assert cleaned(joined(*LONG, *many, *LONG))[2] == LONGEST_TABLE


@pytest.mark.parametrize(
    "text",
    [
        joined(*MENU),  # no good line: rules judge it as a whole
        joined(*LONG, *(f"- {word}" for word in MENU[1:])),
        joined(*LONG, *(f"# {word}" for word in MENU[1:])),
        joined(*LONG, *(f"| {word} | x |" for word in MENU[1:])),
        joined(*LONG, *(f"{n}. {word}" for n, word in enumerate(MENU[1:]))),
        joined(*LONG, "```", *MENU, "```"),
        joined(*LONG, *(f"    {word}" for word in MENU[1:])),
        joined(*LONG, *(f"{word}." for word in MENU[1:])),
        joined("Search", *LONG) + "\nCookies are small files that sites keep with you.",
        joined(*LONG, "It was printed at his own cost, and all rights reserved to the widow, " * 5),
        "",
    ],
)
def test_what_stays(text):
    if text.startswith("Search"):
        assert cleaned(text) == (text.removeprefix("Search\n"), 1, 0)
    else:
        assert cleaned(text) == (text, 0, 0)


def test_only_what_is_asked_for_goes():
    page = joined("Home > Magazine", *LONG, "Leave a comment")
    assert cleaned(page, navigation=False) == (joined("Home > Magazine", *LONG), 1, 0)
    assert cleaned(page, notices=False) == (joined(*LONG, "Leave a comment"), 0, 1)


PIECES = [
    *LONG[:2],
    "Home",
    "Leave a comment",
    "A > B",
    "x y",
    "- item",
    "",
    "",
    "1. z",
    "End of it.",
]
KINDS = {LONG[0]: "good", LONG[1]: "good", "Home": "saying", "Leave a comment": "certain"} | {
    "A > B": "separated", "x y": "bare", "- item": "other", "": "empty", "1. z": "other",
    "End of it.": "other",
}  # fmt: skip
AROUND = {"saying", "certain", "separated", "bare"}


def reference(lines):
    """The lines that go, by the definitions."""
    kinds = [KINDS[line] for line in lines]
    good = [n for n, kind in enumerate(kinds) if kind == "good"]
    removed = set()
    if not good:
        return removed
    number = 0
    while number < len(lines):
        if kinds[number] not in AROUND:
            number += 1
            continue
        stop = number
        while stop < len(lines) and kinds[stop] in AROUND | {"empty"}:
            stop += 1
        run = [n for n in range(number, stop) if kinds[n] != "empty"]
        edge = not good[0] < number < good[-1]
        is_run = len(run) >= (EDGE_RUN if edge else LONGEST_TABLE)
        if stop < len(lines) and kinds[run[-1]] == "bare":
            run.pop()
        for n in run:
            if kinds[n] == "certain" or is_run or (edge and kinds[n] != "bare"):
                removed.add(n)
        number = stop
    return removed


@given(st.lists(st.sampled_from(PIECES), max_size=24))
def test_lines_agree_with_the_reference(lines):
    text, notices, navigation = cleaned(joined(*lines))
    removed = reference(lines)
    assert notices + navigation == len(removed)
    kept = [line for n, line in enumerate(lines) if n not in removed and line]
    assert [line for line in text.split("\n") if line] == kept
    if not removed:
        assert text == joined(*lines)


@given(st.lists(st.text(max_size=40), max_size=4), st.booleans())
def test_any_text_loses_only_whole_lines(texts, living):
    column = pa.array(texts, pa.large_string())
    alive = np.full(len(texts), living)
    found, counts = remove_boilerplate(column, alive, True, True)
    for before, after, count in zip(texts, found.to_pylist(), counts.sum(0), strict=True):
        assert len(before.split("\n")) - len(after.split("\n")) >= count
        if count == 0:
            assert after == before


def test_the_stage_counts_what_it_removed():
    page = joined("Home > Magazine", *LONG, "Leave a comment", "No sentence here at all")
    stage = Quality(remove_lines=["notices", "navigation", "c4"])
    batch = stage.apply(batch_of(page, lang=pa.array(["en"])))
    assert batch["text"].to_pylist() == [joined(*LONG)]
    assert [batch[REMOVED + kind][0].as_py() for kind in stage.remove_lines] == [1, 1, 1]
    assert {kind: n.tolist() for kind, n in stage.repairs(batch).items()} == {
        "notices_lines_removed": [1], "navigation_lines_removed": [1], "c4_lines_removed": [1],
    }  # fmt: skip
    assert Quality().repairs(batch) == {}


def test_lists_hold_each_phrase_once_and_the_table_holds_them_all():
    lists = yaml.safe_load(PATH.read_text(encoding="utf-8"))
    for language, words in lists["lines"].items():
        assert all(word == word.lower() or language in ("en", "de") for word in words)
    assert np.count_nonzero(phrases().keys) > sum(len(w) for w in lists["lines"].values())
