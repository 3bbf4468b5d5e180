"""Sizes and counts as people write them: "200GB", "2T", and back."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")
_COUNTS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}
_BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}
_BINARY = {"KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40, "PI": 2**50}


def parse_count(value: int | float | str) -> int:
    """A number of things: ``parse_count("2T") == 2_000_000_000_000``.

    Raises:
        ValueError: it is no such number.
    """
    return _parse(value, _COUNTS, "a count such as 4096, 100M, 10B or 2T")


def parse_bytes(value: int | float | str) -> int:
    """A size in bytes: ``parse_bytes("200GB") == 200_000_000_000``; KiB, MiB … are powers of 1024.

    Raises:
        ValueError: it is no such size.
    """
    if isinstance(value, str) and value.strip()[-1:].upper() == "B":
        value = value.strip()[:-1]
    return _parse(value, _BYTES | _BINARY, "a size such as 512MB, 16MiB or 200GB")


def _parse(value: int | float | str, units: dict[str, int], wanted: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not {wanted}")
    if isinstance(value, int | float):
        if value < 0 or value != int(value):
            raise ValueError(f"{value!r} is not {wanted}")
        return int(value)
    match = _NUMBER.fullmatch(value)
    unit = match.group(2).upper() if match else ""
    if not match or unit not in units:
        raise ValueError(f"{value!r} is not {wanted}")
    digits = match.group(1).replace("_", "").replace(",", "")
    whole, _, fraction = digits.partition(".")
    # Integers throughout: a float would turn 0.1T into 99,999,999,999.99.
    return (int(whole + fraction) * units[unit]) // 10 ** len(fraction)


def format_count(number: int | float) -> str:
    """Short form of a count: ``format_count(1_234_567) == "1.23M"``."""
    return _format(number, ["", "K", "M", "B", "T"])


def format_bytes(number: int | float) -> str:
    """Short form of a size: ``format_bytes(1_234_567) == "1.23 MB"``."""
    return _format(number, [" B", " kB", " MB", " GB", " TB", " PB"])


def _format(number: int | float, units: list[str]) -> str:
    value = float(number)
    for unit in units[:-1]:
        if abs(value) < 999.5:
            digits = f"{value:.3g}" if value != int(value) else str(int(value))
            return digits + unit
        value /= 1000
    return f"{value:.3g}{units[-1]}"
