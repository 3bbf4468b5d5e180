"""The stage ``normalize``: examples, a plain reference, and properties."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.base import DROP_REASON, DROP_STAGE, mark_dropped
from stages.normalize.character_kernels import (
    BLANK,
    EMOJI,
    JOINER,
    JOINS,
    LINE_BREAK,
    REMOVED,
    character_rules,
)
from stages.normalize.mojibake import repair
from stages.normalize.normalize import CHANGES, Normalize
from stages.normalize.normalize_kernels import (
    BLANK_LINES_REMOVED,
    BLANKS_TRIMMED,
    COMPOSED,
    CONTROLS_REMOVED,
    INVISIBLE_REMOVED,
    LINE_ENDS_CHANGED,
    MOJIBAKE_REPAIRED,
)

exhaustive = settings(deadline=None)
"""A shared machine may pause for longer than hypothesis' deadline."""


def batch_of(*texts):
    return pa.record_batch({"text": pa.array(texts, pa.large_string())})


def normalized(*texts, **settings):
    batch = Normalize(**settings).apply(batch_of(*texts))
    return batch["text"].to_pylist(), batch[CHANGES].to_pylist()


EXAMPLES = [
    ("as it is: tab\tspaces   kept", "as it is: tab\tspaces   kept", 0),
    ("cafe\u0301", "café", COMPOSED),
    ("10² ½ ﬁ Ａ “quoted”", "10² ½ ﬁ Ａ “quoted”", 0),
    ("น้ำ", "น้ำ", 0),
    ("q\u0308\u0323", "q\u0323\u0308", COMPOSED),
    ("a\r\nb\rc\u2028d", "a\nb\nc\nd", LINE_ENDS_CHANGED),
    ("null\x00 bell\x07", "null bell", CONTROLS_REMOVED),
    ("\ufeffzero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen", INVISIBLE_REMOVED),
    ("می‌خواهم", "می‌خواهم", 0),
    ("क्‍ष", "क्‍ष", 0),
    ("Auf\u200clage", "Auflage", INVISIBLE_REMOVED),
    ("👩‍👩‍👧 ❤️‍🔥", "👩‍👩‍👧 ❤️‍🔥", 0),
    ("ا\u200c\u200cب", "ا\u200cب", INVISIBLE_REMOVED),
    ("line  \nnext\t\u3000\nend ", "line\nnext\nend", BLANKS_TRIMMED),
    ("two\n\n\nblank", "two\n\n\nblank", 0),
    ("three\n\n\n\nblank", "three\n\nblank", BLANK_LINES_REMOVED),
    ("    indented\n        code", "    indented\n        code", 0),
    ("voilÃ\xa0 le cafÃ©", "voilà le café", MOJIBAKE_REPAIRED),
    ("РїСЂРёРІРµС‚", "привет", MOJIBAKE_REPAIRED),
    ("ภาษาไทย".encode().decode("latin-1"), "ภาษาไทย", MOJIBAKE_REPAIRED),
]


@pytest.mark.parametrize(("text", "expected", "changes"), EXAMPLES)
def test_example(text, expected, changes):
    assert normalized(text) == ([expected], [changes])


@pytest.mark.parametrize(
    "text",
    [
        "Đây là tiếng Việt",
        "« un café »",
        "Рівне і Сіверськодонецьк",
        "SPAß… ÜBER “x” ñandú",
        "ÉCOLE»",
    ],
)
def test_sound_text_is_not_taken_for_mojibake(text):
    assert normalized(text) == ([text], [0])


def test_only_broken_lines_are_repaired():
    assert repair("中文 é\ncafÃ© noir") == "中文 é\ncafé noir"


def test_repair_can_be_switched_off():
    assert normalized("cafÃ©", repair_encoding=False) == (["cafÃ©"], [0])


def test_untouched_text_is_not_copied():
    batch = batch_of("one", "two")
    assert (
        Normalize().apply(batch)["text"].buffers()[2].address == batch["text"].buffers()[2].address
    )


def test_a_document_without_text_goes():
    batch = Normalize().apply(batch_of("", " \n\u200b\t", "x"))
    assert batch[DROP_REASON].to_pylist() == ["empty: 0 vs 1 characters"] * 2 + [None]
    assert batch[DROP_STAGE].to_pylist() == ["normalize", "normalize", None]


def test_rows_dropped_earlier_stay_as_they_are():
    batch = mark_dropped(batch_of("a\r\n", "b\r\n"), "earlier", ["rule: 1 vs 2", None])
    result = Normalize().apply(batch)
    assert result["text"].to_pylist() == ["a\r\n", "b\n"]
    assert result[CHANGES].to_pylist() == [None, LINE_ENDS_CHANGED]
    assert result[DROP_REASON].to_pylist() == ["rule: 1 vs 2", None]


