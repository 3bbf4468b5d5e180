"""How a number is written, as one integer, and which numbers are written so.

A number in text is groups of digits with something between them: ``020 7946 0321`` is three groups
with blanks, ``(212) 555-0143`` begins with a bracket that closes after the first. ``shape`` packs
the sizes of the groups, what stands between and whether a letter ends it into 64 bits, so that all
layouts of all kinds of numbers (``stages.pii.layouts``) are found by one look-up in a hash table.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from stages.pii.checksum_kernels import (
    is_belgian,
    is_bsn,
    is_card,
    is_chinese,
    is_cnpj,
    is_cpf,
    is_cuit,
    is_czech,
    is_date,
    is_dni,
    is_finnish,
    is_inn,
    is_iranian,
    is_korean,
    is_my_number,
    is_nik,
    is_nir,
    is_norwegian,
    is_pesel,
    is_rut,
    is_snils,
    is_ssn,
    is_steuer_id,
    is_swedish,
    is_thai,
    is_turkish,
    is_varied,
    is_vietnamese,
    luhn,
    number_at,
    verhoeff,
)
from stages.pii.registers_kernels import passes_register

NATIONAL = (
    "us_ssn", "fr_nir", "es_dni", "es_nie", "de_steuer_id", "it_codice_fiscale", "br_cpf",
    "br_cnpj", "cn_resident_id", "th_national_id", "kr_rrn", "jp_my_number", "in_aadhaar",
    "id_nik", "pl_pesel", "nl_bsn", "se_personnummer", "tr_tckn", "ru_snils", "ru_inn", "ar_cuit",
    "cl_rut", "mx_curp", "gb_nino", "be_national_number", "cz_rodne_cislo", "fi_hetu",
    "no_fodselsnummer", "dk_cpr", "il_id", "ir_national_code", "vn_cccd", "ch_ahv", "pt_nif",
    "ro_cnp", "gr_amka", "za_id", "ua_rnokpp", "pk_cnic",
)  # fmt: skip
"""National numbers: country (ISO 3166), then what people there call it."""
KINDS: tuple[str, ...] = ("email", "phone", "ip", "credit_card", "iban", *NATIONAL)
"""The number of a kind in kernels is its position here."""
EMAIL, PHONE, IP, CARD, IBAN = range(5)
ES_NIE = KINDS.index("es_nie")
IT_CODICE_FISCALE = KINDS.index("it_codice_fiscale")
MX_CURP = KINDS.index("mx_curp")
GB_NINO = KINDS.index("gb_nino")

NOTHING, BLANK, HYPHEN, DOT, SLASH, OPEN, CLOSE = range(7)
"""What stands between two groups, or (``OPEN``) before the first."""
SIZE_BITS, GAP_BITS = 5, 3
MOST_GROUPS = 7
"""In a layout."""
LETTER_BIT = 1 << (MOST_GROUPS * (SIZE_BITS + GAP_BITS))
SLOTS = 1024
"""Of the hash table of shapes."""
FACTOR = np.uint64(0x9FB21C651E98DF25)
"""Odd multiplier of XXH3 (rrmxmx)."""

PAIRS, ALL_PAIRS, POSTAL_CODE = 1, 2, 4
"""Flags among the bits of lengths with trunk 0: groups may have two digits; all of them may; five
digits, a hyphen and four are a postal code."""
LAST_LANGUAGE_BIT = 63
"""Of layouts: all languages from this number on share it, as no layout names them."""
LEADING_ZERO = 1
"""Flag among the bits of lengths behind a calling code: the first digit may be a 0."""

CHECKS = (
    "card", "us_ssn", "fr_nir", "br_cpf", "br_cnpj", "es_dni", "cn_resident_id", "th_national_id",
    "kr_rrn", "kr_rrn_new", "jp_my_number", "in_aadhaar", "id_nik", "pl_pesel", "nl_bsn",
    "se_personnummer", "tr_tckn", "de_steuer_id", "ru_snils", "ru_inn", "ar_cuit", "cl_rut",
    "be_national_number", "cz_rodne_cislo", "fi_hetu", "no_fodselsnummer", "dk_cpr", "il_id",
    "ir_national_code", "vn_cccd", "phone_nanp", "phone_8", "phone_0", "phone_6_to_9",
    "phone_3", "phone_2_or_6", "phone_cn", "phone_br", "phone_any",
    "ch_ahv", "pt_nif", "ro_cnp", "gr_amka", "za_id", "ua_rnokpp", "pk_cnic",
)  # fmt: skip
"""What a layout's digits must pass; the number in kernels is the position."""


