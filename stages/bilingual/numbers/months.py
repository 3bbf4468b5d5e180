"""The names of the months in many languages, as the kernels take them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import yaml

from stages.bilingual.numbers.dates_kernels import FIRST_BITS, THAI, hash_bytes

MONTHS = Path(__file__).with_name("months.yaml")
SLOTS = 4096
NOT_CAPITALISED = {"mars", "mart"}
"""Month names that are other words where they begin with a capital."""


@cache
def month_names() -> dict[str, int]:
    """Each name, as a text has it, and the number of its month."""
    names = {}
    for number, text in yaml.safe_load(MONTHS.read_text(encoding="utf-8")).items():
        for name in text.split():
            names[name] = number
            if name not in NOT_CAPITALISED:
                names.setdefault(name[0].upper() + name[1:], number)
    return names


@cache
def month_table() -> tuple[np.ndarray, np.ndarray]:
    """Keys uint64 [SLOTS], 0 where free, and numbers uint8 [SLOTS], see ``month_named``."""
    keys, numbers = np.zeros(SLOTS, np.uint64), np.zeros(SLOTS, np.uint8)
    for name, number in month_names().items():
        data = np.frombuffer(name.encode(), np.uint8)
        with np.errstate(over="ignore"):
            key = hash_bytes.py_func(data, 0, len(data))
        slot = (int(key) >> FIRST_BITS) % SLOTS
        while keys[slot] != 0:
            slot = (slot + 1) % SLOTS
        keys[slot] = key
        numbers[slot] = number + THAI * ("ก" <= name[0] <= "๛")
    return keys, numbers
