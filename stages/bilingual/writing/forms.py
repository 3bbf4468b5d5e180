"""The text of parallel documents, built of columns.

A document is a run of **units**, each a first side, a second side and what a template has around
them: one unit of two whole documents, or a unit for every sentence or paragraph. Units are built
for all documents at once; as those of a document follow on each other, the document is then a
longer stretch of the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers, text_column
from stages.bilingual.writing.templates import Around

UNIT_SEPARATOR = {"sentences": "\n", "paragraphs": "\n\n"}
GAPS = ("", " ", "\n")
"""What stands between two neighbouring sentences of one side."""


@dataclass(frozen=True)
class UnitTexts:
    """Both sides of some units, those of a document one after the other."""

    left: pa.Array
    """large_string [units]."""
    right: pa.Array
    documents: np.ndarray
    """int64 [units], rising: the document of each."""


def build(
    units: UnitTexts, documents: int, kinds: np.ndarray, left_first: np.ndarray,
    templates: Sequence[Around], separator: str,
) -> pa.Array:  # fmt: skip
    """The text of every document.

    Args:
        units: of all documents.
        documents: how many there are; one without units has an empty text.
        kinds: int64 [documents], into ``templates``.
        left_first: bool [documents].
        templates: what stands around the sides of a unit.
        separator: between two units.

    Returns:
        large_string [documents].
    """
    left_first = left_first[units.documents]
    swap = pa.array(left_first)
    first = pc.if_else(swap, units.left, units.right)
    second = pc.if_else(swap, units.right, units.left)
    kind = pa.array(kinds[units.documents])
    pieces = [pa.array([getattr(t, part) for t in templates], pa.large_string()).take(kind)
              for part in Around._fields]  # fmt: skip
    opens = np.ones(len(units.documents), np.bool_)
    opens[1:] = units.documents[1:] != units.documents[:-1]
    between = pa.array(["", separator], pa.large_string()).take(pa.array((~opens).astype(np.int64)))
    empty = pa.scalar("", pa.large_string())
    text = pc.binary_join_element_wise(
        between, pieces[0], first, pieces[1], second, pieces[2], empty
    )
    return _merged(text, np.searchsorted(units.documents, np.arange(documents + 1)))


def paragraphs(
    units: UnitTexts, begins: np.ndarray, left_gaps: np.ndarray, right_gaps: np.ndarray
) -> UnitTexts:
    """Sentences put together again to paragraphs, with what stood between them.

    Args:
        units: a pair of sentences each.
        begins: bool [units]: whether it is the first of a paragraph.
        left_gaps: int64 [units], into ``GAPS``: what stands before it on the left side.
        right_gaps: the same of the right side.
    """
    starts = begins.copy()
    starts[:1] = True
    starts[1:] |= units.documents[1:] != units.documents[:-1]
    groups = np.append(np.flatnonzero(starts), len(starts))
    gap = pa.array(GAPS, pa.large_string())
    empty = pa.scalar("", pa.large_string())
    sides = []
    for texts, gaps in ((units.left, left_gaps), (units.right, right_gaps)):
        before = gap.take(pa.array(np.where(starts, 0, gaps)))
        sides.append(_merged(pc.binary_join_element_wise(before, texts, empty), groups))
    return UnitTexts(sides[0], sides[1], units.documents[groups[:-1]])


def _merged(texts: pa.Array, borders: np.ndarray) -> pa.Array:
    """Texts that follow on each other as one: ``borders[i]:borders[i + 1]`` is the i-th."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    data, offsets = text_buffers(texts)
    return text_column(data, np.ascontiguousarray(offsets[borders]))
