"""What a character is to datatrove's filters and to spaCy's rules for words, as a table.

The sets are those of datatrove 0.10 (``utils/text.py``) and of spaCy 3.8
(``lang/char_classes.py``, ``lang/punctuation.py``), written by Unicode property where that says
the same of all text but curiosities.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from stages.quality.datatrove.infix_kernels import (
    AFFIX,
    BEFORE_STOP,
    CASELESS,
    CURRENCY,
    DIGIT,
    ICON,
    LETTER,
    LOWER,
    PUNCTUATION,
    QUOTE,
    SPACE,
    SYMBOL,
    TERMINAL,
    UPPER,
)
from stages.text_kernels import CODE_POINTS, TERMINALS, categories, code_points, two_level

PUNCTUATION_MARKS = ",:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪…"
"""spaCy splits them off both ends of what stands between blanks."""
QUOTES = "'\"”“`‘´’‚„»«「」『』（）〔〕【】《》〈〉⟦⟧"
PREFIXES = "§%=—–"
"""Split off the front; the dashes off the end as well."""
CURRENCIES = "$£€¥฿₽﷼₴₠₡₢₣₤₥₦₧₨₩₪₫₭₮₯₰₱₲₳₵₶₷₸₹₺₻₼₾₿"
BEFORE_A_STOP = "%²-+"
"""A full stop after them is a mark of its own."""
SYMBOLS = (
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～"
)
"""datatrove: a word of nothing else is none; its set has the digit １ as well."""
NOT_TERMINAL = "…༎།๚๛︒︕︖"
"""Terminal to us, not to datatrove's FineWeb filter."""


@cache
def token_classes() -> tuple[np.ndarray, np.ndarray]:
    """The two-level table (index, blocks) of class flags, uint16; block 0 is ASCII's."""
    category = categories()
    major = category.astype("S1")
    flags = np.zeros(CODE_POINTS, np.uint16)
    flags[major == b"L"] |= LETTER
    flags[category == b"Ll"] |= LOWER
    flags[category == b"Lu"] |= UPPER
    flags[(category == b"Lo") | (category == b"Mn") | (category == b"Mc")] |= CASELESS
    flags[code_points("0123456789")] |= DIGIT
    flags[category == b"So"] |= ICON | AFFIX
    flags[code_points(PUNCTUATION_MARKS + QUOTES + PREFIXES)] |= AFFIX
    flags[code_points(QUOTES)] |= QUOTE
    flags[code_points(CURRENCIES)] |= CURRENCY
    flags[code_points(PUNCTUATION_MARKS + QUOTES + BEFORE_A_STOP)] |= BEFORE_STOP
    flags[major == b"P"] |= PUNCTUATION
    flags[code_points(c for c in map(chr, range(0x3001)) if c.isspace())] |= SPACE
    terminals = [c for c in TERMINALS if c not in NOT_TERMINAL]
    flags[code_points(terminals)] |= TERMINAL | SYMBOL
    controls = [chr(c) for c in (*range(9), *range(11, 32), *range(127, 160))]
    flags[code_points([*SYMBOLS, *controls])] |= SYMBOL
    return two_level(flags)
