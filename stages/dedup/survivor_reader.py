"""Heads of clusters as they are compared: signatures, band keys, shingle sets, block by block."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan, gather
from stages.dedup.minhash_steps import cut_of, scoped_bands, signatures_of
from stages.dedup.shingles import shingle_sets
from stages.shuffle import read_shuffle

SIGNATURE = ("bins", "token_hash", "scope", "tokens", "length")

BLOCK_ROWS, BLOCK_BYTES = 1 << 14, 16 << 20
"""Documents, and bytes of their texts, that are decided on at a time."""


class Block(NamedTuple):
    """Heads that are compared, row by row."""

    component: np.ndarray
    """int64 [rows]"""
    bins: np.ndarray
    """uint16 [rows, bins]"""
    hashes: np.ndarray
    """uint64 [rows]"""
    short: np.ndarray
    """bool [rows]"""
    keys: np.ndarray
    """uint64 [rows, bands], 0 where a document has fewer."""
    sets: np.ndarray
    """uint64: the shingles of all rows; empty where signatures decide."""
    set_sizes: np.ndarray
    """int64 [rows]"""

    def take(self, rows: np.ndarray) -> Block:
        """Some of the rows."""
        starts = np.cumsum(self.set_sizes) - self.set_sizes
        sizes = self.set_sizes[rows]
        places = np.repeat(starts[rows] - (np.cumsum(sizes) - sizes), sizes)
        return Block(
            self.component[rows], self.bins[rows], self.hashes[rows], self.short[rows],
            self.keys[rows], self.sets[places + np.arange(len(places))], sizes,
        )  # fmt: skip

    def starts(self) -> np.ndarray:
        """int64 [rows + 1], or [1] where there are no sets: what the kernels take."""
        return np.append(0, np.cumsum(self.set_sizes)).astype(np.int64)


class Reader:
    """Signatures, keys and shingle sets of heads, in any order."""

    def __init__(self, plan: Plan, index: int) -> None:
        """Of the task ``index`` of ``find_survivors``."""
        self.plan = plan
        self.exact = plan.settings["verify"] == "exact"
        if self.exact:
            self._texts = read_shuffle(plan.paths("texts", len(plan.partitions)), index)
            self._text_nodes = self._texts.column("node").to_numpy()

    def empty(self) -> Block:
        """A block without rows."""
        none, settings = np.zeros(0, np.int64), self.plan.settings
        return Block(
            none, np.zeros((0, settings["bins"]), np.uint16), none.astype(np.uint64),
            none.astype(np.bool_), np.zeros((0, settings["bands"]), np.uint64),
            none.astype(np.uint64), none,
        )  # fmt: skip

    def blocks(self, nodes: np.ndarray) -> list[tuple[int, int]]:
        """Begin and end of blocks of at most ``BLOCK_ROWS`` heads and ``BLOCK_BYTES`` of text."""
        order = np.argsort(nodes)
        lengths = np.empty(len(nodes), np.int64)
        lengths[order] = gather(self.plan, nodes[order], ("length",)).column("length").to_numpy()
        ends = np.cumsum(lengths)
        cuts = [0]
        while cuts[-1] < len(nodes):
            start = cuts[-1]
            before = ends[start - 1] if start else 0
            fitting = int(np.searchsorted(ends, before + BLOCK_BYTES, side="right"))
            cuts.append(min(max(fitting, start + 1), start + BLOCK_ROWS, len(nodes)))
        return list(pairwise(cuts))

    def read(self, nodes: np.ndarray, component: np.ndarray) -> Block:
        """The block of some heads."""
        order = np.argsort(nodes)
        back = np.argsort(order)
        known = gather(self.plan, nodes[order], SIGNATURE).take(pa.array(back))
        bins, hashes, short = signatures_of(known)
        cut = cut_of(self.plan)
        flat, row = scoped_bands(known, np.ones(len(nodes), np.bool_), cut)
        keys = np.zeros((len(nodes), cut.bands), np.uint64)
        keys[row, np.arange(len(row)) - np.searchsorted(row, row)] = flat
        sets, sizes = np.zeros(0, np.uint64), np.zeros(len(nodes), np.int64)
        if self.exact:
            texts = self._read_texts(np.searchsorted(self._text_nodes, nodes))
            tokens = known.column("tokens").to_numpy()
            sets, sizes = shingle_sets(texts, tokens, self.plan.settings["ngram"])
        return Block(component, bins, hashes, short, keys, sets, sizes)

    def _read_texts(self, places: np.ndarray) -> pa.Array:
        """Texts by their places; chunk by chunk, since Arrow would first join all chunks."""
        chunks = [chunk for chunk in self._texts.column("text").chunks if len(chunk)]
        if len(chunks) == 1:
            return chunks[0].take(pa.array(places))
        order = np.argsort(places)
        ordered = places[order]
        taken, start = [pa.array([], pa.large_string())], 0
        for chunk in chunks:
            first, last = np.searchsorted(ordered, (start, start + len(chunk)))
            taken.append(chunk.take(pa.array(ordered[first:last] - start)))
            start += len(chunk)
        return pa.concat_arrays(taken).take(pa.array(np.argsort(order)))
