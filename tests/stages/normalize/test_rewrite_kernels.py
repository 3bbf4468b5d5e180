"""Characters that go or stand by, line ends and blanks: examples, and a plain reference."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.normalize.change_kernels import (
    BLANK_LINES_REMOVED,
    BLANKS_TRIMMED,
    COMPOSED,
    CONTROLS_REMOVED,
    INVISIBLE_REMOVED,
    JOINERS_REMOVED,
    LINE_ENDS_CHANGED,
    REMOVED,
    REWRITE,
    SELECTORS_REMOVED,
)
from stages.normalize.character_kernels import BLANK, EMOJI, JOINS, SELECTS_NOTHING, SPACES_ZERO
from stages.normalize.character_rules import character_rules
from stages.normalize.columns import normalize_column

exhaustive = settings(deadline=None)
"""A shared machine may pause for longer than hypothesis' deadline."""

ALL = REWRITE | COMPOSED


def cleaned(*texts, wanted=ALL):
    column = pa.array(texts, pa.large_string())
    result, changes, _ = normalize_column(column, np.ones(len(texts), np.bool_), wanted)
    return result.to_pylist(), changes.tolist()


EXAMPLES = [
    ("a\r\nb\rc\u2028d\x0be\x0cf\x85g\u2029h", "a\nb\nc\nd\ne\nf\ng\nh", LINE_ENDS_CHANGED),
    ("null\x00 bell\x07 \ufdd0\uffff\U0001ffff", "null bell", CONTROLS_REMOVED | BLANKS_TRIMMED),
    ("\ufeffword\u2060joiner soft\u00adhyphen", "wordjoiner softhyphen", INVISIBLE_REMOVED),
    ("line  \nnext\t\u3000\nend ", "line\nnext\nend", BLANKS_TRIMMED),
    ("two\n\n\nblank", "two\n\n\nblank", 0),
    ("three\n\n\n\nblank", "three\n\nblank", BLANK_LINES_REMOVED),
    ("    indented\n        code", "    indented\n        code", 0),
    # joiners: Persian, Hindi, Sinhala, Malayalam, a family, a heart on fire
    ("می‌خواهم", "می‌خواهم", 0),
    ("क्‍ष", "क्‍ष", 0),
    ("ශ්‍රී ලංකා", "ශ්‍රී ලංකා", 0),
    ("അവന്‍", "അവന്‍", 0),
    ("👩‍👩‍👧 ❤️‍🔥 🏴‍☠️", "👩‍👩‍👧 ❤️‍🔥 🏴‍☠️", 0),
    ("Auf\u200clage mu\u200dch", "Auflage much", JOINERS_REMOVED),
    ("ا\u200c\u200cب", "ا\u200cب", JOINERS_REMOVED),
    # the zero-width space: between words of Khmer, Lao, Burmese; elsewhere noise
    ("ភាសា\u200bខ្មែរ ພາສາ\u200bລາວ", "ភាសា\u200bខ្មែរ ພາສາ\u200bລາວ", 0),
    ("မြန်မာ\u200bစာ", "မြန်မာ\u200bစာ", 0),
    ("ภาษา\u200bไทย zero\u200bwidth", "ภาษาไทย zerowidth", INVISIBLE_REMOVED),
    ("៧\u200bថ្ងៃ ᠠ \u180eᠠ", "៧\u200bថ្ងៃ ᠠ \u180eᠠ", 0),
    ("ខ្មែរ\u200b។ \u200bខ្មែរ", "ខ្មែរ។ ខ្មែរ", INVISIBLE_REMOVED),
    # selectors: emoji, keycaps, Han variants, Mongolian; doubled, or hiding text
    ("✔️ 1️⃣ 葛\U000e0100 ᠠ\u180b ⊕︀", "✔️ 1️⃣ 葛\U000e0100 ᠠ\u180b ⊕︀", 0),
    ("⛔\ufe0f\ufe0f a\ufe0f \ufe0f", "⛔\ufe0f a", SELECTORS_REMOVED | BLANKS_TRIMMED),
    ("😀\U000e0148\U000e0149", "😀", SELECTORS_REMOVED),
    # tags: the flag of Wales; instructions that no reader sees
    ("🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",) * 2 + (0,),
    ("hi\U000e0068\U000e0069", "hi", SELECTORS_REMOVED),
    # normal form C
    ("cafe\u0301", "café", COMPOSED),
    ("é\u0327", "ȩ́", COMPOSED),
    ("q\u0308\u0323", "q\u0323\u0308", COMPOSED),
    ("10² ½ ﬁ Ａ ㅋㅋ ﾊﾟ ㈱ “quoted”", "10² ½ ﬁ Ａ ㅋㅋ ﾊﾟ ㈱ “quoted”", 0),
]


@pytest.mark.parametrize(("text", "expected", "changes"), EXAMPLES)
def test_example(text, expected, changes):
    assert cleaned(text) == ([expected], [changes])


@pytest.mark.parametrize(("text", "expected", "changes"), EXAMPLES)
def test_nothing_happens_when_nothing_is_wanted(text, expected, changes):
    assert cleaned(text, wanted=0) == ([text], [0])


