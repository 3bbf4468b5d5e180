"""The stage ``normalize``: one way to write the same text.

Form C of Unicode (never KC: it would break Thai sara am, turn ½ into 1⁄2 and 10² into 102), new
lines as line ends, no control or invisible characters, no blanks at line ends, at most two blank
lines in a row; text that was decoded with a wrong encoding is repaired where that is sure. Spaces
inside a line stay: they are code, verse and tables.

A kernel reads every document once and flags the few that need more; only those are copied, and
only those with something to compose or repair become Python strings.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from formats.buffers import text_buffers, text_column
from stages.base import MapStage, alive, mark_dropped, set_column
from stages.normalize.mojibake import repair

CHANGES = "normalize_changes"
EMPTY = "empty: 0 vs 1 characters"


class Normalize(MapStage):
    """Clean characters, line ends and encodings; drop documents without text.

    Replaces ``text`` and adds ``normalize_changes`` (int32): the sum of the bits named in
    ``normalize_kernels`` (``CONTROLS_REMOVED``, ... ``MOJIBAKE_REPAIRED``), 0 where the
    text stayed as it was, null on rows dropped earlier.
    """

    name: ClassVar[str] = "normalize"

    repair_encoding: bool = Field(
        True, description="Repair text that was decoded with a wrong encoding (mojibake)."
    )

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with normalised text; empty documents are marked as dropped."""
        living = alive(batch)
        column = batch.column("text")
        text, changes, has_text = normalize_column(column, living, self.repair_encoding)
        if text is not column:
            batch = set_column(batch, "text", text)
        batch = set_column(batch, CHANGES, pa.array(changes, pa.int32(), mask=~living))
        empty = living & ~has_text
        if not empty.any():
            return batch
        return mark_dropped(batch, self.name, pc.if_else(pa.array(empty), EMPTY, None))


MOST_ROUNDS = 8
"""Repairing one thing may uncover another (a joiner between the halves of a misread letter); two
rounds are the rule, more have not been seen."""


def normalize_column(
    column: pa.Array, living: np.ndarray, repair_encoding: bool = True
) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Normalise a text column.

    Args:
        column: large_string [rows].
        living: bool [rows]; the other rows stay as they are.
        repair_encoding: whether to repair mojibake.

    Returns:
        text: the column given, if nothing changed, else a new one.
        changes: int32 [rows], sums of the bits of ``normalize_kernels``.
        has_text: bool [rows], whether something other than blanks is left (False if not living).
    """
    from stages.normalize import normalize_kernels as kernels

    data, offsets = text_buffers(column)
    needs = inspect(data, offsets, living)
    changes = np.zeros(len(needs), np.int32)
    steps: list[Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]] = [clean, compose]
    if repair_encoding:
        steps.insert(0, repair_suspects)
    for _ in range(MOST_ROUNDS):
        progress = False
        for step in steps:
            data, offsets, done = step(data, offsets, needs)
            changed = done != 0
            if changed.any():
                progress = True
                changes |= done
                needs = np.where(changed, inspect(data, offsets, changed), needs)
        if not progress:
            break
        needs = np.where(changes != 0, needs, needs & kernels.HAS_TEXT)
    has_text = (needs & kernels.HAS_TEXT) != 0
    return (text_column(data, offsets) if changes.any() else column), changes, has_text


def inspect(data: np.ndarray, offsets: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """int32 [rows]: what each of the chosen documents needs (bool [rows]); 0 for the others."""
    from stages.normalize import normalize_kernels as kernels
    from stages.normalize.character_kernels import character_rules

    needs = np.zeros(len(offsets) - 1, np.int32)
    kernels.inspect(data, offsets, rows, *character_rules(), needs)
    return needs


def clean(
    data: np.ndarray, offsets: np.ndarray, needs: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Characters, line ends and blanks, by a kernel: the new column and the changes per row."""
    from stages.normalize import normalize_kernels as kernels
    from stages.normalize.character_kernels import character_rules

    changes = needs.copy()
    if not (needs & kernels.REWRITE).any():
        return data, offsets, np.zeros_like(needs)
    out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    kernels.rewrite(data, offsets, changes, *character_rules(), out, out_offsets)
    return out[: out_offsets[-1]], out_offsets, changes


def compose(
    data: np.ndarray, offsets: np.ndarray, needs: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unicode normal form C, by ``unicodedata``, for the documents that the quick check flags."""
    from stages.normalize import normalize_kernels as kernels

    def function(text: str) -> str:
        return unicodedata.normalize("NFC", text)

    return replace(data, offsets, needs, kernels.COMPOSED, function, kernels.COMPOSED)


def repair_suspects(
    data: np.ndarray, offsets: np.ndarray, needs: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Encodings repaired in the documents where bytes look misread."""
    from stages.normalize import normalize_kernels as kernels

    flag = kernels.MOJIBAKE_SUSPECTED
    return replace(data, offsets, needs, flag, repair, kernels.MOJIBAKE_REPAIRED)


def replace(
    data: np.ndarray,
    offsets: np.ndarray,
    needs: np.ndarray,
    flag: int,
    function: Callable[[str], str],
    change: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Apply a Python function to the documents whose ``needs`` hold ``flag``.

    Returns:
        The column as (data, offsets), and int32 [rows]: ``change`` where the text became another.
    """
    from stages.normalize import normalize_kernels as kernels

    changes = np.zeros_like(needs)
    texts = []
    for row in np.flatnonzero(needs & flag).tolist():
        old = data[offsets[row] : offsets[row + 1]].tobytes()
        new = function(old.decode()).encode()
        if new != old:
            changes[row] = change
            texts.append(new)
    if not texts:
        return data, offsets, changes
    rows = np.flatnonzero(changes)
    new_data = np.frombuffer(b"".join(texts), np.uint8)
    new_offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    out = np.empty(int(offsets[-1] - offsets[0]) + len(new_data), np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    kernels.splice(data, offsets, new_data, new_offsets, rows, out, out_offsets)
    return out[: out_offsets[-1]], out_offsets, changes
