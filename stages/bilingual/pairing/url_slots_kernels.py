"""The places of an address where a language may be named, and the address without it.

    https://en.example.org/a           host
    https://example.org/zh-cn/a        part of the path
    https://example.org/a_fr.html      end of the file's name, before its endings
    https://example.org/a?hl=th        value of a parameter

A place counts only if what stands there is a code of the language the document is in: ``/it/`` on
an English page is a department.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from formats.identifiers_kernels import mix64
from stages.urls.url_kernels import authority, host, lower

MOST_SLOTS = 24
"""Places looked at in one address."""
LONGEST_CODE = 12

_SEED = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_t = array_types()


@kernel()
def code_byte(byte: Scalar) -> Scalar:
    """A byte as codes are compared: small letters, ``-`` for ``_``."""
    return 0x2D if byte == 0x5F else lower(byte)


@kernel()
def code_hash(data: np.ndarray, begin: Scalar, end: Scalar) -> Scalar:
    """The hash of a code."""
    state = _SEED
    for k in range(begin, end):
        state = (state ^ np.uint64(code_byte(data[k]))) * _PRIME
    return mix64(state) | np.uint64(1)


@kernel()
def looks_like_code(data: np.ndarray, begin: Scalar, end: Scalar) -> Scalar:
    """Two letters or more, and ``-`` or ``_`` between letters or digits; not long."""
    if end - begin < 2 or end - begin > LONGEST_CODE:
        return False
    for k in range(begin, end):
        byte = code_byte(data[k])
        letter = 0x61 <= byte <= 0x7A
        if k < begin + 2 and not letter:
            return False
        if not letter and byte != 0x2D and not 0x30 <= byte <= 0x39:
            return False
    return data[end - 1] != 0x2D and data[end - 1] != 0x5F


@kernel()
def language_of(
    data: np.ndarray, begin: Scalar, end: Scalar, keys: np.ndarray, languages: np.ndarray
) -> Scalar:
    """The number of the language that ``data[begin:end]`` names, 0: none.

    ``zh-cn`` is looked up whole, then as ``zh`` when what follows is as long as a region or script.
    """
    if not looks_like_code(data, begin, end):
        return 0
    mask = np.uint64(len(keys) - 1)
    stop = end
    while True:
        wanted = code_hash(data, begin, stop)
        at = wanted & mask
        while keys[at] != 0:
            if keys[at] == wanted:
                return np.int64(languages[at])
            at = (at + np.uint64(1)) & mask
        if stop < end:
            return 0
        stop = begin
        while stop < end and code_byte(data[stop]) != 0x2D:
            stop += 1
        if stop == end or not 2 <= end - stop - 1 <= 7 or end - stop - 1 == 5:
            return 0


@kernel()
def find_slots(
    data: np.ndarray, at: Scalar, end: Scalar, begins: np.ndarray, ends: np.ndarray,
    cuts: np.ndarray, cut_ends: np.ndarray,
) -> Scalar:  # fmt: skip
    """Where a code may stand, and what goes with it (its delimiter), in order; returns how many."""
    count: Scalar = np.int64(0)
    first, last, _ = host(data, at, end)
    dots, dot = 0, last
    for k in range(first, last):
        if data[k] == 0x2E:
            dot = min(dot, k)
            dots += 1
    if dots >= 2 and looks_like_code(data, first, dot):
        begins[0], ends[0], cuts[0], cut_ends[0] = first, dot, first, dot + 1
        count = 1
    _, path = authority(data, at, end)
    query = path
    while query < end and data[query] != 0x3F and data[query] != 0x23:
        query += 1
    begin = path
    while begin < query and count < MOST_SLOTS - 1:
        stop = begin + 1
        while stop < query and data[stop] != 0x2F:
            stop += 1
        if looks_like_code(data, begin + 1, stop):
            begins[count], ends[count] = begin + 1, stop
            cuts[count], cut_ends[count] = begin, stop
            count += 1
        if stop == query:
            count = find_in_name(data, begin + 1, stop, begins, ends, cuts, cut_ends, count)
        begin = stop
    begin = query
    while begin < end and data[begin] != 0x23 and count < MOST_SLOTS:
        stop = begin + 1
        equals = np.int64(-1)
        while stop < end and data[stop] not in (0x26, 0x3B, 0x23):
            if data[stop] == 0x3D and equals < 0:
                equals = stop
            stop += 1
        if equals > 0 and looks_like_code(data, equals + 1, stop):
            begins[count], ends[count] = equals + 1, stop
            cuts[count], cut_ends[count] = begin, stop
            count += 1
        begin = stop
    return count


@kernel()
def find_in_name(
    data: np.ndarray, first: Scalar, last: Scalar, begins: np.ndarray, ends: np.ndarray,
    cuts: np.ndarray, cut_ends: np.ndarray, count: Scalar,
) -> Scalar:  # fmt: skip
    """Slots of a file's name: behind ``.``, ``_`` or ``-``, up to a dot or the end."""
    for begin in range(first, last):
        before = begin == first or data[begin - 1] in (0x2E, 0x5F, 0x2D)
        if not before or count >= MOST_SLOTS - 1:
            continue
        end = begin
        while end < last and data[end] != 0x2E:
            end += 1
        whole = begin == first and end == last  # a part of the path like any other
        if not whole and looks_like_code(data, begin, end):
            begins[count], ends[count] = begin, end
            cuts[count] = begin if begin == first else begin - 1
            cut_ends[count] = end
            count += 1
    return count


