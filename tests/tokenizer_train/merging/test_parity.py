"""Merges in turns against a plain reference, and against plain training."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import bpe_reference
from parity_reference import Pairs, Text, learn

from tokenizer_train.merging import parity_learner as module
from tokenizer_train.merging.alphabet import token_bytes
from tokenizer_train.merging.columns import ColumnWords, lay_out_columns
from tokenizer_train.merging.learner import MergeRules
from tokenizer_train.merging.parity import Served, learn_in_turns
from tokenizer_train.merging.parity_learner import Turns
from tokenizer_train.merging.token_table import TokenTable

PLAIN, ALIGNED = MergeRules(aligned=False), MergeRules(aligned=True)


def column_words(texts: list[Text]) -> ColumnWords:
    rows = [(word, count, n) for n, text in enumerate(texts) for word, count in text.items()]
    words, counts, columns = zip(*rows, strict=True) if rows else ((), (), ())
    seen = np.array(counts, np.int64)
    return ColumnWords(
        np.frombuffer(b"".join(words), np.uint8).copy(),
        np.cumsum([len(word) for word in words], dtype=np.int64),
        seen, seen.copy(), np.array(columns, np.int32), np.arange(len(rows), dtype=np.int32),
        len(rows),
    )  # fmt: skip


def ours(
    texts: list[Text], parallel: list[tuple[Text, Text]], merges: int, rules: MergeRules = PLAIN,
    window: int = 0, alpha: float = 2.0, global_merges: int = 0, others_share: float = 0.0,
) -> tuple[Pairs, Served]:  # fmt: skip
    sides = [text for both in parallel for text in both]
    both = column_words(sides)
    columns = lay_out_columns(column_words(texts), len(texts), both, len(sides))
    table = TokenTable(256 + merges, rules.aligned)
    turns = Turns(len(parallel), others_share, window, alpha)
    served = learn_in_turns(
        columns, table, rules, [(1, 1)] * len(texts), turns, global_merges,
        both.single_bytes(len(sides)), lambda share: None,
    )  # fmt: skip
    pairs, tokens = table.learned, token_bytes(table.learned)
    assert len(set(tokens)) == len(tokens)
    return [(tokens[p >> 32], tokens[p & 0xFFFFFFFF]) for p in pairs.tolist()[256:]], served


def text(**counts: int) -> Text:
    return {word.encode(): count for word, count in counts.items()}


def texts_of(letters: str) -> st.SearchStrategy[Text]:
    words = st.text(st.sampled_from(letters), min_size=1, max_size=8).map(str.encode)
    return st.dictionaries(words, st.integers(1, 6), min_size=1, max_size=8)


TEXTS = st.sampled_from(["ab", "abc", "aé", "中文a", "กขa"]).flatmap(texts_of)


@settings(max_examples=300)
@given(
    languages=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=4),
    others=st.none() | TEXTS, others_share=st.sampled_from([0.0, 0.3, 0.7]),
    merges=st.integers(1, 60), global_merges=st.sampled_from([0, 0, 3, 100]),
    window=st.sampled_from([0, 1, 7]), alpha=st.sampled_from([1.0, 2.0]),
    aligned=st.booleans(), least=st.integers(1, 3), longest=st.sampled_from([None, 4]),
)  # fmt: skip
def test_merges_are_those_of_the_reference(
    languages: list[tuple[Text, Text, Text]], others: Text | None, others_share: float,
    merges: int, global_merges: int, window: int, alpha: float, aligned: bool, least: int,
    longest: int | None,
) -> None:  # fmt: skip
    texts = [text for text, _, _ in languages] + ([] if others is None else [others])
    parallel = [(own, pivot) for _, own, pivot in languages]

    def may_join(left: bytes, right: bytes) -> bool:
        fits = longest is None or len(left) + len(right) <= longest
        return fits and (not aligned or bpe_reference.aligned(left, right))

    expected, turns = learn(
        texts, parallel, merges, may_join, least, window, alpha, global_merges, others_share
    )
    rules = MergeRules(aligned, longest, least)
    found, served = ours(texts, parallel, merges, rules, window, alpha, global_merges, others_share)
    assert found == expected
    assert served.merges.tolist() == [turns.count(n) for n in range(len(texts))]
    assert served.for_all == turns.count(-1)


@settings(max_examples=60)
@given(
    languages=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=2, max_size=3),
    merges=st.integers(1, 60), share=st.sampled_from([1e-6, 0.001, 0.1]),
)  # fmt: skip
def test_the_first_thresholds_and_the_room_change_nothing(
    languages: list[tuple[Text, Text, Text]], merges: int, share: float
) -> None:
    """Too high a threshold is lowered and all is counted anew; what is too narrow is widened."""
    texts, parallel = [t for t, _, _ in languages], [(own, pivot) for _, own, pivot in languages]
    heavy = [{word: 1000 * count for word, count in text.items()} for text in texts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FIRST_THRESHOLD_SHARE", share)
        patch.setattr(module, "ARENA_SLACK", 1.0)
        patch.setattr(module, "LEAST_ROOM", 0)
        assert ours(heavy, parallel, merges)[0] == learn(heavy, parallel, merges)[0]


@settings(max_examples=100)
@given(words=TEXTS, merges=st.integers(1, 60), rules=st.sampled_from([PLAIN, ALIGNED]))
def test_one_language_is_merged_as_ever(words: Text, merges: int, rules: MergeRules) -> None:
    may_join = bpe_reference.aligned if rules.aligned else lambda left, right: True
    expected = bpe_reference.learn([(w, n, n) for w, n in words.items()], merges, may_join)
    assert ours([words], [(words, words)], merges, rules)[0] == expected


def test_the_dearest_language_is_served() -> None:
    """b is rarer by far, but takes four tokens where a takes two: so bb, until both take two."""
    texts = [{b"aaaa": 100}, {b"bbbb": 1}]
    parallel = [({b"aa": 1}, {b"aa": 1}), ({b"bbbb": 1}, {b"aa": 1})]
    merges, served = ours(texts, parallel, 3)
    assert merges == [(b"b", b"b"), (b"a", b"a"), (b"bb", b"bb")]
    assert served.merges.tolist() == [1, 2]
    assert served.tokens.reshape(-1, 2).tolist() == [[1, 1], [1, 1]]


def test_a_merge_counts_in_every_language() -> None:
    """ab is merged for the sake of the second language, and then is a token in the first too."""
    texts = [{b"abc": 5, b"xy": 9}, {b"ab": 3}]
    parallel = [({b"abc": 1}, {b"abc": 1}), ({b"abab": 1}, {b"abc": 1})]
    merges, served = ours(texts, parallel, 1)
    assert merges == [(b"a", b"b")]
    assert served.tokens.tolist() == [2, 2, 2, 2]


def test_a_language_that_merges_do_not_help_takes_its_part_and_no_more() -> None:
    """The first has text to learn from, but of another kind: its parallel text stays as dear."""
    words = [f"{a}{b}{c}".encode() for a in "abcd" for b in "abcd" for c in "abcd"]
    texts = [dict.fromkeys(words, 5), {word.upper(): 5 for word in words}]
    parallel = [({b"12345678": 1}, {b"12": 1}), ({b"ABC": 1}, {b"ABC": 1})]
    assert ours(texts, parallel, 20)[1].merges.tolist() == [20, 0]
    # At most 1.2 / 2 of the last ten, which is six, and the one that was chosen at six.
    assert ours(texts, parallel, 20, window=10, alpha=1.2)[1].merges.tolist() == [14, 6]
    assert ours(texts, parallel, 60, window=10, alpha=1.0)[1].merges.tolist() == [35, 25]


def test_a_language_without_pairs_leaves_the_merges_to_the_others() -> None:
    texts = [{b"a": 5}, {b"xyz": 5}]
    parallel = [({b"aaaa": 1}, {b"x": 1}), ({b"xyz": 1}, {b"x": 1})]
    merges, served = ours(texts, parallel, 5)
    assert merges == [(b"x", b"y"), (b"xy", b"z")]
    assert served.exhausted.tolist() == [True, True]


def test_pairs_too_seldom_in_each_language_are_merged_for_all_in_the_end() -> None:
    texts = [{b"xy": 1}, {b"xy": 1}]
    parallel = [({b"xy": 1}, {b"xy": 1})] * 2
    merges, served = ours(texts, parallel, 3, MergeRules(False, None, 2))
    assert merges == [(b"x", b"y")]
    assert served.for_all == 1


def test_the_others_have_their_share_of_the_merges() -> None:
    texts = [{b"abcdefghijklmn": 5}, {b"opqrstuvwxyz": 9}]
    parallel = [({b"abc": 1}, {b"abc": 1})]
    _, served = ours(texts, parallel, 8, others_share=0.25)
    assert served.merges.tolist() == [6, 2]
