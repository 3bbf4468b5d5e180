"""Bytes to text by one codec, the way browsers do it; and how odd the text then looks.

Python's codecs follow the paper standards. What the web's bytes mean beyond them is added here, as
error handlers that only run where a codec stops: undefined bytes of the Windows code pages are C1
controls (WHATWG Encoding Standard, index-windows-*), GBK's 0x80 is the euro sign, EUC-JP carries
NEC's and IBM's characters, Big5 the Eten ones.
"""

from __future__ import annotations

import codecs
import re

REPLACEMENT = "\ufffd"
GAP = "\udcff"
"""Stands where bytes do not fit: as ``surrogateescape`` reads and writes the byte 0xFF."""
FEW = 8
_STRAY = re.compile("[\udb80-\udbff]")
_SURROGATE = re.compile("[\ud800-\udfff]")

_LETTER = r"[^\W\d_]"
_ODD = re.compile(
    # what no text holds: replacements, C0 and C1 controls, private use, non-characters
    "[\ufffd\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9f\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"
    "\U000f0000-\U0010ffff]"
    # signs inside a word: what letters of another code page turn into
    f"|(?<={_LETTER})[¡-©«¬®-´¶¸¹»-¿×÷ˆ˜‚-„†‡‰‹›€™⌐-⌡─-◿∂∆∏∑√∞∫≈≠≤≥◊ﬁﬂ](?={_LETTER})"
    # a double line that no other line goes on with
    "|(?<![─-▟])[═-╬⌐-⌡](?![─-▟])"
    # a small letter before a capital one, of which one is no ASCII letter
    "|(?<=[a-zß-öø-ÿа-яё])[À-ÖØ-ÞА-ЯЁ]|(?<=[ß-öø-ÿ])[A-Z]"
    # two scripts in one word
    "|(?<=[a-zA-ZÀ-ɏ])[Ͱ-ӿ\u0590-\u06ff\u0e01-\u0e3a]|(?<=[Ͱ-ӿ\u0590-\u06ff\u0e01-\u0e3a])[a-zA-ZÀ-ɏ]"
    "|(?<=[Ѐ-ӿ])[Ͱ-Ͽ]|(?<=[Ͱ-Ͽ])[Ѐ-ӿ]"
    # half-width kana beside letters of another script, a mark without its letter
    "|[ｦ-ﾝ](?=[ -~]?[一-鿿À-ɏЀ-ӿ])|(?<=[一-鿿À-ɏЀ-ӿ])[ｦ-ﾝ]|(?:(?<=\\s)|\\A)[\u0300-\u036f]"
)
_NOT_ASCII = re.compile("[^\x00-\x7f]")


def decode_with(data: bytes, codec: str) -> tuple[str, int]:
    """Decode all bytes with a codec of ``charset_labels``.

    Returns:
        The text without a leading byte order mark, and the number of places where the bytes did
        not fit: each is a replacement character (U+FFFD).
    """
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        text = _decode_with_gaps(data, codec)
    text, wrong = _SURROGATE.subn(REPLACEMENT, text)
    return text.removeprefix("\ufeff"), wrong


def decode_utf8_with_strays(data: bytes) -> tuple[str, int, int]:
    r"""Decode UTF-8 into which single bytes of windows-1252 have strayed.

    ``b"sch\xc3\xb6n, caf\xe9"`` -> ``"schön, café"``: pages are put together from many hands.
    Only a byte with ASCII on both sides is a stray; others become replacement characters.

    Returns:
        The text, how many bytes or runs did not fit, and how many of them were no strays.
    """
    codecs.register_error("polymill-stray", _stray)
    text = data.decode("utf-8", "polymill-stray")
    pieces = _STRAY.findall(text)
    text, lost = _SURROGATE.subn(REPLACEMENT, _STRAY.sub(_western, text))
    return text.removeprefix("\ufeff"), len(pieces) + lost, lost


def _stray(error: UnicodeError) -> tuple[str, int]:
    """A stray byte as ``surrogateescape`` has it, between marks of its own; a gap for others."""
    assert isinstance(error, UnicodeDecodeError)
    start, data = error.start, error.object
    alone = data[start - 1 : start] < b"\x80" and data[start + 1 : start + 2] < b"\x80"
    if alone and (data[start] >= 0xA0 or 0x91 <= data[start] <= 0x97):
        return chr(0xDB00 + data[start]), start + 1
    return GAP, error.end


