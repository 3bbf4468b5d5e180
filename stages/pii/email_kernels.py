"""E-mail addresses around an at sign, in all scripts (RFC 5321, RFC 6531, IDN).

An address stays within one script: in ``写信到lin@example.org`` the local part is ``lin``, in
``ivan@example.com으로`` the domain ends before Hangul. Spelled-out ones
(``name at example dot org``) are left alone: who wrote them so has already taken care.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel
from stages.pii.characters_kernels import (
    ALPHABET,
    DIGIT,
    LATIN,
    LETTER,
    is_ascii_digit,
    is_ascii_letter,
    is_ascii_word,
    read,
    read_back,
)

LOCAL_BYTES = 64
"""RFC 5321, 4.5.3.1.1."""
DOMAIN_BYTES = 255
"""RFC 5321, 4.5.3.1.2."""
SCHEME_REACH = 80

NOT_DOMAINS = (
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "scss", "less", "js", "jsx", "tsx",
    "mjs", "html", "htm", "json", "yaml", "yml", "toml", "xml", "txt", "pdf", "tar", "tgz", "gz",
    "whl", "jar", "dll", "exe", "service", "socket", "target", "timer", "mount", "slice", "scope",
    "local", "localdomain", "lan", "internal", "localhost", "class", "java", "php", "csv",
)  # fmt: skip
"""Ends of files, systemd units and private names that stand after an at sign in technical text
(``icon@2x.png``, ``getty@tty1.service``); none of them is a top-level domain."""


def packed(name: str) -> int:
    """Up to eight letters as one integer, the first in the highest byte."""
    return int.from_bytes(name.encode()[:8], "big")


DOMAINS_OF_SCRIPTS = (
    "рф", "бг", "укр", "бел", "срб", "мкд", "мон", "қаз", "ею", "ευ", "ελ", "հայ", "გე", "ไทย",
    "ລາວ", "онлайн", "сайт", "орг", "ком", "дети", "москва", "рус", "中国", "中國", "香港",
    "台湾", "台灣", "新加坡", "澳門", "澳门", "网址", "公司", "网络", "网站", "在线", "中文网",
    "中信", "广告", "商城", "集团", "政务", "公益", "みんな", "コム", "セール", "ストア", "한국",
    "닷컴", "닷넷", "삼성", "भारत", "संगठन", "कॉम", "नेट", "ভারত", "বাংলা", "ভাৰত", "ਭਾਰਤ",
    "ભારત", "ଭାରତ", "இந்தியா", "இலங்கை", "சிங்கப்பூர்", "భారత్", "ಭಾರತ", "ഭാരതം", "ලංකා",
    "امارات", "ایران", "السعودية", "مصر", "المغرب", "تونس", "الجزائر", "الاردن", "عمان", "قطر",
    "سورية", "فلسطين", "سودان", "پاکستان", "بھارت", "مليسيا", "عراق", "موريتانيا", "البحرين",
    "موقع", "شبكة", "بازار", "كوم", "ישראל", "קום",
)  # fmt: skip
"""Top-level domains in other scripts (IANA's root zone; those in general use)."""
SCRIPT_DATA = np.frombuffer("".join(DOMAINS_OF_SCRIPTS).encode(), np.uint8)
SCRIPT_OFFSETS = np.cumsum([0] + [len(name.encode()) for name in DOMAINS_OF_SCRIPTS])
NOT_DOMAIN_KEYS = np.array(sorted(packed(name) for name in NOT_DOMAINS), np.uint64)

ASCII, ASCII_DIGIT, OTHER = 1, 2, 3


@kernel()
def script(data: np.ndarray, at: Scalar, characters: tuple) -> tuple:
    """The script of a character, or 0, and the next place.

    ``ASCII`` for all Latin letters, ``ASCII_DIGIT``, ``OTHER`` for other letters and digits.
    """
    byte = data[at]
    if byte < 0x80:
        return (
            ASCII if is_ascii_letter(byte) else ASCII_DIGIT if is_ascii_digit(byte) else 0
        ), at + 1
    kind, after = read(data, at, characters)
    if kind == LATIN:
        return ASCII, after
    return (OTHER if kind in (ALPHABET, LETTER) or kind >= DIGIT else 0), after


@kernel()
def local_start(data: np.ndarray, low: Scalar, at: Scalar, characters: tuple) -> Scalar:
    """Where the local part before the at sign at ``at`` begins; ``at`` where there is none."""
    begin = at
    first = at
    side = 0
    while begin > low and at - begin <= LOCAL_BYTES:
        byte = data[begin - 1]
        if byte < 0x80 and not is_ascii_word(byte):
            mark = byte == 0x2E or byte == 0x2D or byte == 0x2B or byte == 0x25 or byte == 0x27
            if not mark or first != begin:  # . - + % ' stand alone, and not at the end
                break
            begin -= 1
            continue
        if byte == 0x5F:
            begin -= 1
            first = begin
            continue
        _, earlier = read_back(data, low, begin, characters)
        here, _ = script(data, earlier, characters)
        if here == 0 or (here != ASCII_DIGIT and side != 0 and here != side):
            break
        if here != ASCII_DIGIT or side == 0:
            side = ASCII if here == ASCII_DIGIT else here
        begin = first = earlier
    return at if at - first > LOCAL_BYTES else first


@kernel()
def domain_end(data: np.ndarray, at: Scalar, end: Scalar, characters: tuple) -> Scalar:
    """Where the domain that begins at ``at`` ends; ``at`` where it is none."""
    begin = at
    best = begin
    side = 0
    labels = 0
    numbers = 0
    while at < end and at - begin <= DOMAIN_BYTES:
        label = at
        letters = True
        length = 0
        while at < end:
            here, after = script(data, at, characters)
            if data[at] == 0x2D:
                letters, after = False, at + 1
            elif here == 0 or (here != ASCII_DIGIT and side != 0 and here != side):
                break
            elif here == ASCII_DIGIT:
                letters = False
            else:
                side = here
            length += 1
            at = after
        stop = at
        while stop > label and data[stop - 1] == 0x2D:
            stop -= 1
        if stop == label or data[label] == 0x2D:
            break
        labels += 1
        if length and not letters and is_version_part(data, label, stop):
            numbers += 1
        if labels >= 2 and is_top_level(data, label, stop, length, letters, side):
            best = stop
        if at != stop or at + 1 >= end or data[at] != 0x2E:
            break
        at += 1
    return begin if numbers >= 2 else best


@kernel()
def is_version_part(data: np.ndarray, begin: Scalar, end: Scalar) -> Scalar:
    """``2``, ``v18``, ``1-beta``: begins with a number, as the parts of versions do."""
    if data[begin] == 0x76 and end - begin > 1:
        begin += 1
    if not is_ascii_digit(data[begin]):
        return False
    return not is_ascii_letter(data[end - 1]) or (begin + 1 < end and data[begin + 1] == 0x2D)


@kernel()
def is_top_level(
    data: np.ndarray, begin: Scalar, end: Scalar, length: Scalar, letters: Scalar, side: Scalar
) -> Scalar:
    """Whether a label may be the last: two letters and more, or an encoded one (``xn--``)."""
    if not letters:
        return end - begin > 4 and data[begin] | 0x20 == 0x78 and data[begin + 3] == 0x2D
    if length < 2 or end - begin > 63:
        return False
    if side == OTHER:
        return is_of_script(data, begin, end)
    key = np.uint64(0)
    for k in range(begin, min(end, begin + 8)):
        key = key << np.uint64(8) | np.uint64(data[k] | 0x20)
    file = False
    for known in NOT_DOMAIN_KEYS:
        file |= key == known
    return not file


@kernel()
def is_of_script(data: np.ndarray, begin: Scalar, end: Scalar) -> Scalar:
    """Whether a label is one of ``DOMAINS_OF_SCRIPTS``."""
    for name in range(len(SCRIPT_OFFSETS) - 1):
        first = SCRIPT_OFFSETS[name]
        if SCRIPT_OFFSETS[name + 1] - first != end - begin:
            continue
        equal = True
        for k in range(end - begin):
            equal &= data[begin + k] == SCRIPT_DATA[first + k]
        if equal:
            return True
    return False


@kernel()
def in_address_of_page(data: np.ndarray, low: Scalar, at: Scalar) -> Scalar:
    """Whether ``//`` stands before a place with nothing but a user's name between."""
    stop = max(low, at - SCHEME_REACH)
    while at > stop and data[at - 1] > 0x20 and data[at - 1] != 0x2F:
        at -= 1
    return at - 2 >= low and data[at - 1] == 0x2F and data[at - 2] == 0x2F


@kernel()
def email_at(
    data: np.ndarray, low: Scalar, at: Scalar, after: Scalar, end: Scalar, characters: tuple
) -> tuple:
    """The address around the at sign ``data[at:after]``: (begin, end), equal where there is none.

    No address: the user of a URL (``ftp://me@example.org``), the place of a remote copy
    (``git@example.org:path``), a call (``a@b.mean()``), a package's version (``pkg@1.2.3``).
    """
    begin = local_start(data, low, at, characters)
    stop = domain_end(data, after, end, characters)
    if begin == at or stop == after or in_address_of_page(data, low, begin):
        return at, at
    if begin > low and data[begin - 1] == 0x40:
        return at, at
    if stop < end and data[stop] in (0x28, 0x40, 0x5B, 0x5F):  # ( @ [ _
        return at, at
    if stop + 1 < end and data[stop] == 0x3A:
        later = data[stop + 1]
        for sign in b"/~.<{$[":
            if later == sign:
                return at, at
        if is_ascii_word(later):
            return at, at
    return begin, stop