@kernel((
    _t["u8"], _t["i64"], _t["i64"], _t["u64"], _t["i64"], _t["w_u8"], _t["w_i64"], _t["w_b1"],
))  # fmt: skip
def without_codes(
    data: np.ndarray, offsets: np.ndarray, spoken: np.ndarray, keys: np.ndarray,
    languages: np.ndarray, out: np.ndarray, out_offsets: np.ndarray, named: np.ndarray,
) -> None:  # fmt: skip
    """Write each address without scheme, ``www.``, fragment and the codes of its own language.

    Args:
        data: uint8.
        offsets: int64 [urls + 1].
        spoken: int64 [urls]: number of the document's language.
        keys: uint64 [a power of two], 0 where empty: hashes of codes.
        languages: int64 [the same]: the language that each names.
        out: uint8 [bytes of all], written.
        out_offsets: int64 [urls + 1], written; an empty address stays empty.
        named: bool [urls], written: whether a code was left out.
    """
    begins, ends = np.empty(MOST_SLOTS, np.int64), np.empty(MOST_SLOTS, np.int64)
    cuts, cut_ends = np.empty(MOST_SLOTS, np.int64), np.empty(MOST_SLOTS, np.int64)
    size = np.int64(0)
    out_offsets[0] = 0
    for url in range(len(offsets) - 1):
        start, end = offsets[url], offsets[url + 1]
        named[url] = False
        count = find_slots(data, start, end, begins, ends, cuts, cut_ends)
        at, host_end, _ = host(data, start, end)
        slot = 0
        base = size
        opens = False
        while at < end and data[at] != 0x23:
            while slot < count and cuts[slot] < at:
                slot += 1
            if slot < count and cuts[slot] == at:
                name = language_of(data, begins[slot], ends[slot], keys, languages)
                if name > 0 and name == spoken[url]:
                    named[url] = True
                    opens = opens or data[at] == 0x3F
                    at = cut_ends[slot]
                    continue
                slot += 1
                continue
            if size == base and host_end - at > 4 and data[at + 3] == 0x2E and (
                lower(data[at]) == 0x77 and lower(data[at + 1]) == 0x77
                and lower(data[at + 2]) == 0x77
            ):  # fmt: skip
                at += 4
                continue
            out[size] = lower(data[at]) if at < host_end else data[at]
            if opens and data[at] == 0x26:  # the first parameter went, the next one opens
                out[size] = 0x3F
                opens = False
            size += 1
            at += 1
        while size > base and out[size - 1] in (0x2F, 0x3F):
            size -= 1
        out_offsets[url + 1] = size


@kernel((
    _t["u8"], _t["i64"], _t["w_i64"], _t["w_u64"], _t["w_u64"], _t["w_i64"], _t["w_i64"],
))  # fmt: skip
def possible_codes(
    data: np.ndarray, offsets: np.ndarray, urls: np.ndarray, patterns: np.ndarray,
    codes: np.ndarray, begins: np.ndarray, ends: np.ndarray,
) -> int:  # fmt: skip
    """Everything that might be a code, with the address around it.

    Args:
        data: uint8.
        offsets: int64 [urls + 1].
        urls: int64 [room of ``MOST_SLOTS`` an address], written: the address.
        patterns: uint64, written: a hash of the address without what might be a code.
        codes: uint64, written: a hash of that.
        begins: int64, written: where it stands in ``data``.
        ends: int64, written.

    Returns:
        How many were written.
    """
    at: Scalar = np.int64(0)
    starts, stops = np.empty(MOST_SLOTS, np.int64), np.empty(MOST_SLOTS, np.int64)
    cuts, cut_ends = np.empty(MOST_SLOTS, np.int64), np.empty(MOST_SLOTS, np.int64)
    for url in range(len(offsets) - 1):
        first, end = offsets[url], offsets[url + 1]
        count = find_slots(data, first, end, starts, stops, cuts, cut_ends)
        begin, _, _ = host(data, first, end)
        for slot in range(count):
            state = _SEED
            for k in range(begin, end):
                if data[k] == 0x23:
                    break
                byte = np.uint64(data[k])
                if starts[slot] <= k < stops[slot]:
                    byte = np.uint64(0)
                    if k > starts[slot]:
                        continue
                state = (state ^ byte) * _PRIME
            urls[at], patterns[at] = url, mix64(state)
            codes[at] = code_hash(data, starts[slot], stops[slot])
            begins[at], ends[at] = starts[slot], stops[slot]
            at += 1
    return at
