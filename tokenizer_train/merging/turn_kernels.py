"""Whose turn it is: the language that is dearest on parallel text, unless it had too much of late.

The window is that of the moving-window variant of parity-aware BPE (arXiv 2508.04796): before each
choice its authors' code counts what the last merges served, and passes over a language that got
more than alpha / languages of them.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, step

TURNS, RING_AT = 0, 1
"""Of the turns: merges made, and the place in the ring of the last ones."""


@step()
def dearest(
    tokens: np.ndarray, alive: np.ndarray, recent: np.ndarray, most_recent: Scalar
) -> Scalar:
    """The language of the highest premium, the first among equals; -1 where none is left.

    Those served too often of late come only if there is no other.

    Args:
        tokens: int64 [2 * languages]: of a language's own side, and of the pivot's.
        alive: uint8 [columns]: whether a column has pairs left.
        recent: int64 [columns]: how many of the last merges served it.
        most_recent: a language served more often than so is passed over.
    """
    best, second = np.int64(-1), np.int64(-1)
    best_premium, second_premium = -1.0, -1.0
    for language in range(len(tokens) >> 1):
        if alive[language] == 0:
            continue
        premium = np.float64(tokens[2 * language]) / np.float64(tokens[2 * language + 1])
        if recent[language] <= most_recent:
            if premium > best_premium:
                best, best_premium = np.int64(language), premium
        elif premium > second_premium:
            second, second_premium = np.int64(language), premium
    return best if best >= 0 else second


@step()
def whose_turn(
    tokens: np.ndarray,
    alive: np.ndarray,
    recent: np.ndarray,
    served: np.ndarray,
    turns: np.ndarray,
    most_recent: Scalar,
    others_share: Scalar,
) -> Scalar:
    """The column to serve: the others when they have had less than their share, else the dearest.

    Args:
        tokens: of ``dearest``, like ``alive``, ``recent`` and ``most_recent``.
        alive: uint8 [columns].
        recent: int64 [columns].
        served: int64 [columns]: merges that served each.
        turns: int64 [2].
        most_recent: see ``dearest``.
        others_share: of merges that serve the column behind the languages, if there is one.
    """
    others = len(tokens) >> 1
    waiting = others < len(alive) and alive[others] != 0
    if waiting and np.float64(served[others] + 1) <= others_share * np.float64(turns[TURNS] + 1):
        return np.int64(others)
    column = dearest(tokens, alive, recent, most_recent)
    if column < 0 and waiting:
        return np.int64(others)
    return column


@step()
def remember(
    column: Scalar, served: np.ndarray, recent: np.ndarray, ring: np.ndarray, turns: np.ndarray
) -> None:
    """Write down that a column was served."""
    served[column] += 1
    turns[TURNS] += 1
    if len(ring) == 0:
        return
    at = turns[RING_AT]
    if ring[at] >= 0:
        recent[ring[at]] -= 1
    ring[at] = column
    recent[column] += 1
    turns[RING_AT] = (at + 1) % len(ring)
