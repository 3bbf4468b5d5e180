"""Our own encoder beside ``tokenizers``, on vocabularies that are hard to encode with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from formats.pretokenizers.patterns import splits_of
from stages.tokens import native
from stages.tokens.byte_pairs import NO_TOKEN, read_byte_pairs
from stages.tokens.libraries import TokenizersEncoder
from stages.tokens.merge_kernels import SHORT
from stages.tokens.native import NativeEncoder

LETTERS = "ab éя中文ก้า\U0001f600"
"""Characters of one to four bytes, among them some that share their first or last bytes."""
END = 7


def byte_level(texts: list[str], size: int, pattern: str = "o200k") -> dict[str, Any]:
    """The tokenizer.json of a byte-level BPE learned from some texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(split), "isolated") for split in splits_of(pattern)]
        + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, show_progress=False, min_frequency=1
    )
    tokenizer.train_from_iterator(texts, trainer)
    definition: dict[str, Any] = json.loads(tokenizer.to_str())
    return definition


def agree(definition: dict[str, Any], texts: list[str | None]) -> bool:
    """Whether our ids are those of ``tokenizers``: cold, and again from the tables."""
    column = pa.array(texts, pa.large_string())
    ours = NativeEncoder(read_byte_pairs(definition), END)
    ids, offsets = TokenizersEncoder(json.dumps(definition).encode(), END).encode(column)
    return all(
        np.array_equal(found_ids, ids) and np.array_equal(found_offsets, offsets)
        for found_ids, found_offsets in (ours.encode(column), ours.encode(column))
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=30), min_size=1, max_size=8),
    st.integers(256, 400),
    st.lists(st.text(LETTERS, max_size=60), max_size=6),
)
def test_merges_across_characters_and_within(
    learned: list[str], size: int, texts: list[str]
) -> None:
    """Plain merges join parts of neighbouring characters: few may be taken whole then."""
    assert agree(byte_level(learned, size), [*texts, *learned])


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    """600 tokens of English, Russian, Chinese and Thai."""
    texts = ["the cat sat on the mat, the dog did not", "кошка сидела на коврике", "猫坐在垫子上"]
    return byte_level([*texts * 3, "แมวนั่งอยู่บนเสื่อ" * 3, "-" * 300, " " * 70], 600)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=4))
def test_any_text(definition: dict[str, Any], texts: list[str]) -> None:
    assert agree(definition, [*texts, None])


@pytest.mark.parametrize(
    "text",
    [
        "x" * (SHORT - 1),
        "x" * SHORT,
        "xy" * SHORT,
        "猫" * 500,
        "แมวนั่งอยู่บนเสื่อ" * 40,
        "-" * 31 + " " * 33 + "-" * 255 + " " * 256 + "-" * 257,
        "a" * 100_000,
        "ab" * 50_000 + "猫",
        "".join(map(chr, [*range(0xD800), *range(0xE000, 0x11000)])),
        "\0" * 20 + "a\0" * 20,
    ],
    ids=lambda text: f"{text[:4]!r} {len(text)}",
)
def test_long_and_strange_pieces(definition: dict[str, Any], text: str) -> None:
    assert agree(definition, [text, text + "a", "b" + text])


def test_a_piece_is_not_taken_for_one_with_zeros_behind_it(definition: dict[str, Any]) -> None:
    assert agree(definition, ["a", "a\0", "a\0\0", "\0", "\0\0", "", "the", "the\0"])


def test_texts_are_cut_in_chunks(
    definition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "CHUNK_BYTES", 10)
    texts = ["the cat", "", None, "sat on", "", "the mat" * 9, "猫", None]
    assert agree(definition, texts)
    encoder = NativeEncoder(read_byte_pairs(definition), END)
    assert encoder.encode(pa.array([], pa.large_string()))[1].tolist() == [0]
    column = pa.array(texts, pa.large_string())
    np.testing.assert_array_equal(
        encoder.encode(column.slice(3, 2))[0],
        encoder.encode(pa.array(texts[3:5], pa.large_string()))[0],
    )


def with_merge(definition: dict[str, Any], left: str, right: str, rank: int) -> dict[str, Any]:
    """The same with one merge more."""
    changed: dict[str, Any] = json.loads(json.dumps(definition))
    vocabulary, merges = changed["model"]["vocab"], changed["model"]["merges"]
    vocabulary[left + right] = len(vocabulary)
    merges.insert(len(merges) + 1 + rank if rank < 0 else rank, [left, right])
    return changed


