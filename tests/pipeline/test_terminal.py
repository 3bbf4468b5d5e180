"""What a corpus may print: its text, and nothing that commands the terminal."""

import io

from rich.cells import cell_len
from rich.console import Console

from pipeline.terminal import print_side_by_side, print_table, printable

PERSIAN = "می\u200cخواهم"  # with a joiner that belongs to the word


def test_commands_and_turns_of_direction_become_spaces() -> None:
    assert printable("a\x1b[2Jb\u202ec\x00\ud800d") == "a [2Jb c  d"
    assert printable("one\ntwo\r\n") == "one two  "
    assert printable("one\ntwo\r\n", lines=True) == "one\ntwo \n"
    assert printable(PERSIAN) == PERSIAN
    assert printable("👩\u200d🔬 ไทย 汉字") == "👩\u200d🔬 ไทย 汉字"


def printed(width: int, show) -> str:
    stream = io.StringIO()
    show(Console(file=stream, width=width, highlight=False))
    return stream.getvalue()


def test_markup_of_a_text_is_text() -> None:
    said = printed(60, lambda console: print_table(
        console, "[/b] title", ["[x]"], [["[/red] a"], ["[bold]b"]]))  # fmt: skip
    assert all(text in said for text in ("[/b] title", "[x]", "[/red] a", "[bold]b"))


def test_wide_and_long_texts_stay_in_their_columns() -> None:
    rows = [["0.98", "汉" * 90, "ขนมปังขึ้นฟูช้าๆ" * 9], ["0.10", "[/i] short", PERSIAN]]
    columns = [("score", False), ("zh", True), ("th", True)]
    said = printed(80, lambda console: print_side_by_side(console, "two", columns, rows))
    assert max(cell_len(line) for line in said.split("\n")) <= 80
    assert said.count("汉") == 90
    assert "[/i] short" in said


def test_a_language_from_the_right_is_set_at_the_right() -> None:
    said = printed(60, lambda console: print_side_by_side(
        console, "", [("en", True), ("fa", True)], [["left", "چپ"]]))  # fmt: skip
    line = next(line for line in said.split("\n") if "left" in line)
    assert line.startswith("  left")
    assert len(line.rstrip()) > 50
