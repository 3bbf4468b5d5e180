"""Undoing a wrong decoding (``cafÃ©`` -> ``café``) where it is sure, with ftfy's tables.

ftfy knows which wrong encoding produces which sequences; this file decides when to believe it.
Lines are judged one by one, because pages mix sound and broken lines. A line changes only if

* ftfy's ``badness`` (the number of pairs of characters that never stand together in text) says
  that it is broken, and falls to nothing, or at least to a quarter;
* nothing became U+FFFD: no byte was lost on the way.

Nothing else of ftfy is used: quotes, widths, ligatures and HTML entities stay as they are.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

LEAST_IMPROVEMENT = 4
"""A line with badness b is accepted at b / 4 or less."""
REPLACEMENT = "\ufffd"


@cache
def settings() -> TextFixerConfig:
    """Only what undoes a wrong decoding."""
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        remove_terminal_escapes=False,
        replace_lossy_sequences=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
        explain=False,
    )


def repair_line(line: str) -> str:
    """The line as it was meant, or the line itself.

    >>> repair_line("Le cafÃ© est fermÃ©")
    'Le café est fermé'
    """
    from ftfy import fix_encoding
    from ftfy.badness import badness

    before = badness(line)
    if before == 0:
        return line
    fixed = fix_encoding(line, settings())
    if fixed == line or fixed.count(REPLACEMENT) > line.count(REPLACEMENT):
        return line
    return fixed if badness(fixed) * LEAST_IMPROVEMENT <= before else line


def repair(text: str) -> str:
    """The text with every broken line repaired for which that is sure."""
    if text.isascii():
        return text
    return "\n".join(line if line.isascii() else repair_line(line) for line in text.split("\n"))
