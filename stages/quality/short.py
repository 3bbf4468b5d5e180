"""What letters say that a line is no label: the table of ``short_kernels``.

A title, the name of a button, an entry of a menu begins with a capital and ends without a mark.
Where a script has no capitals (Chinese, Arabic, Korean) the end alone tells. Thai and its
neighbours mark neither, so nothing there is called a label.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from stages.quality.short_kernels import LOWER, UNMARKED
from stages.text_kernels import categories, two_level

UNMARKED_SCRIPTS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x0FFF),  # Tibetan
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0xA9E0, 0xA9FF),  # Burmese extended B
    (0xAA60, 0xAADF),  # Burmese extended A, Tai Viet
)
"""Blocks of scripts that have no capitals and end a sentence with a blank, or with a mark that is
left out where a text has but one sentence."""


@cache
def text_letters() -> tuple[np.ndarray, np.ndarray]:
    """The two-level table (index uint16, blocks uint8): ``LOWER``, ``UNMARKED``, or 0."""
    table = np.where(categories() == b"Ll", np.uint8(LOWER), np.uint8(0))
    for first, last in UNMARKED_SCRIPTS:
        table[first : last + 1] = UNMARKED
    return two_level(table)
