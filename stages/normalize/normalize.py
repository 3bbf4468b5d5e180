"""The stage ``normalize``: one way to write the same text.

Form C of Unicode (never KC: it would break Thai sara am, turn ½ into 1⁄2 and 10² into 102), new
lines as line ends, no control or invisible characters, no blanks at line ends, at most two blank
lines in a row; text that was decoded with a wrong encoding is repaired where that is sure. Spaces
inside a line stay: they are code, verse and tables. Each change is a setting, and is counted.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.base import MapStage, alive, mark_dropped, set_column
from stages.normalize import change_kernels as bits
from stages.normalize.changes import CHANGES, KINDS
from stages.normalize.columns import normalize_column

EMPTY = "empty: 0 vs 1 characters"


class Normalize(MapStage):
    """Clean characters, line ends and encodings; drop documents without text.

    Replaces ``text`` and adds ``normalize_changes`` (int32): the sum of the bits of
    ``changes.KINDS`` that were made (``changes.change_names`` spells them), 0 where the text
    stayed as it was, null on rows dropped earlier.
    """

    name: ClassVar[str] = "normalize"
    version: ClassVar[int] = 2

    compose: bool = Field(True, description="Bring text to Unicode normal form C (never KC).")
    repair_encoding: bool = Field(
        True, description="Repair text that was decoded with a wrong encoding (mojibake)."
    )
    decode_entities: bool = Field(
        True, description="Decode HTML character references left in prose; code keeps them."
    )
    fold_arabic_forms: bool = Field(
        True, description="Write Arabic letters for presentation forms, in words written so."
    )
    order_thai_lao: bool = Field(
        True, description="Bring Thai and Lao vowels and tone marks into their standard order."
    )
    remove_controls: bool = Field(True, description="Remove control characters and noncharacters.")
    remove_invisible: bool = Field(
        True,
        description="Remove soft hyphens, byte order marks, zero-width spaces (but between letters "
        "of Khmer, Lao, Burmese and Tai) and the like.",
    )
    remove_stray_joiners: bool = Field(
        True, description="Remove zero-width joiners and non-joiners that join nothing."
    )
    remove_stray_selectors: bool = Field(
        True, description="Remove variation selectors and tag characters that select nothing."
    )
    remove_bidi_controls: bool = Field(
        True, description="Remove marks, embeddings, overrides and isolates of writing direction."
    )
    remove_private_use: bool = Field(
        False, description="Remove characters of private use, which no one else can read."
    )
    unify_line_ends: bool = Field(
        True, description="Make CR LF, CR, form feed and the separators of Unicode new lines."
    )
    trim_blanks: bool = Field(True, description="Remove blanks at the ends of lines.")
    limit_blank_lines: bool = Field(
        True, description="Make one blank line of more than two in a row."
    )
    collapse_blanks: bool = Field(
        False, description="Make one space of a run of blanks inside a line."
    )
    widen_kana: bool = Field(False, description="Write half-width katakana in full width.")
    narrow_latin: bool = Field(
        False, description="Write full-width letters and digits in ASCII; punctuation stays."
    )

    @cached_property
    def wanted(self) -> int:
        """The changes that the settings allow, as bits."""
        return sum(bit for setting, bit in SETTING_BITS.items() if getattr(self, setting))

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with normalised text; empty documents are marked as dropped."""
        living = alive(batch)
        column = batch.column("text")
        text, changes, has_text = normalize_column(column, living, self.wanted)
        if text is not column:
            batch = set_column(batch, "text", text)
        batch = set_column(batch, CHANGES, pa.array(changes, pa.int32(), mask=~living))
        empty = living & ~has_text
        if not empty.any():
            return batch
        return mark_dropped(batch, self.name, pc.if_else(pa.array(empty), EMPTY, None))

    def repairs(self, batch: pa.RecordBatch) -> dict[str, np.ndarray]:
        """Each kind of change, once per text that it was made in."""
        changes = pc.fill_null(batch.column(CHANGES), 0).to_numpy(zero_copy_only=False)
        return {name: (changes & bit != 0).astype(np.int64) for name, bit in KINDS.items()}


SETTING_BITS = {
    "compose": bits.COMPOSED,
    "repair_encoding": bits.MOJIBAKE_REPAIRED,
    "decode_entities": bits.ENTITIES_DECODED,
    "fold_arabic_forms": bits.ARABIC_FORMS_FOLDED,
    "order_thai_lao": bits.THAI_LAO_ORDERED,
    "remove_controls": bits.CONTROLS_REMOVED,
    "remove_invisible": bits.INVISIBLE_REMOVED,
    "remove_stray_joiners": bits.JOINERS_REMOVED,
    "remove_stray_selectors": bits.SELECTORS_REMOVED,
    "remove_bidi_controls": bits.BIDI_REMOVED,
    "remove_private_use": bits.PRIVATE_REMOVED,
    "unify_line_ends": bits.LINE_ENDS_CHANGED,
    "trim_blanks": bits.BLANKS_TRIMMED,
    "limit_blank_lines": bits.BLANK_LINES_REMOVED,
    "collapse_blanks": bits.BLANKS_COLLAPSED,
    "widen_kana": bits.KANA_WIDENED,
    "narrow_latin": bits.LATIN_NARROWED,
}
"""Which change each setting allows: one each, and each has one (a test holds it so)."""
