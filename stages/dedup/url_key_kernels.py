"""Canonical URLs, byte by byte: two spellings of one address become one key.

``stages.dedup.url_keys`` states the rule; the steps here are its parts.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.text_kernels import hexadecimal
from stages.urls.url_kernels import authority, host, lower

t = array_types()

SORTED_PARAMETERS = 64
"""A query of more parameters is left in its order: sorting takes the square of their number."""


@kernel()
def is_unreserved(byte: Scalar) -> Scalar:
    """Whether a byte means the same percent-encoded (RFC 3986, 2.3), or is not ASCII."""
    letter = 0x61 <= (byte | 0x20) <= 0x7A
    digit = 0x30 <= byte <= 0x39
    return byte >= 0x80 or letter or digit or byte in (0x2D, 0x2E, 0x5F, 0x7E)


@kernel()
def copy_decoded(
    data: np.ndarray, at: Scalar, end: Scalar, out: np.ndarray, size: Scalar
) -> Scalar:
    """Append ``data[at:end]``, percent-encodings brought to one spelling; returns the new size."""
    while at < end:
        byte = data[at]
        if byte == 0x25 and at + 2 < end:
            high, low = hexadecimal(data[at + 1]), hexadecimal(data[at + 2])
            if high >= 0 and low >= 0:
                value = high << 4 | low
                if is_unreserved(value):
                    out[size] = value
                    size += 1
                else:
                    out[size] = 0x25
                    out[size + 1] = high + (0x30 if high < 10 else 0x37)
                    out[size + 2] = low + (0x30 if low < 10 else 0x37)
                    size += 3
                at += 3
                continue
        out[size] = byte
        size += 1
        at += 1
    return size


@kernel()
def is_tracking(
    data: np.ndarray, begin: Scalar, end: Scalar, names: np.ndarray, name_offsets: np.ndarray
) -> Scalar:
    """Whether a parameter's name is on the list; an entry that ends in ``*`` is a prefix."""
    stop = begin
    while stop < end and data[stop] != 0x3D:
        stop += 1
    for entry in range(len(name_offsets) - 1):
        first, last = name_offsets[entry], name_offsets[entry + 1]
        prefix = names[last - 1] == 0x2A
        length = last - first - (1 if prefix else 0)
        if stop - begin < length or (not prefix and stop - begin != length):
            continue
        k = 0
        while k < length and lower(data[begin + k]) == names[first + k]:
            k += 1
        if k == length:
            return True
    return False


@kernel()
def comes_before(data: np.ndarray, a: Scalar, a_end: Scalar, b: Scalar, b_end: Scalar) -> Scalar:
    """Whether ``data[a:a_end]`` sorts before ``data[b:b_end]``, byte by byte."""
    while a < a_end and b < b_end:
        if data[a] != data[b]:
            return data[a] < data[b]
        a += 1
        b += 1
    return a == a_end and b < b_end


@kernel()
def copy_query(
    data: np.ndarray, at: Scalar, end: Scalar, names: np.ndarray, name_offsets: np.ndarray,
    scratch: np.ndarray, begins: np.ndarray, stops: np.ndarray, out: np.ndarray, size: Scalar,
) -> Scalar:  # fmt: skip
    """Append a query without tracking parameters, the others sorted; returns the new size."""
    count = written = 0
    while at < end:
        stop = at
        while stop < end and data[stop] != 0x26:
            stop += 1
        if (  # an ampersand that was escaped for HTML: &amp;name=
            stop - at > 4 and data[at] == 0x61 and data[at + 1] == 0x6D
            and data[at + 2] == 0x70 and data[at + 3] == 0x3B
        ):  # fmt: skip
            at += 4
        if stop > at and not is_tracking(data, at, stop, names, name_offsets):
            begins[count] = written
            written = copy_decoded(data, at, stop, scratch, written)
            stops[count] = written
            count += 1
        at = stop + 1
    for place in range(count):
        chosen = place
        if count <= SORTED_PARAMETERS:
            for i in range(place + 1, count):
                if comes_before(scratch, begins[i], stops[i], begins[chosen], stops[chosen]):
                    chosen = i
        out[size] = 0x26 if place else 0x3F
        size += 1
        for k in range(begins[chosen], stops[chosen]):
            out[size] = scratch[k]
            size += 1
        begins[chosen], stops[chosen] = begins[place], stops[place]
    return size


