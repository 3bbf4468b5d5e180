"""Learned merges against a plain reference and against ``tokenizers``."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

sys.path.insert(0, str(Path(__file__).parent))
from bpe_reference import Word, aligned, learn

from formats.byte_letters import printable
from tokenizer_train.merging import learner as module
from tokenizer_train.merging.alphabet import token_bytes
from tokenizer_train.merging.learner import Learner, MergeRules
from tokenizer_train.merging.token_table import TokenTable
from tokenizer_train.merging.words import Words, lay_out

Pairs = list[tuple[bytes, bytes]]
PLAIN, ALIGNED = MergeRules(aligned=False), MergeRules(aligned=True)
ALPHABETS = ["a", "ab", "abc", "aé", "中文字", "กขเ", "é😀z"]


def ours(
    words: list[Word], merges: int, rules: MergeRules, weights: tuple[int, ...] = (1,)
) -> Pairs:
    data = b"".join(word for word, _, _ in words)
    ends = np.cumsum([len(word) for word, _, _ in words], dtype=np.int64)
    counts = np.array([count for _, count, _ in words], np.int64)
    seen = np.array([seen for _, _, seen in words], np.int64)
    laid_out = lay_out(Words(np.frombuffer(data, np.uint8), ends, counts, seen), 1)
    table = TokenTable(256 + merges, rules.aligned)
    Learner(laid_out, table, rules, np.array(weights)).learn(table.entries, lambda share: None)
    pairs = table.learned
    tokens = token_bytes(pairs)
    assert len(set(tokens)) == len(tokens)
    return [(tokens[pair >> 32], tokens[pair & 0xFFFFFFFF]) for pair in pairs.tolist()[256:]]


def theirs(words: list[Word], merges: int, longest: int | None, min_frequency: int) -> Pairs:
    """``tokenizers``' trainer on the same words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split("\0", "removed"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    limit = {} if longest is None else {"max_token_length": longest + 1}
    trainer = trainers.BpeTrainer(
        vocab_size=256 + merges, min_frequency=min_frequency, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), **limit,
    )  # fmt: skip
    texts = ["\0".join([word.decode()] * count) for word, count, _ in words]
    tokenizer.train_from_iterator(texts, trainer)
    byte_of = {letter: byte for byte, letter in enumerate(printable())}
    return [
        (bytes(byte_of[c] for c in left), bytes(byte_of[c] for c in right))
        for left, right in json.loads(tokenizer.to_str())["model"]["merges"]
    ]


def words_of(counts: dict[str, int]) -> list[Word]:
    return [(word.encode(), count, count) for word, count in counts.items()]


CORPORA = st.sampled_from(ALPHABETS).flatmap(
    lambda letters: st.dictionaries(
        st.text(st.sampled_from(letters), min_size=1, max_size=14), st.integers(1, 5), min_size=1
    )
)


@settings(max_examples=400)
@given(
    counts=CORPORA, merges=st.integers(1, 60), longest=st.sampled_from([None, 3, 5]),
    least=st.integers(1, 3),
)  # fmt: skip
def test_plain_merges_are_those_of_tokenizers(
    counts: dict[str, int], merges: int, longest: int | None, least: int
) -> None:
    words = words_of(counts)
    rules = MergeRules(False, longest, least)
    assert ours(words, merges, rules) == theirs(words, merges, longest, least)


@settings(max_examples=200)
@given(counts=CORPORA, merges=st.integers(1, 60), rules=st.sampled_from([PLAIN, ALIGNED]))
def test_merges_are_those_of_the_reference(
    counts: dict[str, int], merges: int, rules: MergeRules
) -> None:
    words = words_of(counts)
    may_join = aligned if rules.aligned else lambda left, right: True
    assert ours(words, merges, rules) == learn(words, merges, may_join)


@settings(max_examples=200)
@given(
    counts=CORPORA, weights=st.lists(st.integers(1, 50), min_size=2, max_size=3),
    least=st.integers(1, 4), merges=st.integers(1, 40),
)  # fmt: skip
def test_what_was_seldom_seen_is_not_merged_however_much_it_weighs(
    counts: dict[str, int], weights: list[int], least: int, merges: int
) -> None:
    words = [
        (word.encode(), count * weights[number % len(weights)], count)
        for number, (word, count) in enumerate(counts.items())
    ]
    rules = MergeRules(True, None, least)
    expected = learn(words, merges, aligned, least)
    assert ours(words, merges, rules, tuple(weights)) == expected


@settings(max_examples=40)
@given(counts=CORPORA, merges=st.integers(1, 60), share=st.sampled_from([1e-6, 0.001, 0.1]))
def test_the_first_threshold_changes_nothing(
    counts: dict[str, int], merges: int, share: float
) -> None:
    """Too high a threshold is lowered, and all pairs counted anew, where it must be."""
    words = [(word, count * 1000, count) for word, count, _ in words_of(counts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FIRST_THRESHOLD_SHARE", share)
        assert ours(words, merges, ALIGNED) == learn(words, merges, aligned)


@settings(max_examples=100)
@given(counts=CORPORA, merges=st.integers(1, 60))
def test_a_narrow_arena_changes_nothing(counts: dict[str, int], merges: int) -> None:
    words = words_of(counts)
    usual = ours(words, merges, ALIGNED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ARENA_SLACK", 1.0)
        assert ours(words, merges, ALIGNED) == usual


@pytest.mark.parametrize("count", [2**31 - 1, 2**31 + 5, 2**32 + 5, 2**45])
def test_pairs_are_counted_in_64_bits(count: int) -> None:
    """``tokenizers`` counts pairs in 32 bits, and would miss the commonest of all."""
    words = [(b"the", count, count), (b"a\x20", 1000, 1000), (b"an", 10, 10)]
    assert ours(words, 4, PLAIN) == [(b"h", b"e"), (b"t", b"he"), (b"a", b" "), (b"a", b"n")]


def test_overlapping_pairs_are_joined_from_the_left() -> None:
    """aaaaa is aa aa a; of its two pairs the one of lower ids comes first, then aa and aaa."""
    words = [(b"aaaaa", 3, 3)]
    assert ours(words, 9, PLAIN) == [(b"a", b"a"), (b"aa", b"a"), (b"aa", b"aaa")]


@pytest.mark.parametrize("text", ["a" * 1_000_000, " " * 1_000_000, "中文字" * 200_000])
def test_a_megabyte_in_one_piece(text: str) -> None:
    """One pair is all of the text: the arena must hold it twice, and the time not be its square."""
    merges = ours([(text.encode(), 2, 2)], 40, ALIGNED)
    assert 15 < len(merges) <= 40


def test_nothing_to_merge() -> None:
    assert ours([(b"a", 5, 5)], 10, ALIGNED) == []
    assert ours([], 10, ALIGNED) == []


def test_parts_of_characters_are_not_joined_to_others() -> None:
    """é, ũ and Ʃ end in the same byte, which with the bar behind it is the most frequent pair."""
    words = words_of({"\u00e9|": 5, "\u0169|": 5, "\u01a9|": 5})
    assert ours(words, 1, PLAIN) == [(b"\xa9", b"|")]
    letters = [(b"\xc3", b"\xa9"), (b"\xc5", b"\xa9"), (b"\xc6", b"\xa9")]
    assert ours(words, 3, ALIGNED) == letters
    assert ours(words, 4, ALIGNED)[3] == (b"\xc3\xa9", b"|")