def test_characters_are_taken_whole_where_that_is_proved() -> None:
    alone = byte_level(["แมวน猫坐é"] * 9, 400, pattern=r"[\s\S]")
    assert taken_whole(alone) == set("แมวน猫坐é")
    spelled = {c: "".join(spelling(c)) for c in "แม猫 "}
    aligned = with_merge(alone, spelled["แ"], spelled["ม"], -1)
    assert taken_whole(aligned) == set("แมวน猫坐é")
    assert agree(aligned, ["แมวแแมม", "猫แม"])
    # A blank with the first byte of every Thai character, before any of their own merges; after.
    first = spelled["แ"][0]
    assert taken_whole(with_merge(aligned, spelled[" "], first, 0)) == set("猫坐é")
    assert agree(with_merge(aligned, spelled[" "], first, 0), [" แมว แ ว", "แมว"])
    assert taken_whole(with_merge(aligned, spelled[" "], first, -1)) == set("แมวน猫坐é")
    # The last byte of a character with a blank behind it.
    last = with_merge(aligned, spelled["猫"][-1], spelled[" "], 0)
    assert taken_whole(last) == set("แมวน坐é")
    assert agree(last, ["猫 猫猫 坐 "])


def taken_whole(definition: dict[str, Any]) -> set[str]:
    """The characters that merging starts from, beside those of one byte."""
    index, blocks = read_byte_pairs(definition).characters
    table = blocks.reshape(-1, 256)[index].reshape(-1)
    return {chr(code) for code in np.flatnonzero(table != NO_TOKEN)}


def spelling(character: str) -> list[str]:
    """A character in the letters of byte-level vocabularies."""
    [(letters, _)] = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    ).pre_tokenize_str(character)
    return list(letters)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["model"].update(dropout=0.1), "dropout: 0.1"),
        (lambda d: d["model"].update(type="Unigram"), "a model of type Unigram"),
        (lambda d: d.update(normalizer={"type": "NFC"}), "a normalizer of type NFC"),
        (lambda d: d.update(added_tokens=[{"content": "<x>"}]), "the added token '<x>'"),
        (lambda d: d["model"]["merges"].append(d["model"]["merges"][0]), "listed twice"),
        (lambda d: d["model"]["vocab"].pop("Ċ"), "no token for the byte 10"),
        (lambda d: d["model"]["merges"].append(["a", "Ċ"]), "that the vocabulary lacks"),
        (lambda d: d.update(pre_tokenizer={"type": "Whitespace"}), "do not end in plain bytes"),
    ],
)
def test_what_we_cannot_encode_is_refused(
    definition: dict[str, Any], change: Any, reason: str, tmp_path: Path
) -> None:
    changed = json.loads(json.dumps(definition))
    change(changed)
    with pytest.raises(ValueError, match=reason):
        read_byte_pairs(changed)


def test_merges_in_any_order(definition: dict[str, Any]) -> None:
    """Parts may come behind what is made of them; then nothing but bytes is a safe beginning."""
    changed = json.loads(json.dumps(definition))
    changed["model"]["merges"].reverse()
    assert taken_whole(changed) == set()
    assert agree(changed, ["the cat sat on the mat", "猫坐在垫子上", "แมวนั่งอยู่" * 30, "-" * 90])


def test_pieces_that_are_tokens_whatever_merges_make_of_them(definition: dict[str, Any]) -> None:
    changed = json.loads(json.dumps(definition))
    changed["model"]["ignore_merges"] = True
    assert agree(changed, ["the cat sat", "猫坐"])
    changed["model"]["vocab"]["zzz"] = len(changed["model"]["vocab"])
    with pytest.raises(ValueError, match="1 tokens that merges do not make"):
        NativeEncoder(read_byte_pairs(changed), END)


def test_special_tokens_may_stand_in_the_vocabulary_too(definition: dict[str, Any]) -> None:
    """DeepSeek's do, in characters that are no letters of bytes."""
    changed = json.loads(json.dumps(definition))
    changed["model"]["vocab"]["<｜begin｜>"] = len(changed["model"]["vocab"])
    assert agree(changed, ["the cat sat", "猫坐 <｜begin｜>"])
