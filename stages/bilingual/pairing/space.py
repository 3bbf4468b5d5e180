"""The space two languages are compared in: entries, their weights, what translates to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from stages.bilingual.pairing.features import Features, Frequencies
from stages.bilingual.pairing.order_kernels import order_scores
from stages.bilingual.pairing.vectors_kernels import build_table, cosines, find_rows, project

SHRINKAGE = 12.0
"""Added to the norm of a vector, in squares: else a page that shares one number with another and
holds nothing else is as near as can be (recall at precision .98 in Thai: .74 with it, .29
without)."""
PRIOR_DOCUMENTS = 5.0
"""Weight of what both languages say of a token's frequency: of one document alone all tokens are in
every document, so none would count."""
ORDER_SHRINKAGE = 15.0
"""Weight that every document is thought to hold besides, when order is judged."""


@dataclass(frozen=True)
class Vectors:
    """The vectors of some documents."""

    offsets: np.ndarray
    """int64 [documents + 1]"""
    entries: np.ndarray
    """int32"""
    values: np.ndarray
    """float32"""
    norms: np.ndarray
    """float32 [documents]"""


@dataclass(frozen=True)
class Side:
    """Documents of one side, ready to be compared."""

    found: np.ndarray
    """int32 [tokens]: rows of the side's translation table, -1 where it has none."""
    features: Features
    factors: np.ndarray
    """float32 [segments]: how much a line counts; less when many documents have it."""


@dataclass(frozen=True)
class Table:
    """Which entries the tokens of one side stand for."""

    tokens: np.ndarray
    """uint32 [rows], distinct."""
    offsets: np.ndarray
    """int64 [rows + 1]"""
    targets: np.ndarray
    """int32: entries."""
    shares: np.ndarray
    """float32: of a token's weight."""

    @cached_property
    def hashed(self) -> tuple[np.ndarray, np.ndarray]:
        """A hash table of the tokens: keys uint32, rows int32."""
        size = 1 << (2 * len(self.tokens) + 1).bit_length()
        keys, rows = np.zeros(size, np.uint32), np.zeros(size, np.int32)
        build_table(self.tokens, keys, rows)
        return keys, rows

    def find(self, tokens: np.ndarray) -> np.ndarray:
        """The row of each token, int32, -1 where it has none."""
        found = np.empty(len(tokens), np.int32)
        find_rows(tokens, *self.hashed, found)
        return found


