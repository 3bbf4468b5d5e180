"""The space of a language and a hub, seen from the hub: which of its words a document stands for.

Entries of a space are tokens of the left language. Where the hub is on the left, they are its words
already; where it is on the right, the lexicon is turned round.
"""

from __future__ import annotations

import numpy as np

from stages.bilingual.pairing.space import Space, Table, itself


def pivot_space(space: Space, hub_is_left: bool) -> Space:
    """A space with the hub's tokens on its left and the other language's on its right."""
    return space if hub_is_left else turned(space)


def turned(space: Space) -> Space:
    """The same lexicon the other way: right tokens become entries.

    A left token has each right one that translates to it, by its share of their probabilities; a
    right token weighs what its translations do, by theirs.
    """
    table = space.right
    rows = np.repeat(np.arange(len(table.tokens)), np.diff(table.offsets))
    totals = np.bincount(table.targets, table.shares, len(space.weights))
    shares = (table.shares / totals[table.targets]).astype(np.float32)
    weights = np.bincount(rows, table.shares * space.weights[table.targets], len(table.tokens))
    order = np.lexsort((rows, table.targets))
    counts = np.bincount(table.targets, minlength=len(space.weights))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Space(
        weights.astype(np.float32),
        itself(table.tokens),
        Table(space.left.tokens, offsets, rows[order].astype(np.int32), shares[order]),
    )
