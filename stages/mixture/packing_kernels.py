"""The kernel of ``stages.mixture.packing``: the documents of one window into rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from formats.compile import array_types, kernel

t = array_types()

ONE = np.uint64(1)
NO_ROW = -1


@kernel()
def lowest_bit(word: Any) -> Any:
    """Position of the lowest set bit of a word that is not zero."""
    position = 0
    for step in (32, 16, 8, 4, 2, 1):
        if word & ((ONE << np.uint64(step)) - ONE) == 0:
            word >>= np.uint64(step)
            position += step
    return position


@kernel()
def highest_bit(word: Any) -> Any:
    """Position of the highest set bit of a word that is not zero."""
    position = 0
    for step in (32, 16, 8, 4, 2, 1):
        if word >> np.uint64(step) != 0:
            word >>= np.uint64(step)
            position += step
    return position


@kernel()
def add_row(row: Any, free: Any, heads: Any, following: Any, words: Any, summary: Any) -> None:
    """Put a row first in the list of rows with ``free`` places left.

    ``heads[free]`` begins the list, ``following`` links it; bit ``free`` of ``words`` says that the
    list holds a row, bit ``w`` of ``summary`` that word w is not zero.
    """
    following[row] = heads[free]
    heads[free] = row
    word = free >> 6
    words[word] |= ONE << np.uint64(free & 63)
    summary[word >> 6] |= ONE << np.uint64(word & 63)


@kernel()
def take_row(free: Any, heads: Any, following: Any, words: Any, summary: Any) -> Any:
    """Remove and return the first row with exactly ``free`` places left."""
    row = heads[free]
    heads[free] = following[row]
    if heads[free] == NO_ROW:
        word = free >> 6
        words[word] &= ~(ONE << np.uint64(free & 63))
        if words[word] == 0:
            summary[word >> 6] &= ~(ONE << np.uint64(word & 63))
    return row


@kernel()
def smallest_gap(least: Any, words: Any, summary: Any) -> Any:
    """The smallest free space of at least ``least`` that a row has, or -1."""
    word = least >> 6
    if word >= len(words):
        return -1
    rest = words[word] >> np.uint64(least & 63)
    if rest != 0:
        return least + lowest_bit(rest)
    word += 1
    block = word >> 6
    if block >= len(summary):
        return -1
    rest = (summary[block] >> np.uint64(word & 63)) << np.uint64(word & 63)
    while rest == 0:
        block += 1
        if block == len(summary):
            return -1
        rest = summary[block]
    word = (block << 6) + lowest_bit(rest)
    return (word << 6) + lowest_bit(words[word])


@kernel()
def largest_gap(words: Any, summary: Any) -> Any:
    """The largest free space that a row has, or -1."""
    for block in range(len(summary) - 1, -1, -1):
        if summary[block] != 0:
            word = (block << 6) + highest_bit(summary[block])
            return (word << 6) + highest_bit(words[word])
    return -1


@kernel(_nrt=True)
def by_decreasing_length(lengths: Any, longest: Any) -> Any:
    """Indices of ``lengths`` (each at most ``longest``), longest first, equal ones in order."""
    places = np.zeros(longest + 2, np.int64)
    for length in lengths:
        places[longest - length + 1] += 1
    for i in range(1, len(places)):
        places[i] += places[i - 1]
    order = np.empty(len(lengths), np.int64)
    for i in range(len(lengths)):
        order[places[longest - lengths[i]]] = i
        places[longest - lengths[i]] += 1
    return order


@kernel(_nrt=True)
def mark_emptiest(
    free: Any, least: Any, heads: Any, following: Any, words: Any, summary: Any
) -> Any:
    """Take out as many of the emptiest rows as the gaps of the others can hold.

    A gap of at most ``least`` places does not count.

    Returns:
        bool [rows]: True for the rows taken out.
    """
    gaps = 0
    for row in range(len(free)):
        gaps += free[row] if free[row] > least else 0
    dissolved = np.zeros(len(free), np.bool_)
    length = len(heads) - 1
    contents = 0
    while True:
        gap = largest_gap(words, summary)
        contents += length - gap
        gaps -= gap
        if gap <= least or contents > gaps:
            return dissolved
        dissolved[take_row(gap, heads, following, words, summary)] = True


@kernel((t["i64"], types.int64, types.int64, t["w_i64"], t["w_i64"], t["w_i64"], t["w_i64"]))
def pack_window(
    lengths: Any,
    row_length: Any,
    least: Any,
    out_document: Any,
    out_start: Any,
    out_length: Any,
    out_rows: Any,
) -> Any:
    """Pack the documents of a window; see ``stages.mixture.packing`` for the rule.

    Args:
        lengths: int64 [documents].
        row_length: tokens in a row.
        least: a gap of at most so many places is left as padding.
        out_document: int64 [segments]: index of the document, segments in row order.
        out_start: int64 [segments]: the segment's first token in its document.
        out_length: int64 [segments].
        out_rows: int64 [rows + 1]: row r holds the segments out_rows[r]..out_rows[r + 1]; the
            arrays are as long as ``segments_bound`` of ``stages.mixture.packing`` says.

    Returns:
        The number of rows.
    """
    # Whole rows of long documents come first; what is left of every document is a piece.
    whole_rows = 0
    pieces = 0
    out_rows[0] = 0
    for document in range(len(lengths)):
        length = lengths[document]
        for part in range(length // row_length):
            out_document[whole_rows] = document
            out_start[whole_rows] = part * row_length
            out_length[whole_rows] = row_length
            whole_rows += 1
            out_rows[whole_rows] = whole_rows
        pieces += 1 if length % row_length else 0
    piece_document = np.empty(pieces, np.int64)
    piece_length = np.empty(pieces, np.int64)
    piece = 0
    for document in range(len(lengths)):
        if lengths[document] % row_length:
            piece_document[piece] = document
            piece_length[piece] = lengths[document] % row_length
            piece += 1

    # Best fit decreasing: the longest piece first, into the fullest row that can hold it.
    rows_bound = 3 * pieces + 8
    free = np.empty(rows_bound, np.int64)
    following = np.empty(rows_bound, np.int64)
    heads = np.full(row_length + 1, NO_ROW, np.int64)
    words = np.zeros((row_length >> 6) + 1, np.uint64)
    summary = np.zeros((len(words) >> 6) + 1, np.uint64)
    order = by_decreasing_length(piece_length, row_length)
    piece_row = np.empty(pieces, np.int64)
    rows = 0
    for piece in order:
        length = piece_length[piece]
        gap = smallest_gap(length, words, summary)
        if gap < 0:
            gap, row = row_length, rows
            rows += 1
        else:
            row = take_row(gap, heads, following, words, summary)
        free[row] = gap - length
        add_row(row, free[row], heads, following, words, summary)
        piece_row[piece] = row
    dissolved = np.zeros(0, np.bool_)
    if rows:
        dissolved = mark_emptiest(free[:rows], least, heads, following, words, summary)
    kept_rows = rows

    # The pieces of dissolved rows fill gaps: whole where one fits, else cut along the largest gap.
    fragment_row = np.empty(4 * pieces + 8, np.int64)
    fragment_length = np.empty(4 * pieces + 8, np.int64)
    fragments = 0
    first_fragment = np.full(pieces + 1, NO_ROW, np.int64)
    fragment_count = np.zeros(pieces, np.int64)
    for piece in order:
        if not dissolved[piece_row[piece]]:
            continue
        first_fragment[piece] = fragments
        rest = piece_length[piece]
        while rest:
            gap = smallest_gap(rest, words, summary)
            taken = rest
            if gap < 0:
                gap = largest_gap(words, summary)
                taken = min(gap, rest)
                # Leave no crumb for the next row if the cut can avoid it.
                if rest - taken < least and rest >= 2 * least:
                    taken = rest - least
            if gap <= least and taken < rest:
                gap, row = row_length, rows
                rows += 1
                taken = rest
            else:
                row = take_row(gap, heads, following, words, summary)
            free[row] = gap - taken
            add_row(row, free[row], heads, following, words, summary)
            fragment_row[fragments] = row
            fragment_length[fragments] = taken
            fragments += 1
            rest -= taken
        fragment_count[piece] = fragments - first_fragment[piece]

    # Number the rows that are left, count their segments, then write these in document order.
    ends = np.zeros(rows + 1, np.int64)
    for piece in range(pieces):
        if fragment_count[piece] == 0:
            ends[piece_row[piece] + 1] += 1
    for fragment in range(fragments):
        ends[fragment_row[fragment] + 1] += 1
    written = whole_rows
    for row in range(rows):
        count = ends[row + 1]
        ends[row] = out_rows[written]
        if row >= kept_rows or not dissolved[row]:
            written += 1
            out_rows[written] = out_rows[written - 1] + count
    for piece in range(pieces):
        start = lengths[piece_document[piece]] - piece_length[piece]
        for number in range(max(1, fragment_count[piece])):
            row = piece_row[piece]
            length = piece_length[piece]
            if fragment_count[piece]:
                row = fragment_row[first_fragment[piece] + number]
                length = fragment_length[first_fragment[piece] + number]
            place = ends[row]
            ends[row] += 1
            out_document[place] = piece_document[piece]
            out_start[place] = start
            out_length[place] = length
            start += length
    return written