def test_a_change_that_is_not_wanted_is_not_made():
    text = "a \r\n\u200b\x07cafe\u0301\n\n\n\n\u200ff\u200cg\ufe0f"
    for bit in (1 << n for n in range(17) if ALL & 1 << n):
        _, (made,) = cleaned(text, wanted=ALL & ~bit)
        assert not made & bit
        assert cleaned(text, wanted=bit)[1] in ([bit], [0])


def flags_of(character):
    index, blocks, _, _ = character_rules(ALL)
    return int(blocks[int(index[ord(character) >> 8]) * 256 + (ord(character) & 255)])


STANDS_BY = "\u200b\u200c\u200d\u180b\u180c\u180d\u180e\u180f" + "".join(
    map(chr, [*range(0xFE00, 0xFE10), *range(0xE0020, 0xE0080), *range(0xE0100, 0xE01F0)])
)


def stays(kept, character, rest):
    """The definition of what stands by, in plain Python."""
    previous = kept[-1:] or "\n"
    before = flags_of(previous)
    later = (c for c in rest if c not in STANDS_BY and not flags_of(c) & REMOVED)
    after = flags_of(next(later, "\0")) if rest else 0
    code, last = ord(character), ord(previous)
    if code >= 0xE0100:
        return unicodedata.name(previous, "").startswith("CJK ") and last >= 0x3400
    if code >= 0xE0000:
        tags = kept[kept.rfind("🏴") + 1 :] if "🏴" in kept else "none"
        return len(tags) < 7 and all(0xE0000 <= ord(c) < 0xE0080 for c in tags)
    if character == "\u180e" and after & JOINS:
        return True
    if 0x1800 <= code < 0x1900:
        return 0x1800 <= last < 0x18B0 or 0xA840 <= last < 0xA878
    if code >= 0xFE00:
        return previous not in STANDS_BY + "\n" and not before & (SELECTS_NOTHING | BLANK)
    if previous in STANDS_BY and not (0xFE00 <= last < 0xFE10 or 0x180B <= last < 0x1810):
        return False
    if character == "\u200b":
        return bool(before & after & SPACES_ZERO)
    emoji = character == "\u200d" and before & after & EMOJI
    return bool((before | after) & JOINS or emoji)


def reference(text):
    """The definition in plain Python."""
    kept = ""
    text = text.replace("\r\n", "\n")
    for position, character in enumerate(text):
        flags = flags_of(character)
        if flags & LINE_ENDS_CHANGED or character == "\n":
            kept = trimmed(kept) + "\n"
        elif character in STANDS_BY:
            if stays(kept, character, text[position + 1 :]):
                kept += character
        elif not flags & REMOVED:
            kept += character
    kept = trimmed(kept)
    while "\n\n\n\n" in kept:
        start = kept.index("\n\n\n\n")
        end = start
        while end < len(kept) and kept[end] == "\n":
            end += 1
        kept = kept[:start] + "\n\n" + kept[end:]
    return unicodedata.normalize("NFC", kept)


def trimmed(text):
    while text and flags_of(text[-1]) & BLANK:
        text = text[:-1]
    return text


TRICKY = (
    "ab1 \t\n\n\n\r\x00\x0b\x85\x91\u00a0\u00ad\u200b\u200c\u200d\u2028\u3000\ufeff\u200e"
    "e\u0301\u0323\u0308\u0344\u212b\u0327é\u0958कषि्ாোកខേ가\u1100\u1161\u11a8بىٔ\u0651\u064e"
    "กิ่ำ👩❤\ufe0f🏽ᠠ\u180b葛\U000e0100🏴\U000e0067\U000e007f\ufdd0"
)
texts = st.one_of(st.text(st.sampled_from(TRICKY), max_size=30), st.text(max_size=20))


@settings(exhaustive, max_examples=400)
@given(st.lists(texts, max_size=5))
def test_kernels_agree_with_the_reference(given_texts):
    result, changes = cleaned(*given_texts)
    assert result == [settled(t) for t in given_texts]
    assert [c != 0 for c in changes] == [a != b for a, b in zip(given_texts, result, strict=True)]


def settled(text):
    """The reference until nothing changes: composing may bring new neighbours together."""
    while (again := reference(text)) != text:
        text = again
    return text


def test_the_whole_of_unicode_in_form_c_stays():
    """The quick check has no false alarm on single characters and misses none."""
    characters = [chr(c) for c in range(0x20000) if not 0xD800 <= c < 0xE000]
    touched = REMOVED | LINE_ENDS_CHANGED | BLANK
    kept = [c for c in characters if not flags_of(c) & touched and c not in STANDS_BY + "\n"]
    result, _ = cleaned(*kept)
    assert result == [unicodedata.normalize("NFC", c) for c in kept]


def test_every_pair_that_composes_is_found():
    marks = [chr(c) for c in range(0x300, 0x346)] + list("\u0653\u0654\u093c\u09be\u3099\u309a")
    letters = [chr(c) for c in [*range(0x41, 0x250), *range(0x390, 0x3D0), *range(0x1E00, 0x1FFF)]]
    letters += list("آأبनকか가\u1100\u1161ேা")
    pairs = [a + b for a in letters for b in marks if unicodedata.category(a)[0] == "L"]
    result, changes = cleaned(*pairs)
    assert result == [unicodedata.normalize("NFC", pair) for pair in pairs]
    assert [c != 0 for c in changes] == [not unicodedata.is_normalized("NFC", p) for p in pairs]
