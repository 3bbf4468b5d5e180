"""Reading UTF-8 one character at a time: the decoding step and what a character is.

Every kernel that looks at characters rests on three things of this file: ``decode`` (bytes to code
point), the character classes of Unicode as a two-level table (one look-up per character, a few
kilobytes that stay in the cache), and the definition of a **word**:

* a run of letters, marks and digits is one word: ``don't`` is two, ``naïve`` one;
* in scripts that put no space between words (Han, kana, Thai, Lao, Khmer, Burmese and their
  neighbours) every letter together with the marks that follow it is one word: a syllable or a
  character instead of a word, but the same in every document, found without a dictionary and
  without the cost of one (segmenters run at 0.1-1 MB/s).

The tables come from ``unicodedata``, so they follow the Unicode version of the Python in use.
Text must be valid UTF-8 (Arrow ``large_string`` columns are); nothing is read past the end of one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from formats.compile import array_types, kernel

LETTER = 1
MARK = 2
DIGIT = 4
BLANK = 8
"""White space, the new line included."""
PUNCTUATION = 16
"""Punctuation and symbols."""
TERMINAL = 32
"""Ends a sentence."""
SPACELESS = 64
"""A letter of a script without spaces between words."""
CLOSING = 128
"""Closing quote or bracket: may stand between the end of a sentence and the end of its line."""

WORD = LETTER | MARK | DIGIT

CODE_POINTS = 0x110000
BLOCK = 256
"""Code points per block of a two-level table."""

SPACELESS_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17DF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x3005, 0x3007),  # 々〆〇
    (0x3021, 0x303C),  # Hangzhou numerals, vertical kana repeat marks
    (0x3041, 0x30FF),  # hiragana, katakana
    (0x31F0, 0x31FF),  # katakana extensions
    (0x3400, 0x4DBF),  # Han extension A
    (0x4E00, 0x9FFF),  # Han
    (0xA9E0, 0xA9FF),  # Burmese extended B
    (0xAA60, 0xAADF),  # Burmese extended A, Tai Viet
    (0xF900, 0xFAFF),  # Han compatibility
    (0xFF66, 0xFF9F),  # half-width katakana
    (0x1AFF0, 0x1B16F),  # kana supplements
    (0x20000, 0x3FFFF),  # Han extensions B and later
)
"""Blocks of https://www.unicode.org/Public/UNIDATA/Blocks.txt whose letters are words."""

TERMINALS = (
    "!.?…‼‽⁇⁈⁉⸮⸼"  # Latin, Cyrillic, Greek and most others
    "։؝؞؟۔܀܁܂߹"  # Armenian, Arabic, Urdu, Syriac, N'Ko
    "।॥༎།"  # Devanagari and its neighbours, Tibetan
    "၊။។៕៚๚๛"  # Burmese, Khmer, Thai (end of a chapter)
    "።፧፨᙮᜵᜶᠃᠉᥄᥅᪨᪩᪪᪫᭚᭛᭞᭟᰻᰼᱾᱿꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫"  # Ethiopic, Mongolian and smaller scripts
    "。．！？｡﹒﹖﹗︒︕︖"  # Chinese, Japanese, and their other widths
)
"""The property Sentence_Terminal of Unicode's PropList.txt (basic plane, historic scripts left out)
with the ellipsis, the danda pairs, and the marks that end a line in Tibetan, Khmer and Thai."""

QUOTES_THAT_CLOSE = "\"'»«”’“‘*_`"
"""Closing at the end of a line too: straight quotes, „x“ and »x«, Markdown's marks."""


