"""How much of a word a character is in scripts that put no space between words.

Rules count words: fifty in a document, three in a sentence. Where words are not set apart they are
estimated: a character (a letter with the marks that follow it) is a fixed part of a word of its
script. The parts are averages over real text, so a count of words is right for a document within a
tenth or two, which is what a threshold needs; finding the words themselves takes a dictionary and a
thousand times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import kernel
from stages.text_kernels import SPACELESS

UNIT = 1024
"""Size of one word."""
THREE_WORDS = 5 * UNIT // 2
"""Two and a half, as sizes are rounded. C4: fewer words are no sentence, the number of a heading is
none either."""
PARTS_OF_A_WORD = (
    (0x0E00, 0x0E7F, 3.6),  # Thai: newmm (pythainlp 5.3) 3.65, 4.35, 3.68; social posts 2.83
    (0x0E80, 0x0EFF, 3.1),  # Lao: laonlp 1.3 3.13, ICU 2.94
    (0x0F00, 0x0FFF, 1.5),  # Tibetan syllables: assumed
    (0x1000, 0x109F, 2.1),  # Burmese: burmesenlp 1.2 2.09, ICU 1.82 to 2.10
    (0x1780, 0x17DF, 3.1),  # Khmer: ICU 2.99, 3.2
    (0x3041, 0x30FF, 1.7),  # kana: Sudachi (mode C) 1.49, 1.71, 1.98 with Han at 1.8
    (0xFF66, 0xFF9F, 1.7),
    (0x3400, 0x9FFF, 1.8),  # Han: jieba 0.42 1.80, 2.07, 1.70, 1.78
    (0xF900, 0xFAFF, 1.8),
)
"""First and last code point, and how many characters (letters with their marks) a word has there:
measured over whole corpora (encyclopedias, laws, news, manuals, novels) with the segmenters named,
each number a corpus. Other scripts without spaces: as Thai; other planes: as Han."""
BLOCK_BITS = 7
WORD_SIZES = np.full(513, round(UNIT / 3.6), np.int64)
"""Size of a character's part by code point >> BLOCK_BITS; the last entry is for other planes."""
for _first, _last, _characters in PARTS_OF_A_WORD:
    WORD_SIZES[_first >> BLOCK_BITS : (_last >> BLOCK_BITS) + 1] = round(UNIT / _characters)
WORD_SIZES[0x3000 >> BLOCK_BITS] = round(UNIT / 1.7)  # hiragana begin within a block
WORD_SIZES[-1] = round(UNIT / 1.8)
TIBETAN = (0x0F00, 0x0FFF)
"""Syllables stand between marks, so they are no characters of a script without spaces to us."""


@kernel(forceinline=True)
def size_of_word(character: Any, kinds: Any) -> Any:
    """What a word counts for, by its first character and the classes of all."""
    if kinds & SPACELESS or TIBETAN[0] <= character <= TIBETAN[1]:
        return WORD_SIZES[np.uint64(min(character >> BLOCK_BITS, len(WORD_SIZES) - 1))]
    return np.int64(UNIT)
