"""Long documents in parts, so that each can be aligned by what the others teach.

A book has no other documents to learn from, and what is learned from a passage only confirms
its own mistakes. So once a first pass has aligned it, it is cut where both sides surely meet, and
its parts are pairs of documents of their own until the last pass is done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stages.bilingual.alignment.documents import Beads, Pairs

PART = 48
"""Left sentences of a part, about."""
LEAST_PARTS = 3
"""Of a document that is cut."""
AROUND = 2
"""One-to-one beads in a row on either side of a cut."""


@dataclass(frozen=True)
class Cuts:
    """Which parts make up which pair of documents."""

    first_parts: np.ndarray
    """int64 [pairs + 1]: the parts of each."""
    left_begins: np.ndarray
    """int64 [parts]: first left sentence, counted from 0 in the document."""
    right_begins: np.ndarray


def whole(pairs: Pairs, beads: Beads) -> Cuts:
    """No cuts: each pair is its only part."""
    nothing = np.zeros(len(pairs.lefts), np.int64)
    return Cuts(np.arange(len(pairs.lefts) + 1), nothing, nothing)


def split(pairs: Pairs, beads: Beads, folds: int) -> tuple[Pairs, Beads, Cuts]:
    """Cut the long documents, and number the parts of each by turns below ``folds``.

    Returns:
        The parts as pairs of documents, their beads, and how to put them together again.
    """
    first_parts = np.zeros(len(pairs.lefts) + 1, np.int64)
    starts = [beads.pair_offsets[:-1]]
    for pair in np.flatnonzero(pairs.left_counts >= LEAST_PARTS * PART).tolist():
        places = _places(beads, int(beads.pair_offsets[pair]), int(beads.pair_offsets[pair + 1]))
        first_parts[pair + 1] = len(places)
        starts.append(places)
    first_parts[1:] = np.cumsum(first_parts[1:] + 1)
    # a pair without beads begins where the next one does: its part comes first
    owners = np.repeat(np.arange(len(pairs.lefts)), np.diff(first_parts))
    begins = np.sort(np.concatenate(starts), kind="stable")
    turns = np.arange(len(owners)) - first_parts[owners]
    inner = turns > 0
    left_begins, right_begins = np.zeros(len(owners), np.int64), np.zeros(len(owners), np.int64)
    left_begins[inner] = beads.left_starts[begins[inner]]
    right_begins[inner] = beads.right_starts[begins[inner]]
    part_pairs = _part_pairs(pairs, owners, left_begins, right_begins)
    part_pairs = replace(part_pairs, folds=(pairs.folds[owners] + turns) % folds)
    cuts = Cuts(first_parts, left_begins, right_begins)
    offsets = np.append(begins, beads.pair_offsets[-1])
    return part_pairs, _shifted(beads, offsets, cuts, -1), cuts


def joined(beads: Beads, cuts: Cuts) -> Beads:
    """The beads of parts as those of the documents."""
    shifted = _shifted(beads, beads.pair_offsets, cuts, 1)
    return replace(shifted, pair_offsets=beads.pair_offsets[cuts.first_parts])


def _places(beads: Beads, first: int, last: int) -> np.ndarray:
    """Beads of one pair to cut before, each amid sure ones, about ``PART`` sentences apart."""
    left_starts, left_ends, right_starts, right_ends, scores = (
        array[first:last]
        for array in (
            beads.left_starts, beads.left_ends, beads.right_starts, beads.right_ends, beads.scores
        )
    )  # fmt: skip
    single = (left_ends - left_starts == 1) & (right_ends - right_starts == 1)
    # none crosses another: both sides go on where the bead before ends
    follows = (left_starts[1:] == left_ends[:-1]) & (right_starts[1:] == right_ends[:-1])
    sure = np.where(single & np.append(False, follows), scores, 0)
    least = np.zeros(last - first)
    if last - first >= 2 * AROUND:
        around = np.lib.stride_tricks.sliding_window_view(sure, 2 * AROUND)
        least[AROUND : AROUND + len(around)] = around.min(axis=1)
    total = int(left_ends.max())
    found = []
    for wanted in np.linspace(0, total, total // PART + 1)[1:-1]:
        near = np.flatnonzero(np.abs(left_starts - wanted) < PART / 3)
        if len(near) and least[near].max() > 0:
            found.append(int(near[least[near].argmax()]))
    return first + np.unique(np.array(found, np.int64))


def _part_pairs(
    pairs: Pairs, owners: np.ndarray, left_begins: np.ndarray, right_begins: np.ndarray
) -> Pairs:
    """Each part as a pair of documents, whose offsets stand two by two."""
    last = np.append(owners[1:] != owners[:-1], True)
    sides = []
    for units, documents, begins in (
        (pairs.left, pairs.lefts, left_begins), (pairs.right, pairs.rights, right_begins)
    ):  # fmt: skip
        starts = units.document_offsets[documents[owners]] + begins
        ends = np.append(starts[1:], 0)
        ends[last] = units.document_offsets[documents[owners[last]] + 1]
        offsets = np.stack([starts, ends], axis=1).ravel()
        sides.append((replace(units, document_offsets=offsets), ends - starts))
    numbers = 2 * np.arange(len(owners))
    (left, left_counts), (right, right_counts) = sides
    return replace(
        pairs, left=left, right=right, lefts=numbers, rights=numbers, left_counts=left_counts,
        right_counts=right_counts,
    )  # fmt: skip


def _shifted(beads: Beads, offsets: np.ndarray, cuts: Cuts, sign: int) -> Beads:
    """The beads of each part, moved by where the part begins."""
    counts = np.diff(offsets)
    left, right = (
        sign * np.repeat(begins, counts) for begins in (cuts.left_begins, cuts.right_begins)
    )
    return Beads(
        offsets, beads.left_starts + left, beads.left_ends + left, beads.right_starts + right,
        beads.right_ends + right, beads.scores,
    )  # fmt: skip
