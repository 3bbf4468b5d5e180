"""Internet addresses of both versions, and which of them can be somebody's.

The ranges are those of IANA's registries of special-purpose addresses (RFC 6890 and its updates).
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from stages.pii.characters_kernels import is_ascii_word
from stages.pii.shapes_kernels import BLANK, DOT, HYPHEN, SLASH
from stages.text_kernels import hexadecimal

GLOBAL, DOCUMENTATION, SPECIAL = range(3)
"""Reachable from everywhere; reserved for examples, which stand for such; all others (private,
loopback, multicast ...)."""
SMALL = 32
"""Four numbers below are a section or a version unless a word says otherwise."""


@kernel()
def scope_of_ipv4(a: Scalar, b: Scalar, c: Scalar, d: Scalar) -> Scalar:
    """Where an address holds."""
    ab, abc = a << 8 | b, a << 16 | b << 8 | c
    if abc == 0xC00002 or abc == 0xC63364 or abc == 0xCB0071:  # RFC 5737
        return DOCUMENTATION
    special = (
        a == 0
        or a == 10
        or a == 127
        or a >= 224
        or 0x6440 <= ab < 0x6480  # 100.64/10, shared by providers
        or ab == 0xA9FE  # 169.254/16, link-local
        or 0xAC10 <= ab < 0xAC20  # 172.16/12
        or abc == 0xC00000  # 192.0.0/24, protocol assignments
        or abc == 0xC05863  # 192.88.99/24, relays
        or ab == 0xC0A8  # 192.168/16
        or ab == 0xC612  # 198.18/15, benchmarks
        or ab == 0xC613
    )
    return SPECIAL if special else GLOBAL


@kernel()
def ipv4_at(group: Scalar, groups: Scalar, span: tuple) -> tuple:
    """Whether groups ``group`` to ``group + 4`` are an address: (scope or -1, all of it small)."""
    digits, firsts, sizes, gaps, _, _ = span
    if group + 4 > groups:
        return -1, False
    if group > 0 and (
        gaps[group - 1] == DOT or gaps[group - 1] > SLASH or gaps[group - 1] == HYPHEN
    ):
        return -1, False
    if group + 4 < groups and gaps[group + 3] != BLANK and gaps[group + 3] != SLASH:
        return -1, False
    address: Scalar = np.int64(0)
    small: Scalar = True
    for k in range(group, group + 4):
        if sizes[k] > 3 or (k < group + 3 and gaps[k] != DOT):
            return -1, False
        value = np.int64(0)
        for n in range(sizes[k]):
            value = value * 10 + np.int64(digits[firsts[k] + n])
        if value > 255 or (sizes[k] > 1 and digits[firsts[k]] == 0):
            return -1, False
        small &= value < SMALL
        address = address << 8 | value
    scope = scope_of_ipv4(address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255)
    return scope, small


@kernel()
def scope_of_ipv6(first: Scalar, second: Scalar) -> Scalar:
    """Where an address holds, by its first two groups; 2000::/3 is all that is global."""
    if first & 0xE000 != 0x2000:
        return SPECIAL
    if (first == 0x2001 and second == 0xDB8) or (first == 0x3FFF and second < 0x1000):
        return DOCUMENTATION  # RFC 3849, RFC 9637
    return SPECIAL if first == 0x2001 and second < 0x200 else GLOBAL  # 2001::/23, protocols


@kernel()
def hexadecimal_run(data: np.ndarray, at: Scalar, end: Scalar) -> tuple:
    """The value of the hexadecimal digits at ``at`` (capped) and the byte after them."""
    value = np.int64(0)
    while at < end and hexadecimal(data[at]) >= 0:
        value = (value << 4 | hexadecimal(data[at])) & 0xFFFFF
        at += 1
    return value, at


@kernel()
def is_double(data: np.ndarray, at: Scalar, end: Scalar) -> Scalar:
    """Whether ``::`` stands at a place."""
    return at + 1 < end and data[at] == 0x3A and data[at + 1] == 0x3A


@kernel()
def ipv6_at(data: np.ndarray, low: Scalar, at: Scalar, end: Scalar) -> tuple:
    """The address of version 6 around the digit at ``at`` (RFC 4291, 2.2).

    Returns:
        begin, stop: of the address; equal where there is none.
        scope: where it holds.
    """
    begin = at
    while begin > low and (hexadecimal(data[begin - 1]) >= 0 or data[begin - 1] == 0x3A):
        begin -= 1
    groups = doubles = 0
    first = second = np.int64(0)
    place = begin
    if is_double(data, place, end):
        doubles, place = 1, place + 2
    stop = place
    while True:
        value, after = hexadecimal_run(data, place, end)
        if after == place:
            break
        if after - place > 4:
            return at, at, SPECIAL
        groups += 1
        if groups == 1 and doubles == 0:
            first = value
        elif groups == 2 and doubles == 0:
            second = value
        place = stop = after
        if is_double(data, place, end):
            doubles += 1
            place += 2
            stop = place
        elif place + 1 < end and data[place] == 0x3A and hexadecimal(data[place + 1]) >= 0:
            place += 1
        else:
            break
    whole = (doubles == 0 and groups == 8) or (doubles == 1 and 1 <= groups < 8)
    if not whole or stop <= at or (stop < end and is_ascii_word(data[stop])):
        return at, at, SPECIAL
    if is_double(data, stop, end) or (begin > low and is_ascii_word(data[begin - 1])):
        return at, at, SPECIAL
    return begin, stop, scope_of_ipv6(first, second)
