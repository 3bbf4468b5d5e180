"""The words of a very short text that are no label: without titles and the names of buttons."""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import kernel
from stages.quality.marks_kernels import HAS_BRACE, HAS_SENTENCE
from stages.text_kernels import DIGIT, LETTER, decode, look_up

LABEL_WORDS = 12
"""A text with more is judged by what it has, and is no label: the interfaces that were looked at
put a sentence where they need more."""
LOWER = 1
"""A letter of lower case."""
UNMARKED = 2
"""A letter of a script without capitals whose sentences end without a mark."""
NEW_LINE, SPACE, HASH = 0x0A, 0x20, 0x23


@kernel()
def is_heading(data: np.ndarray, position: Any, end: Any) -> Any:
    """Whether Markdown's mark of a heading stands there: up to six hash signs and a blank."""
    after = position
    while after < end and data[after] == HASH:
        after += 1
    return 0 < after - position <= 6 and after < end and data[after] == SPACE


@kernel()
def text_size(
    document: Any,
    index: np.ndarray,
    blocks: np.ndarray,
    text_index: np.ndarray,
    text_blocks: np.ndarray,
    lines: Any,
) -> Any:
    """Size of the words that stand in text, not in labels, of a document that was scanned.

    A line is text where a sentence ends in it, where it begins in lower case, or where a letter of
    it is of a script that marks neither (``short.text_letters``). Headings and lines with a brace
    (the placeholder of a template) are none.

    Args:
        document: (data, start, end).
        index: of ``character_classes``.
        blocks: of ``character_classes``.
        text_index: of ``short.text_letters``.
        text_blocks: of ``short.text_letters``.
        lines: ``words_kernels.line_arrays`` of the document: an entry for each line with a word.
    """
    data, position, end = document
    _, _, sizes, flags, _, _ = lines
    size = np.int64(0)
    line = np.int64(0)
    blank, label, begun, counted = True, False, False, False
    while position < end:
        character, after = decode(data, position)
        if character == NEW_LINE:
            line += begun
            blank, label, begun, counted = True, False, False, False
        else:
            if blank and character > SPACE:
                label = is_heading(data, position, end)
                blank = False
            if look_up(index, blocks, character) & (LETTER | DIGIT):
                letter = look_up(text_index, text_blocks, character)
                text = letter == UNMARKED
                if not begun:
                    begun = True
                    label = label or flags[line] & HAS_BRACE != 0
                    text = text or letter == LOWER or flags[line] & HAS_SENTENCE != 0
                if text and not label and not counted:
                    counted = True
                    size += sizes[line]
        position = after
    return size
