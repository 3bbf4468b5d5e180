"""Check digits: whether a row of digits can be the number of its kind.

A step takes the values of digits (a final letter is 10 + its place in the alphabet) and says yes
or no. Rules are those that the issuing bodies publish; each step names what it follows.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel

VERHOEFF_PRODUCT = np.zeros((10, 10), np.uint8)
"""Multiplication in the dihedral group D5 (Verhoeff 1969): r^a s^b, s after five rotations."""
for _a in range(10):
    for _b in range(10):
        _turn = (_a + _b) % 5 if _a < 5 else (_a - _b) % 5
        VERHOEFF_PRODUCT[_a, _b] = _turn if (_a < 5) == (_b < 5) else _turn + 5
VERHOEFF_ROUND = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4], np.uint8)
"""The permutation that Verhoeff applies once more at every place."""

DNI_LETTERS = np.frombuffer(b"TRWAGMYFPDXBNJZSQVHLCKE", np.uint8)
HETU_SIGNS = np.frombuffer(b"0123456789ABCDEFHJKLMNPRSTUVWXY", np.uint8)
CHINESE_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
PESEL_WEIGHTS = np.array([1, 3, 7, 9, 1, 3, 7, 9, 1, 3])
FNR_WEIGHTS = np.array([3, 7, 6, 1, 8, 9, 4, 5, 2, 0, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2])
INN_WEIGHTS = np.array([7, 2, 4, 10, 3, 5, 9, 4, 6, 8, 0, 3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8])
DAYS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@kernel()
def number_at(digits: np.ndarray, at: Scalar, size: Scalar) -> Scalar:
    """The number that ``size`` digits make."""
    value: Scalar = np.int64(0)
    for k in range(at, at + size):
        value = value * 10 + np.int64(digits[k])
    return value


@kernel()
def is_date(month: Scalar, day: Scalar) -> Scalar:
    """Whether some year has this day (the 29th of February included)."""
    return 1 <= month <= 12 and day >= 1 and day <= DAYS[month]


@kernel()
def luhn(digits: np.ndarray, at: Scalar, size: Scalar) -> Scalar:
    """ISO/IEC 7812-1, annex B."""
    total: Scalar = 0
    for k in range(size):
        value = np.int64(digits[at + size - 1 - k])
        if k % 2:
            value = value * 2 - 9 * (value > 4)
        total += value
    return total % 10 == 0


@kernel()
def verhoeff(digits: np.ndarray, at: Scalar, size: Scalar) -> Scalar:
    """Verhoeff's check over D5."""
    state = np.uint8(0)
    for k in range(size):
        value = np.uint8(digits[at + size - 1 - k])
        for _ in range(k % 8):
            value = VERHOEFF_ROUND[value]
        state = VERHOEFF_PRODUCT[state, value]
    return state == 0


@kernel()
def falling(digits: np.ndarray, at: Scalar, size: Scalar, first: Scalar, last: Scalar) -> Scalar:
    """Sum of digits times weights that fall from ``first`` to 2 and go on at ``last``."""
    total = np.int64(0)
    weight = np.int64(first)
    for k in range(size):
        total += weight * np.int64(digits[at + k])
        weight = weight - 1 if weight > 2 else np.int64(last)
    return total


@kernel()
def weighted(
    digits: np.ndarray, at: Scalar, size: Scalar, weights: np.ndarray, first: Scalar
) -> Scalar:
    """Sum of digits times ``weights[first:]``."""
    total = np.int64(0)
    for k in range(size):
        total += weights[first + k] * np.int64(digits[at + k])
    return total


@kernel()
def is_varied(digits: np.ndarray, at: Scalar, size: Scalar) -> Scalar:
    """Whether not all digits are the same one: those pass many checks and are nobody's."""
    varied = False
    for k in range(1, size):
        varied |= digits[at + k] != digits[at]
    return varied


@kernel()
def is_card(digits: np.ndarray, at: Scalar, size: Scalar) -> Scalar:
    """Payment cards: the issuers' ranges and lengths, and Luhn's digit."""
    if not luhn(digits, at, size) or not is_varied(digits, at, size):
        return False
    head = number_at(digits, at, 4)
    if size == 15:
        return head // 100 == 34 or head // 100 == 37  # American Express
    if size == 14:
        return head // 100 == 36 or head // 100 == 38 or 3000 <= head < 3060  # Diners Club
    return (
        head // 1000 == 4  # Visa
        or 5100 <= head < 5600  # Mastercard
        or 2221 <= head <= 2720
        or 2200 <= head <= 2204  # Mir
        or head == 6011  # Discover
        or 6440 <= head < 6600
        or 3528 <= head <= 3589  # JCB
        or head // 100 == 62  # UnionPay
    )


