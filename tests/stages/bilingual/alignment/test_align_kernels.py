"""The search for beads, against all sequences of beads scored by the definitions."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.bilingual.alignment.align_kernels import align_pairs
from stages.bilingual.alignment.beads_kernels import (
    CROSSED,
    FARTHEST,
    LEFT_SIZES,
    RIGHT_SIZES,
    SHAPES,
    STRUCTURES,
)
from stages.bilingual.alignment.matching_kernels import LEAST_CHANCE, LOWEST_BASE, TYPICAL
from stages.bilingual.alignment.models import first_models

NUMBERS = 12
MODELS = first_models(np.array([100.0]), np.array([120.0]), np.array([10.0, 30.0, 60.0]))


@dataclass
class Document:
    """Sentences as units, lengths and flags."""

    units: list[list[int]]
    lengths: list[int]
    flags: list[int]

    def arrays(self) -> tuple[np.ndarray, ...]:
        offsets = np.cumsum([0] + [len(u) for u in self.units], dtype=np.int64)
        numbers = np.array([n for u in self.units for n in u], np.int32)
        documents = np.array([0, len(self.units)], np.int64)
        lengths, flags = np.array(self.lengths, np.int32), np.array(self.flags, np.uint8)
        return documents, offsets, numbers, lengths, flags


Lexicon = dict[int, list[tuple[int, float, float]]]


def found(left: Document, right: Document, lexicon: Lexicon, width: int) -> list[tuple[int, ...]]:
    """What the kernel finds: four numbers a bead."""
    entries = [entry for n in range(NUMBERS) for entry in lexicon.get(n, [])]
    offsets = np.cumsum([0] + [len(lexicon.get(n, [])) for n in range(NUMBERS)], dtype=np.int64)
    partners = np.array([e[0] for e in entries], np.int32)
    strengths = [np.array([e[k] for e in entries], np.float32) for k in (1, 2)]
    coverage, shares = np.full(NUMBERS, 0.7, np.float32), np.full(NUMBERS, 0.02, np.float32)
    room = len(left.units) + len(right.units)
    out = [np.zeros(room, np.int64) for _ in range(4)]
    zero, counts = np.zeros(1, np.int64), np.zeros(1, np.int64)
    steps = np.linspace(0, len(right.units), len(left.units) + 1).astype(np.int32)
    align_pairs(
        *left.arrays(), *right.arrays(), zero, zero, zero, zero, steps,
        np.array([width], np.int64), offsets, partners, *strengths, coverage, coverage, shares,
        shares, MODELS.parameters, MODELS.structures, MODELS.priors, zero, *out,
        np.zeros(room, np.float32), counts, np.zeros(1, np.bool_),
    )  # fmt: skip
    return [tuple(int(column[n]) for column in out) for n in range(counts[0])]


def evidence(document: Document, unit: int) -> tuple[float, float]:
    """Gain and base of a unit."""
    count = sum(unit in units for units in document.units)
    chance = (count - 1 + TYPICAL * 0.02) / (len(document.units) - 1 + TYPICAL)
    chance = max(chance, LEAST_CHANCE)
    coverage = float(np.float32(0.7))
    base = max(math.log((1 - coverage) / (1 - chance)), LOWEST_BASE)
    return math.log(coverage / chance) - base, base


def block_score(
    left: Document, right: Document, lexicon: Lexicon, rows: range, columns: range,
    structure: bool = True,
) -> float:  # fmt: skip
    """The score of one bead by its definition."""
    units = 0.0
    links = [
        (e, f, i, j, one, other)
        for i in rows for e in left.units[i] for f, one, other in lexicon.get(e, [])
        for j in columns if f in right.units[j]
    ]  # fmt: skip
    for i in rows:
        for e in left.units[i]:
            gain, base = evidence(left, e)
            best = max([0.0] + [x[4] for x in links if x[0] == e and x[2] == i])
            units += base + max(gain - math.log(len(columns)), 0) * best
    for j in columns:
        for f in right.units[j]:
            gain, base = evidence(right, f)
            best = max([0.0] + [x[5] for x in links if x[1] == f and x[3] == j])
            units += base + (gain - math.log(len(rows))) * best
    ratio, spread, by_length, mean, deviation, weight, inner = MODELS.parameters[:7]
    one = math.log(sum(left.lengths[i] for i in rows) + 1)
    other = math.log(sum(right.lengths[j] for j in columns) + 1)
    variance = spread + by_length * math.exp(-one)
    score = weight * units + 0.5 * math.log(deviation**2 / variance)
    score -= min(0.5 * (other - one - ratio) ** 2 / variance, FARTHEST)
    usual = other - mean - math.log(len(columns))
    score += min(0.5 * (usual / deviation) ** 2, FARTHEST)
    if structure:
        kinds = [
            min(flag & 7, 4) * 3 + (2 if flag & 16 else 1 if flag & 8 else 0)
            for flag in (left.flags[rows[0]], right.flags[columns[0]])
        ]
        score += MODELS.structures[kinds[0] * STRUCTURES + kinds[1]]
        ends = sum(left.flags[i] & 8 > 0 for i in rows[1:])
        ends += sum(right.flags[j] & 8 > 0 for j in columns[1:])
        score += inner * ends
    return score


def cost_of(left: Document, right: Document, lexicon: Lexicon, beads: list) -> float:
    """The cost of a sequence of beads."""
    total = 0.0
    n = 0
    while n < len(beads):
        i, k, j, m = beads[n]
        if n + 1 < len(beads) and beads[n + 1][2] < j:  # crossed
            total -= MODELS.priors[CROSSED]
            for a, _, b, _ in beads[n : n + 2]:
                total -= block_score(
                    left, right, lexicon, range(a, a + 1), range(b, b + 1), structure=False
                )
            n += 2
            continue
        shape = list(zip(LEFT_SIZES, RIGHT_SIZES, strict=True)).index((k - i, m - j))
        total -= MODELS.priors[shape]
        if k > i and m > j:
            total -= block_score(left, right, lexicon, range(i, k), range(j, m))
        n += 1
    return total


def cheapest(left: Document, right: Document, lexicon: Lexicon) -> float:
    """The least cost of any sequence of beads, by the plainest recursion."""
    rows, columns = len(left.units), len(right.units)
    costs = {(0, 0): 0.0}
    for row in range(rows + 1):
        for column in range(columns + 1):
            for shape in range(SHAPES):
                i, j = row - LEFT_SIZES[shape], column - RIGHT_SIZES[shape]
                if i < 0 or j < 0:
                    continue
                score = 0.0
                if shape == CROSSED:
                    parts = [
                        block_score(
                            left, right, lexicon, range(a, a + 1), range(b, b + 1), structure=False
                        )
                        for a, b in ((i, j + 1), (i + 1, j))
                    ]
                    if min(parts) <= 0:
                        continue
                    score = sum(parts)
                elif row > i and column > j:
                    score = block_score(left, right, lexicon, range(i, row), range(j, column))
                cost = costs[i, j] - MODELS.priors[shape] - score
                costs[row, column] = min(cost, costs.get((row, column), math.inf))
    return costs[rows, columns]


units = st.lists(st.integers(0, NUMBERS - 1), max_size=4, unique=True).map(sorted)
sentence = st.tuples(units, st.integers(1, 90), st.sampled_from([0, 8, 24, 9, 26]))
document = st.lists(sentence, max_size=7).map(
    lambda rows: Document([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
)
strength = st.sampled_from([0.25, 0.5, 1.0])
entry = st.tuples(st.integers(0, NUMBERS - 1), strength, strength)
lexicons = st.dictionaries(
    st.integers(0, NUMBERS - 1),
    st.lists(entry, max_size=3, unique_by=lambda e: e[0]).map(sorted),
)


@settings(max_examples=60)
@given(document, document, lexicons)
def test_no_sequence_of_beads_is_cheaper(left: Document, right: Document, lexicon: Lexicon) -> None:
    beads = found(left, right, lexicon, 64)
    assert sorted(n for i, k, _, _ in beads for n in range(i, k)) == list(range(len(left.units)))
    assert sorted(n for *_, j, m in beads for n in range(j, m)) == list(range(len(right.units)))
    best = cheapest(left, right, lexicon)
    assert cost_of(left, right, lexicon, beads) == pytest.approx(best, abs=1e-3)


def test_a_band_finds_what_the_whole_finds() -> None:
    """60 sentences, of which every seventh is missing on the right: the path leaves the diagonal
    by less than the band is wide."""
    kept = [n for n in range(60) if n % 7]
    words = [sorted({n % NUMBERS, (5 * n) % NUMBERS}) for n in range(60)]
    left = Document(words, [20 + (13 * n) % 50 for n in range(60)], [0] * 60)
    right = Document([words[n] for n in kept], [25 + (16 * n) % 60 for n in kept], [0] * len(kept))
    lexicon = {n: [(n, 1.0, 1.0)] for n in range(NUMBERS)}
    whole = found(left, right, lexicon, 64)
    assert found(left, right, lexicon, 24) == whole
    assert sum(k > i and m > j for i, k, j, m in whole) > 45
