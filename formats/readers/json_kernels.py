"""JSON's grammar (RFC 8259) as steps over a buffer: each returns where its piece ends, or -1.

The steps need no end: a line of a buffer always ends in a line feed, which is neither space here
nor allowed inside a string, so every step stops there at the latest.
"""

from __future__ import annotations

import numpy as np

from formats.compile import kernel
from formats.readers.vector_kernels import string_stops, trailing_zeros

ABSENT, NULL, PLAIN, ESCAPED, NUMBER, LITERAL, NESTED = range(7)
"""What a value is: ``PLAIN`` strings hold no backslash."""

MAX_DEPTH = 250
"""Levels of nesting that are read; orjson writes no more than 254."""

_QUOTE, _BACKSLASH, _COMMA, _COLON = 0x22, 0x5C, 0x2C, 0x3A
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = 0x7B, 0x7D, 0x5B, 0x5D
_HEX_DIGITS = np.full(256, -1, np.int64)
for _digit, _byte in enumerate(b"0123456789abcdef"):
    _HEX_DIGITS[_byte] = _HEX_DIGITS[ord(chr(_byte).upper())] = _digit
_VALUE, _VALUE_OR_CLOSE, _KEY, _KEY_OR_CLOSE, _AFTER = range(5)


@kernel()
def skip_spaces(data: np.ndarray, position: int) -> int:
    """The next byte that is no space, tab or carriage return."""
    while data[position] == 32 or data[position] == 9 or data[position] == 13:
        position += 1
    return position


@kernel()
def hex_value(data: np.ndarray, position: int) -> int:
    """The value of four hexadecimal digits, negative where one is none."""
    return (
        (_HEX_DIGITS[data[position]] << 12)
        | (_HEX_DIGITS[data[position + 1]] << 8)
        | (_HEX_DIGITS[data[position + 2]] << 4)
        | _HEX_DIGITS[data[position + 3]]
    )


@kernel()
def _read_pair(data: np.ndarray, position: int, high: int) -> tuple[int, int]:
    """Read a surrogate pair's second half, where ``high`` is the first; see ``read_escape``."""
    if high < 0xD800 or high > 0xDBFF:
        return -1, 0
    if data[position + 6] != _BACKSLASH or data[position + 7] != 0x75:
        return -1, 0
    low = hex_value(data, position + 8)
    if low < 0xDC00 or low > 0xDFFF:
        return -1, 0
    return position + 12, 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)


@kernel()
def read_escape(data: np.ndarray, position: int) -> tuple[int, int]:
    """Read the escape whose backslash is at ``position``.

    Returns:
        Where it ends, and its code point; (-1, 0) for an unknown escape or half a surrogate pair.
    """
    byte = int(data[position + 1])
    if byte == 0x75:  # u
        code = hex_value(data, position + 2)
        if 0 <= code < 0xD800 or code > 0xDFFF:
            return position + 6, code
        return _read_pair(data, position, code)
    if byte == 0x22 or byte == 0x5C or byte == 0x2F:
        return position + 2, byte
    if byte == 0x6E:  # n
        return position + 2, 10
    if byte == 0x74:  # t
        return position + 2, 9
    if byte == 0x72:  # r
        return position + 2, 13
    if byte == 0x62:  # b
        return position + 2, 8
    if byte == 0x66:  # f
        return position + 2, 12
    return -1, 0


@kernel()
def skip_string(data: np.ndarray, position: int) -> tuple[int, int]:
    """Pass over a string; ``position`` is behind its opening quote.

    Returns:
        The position of the closing quote, or -1; and the kind of string.
    """
    kind = PLAIN
    while True:
        stops = string_stops(data, position)
        if stops == 0:
            position += 32
            continue
        position += trailing_zeros(stops)
        while data[position] == _BACKSLASH:
            position, _ = read_escape(data, position)
            if position < 0:
                return -1, kind
            kind = ESCAPED
        if data[position] == _QUOTE:
            return position, kind
        if data[position] < 0x20:
            return -1, kind


@kernel()
def _skip_digits(data: np.ndarray, position: int) -> int:
    """Pass over one digit or more; -1 without any."""
    start = position
    while 48 <= data[position] <= 57:
        position += 1
    return position if position > start else -1


@kernel()
def skip_number(data: np.ndarray, position: int) -> int:
    """Pass over a number; -1 where it is none."""
    if data[position] == 0x2D:  # -
        position += 1
    if data[position] == 48:
        position += 1
    else:
        position = _skip_digits(data, position)
    if position >= 0 and data[position] == 0x2E:  # .
        position = _skip_digits(data, position + 1)
    if position >= 0 and (data[position] == 0x65 or data[position] == 0x45):  # e, E
        position += 1
        if data[position] == 0x2B or data[position] == 0x2D:
            position += 1
        position = _skip_digits(data, position)
    return position