@kernel()
def shape(
    sizes: np.ndarray, gaps: np.ndarray, first: Scalar, last: Scalar, opened: Scalar, letter: Scalar
) -> Scalar:
    """The shape of groups ``first`` to ``last`` (not included), at most ``MOST_GROUPS``.

    Args:
        sizes: digits of each group; a final letter counts.
        gaps: what follows each group.
        first: the first group.
        last: the group after the last.
        opened: whether a bracket stands before the first group.
        letter: whether the last character is a letter.
    """
    key = np.uint64(letter)
    for k in range(first, last):
        gap = gaps[k] if k + 1 < last else (OPEN if opened else NOTHING)
        key = key << np.uint64(SIZE_BITS + GAP_BITS) | np.uint64(sizes[k] << GAP_BITS | gap)
    return key


@kernel()
def find_shape(keys: np.ndarray, key: Scalar) -> Scalar:
    """The slot of a shape, or -1."""
    slot = np.int64((key * FACTOR) >> np.uint64(54))
    while keys[slot] != 0:
        if keys[slot] == key:
            return slot
        slot = (slot + 1) & (SLOTS - 1)
    return -1


@kernel()
def passes(check: Scalar, digits: np.ndarray, at: Scalar, size: Scalar) -> Scalar:
    """Whether the digits of a layout pass its check (a position in ``CHECKS``)."""
    if check >= 39:
        return passes_register(check - 39, digits, at)
    if check >= 30:
        return passes_phone(check, digits, at, size)
    if check < 10:
        return (
            (check == 0 and is_card(digits, at, size))
            or (check == 1 and is_ssn(digits, at))
            or (check == 2 and is_nir(digits, at))
            or (check == 3 and is_cpf(digits, at))
            or (check == 4 and is_cnpj(digits, at))
            or (check == 5 and is_dni(digits, at, -1))
            or (check == 6 and is_chinese(digits, at))
            or (check == 7 and is_thai(digits, at))
            or (check == 8 and is_korean(digits, at, True))
            or (check == 9 and is_korean(digits, at, False))
        )
    if check < 20:
        return (
            (check == 10 and is_my_number(digits, at))
            or (check == 11 and digits[at] >= 2 and verhoeff(digits, at, size))
            or (check == 12 and is_nik(digits, at))
            or (check == 13 and is_pesel(digits, at))
            or (check == 14 and is_bsn(digits, at))
            or (check == 15 and is_swedish(digits, at, size))
            or (check == 16 and is_turkish(digits, at))
            or (check == 17 and is_steuer_id(digits, at))
            or (check == 18 and is_snils(digits, at))
            or (check == 19 and is_inn(digits, at))
        )
    return (
        (check == 20 and is_cuit(digits, at))
        or (check == 21 and is_rut(digits, at, size))
        or (check == 22 and is_belgian(digits, at))
        or (check == 23 and is_czech(digits, at))
        or (check == 24 and is_finnish(digits, at))
        or (check == 25 and is_norwegian(digits, at))
        or (check == 26 and is_danish(digits, at))
        or (check == 27 and luhn(digits, at, 9) and is_varied(digits, at, 9))
        or (check == 28 and is_iranian(digits, at))
        or (check == 29 and is_vietnamese(digits, at))
    )


@kernel()
def is_danish(digits: np.ndarray, at: Scalar) -> Scalar:
    """Denmark: day of birth; numbers given since 2007 need not divide by 11."""
    return is_date(number_at(digits, at + 2, 2), number_at(digits, at, 2))


@kernel()
def passes_phone(check: Scalar, digits: np.ndarray, at: Scalar, size: Scalar) -> Scalar:
    """Whether the digits begin as the country's telephone numbers do."""
    first = digits[at]
    second = digits[at + 1]
    if check == 30:  # North America: area and exchange begin with 2 to 9, an area has no 9 inside
        start = at + size - 10
        prefix = size == 10 or first == 1
        area = digits[start] >= 2 and digits[start + 1] != 9
        return prefix and area and digits[start + 3] >= 2
    if check == 31:
        return first == 8 and (second >= 3 or second == 0)  # Belarus: 8 029 ...
    if check == 32:
        return first == 0 and second >= 1
    if check == 33:
        return 6 <= first <= 9
    if check == 34:
        return first == 3
    if check == 35:
        return first == 2 or (first == 6 and second == 9)
    if check == 36:
        return first == 1 and second >= 3
    if check == 37:  # Brazil: area 11 to 99; nine digits are mobile and begin with 9
        return first >= 1 and second >= 1 and (size == 10 or digits[at + 2] == 9)
    return True