def two_level(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share equal blocks of a table over all code points.

    Args:
        values: [0x110000], any type.

    Returns:
        index: uint16 [0x110000 / 256], number of the block of a code point's upper bits.
        blocks: [distinct blocks * 256]; a value is ``blocks[index[c >> 8] * 256 + (c & 255)]``.
        Both read-only; ASCII stands in block 0.
    """
    numbers: dict[bytes, int] = {}
    rows = values.reshape(-1, BLOCK)
    index = np.array([numbers.setdefault(r.tobytes(), len(numbers)) for r in rows], np.uint16)
    blocks = np.frombuffer(b"".join(numbers), values.dtype)
    index.flags.writeable = False
    return index, blocks


@cache
def categories() -> np.ndarray:
    """Bytes S2 [0x110000]: the general category of every code point ("Lu", "Mn", ...).

    Only planes that Unicode uses are asked for; the rest is "Cn".
    """
    result = np.full(CODE_POINTS, b"Cn", "S2")
    for plane in (range(0x40000), range(0xE0000, 0xE0200)):
        joined = "".join(map(unicodedata.category, map(chr, plane)))
        result[plane.start : plane.stop] = np.frombuffer(joined.encode(), "S2")
    return result


def code_points(characters: str | Iterable[str]) -> np.ndarray:
    """The code points of the given characters, int64."""
    return np.array([ord(c) for c in characters], np.int64)


@cache
def character_classes() -> tuple[np.ndarray, np.ndarray]:
    """The two-level table (index, blocks) of class flags, uint8; block 0 is ASCII's."""
    category = categories()
    major = category.astype("S1")
    flags = np.zeros(CODE_POINTS, np.uint8)
    flags[major == b"L"] |= LETTER
    flags[major == b"M"] |= MARK
    flags[major == b"N"] |= DIGIT
    flags[(major == b"P") | (major == b"S")] |= PUNCTUATION
    flags[major == b"Z"] |= BLANK
    flags[code_points("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85")] |= BLANK
    flags[code_points(TERMINALS)] |= TERMINAL
    flags[(category == b"Pe") | (category == b"Pf")] |= CLOSING
    flags[code_points(QUOTES_THAT_CLOSE)] |= CLOSING
    for first, last in SPACELESS_RANGES:
        part = flags[first : last + 1]
        part[(part & LETTER) != 0] |= SPACELESS
    return two_level(flags)


@kernel()
def decode(data: np.ndarray, position: Any) -> tuple[Any, Any]:
    """The step: the character that begins at ``position`` and where the next one begins.

    Indices are unsigned, as Numba asks of a signed one whether it counts from the end.
    """
    at = np.uint64(position)
    first = np.int64(data[at])
    if first < 0x80:
        return first, position + 1
    second = np.int64(data[at + np.uint64(1)]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, position + 2
    third = np.int64(data[at + np.uint64(2)]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, position + 3
    fourth = np.int64(data[at + np.uint64(3)]) & 0x3F
    return (first & 0x07) << 18 | second << 12 | third << 6 | fourth, position + 4


@kernel()
def before(data: np.ndarray, start: Any, position: Any) -> Any:
    """Where the character before ``position`` begins; ``start`` bounds the way back."""
    position -= 1
    while position > start and (data[position] & 0xC0) == 0x80:
        position -= 1
    return position


@kernel()
def hexadecimal(byte: Any) -> Any:
    """Value of a hexadecimal digit, or -1."""
    if 0x30 <= byte <= 0x39:
        return np.int64(byte) - 0x30
    letter = np.int64(byte | 0x20)
    return letter - 0x57 if 0x61 <= letter <= 0x66 else -1


@kernel()
def look_up(index: np.ndarray, blocks: np.ndarray, character: Any) -> Any:
    """The entry of a two-level table."""
    code = np.uint64(character)
    return blocks[np.uint64(index[code >> np.uint64(8)]) << np.uint64(8) | (code & np.uint64(0xFF))]


_t = array_types()


@kernel((_t["u8"], _t["u16"], _t["u8"], _t["w_i64"], _t["w_u8"]))
def classify(
    data: np.ndarray,
    index: np.ndarray,
    blocks: np.ndarray,
    characters: np.ndarray,
    classes: np.ndarray,
) -> int:
    """Decode a whole buffer (valid UTF-8): code points and classes; returns how many.

    Not on a hot path: it shows the three steps above at work and lets tests reach them.
    """
    count = 0
    position = 0
    while position < len(data):
        character, position = decode(data, position)
        characters[count] = character
        classes[count] = look_up(index, blocks, character)
        count += 1
    return count