@dataclass(frozen=True)
class Space:
    """The entries of a language pair and how both sides come to them."""

    weights: np.ndarray
    """float32 [entries]: rarity times how well the token survives translation."""
    left: Table
    """Row by row the entries themselves."""
    right: Table

    def side(self, features: Features, right: bool, lines: Frequencies) -> Side:
        """Documents of a side, looked up."""
        table = self.right if right else self.left
        repeated = np.maximum(lines.of(features.lines), 1)
        return Side(table.find(features.tokens), features, (1 / repeated).astype(np.float32))

    def vectors(self, side: Side, right: bool) -> Vectors:
        """The vectors of a side's documents."""
        table = self.right if right else self.left
        widths = np.concatenate([np.diff(table.offsets), [0]])
        room = int(widths[side.found].sum())
        entries, values = np.empty(room, np.int32), np.empty(room, np.float32)
        offsets = np.zeros(len(side.features) + 1, np.int64)
        norms = np.zeros(len(side.features), np.float32)
        size = project(
            side.found, side.features.token_offsets, side.features.ends,
            side.features.segment_offsets, side.factors, table.offsets, table.targets,
            table.shares, self.weights, entries, values, offsets, norms,
        )  # fmt: skip
        return Vectors(offsets, entries[:size].copy(), values[:size].copy(), norms)

    def cosines(
        self, lefts: np.ndarray, rights: np.ndarray, left: Vectors, right: Vectors
    ) -> np.ndarray:
        """How near pairs of documents are (float32 [pairs])."""
        result = np.zeros(len(lefts), np.float32)
        cosines(
            lefts, rights, left.offsets, left.entries, left.values, left.norms, right.offsets,
            right.entries, right.values, right.norms, len(self.weights), SHRINKAGE, result,
        )  # fmt: skip
        return result

    def order(
        self, lefts: np.ndarray, rights: np.ndarray, left: Side, right: Side, beads: bool = False
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How much of pairs of documents matches in order.

        Returns:
            float32 [pairs]; and where asked for, int64 [pairs + 1], the beads of each pair, and
            int32 [beads, 4]: first and last segment on the left, on the right.
        """
        result, bead_offsets = np.zeros(len(lefts), np.float32), np.zeros(len(lefts) + 1, np.int64)
        room = int(np.diff(left.features.segment_offsets)[lefts].sum()) if beads else 0
        out = np.empty(4 * room, np.int32)
        a, b = left.features, right.features
        size = order_scores(
            lefts, rights, left.found, a.token_offsets, a.ends, a.segment_offsets, left.factors,
            right.found, b.token_offsets, b.ends, b.segment_offsets, right.factors,
            self.right.offsets, self.right.targets, self.right.shares, self.weights,
            ORDER_SHRINKAGE, result, bead_offsets, out, int(beads),
        )  # fmt: skip
        return result, bead_offsets, out[: 4 * size].reshape(-1, 4).copy()

    def tables(self) -> dict[str, pa.Table]:
        """As Arrow tables, by name of the file."""
        right = self.right
        lists = [
            pa.LargeListArray.from_arrays(right.offsets, pa.array(values))
            for values in (right.targets, right.shares)
        ]
        return {
            "left": pa.table({"token": self.left.tokens, "weight": self.weights}),
            "right": pa.table({"token": right.tokens, "targets": lists[0], "shares": lists[1]}),
        }

    @staticmethod
    def of_tables(left: pa.Table, right: pa.Table) -> Space:
        """From what ``tables`` gave."""
        tokens, weights = (left.column(name).to_numpy() for name in ("token", "weight"))
        size = len(tokens)
        targets = right.column("targets").combine_chunks()
        shares = right.column("shares").combine_chunks()
        targets, shares = (
            pa.concat_arrays(c.chunks) if isinstance(c, pa.ChunkedArray) else c
            for c in (targets, shares)
        )
        return Space(
            weights,
            itself(tokens),
            Table(
                right.column("token").to_numpy(), targets.offsets.to_numpy(),
                targets.values.to_numpy(), shares.values.to_numpy(),
            ),
        ) if size else Space.nothing()  # fmt: skip

    @staticmethod
    def nothing() -> Space:
        """A space without entries."""
        none = np.zeros(0, np.uint32)
        return Space(np.zeros(0, np.float32), itself(none), itself(none))


def itself(tokens: np.ndarray) -> Table:
    """The table of tokens that are entries."""
    size = len(tokens)
    return Table(
        tokens, np.arange(size + 1, dtype=np.int64), np.arange(size, dtype=np.int32),
        np.ones(size, np.float32),
    )  # fmt: skip


@dataclass(frozen=True)
class Language:
    """What is counted of a language's documents."""

    documents: int
    tokens: Frequencies


def identity_space(left: Language, right: Language) -> Space:
    """The space before anything is known: tokens that look the same on both sides.

    A token that one language uses far more often than the other (an English function word, a false
    friend) is no anchor: its weight is its rarity in the language that has more of it, times the
    root of the ratio of both shares of documents.
    """
    tokens = np.intersect1d(left.tokens.values, right.tokens.values, assume_unique=True)
    if len(tokens) == 0:
        return Space.nothing()
    rarity, survival = rarity_and_survival(tokens, left, right)
    weights = (rarity * survival).astype(np.float32)
    keep = weights > 0
    table = itself(tokens[keep])
    return Space(weights[keep], table, table)


def rarity_and_survival(
    tokens: np.ndarray, left: Language, right: Language
) -> tuple[np.ndarray, np.ndarray]:
    """Of tokens that look the same on both sides, float64 [tokens] each; see ``identity_space``."""
    one, other = left.tokens.of(tokens), right.tokens.of(tokens)
    both = PRIOR_DOCUMENTS * (one + other) / max(left.documents + right.documents, 1)
    shares = (
        (one + both) / (left.documents + PRIOR_DOCUMENTS),
        (other + both) / (right.documents + PRIOR_DOCUMENTS),
    )
    most, least = np.maximum(*shares), np.minimum(*shares)
    survival = np.sqrt(np.divide(least, most, out=np.zeros_like(most), where=most > 0))
    return -np.log(np.minimum(most, 0.999)), survival
