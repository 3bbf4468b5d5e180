"""Text of the web on a page: harmless and legible.

Templates escape everything; here is what escaping leaves: characters that cannot be seen, or that
turn the text around them (an override of direction can make a page read as it does not stand).
Each is shown by its name, as in ⟨U+202E⟩.
"""

from __future__ import annotations

import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Not among them: the joiners (U+200C, U+200D), which Persian, Indic scripts and emoji need."""


def shown(text: object) -> str:
    """A text whose hidden characters are named."""
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", str(text))


def marked(text: str, wanted: str) -> list[tuple[bool, str]]:
    """Pieces of a text, and whether each is what was looked for."""
    if not wanted:
        return [(False, shown(text))]
    parts = re.split(f"({re.escape(wanted)})", text, flags=re.IGNORECASE)
    return [(number % 2 == 1, shown(part)) for number, part in enumerate(parts) if part]
