"""The tokens of documents, and how many documents of a language hold each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from stages.bilingual.alignment.units import folded_characters
from stages.bilingual.numbers.number_words import number_words
from stages.bilingual.pairing.tokens_kernels import read_tokens
from stages.text_kernels import character_classes

MOST_TOKENS = 1 << 13
"""Of one document: what follows is not looked at (about 50 kB of English)."""
BYTES_A_TOKEN = 4
"""The room for tokens at first; doubled until it suffices."""
FEATURE_FIELDS = (
    pa.field("tokens", pa.large_list(pa.uint32())),
    pa.field("ends", pa.large_list(pa.int64())),
    pa.field("lines", pa.large_list(pa.uint32())),
)
"""Per document: its tokens, where each segment ends among them, and the segments' hashes."""


@dataclass(frozen=True)
class Features:
    """The tokens of some documents."""

    tokens: np.ndarray
    """uint32."""
    token_offsets: np.ndarray
    """int64 [documents + 1], into the tokens."""
    ends: np.ndarray
    """int64 [segments]: where each ends, in the tokens."""
    segment_offsets: np.ndarray
    """int64 [documents + 1], into the segments."""
    lines: np.ndarray
    """uint32 [segments]: a hash of the segment's tokens, in order."""

    def __len__(self) -> int:
        return len(self.token_offsets) - 1

    def columns(self) -> list[pa.Array]:
        """As Arrow columns, ``FEATURE_FIELDS``."""
        first = np.repeat(self.token_offsets[:-1], np.diff(self.segment_offsets))
        return [
            pa.LargeListArray.from_arrays(self.token_offsets, pa.array(self.tokens)),
            pa.LargeListArray.from_arrays(self.segment_offsets, pa.array(self.ends - first)),
            pa.LargeListArray.from_arrays(self.segment_offsets, pa.array(self.lines)),
        ]

    @staticmethod
    def of_table(table: pa.Table) -> Features:
        """From a table with ``FEATURE_FIELDS``."""
        tokens, token_offsets = _lists(table, "tokens", np.dtype(np.uint32))
        ends, segment_offsets = _lists(table, "ends", np.dtype(np.int64))
        lines, _ = _lists(table, "lines", np.dtype(np.uint32))
        first = np.repeat(token_offsets[:-1], np.diff(segment_offsets))
        return Features(tokens, token_offsets, ends + first, segment_offsets, lines)


def features(column: pa.Array | pa.ChunkedArray, syllables: np.ndarray) -> Features:
    """Read the tokens of documents.

    Args:
        column: [documents] of text.
        syllables: bool [documents]: in a language whose words are several syllables (Vietnamese).
    """
    data, offsets = text_buffers(column)
    documents = len(offsets) - 1
    token_offsets, segment_offsets = np.zeros((2, documents + 1), np.int64)
    room = int(offsets[-1] - offsets[0]) // BYTES_A_TOKEN + MOST_TOKENS
    tokens, ends = np.empty(0, np.uint32), np.empty(0, np.int64)
    done = 0
    while done < documents:
        tokens = np.concatenate([tokens, np.empty(room - len(tokens), np.uint32)])
        ends = np.concatenate([ends, np.empty(room - len(ends), np.int64)])
        done = read_tokens(
            data, offsets, syllables, *character_classes(), *folded_characters(), *number_words(),
            MOST_TOKENS, done, tokens, token_offsets, ends, segment_offsets,
        )  # fmt: skip
        room *= 2
    tokens = tokens[: token_offsets[-1]].copy()
    ends = ends[: segment_offsets[-1]].copy()
    return Features(tokens, token_offsets, ends, segment_offsets, _line_hashes(tokens, ends))


def _line_hashes(tokens: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """A hash of each segment's tokens and their order (uint32 [segments])."""
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(ends)]
    place = np.arange(len(tokens)) - np.repeat(starts, ends - starts)
    with np.errstate(over="ignore"):
        mixed = (tokens.astype(np.uint64) + np.uint64(1)) * (
            place.astype(np.uint64) * np.uint64(2) + np.uint64(0x9E3779B97F4A7C15)
        )
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        sums = np.concatenate([[np.uint64(0)], np.cumsum(mixed)])
        return ((sums[ends] - sums[starts]) >> np.uint64(32)).astype(np.uint32)


@dataclass(frozen=True)
class Frequencies:
    """In how many of a language's documents tokens, or lines, occur."""

    values: np.ndarray
    """uint32, ascending."""
    counts: np.ndarray
    """int32."""

    @staticmethod
    def of_documents(values: np.ndarray, offsets: np.ndarray, rows: np.ndarray) -> Frequencies:
        """Count in some documents.

        Args:
            values: uint32, of all documents.
            offsets: int64 [documents + 1].
            rows: bool [documents], those that count.
        """
        sizes = np.diff(offsets)
        document = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes)
        wanted = np.repeat(rows, sizes)
        both = document[wanted] << np.uint64(32) | values[wanted].astype(np.uint64)
        once = (_distinct(both) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        found, counts = np.unique(once, return_counts=True)
        return Frequencies(found, counts.astype(np.int32))

    def merged(self, other: Frequencies, most: int) -> Frequencies:
        """The sum; beyond ``most`` values those of one document are forgotten."""
        values = np.concatenate([self.values, other.values])
        order = np.argsort(values, kind="stable")
        values = values[order]
        new = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])[: len(values)])
        counts = np.concatenate([self.counts, other.counts])[order]
        sums = np.add.reduceat(counts, new) if len(new) else counts
        merged = Frequencies(values[new], sums)
        if len(new) > most:
            merged = merged.repeated()
        return merged

    def repeated(self) -> Frequencies:
        """Without what occurs in one document only."""
        keep = self.counts > 1
        return Frequencies(self.values[keep], self.counts[keep])

    def of(self, values: np.ndarray) -> np.ndarray:
        """The counts of some values (int32), 0 where unknown."""
        if len(self.values) == 0:
            return np.zeros(len(values), np.int32)
        at = np.minimum(np.searchsorted(self.values, values), len(self.values) - 1)
        return np.where(self.values[at] == values, self.counts[at], 0)


def _distinct(values: np.ndarray) -> np.ndarray:
    values = np.sort(values)
    return values[np.concatenate([[True], values[1:] != values[:-1]])[: len(values)]]


def _lists(table: pa.Table, name: str, kind: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """The values of a list column and its offsets from 0."""
    column = table.column(name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else column.chunk(0)
    offsets = column.offsets.to_numpy()
    values = column.values.to_numpy(zero_copy_only=False)[offsets[0] : offsets[-1]]
    return np.ascontiguousarray(values, kind), (offsets - offsets[0]).astype(np.int64)