@kernel()
def is_ssn(digits: np.ndarray, at: Scalar) -> Scalar:
    """United States: no area 000, 666 or 9xx, no group 00, no serial 0000 (SSA, since 2011)."""
    area, group = number_at(digits, at, 3), number_at(digits, at + 3, 2)
    serial = number_at(digits, at + 5, 4)
    return area not in (0, 666) and area < 900 and group > 0 and serial > 0


@kernel()
def is_nir(digits: np.ndarray, at: Scalar) -> Scalar:
    """France: sex, year, month (or 20 and more where unknown), place, and 97 less the rest."""
    sex, month = np.int64(digits[at]), number_at(digits, at + 3, 2)
    known = 1 <= month <= 12 or 20 <= month <= 42 or month >= 50
    if sex in (0, 5, 6, 9) or not known or number_at(digits, at + 5, 2) == 0:
        return False
    return 97 - number_at(digits, at, 13) % 97 == number_at(digits, at + 13, 2)


@kernel()
def is_cpf(digits: np.ndarray, at: Scalar) -> Scalar:
    """Brazil, persons: two digits by 11, weights from 10 and from 11 down."""
    first = falling(digits, at, 9, 10, 2) * 10 % 11 % 10
    second = falling(digits, at, 10, 11, 2) * 10 % 11 % 10
    return first == digits[at + 9] and second == digits[at + 10] and is_varied(digits, at, 11)


@kernel()
def is_cnpj(digits: np.ndarray, at: Scalar) -> Scalar:
    """Brazil, companies: as persons, with weights that begin again at 9."""
    first = falling(digits, at, 12, 5, 9) * 10 % 11 % 10
    second = falling(digits, at, 13, 6, 9) * 10 % 11 % 10
    return first == digits[at + 12] and second == digits[at + 13] and is_varied(digits, at, 14)


@kernel()
def is_dni(digits: np.ndarray, at: Scalar, prefix: Scalar) -> Scalar:
    """Spain: the letter that the number's rest by 23 picks; X, Y, Z of foreigners are 0, 1, 2."""
    size = 7 if prefix >= 0 else 8
    value = number_at(digits, at, size) + max(prefix, 0) * 10_000_000
    return digits[at + size] == DNI_LETTERS[value % 23] - 0x41 + 10 and value > 0


@kernel()
def is_chinese(digits: np.ndarray, at: Scalar) -> Scalar:
    """China, GB 11643: province, day of birth, and ISO 7064 mod 11-2 (10 is X)."""
    province, year = number_at(digits, at, 2), number_at(digits, at + 6, 4)
    in_range = (
        11 <= province <= 15
        or 21 <= province <= 23
        or 31 <= province <= 37
        or 41 <= province <= 46
        or 50 <= province <= 54
        or 61 <= province <= 65
        or province in (71, 81, 82, 83)
    )
    born = is_date(number_at(digits, at + 10, 2), number_at(digits, at + 12, 2))
    if not in_range or not born or not 1880 <= year <= 2100:
        return False
    expected = (12 - weighted(digits, at, 17, CHINESE_WEIGHTS, 0) % 11) % 11
    last = np.int64(digits[at + 17])
    return last == expected if expected < 10 else last == 33  # X


@kernel()
def is_thai(digits: np.ndarray, at: Scalar) -> Scalar:
    """Thailand: weights 13 to 2, 11 less the rest; the first digit is a kind of person, 1 to 8."""
    expected = (11 - falling(digits, at, 12, 13, 2) % 11) % 10
    return 1 <= digits[at] <= 8 and digits[at + 12] == expected


@kernel()
def is_korean(digits: np.ndarray, at: Scalar, with_check: Scalar) -> Scalar:
    """Korea: day of birth, century and sex (5 to 8: foreigners, who have a check of their own too).

    Numbers given since October 2020 have no check.
    """
    sex = np.int64(digits[at + 6])
    born = is_date(number_at(digits, at + 2, 2), number_at(digits, at + 4, 2))
    if not born or not 1 <= sex <= 8:
        return False
    if not with_check:
        return True
    total = np.int64(0)
    for k in range(12):
        total += (k % 8 + 2) * np.int64(digits[at + k])
    last = np.int64(digits[at + 12])
    return last == (11 - total % 11) % 10 or (sex >= 5 and last == (13 - total % 11) % 10)


