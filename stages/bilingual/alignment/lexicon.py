"""A lexicon of units, learned from beads by IBM Model 1 in both directions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stages.bilingual.alignment.coverage_kernels import count_matches
from stages.bilingual.alignment.lexicon_kernels import (
    count_cells,
    expect,
    maximise,
    number_cells,
)
from stages.bilingual.alignment.units_kernels import NUMBER

ITERATIONS = 4
"""Of expectation-maximisation; the first reads co-occurrence. A fifth changes no F1 by 0.0005."""
LEAST_SENTENCES = 2
"""A unit in fewer beads teaches nothing."""
MOST_SHARE = 0.3
"""A unit in more of the beads tells nothing."""
MOST_CELLS = 30_000_000
"""The rest of the beads is not looked at: 4 bytes a cell, about 20 a pair of units."""
LEAST_PRODUCT = 0.01
"""Of both probabilities of a translation."""
LEAST_COUNT = 1.0
"""How often units must have been each other's translation, in expectation."""
FULL_SHARE = 0.7
"""Share of a unit's best probability that is a full match."""
FIRST_COVERAGE, FIRST_NUMBER_COVERAGE = 0.5, 0.7
USUAL_COVERAGE, MOST_COVERAGE = 0.3, 0.95
PRIOR_COUNT = 2.0
"""Weight of the coverage before any was counted."""


@dataclass(frozen=True)
class Vocabulary:
    """The units of a language pair by number, and the sides' sentences written with them."""

    units: np.ndarray
    """uint64 [numbers]."""
    left_numbers: np.ndarray
    """int32, the units of all left sentences."""
    right_numbers: np.ndarray
    left_shares: np.ndarray
    """float32 [numbers]: share of the left sentences that hold the unit."""
    right_shares: np.ndarray


@dataclass(frozen=True)
class Lexicon:
    """Which units translate which, by the left unit's number."""

    offsets: np.ndarray
    """int64 [numbers + 1], into the next three."""
    partners: np.ndarray
    """int32: right units."""
    left_strengths: np.ndarray
    """float32, 0 to 1: how well the left unit is matched."""
    right_strengths: np.ndarray
    """float32: how well the right one is."""
    left_coverage: np.ndarray
    """float32 [numbers]: how often a left unit is matched in true beads."""
    right_coverage: np.ndarray


@dataclass(frozen=True)
class Cells:
    """All pairs of units that met in a bead, laid out for expectation-maximisation."""

    offsets: np.ndarray
    widths: np.ndarray
    cells: np.ndarray
    pairs: np.ndarray


def identity_lexicon(vocabulary: Vocabulary) -> Lexicon:
    """What can be known before any alignment: numbers and names look the same on both sides.

    How often one survives translation is told by how often it occurs on either side: an English
    function word in a Chinese text is no anchor. A number is expected on the other side even where
    no text has it there.
    """
    left, right = vocabulary.left_shares, vocabulary.right_shares
    least, most = np.minimum(left, right), np.maximum(left, right)
    is_number = (vocabulary.units & np.uint64(NUMBER)) != 0
    once = most[most > 0].min() if len(most) and most.max() > 0 else np.float32(1)
    survival = (least + is_number * once) / np.maximum(most + is_number * once, once)
    usual = np.where(is_number, FIRST_NUMBER_COVERAGE, FIRST_COVERAGE)
    coverage = (np.sqrt(survival) * usual).astype(np.float32)
    partners = np.flatnonzero(least > 0).astype(np.int32)
    ones = np.ones(len(partners), np.float32)
    offsets = np.zeros(len(left) + 1, np.int64)
    np.cumsum(least > 0, out=offsets[1:])
    return Lexicon(offsets, partners, ones, ones, coverage, coverage)