def test_an_empty_batch_and_a_slice():
    assert normalized() == ([], [])
    batch = Normalize().apply(batch_of("x", "a ", "é", "b\u200b").slice(1, 3))
    assert batch["text"].to_pylist() == ["a", "é", "b"]


def flags_of(character):
    index, blocks, _, _ = character_rules()
    return int(blocks[int(index[ord(character) >> 8]) * 256 + (ord(character) & 255)])


def reference(text):
    """The definition in plain Python, without the repair of encodings."""
    kept = ""
    position = 0
    text = text.replace("\r\n", "\n")
    while position < len(text):
        character = text[position]
        flags = flags_of(character)
        position += 1
        if flags & LINE_BREAK:
            kept += "\n"
        elif flags & JOINER:
            before = flags_of(kept[-1]) if kept else 0
            later = [flags_of(c) for c in text[position:]]
            after = next((f for f in later if not f & (REMOVED | JOINER)), 0)
            emoji = character == "\u200d" and before & after & EMOJI
            if not before & JOINER and ((before | after) & JOINS or emoji):
                kept += character
        elif not flags & REMOVED:
            kept += character
    lines = kept.split("\n")
    for number, line in enumerate(lines):
        while line and flags_of(line[-1]) & BLANK:
            line = line[:-1]
        lines[number] = line
    kept = "\n".join(lines)
    while "\n\n\n\n" in kept:
        start = kept.index("\n\n\n\n")
        end = start
        while end < len(kept) and kept[end] == "\n":
            end += 1
        kept = kept[:start] + "\n\n" + kept[end:]
    return unicodedata.normalize("NFC", kept)


TRICKY = (
    "ab \t\n\n\n\r\x00\x0b\x85\x91\u00a0\u00ad\u200b\u200c\u200d\u2028\u3000\ufeff\u200e"
    "e\u0301\u0323\u0308\u0344\u212b\u0958कषि्ाোকಕೇ가\u1100\u1161\u11a8بىٔ\u0651\u064eกิ่ำ👩❤️🏽ÃÂâ€©™РЎС‚é»√±"
)
texts = st.one_of(st.text(st.sampled_from(TRICKY), max_size=30), st.text(max_size=20))


@exhaustive
@given(st.lists(texts, max_size=5))
def test_kernels_agree_with_the_reference(given_texts):
    result, changes = normalized(*given_texts, repair_encoding=False)
    assert result == [reference(t) for t in given_texts]
    assert [c != 0 for c in changes] == [a != b for a, b in zip(given_texts, result, strict=True)]


@exhaustive
@given(texts)
def test_normalizing_twice_changes_nothing_more(text):
    once, _ = normalized(text)
    assert normalized(*once) == (once, [0])


@exhaustive
@given(st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]), max_size=30))
def test_misread_utf8_never_comes_out_worse(text):
    for encoding in ("latin-1", "cp1251"):
        broken = text.encode().decode(encoding, "replace")
        assert len(normalized(broken)[0][0]) <= len(broken) * 3


def test_the_whole_of_unicode_in_form_c_stays():
    """The quick check has no false alarm on single characters and misses none."""
    index, blocks, _, _ = character_rules()
    characters = [chr(c) for c in range(0x20000) if not 0xD800 <= c < 0xE000]
    plain = REMOVED | LINE_BREAK | JOINER | BLANK
    kept = [c for c in characters if not flags_of(c) & plain and c != "\n"]
    result, _ = normalized(*kept, repair_encoding=False)
    assert result == [unicodedata.normalize("NFC", c) for c in kept]
    assert np.count_nonzero(index) and blocks.any()


def test_controls_of_the_mojibake_set_are_not_harmed(development_data):
    zstandard = pytest.importorskip("zstandard")
    orjson = pytest.importorskip("orjson")
    with open(development_data / "dirty" / "dirty_mojibake.jsonl.zst", "rb") as file:
        rows = [
            orjson.loads(line)
            for line in zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
        ]
    controls = [row for row in rows if row["text"] == row["meta"]["clean"]]
    broken = [row for row in rows if row["meta"]["chain"] in ("utf8>latin1", "utf8>cp1252 x2")]
    _, changes = normalized(*(row["text"] for row in controls))
    assert not any(change & MOJIBAKE_REPAIRED for change in changes)
    result, _ = normalized(*(row["text"] for row in broken))
    assert result == normalized(*(row["meta"]["clean"] for row in broken))[0]
