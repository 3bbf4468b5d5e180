"""Packing: every token once, no row too long, few documents cut."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mixture.packing import (
    CONCAT,
    chop_one_window,
    cut_at,
    pack,
    pack_one_window,
    window_tokens,
    windows_of,
)


def rows_of(packing):
    """The rows as lists of (document, start, length)."""
    segments = list(
        zip(packing.document.tolist(), packing.start.tolist(), packing.length.tolist(), strict=True)
    )
    ends = packing.row_offsets.tolist()
    return [segments[a:b] for a, b in itertools.pairwise(ends)]


class NaiveRows:
    """Rows by free space; among equal ones the row changed last comes first."""

    def __init__(self, size):
        self.size, self.free, self.changes, self.clock = size, {}, {}, 0

    def put(self, length, row=None):
        row = len(self.changes) if row is None else row
        self.free[row] = self.free.get(row, self.size) - length
        self.clock += 1
        self.changes[row] = self.clock
        return row

    def smallest(self, least):
        rows = [r for r in self.free if self.free[r] >= least]
        return min(rows, key=lambda r: (self.free[r], -self.changes[r]), default=None)

    def largest(self):
        return max(self.free, key=lambda r: (self.free[r], self.changes[r]), default=None)


def naive_pack(lengths, size):
    """The rule of ``stages.mixture.packing`` in plain lists, for one window."""
    least = min(32, size // 8)
    whole = [[(d, k * size, size)] for d, n in enumerate(lengths) for k in range(n // size)]
    pieces = [(d, n - n % size, n % size) for d, n in enumerate(lengths) if n % size]
    order = sorted(pieces, key=lambda piece: -piece[2])
    rows = NaiveRows(size)
    placed = {piece: rows.put(piece[2], rows.smallest(piece[2])) for piece in order}

    gaps = sum(free for free in rows.free.values() if free > least)
    contents, dissolved = 0, set()
    while rows.free:
        row = rows.largest()
        contents, gaps = contents + size - rows.free[row], gaps - rows.free[row]
        if rows.free[row] <= least or contents > gaps:
            break
        dissolved.add(row)
        del rows.free[row]

    segments = {row: [] for row in rows.free}
    for piece in order:
        document, start, rest = piece
        if placed[piece] not in dissolved:
            segments[placed[piece]].append(piece)
            continue
        while rest:
            row, taken = rows.smallest(rest), rest
            if row is None and rows.free and rows.free[rows.largest()] > least:
                row = rows.largest()
                taken = rows.free[row]
                if rest - taken < least and rest >= 2 * least:
                    taken = rest - least
            row = rows.put(taken, row)
            segments.setdefault(row, []).append((document, start, taken))
            start, rest = start + taken, rest - taken
    return whole + [sorted(segments[row]) for row in sorted(segments)]


lengths_of_documents = st.lists(
    st.one_of(st.integers(1, 30), st.integers(1, 300), st.integers(100, 180)), max_size=60
)


@settings(deadline=None)
@given(lengths_of_documents, st.sampled_from([8, 64, 100, 256, 300]))
def test_the_kernel_follows_its_plain_reference(lengths, size):
    assert rows_of(pack_one_window(np.array(lengths, np.int64), size)) == naive_pack(lengths, size)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 400), max_size=200), st.sampled_from([1, 2, 8, 64, 100, 4096, 70_000])
)
def test_every_token_is_placed_once_and_no_row_is_too_long(lengths, size):
    packing = pack(np.array(lengths, np.int64), size)
    placed = []
    for row in rows_of(packing):
        assert 0 < sum(length for _, _, length in row) <= size
        assert row == sorted(row), "segments stand in document order"
        placed += [(d, token) for d, start, n in row for token in range(start, start + n)]
    assert sorted(placed) == [(d, token) for d, n in enumerate(lengths) for token in range(n)]


def test_a_document_longer_than_a_row_gives_whole_rows_and_a_piece():
    assert rows_of(pack(np.array([5, 3, 10]), 8)) == [
        [(2, 0, 8)],
        [(0, 0, 5), (1, 0, 3)],
        [(2, 8, 2)],
    ]


def test_documents_are_cut_to_fill_gaps_only_where_that_saves_rows():
    # Two documents of 60 cannot share a row of 100: cutting saves two rows of five.
    packing = pack(np.full(5, 60), 100)
    assert len(rows_of(packing)) == 3
    # Documents that fill their rows but for crumbs stay whole.
    assert np.bincount(pack(np.full(50, 97), 100).document).max() == 1


def test_windows_are_cut_by_tokens():
    size = window_tokens(4096)
    lengths = np.array([size - 1, 1, 2 * size, 5])
    assert windows_of(lengths, 0, size).tolist() == [0, 0, 1, 3]
    assert windows_of(lengths[2:], size, size).tolist() == [1, 3]
    assert window_tokens(3000, CONCAT) % 3000 == 0, "rows of `concat` end where windows do"


def test_a_window_is_packed_as_if_alone():
    rng = np.random.default_rng(5)
    lengths = rng.integers(1, 9000, 3000)
    windows = windows_of(lengths, 0, window_tokens(4096))
    assert windows.max() >= 2
    together = rows_of(pack(lengths, 4096))
    alone = []
    for window in range(int(windows.max()) + 1):
        first = int(np.searchsorted(windows, window))
        packed = rows_of(pack_one_window(lengths[windows == window], 4096))
        alone += [[(d + first, start, n) for d, start, n in row] for row in packed]
    assert together == alone


@pytest.mark.parametrize(
    ("low", "high", "padding", "cut"), [(1800, 3000, 0.002, 0.23), (30, 2000, 0.002, 0.001)]
)
def test_little_padding_and_few_cuts(low, high, padding, cut):
    lengths = np.random.default_rng(1).integers(low, high, 5000)
    packing = pack(lengths, 4096)
    rows = len(packing.row_offsets) - 1
    assert 1 - lengths.sum() / (rows * 4096) < padding
    assert (np.bincount(packing.document) > 1).mean() < cut


def test_documents_laid_end_to_end_are_cut_at_every_bound():
    assert [part.tolist() for part in cut_at(np.array([3, 4, 2]), 0, 5)] == [
        [0, 1, 1, 2],
        [0, 0, 2, 0],
        [3, 2, 2, 2],
    ]
    # Two tokens stand before these documents: the first bound comes after three of theirs.
    assert cut_at(np.array([4, 9]), 2, 5).length.tolist() == [3, 1, 4, 5]


def test_concatenating_chops_rows_wherever_they_end():
    assert rows_of(chop_one_window(np.array([5, 0, 3, 10, 4]), 8)) == [
        [(0, 0, 5), (2, 0, 3)],
        [(3, 0, 8)],
        [(3, 8, 2), (4, 0, 4)],
    ]
    assert rows_of(chop_one_window(np.zeros(3, np.int64), 8)) == []


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 400), max_size=100),
    st.integers(0, 1000),
    st.sampled_from([1, 7, 64, 256]),
)
def test_chopping_follows_the_tokens_one_by_one(lengths, before, every):
    tokens = [(d, token) for d, n in enumerate(lengths) for token in range(n)]
    expected = []
    for number, (document, token) in enumerate(tokens, before):
        if not expected or number % every == 0 or expected[-1][0] != document:
            expected.append([document, token, 0])
        expected[-1][2] += 1
    found = np.transpose(cut_at(np.array(lengths, np.int64), before, every))
    assert found.tolist() == expected
    rows = rows_of(chop_one_window(np.array(lengths, np.int64), every))
    assert [sum(n for _, _, n in row) for row in rows[:-1]] == [every] * len(rows[:-1])
    assert [(d, s + k) for row in rows for d, s, n in row for k in range(n)] == tokens


def test_nothing_packs_into_nothing():
    assert rows_of(pack(np.zeros(0, np.int64), 64)) == []
    assert rows_of(pack(np.zeros(3, np.int64), 64)) == []
