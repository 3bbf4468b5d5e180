"""What the kernels of ``stages.pii`` do, in plain and slow Python."""

import re
from itertools import cycle

VERHOEFF_D = [
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
]  # fmt: skip
VERHOEFF_P = [
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
]  # fmt: skip


def luhn(digits):
    doubled = [d if k % 2 == 0 else sum(divmod(2 * d, 10)) for k, d in enumerate(digits[::-1])]
    return sum(doubled) % 10 == 0


def verhoeff(digits):
    state = 0
    for k, digit in enumerate(digits[::-1]):
        state = int(VERHOEFF_D[state][int(VERHOEFF_P[k % 8][digit])])
    return state == 0


def total(digits, weights):
    return sum(d * w for d, w in zip(digits, weights, strict=False))


def varied(digits):
    return len(set(digits)) > 1


def date(month, day):
    return (
        1 <= month <= 12 and 1 <= day <= [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    )


def number(digits):
    return int("".join(map(str, digits)))


def day_of_birth(digits, *, day_first=False, month_shift=0, day_shift=0):
    month, day = number(digits[2:4]), number(digits[4:6])
    if day_first:
        day, month = number(digits[:2]), number(digits[2:4])
    return date(month - month_shift, day - day_shift if day > day_shift else day)


def mod11(digits, weights):
    """The digit that brings the sum to a multiple of 11; 10 is 0."""
    return (11 - total(digits, weights) % 11) % 11 % 10


def card(d):
    head = str(number(d)).zfill(len(d))
    ranges = (
        r"4|5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]|6011|64[4-9]|65|352[89]|35[3-8]|62"
    )
    return luhn(d) and varied(d) and re.match(ranges, head) is not None


def ssn(d):
    area, group, serial = number(d[:3]), number(d[3:5]), number(d[5:])
    return area not in (0, 666) and area < 900 and group != 0 and serial != 0


def nir(d):
    month = number(d[3:5])
    known = 1 <= month <= 12 or 20 <= month <= 42 or month >= 50
    place = number(d[5:7]) > 0
    return (
        d[0] in (1, 2, 3, 4, 7, 8)
        and known
        and place
        and number(d[13:]) == 97 - number(d[:13]) % 97
    )


def cpf(d):
    first, second = mod11(d[:9], range(10, 1, -1)), mod11(d[:10], range(11, 1, -1))
    return varied(d) and d[9:] == [first, second]


def cnpj(d):
    weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
    return varied(d) and d[12:] == [mod11(d[:12], weights[1:]), mod11(d[:13], weights)]


def thai(d):
    return 1 <= d[0] <= 8 and d[12] == (11 - total(d, range(13, 1, -1)) % 11) % 10


def korean(d):
    rest = total(d[:12], [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11
    if not (day_of_birth(d) and 1 <= d[6] <= 8):
        return False
    return d[12] == (11 - rest) % 10 or (d[6] >= 5 and d[12] == (13 - rest) % 10)


def my_number(d):
    rest = total(d[:11], [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return varied(d) and d[11] == (0 if rest < 2 else 11 - rest)


def pesel(d):
    month = number(d[2:4]) % 20
    return date(month, number(d[4:6])) and total(d, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 == 0


def bsn(d):
    return varied(d) and total(d, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0


def swedish(d):
    return day_of_birth(d[-10:], day_shift=60) and luhn(d[-10:])


def turkish(d):
    tenth = (7 * sum(d[0:9:2]) - sum(d[1:8:2])) % 10
    return d[0] != 0 and d[9] == tenth and d[10] == sum(d[:10]) % 10


def steuer_id(d):
    counts = sorted(d[:10].count(n) for n in range(10))
    product = 10
    for digit in d[:10]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    repeated = [count for count in counts if count > 1]
    return d[0] != 0 and len(repeated) == 1 and repeated[0] <= 3 and d[10] == (11 - product) % 10


def snils(d):
    return varied(d[:9]) and total(d[:9], range(9, 0, -1)) % 101 % 100 == number(d[9:])


def inn(d):
    first = total(d, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10
    second = total(d, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10
    return varied(d) and d[10:] == [first, second]


def cuit(d):
    last = 11 - total(d[:10], [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    kinds = (20, 23, 24, 25, 26, 27, 30, 33, 34, 50, 51, 55)
    return number(d[:2]) in kinds and d[10] == {11: 0, 10: 9}.get(last, last)


def rut(d):
    weights = [w for w, _ in zip(cycle(range(2, 8)), d[:-1], strict=False)]
    last = (11 - total(d[-2::-1], weights) % 11) % 11
    return d[-1] == (20 if last == 10 else last)


def belgian(d):
    value, check = number(d[:9]), number(d[9:])
    month, day = number(d[2:4]), number(d[4:6])
    if 20 <= month < 40:
        month -= 20
    elif month >= 40:
        month -= 40
    unknown = (month == 0 and day <= 31) or (month <= 12 and day == 0)
    right = check in (97 - value % 97, 97 - (2_000_000_000 + value) % 97)
    return (unknown or date(month, day)) and right


def czech(d):
    month = number(d[2:4]) % 50
    old = 54 <= number(d[:2]) <= 84 and number(d[:9]) % 11 == 10 and d[9] == 0
    right = old or number(d) % 11 == 0
    return right and date(month - 20 if month > 20 else month, number(d[4:6]))


def norwegian(d):
    first = (11 - total(d[:9], [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11) % 11
    second = (11 - total(d[:10], [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11
    return day_of_birth(d, day_first=True, day_shift=40) and d[9:] == [first, second]


def iranian(d):
    rest = total(d[:9], range(10, 1, -1)) % 11
    return varied(d) and d[9] == (rest if rest < 2 else 11 - rest)


def chinese(d):
    provinces = [11, 12, 13, 14, 15, 21, 22, 23, *range(31, 38), *range(41, 47), *range(50, 55),
                 *range(61, 66), 71, 81, 82, 83]  # fmt: skip
    weights = [2 ** (17 - k) % 11 for k in range(17)]
    expected = (12 - total(d[:17], weights) % 11) % 11
    born = 1880 <= number(d[6:10]) <= 2100 and date(number(d[10:12]), number(d[12:14]))
    return number(d[:2]) in provinces and born and d[17] == (33 if expected == 10 else expected)


def nik(d):
    day = number(d[6:8])
    born = date(number(d[8:10]), day - 40 if day > 40 else day)
    return born and 11 <= number(d[:2]) <= 96 and number(d[12:]) > 0


def ahv(d):
    return number(d[:3]) == 756 and total(d, [1, 3] * 6 + [1]) % 10 == 0


def portuguese(d):
    return d[0] != 0 and varied(d) and d[8] == mod11(d[:8], range(9, 1, -1))


def romanian(d):
    rest = total(d[:12], [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
    known = d[0] != 0 and number(d[7:9]) > 0
    return known and day_of_birth(d[1:]) and d[12] == (1 if rest == 10 else rest)


def greek(d):
    return day_of_birth(d, day_first=True) and luhn(d)


def south_african(d):
    return day_of_birth(d) and d[10] <= 2 and luhn(d)


def ukrainian(d):
    return varied(d) and d[9] == total(d, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10


def pakistani(d):
    return 1 <= d[0] <= 7 and d[12] != 0


CHECKS = {
    "card": (16, card), "us_ssn": (9, ssn), "fr_nir": (15, nir), "br_cpf": (11, cpf),
    "br_cnpj": (14, cnpj), "cn_resident_id": (18, chinese), "th_national_id": (13, thai),
    "kr_rrn": (13, korean), "jp_my_number": (12, my_number), "id_nik": (16, nik),
    "in_aadhaar": (12, lambda d: d[0] >= 2 and verhoeff(d)), "pl_pesel": (11, pesel),
    "nl_bsn": (9, bsn), "se_personnummer": (10, swedish), "tr_tckn": (11, turkish),
    "de_steuer_id": (11, steuer_id), "ru_snils": (11, snils), "ru_inn": (12, inn),
    "ar_cuit": (11, cuit), "cl_rut": (9, rut), "be_national_number": (11, belgian),
    "cz_rodne_cislo": (10, czech), "no_fodselsnummer": (11, norwegian),
    "dk_cpr": (10, lambda d: day_of_birth(d, day_first=True)),
    "il_id": (9, lambda d: luhn(d) and varied(d)), "ir_national_code": (10, iranian),
    "ch_ahv": (13, ahv), "pt_nif": (9, portuguese), "ro_cnp": (13, romanian),
    "gr_amka": (11, greek), "za_id": (13, south_african), "ua_rnokpp": (10, ukrainian),
    "pk_cnic": (13, pakistani),
}  # fmt: skip
"""Check -> (digits, whether they pass)."""


def made_number(check, seed):
    """Digits that pass a check: the first ones from a seed, the last found by trying."""
    import random

    size, passes = CHECKS[check]
    draw = random.Random(seed)
    while True:
        digits = [draw.randrange(10) for _ in range(size)]
        if check in ("cn_resident_id", "id_nik"):
            digits[:2] = 3, 2
        if check == "cn_resident_id":
            digits[6:10] = 1, 9, 8, draw.randrange(10)
        if check == "de_steuer_id":
            digits[:10] = draw.sample(range(10), 10)
            digits[9] = digits[draw.randrange(9)]
        if check == "ch_ahv":
            digits[:3] = 7, 5, 6
        if check == "ar_cuit":
            digits[:2] = 2, 7
        for last in range(100):
            digits[-2:] = divmod(last, 10)
            if passes(digits):
                return digits
