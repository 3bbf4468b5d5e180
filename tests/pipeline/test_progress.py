"""What a person sees while a run works."""

import logging

import pytest

from pipeline import progress
from pipeline.progress import Display, advance, report, reporting_to


def test_a_report_reaches_the_step_that_is_shown(caplog) -> None:
    with caplog.at_level(logging.INFO, "pipeline"), Display(live=False) as display:
        with display.step("read", 2):
            report(10, 2_000_000)
            display.part_done()
            report(5, 1_000_000)
            display.part_done()
        with display.step("tokens", 1):
            pass  # counts of the step before do not leak into this one
    read, tokens = caplog.messages
    assert read.startswith("read: 15 documents, 3 MB, ")
    assert "documents/s" in read
    assert "MB/s" in read
    assert tokens.startswith("tokens: ")
    assert "documents" not in tokens


def test_a_step_that_had_nothing_to_do_is_not_told(caplog) -> None:
    with caplog.at_level(logging.INFO, "pipeline"), Display(live=False) as display:
        with display.step("done before", 3, 3):
            pass
        display.note("a line that stays")
    assert caplog.messages == ["a line that stays"]


def test_a_long_step_says_from_time_to_time_how_far_it_is(caplog, monkeypatch) -> None:
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.0)
    with (
        caplog.at_level(logging.INFO, "pipeline"),
        Display(live=False) as display,
        display.step("read", 4, 1),
    ):
        display.part_done()
        report(7, 500)
    assert caplog.messages[0].startswith("read: 2 of 4 parts, ")
    assert caplog.messages[1].startswith("read: 2 of 4 parts, 7 documents, 500 B")


def test_a_worker_reports_to_its_driver() -> None:
    received: list[tuple[int, int]] = []
    with reporting_to(lambda *counts: received.append(counts)):
        report(3, 30)
        with reporting_to(lambda *_: None):
            report(9, 90)
        report(4, 40)
    report(5, 50)
    assert received == [(3, 30), (4, 40)]


def test_without_a_display_nothing_is_shown_and_nothing_fails(capsys) -> None:
    report(1, 1)
    advance(1, 1)
    assert capsys.readouterr() == ("", "")


def test_bars_go_to_standard_error_and_show_step_parts_and_rates(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    with Display(live=True) as display:
        with display.step("read", 2):
            report(1234, 5_000_000)
            display.part_done()
            display.part_done()
        display.note("[bold]not markup[/]")
    out, err = capsys.readouterr()
    assert out == ""
    assert "[bold]not markup[/]" in err
    assert "read" in err
    assert "2/2" in err
    assert "1.23K documents, 5 MB, " in err


def test_the_display_ends_when_its_block_fails() -> None:
    with pytest.raises(KeyError), Display(live=True) as display, display.step("read", 1):
        raise KeyError("x")
    assert progress._display is None
