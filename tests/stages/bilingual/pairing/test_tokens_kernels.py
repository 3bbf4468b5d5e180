"""Tokens of documents: numbers as values, words in any script, against plain Python."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.bilingual.numbers.number_words import SCALES
from stages.bilingual.pairing.features import Features, Frequencies, features
from stages.text_kernels import DIGIT, LETTER, MARK, SPACELESS, WORD, character_classes

INDEX, BLOCKS = character_classes()


def read(*texts, syllables=False):
    column = pa.array(texts, pa.large_string())
    return features(column, np.full(len(texts), syllables))


def tokens(text, **options):
    return read(text, **options).tokens.tolist()


@pytest.mark.parametrize(
    "spellings",
    [
        ("1,200,000,000", "1.200.000.000", "1'200'000'000", "1.2 billion", "12億", "12亿", "12억"),
        ("1200000", "120万", "120萬", "1.2 ล้าน", "12 lakh", "1,2 Mio", "1,2 млн", "१२ लाख"),
        ("3.5", "3,5", "٣٫٥", "۳٫۵", "३.५", "3.50", "３．５"),
        ("2020", "２０２０", "๒๐๒๐", "٢٠٢٠", "2,020"),
        ("5000", "5千", "5 thousand", "5 тысяч", "5 nghìn"),
        ("2000000000000", "2兆", "2 trillion", "2조"),
        ("0", "00", "०"),
    ],
)
def test_a_number_is_the_same_however_it_is_written(spellings):
    assert len({tuple(tokens(text)) for text in spellings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("12", "120"), ("12", "21"), ("1.2", "12"), ("2.4.10", "24"), ("5 million", "5 milliner"),
     ("100", "1"), ("305", "35")],
)  # fmt: skip
def test_other_numbers_are_other_tokens(one, other):
    assert tokens(one)[0] != tokens(other)[0]


def test_words_are_cut_where_languages_inflect_and_names_stay():
    assert tokens("Informationen") == tokens("information") == tokens("INFORMATION")
    assert tokens("документация") == tokens("документации")
    assert tokens("كتاب") == tokens("الكتاب") == tokens("والكتاب")
    assert tokens("kubectl 使用") == [*tokens("kubectl"), *tokens("使用")]
    assert tokens("テスト") == tokens("ﾃｽﾄ") or len(tokens("テスト")) == 1


def test_scripts_without_spaces_give_pairs_and_hiragana_gives_nothing():
    assert len(tokens("数据库管理")) == 4
    assert tokens("数据")[0] in tokens("大数据集")
    assert tokens("これはです") == []
    assert len(tokens("ภาษาไทย")) >= 3


def test_syllables_give_pairs_only_where_words_have_several():
    assert len(tokens("cơ sở dữ liệu")) == 4
    assert len(tokens("cơ sở dữ liệu", syllables=True)) == 7


def test_an_address_is_a_token_besides_its_words():
    inside = tokens("(https://example.org/a-page)")
    assert set(inside) == set(tokens("https://example.org/a-page."))
    assert len(inside) == len(tokens("https example org page")) + 1


def test_lines_and_long_sentences_are_segments():
    found = read("one two\n\nthree four\n")
    assert np.diff(found.segment_offsets).tolist() == [2]
    sentences = ". ".join(" ".join(f"w{a}x{b}" for b in range(8)) for a in range(6)) + "."
    assert len(read(sentences).ends) == 3
    assert len(read("e.g. this. And that.").ends) == 1


def test_equal_lines_have_equal_hashes_and_order_counts():
    found = read("alpha beta\nbeta alpha\nAlpha  beta!")
    assert found.lines[0] == found.lines[2] != found.lines[1]


# --- the same by plain Python --------------------------------------------------------------------


def flags(character):
    code = ord(character)
    return int(BLOCKS[int(INDEX[code >> 8]) * 256 + (code & 255)])


def reference(text):
    """The labels of a text's tokens, in order; no numbers, addresses or Arabic."""
    labels, position, last, before = [], 0, None, None
    while position < len(text):
        character = text[position]
        kind = flags(character)
        if kind & WORD == 0 or character == "\n":
            last, position = None, position + 1
            continue
        script = script_of(character)
        if script in ("words", "katakana"):
            end = position
            while end < len(text) and flags(text[end]) & WORD and (
                flags(text[end]) & MARK or script_of(text[end]) == script
            ):  # fmt: skip
                end += 1
            end = max(end, position + 1)
            most = 5 if 0x370 <= ord(character) <= 0x7BF else 6
            label = "".join(fold(c) for c in text[position:end][:most])
            if len(label) > 1:
                labels.append(("word", label))
            position, last = end, script
            continue
        position += 1
        if script == "hiragana" or not kind & LETTER:
            last = script
            continue
        cluster = character
        while position < len(text) and ord(text[position]) >= 0x80 and flags(text[position]) & MARK:
            cluster += text[position]
            position += 1
        if last == script:
            labels.append(("pair", before, cluster))
        before, last = cluster, script
    return list(dict.fromkeys(labels))


