"""A space learned from pairs that are sure: what translates what, and what survives translation.

The segments of sure pairs are aligned in the space there is; IBM Model 1 over the beads tells which
tokens translate to which entries; and how often an entry is matched in its bead tells how far it
can be trusted. Nothing is learned before, or comes from elsewhere: no dictionary is shipped.
"""

from __future__ import annotations

import numpy as np

from stages.bilingual.alignment.lexicon import Cells, lay_out
from stages.bilingual.alignment.lexicon_kernels import expect, maximise
from stages.bilingual.pairing.learning_kernels import count_matches
from stages.bilingual.pairing.space import (
    Language,
    Side,
    Space,
    Table,
    itself,
    rarity_and_survival,
)

ITERATIONS = 5
LEAST_COUNT = 1.5
"""How often a token must have been a translation, in expectation."""
LEAST_SHARE, LEAST_PRODUCT = 0.08, 0.01
"""Of a translation's probability, and of that in both directions."""
MOST_TARGETS = 5
PRIOR_COUNT = 4.0
"""Weight of what is thought of an entry before its matches are counted."""
IDENTITY_SHARE = 0.6
"""How much of a token that looks the same on both sides counts where nothing else is known."""


def learn_space(
    identity: Space, space: Space, languages: tuple[Language, Language],
    sides: tuple[Side, Side], pairs: tuple[np.ndarray, np.ndarray],
) -> Space:  # fmt: skip
    """A space from sure pairs.

    Args:
        identity: of tokens that look the same.
        space: the one in which the pairs were found.
        languages: what is counted of both.
        sides: the documents of the pairs, looked up in ``space``.
        pairs: int64 [pairs], left and right documents.
    """
    left, right = (side.features for side in sides)
    _, offsets, beads = space.order(*pairs, *sides, beads=True)
    whole = _whole(beads, offsets, pairs, left.segment_offsets, right.segment_offsets)
    tokens, numbers = np.unique(np.concatenate([left.tokens, right.tokens]), return_inverse=True)
    numbers = numbers.astype(np.int32)
    cut = len(left.tokens)
    starts = [np.concatenate([[0], side.ends]).astype(np.int64) for side in (left, right)]
    cells = lay_out((starts[0], numbers[:cut], starts[1], numbers[cut:]), len(tokens), whole)
    lefts, rights, shares = _translations(cells, len(tokens))
    return _space(identity, languages, tokens, (lefts, rights, shares), sides, whole)


def _whole(
    beads: np.ndarray, offsets: np.ndarray, pairs: tuple[np.ndarray, np.ndarray],
    left: np.ndarray, right: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Beads as ranges of all segments of both sides."""
    counts = np.diff(offsets)
    first, other = np.repeat(left[pairs[0]], counts), np.repeat(right[pairs[1]], counts)
    columns = [beads[:, i].astype(np.int64) for i in range(4)]
    return columns[0] + first, columns[1] + first, columns[2] + other, columns[3] + other


def _translations(cells: Cells, numbers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left number, right number and the probability of the left one given the right one."""
    pairs = cells.pairs
    forward, backward = np.ones(len(pairs), np.float32), np.ones(len(pairs), np.float32)
    wanted = np.ones(len(cells.widths), np.bool_)
    for _ in range(ITERATIONS):
        counts = np.zeros_like(forward), np.zeros_like(backward)
        expect(cells.offsets, cells.widths, cells.cells, wanted, pairs, forward, backward, *counts)
        joint = np.minimum(*counts)
        maximise(pairs, *counts, np.zeros(numbers), np.zeros(numbers))
        forward, backward = counts
    keep = (joint >= LEAST_COUNT) & (backward >= LEAST_SHARE)
    keep &= forward * backward >= LEAST_PRODUCT
    left = (pairs[keep] >> np.uint64(32)).astype(np.int64)
    right = (pairs[keep] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    shares = backward[keep]
    order = np.lexsort((left, -shares, right))
    left, right, shares = left[order], right[order], shares[order]
    rank = np.arange(len(right)) - np.searchsorted(right, right)
    best = rank < MOST_TARGETS
    return left[best], right[best], shares[best]


def _space(
    identity: Space, languages: tuple[Language, Language], tokens: np.ndarray,
    lexicon: tuple[np.ndarray, np.ndarray, np.ndarray], sides: tuple[Side, Side],
    beads: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> Space:  # fmt: skip
    """Join the lexicon with what looks the same, and weigh the entries by their matches."""
    lefts, rights, shares = lexicon
    entries = np.union1d(identity.left.tokens, tokens[np.unique(lefts)]).astype(np.uint32)
    same = identity.right.tokens
    unknown = ~np.isin(same, tokens[np.unique(rights)])
    row_tokens = np.concatenate([tokens[rights], same[unknown]])
    targets = np.searchsorted(entries, np.concatenate([tokens[lefts], same[unknown]]))
    values = np.concatenate([shares, np.full(int(unknown.sum()), IDENTITY_SHARE, np.float32)])
    order = np.argsort(row_tokens, kind="stable")
    row, sizes = np.unique(row_tokens, return_counts=True)
    table = Table(
        row.astype(np.uint32), np.cumsum([0, *sizes]).astype(np.int64),
        targets[order].astype(np.int32), values[order].astype(np.float32),
    )  # fmt: skip
    left = itself(entries)
    matched, seen = np.zeros((2, len(entries)), np.float32)
    one, other = (side.features for side in sides)
    count_matches(
        left.find(one.tokens), one.ends, table.find(other.tokens), other.ends, *beads,
        table.offsets, table.targets, table.shares, matched, seen,
    )  # fmt: skip
    prior = _prior(entries, identity, languages)
    survival = (matched + PRIOR_COUNT * prior) / (seen + PRIOR_COUNT)
    documents = max(languages[0].documents, 1)
    frequency = languages[0].tokens.of(entries) / (documents + 1)
    rarity = -np.log(np.clip(frequency, 1 / (documents + 1), 0.999))
    return Space((rarity * survival).astype(np.float32), left, table)


def _prior(
    entries: np.ndarray, identity: Space, languages: tuple[Language, Language]
) -> np.ndarray:
    """How far entries are trusted unseen: what looks the same by its two frequencies."""
    prior = np.full(len(entries), 0.3, np.float32)
    at = np.searchsorted(entries, identity.left.tokens)
    prior[at] = rarity_and_survival(identity.left.tokens, *languages)[1]
    return prior
