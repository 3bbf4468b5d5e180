"""Runs of blanks inside a line: kept by default, for they are tables, verse and code."""

from __future__ import annotations

import re

_BLANKS = "[\t \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]{2,}"
_INK = "[^\t \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\n\v\f\r\u0085\u2028\u2029]"
RUN = f"{_INK}{_BLANKS}{_INK}"
"""Finds what ``collapse_blanks`` changes (RE2 and Python read it alike)."""
_RUN = re.compile(f"(?<={_INK}){_BLANKS}(?={_INK})")


def collapse_blanks(text: str) -> str:
    """One space for every run of blanks between two other characters; indentation stays.

    >>> collapse_blanks("    a   b")
    '    a b'
    """
    return _RUN.sub(" ", text)
