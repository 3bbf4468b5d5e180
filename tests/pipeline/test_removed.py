"""The audit: samples of what was dropped, each with the value and the threshold that decided."""

from collections import Counter

import pytest

from formats.run_folder import RunFolder
from pipeline.cli import main
from pipeline.exit_codes import DONE, USAGE
from pipeline.removed import Reason, UnknownRemoval, parse_reason, samples, select
from pipeline.show_removed import body, harmless, show_removed

from .small_runs import corpus_recipe, removed_rows, run_inline, write_corpus
from .test_report import HOSTILE, Page, check_self_contained, read_page

STAGES = "stages: [langid: {min_score: {default: 0}}, quality: {other_kinds: drop}, exact_dedup]\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunFolder:
    """Two rules of one stage in three languages, in several partitions."""
    folder = tmp_path_factory.mktemp("removed")
    short = {
        "en": f"This page is far too short to be of any use here {HOSTILE}",
        "th": "หน้านี้สั้นเกินไปที่จะใช้ประโยชน์ได้",
        "de": "Diese Seite ist viel zu kurz",
    }
    for part in range(3):
        lines = [
            {"text": f"{words} {number}.{part}.", "lang": lang}
            for lang, words in short.items()
            for number in range(4 if lang == "en" else 2)
        ]
        lines.append({"text": f"Long enough, but the same again {part}. " * 60, "lang": "en"})
        lines.append({"text": HOSTILE + "\x1b[2J", "lang": "th"})
        write_corpus(folder / "corpus" / f"{part}.jsonl", lines)
    recipe = corpus_recipe(folder, STAGES, "run.partition_bytes=1")
    return run_inline(recipe).folder


def test_the_summary_counts_by_stage_rule_and_language(run) -> None:
    counted = Counter(
        (cell["stage"], cell["rule"], cell["lang"]) for cell in run.read_summary()["removed"]
    )
    assert set(counted.values()) == {1}
    rows = Counter(
        (row["drop_stage"], row["drop_reason"].split(":")[0], row["lang"] or "und")
        for row in removed_rows(run)
    )
    assert rows == {
        (cell["stage"], cell["rule"], cell["lang"]): cell["documents"]
        for cell in run.read_summary()["removed"]
    }


def test_samples_are_the_smallest_ids_of_each_rule_and_language(run) -> None:
    found = samples(run, "quality", per_cell=2)
    rows = [row for row in removed_rows(run) if row["drop_stage"] == "quality"]
    expected = {}
    for row in sorted(rows, key=lambda row: row["id"]):
        cell = (row["drop_reason"].split(":")[0], row["lang"] or "und")
        expected.setdefault(cell, []).append((row["id"], row["text"]))
    got = {}
    for sample in found:
        cell = got.setdefault((sample.reason.rule, sample.lang), [])
        cell.append((sample.row["id"], sample.row["text"]))
    assert got == {cell: ids[:2] for cell, ids in expected.items()}


def test_samples_of_one_rule_and_language(run) -> None:
    everything = samples(run, "quality", 50)
    rule = everything[0].reason.rule
    lang = everything[0].lang
    some = samples(run, "quality", 50, [rule], lang)
    assert some == [s for s in everything if s.reason.rule == rule and s.lang == lang]
    assert samples(run, "quality", 50, ["none"]) == samples(run, "quality", 50, lang="xx") == []


def test_a_search_ends_after_enough_rows(run) -> None:
    assert 0 < len(samples(run, "quality", 50, rows_searched=1)) < len(samples(run, "quality", 50))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("gopher_short_doc: 12 vs 50", ("gopher_short_doc", "12", "50")),
        ("language: sw vs keep", ("language", "sw", "keep")),
        ("error: ValueError: a vs b vs c", ("error", "ValueError: a vs b", "c")),
        ("exact: copy", ("exact", "copy", "")),
        ("blocked", ("blocked", "", "")),
    ],
)
def test_a_reason_is_taken_apart(text: str, parts: tuple[str, str, str]) -> None:
    assert parse_reason(text) == Reason(*parts)


SUMMARY = {
    "funnel": [
        {"stage": "langid", "reasons": {"language": {}}},
        {"stage": "quality", "reasons": {"gopher_short_doc": {}, "gopher_bullets": {}, "c4": {}}},
        {"stage": "pii", "reasons": {}},
    ]
}


