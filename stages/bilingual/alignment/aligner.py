"""Align the sentences of many pairs of documents of one language pair.

    left, right = segment(left_column, left_languages), segment(right_column, right_languages)
    beads = align(units_of(left), units_of(right), lefts, rights)

The first pass goes by lengths, lines, and what looks the same in both languages (numbers, names).
Each further pass learns, from the beads of the pass before, how lengths relate, which shapes are
frequent, and a lexicon; a pair is scored by a lexicon of other pairs' beads (cross-fitting), as one
that has seen the pair finds its own mistakes confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.bilingual.alignment.align_kernels import align_pairs
from stages.bilingual.alignment.documents import Beads, Pairs
from stages.bilingual.alignment.guess_kernels import follow_beads, guess_paths
from stages.bilingual.alignment.lexicon import (
    Lexicon,
    Vocabulary,
    identity_lexicon,
    lay_out,
    learn,
    with_coverage,
)
from stages.bilingual.alignment.models import (
    BeadSample,
    Models,
    first_models,
    learned_models,
    shape_counts,
)
from stages.bilingual.alignment.splitting import joined, split, whole
from stages.bilingual.alignment.units import Units
from stages.bilingual.alignment.vocabulary_kernels import number_units

PASSES = 3
FOLDS = 3
NARROW, WIDE = 64, 160
"""Sentences across the band: around an earlier pass's path, and around a guess."""
MOST_BAND_CELLS = 1 << 28
"""5 bytes each: a band grows no further."""
LEAST_TO_LEARN = 40
"""Beads; fewer teach no lexicon."""
CONFIDENT_SHARE = 0.85
"""The best of the beads, by score, are learned from."""


@dataclass(frozen=True)
class Alignment:
    """Beads, and what the last pass knew: enough to judge them, or other pairs of sentences."""

    beads: Beads
    vocabulary: Vocabulary
    models: Models
    lexicons: list[tuple[np.ndarray, Lexicon]]
    """Beads (int64), and the lexicon that has not seen them."""


def align(
    left: Units,
    right: Units,
    lefts: np.ndarray,
    rights: np.ndarray,
    folds: np.ndarray | None = None,
    passes: int = PASSES,
) -> Beads:
    """Align pairs of documents.

    Args:
        left: units of the left documents, one language.
        right: of the right documents, another.
        lefts: int64 [pairs], the left document of each pair.
        rights: int64 [pairs], the right one.
        folds: int64 [pairs]: pairs of one fold are not scored by what each other's beads teach;
            None: by the text of the left document, so that copies fall together, and the parts of
            a long document by turns.
        passes: 1: without a lexicon; each further one learns from that before.

    Returns:
        The beads of each pair, all sentences of both sides in order; deterministic.
    """
    return learn_alignment(left, right, lefts, rights, folds, passes).beads


def learn_alignment(
    left: Units,
    right: Units,
    lefts: np.ndarray,
    rights: np.ndarray,
    folds: np.ndarray | None = None,
    passes: int = PASSES,
) -> Alignment:
    """As ``align``, with what was learned."""
    vocabulary = build_vocabulary(left, right)
    parts = folds is None
    if folds is None:
        folds = _folds(left)[lefts] if len(lefts) else np.zeros(0, np.int64)
    pairs = Pairs(
        left, right, np.ascontiguousarray(lefts, np.int64), np.ascontiguousarray(rights, np.int64),
        vocabulary, folds, np.diff(left.document_offsets)[lefts],
        np.diff(right.document_offsets)[rights],
    )  # fmt: skip
    identity = identity_lexicon(vocabulary)
    models = _first_models(pairs)
    beads = _align(pairs, [(np.arange(len(lefts)), identity)], models, _guess(pairs), WIDE)
    lexicons = [(np.arange(len(lefts)), identity)]
    cuts = whole(pairs, beads)
    for number in range(passes - 1):
        chosen = _confident(pairs, beads)
        if len(chosen) < LEAST_TO_LEARN:
            break
        models = learned_models(models, _sample(pairs, beads))
        if number == 0 and parts:
            pairs, beads, cuts = split(pairs, beads, FOLDS)
        lexicons = _lexicons(pairs, beads, chosen, identity)
        beads = _align(pairs, lexicons, models, _path(pairs, beads), NARROW)
    numbers = np.repeat(np.arange(len(pairs.lefts)), np.diff(beads.pair_offsets))
    judged = [(np.flatnonzero(np.isin(numbers, members)), lexicon) for members, lexicon in lexicons]
    return Alignment(joined(beads, cuts), vocabulary, models, judged)


