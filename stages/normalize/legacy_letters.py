"""Text in an old encoding that was read as Latin-1 or Windows-1252 (``Ïðèâåò`` for ``Привет``).

Nothing in the bytes proves which encoding was meant, so two things are asked for. First, that the
text is no Latin text: words of three and more letters without a single ASCII letter, as no
language has them, or control characters in numbers. Second, that in one encoding, and only in
one, those words are made of what the language of that encoding is made of:

* Cyrillic, Greek, Hebrew, Arabic, Thai: common letters of the language are common and rare ones
  rare, clearly more so than in any other encoding; no byte is without a meaning.
* Chinese, Japanese, Korean: the characters of everyday use (the first level of GB 2312 and Big5,
  the Hangul of KS X 1001, kana) make up most of them.

Too little text, or text that fits two encodings, is left as it is. All lines are decoded that the
chosen encoding can decode.
"""

from __future__ import annotations

import re
from collections.abc import Callable

LEAST_BYTES = 32
"""Bytes outside ASCII in words without ASCII letters."""
MOST_BYTES = 20_000
"""Judged of a document: enough to tell any of the encodings."""
LEAST_DISTINCT = 12
"""Different letters among them."""
LEAST_SHARE = 0.9
"""Of such words among all words with a letter outside ASCII."""
LEAST_SCORE = 0.66
"""Text of the language scores 0.7 to 0.8, letters at random 0.5."""
LEAST_COMMON = 0.72
"""Share of everyday characters in Chinese, Japanese or Korean."""
LEAST_MARGIN = 0.1
"""By which the best encoding must lead the second."""

LOUD = 0.05
"""Taken off where most words are in capitals: small letters are likelier."""

_CYRILLIC = "оеаинтсрвлкмдпуіяыьгзбчйхжшюцщэєїфъёґ"
ALPHABETS = {
    "cp1251": _CYRILLIC,
    "koi8-r": _CYRILLIC,
    "iso8859-5": _CYRILLIC,
    "cp1253": "αοιετσνηυρπκμλςίόάέγδωήθχφύβξώζψϊϋΐΰ",
    "cp1255": "יוהלארתבמשנעםדחקפטצכגזסןךףץ",
    "cp1256": "اليمونرتبةعدسفهكقأحجشصطخإىضذثزغءظآئؤ",
    "cp874": "านรก่อเง้มยีลวัดทิสตะปบคห์แจุพื็ไใำขชโผูถซึธณศฟภฉญษฮฐฆๆ๊ฎฏฬ๋ฝฑฌฒ",
}
"""The letters of the encoding's language from the commonest to the rarest."""

_HIGH = re.compile(rb"[\x80-\xff]+")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_SUSPECT = re.compile("[À-ÿ]{4}|[\x80-\x9f]")


def repair_letters(text: str) -> str:
    """The text in the encoding it was meant in, or the text itself.

    >>> repair_letters("Âñå ñ÷àñòëèâûå ñåìüè ïîõîæè äðóã íà äðóãà, êàæäàÿ íåñ÷àñòëèâà ïî-ñâîåìó")
    'Все счастливые семьи похожи друг на друга, каждая несчастлива по-своему'
    """
    if not _SUSPECT.search(text):
        return text
    lines = [(line, _bytes_of(line)) for line in text.split("\n")]
    foreign = [data for _, data in lines if data is not None and not data.isascii()]
    encoding = meant_encoding(_sample(b"\n".join(foreign)))
    if encoding is None:
        return text
    return "\n".join(
        line if data is None or data.isascii() else _decoded(line, data, encoding)
        for line, data in lines
    )


def _sample(data: bytes) -> bytes:
    """The beginning of long text, up to a space or new line (never half of a character)."""
    if len(data) <= MOST_BYTES:
        return data
    end = max(data.rfind(b" ", 0, MOST_BYTES), data.rfind(b"\n", 0, MOST_BYTES))
    return data[:end] if end > 0 else data


def _bytes_of(line: str) -> bytes | None:
    """The bytes that were read as Latin-1 or Windows-1252; None for other text."""
    import ftfy.bad_codecs  # noqa: F401  the sloppy encodings

    for encoding in ("latin-1", "sloppy-windows-1252"):
        try:
            return line.encode(encoding)
        except UnicodeError:
            continue
    return None


