"""Parity-aware merges in three parts: for all languages, for the dearest, and what is left.

    global merges  --->  merges in turns  --->  global merges again, if no language has a pair left
    (``Learner``)        (``ParityLearner``)    (``Learner``)

All three fill one table of tokens and change the same symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tokenizer_train.merging.columns import Columns
from tokenizer_train.merging.learner import Learner, MergeRules
from tokenizer_train.merging.pairs_kernels import BYTES
from tokenizer_train.merging.parity_kernels import count_sides
from tokenizer_train.merging.parity_learner import ParityLearner, Turns
from tokenizer_train.merging.token_table import TokenTable


@dataclass(frozen=True)
class Served:
    """What became of the merges."""

    merges: np.ndarray
    """int64 [columns]: made for each."""
    exhausted: np.ndarray
    """bool [columns]: whether it had no pair left that was frequent enough."""
    tokens: np.ndarray
    """int64 [2 * languages]: of the parallel text in the end, own side and the pivot's."""
    for_all: int
    """Merges made for all together."""


def learn_in_turns(
    columns: Columns,
    table: TokenTable,
    rules: MergeRules,
    weights: Sequence[tuple[int, int]],
    turns: Turns,
    global_merges: int,
    single_bytes: np.ndarray,
    progress: Callable[[float], None],
) -> Served:
    """Fill a table of tokens.

    Args:
        columns: the words; changed.
        table: the 256 bytes; filled.
        rules: what may be merged.
        weights: of each column, the least and the largest of its languages.
        turns: whose turn it is.
        global_merges: made first, for all languages together, as weighted.
        single_bytes: int64 [2 * languages]: pieces of one byte in the parallel text, a token each
            from first to last: they are not laid out.
        progress: called with the share done.
    """
    everything = np.array(weights, np.int64).reshape(-1)
    first = min(table.used + global_merges, table.entries)
    Learner(columns.symbols, table, rules, everything).learn(first, progress)
    tokens = single_bytes.copy()
    count_sides(
        columns.symbols.symbols, table.lengths, int(columns.starts[-2]), columns.parallel_weights,
        columns.block_sides, tokens,
    )  # fmt: skip
    learner = ParityLearner(columns, table, rules, weights, turns, tokens)
    learner.learn(table.entries, progress)
    served, exhausted = learner.served, learner.alive == 0
    del learner  # its arrays, before others of the kind are made
    Learner(columns.symbols, table, rules, everything).learn(table.entries, progress)
    for_all = table.used - BYTES - int(served.sum())
    return Served(served, exhausted, tokens, for_all)
