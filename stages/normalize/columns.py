"""Normalising a text column: a kernel reads every document, work is done on the few that need it.

    inspect all ─► gather those that need something ─► rounds of: decode, clean, fold
                                                        until none changes ─► put them back

Documents without a need are neither copied nor looked at again; without any need in the column, it
is returned as it came. Only documents for which a kernel saw a reason become Python strings.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers, text_column
from stages.normalize import change_kernels as bits
from stages.normalize.arabic_forms import fold_arabic_forms
from stages.normalize.blanks import RUN, collapse_blanks
from stages.normalize.entities import decode_entities
from stages.normalize.mojibake import repair
from stages.normalize.thai_lao import order_marks
from stages.normalize.widths import narrow_latin, widen_kana

MOST_ROUNDS = 8
"""Repairing one thing may uncover another (a joiner between the halves of a misread letter); two
rounds are the rule, more than four have not been seen."""

Column = tuple[np.ndarray, np.ndarray]
"""Bytes uint8 and offsets int64 [rows + 1]."""


def compose(text: str) -> str:
    """Unicode normal form C."""
    return unicodedata.normalize("NFC", text)


FUNCTIONS: dict[int, Callable[[str], str]] = {
    bits.MOJIBAKE_REPAIRED: repair,
    bits.ENTITIES_DECODED: decode_entities,
    bits.ARABIC_FORMS_FOLDED: fold_arabic_forms,
    bits.THAI_LAO_ORDERED: order_marks,
    bits.KANA_WIDENED: widen_kana,
    bits.LATIN_NARROWED: narrow_latin,
    bits.BLANKS_COLLAPSED: collapse_blanks,
    bits.COMPOSED: compose,
}
"""Changes made in Python; each is final: made twice, it is made once."""
STEPS = (
    bits.MOJIBAKE_REPAIRED,  # first: what looks like a control character may be half a letter
    bits.ENTITIES_DECODED,
    bits.REWRITE,  # the kernel
    bits.ARABIC_FORMS_FOLDED,
    bits.THAI_LAO_ORDERED,
    bits.KANA_WIDENED,
    bits.LATIN_NARROWED,
    bits.BLANKS_COLLAPSED,
    bits.COMPOSED,
)
WORK = bits.REWRITE | sum(FUNCTIONS)
UNCOVERS_NOTHING = bits.BLANKS_TRIMMED | bits.BLANK_LINES_REMOVED | bits.LINE_ENDS_CHANGED
"""After these a document needs what it needed before: no two characters of a line became new
neighbours."""


def normalize_column(
    column: pa.Array, living: np.ndarray, wanted: int
) -> tuple[pa.Array, np.ndarray, np.ndarray]:
    """Normalise a text column.

    Args:
        column: large_string [rows].
        living: bool [rows]; the other rows stay as they are.
        wanted: the changes that may be made, bits of ``change_kernels``.

    Returns:
        text: the column given, if nothing changed, else a new one.
        changes: int32 [rows], the bits of what was changed.
        has_text: bool [rows], whether something other than blanks is left (False if not living).
    """
    from stages.normalize import rewrite_kernels as kernels

    whole = text_buffers(column)
    data, offsets = whole
    needs = inspect(whole, living, wanted)
    has_text = (needs & bits.HAS_TEXT) != 0
    changes = np.zeros(len(needs), np.int32)
    rows = np.flatnonzero(needs & WORK)
    if len(rows) == 0:
        return column, changes, has_text
    size = int((offsets[rows + 1] - offsets[rows]).sum())
    if 2 * size > offsets[-1] - offsets[0]:  # copying the rest is cheaper than taking these out
        rows = np.arange(len(needs))
        work = whole
    else:
        work = np.empty(size, np.uint8), np.empty(len(rows) + 1, np.int64)
        kernels.gather(data, offsets, rows, *work)
    work, changes[rows], needs = settle(work, needs[rows], wanted)
    if not changes.any():
        return column, changes, has_text
    has_text[rows] = (needs & bits.HAS_TEXT) != 0
    if len(rows) < len(changes):
        work = replace_rows(whole, work, rows)
    return text_column(*work), changes, has_text


def settle(work: Column, needs: np.ndarray, wanted: int) -> tuple[Column, np.ndarray, np.ndarray]:
    """Work on documents until none changes any more.

    Args:
        work: the documents.
        needs: int32 [rows], what ``inspect`` says of them.
        wanted: the changes that may be made.

    Returns:
        The column; int32 [rows] the changes made; int32 [rows] what ``inspect`` says at the end.
    """
    changes = np.zeros_like(needs)
    rest = np.zeros(len(needs), np.int64)  # steps since the document last changed
    for step in STEPS * MOST_ROUNDS:
        waiting = np.where(rest < len(STEPS), needs & step, 0)
        rest += 1
        if not waiting.any():
            if rest.min() >= len(STEPS):
                break
            continue
        if step == bits.REWRITE:
            work, done = clean(work, waiting, wanted)
        else:
            work, done = apply_function(work, waiting, step)
        changed = done != 0
        if changed.any():
            changes |= done
            rest[changed] = 1
            anew = changed & (done & ~UNCOVERS_NOTHING != 0)
            needs = np.where(changed, needs & ~step, needs)
            if anew.any():
                needs = np.where(anew, inspect(work, anew, wanted), needs)
    return work, changes, needs


def inspect(column: Column, rows: np.ndarray, wanted: int) -> np.ndarray:
    """int32 [rows]: what each of the chosen documents needs (bool [rows]); 0 for the others."""
    from stages.normalize import inspect_kernels as kernels
    from stages.normalize.character_rules import character_rules

    data, offsets = column
    needs = np.zeros(len(offsets) - 1, np.int32)
    kernels.inspect(data, offsets, rows, *character_rules(wanted), needs)
    if wanted & bits.BLANKS_COLLAPSED:
        found = pc.match_substring_regex(text_column(data, offsets), RUN)
        needs[rows & found.to_numpy(zero_copy_only=False)] |= bits.BLANKS_COLLAPSED
    return needs


def clean(work: Column, needs: np.ndarray, wanted: int) -> tuple[Column, np.ndarray]:
    """Characters, line ends and blanks, by a kernel: the new column and int32 [rows], changes."""
    from stages.normalize import rewrite_kernels as kernels
    from stages.normalize.character_rules import character_rules

    data, offsets = work
    changes = needs.copy()
    if not (needs & bits.REWRITE).any():
        return work, np.zeros_like(needs)
    out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    kernels.rewrite(data, offsets, changes, *character_rules(wanted), out, out_offsets)
    return (out[: out_offsets[-1]], out_offsets), changes


def apply_function(work: Column, needs: np.ndarray, change: int) -> tuple[Column, np.ndarray]:
    """Make one change in Python, in the documents whose ``needs`` are not 0.

    Returns:
        The column, and int32 [rows]: ``change`` where the text became another.
    """
    data, offsets = work
    function = FUNCTIONS[change]
    changes = np.zeros_like(needs)
    texts = []
    for row in np.flatnonzero(needs).tolist():
        old = data[offsets[row] : offsets[row + 1]].tobytes().decode()
        new = function(old)
        if new != old:
            changes[row] = change
            texts.append(new.encode())
    if not texts:
        return work, changes
    new_offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
    new_texts = np.frombuffer(b"".join(texts), np.uint8), new_offsets
    return replace_rows(work, new_texts, np.flatnonzero(changes)), changes


def replace_rows(column: Column, new: Column, rows: np.ndarray) -> Column:
    """The column with the texts of ``new`` in the given rows (int64, ascending)."""
    from stages.normalize import rewrite_kernels as kernels

    data, offsets = column
    out = np.empty(int(offsets[-1] - offsets[0]) + len(new[0]), np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    kernels.replace_rows(data, offsets, *new, rows, out, out_offsets)
    return out[: out_offsets[-1]], out_offsets
