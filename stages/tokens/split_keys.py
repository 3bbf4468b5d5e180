"""Where documents stand in [0, 1), so that near-copies are told apart from training together.

A held-out document tests nothing if a near-copy of it is trained on. So a document is placed by
what it shares with others, not by its own id: each of its keys is hashed to a number in [0, 1), and
tokens keep the least and the largest of them, ``split_low`` and ``split_high``. For a share ``s``

    split_high <  s      held out: every key is
    split_low  >= s      free to train on: no key is held out
    the others           neither: they share a key with what is held out

Whoever shares a key with a held-out document has a key below ``s`` and is not trained on. That
needs no look at any other document, and holds however many keys a document has.

The keys of a document:
    cluster_id   of its near duplicates, where ``minhash_dedup`` gave one; else its id
    pair_key     which its translations, and the parallel documents made of them, have too
A parallel document without ``pair_key`` has the ids of its two sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from formats.documents import PARALLEL_SOURCE
from formats.identifiers import document_numbers

SPLIT_LOW, SPLIT_HIGH = "split_low", "split_high"
KEY_COLUMNS = ("cluster_id", "pair_key", "source", "meta")
"""Beside ``id``; a missing one is as good as null."""
_SIDES = ("left_id", "right_id")


def split_places(batch: pa.RecordBatch, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest place of every document's keys: float64 [rows] each.

    Args:
        batch: ``id`` and those of ``KEY_COLUMNS`` that there are.
        seed: of the run.
    """
    cluster_ids, pair_keys = _column(batch, "cluster_id"), _column(batch, "pair_key")
    key = _key(seed, "document")
    low = _mixed(document_numbers(pc.coalesce(cluster_ids, batch.column("id"))), key)
    high = low.copy()
    paired = _as_numpy(pc.is_valid(pair_keys))
    pairs = np.zeros(len(low))
    pairs[paired] = _hashed(pair_keys.filter(pa.array(paired)), f"{seed}\0pair\0")
    # Nobody but its translations shares anything with one that is in no cluster.
    alone = paired & _as_numpy(pc.is_null(cluster_ids))
    low = np.where(alone, pairs, np.where(paired, np.minimum(low, pairs), low))
    high = np.where(alone, pairs, np.where(paired, np.maximum(high, pairs), high))
    parallel = _as_numpy(pc.fill_null(pc.equal(_column(batch, "source"), PARALLEL_SOURCE), False))
    own = np.flatnonzero(parallel & ~paired)
    if len(own):
        sides = _sides(_column(batch, "meta").take(own), batch.column("id").take(own))
        places = np.array([_mixed(document_numbers(side), key) for side in sides])
        low[own], high[own] = places.min(axis=0), places.max(axis=0)
    return low, high


def _key(seed: int, kind: str) -> np.uint64:
    return np.uint64(xxhash.xxh3_64_intdigest(f"{seed}\0{kind}".encode()))


def _mixed(numbers: np.ndarray, key: np.uint64) -> np.ndarray:
    """Numbers of documents as places, by the finaliser of SplitMix64 (Steele et al. 2014)."""
    found = numbers ^ key
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return _as_places(found ^ (found >> np.uint64(31)))


def _hashed(texts: pa.Array, prefix: str) -> np.ndarray:
    """Texts as places; each is hashed once, however often it stands."""
    encoded = texts.dictionary_encode()
    hashes = [
        xxhash.xxh3_64_intdigest((prefix + text).encode())
        for text in encoded.dictionary.to_pylist()
    ]
    return _as_places(np.array(hashes, np.uint64))[encoded.indices.to_numpy(zero_copy_only=False)]


def _as_places(hashes: np.ndarray) -> np.ndarray:
    """The upper 53 bits as a number in [0, 1): float64 [n]."""
    places: np.ndarray = (hashes >> np.uint64(11)).astype(np.float64) / float(1 << 53)
    return places


def _sides(metas: pa.Array, ids: pa.Array) -> Sequence[pa.Array]:
    """The ids of the two sides of parallel documents; their own where ``meta`` names none."""
    parsed = [orjson.loads(meta) if meta else {} for meta in metas.to_pylist()]
    return [
        pc.coalesce(pa.array([found.get(side) for found in parsed], pa.string()), ids)
        for side in _SIDES
    ]


def _as_numpy(mask: pa.Array) -> np.ndarray:
    found: np.ndarray = mask.to_numpy(zero_copy_only=False)
    return found


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    if name not in batch.schema.names:
        return pa.nulls(batch.num_rows, pa.string())
    column = batch.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string())