def _guess(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Where each path may run: offsets of the pairs' rows, and the right sentences beside them."""
    offsets, guess = _rows(pairs)
    left, right, words = pairs.left, pairs.right, pairs.vocabulary
    guess_paths(
        left.document_offsets, left.offsets, words.left_numbers, left.lengths,
        right.document_offsets, right.offsets, words.right_numbers, right.lengths,
        pairs.lefts, pairs.rights, len(words.units), offsets, guess,
    )  # fmt: skip
    return offsets, guess


def _path(pairs: Pairs, beads: Beads) -> tuple[np.ndarray, np.ndarray]:
    """Where each pair's path ran, as ``_guess``."""
    offsets, path = _rows(pairs)
    follow_beads(
        beads.pair_offsets[:-1], np.diff(beads.pair_offsets), beads.left_starts, beads.left_ends,
        beads.right_ends, offsets, path,
    )  # fmt: skip
    return offsets, path


def _rows(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    rows = np.cumsum(pairs.left_counts + 1)
    return _starts(rows), np.zeros(int(rows[-1]) if len(rows) else 0, np.int32)


def build_vocabulary(left: Units, right: Units) -> Vocabulary:
    """Number the units of both sides together."""
    total = len(left.units) + len(right.units)
    size = 1 << max(4, (2 * total).bit_length())
    keys, slots = np.zeros(size, np.uint64), np.empty(size, np.int32)
    known = np.empty(total, np.uint64)
    numbers = [np.empty(len(side.units), np.int32) for side in (left, right)]
    count = number_units(left.units, keys, slots, known, numbers[0], 0)
    count = number_units(right.units, keys, slots, known, numbers[1], count)
    shares = [
        (np.bincount(n, minlength=count) / max(len(side.lengths), 1)).astype(np.float32)
        for n, side in zip(numbers, (left, right), strict=True)
    ]
    return Vocabulary(known[:count].copy(), numbers[0], numbers[1], shares[0], shares[1])


def _align(
    pairs: Pairs,
    lexicons: list[tuple[np.ndarray, Lexicon]],
    models: Models,
    guess: tuple[np.ndarray, np.ndarray],
    width: int,
) -> Beads:
    """One pass; the band of a pair is doubled while its path runs along an edge."""
    count = len(pairs.lefts)
    room = pairs.left_counts + pairs.right_counts
    offsets = _starts(np.cumsum(room))
    total = int(room.sum())
    out = [np.zeros(total, np.int64) for _ in range(4)]
    scores, counts = np.zeros(total, np.float32), np.zeros(count, np.int64)
    steep = 4 * pairs.right_counts // np.maximum(pairs.left_counts, 1) + 8
    widths = np.maximum(width, steep)
    words = pairs.vocabulary
    chances = _elsewhere(words.left_shares), _elsewhere(words.right_shares)
    for members, lexicon in lexicons:
        wanted = members
        while len(wanted):
            edges = np.zeros(count, np.bool_)
            align_pairs(
                pairs.left.document_offsets, pairs.left.offsets, words.left_numbers,
                pairs.left.lengths, pairs.left.flags, pairs.right.document_offsets,
                pairs.right.offsets, words.right_numbers, pairs.right.lengths, pairs.right.flags,
                pairs.lefts, pairs.rights, wanted, *guess, widths, lexicon.offsets,
                lexicon.partners, lexicon.left_strengths, lexicon.right_strengths,
                lexicon.left_coverage, lexicon.right_coverage, *chances, models.parameters,
                models.structures, models.priors, offsets, *out, scores, counts, edges,
            )  # fmt: skip
            growing = edges & (widths * 2 * (pairs.left_counts + 1) <= MOST_BAND_CELLS)
            widths = np.where(growing, widths * 2, widths)
            wanted = wanted[growing[wanted]]
    used = np.repeat(offsets, counts) + _within(counts)
    pair_offsets = np.zeros(count + 1, np.int64)
    np.cumsum(counts, out=pair_offsets[1:])
    left_starts, left_ends, right_starts, right_ends = (array[used] for array in out)
    return Beads(pair_offsets, left_starts, left_ends, right_starts, right_ends, scores[used])


def _lexicons(
    pairs: Pairs, beads: Beads, chosen: np.ndarray, identity: Lexicon
) -> list[tuple[np.ndarray, Lexicon]]:
    """For each fold, its pairs and a lexicon of the other folds' beads."""
    whole = _whole_beads(pairs, beads, chosen)
    bead_folds = np.repeat(pairs.folds, np.diff(beads.pair_offsets))[chosen]
    cells = lay_out(pairs.sides, len(pairs.vocabulary.units), whole)
    lexicons = []
    for fold in np.unique(pairs.folds):
        wanted = bead_folds != fold
        if wanted.sum() < LEAST_TO_LEARN:
            lexicon = identity
        else:
            learned = learn(cells, wanted, pairs.vocabulary, identity)
            taught = tuple(np.ascontiguousarray(array[wanted]) for array in whole)
            lexicon = with_coverage(learned, pairs.sides, taught)  # type: ignore[arg-type]
        lexicons.append((np.flatnonzero(pairs.folds == fold), lexicon))
    return lexicons


def _confident(pairs: Pairs, beads: Beads) -> np.ndarray:
    """The beads to learn from: neither side empty, none of the worst scores."""
    both = (beads.left_ends > beads.left_starts) & (beads.right_ends > beads.right_starts)
    found = np.flatnonzero(both & (beads.scores > 0))
    if len(found) == 0:
        return found
    least = np.quantile(beads.scores[found], 1 - CONFIDENT_SHARE)
    return found[beads.scores[found] >= least]


def _whole_beads(
    pairs: Pairs, beads: Beads, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The beads as ranges of all sentences of a side."""
    counts = np.diff(beads.pair_offsets)
    left = np.repeat(pairs.left.document_offsets[pairs.lefts], counts)[chosen]
    right = np.repeat(pairs.right.document_offsets[pairs.rights], counts)[chosen]
    return (
        beads.left_starts[chosen] + left,
        beads.left_ends[chosen] + left,
        beads.right_starts[chosen] + right,
        beads.right_ends[chosen] + right,
    )


def _sample(pairs: Pairs, beads: Beads) -> BeadSample:
    left_sizes = beads.left_ends - beads.left_starts
    right_sizes = beads.right_ends - beads.right_starts
    single = np.flatnonzero((left_sizes == 1) & (right_sizes == 1) & (beads.scores > 0))
    lefts, _, rights, _ = _whole_beads(pairs, beads, single)
    crossed = int((np.diff(beads.right_starts) < 0).sum()) - int(
        (np.diff(beads.right_starts)[beads.pair_offsets[1:-1] - 1] < 0).sum()
    )
    return BeadSample(
        pairs.left.lengths[lefts].astype(np.float64),
        pairs.right.lengths[rights].astype(np.float64),
        pairs.left.flags[lefts],
        pairs.right.flags[rights],
        shape_counts(left_sizes, right_sizes, crossed),
    )


def _first_models(pairs: Pairs) -> Models:
    totals = []
    for units, documents in ((pairs.left, pairs.lefts), (pairs.right, pairs.rights)):
        sums = np.concatenate([[0], np.cumsum(units.lengths, dtype=np.int64)])
        totals.append(np.diff(sums[units.document_offsets])[documents])
    return first_models(totals[0], totals[1], pairs.right.lengths.astype(np.float64))


def _elsewhere(shares: np.ndarray) -> np.ndarray:
    """The shares without the one sentence that is being looked at."""
    once = shares[shares > 0].min(initial=1)
    return np.maximum(shares - once, 0).astype(np.float32)


def _folds(units: Units) -> np.ndarray:
    """A number below ``FOLDS`` by the units of each document: int64 [documents]."""
    from formats.identifiers_kernels import mix64

    with np.errstate(over="ignore"):
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(units.units)])
        at = units.offsets[units.document_offsets]
        totals = sums[at[1:]] - sums[at[:-1]]
    return np.array([int(mix64(total)) % FOLDS for total in totals], np.int64)


def _starts(ends: np.ndarray) -> np.ndarray:
    """Where parts begin that end there, each where the one before ends."""
    starts = np.zeros(len(ends), np.int64)
    starts[1:] = ends[:-1]
    return starts


def _within(counts: np.ndarray) -> np.ndarray:
    """0, 1, ... for each part."""
    return np.arange(int(counts.sum())) - np.repeat(_starts(np.cumsum(counts)), counts)
