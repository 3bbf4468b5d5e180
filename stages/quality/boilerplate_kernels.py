"""Lines that belong to a page and not to its text: notices and navigation.

Decided by shape first, in any language. A text is told by its good lines: ten words and more with
the end of a sentence. What stands before the first or behind the last of them is the edge of the
page; a page without a good line is left as it is. Then go

* notices: short lines about cookies or rights at the edge; lines that say nothing but what sites
  print around every text ("Leave a comment") anywhere, in one word ("Home") at the edge or among
  other such lines;
* navigation: at the edge, short items between marks ("Home > Magazine", "Share | Print"); anywhere,
  runs of at least ``LONGEST_TABLE`` bare lines (``EDGE_RUN`` at the edge), but for the last one
  if a text begins behind it: that is its title.

Bullets, programs, headings with marks, numbered items, tables and what stands in fences or is
indented stay. On 57 pages of news sites and blogs with all that is printed around their articles,
marked by hand with segments to keep and to remove (the test set of trafilatura), 155 of 158
segments stay and 36 of 148 go, most of the others being sentences; 12 % of the bytes go.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import array_types, kernel
from stages.quality.hashing_kernels import find_slot, power, sequence_hash
from stages.quality.marks_kernels import (
    ENDS_SENTENCE,
    ENDS_WITH_MARK,
    HAS_SENTENCE,
    IS_BULLET,
    IS_CODE,
    IS_LINK,
)
from stages.quality.sizes_kernels import UNIT
from stages.quality.words_kernels import LINES, NEW_LINE, TOTALS, WORDS, line_arrays, scan_document

# What phrases are, as bits (``boilerplate``).
WHOLE_LINE = 1
RIGHTS = 2
COOKIES = 4
BEGINS = 8
"""A phrase begins with this word."""

# What a line is.
EMPTY, GOOD, OTHER, BARE, SEPARATED, SAYING, LEGAL, CONSENT, CERTAIN = range(9)
"""SAYING: a line that says only what sites say, in a word; CERTAIN: in more words, or ©."""

NOTICES, NAVIGATION = 1, 2
"""What may be removed, as bits."""
KINDS = 2

GOOD_WORDS = 10 * UNIT
LONG_LINE = 25 * UNIT
"""Good without the end of a sentence: Thai has none."""
BARE_WORDS = 11 * UNIT // 2
BARE_LENGTH = 45
ITEM_WORDS = 4 * UNIT
CERTAIN_WORDS = 3 * UNIT // 2
RIGHTS_WORDS = 40 * UNIT
COOKIES_WORDS = 60 * UNIT
MOST_WORDS = 150
"""Longer lines are not searched for phrases."""
LONGEST_PHRASE = 32
EDGE_RUN = 4
LONGEST_TABLE = 8


@kernel()
def count_separators(data: np.ndarray, start: Any, end: Any) -> Any:
    """Marks between items: | > / and their like, with a blank on both sides."""
    count = np.int64(0)
    for position in range(start + 1, end - 1):
        byte = data[position]
        if data[position - 1] != 0x20:
            continue
        if byte == 0x7C or byte == 0x3E or byte == 0x2F:
            count += data[position + 1] == 0x20
        elif byte == 0xC2 and position + 2 < end:
            mark = data[position + 1]
            count += (mark == 0xB7 or mark == 0xBB) and data[position + 2] == 0x20
        elif byte == 0xE2 and position + 3 < end and data[position + 3] == 0x20:
            mark = data[position + 2]
            count += data[position + 1] == 0x80 and (mark == 0xBA or mark == 0xA2)
    return count


@kernel()
def has_copyright(data: np.ndarray, start: Any, end: Any) -> Any:
    """Whether the copyright sign stands in a line."""
    for position in range(start, end - 1):
        if data[position] == 0xC2 and data[position + 1] == 0xA9:
            return True
    return False


@kernel()
def phrases_of(prefix: np.ndarray, count: Any, keys: np.ndarray, flags: np.ndarray) -> Any:
    """Flags of the phrases in a line of ``count`` words, by their running hashes."""
    bits = np.int64(0)
    while np.int64(1) << bits < len(keys):
        bits += 1
    found = np.int64(0)
    first = power(1)
    for position in range(count):
        slot = find_slot(keys, bits, sequence_hash(prefix, position, 1, first))
        if keys[slot] == 0 or flags[slot] & BEGINS == 0:
            continue
        for order in range(1, min(count - position, LONGEST_PHRASE) + 1):
            key = sequence_hash(prefix, position, order, power(order))
            slot = find_slot(keys, bits, key)
            if keys[slot] == key:
                found |= flags[slot] & (RIGHTS | COOKIES)
                if order == count:
                    found |= flags[slot] & WHOLE_LINE
    return found


@kernel()
def is_part_of_a_text(first: Any) -> Any:
    """Whether a line begins like a heading, a row, a note, an item (# | [ 1), or indented."""
    return first in (0x23, 0x7C, 0x5B) or first <= 0x20 or 0x30 <= first <= 0x39


@kernel()
def kind_of_line(
    data: np.ndarray, start: Any, end: Any, words: Any, lines: Any, totals: Any, tables: Any
) -> Any:
    """What a scanned line is (EMPTY ... CERTAIN); ``tables``: keys and flags of phrases."""
    if totals[LINES] == 0:
        return EMPTY
    keys, phrase_flags = tables
    length, size, flags = lines[1][0], lines[2][0], lines[3][0]
    count = totals[WORDS]
    said = np.int64(0)
    if count <= MOST_WORDS and size <= COOKIES_WORDS:
        heading = data[start] == 0x23
        said = np.int64(0) if heading else phrases_of(words[0], count, keys, phrase_flags)
        if size <= RIGHTS_WORDS and has_copyright(data, start, end):
            said |= RIGHTS
            if size <= GOOD_WORDS:
                return CERTAIN
    if said & WHOLE_LINE:
        return CERTAIN if size >= CERTAIN_WORDS else SAYING
    if said & COOKIES:
        return CONSENT
    if said & RIGHTS and size <= RIGHTS_WORDS:
        return LEGAL
    if size >= LONG_LINE or (size >= GOOD_WORDS and flags & HAS_SENTENCE):
        return GOOD
    if flags & (IS_BULLET | ENDS_SENTENCE) or is_part_of_a_text(data[start]):
        return OTHER
    separators = count_separators(data, start, end)
    if separators > 0 and size <= ITEM_WORDS * (separators + 1):
        return SEPARATED
    if flags & IS_CODE:
        return OTHER
    if size <= BARE_WORDS and length <= BARE_LENGTH and flags & ENDS_WITH_MARK == 0:
        return BARE
    return BARE if flags & IS_LINK else OTHER  # a line that is an address


@kernel()
def is_fence(data: np.ndarray, start: Any, end: Any) -> Any:
    """Whether a line opens or closes a block of Markdown."""
    if end - start < 3 or (data[start] != 0x60 and data[start] != 0x7E):
        return False
    return data[start + 1] == data[start] and data[start + 2] == data[start]


@kernel()
def read_lines(
    data: np.ndarray, start: Any, end: Any, classes: Any, scratch: Any, tables: Any, found: Any
) -> Any:
    """Fill where each line of a document begins and what it is; returns how many there are."""
    words, lines, totals = scratch
    begins, kinds = found
    count = np.int64(0)
    fenced = False
    position = start
    while position <= end:
        stop = position
        while stop < end and data[stop] != NEW_LINE:
            stop += 1
        kind = EMPTY
        fence = is_fence(data, position, stop)
        if fence or fenced:
            kind = OTHER
            fenced = fenced != fence
        elif stop > position:
            scan_document(data, position, stop, classes, words, lines, totals)
            kind = kind_of_line(data, position, stop, words, lines, totals, tables)
        begins[count] = position
        kinds[count] = kind
        count += 1
        position = stop + 1
    begins[count] = end + 1
    return count


@kernel()
def choose_lines(kinds: np.ndarray, count: Any, allowed: Any, removed: np.ndarray) -> None:
    """Fill ``removed`` uint8 [lines]: 0, NOTICES or NAVIGATION."""
    removed[:count] = 0
    first: Any = count
    last: Any = np.int64(-1)
    for number in range(count):
        if kinds[number] == GOOD:
            first = min(first, number)
            last = number
    if last < 0:
        return
    line = np.int64(0)
    while line < count:
        if kinds[line] < BARE:
            line += 1
            continue
        edge = line < first or line > last
        stop = line
        size = np.int64(0)
        final = line
        while stop < count and (kinds[stop] >= BARE or kinds[stop] == EMPTY):
            if kinds[stop] != EMPTY:
                size += 1
                final = stop
            stop += 1
        run = size >= (EDGE_RUN if edge else LONGEST_TABLE)
        title = stop < count and kinds[final] == BARE
        for here in range(line, stop):
            kind = kinds[here]
            if kind == EMPTY or (title and here == final):
                continue
            if kind >= SAYING:
                if edge or run or kind == CERTAIN:
                    removed[here] = allowed & NOTICES
            elif run or (kind == SEPARATED and edge):
                removed[here] = allowed & NAVIGATION
        line = stop


@kernel()
def copy_lines(
    data: np.ndarray, found: Any, count: Any, removed: np.ndarray, out: np.ndarray, here: Any
) -> Any:
    """Copy the lines that stay; empty lines around others are not doubled; returns the end."""
    begins, _ = found
    first = here
    blank = True
    after_removal = False
    for line in range(count):
        if removed[line]:
            after_removal = True
            continue
        empty = begins[line + 1] - begins[line] == 1
        if empty and after_removal and blank:
            continue
        if here > first or (line > 0 and not after_removal):
            out[here] = NEW_LINE
            here += 1
        for k in range(begins[line], begins[line + 1] - 1):
            out[here] = data[k]
            here += 1
        blank = empty
        after_removal = after_removal and empty
    if removed[:count].any():
        while here > first and out[here - 1] == NEW_LINE:
            here -= 1
    return here


_t = array_types()


@kernel(
    (
        _t["u8"], _t["i64"], _t["b1"], _t["u16"], _t["u8"], _t["u64"], _t["u8"],
        _t["i64"].dtype, _t["w_u8"], _t["w_i64"], _t["w_i32"],
    )
)  # fmt: skip
def remove_boilerplate(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    keys: np.ndarray,
    flags: np.ndarray,
    allowed: Any,
    out: np.ndarray,
    out_offsets: np.ndarray,
    counts: np.ndarray,
) -> None:
    """Copy a text column without notices and navigation; dead rows are copied whole.

    ``keys`` and ``flags`` are the table of phrases (``boilerplate``), ``allowed`` NOTICES,
    NAVIGATION or both. ``out`` is as long as the text; ``out_offsets`` int64 [rows + 1] and
    ``counts`` int32 [KINDS * rows], notices first, are filled.
    """
    rows = len(alive)
    largest = np.int64(0)
    for row in range(rows):
        if alive[row]:
            largest = max(largest, offsets[row + 1] - offsets[row])
    most = largest // 2 + 2
    scratch = (
        (np.empty(most, np.uint64), np.empty(most, np.int64)),
        line_arrays(largest),
        np.empty(TOTALS, np.int64),
    )
    tables = (keys, flags)
    found = (np.empty(largest + 3, np.int64), np.empty(largest + 2, np.uint8))
    removed = np.empty(largest + 2, np.uint8)
    here = np.int64(0)
    out_offsets[0] = 0
    for row in range(rows):
        start, end = offsets[row], offsets[row + 1]
        notices = navigation = np.int32(0)
        if alive[row]:
            count = read_lines(data, start, end, (index, blocks), scratch, tables, found)
            choose_lines(found[1], count, allowed, removed)
            for line in range(count):
                notices += removed[line] == NOTICES
                navigation += removed[line] == NAVIGATION
        if notices + navigation > 0:
            here = copy_lines(data, found, count, removed, out, here)
        else:
            for position in range(start, end):
                out[here + position - start] = data[position]
            here += end - start
        out_offsets[row + 1] = here
        counts[row] = notices
        counts[rows + row] = navigation
