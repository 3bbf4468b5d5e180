"""Which symbol a model of characters reads for each character."""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def symbol_table() -> tuple[np.ndarray, np.ndarray]:
    """The symbols as a two-level table (``stages.text_kernels.two_level``).

    Letters in lower case where that is one character, decimal digits as 0, white space as a space;
    controls, joiners, direction marks and surrogates are not read.

    Returns:
        index: uint16, blocks: uint32; an entry is the symbol, 0 for the character itself, or
        ``DROPPED``.
    """
    from stages import text_kernels as text
    from stages.perplexity.character_kernels import DROPPED, SPACE

    categories = text.categories()
    found = np.zeros(text.CODE_POINTS, np.uint32)
    for point in np.flatnonzero(np.isin(categories, [b"Lu", b"Lt"])).tolist():
        lowered = chr(point).lower()
        if len(lowered) == 1 and ord(lowered) != point:
            found[point] = ord(lowered)
    found[categories == b"Nd"] = ord("0")
    found[np.isin(categories, [b"Cc", b"Cf", b"Cs"])] = DROPPED
    blank = [point for point in range(0x3001) if chr(point).isspace()]
    found[blank] = SPACE
    return text.two_level(found)
