"""One pass over the text of a batch: every place that holds personal data, and of which kind.

The scan runs through text at memory speed until a digit or an at sign; what stands there is read
into a few scratch arrays and judged (``judge_kernels``, ``email_kernels``, ``tokens_kernels``,
``ip_kernels``). Nothing is written but the findings: row, first byte, byte after the last, kind.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.pii.characters_kernels import (
    AT,
    PLUS,
    is_ascii_digit,
    is_ascii_letter,
    may_begin,
    may_end,
    next_trigger,
    read,
    read_back,
)
from stages.pii.context_kernels import context_before
from stages.pii.email_kernels import email_at
from stages.pii.ip_kernels import hexadecimal, ipv4_at, ipv6_at
from stages.pii.judge_kernels import (
    BOOK_WORD,
    FEWEST_PHONE_DIGITS,
    IP_WORD,
    KIND_WORD_SHIFT,
    PHONE_WORD,
    VERSION_WORD,
    digits_between,
    is_wanted,
    number_from,
)
from stages.pii.shapes_kernels import (
    EMAIL,
    IP,
    OPEN,
    SLASH,
)
from stages.pii.spans_kernels import SPAN_DIGITS, Span, closes, is_break, read_span
from stages.pii.tokens_kernels import token_at

t = array_types()
u64, i64 = t["u64"].dtype, t["i64"].dtype

SCRATCH = 64
"""Entries of every scratch array: more than a span's groups and digits, and than an IBAN's."""
NEXT_ROW, FOUND = 0, 1
"""Places in the state of a scan."""


@kernel()
def emit(found: tuple, count: Scalar, begin: Scalar, stop: Scalar, kind: Scalar) -> Scalar:
    """Write a finding; returns how many there are. One too many is only counted."""
    begins, stops, kinds = found
    if count < len(kinds):
        begins[count] = begin
        stops[count] = stop
        kinds[count] = kind
    return count + 1


@kernel()
def scan_token(
    data: np.ndarray,
    low: Scalar,
    at: Scalar,
    end: Scalar,
    request: tuple,
    tables: tuple,
    found: tuple,
    count: Scalar,
) -> tuple:
    """Judge the token around the digit at ``at``, which letters precede: (next place, findings)."""
    _, wanted, _, _ = request
    begin = at
    while begin > low and (is_ascii_letter(data[begin - 1]) or is_ascii_digit(data[begin - 1])):
        begin -= 1
    stop = at
    while stop < end and (is_ascii_letter(data[stop]) or is_ascii_digit(data[stop])):
        stop += 1
    characters, words, scratch = tables[0], tables[3], tables[4]
    if at - begin > 6 or not may_begin(data, low, begin, characters):
        return stop, count
    kind, last, strong = token_at(data, begin, stop, end, scratch)
    if kind < 0 or not is_wanted(wanted, kind) or not may_end(data, last, end, characters):
        return stop, count
    if not strong:
        bits, _ = context_before(data, low, begin, words)
        if not is_wanted(bits, kind + KIND_WORD_SHIFT):
            return stop, count
    return last, emit(found, count, begin, last, kind)


@kernel()
def looks_like_ipv6(data: np.ndarray, low: Scalar, at: Scalar, end: Scalar) -> Scalar:
    """Whether a colon stands at either end of the hexadecimal digits around ``at``."""
    place = at
    while place < end and place < at + 5 and hexadecimal(data[place]) >= 0:
        place += 1
    if place < end and data[place] == 0x3A:
        return True
    place = at
    while place > low and place > at - 5 and hexadecimal(data[place - 1]) >= 0:
        place -= 1
    return place > low and data[place - 1] == 0x3A


@kernel()
def before_span(data: np.ndarray, low: Scalar, at: Scalar, end: Scalar, characters: tuple) -> tuple:
    """What belongs to the number that begins with the digit at ``at``: (begin, bracket, plus)."""
    if at <= low:
        return at, False, False
    kind, earlier = read_back(data, low, at, characters)
    if kind == OPEN and closes(data, at, end, characters):
        return earlier, True, False
    if kind != PLUS:
        return at, False, False
    if earlier > low:
        kind, bracket = read_back(data, low, earlier, characters)
        if kind == OPEN and closes(data, at, end, characters):
            return bracket, True, True
    return earlier, False, True


@kernel()
def scan_span(
    data: np.ndarray,
    low: Scalar,
    at: Scalar,
    end: Scalar,
    request: tuple,
    tables: tuple,
    found: tuple,
    count: Scalar,
) -> tuple:
    """Judge the digit groups that begin at ``at``: (next place, findings)."""
    characters, _, _, words, _, span = tables
    _, wanted, most, _ = request
    begin, opened, plus = before_span(data, low, at, end, characters)
    groups, letter = read_span(data, at, end, opened, span, characters)
    _, _, _, gaps, begins, ends = span
    if opened and groups == 1:
        opened = False
        begin = begin + 1 if plus else at
    free = may_begin(data, low, begin, characters)
    assigned = begin > low and data[begin - 1] == 0x3D
    after = ends[groups - 1]
    group = 0
    ended = 0
    while group < groups:
        # Behind a slash a number begins only where one ended: not in /2013/05/09/3068229.
        if group > 0 and (
            not is_break(gaps[group - 1]) or (group != ended and gaps[group - 1] == SLASH)
        ):
            group += 1
            continue
        here = begins[group] if group > 0 else begin
        scope, small = ipv4_at(group, groups, span)
        if scope >= 0 and (free or assigned or group > 0):
            stop = ends[group + 3]
            may = group + 4 < groups or may_end(data, stop, end, characters)
            may |= stop < end and data[stop] == 0x3A  # a port
            if may and scope <= most and is_wanted(wanted, IP):
                bits, _ = context_before(data, low, here, words)
                named = bits & np.uint64(IP_WORD) != 0
                if bits & np.uint64(VERSION_WORD) == 0 and (named or not small):
                    count = emit(found, count, begins[group], stop, IP)
            group += 4
            ended = group
            continue
        if digits_between(group, groups, span) < FEWEST_PHONE_DIGITS:
            break
        if group == 0 and not free:
            group += 1
            continue
        bits = context_before(data, low, here, words)
        if bits[0] & np.uint64(BOOK_WORD) and not bits[0] & np.uint64(PHONE_WORD):
            break
        marks = (opened and group == 0, plus and group == 0)
        kind, last, stop = number_from(
            data, end, group, groups, marks, letter, request, bits, tables
        )
        if kind >= 0:
            count = emit(found, count, here, stop, kind)
            after = max(after, stop)
            group = ended = last
        else:
            group += 1
    return after, count


@kernel()
def scan_document(
    data: np.ndarray,
    low: Scalar,
    end: Scalar,
    request: tuple,
    tables: tuple,
    found: tuple,
    count: Scalar,
) -> Scalar:
    """Find everything in ``data[low:end]``; returns the number of findings so far."""
    characters = tables[0]
    _, wanted, most, _ = request
    _, stops, _ = found
    place = low
    floor = low
    while True:
        place = next_trigger(data, place, end, characters)
        if place >= end:
            return count
        kind, after = read(data, place, characters)
        before = count
        if kind == AT:
            if is_wanted(wanted, EMAIL):
                begin, stop = email_at(data, floor, place, after, end, characters)
                if stop > begin:
                    count = emit(found, count, begin, stop, EMAIL)
                    after = stop
            place = after
        else:
            begin, stop, scope = place, place, 0
            if looks_like_ipv6(data, floor, place, end):
                begin, stop, scope = ipv6_at(data, floor, place, end)
            if stop > begin:
                if is_wanted(wanted, IP) and scope <= most and stop - begin > 5:
                    count = emit(found, count, begin, stop, IP)
                place = stop
            elif data[place] < 0x80 and place > floor and is_ascii_letter(data[place - 1]):
                place, count = scan_token(data, floor, place, end, request, tables, found, count)
            else:
                place, count = scan_span(data, floor, place, end, request, tables, found, count)
        if before < count <= len(stops):
            floor = stops[count - 1]


@kernel(
    (
        t["u8"], t["i64"], t["b1"], t["i64"], u64, i64, t["u16"], t["u8"], t["u64"], t["i64"],
        t["u64"], t["u32"], t["u32"], t["u8"], t["i64"], t["u64"], t["u8"], t["i64"], t["w_i64"],
        t["w_i64"], t["w_i64"], t["w_i64"], t["w_i64"],
    )
)  # fmt: skip
def scan(
    data: np.ndarray,
    offsets: np.ndarray,
    alive: np.ndarray,
    languages: np.ndarray,
    wanted: int,
    most_scope: int,
    character_index: np.ndarray,
    character_blocks: np.ndarray,
    shape_keys: np.ndarray,
    shape_places: np.ndarray,
    layouts: np.ndarray,
    phone_digits: np.ndarray,
    trunk_digits: np.ndarray,
    word_bytes: np.ndarray,
    word_offsets: np.ndarray,
    word_groups: np.ndarray,
    word_flags: np.ndarray,
    word_buckets: np.ndarray,
    rows: np.ndarray,
    begins: np.ndarray,
    stops: np.ndarray,
    kinds: np.ndarray,
    state: np.ndarray,
) -> None:
    """Find personal data in living documents, from row ``state[NEXT_ROW]`` on.

    Args:
        data: uint8 [bytes].
        offsets: int64 [rows + 1].
        alive: bool [rows].
        languages: int64 [rows], numbers of ``layouts.Tables.languages``, 0 for others.
        wanted: a bit per kind.
        most_scope: the last scope of addresses that is wanted (``ip_kernels``).
        character_index: of ``number_characters``.
        character_blocks: of ``number_characters``.
        shape_keys: of ``layouts.Tables``.
        shape_places: of ``layouts.Tables``.
        layouts: of ``layouts.Tables``.
        phone_digits: of ``layouts.Tables``.
        trunk_digits: of ``layouts.Tables``.
        word_bytes: of ``contexts.Words``, as the four after it.
        word_offsets: see above.
        word_groups: see above.
        word_flags: see above.
        word_buckets: see above.
        rows: int64 [room], written from ``state[FOUND]`` on: the row of each finding.
        begins: int64 [room]: its first byte in ``data``.
        stops: int64 [room]: the byte after it.
        kinds: int64 [room]: its kind.
        state: int64 [2], renewed: the first row that is not scanned, because what is in it does not
            fit, and the number of findings.
    """
    span = Span(
        np.zeros(SPAN_DIGITS + 32, np.uint8),
        np.zeros(SCRATCH, np.int64),
        np.zeros(SCRATCH, np.int64),
        np.zeros(SCRATCH, np.int64),
        np.zeros(SCRATCH, np.int64),
        np.zeros(SCRATCH, np.int64),
    )
    tables = (
        (character_index, character_blocks),
        (shape_keys, shape_places, layouts),
        phone_digits,
        (word_bytes, word_offsets, word_groups, word_flags, word_buckets),
        np.zeros(SCRATCH, np.uint8),
        span,
    )
    found = (begins, stops, kinds)
    count = state[FOUND]
    for row in range(state[NEXT_ROW], len(alive)):
        earlier = count
        if alive[row]:
            language = languages[row]
            request = (language, np.uint64(wanted), most_scope, trunk_digits[language])
            count = scan_document(
                data, offsets[row], offsets[row + 1], request, tables, found, count
            )
            if count > len(kinds):
                state[NEXT_ROW], state[FOUND] = row, earlier
                return
            rows[earlier:count] = row
    state[NEXT_ROW], state[FOUND] = len(alive), count