def test_a_name_is_a_stage_a_rule_or_the_beginning_of_rules() -> None:
    assert select(SUMMARY, "quality") == (("quality",), ())
    assert select(SUMMARY, "language") == (("langid",), ("language",))
    assert select(SUMMARY, "gopher") == (("quality",), ("gopher_short_doc", "gopher_bullets"))


def test_a_name_of_nothing_says_what_there_is() -> None:
    with pytest.raises(UnknownRemoval, match=r"did you mean 'gopher_short_doc'\? .*langid: lang"):
        select(SUMMARY, "gopher_shrt_doc")
    with pytest.raises(UnknownRemoval, match="stage 'pii' dropped nothing"):
        select(SUMMARY, "pii")
    with pytest.raises(UnknownRemoval, match="nothing was dropped in this run"):
        select({"funnel": []}, "quality")


# On the terminal.


def test_show_prints_counts_and_samples(run, capsys) -> None:
    show_removed(run, "quality", "th", 3)
    said = capsys.readouterr().out
    assert "removed: quality" in said
    assert said.count("quality / ") == 3
    assert ", threshold " in said
    assert "│ " in said
    assert "(en, " not in said
    assert "\x1b[2J" not in said


def test_samples_come_in_turn_from_each_rule_and_language(run, capsys) -> None:
    show_removed(run, "quality", None, 3)
    said = capsys.readouterr().out
    assert all(place in said for place in ("(th, ", "(en, ", "(de, "))


def test_the_command_line(run, capsys) -> None:
    assert main(["show", run.path, "--removed", "quality", "--lang", "th", "--count", "1"]) == DONE
    assert capsys.readouterr().out.count("quality / ") == 1
    assert main(["show", run.path, "--removed", "qualty"]) == USAGE
    assert "did you mean 'quality'?" in capsys.readouterr().err
    assert main(["show", run.path, "--removed", "quality", "--lang", "xx"]) == USAGE
    assert "dropped nothing in language 'xx'; it did in: de, en, th" in capsys.readouterr().err
    assert main(["show", run.path, "--lang", "th"]) == USAGE
    assert "--lang needs --removed" in capsys.readouterr().err


def test_texts_are_cut_wrapped_and_harmless() -> None:
    lines = body("word " * 100 + "\x1b[31m\n\nend" + "x" * 2000)
    assert all(line.startswith("  │ ") and len(line) <= 105 for line in lines)
    assert lines[-1].startswith("  │ … ")
    assert max(len(line) for line in body("ไทย" * 10 + "\n" + "汉" * 300)) <= 4 + 50
    assert harmless("a\x1bb\u202ec\n\tภา") == "a\ufffdb\ufffdc\n\tภา"


# In the report.


def test_the_report_has_the_heat_map_and_samples(run) -> None:
    found = read_page(run)
    check_self_contained(found)
    assert ("class", "heat") in found.attributes
    titles = [value for name, value in found.attributes if name == "title"]
    removed = run.read_summary()["removed"]
    total = sum(cell["documents"] for cell in removed if cell["lang"] == "th")
    assert total
    rule = next(cell for cell in removed if cell["lang"] == "th" and cell["stage"] == "quality")
    read = run.read_summary()["read_by_language"]["th"]["documents"]
    assert f"quality / {rule['rule']}, th: {rule['documents']:,} of {read:,} documents" in titles
    assert HOSTILE in found.text


def test_shares_are_drawn_from_pale_to_dark() -> None:
    from pipeline.report_html import heat_map

    cells = [(0.0, "none"), (0.0004, "few"), (0.04, "some"), (1.0, HOSTILE)]
    drawn = heat_map(["a", "b", "c", HOSTILE], [(HOSTILE, cells)])
    found = Page(drawn)
    shown = [text for text in found.texts if "%" in text]
    assert shown == ["<0.1%", "4.0%", "100%"]
    heats = [value for name, value in found.attributes if name == "style"]
    assert heats == ["--heat:0%", "--heat:2%", "--heat:20%", "--heat:100%"]
    assert found.texts.count(HOSTILE) == 2
    assert ("title", HOSTILE) in found.attributes
    assert "img" not in found.tags


def test_a_stage_without_copies_needs_no_column_of_them(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Short.", "lang": "en"}])
    folder = run_inline(corpus_recipe(tmp_path, "stages: [quality]\n")).folder
    [sample] = samples(folder, "quality", 3)
    assert sample.row["duplicate_of"] is None
    assert "gopher_text_words" in read_page(folder).text
