"""The lexicon: IBM Model 1 against its textbook form, and what it learns."""

from collections import Counter, defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.bilingual.alignment.lexicon import (
    Cells,
    Vocabulary,
    identity_lexicon,
    lay_out,
    learn,
    with_coverage,
)
from stages.bilingual.alignment.lexicon_kernels import MOST_IN_BEAD, NOTHING, expect, maximise

Sentence = list[int]


def side(sentences: list[Sentence]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.cumsum([0] + [len(s) for s in sentences], dtype=np.int64)
    return offsets, np.array([unit for s in sentences for unit in s], np.int32)


def laid_out(pairs: list[tuple[Sentence, Sentence]], numbers: int) -> Cells:
    each = np.arange(len(pairs), dtype=np.int64)
    sides = (*side([a for a, _ in pairs]), *side([b for _, b in pairs]))
    return lay_out(sides, numbers, (each, each + 1, each, each + 1))


def textbook(
    pairs: list[tuple[Sentence, Sentence]], iterations: int
) -> dict[tuple[int, int], float]:
    """P(right | left) of IBM Model 1, started at 1, the empty word's probability fixed."""
    forward: dict[tuple[int, int], float] = defaultdict(lambda: 1.0)
    for _ in range(iterations):
        counts: Counter[tuple[int, int]] = Counter()
        totals: Counter[int] = Counter()
        for left, right in pairs:
            for f in right:
                total = NOTHING + sum(forward[e, f] for e in left)
                for e in left:
                    counts[e, f] += forward[e, f] / total
        for (e, _), count in counts.items():
            totals[e] += count
        forward = defaultdict(float, {k: v / totals[k[0]] for k, v in counts.items()})
    return forward


sentence = st.lists(st.integers(0, 7), min_size=1, max_size=5, unique=True).map(sorted)


@given(st.lists(st.tuples(sentence, sentence), min_size=1, max_size=30))
def test_expectation_maximisation_is_the_textbook_s(
    pairs: list[tuple[Sentence, Sentence]],
) -> None:
    pairs = pairs * 2  # each unit is in two beads, and none is in too many
    cells = laid_out(pairs, 8)
    forward, backward = np.ones(len(cells.pairs), np.float32), np.ones(len(cells.pairs), np.float32)
    wanted = np.ones(len(pairs), np.bool_)
    useful = {int(p) >> 32 for p in cells.pairs}, {int(p) & 0xFFFFFFFF for p in cells.pairs}
    for _ in range(3):
        counts = np.zeros_like(forward), np.zeros_like(backward)
        arrays = (cells.offsets, cells.widths, cells.cells, wanted, cells.pairs)
        expect(*arrays, forward, backward, *counts)
        maximise(cells.pairs, *counts, np.zeros(8), np.zeros(8))
        forward, backward = counts
    kept = [
        ([e for e in left if e in useful[0]], [f for f in right if f in useful[1]])
        for left, right in pairs
    ]
    flipped = [(right, left) for left, right in kept]
    expected, expected_back = textbook(kept, 3), textbook(flipped, 3)
    for pair, there, back in zip(cells.pairs, forward, backward, strict=True):
        e, f = int(pair) >> 32, int(pair) & 0xFFFFFFFF
        assert np.isclose(there, expected[e, f], rtol=1e-3, atol=1e-6)
        assert np.isclose(back, expected_back[f, e], rtol=1e-3, atol=1e-6)


def translated_corpus() -> tuple[list[tuple[Sentence, Sentence]], Vocabulary]:
    """40 words; word n is n + 40 on the other side, in another order; 0 looks alike on both."""
    chosen = [[(7 * n + 11 * k * k) % 40 for k in range(5)] for n in range(200)]
    pairs = [(sorted(set(words)), sorted({w + 40 if w else 0 for w in words})) for words in chosen]
    left, right = (np.concatenate([pair[s] for pair in pairs]).astype(np.int32) for s in (0, 1))
    shares = [np.bincount(n, minlength=80).astype(np.float32) / 200 for n in (left, right)]
    units = 2 * np.arange(1, 81, dtype=np.uint64)
    return pairs, Vocabulary(units, left, right, shares[0], shares[1])


def test_translations_are_learned() -> None:
    pairs, vocabulary = translated_corpus()
    cells = laid_out(pairs, 80)
    wanted = np.arange(200) % 4 > 0
    lexicon = learn(cells, wanted, vocabulary, identity_lexicon(vocabulary))
    for word in range(1, 40):
        first, last = lexicon.offsets[word : word + 2]
        partners, strengths = lexicon.partners[first:last], lexicon.left_strengths[first:last]
        assert partners[np.argmax(strengths)] == word + 40
    assert 0 in lexicon.partners[: lexicon.offsets[1]]

    each = np.arange(200, dtype=np.int64)
    sides = (*side([a for a, _ in pairs]), *side([b for _, b in pairs]))
    covered = with_coverage(lexicon, sides, (each, each + 1, each, each + 1))
    assert covered.left_coverage[1:40].min() > 0.7
    assert covered.left_coverage[41:].max() == 0  # words of the other side


def test_what_looks_alike_counts_as_often_as_it_survives() -> None:
    """Unit 0 is in all sentences of one side and one of the other: no anchor."""
    shares = np.array([1.0, 0.1, 0.2], np.float32), np.array([0.01, 0.1, 0.0], np.float32)
    units = np.array([2, 5, 6], np.uint64)
    nothing = np.zeros(0, np.int32)
    lexicon = identity_lexicon(Vocabulary(units, nothing, nothing, *shares))
    assert lexicon.partners.tolist() == [0, 1]
    assert lexicon.left_coverage[0] < 0.06
    assert lexicon.left_coverage[1] > 0.6


def test_a_bead_of_too_many_units_teaches_nothing() -> None:
    words = list(range(MOST_IN_BEAD + 1))
    few = [([1, 2], [1, 2])] * 4
    cells = laid_out([(words, [1]), (words, [1]), *few], MOST_IN_BEAD + 1)
    assert cells.offsets.tolist() == [0, 0, 0, 4, 8, 12, 16]
