"""Which bytes are read, what a script decides: against the same rules in plain Python."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.buffers import text_buffers
from formats.compile import array_types, kernel
from stages.language import langid_kernels as kernels
from stages.language import langid_scripts as scripts
from stages.language.fasttext_model import reciprocal
from stages.language.fasttext_ngram_kernels import hash_bytes, remainder

from ..language_texts import LETTERS, any_text

t = array_types()
I64 = t["i64"].dtype
U64 = t["u64"].dtype

long_text = st.lists(
    st.sampled_from(LETTERS).flatmap(lambda letters: st.text(letters, min_size=1, max_size=60)),
    min_size=1,
    max_size=20,
).map("".join)


@kernel((t["u8"], I64, I64, t["w_i64"]))
def split_text(data, windows, characters, parts):
    return kernels.split(data, 0, len(data), windows, characters, parts)


@kernel((t["u8"],))
def hash_text(data):
    return hash_bytes(data, 0, len(data))


@kernel((U64, I64, I64))
def remainder_of(state, bucket, reciprocal):
    return remainder(state, bucket, reciprocal)


@kernel((t["i64"], t["i32"]))
def decide(counts, labels):
    return kernels.by_script(counts, labels)


@kernel((t["i64"],))
def is_han_alone(counts):
    return kernels.is_han_alone(counts)


def windows_of(text, windows, characters):
    data = np.frombuffer(text.encode(), np.uint8)
    parts = np.zeros(2 * windows, np.int64)
    count = split_text(data, windows, characters, parts)
    return [bytes(data[parts[2 * i] : parts[2 * i + 1]]) for i in range(count)], parts[: 2 * count]


SEPARATORS = b" \t\n\v\f\r\0"


def reference_windows(data, windows, characters):
    """The same, character by character."""
    text = data.decode()
    if len(text) <= windows * characters:
        return [data]
    starts, place = [], 0
    for character in text:
        starts.append(place)
        place += len(character.encode())
    starts.append(place)

    def at_or_after(place, stop):
        return next(start for start in starts if start >= place) if place < stop else stop

    found = []
    for index in range(windows):
        begin = at_or_after(len(data) * index // windows, len(data))
        limit = at_or_after(len(data) * (index + 1) // windows, len(data))
        begin = at_or_after(begin + max(0, (limit - begin) // 2 - characters), limit)
        if begin > 0 and data[begin - 1] not in SEPARATORS:
            spaces = [p for p in range(begin, min(begin + 40, limit)) if data[p] in SEPARATORS]
            begin = spaces[0] + 1 if spaces else begin
        end = starts[min(starts.index(begin) + characters, len(starts) - 1)]
        end = min(end, limit) if begin <= limit else begin
        if end < len(data) and data[end] not in SEPARATORS:
            spaces = [p for p in range(max(end - 40, begin) + 1, end) if data[p] in SEPARATORS]
            end = spaces[-1] if spaces else end
        found.append(data[begin:end])
    return found


@settings(max_examples=200, deadline=None)
@given(long_text, st.integers(1, 7), st.integers(1, 60))
def test_windows_equal_the_reference(text, windows, characters):
    assert windows_of(text, windows, characters)[0] == reference_windows(
        text.encode(), windows, characters
    )


@settings(max_examples=100, deadline=None)
@given(long_text, st.integers(1, 7), st.integers(1, 60))
def test_windows_are_whole_characters_in_order_and_no_longer_than_asked(text, windows, characters):
    parts, bounds = windows_of(text, windows, characters)
    assert all(len(part.decode()) <= max(characters, len(text) if len(parts) == 1 else 0)
               for part in parts)  # fmt: skip
    assert bounds.tolist() == sorted(bounds.tolist())
    assert bounds[-1] <= len(text.encode())


def test_windows_lie_in_the_middle_of_equal_stretches_and_begin_with_a_word():
    text = " ".join(f"word{i:03d}" for i in range(200))
    parts, _ = windows_of(text, 4, 30)
    assert parts == [
        b"word022 word023 word024",
        b"word072 word073 word074",
        b"word122 word123 word124",
        b"word172 word173 word174",
    ]


def reference_hash(data):
    state = 2166136261
    for byte in data:
        signed = byte - 256 if byte > 127 else byte
        state = ((state ^ (signed & 0xFFFFFFFF)) * 16777619) & 0xFFFFFFFF
    return state


@given(any_text)
def test_the_hash_is_fnv_1a_over_signed_bytes(text):
    data = text.encode()
    assert hash_text(np.frombuffer(data, np.uint8)) == reference_hash(data)


@given(st.integers(0, 2**32 - 1), st.integers(1, 2**31 - 1))
def test_remainder_equals_division(state, bucket):
    assert remainder_of(np.uint64(state), bucket, reciprocal(bucket)) == state % bucket


def counted(text):
    """How many characters of each class, by the Unicode names of the characters."""
    table = scripts.class_table()
    return np.bincount([table[ord(c)] for c in text], minlength=kernels.CLASSES).astype(np.int64)


NUMBERS = {language: i for i, language in enumerate(["ja", *scripts.SCRIPTS])}
EVERY_SCRIPT = scripts.script_labels(list(NUMBERS))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("th", "หนึ่งในวิธีสุดท้ายของเขาในการสร้างความกดดันกับฮังการี"),
        ("ko", "가나다라마바사아자차카타파하 " * 4),
        ("el", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία του κόσμου τούτου"),
        ("ta", "யாமறிந்த மொழிகளிலே தமிழ்மொழி போல் இனிதாவது எங்கும் காணோம்"),
        (
            "ja",
            "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で",
        ),
        ("km", "មនុស្សទាំងអស់កើតមកមានសេរីភាព និងសមភាពក្នុងសេចក្តីថ្លៃថ្នូរ"),
    ],
)
def test_a_script_with_one_language_decides(language, text):
    label, share = decide(counted(text), EVERY_SCRIPT)
    assert label == NUMBERS[language]
    assert share == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    "text",
    [
        "The quick brown fox jumps over the lazy dog and away it goes",
        "Съешь же ещё этих мягких французских булок, да выпей чаю",
        "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。の日本",
        "ბუნებრივი ენა არის ადამიანთა ურთიერთობის საშუალება",
        "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם",
        "สวัสดี",
        "หนึ่งในวิธีสุดท้าย and as much English beside it as Thai here",
    ],
)
def test_a_shared_script_a_short_text_and_a_mixed_one_are_left_to_the_model(text):
    assert decide(counted(text), EVERY_SCRIPT)[0] == kernels.UNDECIDED


@pytest.mark.parametrize("text", ["", "  \n", "12 345,67 %", "🎉😀 ---", "\0"])
def test_without_a_letter_there_is_no_language(text):
    assert decide(counted(text), EVERY_SCRIPT)[0] == kernels.UNDETERMINED


def reference_decision(counts, labels):
    letters = sum(counts[1:])
    if letters == 0:
        return -1, 0.0
    if letters >= 40:
        for script in range(4, 32):
            if labels[script] >= 0 and counts[script] >= 0.9 * letters:
                return labels[script], counts[script] / letters
        japanese = counts[2] + counts[3]
        if labels[3] >= 0 and japanese >= 0.9 * letters and counts[3] >= 0.15 * japanese:
            return labels[3], japanese / letters
    return -3, 0.0


@given(
    st.lists(st.sampled_from([0, 0, 0, 1, 5, 30, 200]), min_size=32, max_size=32),
    st.lists(st.integers(-1, 40), min_size=32, max_size=32),
)
def test_decisions_equal_the_reference(counts, labels):
    label, share = decide(np.array(counts, np.int64), np.array(labels, np.int32))
    expected, expected_share = reference_decision(counts, labels)
    assert label == expected
    assert share == pytest.approx(expected_share, rel=1e-6)


@given(st.lists(st.sampled_from([0, 0, 1, 19, 20, 30, 200]), min_size=32, max_size=32))
def test_chinese_characters_alone_are_told_from_japanese(counts):
    han, kana, letters = counts[2], counts[3], sum(counts[1:])
    expected = kana == 0 and han >= 20 and han >= 0.9 * letters
    assert is_han_alone(np.array(counts, np.int64)) == expected


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。", True),
        ("静岡県出身。", False),  # too short to miss kana
        (
            "國破山河在、城春にして草木深し。時に感じては花にも涙を濺ぎ、別れを恨んでは鳥にも心を驚かす",
            False,
        ),
        ("床前明月光，疑是地上霜。舉頭望明月，低頭思故鄉。 Li Bai, Quiet Night Thoughts", False),
    ],
)
def test_poems_in_chinese_characters(text, alone):
    assert is_han_alone(counted(text)) == alone


def test_classes_are_letters_of_unicode():
    table = scripts.class_table()
    for point in (*range(0x3000), *range(0xAC00, 0xAD00), 0x1D400, 0x1F600):
        is_letter = unicodedata.category(chr(point))[0] == "L"
        if table[point] < kernels.FIRST_SCRIPT:
            assert (table[point] > 0) == is_letter
        else:
            assert unicodedata.category(chr(point))[0] in "LM"


def count_forms(texts, wanted=None, windows=5, characters=200):
    data, offsets = text_buffers(pa.array(texts, pa.large_string()))
    wanted = np.ones(len(texts), np.bool_) if wanted is None else np.array(wanted)
    hans, hant = np.empty(len(texts), np.int32), np.empty(len(texts), np.int32)
    parts, first = np.empty(2 * windows * len(texts), np.int64), np.empty(len(texts) + 1, np.int64)
    everything = np.ones(len(texts), np.bool_)
    kernels.split_texts(data, offsets, everything, windows, characters, parts, first)
    kernels.count_han(data, parts, first, wanted, scripts.han_forms(), hans, hant)
    return list(zip(hans.tolist(), hant.tolist(), strict=True))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("国國学學说說人大中a "), max_size=5))
def test_characters_of_the_two_chinese_scripts_are_counted(texts):
    assert count_forms(texts) == [
        (sum(c in "国学说" for c in text), sum(c in "國學說" for c in text)) for text in texts
    ]


def test_rows_not_wanted_count_nothing():
    assert count_forms(["国", "國"], wanted=[True, False]) == [(1, 0), (0, 0)]