@kernel()
def skip_scalar(data: np.ndarray, position: int) -> tuple[int, int]:
    """Pass over a string, number, true, false or null; (-1, kind) where it is none."""
    byte = data[position]
    if byte == _QUOTE:
        closing, kind = skip_string(data, position + 1)
        return (closing + 1 if closing >= 0 else -1), kind
    if byte == 0x74:  # true
        if data[position + 1] == 0x72 and data[position + 2] == 0x75 and data[position + 3] == 0x65:
            return position + 4, LITERAL
        return -1, LITERAL
    if byte == 0x66:  # false
        if data[position + 1] == 0x61 and data[position + 2] == 0x6C and data[position + 3] == 0x73:
            return (position + 5 if data[position + 4] == 0x65 else -1), LITERAL
        return -1, LITERAL
    if byte == 0x6E:  # null
        if data[position + 1] == 0x75 and data[position + 2] == 0x6C and data[position + 3] == 0x6C:
            return position + 4, NULL
        return -1, NULL
    return skip_number(data, position), NUMBER


@kernel()
def skip_key(data: np.ndarray, position: int) -> int:
    """Pass over a key that begins at ``position``, and its colon."""
    closing, _ = skip_string(data, position + 1)
    if closing < 0:
        return -1
    position = skip_spaces(data, closing + 1)
    return position + 1 if data[position] == _COLON else -1


@kernel()
def skip_nested(data: np.ndarray, position: int, stack: np.ndarray) -> int:
    """Pass over an object or array with all it holds.

    Args:
        data: the buffer.
        position: the opening bracket.
        stack: uint8 [levels at most], scratch: the open brackets.
    """
    depth = 0
    state = _VALUE
    while True:
        position = skip_spaces(data, position)
        byte = data[position]
        closes = (byte == _CLOSE_OBJECT and state in (_AFTER, _KEY_OR_CLOSE)) or (
            byte == _CLOSE_ARRAY and state in (_AFTER, _VALUE_OR_CLOSE)
        )
        if closes:
            if stack[depth - 1] + 2 != byte:  # "{" + 2 is "}", "[" + 2 is "]"
                return -1
            depth -= 1
            position += 1
            if depth == 0:
                return position
            state = _AFTER
        elif state == _AFTER:
            if byte != _COMMA:
                return -1
            position += 1
            state = _KEY if stack[depth - 1] == _OPEN_OBJECT else _VALUE
        elif state in (_KEY, _KEY_OR_CLOSE):
            position = skip_key(data, position) if byte == _QUOTE else -1
            if position < 0:
                return -1
            state = _VALUE
        elif byte in (_OPEN_OBJECT, _OPEN_ARRAY):
            if depth == len(stack):
                return -1
            stack[depth] = byte
            depth += 1
            position += 1
            state = _KEY_OR_CLOSE if byte == _OPEN_OBJECT else _VALUE_OR_CLOSE
        else:
            position, _ = skip_scalar(data, position)
            if position < 0:
                return -1
            state = _AFTER


@kernel()
def skip_value(data: np.ndarray, position: int, stack: np.ndarray) -> tuple[int, int]:
    """Pass over any value; returns its end (or -1) and its kind."""
    if data[position] in (_OPEN_OBJECT, _OPEN_ARRAY):
        return skip_nested(data, position, stack), NESTED
    return skip_scalar(data, position)


@kernel()
def write_utf8(code: int, out: np.ndarray, position: int) -> int:
    """Write a code point; returns the position behind it."""
    if code < 0x80:
        out[position] = code
        return position + 1
    if code < 0x800:
        out[position] = 0xC0 | (code >> 6)
        out[position + 1] = 0x80 | (code & 0x3F)
        return position + 2
    if code < 0x10000:
        out[position] = 0xE0 | (code >> 12)
        out[position + 1] = 0x80 | ((code >> 6) & 0x3F)
        out[position + 2] = 0x80 | (code & 0x3F)
        return position + 3
    out[position] = 0xF0 | (code >> 18)
    out[position + 1] = 0x80 | ((code >> 12) & 0x3F)
    out[position + 2] = 0x80 | ((code >> 6) & 0x3F)
    out[position + 3] = 0x80 | (code & 0x3F)
    return position + 4
