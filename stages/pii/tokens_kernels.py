"""Numbers that begin with letters: IBAN and the national numbers that are half a name.

A token is a run of ASCII letters and digits; an IBAN may stand in groups of four with blanks.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from stages.pii.characters_kernels import is_ascii_digit, is_ascii_letter, is_ascii_word
from stages.pii.checksum_kernels import (
    is_date,
    is_dni,
    mod97,
)
from stages.pii.shapes_kernels import ES_NIE, GB_NINO, IBAN, IT_CODICE_FISCALE, MX_CURP

IBAN_SIZES = (
    ("AD", 24), ("AE", 23), ("AL", 28), ("AO", 25), ("AT", 20), ("AZ", 28), ("BA", 20), ("BE", 16),
    ("BF", 28), ("BG", 22), ("BH", 22), ("BI", 27), ("BJ", 28), ("BR", 29), ("BY", 28), ("CF", 27),
    ("CG", 27), ("CH", 21), ("CI", 28), ("CM", 27), ("CR", 22), ("CV", 25), ("CY", 28), ("CZ", 24),
    ("DE", 22), ("DJ", 27), ("DK", 18), ("DO", 28), ("DZ", 26), ("EE", 20), ("EG", 29), ("ES", 24),
    ("FI", 18), ("FK", 18), ("FO", 18), ("FR", 27), ("GA", 27), ("GB", 22), ("GE", 22), ("GI", 23),
    ("GL", 18), ("GQ", 27), ("GR", 27), ("GT", 28), ("GW", 25), ("HN", 28), ("HR", 21), ("HU", 28),
    ("IE", 22), ("IL", 23), ("IQ", 23), ("IR", 26), ("IS", 26), ("IT", 27), ("JO", 30), ("KM", 27),
    ("KW", 30), ("KZ", 20), ("LB", 28), ("LC", 32), ("LI", 21), ("LT", 20), ("LU", 20), ("LV", 21),
    ("LY", 25), ("MA", 28), ("MC", 27), ("MD", 24), ("ME", 22), ("MG", 27), ("MK", 19), ("ML", 28),
    ("MN", 20), ("MR", 27), ("MT", 31), ("MU", 30), ("MZ", 25), ("NE", 28), ("NI", 28), ("NL", 18),
    ("NO", 15), ("OM", 23), ("PK", 24), ("PL", 28), ("PS", 29), ("PT", 25), ("QA", 29), ("RO", 24),
    ("RS", 22), ("RU", 33), ("SA", 24), ("SC", 31), ("SD", 18), ("SE", 24), ("SI", 19), ("SK", 24),
    ("SM", 27), ("SN", 28), ("SO", 23), ("ST", 25), ("SV", 28), ("TD", 27), ("TG", 28), ("TL", 23),
    ("TN", 24), ("TR", 26), ("UA", 29), ("VA", 22), ("VG", 24), ("XK", 20), ("YE", 30),
)  # fmt: skip
"""Characters of an IBAN by country: the registry of ISO 13616, and those in Africa, and Iran, that
use the form without being in it."""
IBAN_LENGTHS = np.zeros(26 * 26, np.int64)
for _country, _size in IBAN_SIZES:
    IBAN_LENGTHS[(ord(_country[0]) - 65) * 26 + ord(_country[1]) - 65] = _size

CODICE = np.array([1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1])
"""Codice fiscale: 1 letter, 0 digit."""
CODICE_ODD = np.array(
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
)
"""Values at odd places (Decreto ministeriale 345 of 2004); a digit counts as its letter."""
CODICE_MONTHS = np.frombuffer(b"ABCDEHLMPRST", np.uint8)
CURP = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 0])
"""CURP: 1 letter, 0 digit, 2 either."""
NINO = np.array([1, 1, 0, 0, 0, 0, 0, 0, 1])
NINO_NOT_GIVEN = np.frombuffer(b"BGGBKNNKNTTNZZ", np.uint8).reshape(-1, 2)


@kernel()
def fits(data: np.ndarray, at: Scalar, pattern: np.ndarray) -> Scalar:
    """Whether capitals and digits stand where a pattern wants them."""
    for k in range(len(pattern)):
        byte = data[at + k]
        if pattern[k] == 2:
            if not is_ascii_word(byte):
                return False
        elif pattern[k] != is_ascii_letter(byte) or (byte & 0x20 and pattern[k] == 1):
            return False
    return True


@kernel()
def value_of(byte: Scalar) -> Scalar:
    """A digit's value, a letter's 10 to 35."""
    byte = np.int64(byte)
    return byte - 0x30 if byte < 0x3A else (byte & 0xDF) - 0x41 + 10


@kernel()
def is_codice_fiscale(data: np.ndarray, at: Scalar) -> Scalar:
    """Italy: letters of the names, year, month and day of birth, place, and a letter by 26."""
    month = False
    for known in CODICE_MONTHS:
        month |= data[at + 8] == known
    day = value_of(data[at + 9]) * 10 + value_of(data[at + 10])
    total = np.int64(0)
    for k in range(15):
        value = value_of(data[at + k])
        place = value - 10 if value >= 10 else value
        total += CODICE_ODD[place] if k % 2 == 0 else place
    born = 1 <= day <= 31 or 41 <= day <= 71  # 40 more for women
    return month and born and data[at + 15] - 0x41 == total % 26


@kernel()
def is_curp(data: np.ndarray, at: Scalar) -> Scalar:
    """Mexico: letters of the names, birth, H or M, and weights 18 to 2 by 10 (Ñ counts a place)."""
    total = np.int64(0)
    for k in range(17):
        value = value_of(data[at + k])
        total += (value + (value > 23)) * (18 - k)
    month = value_of(data[at + 6]) * 10 + value_of(data[at + 7])
    day = value_of(data[at + 8]) * 10 + value_of(data[at + 9])
    sex = data[at + 10] == 0x48 or data[at + 10] == 0x4D
    return sex and is_date(month, day) and value_of(data[at + 17]) == (10 - total % 10) % 10


@kernel()
def is_nino(data: np.ndarray, at: Scalar) -> Scalar:
    """Britain: letters that are given out, and A to D at the end; there is no check (NIM39110)."""
    for letter in b"DFIQUV":
        if data[at] == letter or data[at + 1] == letter:
            return False
    for first, second in NINO_NOT_GIVEN:
        if data[at] == first and data[at + 1] == second:
            return False
    return data[at + 1] != 0x4F and data[at + 8] <= 0x44


@kernel()
def iban_end(data: np.ndarray, at: Scalar, end: Scalar, characters: np.ndarray) -> Scalar:
    """Where the IBAN that begins at ``at`` ends; ``at`` where it is none.

    ``characters`` is scratch for 40 values.
    """
    first, second = np.int64(data[at]) - 0x41, np.int64(data[at + 1]) - 0x41
    if not (0 <= first < 26 and 0 <= second < 26):
        return at
    size = IBAN_LENGTHS[first * 26 + second]
    place = at
    count = 0
    while place < end and count < size:
        byte = data[place]
        if is_ascii_digit(byte) or 0x41 <= byte <= 0x5A:
            characters[(count - 4) % size] = value_of(byte)  # the first four come last
            count += 1
        elif (byte != 0x20 and byte != 0x2D) or count % 4 or data[place - 1] == byte:
            return at
        place += 1
    if size == 0 or count < size or (place < end and is_ascii_word(data[place])):
        return at
    return place if mod97(characters, size) == 1 else at


@kernel()
def token_at(
    data: np.ndarray, begin: Scalar, stop: Scalar, end: Scalar, scratch: np.ndarray
) -> tuple:
    """The number that the token ``data[begin:stop]``, which begins with a letter, is or begins.

    Returns:
        Its kind (-1: none), its end, and whether it is strong enough without a context word.
    """
    size = stop - begin
    if size == 16 and fits(data, begin, CODICE) and is_codice_fiscale(data, begin):
        return IT_CODICE_FISCALE, stop, True
    if size == 18 and fits(data, begin, CURP) and is_curp(data, begin):
        return MX_CURP, stop, True
    if size == 9 and fits(data, begin, NINO) and is_nino(data, begin):
        return GB_NINO, stop, False
    if size == 9 and 0x58 <= data[begin] <= 0x5A and is_ascii_letter(data[stop - 1]):
        for k in range(1, 9):
            scratch[k - 1] = value_of(data[begin + k])
            if k < 8 and not is_ascii_digit(data[begin + k]):
                return -1, stop, False
        if is_dni(scratch, 0, np.int64(data[begin]) - 0x58):
            return ES_NIE, stop, True
    if size >= 4 and is_ascii_digit(data[begin + 2]) and is_ascii_digit(data[begin + 3]):
        after = iban_end(data, begin, end, scratch)
        if after > begin:
            return IBAN, after, True
    return -1, stop, False
