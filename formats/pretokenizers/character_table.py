"""What every character is, as the engine of ``tokenizers`` sees it.

Python, ``regex``, Rust and Oniguruma follow different versions of Unicode: of the characters that
were assigned of late, one takes for a letter what is nothing to another. A tokenizer's file is
read by ``tokenizers``, so its own engine is asked, once a version: the answer is kept beside the
compiled kernels.
"""

from __future__ import annotations

import os
import re
import uuid
from functools import cache
from pathlib import Path

import numpy as np

from formats.compile import cache_directory
from formats.pretokenizers import characters_kernels as kinds
from formats.pretokenizers import patterns

CODE_POINTS = 0x110000
BLOCK = 256
_SURROGATES = range(0xD800, 0xE000)
_ASKED = (range(0x40000), range(0xE0000, 0xE0200))
"""Planes that Unicode assigns characters in; no engine knows letters elsewhere."""
_CLASSES = {
    r"\p{L}": kinds.LETTER,
    r"\p{Lu}\p{Lt}": kinds.UPPER,
    r"\p{Ll}": kinds.LOWER,
    r"\p{M}": kinds.MARK,
    r"\p{N}": kinds.NUMBER,
    r"\s": kinds.SPACE,
    r"\r\n": kinds.BREAK,
    r"\p{P}\p{S}": kinds.SIGN,
}
_RANGES = {
    patterns.DEEPSEEK_CJK: kinds.CJK,
    patterns.HAN + patterns.KATAKANA: kinds.HAN_KATAKANA,
    patterns.KANA: kinds.HIRAGANA,
    patterns.SOUTH_EAST_ASIAN: kinds.SPACELESS,
    patterns.THAI_LAO_LEADING: kinds.LEADING,
    patterns.STACKERS: kinds.STACKER,
}


@cache
def character_table() -> tuple[np.ndarray, np.ndarray]:
    """The flags of ``characters_kernels`` for every code point, equal blocks shared.

    Returns:
        index: uint16 [0x1100], the block of a code point's upper bits.
        blocks: uint16 [distinct blocks * 256]; the flags of ``c`` are
            ``blocks[index[c >> 8] * 256 + (c & 255)]``; ASCII stands in block 0.
    """
    numbers: dict[bytes, int] = {}
    rows = character_flags().reshape(-1, BLOCK)
    index = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows], np.uint16)
    return index, np.frombuffer(b"".join(numbers), np.uint16)


def character_flags() -> np.ndarray:
    """uint16 [0x110000]: the flags of every code point, from the kept answer where there is one."""
    import tokenizers

    flags = _kept(cache_directory() / f"characters-{tokenizers.__version__}.npy")
    for characters, flag in _RANGES.items():
        for first, last in re.findall("(.)(?:-(.))?", characters):
            flags[ord(first) : ord(last or first) + 1] |= flag
    return flags


def _kept(path: Path) -> np.ndarray:
    if path.exists():
        return np.asarray(np.load(path))
    flags = _ask()
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    with temporary.open("wb") as file:
        np.save(file, flags)
    os.replace(temporary, path)
    return flags


def _ask() -> np.ndarray:
    """uint16 [0x110000]: what the engine's own classes say; takes a second."""
    from tokenizers import Regex
    from tokenizers.pre_tokenizers import Split

    asked = [code for part in _ASKED for code in part if code not in _SURROGATES]
    text = "".join(map(chr, asked))
    codes = np.array(asked)
    flags = np.zeros(CODE_POINTS, np.uint16)
    for members, flag in _CLASSES.items():
        for _, (start, end) in Split(Regex(f"[^{members}]+"), "removed").pre_tokenize_str(text):
            flags[codes[start:end]] |= flag
    return flags