@kernel()
def is_my_number(digits: np.ndarray, at: Scalar) -> Scalar:
    """Japan: weights 6 to 2, then 7 to 2; a rest of 0 or 1 gives 0."""
    rest = falling(digits, at, 11, 6, 7) % 11
    return digits[at + 11] == (0 if rest <= 1 else 11 - rest) and is_varied(digits, at, 12)


@kernel()
def is_nik(digits: np.ndarray, at: Scalar) -> Scalar:
    """Indonesia: province 11 to 96, day of birth (40 more for women); there is no check digit."""
    day = number_at(digits, at + 6, 2)
    born = is_date(number_at(digits, at + 8, 2), day - 40 if day > 40 else day)
    return born and 11 <= number_at(digits, at, 2) <= 96 and number_at(digits, at + 12, 4) > 0


@kernel()
def is_pesel(digits: np.ndarray, at: Scalar) -> Scalar:
    """Poland: day of birth, the month 20, 40, 60 or 80 more by century, and weights 1 3 7 9."""
    month = number_at(digits, at + 2, 2) % 20
    expected = (10 - weighted(digits, at, 10, PESEL_WEIGHTS, 0) % 10) % 10
    return digits[at + 10] == expected and is_date(month, number_at(digits, at + 4, 2))


@kernel()
def is_bsn(digits: np.ndarray, at: Scalar) -> Scalar:
    """The Netherlands: the sum with weights 9 to 2 and -1 divides by 11."""
    total = falling(digits, at, 8, 9, 2) - np.int64(digits[at + 8])
    return total % 11 == 0 and is_varied(digits, at, 9)


@kernel()
def is_swedish(digits: np.ndarray, at: Scalar, size: Scalar) -> Scalar:
    """Sweden: day of birth (60 more for coordination numbers) and Luhn over the last ten."""
    at += size - 10
    day = number_at(digits, at + 4, 2)
    born = is_date(number_at(digits, at + 2, 2), day - 60 if day > 60 else day)
    return born and luhn(digits, at, 10)


@kernel()
def is_turkish(digits: np.ndarray, at: Scalar) -> Scalar:
    """Turkey: the tenth digit from odd and even places, the eleventh from the sum of ten."""
    odd = even = np.int64(0)
    for k in range(9):
        if k % 2:
            even += np.int64(digits[at + k])
        else:
            odd += np.int64(digits[at + k])
    tenth = (odd * 7 - even) % 10
    return digits[at] and digits[at + 9] == tenth and digits[at + 10] == (odd + even + tenth) % 10


@kernel()
def is_steuer_id(digits: np.ndarray, at: Scalar) -> Scalar:
    """Germany: among ten digits one occurs two or three times; ISO 7064 mod 11,10."""
    product = np.int64(10)
    repeated = 0
    for k in range(10):
        earlier = later = 0
        for other in range(10):
            if digits[at + other] == digits[at + k]:
                earlier += other < k
                later += other > k
        if earlier == 0 and later:
            repeated += 1 if later <= 2 else 2
        total = (np.int64(digits[at + k]) + product) % 10
        product = (total + 10 * (total == 0)) * 2 % 11
    return digits[at] and repeated == 1 and digits[at + 10] == (11 - product) % 10


@kernel()
def is_snils(digits: np.ndarray, at: Scalar) -> Scalar:
    """Russia, pension insurance: weights 9 to 1 by 101, 100 is 00."""
    total = falling(digits, at, 8, 9, 2) + np.int64(digits[at + 8])
    return total % 101 % 100 == number_at(digits, at + 9, 2) and is_varied(digits, at, 9)


@kernel()
def is_inn(digits: np.ndarray, at: Scalar) -> Scalar:
    """Russia, tax number of a person: two digits by 11."""
    first = weighted(digits, at, 10, INN_WEIGHTS, 0) % 11 % 10
    second = weighted(digits, at, 11, INN_WEIGHTS, 11) % 11 % 10
    return first == digits[at + 10] and second == digits[at + 11] and is_varied(digits, at, 12)