def _decoded(line: str, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeError:
        return line


def meant_encoding(data: bytes) -> str | None:
    """The encoding in which the bytes are text of its language; None where that is not sure."""
    valid = sum(map(len, _UTF8.findall(data)))
    if valid > 0.5 * sum(map(len, _HIGH.findall(data))):
        return None  # UTF-8 that was read as Latin-1: another step
    scores = {encoding: score(data) for encoding, score in WIDE.items()}
    words, mixed = _words(data)
    whole = sum(map(len, words))
    enough = whole >= LEAST_BYTES and len(set(b"".join(words))) >= LEAST_DISTINCT
    if enough and whole >= LEAST_SHARE * (whole + mixed):
        scores |= {encoding: letter_score(words, encoding) for encoding in ALPHABETS}
    (second, _), (best, encoding) = sorted((score, name) for name, score in scores.items())[-2:]
    least = LEAST_SCORE if encoding in ALPHABETS else LEAST_COMMON
    return encoding if best >= least and best - second >= LEAST_MARGIN else None


def _words(data: bytes) -> tuple[list[bytes], int]:
    """Words of three bytes and more without ASCII letters; bytes outside ASCII in others."""
    whole = []
    mixed = 0
    for word in _WORD.findall(data):
        high = sum(map(len, _HIGH.findall(word)))
        if high == len(word) and high > 2:
            whole.append(word)
        elif high < len(word):
            mixed += high
    return whole, mixed


def letter_score(words: list[bytes], encoding: str) -> float:
    """One minus the mean rank of the letters in the language's alphabet, ordered by frequency.

    A character that is no letter of it counts as one and a half times the rarest; words with a
    small letter before a capital (KOI8 read as Windows-1251, or the other way) make it 0.
    """
    try:
        texts = [word.decode(encoding) for word in words]
    except UnicodeError:
        return 0.0
    alphabet = ALPHABETS[encoding]
    ranks = {letter: rank / len(alphabet) for rank, letter in enumerate(alphabet)}
    if sum(text[1:] != text[1:].lower() and not text.isupper() for text in texts) > len(texts) / 4:
        return 0.0
    letters = "".join(texts).lower()
    shouted = sum(map(str.isupper, texts)) > len(texts) / 2
    score = 1 - sum(ranks.get(letter, 1.5) for letter in letters) / len(letters)
    return score - shouted * LOUD


def _pairs(data: bytes, encoding: str, least: int) -> list[int] | None:
    """The characters of two bytes as 16-bit numbers; None if the text is not in the encoding."""
    try:
        text = data.decode(encoding)
    except UnicodeError:
        return None
    codes = [c.encode(encoding) for c in text if c > "\x7f"]
    pairs = [code[0] << 8 | code[1] for code in codes if len(code) == 2]
    if len(pairs) < least or len(pairs) < LEAST_SHARE * len(codes):
        return None
    return pairs


LEAST_PAIRS = 12
"""Characters of two bytes from which a share is told."""


def _chinese_score(data: bytes) -> float:
    """GB 18030: hanzi of the first level (rows B0 to D7), a third of them beyond Korean's rows."""
    pairs = _pairs(data, "gb18030", LEAST_PAIRS)
    if pairs is None:
        return 0.0
    hanzi = [p for p in pairs if p >= 0x8140 and not 0xA100 <= p < 0xAA00]
    first_level = [p for p in hanzi if 0xB0 <= p >> 8 <= 0xD7 and p & 0xFF >= 0xA1]
    beyond = sum(p >> 8 > 0xC8 for p in first_level)
    kana = sum(0xA400 <= p < 0xA600 for p in pairs)
    if not hanzi or beyond < 0.12 * len(first_level) or kana > 0.1 * len(pairs):
        return 0.0
    return len(first_level) / len(hanzi)


def _korean_score(data: bytes) -> float:
    """Code page 949: the Hangul of KS X 1001 (rows B0 to C8)."""
    pairs = _pairs(data, "cp949", LEAST_PAIRS)
    if pairs is None:
        return 0.0
    return sum(0xB0 <= p >> 8 <= 0xC8 and p & 0xFF >= 0xA1 for p in pairs) / len(pairs)


def _big5_score(data: bytes) -> float:
    """Big5: the hanzi of everyday use (A440 to C67E) and punctuation."""
    pairs = _pairs(data, "big5", LEAST_PAIRS)
    if pairs is None:
        return 0.0
    low = sum(p & 0xFF < 0x80 for p in pairs)  # a third of Big5's second bytes
    return sum(0xA140 <= p < 0xC67F for p in pairs) / len(pairs) if low > 0.1 * len(pairs) else 0.0


def _shift_jis_score(data: bytes) -> float:
    """Code page 932: kana, a quarter at least, and the kanji of the first level."""
    pairs = _pairs(data, "cp932", LEAST_PAIRS)
    if pairs is None or len(_CONTROLS.findall(data)) < LEAST_PAIRS // 2:
        return 0.0
    kana = sum(0x829F <= p <= 0x8396 for p in pairs)
    if kana < len(pairs) / 4:
        return 0.0
    return sum(p < 0x9873 for p in pairs) / len(pairs)


def _euc_japanese_score(data: bytes) -> float:
    """EUC-JP: kana (rows A4 and A5), a quarter at least, and the kanji of the first level."""
    pairs = _pairs(data, "euc_jp", LEAST_PAIRS)
    if pairs is None:
        return 0.0
    kana = sum(0xA4 <= p >> 8 <= 0xA5 for p in pairs)
    if kana < len(pairs) / 4:
        return 0.0
    return sum(p >> 8 < 0xD0 for p in pairs) / len(pairs)


WIDE: dict[str, Callable[[bytes], float]] = {
    "gb18030": _chinese_score,
    "cp949": _korean_score,
    "big5": _big5_score,
    "cp932": _shift_jis_score,
    "euc_jp": _euc_japanese_score,
}
"""Encodings with characters of two bytes: the share of everyday characters, 0 where it fails."""
