"""Our signatures as objects of the library ``datasketch``, and an index of ours asked with them.

A one-permutation signature whose empty bins were filled (``minhash``: densified) is used like one
of as many permutations: the share of equal values estimates the Jaccard similarity. So it fits
into a ``LeanMinHash``, and with it into ``MinHashLSH`` and whatever else takes one. It cannot be
compared with a signature that ``datasketch`` made itself: another hash, another scheme; the seed
``SEED``, which ``datasketch`` checks, keeps the two apart.

    from stages.dedup.datasketch_export import min_hashes, query

    [signature] = min_hashes(["the text of a page …"])
    query("indexes/web", [signature])           # [[("0f3a…", 0.91), ("77b0…", 0.84)]]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stages.dedup.index_files import Entry, entry_names

if TYPE_CHECKING:
    from datasketch import LeanMinHash, MinHashLSH

SEED = 0x6F7068
"""Of our objects ("oph"): ``datasketch`` refuses to compare signatures of different seeds."""
DOCUMENTS_OF_A_KEY = 128


def min_hashes(
    texts: Sequence[str] | pa.Array, ngram: int = 5, bins: int = 128
) -> list[LeanMinHash | None]:
    """Signatures of texts; None for a text without words.

    Args:
        texts: any number.
        ngram: tokens in a shingle, as in the index that is asked.
        bins: values of a signature, a power of two, as in the index.
    """
    from stages.dedup.minhash import signatures

    column = texts if isinstance(texts, pa.Array) else pa.array(list(texts), pa.large_string())
    raw, tokens, _ = signatures(column, np.ones(len(column), np.bool_), ngram, bins)
    return [_lean(row) if some else None for row, some in zip(_dense(raw), tokens, strict=True)]


def index_hashes(index: str) -> dict[str, LeanMinHash]:
    """Everything an index holds: id -> signature. 256 bytes and an object each, in memory."""
    found: dict[str, LeanMinHash] = {}
    for entry in _entries(index):
        known = entry.take(np.arange(entry.documents), ("id", "bins"))
        ids = known.column("id").to_pylist()
        found |= dict(zip(ids, map(_lean, _dense(_bins(known))), strict=True))
    return found


def index_lsh(index: str, threshold: float = 0.8, **options: Any) -> MinHashLSH:
    """An index as a ``MinHashLSH`` to ask with ``min_hashes``; ``options`` are those of its own."""
    from datasketch import MinHashLSH

    hashes = index_hashes(index)
    width = len(next(iter(hashes.values()))) if hashes else 128
    lsh = MinHashLSH(threshold=threshold, num_perm=width, **options)
    with lsh.insertion_session() as session:
        for document_id, signature in hashes.items():
            session.insert(document_id, signature)
    return lsh


def query(
    index: str, hashes: Sequence[LeanMinHash], threshold: float = 0.8, scope: str | None = None
) -> list[list[tuple[str, float]]]:
    """Documents of an index like each signature, the likest first, with the estimate.

    Reads the ranges of the index's band files that the keys fall into and the signatures of what
    it finds there, nothing else. Texts of fewer than about eight tokens are not found this way.

    Args:
        index: the folder that ``minhash_dedup: {index: …}`` wrote.
        hashes: of ``min_hashes``, of the index's ngram and bins.
        threshold: least estimate.
        scope: where the index keeps languages or sources apart: which one (``en``).

    Raises:
        ValueError: a signature has another number of values than the index, or is not ours.
    """
    from xxhash import xxh3_64_intdigest

    answers: list[list[tuple[str, float]]] = [[] for _ in hashes]
    for entry in _entries(index):
        dense = np.array([_checked(signature, entry) for signature in hashes], np.uint16)
        name = f"{entry.settings['scope']}:{scope}"
        salt = np.uint64(xxh3_64_intdigest(name.encode()) if scope is not None else 0)
        row, document = _candidates(entry, dense, salt)
        if len(document) == 0:
            continue
        known, of_known = np.unique(document, return_inverse=True)
        table = entry.take(known, ("id", "bins"))
        value = (_dense(_bins(table))[of_known] == dense[row]).mean(axis=1)
        ids = table.column("id").to_pylist()
        for i in np.flatnonzero(value >= threshold).tolist():
            answers[row[i]].append((ids[of_known[i]], float(value[i])))
    return [sorted(found, key=lambda pair: (-pair[1], pair[0])) for found in answers]


def _candidates(entry: Entry, dense: np.ndarray, salt: np.uint64) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a signature and a document of the entry that share a band."""
    from stages.dedup.minhash_kernels import dense_band_keys

    bands, rows = entry.settings["bands"], entry.settings["rows"]
    keys = np.empty(len(dense) * bands, np.uint64)
    dense_band_keys(dense.reshape(-1), dense.shape[1], bands, rows, keys)
    distinct, place = np.unique(keys ^ salt, return_inverse=True)
    places, documents = entry.matches(distinct, DOCUMENTS_OF_A_KEY)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(distinct) + 1))
    times = np.diff(starts)[places]
    first = np.repeat(starts[places] - (np.cumsum(times) - times), times)
    row = order[first + np.arange(len(first))] // bands
    pairs = np.unique(np.stack((row, np.repeat(documents, times))), axis=1)
    return pairs[0], pairs[1]


def _checked(signature: LeanMinHash, entry: Entry) -> np.ndarray:
    width = entry.settings["bins"]
    if signature.seed != SEED:
        raise ValueError(
            "a signature was not made by min_hashes: other libraries hash differently, "
            f"so that it cannot be compared with {entry.path}"
        )
    if len(signature) != width:
        raise ValueError(f"a signature has {len(signature)} values; {entry.path} has {width}")
    values: np.ndarray = signature.hashvalues.astype(np.uint16)
    return values


def _entries(index: str) -> list[Entry]:
    return [Entry.load(f"{index}/{name}") for name in entry_names(index)]


def _bins(table: pa.Table) -> np.ndarray:
    from stages.barrier_files import fixed_lists

    return fixed_lists(table.column("bins"))


def _dense(raw: np.ndarray) -> np.ndarray:
    """Bins with the empty ones filled, uint16 [rows, bins]."""
    from stages.dedup.minhash_kernels import dense_bins

    out = np.empty(raw.size, np.uint16)
    dense_bins(np.ascontiguousarray(raw).reshape(-1), raw.shape[1], out)
    return out.reshape(raw.shape)


def _lean(values: np.ndarray) -> LeanMinHash:
    from inspect import signature

    from datasketch import LeanMinHash

    # Version 2 asks by which scheme values were made, and has no word for another one than its own.
    options = {"scheme": "legacy"} if "scheme" in signature(LeanMinHash).parameters else {}
    return LeanMinHash(seed=SEED, hashvalues=values.astype(np.uint64), **options)
