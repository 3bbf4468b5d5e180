"""Kernels of document ids: two 64-bit mixes of (file, position), as hexadecimal text and back."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel

t = array_types()

# The finaliser of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
# generators"; constants of David Stafford's variant 13). It is a bijection on 64 bits.
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, SplitMix64's increment
_SALT = np.uint64(0xD1B54A32D192ED03)  # an odd constant: makes the second mix another function
_RESERVED = np.uint64(0xFFFFFFFFFFFFFFFF)  # marks padding in token shards: never a document
_S27, _S30, _S31 = np.uint64(27), np.uint64(30), np.uint64(31)


@kernel()
def mix64(value: np.uint64) -> np.uint64:
    """Spread a 64-bit value over all bits; different values stay different."""
    value = (value ^ (value >> _S30)) * _FIRST
    value = (value ^ (value >> _S27)) * _SECOND
    return value ^ (value >> _S31)


@kernel()
def document_number(file_key: np.uint64, position: np.int64) -> np.uint64:
    """The first half of an id: one number per (file, position), never 2^64 - 1.

    The position is mixed before it meets the file's key, so that two files never share a run of
    numbers; within a file all numbers differ (but for the one that is moved off 2^64 - 1).
    """
    number = mix64(file_key ^ mix64(np.uint64(position) + _GOLDEN))
    return number - np.uint64(1) if number == _RESERVED else number


@kernel()
def second_number(file_key: np.uint64, position: np.int64) -> np.uint64:
    """The second half of an id, independent of the first."""
    return mix64(mix64(file_key + _SALT) + mix64(np.uint64(position) ^ _SALT))


@kernel()
def _write_hex(number: np.uint64, out: np.ndarray, start: int) -> None:
    """Write 16 lowercase hexadecimal digits."""
    for digit in range(16):
        nibble = np.int64((number >> np.uint64(60 - 4 * digit)) & np.uint64(15))
        out[start + digit] = nibble + (48 if nibble < 10 else 87)


@kernel((t["i64"].dtype, t["i64"], t["w_u8"]))
def write_ids(file_key: int, positions: np.ndarray, out: np.ndarray) -> None:
    """Write the 32 digits of every position.

    Args:
        file_key: the 64 bits of the file's key, as int64.
        positions: int64 [rows].
        out: uint8 [rows * 32], written.
    """
    key = np.uint64(file_key)
    for row in range(len(positions)):
        _write_hex(document_number(key, positions[row]), out, row * 32)
        _write_hex(second_number(key, positions[row]), out, row * 32 + 16)


@kernel((t["u8"], t["i64"], t["w_u64"]))
def parse_numbers(data: np.ndarray, offsets: np.ndarray, out: np.ndarray) -> int:
    """Read the first 16 hexadecimal digits of every text.

    Returns:
        The first row that does not begin with 16 lowercase digits, or -1.
    """
    for row in range(len(offsets) - 1):
        start = offsets[row]
        if offsets[row + 1] - start < 16:
            return row
        number = np.uint64(0)
        for position in range(start, start + 16):
            byte = np.int64(data[position])
            if 48 <= byte <= 57:
                nibble = byte - 48
            elif 97 <= byte <= 102:
                nibble = byte - 87
            else:
                return row
            number = (number << np.uint64(4)) | np.uint64(nibble)
        out[row] = number
    return -1
