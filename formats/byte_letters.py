"""The letters in which byte-level tokenizers write bytes in ``tokenizer.json``.

Source: bytes_to_unicode of GPT-2, https://github.com/openai/gpt-2 src/encoder.py.
"""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def printable() -> tuple[str, ...]:
    """The character that stands for each byte.

    Printable Latin-1 characters stand for themselves; the others take U+0100 and up, in order.
    """
    themselves = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return tuple(chr(byte if byte in themselves else next(others)) for byte in range(256))


@cache
def byte_of_letter() -> np.ndarray:
    """uint8 [324]: the byte that a letter stands for; 0 where it stands for none."""
    codes = [ord(letter) for letter in printable()]
    letters = np.zeros(max(codes) + 1, np.uint8)
    letters[codes] = np.arange(256)
    return letters