@kernel()
def copy_host(
    data: np.ndarray, at: Scalar, end: Scalar, out: np.ndarray, size: Scalar
) -> tuple[Scalar, Scalar]:
    """Append scheme (unless http or https), host and port; returns the new size and the path."""
    begin, path = authority(data, at, end)
    first, last, _ = host(data, at, end)
    web = begin - at in (7, 8) and lower(data[at]) == 0x68 and lower(data[at + 3]) == 0x70
    if begin > at + 2 and not web:
        for k in range(at, begin):
            out[size] = lower(data[k])
            size += 1
    dots = 0
    for k in range(first, last):
        dots += data[k] == 0x2E
    if (
        dots > 1 and last - first > 4 and data[first + 3] == 0x2E and lower(data[first]) == 0x77
        and lower(data[first + 1]) == 0x77 and lower(data[first + 2]) == 0x77
    ):  # fmt: skip
        first += 4
    for k in range(first, last):
        out[size] = lower(data[k])
        size += 1
    port = last
    while port < path and data[port] in (0x5D, 0x2E):
        port += 1
    length = path - port
    standard = length == 1 or (length == 3 and data[port + 1] == 0x38 and data[port + 2] == 0x30)
    standard |= (
        length == 4 and data[port + 1] == 0x34 and data[port + 2] == 0x34 and data[port + 3] == 0x33
    )
    if not standard:
        for k in range(port, path):
            out[size] = data[k]
            size += 1
    return size, path


@kernel(
    (
        t["u8"], t["i64"], t["b1"], t["u8"], t["i64"], t["w_u8"], t["w_i64"],
    )
)  # fmt: skip
def canonical_urls(
    data: np.ndarray,
    offsets: np.ndarray,
    wanted: np.ndarray,
    names: np.ndarray,
    name_offsets: np.ndarray,
    out: np.ndarray,
    out_offsets: np.ndarray,
) -> None:
    """Write the canonical form of every URL; empty where not wanted.

    Args:
        data: uint8 [bytes].
        offsets: int64 [urls + 1].
        wanted: bool [urls].
        names: uint8, names of tracking parameters in lower case.
        name_offsets: int64 [names + 1].
        out: uint8, written; as many bytes as the URLs have do.
        out_offsets: int64 [urls + 1], written.
    """
    longest = 0
    for url in range(len(wanted)):
        longest = max(longest, offsets[url + 1] - offsets[url])
    scratch = np.empty(longest + 1, np.uint8)
    begins, stops = np.empty(longest + 1, np.int64), np.empty(longest + 1, np.int64)
    size = np.int64(0)
    out_offsets[0] = 0
    for url in range(len(wanted)):
        at, end = offsets[url], offsets[url + 1]
        while at < end and data[at] <= 0x20:
            at += 1
        while at < end and data[end - 1] <= 0x20:
            end -= 1
        if wanted[url] and at < end:
            size, path = copy_host(data, at, end, out, size)
            fragment = path
            while fragment < end and data[fragment] != 0x23:
                fragment += 1
            query = path
            while query < fragment and data[query] != 0x3F:
                query += 1
            last = query
            while last > path and data[last - 1] == 0x2F:
                last -= 1
            size = copy_decoded(data, path, last, out, size)
            size = copy_query(
                data, query + 1, fragment, names, name_offsets, scratch, begins, stops, out, size
            )
            if fragment + 1 < end and data[fragment + 1] == 0x21:
                size = copy_decoded(data, fragment, end, out, size)
        out_offsets[url + 1] = size
