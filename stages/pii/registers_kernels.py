"""More check digits: numbers of registers of persons, in the manner of ``checksum_kernels``.

Held beside python-stdnum's modules ch.ssn, pt.nif, ro.cnp, gr.amka, za.idnr, ua.rntrc and pk.cnic
(``benchmarks/pii_tables.py``).
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from stages.pii.checksum_kernels import falling, is_date, is_varied, luhn, number_at, weighted

EAN_WEIGHTS = np.array([1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3])
CNP_WEIGHTS = np.array([2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9])
RNOKPP_WEIGHTS = np.array([-1, 5, 7, 9, 4, 6, 10, 5, 7])


@kernel()
def is_ahv(digits: np.ndarray, at: Scalar) -> Scalar:
    """Switzerland, AHV/AVS: the country's 756 and the check digit of an EAN-13."""
    expected = (10 - weighted(digits, at, 12, EAN_WEIGHTS, 0) % 10) % 10
    return number_at(digits, at, 3) == 756 and digits[at + 12] == expected


@kernel()
def is_portuguese(digits: np.ndarray, at: Scalar) -> Scalar:
    """Portugal, tax number: weights 9 to 2 by 11."""
    expected = (11 - falling(digits, at, 8, 9, 2) % 11) % 11 % 10
    return digits[at] > 0 and digits[at + 8] == expected and is_varied(digits, at, 9)


@kernel()
def is_romanian(digits: np.ndarray, at: Scalar) -> Scalar:
    """Romania: sex and century, day of birth, county, weights 279146358279 by 11; 10 is 1."""
    rest = weighted(digits, at, 12, CNP_WEIGHTS, 0) % 11
    born = is_date(number_at(digits, at + 3, 2), number_at(digits, at + 5, 2))
    known = digits[at] > 0 and number_at(digits, at + 7, 2) > 0
    return known and born and digits[at + 12] == (1 if rest == 10 else rest)


@kernel()
def is_greek(digits: np.ndarray, at: Scalar) -> Scalar:
    """Greece, AMKA: day of birth, day first, and Luhn."""
    return is_date(number_at(digits, at + 2, 2), number_at(digits, at, 2)) and luhn(digits, at, 11)


@kernel()
def is_south_african(digits: np.ndarray, at: Scalar) -> Scalar:
    """South Africa: day of birth, citizenship 0 to 2, and Luhn."""
    born = is_date(number_at(digits, at + 2, 2), number_at(digits, at + 4, 2))
    return born and digits[at + 10] <= 2 and luhn(digits, at, 13)


@kernel()
def is_ukrainian(digits: np.ndarray, at: Scalar) -> Scalar:
    """Ukraine, tax number of a person: weights -1 5 7 9 4 6 10 5 7 by 11."""
    rest = weighted(digits, at, 9, RNOKPP_WEIGHTS, 0) % 11 % 10
    return digits[at + 9] == rest and is_varied(digits, at, 10)


@kernel()
def is_pakistani(digits: np.ndarray, at: Scalar) -> Scalar:
    """Pakistan: province 1 to 7, and a last digit for the sex; there is no check."""
    return 1 <= digits[at] <= 7 and digits[at + 12] > 0


@kernel()
def passes_register(check: Scalar, digits: np.ndarray, at: Scalar) -> Scalar:
    """Whether digits pass the check of a register (counted from the first of these)."""
    return (
        (check == 0 and is_ahv(digits, at))
        or (check == 1 and is_portuguese(digits, at))
        or (check == 2 and is_romanian(digits, at))
        or (check == 3 and is_greek(digits, at))
        or (check == 4 and is_south_african(digits, at))
        or (check == 5 and is_ukrainian(digits, at))
        or (check == 6 and is_pakistani(digits, at))
    )