@kernel()
def is_cuit(digits: np.ndarray, at: Scalar) -> Scalar:
    """Argentina: kind of taxpayer (persons, companies, from 50 on foreign ones), and weights."""
    head = number_at(digits, at, 2)
    expected = 11 - falling(digits, at, 10, 5, 7) % 11
    last = 0 if expected == 11 else 9 if expected == 10 else expected
    known = head in (20, 23, 24, 25, 26, 27, 30, 33, 34, 50, 51, 55)
    return known and digits[at + 10] == last


@kernel()
def is_rut(digits: np.ndarray, at: Scalar, size: Scalar) -> Scalar:
    """Chile: weights 2 to 7 from the right, again and again; 10 is K."""
    total = np.int64(0)
    for k in range(size - 1):
        total += (k % 6 + 2) * np.int64(digits[at + size - 2 - k])
    expected = (11 - total % 11) % 11
    return digits[at + size - 1] == (20 if expected == 10 else expected)


@kernel()
def is_belgian(digits: np.ndarray, at: Scalar) -> Scalar:
    """Belgium: day of birth and 97 less the rest by 97, a 2 before it for those born since 2000.

    Month and day are 0 where they are not known; months are 20 or 40 more for those who do not live
    in Belgium (BIS numbers).
    """
    month, day = number_at(digits, at + 2, 2), number_at(digits, at + 4, 2)
    month -= 20 * min(month // 20, 2)
    born = is_date(month, day) or (month <= 12 and day <= 31 and month * day == 0)
    value, check = number_at(digits, at, 9), number_at(digits, at + 9, 2)
    return born and (97 - value % 97 == check or 97 - (value + 2_000_000_000) % 97 == check)


@kernel()
def is_czech(digits: np.ndarray, at: Scalar) -> Scalar:
    """Czechia, Slovakia: divides by 11; the month 50 more for women, 20 more when days ran out.

    Until 1984 (ten digits: since 1954) a rest of 10 was written as 0.
    """
    month = number_at(digits, at + 2, 2) % 50
    month = month - 20 if month > 20 else month
    rest = number_at(digits, at, 9) % 11
    if 54 <= number_at(digits, at, 2) <= 84:
        rest %= 10
    return digits[at + 9] == rest and is_date(month, number_at(digits, at + 4, 2))


@kernel()
def is_finnish(digits: np.ndarray, at: Scalar) -> Scalar:
    """Finland: day of birth, and the character that the rest by 31 picks."""
    born = is_date(number_at(digits, at + 2, 2), number_at(digits, at, 2))
    sign = np.int64(HETU_SIGNS[number_at(digits, at, 9) % 31])
    return born and digits[at + 9] == (sign - 0x30 if sign < 0x41 else sign - 0x41 + 10)


@kernel()
def is_norwegian(digits: np.ndarray, at: Scalar) -> Scalar:
    """Norway: day of birth (40 more for D numbers) and two digits by 11."""
    day: Scalar = number_at(digits, at, 2)
    first = (11 - weighted(digits, at, 9, FNR_WEIGHTS, 0) % 11) % 11
    second = (11 - weighted(digits, at, 10, FNR_WEIGHTS, 10) % 11) % 11
    born = is_date(number_at(digits, at + 2, 2), day - 40 if day > 40 else day)
    return born and first == digits[at + 9] and second == digits[at + 10]


@kernel()
def is_iranian(digits: np.ndarray, at: Scalar) -> Scalar:
    """Iran: weights 10 to 2 by 11; a rest of 2 and more is taken from 11."""
    rest = falling(digits, at, 9, 10, 2) % 11
    return digits[at + 9] == (rest if rest < 2 else 11 - rest) and is_varied(digits, at, 10)


@kernel()
def is_vietnamese(digits: np.ndarray, at: Scalar) -> Scalar:
    """Vietnam: province 001 to 096, century and sex 0 to 3; there is no check digit."""
    return 1 <= number_at(digits, at, 3) <= 96 and digits[at + 3] <= 3


@kernel()
def mod97(characters: np.ndarray, size: Scalar) -> Scalar:
    """ISO 7064 mod 97-10 over digits and letters (10 to 35), as IBAN uses it."""
    value = np.int64(0)
    for k in range(size):
        character = np.int64(characters[k])
        value = (value * (10 if character < 10 else 100) + character) % 97
    return value
