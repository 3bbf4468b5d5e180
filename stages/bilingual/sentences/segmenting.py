"""Cut a column of documents into sentences.

    >>> import pyarrow as pa
    >>> column = pa.array(["Dr. Li came. She left.", "他来了。她走了。"], pa.large_string())
    >>> sentences = segment(column, ["en", "zh"])
    >>> [sentences.text(number) for number in range(len(sentences))]
    ['Dr. Li came.', 'She left.', '他来了。', '她走了。']

Headings, table rows and fenced code stay whole; a list item keeps its marker. Where a text was
wrapped to a width its line ends are spaces; elsewhere every line end is a boundary. What remains
doubtful is cut: an aligner can merge two sentences, but not part one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from stages.bilingual.sentences.abbreviations import abbreviations, language_numbers
from stages.bilingual.sentences.classes import sentence_classes
from stages.bilingual.sentences.segment_kernels import segment_documents

BYTES_A_SENTENCE = 32
"""The room for sentences at first; doubled until it suffices."""


@dataclass(frozen=True)
class Sentences:
    """The sentences of some documents, in order, as ranges of one buffer."""

    data: np.ndarray
    """uint8, the documents' bytes."""
    document_offsets: np.ndarray
    """int64 [documents + 1]: sentences ``document_offsets[d]:document_offsets[d + 1]``."""
    starts: np.ndarray
    """int64 [sentences]: first byte in ``data``."""
    ends: np.ndarray
    """int64 [sentences]: behind the last byte."""
    flags: np.ndarray
    """uint8 [sentences]: the kind (lowest three bits: ``PROSE``, ``HEADING``, ``LIST_ITEM``,
    ``TABLE_ROW``, ``CODE``), ``STARTS_LINE`` and ``STARTS_PARAGRAPH``."""

    def __len__(self) -> int:
        return len(self.starts)

    def text(self, number: int) -> str:
        """One sentence."""
        return self.data[self.starts[number] : self.ends[number]].tobytes().decode()


def segment(
    column: pa.Array | pa.ChunkedArray, languages: Sequence[str | None] | None = None
) -> Sentences:
    """Find the sentences of every document.

    Args:
        column: ``large_string`` (or ``string``), valid UTF-8; a null has no sentences.
        languages: ISO 639 codes by document, for abbreviations and ordinals; None: unknown.
    """
    data, offsets = text_buffers(column)
    rows = len(offsets) - 1
    table = abbreviations()
    numbers = np.zeros(rows, np.uint8) if languages is None else language_numbers(languages)
    document_offsets = np.zeros(rows + 1, np.int64)
    room = int(offsets[-1] - offsets[0]) // BYTES_A_SENTENCE + rows + 1
    starts, ends, flags = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8)
    done = 0
    while done < rows:
        starts, ends, flags = (_grown(array, room) for array in (starts, ends, flags))
        done = segment_documents(
            data, offsets, numbers, table.ordinals, table.hashes, table.kinds,
            *sentence_classes(), done, document_offsets, starts, ends, flags,
        )  # fmt: skip
        room *= 2
    count = int(document_offsets[-1])
    return Sentences(data, document_offsets, starts[:count], ends[:count], flags[:count])


def _grown(array: np.ndarray, room: int) -> np.ndarray:
    larger = np.empty(room, array.dtype)
    larger[: len(array)] = array
    return larger
