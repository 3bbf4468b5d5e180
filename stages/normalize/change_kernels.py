"""What normalisation does to a document: the bits of the column ``normalize_changes``.

The same bits say what a document needs (``inspect``) and, in the table of characters, which change
a character takes part in; so switching a change off is leaving its bit out of the table.
"""

from __future__ import annotations

CONTROLS_REMOVED = 1
"""Control characters (C0 without tab and line ends, delete, C1) and noncharacters."""
LINE_ENDS_CHANGED = 2
"""CR LF, CR, vertical tab, form feed, next line, line and paragraph separator became new lines."""
INVISIBLE_REMOVED = 4
"""Byte order marks, soft hyphens, word joiners, zero-width spaces outside the scripts that use
them, and other characters without ink or meaning."""
BLANKS_TRIMMED = 8
"""Blanks at the ends of lines."""
BLANK_LINES_REMOVED = 16
"""More than two blank lines in a row became one."""
COMPOSED = 32
"""Brought to Unicode normal form C."""
MOJIBAKE_REPAIRED = 64
"""Text that had been decoded with a wrong encoding."""
ENTITIES_DECODED = 128
"""HTML character references that were left in plain text."""
ARABIC_FORMS_FOLDED = 256
"""Arabic letters written as presentation forms became letters, in logical order."""
THAI_LAO_ORDERED = 512
"""Thai and Lao vowels and tone marks brought into the order of the standard keyboard."""
BIDI_REMOVED = 1024
"""Controls of writing direction."""
JOINERS_REMOVED = 2048
"""Zero-width joiners and non-joiners where they join nothing."""
SELECTORS_REMOVED = 4096
"""Variation selectors and tags that select nothing: noise, or text hidden from readers."""
BLANKS_COLLAPSED = 8192
"""Runs of blanks inside a line became one space (off by default)."""
KANA_WIDENED = 16384
"""Half-width katakana became katakana (off by default)."""
LATIN_NARROWED = 32768
"""Full-width letters and digits became ASCII (off by default)."""
PRIVATE_REMOVED = 65536
"""Characters of private use (off by default)."""

REMOVED = CONTROLS_REMOVED | INVISIBLE_REMOVED | BIDI_REMOVED | PRIVATE_REMOVED
"""Changes that take a character away wherever it stands."""
CONDITIONAL = INVISIBLE_REMOVED | JOINERS_REMOVED | SELECTORS_REMOVED
"""Changes that take a character away depending on its neighbours (those flagged STANDS_BY)."""
REWRITE = REMOVED | CONDITIONAL | LINE_ENDS_CHANGED | BLANKS_TRIMMED | BLANK_LINES_REMOVED
"""Changes made by the kernel ``rewrite``; the others are made in Python, on few documents."""

# What ``inspect`` says besides: no change.
HAS_TEXT = 1 << 20
"""There is something else than blanks (and than what is removed)."""
