"""What an encoding's label means on the web, and the codec that reads it.

The labels and what they stand for are those of the WHATWG Encoding Standard, section 4.2: a page
that says ISO-8859-1 is read as windows-1252, as every browser does. Three families are wider here
than there, because the text is wanted, not safety from scripts: HZ, ISO-2022-KR and UTF-7, which
browsers refuse, are read; so are the DOS code pages that only plain files come in.
"""

from __future__ import annotations

import codecs
from functools import cache

_LABELS = {
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8 utf-8-sig",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 "
    "iso_8859-2:1987 l2 latin2",
    "iso8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 "
    "iso_8859-3:1988 l3 latin3",
    "iso8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 "
    "iso_8859-4:1988 l4 latin4",
    "iso8859-5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 "
    "iso_8859-5 iso_8859-5:1988",
    "iso8859-6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 "
    "iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    "iso8859-7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 "
    "iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek",
    "iso8859-8": "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 "
    "iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical",
    "iso8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 latin-9",
    "iso8859-16": "iso-8859-16 iso8859-16",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-u": "koi8-ru koi8-u",
    "mac-roman": "csmacintosh mac macintosh x-mac-roman macroman mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian maccyrillic mac-cyrillic",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 cp874 tis620",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 "
    "iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 "
    "iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254",
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk "
    "gb18030 cp936 euc-cn",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5 cp950 big5hkscs",
    "euc_jp": "cseucpkdfmtjapanese euc-jp x-euc-jp eucjp euc_jp euc-jis-2004 euc_jis_2004",
    "iso2022_jp": "csiso2022jp iso-2022-jp iso2022_jp iso-2022-jp-1 iso-2022-jp-2 "
    "iso-2022-jp-3 iso-2022-jp-2004 iso-2022-jp-ext",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis cp932 "
    "shift_jis_2004 shift-jis-2004",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 "
    "ksc5601 ksc_5601 windows-949 cp949 uhc",
    "johab": "johab cp1361",
    "utf-16-be": "unicodefffe utf-16be utf-16-be",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le utf-16-le",
    "utf-32-be": "utf-32be utf-32-be",
    "utf-32-le": "utf-32 utf-32le utf-32-le",
    "hz": "hz-gb-2312 hz",
    "iso2022_kr": "csiso2022kr iso-2022-kr iso2022_kr",
    "utf-7": "utf-7 unicode-1-1-utf-7",
}
_CODECS = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}

WEB_NAMES = {
    "cp866": "ibm866",
    "cp874": "windows-874",
    "big5hkscs": "big5",
    "cp932": "shift_jis",
    "cp949": "euc-kr",
    "mac-roman": "macintosh",
    "mac-cyrillic": "x-mac-cyrillic",
    **{f"cp125{digit}": f"windows-125{digit}" for digit in range(9)},
    **{f"iso8859-{part}": f"iso-8859-{part}" for part in range(2, 17)},
}
"""How the standard calls a codec, where Python calls it otherwise."""

_DOS_PAGES = (437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 865, 869, 1125)
_OTHER_CODECS = frozenset(f"cp{page}" for page in _DOS_PAGES) | {
    "koi8-t",
    "kz1048",
    "mac-latin2",
    "mac-greek",
    "mac-turkish",
    "mac-iceland",
}


@cache
def codec_of(label: str) -> str | None:
    """The Python codec that reads what is labelled so; None where nobody can say.

    ``" ISO-8859-1 "`` -> ``"cp1252"``; ``"gb2312"`` -> ``"gb18030"``; ``"rot13"`` -> ``None``.
    """
    plain = label.strip(" \t\r\n\f\"'").lower()
    if plain in _CODECS:
        return _CODECS[plain]
    for spelling in (plain.replace("_", "-"), plain.replace("ibm", "cp"), f"cp{plain}"):
        if spelling in _CODECS:
            return _CODECS[spelling]
        if spelling in _OTHER_CODECS:
            return spelling
    try:
        name = codecs.lookup(plain).name  # other spellings of the same: latin_1, ISO8859-5
    except (LookupError, ValueError):
        return None
    plain = name.replace("_", "-")
    if plain in _OTHER_CODECS:
        return plain
    return _CODECS.get(name) or _CODECS.get(plain)


def web_name(codec: str) -> str:
    """The name to note for a codec: ``"cp1251"`` -> ``"windows-1251"``."""
    return WEB_NAMES.get(codec, codec.replace("_", "-").replace("iso2022", "iso-2022"))
