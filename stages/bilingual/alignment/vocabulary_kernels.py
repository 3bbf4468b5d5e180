"""Units as small numbers, the same for both languages, and how many sentences hold each."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel
from formats.identifiers_kernels import mix64

_t = array_types()


@kernel((_t["u64"], _t["w_u64"], _t["w_i32"], _t["w_u64"], _t["w_i32"], _t["i64"].dtype))
def number_units(
    units: np.ndarray, keys: np.ndarray, slots: np.ndarray, known: np.ndarray,
    numbers: np.ndarray, count: int,
) -> int:  # fmt: skip
    """Give every unit its number, new ones in order of appearance.

    Args:
        units: uint64, none is 0.
        keys: uint64 [power of two, more than the distinct units], 0 where empty, written.
        slots: int32 [as long], the numbers of the keys, written.
        known: uint64 [room for all], written: the unit of each number.
        numbers: int32 [units], written.
        count: how many are known already.

    Returns:
        How many are known now.
    """
    mask = np.uint64(len(keys) - 1)
    for row in range(len(units)):
        unit = units[row]
        at = mix64(unit) & mask
        while keys[at] != 0 and keys[at] != unit:
            at = (at + np.uint64(1)) & mask
        if keys[at] == 0:
            keys[at] = unit
            slots[at] = count
            known[count] = unit
            count += 1
        numbers[row] = slots[at]
    return count