def lay_out(
    sides: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], numbers: int,
    beads: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> Cells:  # fmt: skip
    """Number the cells of beads, as many beads as there is room for.

    Args:
        sides: offsets of the left sentences, numbers of their units, and the right side's.
        numbers: how many units there are.
        beads: first and last left sentences and right ones, int64 [beads], of the whole side.
    """
    useful = [_useful(sides[s], sides[s + 1], beads[s], beads[s + 1], numbers) for s in (0, 2)]
    arguments = (sides[0], sides[1], useful[0], sides[2], sides[3], useful[1])
    offsets, widths = np.zeros(len(beads[0]) + 1, np.int64), np.zeros(len(beads[0]), np.int32)
    count_cells(*arguments, *beads, offsets, widths)
    fitting = int(np.searchsorted(offsets, MOST_CELLS, side="right")) - 1
    offsets, widths = offsets[: fitting + 1], widths[:fitting]
    beads = (beads[0][:fitting], beads[1][:fitting], beads[2][:fitting], beads[3][:fitting])
    total = int(offsets[-1])
    cells = np.empty(total, np.int32)
    size = 1 << max(16, (total // 2).bit_length())
    while True:
        keys, slots = np.zeros(size, np.uint64), np.empty(size, np.int32)
        pairs = np.empty(size // 2 + 1, np.uint64)
        count = number_cells(*arguments, *beads, offsets, keys, slots, pairs, cells)
        if count >= 0:
            return Cells(offsets, widths, cells, pairs[:count].copy())
        size *= 2


def learn(cells: Cells, wanted: np.ndarray, vocabulary: Vocabulary, identity: Lexicon) -> Lexicon:
    """IBM Model 1 over the wanted beads, with what looks the same on both sides kept.

    Args:
        cells: of all beads.
        wanted: bool [beads].
        vocabulary: of both sides.
        identity: as ``identity_lexicon`` gives it.
    """
    numbers = len(vocabulary.units)
    pairs = cells.pairs
    forward, backward = np.ones(len(pairs), np.float32), np.ones(len(pairs), np.float32)
    wanted = np.ascontiguousarray(wanted[: len(cells.widths)])
    for _ in range(ITERATIONS):
        forward_counts, backward_counts = np.zeros_like(forward), np.zeros_like(backward)
        expect(
            cells.offsets, cells.widths, cells.cells, wanted, pairs, forward, backward,
            forward_counts, backward_counts,
        )  # fmt: skip
        joint = np.minimum(forward_counts, backward_counts)
        maximise(pairs, forward_counts, backward_counts, np.zeros(numbers), np.zeros(numbers))
        forward, backward = forward_counts, backward_counts
    keep = (forward * backward >= LEAST_PRODUCT) & (joint >= LEAST_COUNT)
    left = (pairs[keep] >> np.uint64(32)).astype(np.int64)
    right = (pairs[keep] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    left_strength = _strengths(left, forward[keep], numbers)
    right_strength = _strengths(right, backward[keep], numbers)
    return _with_identity(left, right, left_strength, right_strength, identity, numbers)


def with_coverage(
    lexicon: Lexicon,
    sides: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    beads: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> Lexicon:
    """The lexicon with the coverage that its units have in these beads.

    A match is taken off each count: the lexicon may have been learned from these very beads.
    """
    numbers = len(lexicon.left_coverage)
    counts = [np.zeros(numbers, np.float32) for _ in range(4)]
    count_matches(
        *sides, *beads, lexicon.offsets, lexicon.partners, lexicon.left_strengths,
        lexicon.right_strengths, *counts,
    )  # fmt: skip
    coverages = []
    for matched, seen, before in (
        (counts[0], counts[1], lexicon.left_coverage),
        (counts[2], counts[3], lexicon.right_coverage),
    ):
        prior = np.where(before > 0, before, USUAL_COVERAGE)
        share = (np.maximum(matched - 1, 0) + PRIOR_COUNT * prior) / (seen + PRIOR_COUNT)
        known = (matched > 0) | ((seen < 1) & (before > 0))
        share = np.minimum(np.where(known, share, 0), MOST_COVERAGE)
        coverages.append(share.astype(np.float32))
    return replace(lexicon, left_coverage=coverages[0], right_coverage=coverages[1])


def _useful(
    offsets: np.ndarray, unit_numbers: np.ndarray, starts: np.ndarray, ends: np.ndarray,
    numbers: int,
) -> np.ndarray:  # fmt: skip
    """Bool [numbers]: is a unit in enough of the beads, and not in too many?"""
    covered = np.zeros(len(offsets), np.int64)
    np.add.at(covered, starts, 1)
    np.add.at(covered, ends, -1)
    inside = np.repeat(np.cumsum(covered[:-1]) > 0, np.diff(offsets))
    counts = np.bincount(unit_numbers[inside], minlength=numbers)
    return (counts >= LEAST_SENTENCES) & (counts <= max(MOST_SHARE * len(starts), 20))


def _strengths(units: np.ndarray, probabilities: np.ndarray, numbers: int) -> np.ndarray:
    most = np.zeros(numbers, np.float32)
    np.maximum.at(most, units, probabilities)
    return np.minimum(probabilities / (FULL_SHARE * most[units]), 1).astype(np.float32)


def _with_identity(
    left: np.ndarray, right: np.ndarray, left_strength: np.ndarray, right_strength: np.ndarray,
    identity: Lexicon, numbers: int,
) -> Lexicon:  # fmt: skip
    """Sort by left unit; a unit that looks the same on both sides keeps itself as a partner."""
    same = identity.partners.astype(np.int64)
    same = same[~np.isin(same, left[left == right])]
    lefts, rights = np.concatenate([left, same]), np.concatenate([right, same])
    strengths = [
        np.concatenate([strength, identity.left_coverage[same]])
        for strength in (left_strength, right_strength)
    ]
    order = np.lexsort((rights, lefts))
    offsets = np.zeros(numbers + 1, np.int64)
    np.cumsum(np.bincount(lefts, minlength=numbers), out=offsets[1:])
    return Lexicon(
        offsets, rights[order].astype(np.int32),
        np.ascontiguousarray(strengths[0][order], np.float32),
        np.ascontiguousarray(strengths[1][order], np.float32),
        identity.left_coverage, identity.right_coverage,
    )  # fmt: skip
