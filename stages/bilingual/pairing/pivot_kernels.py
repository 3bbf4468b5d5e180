"""Documents of many languages that share an entry, brought together two by two."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel

_t = array_types()
_I64 = _t["i64"].dtype


@kernel((_t["i64"], _t["i64"], _t["u8"], _t["i64"], _I64, _t["w_i64"]))
def count_products(
    begins: np.ndarray, members: np.ndarray, met: np.ndarray, numbers: np.ndarray, most: int,
    products: np.ndarray,
) -> None:  # fmt: skip
    """How many pairs of documents each entry brings together.

    Args:
        begins: int64 [entries + 1]: postings ``begins[e]:begins[e + 1]`` are of one entry.
        members: int64 [postings], the language of each document.
        met: uint8 [postings]: 1 where the document need not be found; one of a pair must.
        numbers: int64 [members * members], the pair of two languages, -1 where it is not wanted,
            and of a language with itself.
        most: of one entry; one with more counts as 0.
        products: int64 [entries], written.
    """
    languages = np.int64(np.sqrt(len(numbers)))
    counts = np.zeros((2, languages), np.int64)
    for entry in range(len(products)):
        counts[:, :] = 0
        for at in range(begins[entry], begins[entry + 1]):
            counts[met[at], members[at]] += 1
        total: Scalar = np.int64(0)
        for one in range(languages):
            for other in range(one + 1, languages):
                if numbers[one * languages + other] >= 0:
                    total += counts[0, one] * (counts[0, other] + counts[1, other])
                    total += counts[1, one] * counts[0, other]
        products[entry] = total if total <= most else 0


@kernel((
    _t["i64"], _t["i64"], _t["u8"], _t["i64"], _t["f32"], _t["i64"], _t["i64"], _t["i64"],
    _t["w_i64"], _t["w_i64"], _t["w_i64"], _t["w_f32"],
))  # fmt: skip
def join_languages(
    begins: np.ndarray, members: np.ndarray, met: np.ndarray, documents: np.ndarray,
    values: np.ndarray, numbers: np.ndarray, lefts_of: np.ndarray, products: np.ndarray,
    pairs: np.ndarray, lefts: np.ndarray, rights: np.ndarray, weights: np.ndarray,
) -> None:  # fmt: skip
    """Every two documents of an entry whose languages are a wanted pair, one of them not met.

    Args:
        begins: int64 [entries + 1].
        members: int64 [postings].
        met: uint8 [postings], as for ``count_products``.
        documents: int64 [postings].
        values: float32 [postings].
        numbers: int64 [members * members], as for ``count_products``.
        lefts_of: int64 [pairs], the language on the left of each pair.
        products: int64 [entries], of ``count_products``; an entry with 0 is left out.
        pairs: int64 [sum of the products], written.
        lefts: int64 [the same], written.
        rights: int64 [the same], written.
        weights: float32 [the same], written: the product of both values.
    """
    languages = np.int64(np.sqrt(len(numbers)))
    size: Scalar = np.int64(0)
    for entry in range(len(products)):
        if products[entry] == 0:
            continue
        for one in range(begins[entry], begins[entry + 1]):
            for other in range(one + 1, begins[entry + 1]):
                pair = numbers[members[one] * languages + members[other]]
                if pair < 0 or (met[one] != 0 and met[other] != 0):
                    continue
                first = lefts_of[pair] == members[one]
                pairs[size] = pair
                lefts[size] = documents[one] if first else documents[other]
                rights[size] = documents[other] if first else documents[one]
                weights[size] = values[one] * values[other]
                size += 1