def _western(match: re.Match[str]) -> str:
    """The character of a stray byte."""
    return bytes((ord(match.group()) - 0xDB00,)).decode("cp1252")


def error_handler(codec: str) -> str:
    """The name of the handler that knows what a codec does not; it marks the rest with ``GAP``."""
    name, handler = _HANDLERS.get(codec, ("polymill-gap", _gap))
    codecs.register_error(name, handler)
    return name


def _decode_with_gaps(data: bytes, codec: str) -> str:
    """Decode what a strict codec does not."""
    if codec == "iso2022_jp":  # half-width kana and JIS X 0212, which real mail holds
        try:
            return data.decode("iso2022_jp_ext")
        except UnicodeDecodeError:
            pass
    return data.decode(codec, error_handler(codec))


def _gap(error: UnicodeError) -> tuple[str, int]:
    """A mark for what does not fit."""
    assert isinstance(error, UnicodeDecodeError)
    return GAP, error.end


def _keep_c1(error: UnicodeError) -> tuple[str, int]:
    """An undefined byte as the C1 control of its number."""
    assert isinstance(error, UnicodeDecodeError)
    byte = error.object[error.start]
    return (chr(byte) if byte < 0xA0 else GAP), error.start + 1


def _gbk_euro(error: UnicodeError) -> tuple[str, int]:
    """GBK's lone 0x80 (WHATWG, gb18030 decoder)."""
    assert isinstance(error, UnicodeDecodeError)
    if error.object[error.start] == 0x80:
        return "€", error.start + 1
    return _behind_lead(error)


def _vendor_euc_jp(error: UnicodeError) -> tuple[str, int]:
    """A pair of EUC-JP through its row and cell in Shift_JIS, where vendors' rows are known."""
    assert isinstance(error, UnicodeDecodeError)
    pair = error.object[error.start : error.start + 2]
    if len(pair) == 2 and pair[0] > 0xA0 and pair[1] > 0xA0 and 0xFF not in pair:
        row, cell = pair[0] - 0xA1, pair[1] - 0xA1
        lead = row // 2 + (0x81 if row < 62 else 0xC1)
        trail = cell + 0x9F if row % 2 else cell + 0x40 + (cell >= 63)
        try:
            return bytes((lead, trail)).decode("cp932"), error.start + 2
        except UnicodeDecodeError:
            return GAP, error.start + 2
    return _behind_lead(error)


def _vendor_big5(error: UnicodeError) -> tuple[str, int]:
    """A pair of Big5 as Microsoft's code page knows it."""
    assert isinstance(error, UnicodeDecodeError)
    pair = error.object[error.start : error.start + 2]
    try:
        return pair.decode("cp950"), error.start + len(pair)
    except UnicodeDecodeError:
        return _behind_lead(error)


def _behind_lead(error: UnicodeDecodeError) -> tuple[str, int]:
    """Mark a lead byte; an ASCII byte behind it stands for itself (WHATWG decoders)."""
    end = error.start + 2
    second = error.object[error.start + 1 : end]
    return GAP, end if second and second[0] > 0x7F else error.start + 1


_HANDLERS = {
    **dict.fromkeys((f"cp125{digit}" for digit in range(9)), ("polymill-c1", _keep_c1)),
    "gb18030": ("polymill-gbk", _gbk_euro),
    "euc_jp": ("polymill-euc-jp", _vendor_euc_jp),
    "big5hkscs": ("polymill-big5", _vendor_big5),
}


def oddity(text: str) -> float:
    """Odd places per character that is not ASCII: near 0 where the decoding is right.

    Counted are characters that no text holds and neighbours that no word has, as a wrong code page
    makes them: none in ``"naïve café"``, one in ``"na‹ve café"``. One odd place in a text that has
    hardly anything beyond ASCII says little: ``FEW`` characters are added.
    """
    odd = len(_ODD.findall(text))
    return odd / (FEW + max(len(_NOT_ASCII.findall(text)), odd))
