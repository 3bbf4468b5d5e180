"""Order: what matches within aligned segments, against a dynamic programme in plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings

from stages.bilingual.pairing.learning_kernels import count_matches
from stages.bilingual.pairing.order_kernels import SHAPE_COSTS, SHAPES_LEFT, SHAPES_RIGHT
from stages.bilingual.pairing.space import ORDER_SHRINKAGE

from .test_vectors_kernels import SPACE, TARGETS, WEIGHTS, documents, side


def translated(segment):
    """Entries of a right segment and how much of each, at most 1."""
    shares = {}
    for token in segment:
        for entry, share in TARGETS.get(token, []):
            shares[entry] = shares.get(entry, 0) + share
    return {entry: min(share, 1) for entry, share in shares.items()}


def entries_of(segment):
    return {token - 1 for token in segment if token <= 8 and WEIGHTS[token - 1] > 0}


def reference(left, right):
    """The score of two documents, and the beads of the best path."""
    masses = [[sum(WEIGHTS[e] for e in entries_of(s)) for s in left],
              [sum(WEIGHTS[e] * x for e, x in translated(s).items()) for s in right]]  # fmt: skip
    matches = [
        [sum(WEIGHTS[e] * x for e, x in translated(b).items() if e in entries_of(a)) for b in right]
        for a in left
    ]

    def bead(i, up, j, back):
        found = sum(matches[k][m] for k in range(i - up, i) for m in range(j - back, j))
        return min(found, sum(masses[0][i - up : i]), sum(masses[1][j - back : j]))

    best = {(0, 0): (0.0, [])}
    for i in range(len(left) + 1):
        for j in range(len(right) + 1):
            for cost, up, back in zip(SHAPE_COSTS, SHAPES_LEFT, SHAPES_RIGHT, strict=True):
                if (i - up, j - back) not in best or (up, back) == (0, 0):
                    continue
                before, path = best[i - up, j - back]
                one, other = sum(masses[0][i - up : i]), sum(masses[1][j - back : j])
                score = before - cost - 0.1 * abs(one - other)
                score += bead(i, up, j, back) if up and back else 0
                if (i, j) not in best or score > best[i, j][0] + 1e-6:
                    best[i, j] = (score, [*path, (i, up, j, back)])
    path = best[len(left), len(right)][1]
    matched = sum(bead(*step) for step in path if step[1] and step[3])
    return 2 * matched / (sum(masses[0]) + sum(masses[1]) + 2 * ORDER_SHRINKAGE), path


@settings(max_examples=80, deadline=None)
@given(documents, documents)
def test_order_equals_the_reference(lefts, rights):
    pages = [[page for page in side_pages if page] for side_pages in (lefts, rights)]
    pairs = [(a, b) for b in range(len(pages[1])) for a in range(len(pages[0]))]
    columns = [np.array([pair[i] for pair in pairs], np.int64) for i in (0, 1)]
    sides = [side(pages[0], False), side(pages[1], True)]
    found, offsets, beads = SPACE.order(*columns, *sides, beads=True)
    for row, (a, b) in enumerate(pairs):
        score, path = reference(pages[0][a], pages[1][b])
        assert found[row] == pytest.approx(score, abs=1e-4)
        mine = beads[offsets[row] : offsets[row + 1]][::-1].tolist()
        assert all(begin < end and first < last for begin, end, first, last in mine)
        assert len(mine) == sum(1 for _, up, _, back in path if up and back)


def test_translations_in_order_beat_the_same_words_in_disorder():
    left = [[[1, 2], [4], [6, 7], [3]]]
    straight, mixed = [[11], [12], [13], [3]], [[3], [13], [12], [11]]
    sides = side(left, False), side([straight, mixed], True)
    scores, _, _ = SPACE.order(np.zeros(2, np.int64), np.arange(2), *sides)
    assert scores[0] > scores[1] > 0


def test_a_document_of_many_lines_is_taken_together():
    left, right = [[[2, 1 + i % 6] for i in range(1000)]], [[[12] for _ in range(700)]]
    scores, _, beads = SPACE.order(
        np.zeros(1, np.int64), np.zeros(1, np.int64), side(left, False), side(right, True), True
    )
    assert 0 < scores[0] <= 1
    assert beads[:, 1].max() <= 1000 and beads[:, 3].max() <= 700


@settings(max_examples=60, deadline=None)
@given(documents, documents)
def test_matches_are_counted_as_the_reference_counts_them(lefts, rights):
    left, right = ([s for page in pages for s in page] for pages in (lefts, rights))
    beads = [
        (i, i + 1, j, j + 1) for i, j in zip(range(len(left)), range(len(right)), strict=False)
    ]
    columns = [np.array([bead[i] for bead in beads], np.int64) for i in range(4)]
    sides = side(lefts, False), side(rights, True)
    matched, seen = np.zeros((2, len(WEIGHTS)), np.float32)
    count_matches(
        sides[0].found, sides[0].features.ends, sides[1].found, sides[1].features.ends, *columns,
        SPACE.right.offsets, SPACE.right.targets, SPACE.right.shares, matched, seen,
    )  # fmt: skip
    for entry in range(len(WEIGHTS)):
        here = [k for k in range(len(beads)) if entry + 1 in left[k]]
        assert seen[entry] == len(here)
        shares = [translated(right[k]).get(entry, 0) for k in here]
        assert matched[entry] == pytest.approx(sum(shares), abs=1e-5)