def script_of(character):
    code, kind = ord(character), flags(character)
    if 0x3041 <= code <= 0x309F:
        return "hiragana"
    if 0x30A0 <= code <= 0x30FF or 0xFF66 <= code <= 0xFF9F:
        return "katakana"
    if 0xAC00 <= code <= 0xD7A3:
        return "han"
    if kind & SPACELESS:
        return "han" if code >= 0x3000 else "clusters"
    return "words"


def fold(character):
    form = unicodedata.normalize("NFKC", character)
    lower = (form if len(form) == 1 else character).lower()
    return lower if len(lower) == 1 else character


LETTERS = "abcXYZ éß жЯщ 数据库 データ ひら กขาที่ 한국 -"


@settings(max_examples=150, deadline=None)
@given(st.text(LETTERS, max_size=40))
def test_tokens_equal_the_reference(text):
    labels, found = reference(text), tokens(text)
    assert len(found) == len(labels)
    assert len(set(found)) == len(found)


@settings(max_examples=60, deadline=None)
@given(st.text(LETTERS, max_size=20), st.text(LETTERS, max_size=20))
def test_two_texts_share_the_tokens_that_the_reference_shares(one, other):
    shared = set(reference(one)) & set(reference(other))
    assert len(set(tokens(one)) & set(tokens(other))) == len(shared)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**15), st.sampled_from([",", ".", "'", ""]))
def test_thousands_may_be_divided_anyhow(number, separator):
    assert tokens(f"{number:,}".replace(",", separator)) == tokens(str(number))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9999), st.sampled_from(sorted(SCALES)))
def test_words_multiply(number, power):
    for word in SCALES[power].split():
        assert tokens(f"{number} {word}")[0] == tokens(str(number * 10**power))[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=6))
def test_any_text_has_whole_segments_and_comes_back_from_arrow(texts):
    found = read(*texts)
    assert found.token_offsets[-1] == len(found.tokens)
    assert (np.diff(np.concatenate([[0], found.ends])) > 0).all()
    assert found.segment_offsets[-1] == len(found.ends) == len(found.lines)
    names = ("tokens", "ends", "lines")
    table = pa.table(dict(zip(names, found.columns(), strict=True)))
    again = Features.of_table(table.slice(1)) if texts else Features.of_table(table)
    assert len(again) == max(len(texts) - 1, 0)
    for row in range(len(again)):
        a, b = again.token_offsets[row], found.token_offsets[row + 1]
        size = again.token_offsets[row + 1] - a
        assert again.tokens[a : a + size].tolist() == found.tokens[b : b + size].tolist()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(1, 6), max_size=5), max_size=6), st.integers(0, 6))
def test_frequencies_count_documents_however_they_are_merged(documents, cut):
    def counted(part):
        values = np.array([v for document in part for v in document], np.uint32)
        offsets = np.cumsum([0, *map(len, part)]).astype(np.int64)
        return Frequencies.of_documents(values, offsets, np.ones(len(part), np.bool_))

    merged = counted(documents[:cut]).merged(counted(documents[cut:]), 100)
    expected = [sum(value in document for document in documents) for value in range(8)]
    assert merged.of(np.arange(8, dtype=np.uint32)).tolist() == expected
    assert merged.repeated().of(np.arange(8, dtype=np.uint32)).tolist() == [
        count if count > 1 else 0 for count in expected
    ]


def test_digits_and_letters_are_what_the_classes_say():
    assert flags("a") & LETTER and flags("٣") & DIGIT and flags("中") & SPACELESS
