"""Which documents a tokenizer learns from, and which it is judged on.

A document's place on a line is a hash of (seed, id), so the choice depends on the documents alone,
is the same for any order of files, needs no sorting, and holds no text in memory:

    hash of (seed, id)    0 ------ learned from ------|   unread   |-- held out -- 2^64

One document in fifty is held out: it is never learned from and measures the result. All others are
learned from, unless a size is set for the sample; then the text is measured first, and each
language is cut where it has given what it should.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers
from formats.documents import UNKNOWN_LANGUAGE, document_numbers

HELD_OUT_SHARE = 50
"""One document in so many is held out."""
FIRST_HELD_OUT = np.uint64(2**64 - 2**64 // HELD_OUT_SHARE)

_MANTISSA_BITS = 6
BINS = 65 << _MANTISSA_BITS
"""A bin is a power of two and 6 further bits: cuts are exact to 1.6 % of a share however small."""


def document_hashes(ids: pa.Array, seed: int) -> np.ndarray:
    """A uint64 per document id that depends on nothing but the id and the seed: [rows]."""
    import xxhash

    key = np.uint64(xxhash.xxh3_64_intdigest(f"{seed}\0tokenizer".encode()))
    value = document_numbers(ids) ^ key
    # The finaliser of splitmix64 (Steele, Lea and Flood 2014).
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)
    return value


def bins_of(hashes: np.ndarray) -> np.ndarray:
    """The bin of each hash, rising with the hash: int64 [rows], below ``BINS``."""
    as_floats = np.maximum(hashes, np.uint64(1)).astype(np.float64)
    return (as_floats.view(np.int64) >> (52 - _MANTISSA_BITS)) - (1023 << _MANTISSA_BITS)


def languages_of(batch: pa.RecordBatch) -> pa.DictionaryArray:
    """The language of each row: found, else declared, else ``und``."""
    known = [batch.column(name) for name in ("lang", "declared_lang") if name in batch.schema.names]
    filled = pc.coalesce(*known, pa.scalar(UNKNOWN_LANGUAGE))
    if isinstance(filled, pa.Scalar):  # neither column is there
        filled = pa.repeat(filled, batch.num_rows)
    return pc.cast(filled, pa.string()).dictionary_encode()


def text_lengths(batch: pa.RecordBatch) -> np.ndarray:
    """Bytes of each text: int64 [rows]."""
    return np.diff(text_buffers(batch.column("text"))[1])


@dataclass
class Supply:
    """What there is of one language to learn from, held-out documents left aside."""

    text_bytes: int = 0
    bins: np.ndarray = field(default_factory=lambda: np.zeros(BINS, np.int64))
    """int64 [BINS]: bytes by the bin of the hash."""

    def as_item(self) -> dict[str, Any]:
        """Plain values: the bins that are not empty."""
        filled = np.flatnonzero(self.bins)
        return {"bins": filled.tolist(), "text_bytes": self.bins[filled].tolist()}


def measure_batch(batch: pa.RecordBatch, seed: int, supplies: dict[str, Supply]) -> None:
    """Add a batch's documents to what there is of their languages."""
    hashes = document_hashes(batch.column("id"), seed)
    text_bytes = np.where(hashes < FIRST_HELD_OUT, text_lengths(batch), 0)
    bins, languages = bins_of(hashes), languages_of(batch)
    codes = languages.indices.to_numpy(zero_copy_only=False)
    for number, language in enumerate(languages.dictionary.to_pylist()):
        rows = np.flatnonzero(codes == number)
        supply = supplies.setdefault(language, Supply())
        supply.text_bytes += int(text_bytes[rows].sum())
        np.add.at(supply.bins, bins[rows], text_bytes[rows])


def added(parts: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, Supply]:
    """Supplies of several tasks (language -> ``Supply.as_item``) together."""
    supplies: dict[str, Supply] = {}
    for part in parts:
        for language, item in part.items():
            supply = supplies.setdefault(language, Supply())
            supply.bins[item["bins"]] += np.array(item["text_bytes"], np.int64)
            supply.text_bytes += sum(item["text_bytes"])
    return supplies


def plan_sample(
    supplies: Mapping[str, Supply], shares: Mapping[str, float], sample_bytes: int
) -> dict[str, int]:
    """Where to cut each language: it is learned from below this bin, in the order of names.

    Args:
        supplies: what there is.
        shares: of each language in the sample; what it does not have goes to the others.
        sample_bytes: to learn from, all languages together.
    """
    names = sorted(supplies)
    supply = np.array([supplies[name].text_bytes for name in names], np.float64)
    wanted = share_out(np.array([shares[name] for name in names]), supply, sample_bytes)
    return {
        name: BINS
        if bytes_ >= supplies[name].text_bytes
        else _bins_for(supplies[name].bins, bytes_)
        for name, bytes_ in zip(names, wanted, strict=True)
    }


def share_out(weights: np.ndarray, supply: np.ndarray, total: float) -> np.ndarray:
    """Shares of ``total`` in proportion to the weights, none above its supply: float64 [n].

    >>> share_out(np.array([1.0, 1.0, 2.0]), np.array([10.0, 100.0, 100.0]), 100.0)
    array([10., 30., 60.])
    """
    shares = np.zeros(len(weights))
    if total >= supply.sum():
        return supply.astype(np.float64)
    hungry = weights > 0
    while hungry.any():
        left = total - shares[~hungry].sum()
        shares[hungry] = left * weights[hungry] / weights[hungry].sum()
        full = hungry & (shares >= supply)
        if not full.any():
            break
        shares[full] = supply[full]
        hungry &= ~full
    return shares


def _bins_for(bytes_by_bin: np.ndarray, wanted: float) -> int:
    """How many bins from the first come nearest to the bytes wanted.

    At least one that is filled: a language is never left out, however little of it is wanted.
    """
    filled = np.flatnonzero(bytes_by_bin)
    if len(filled) == 0:
        return 0
    reached = np.concatenate([[0], np.cumsum(bytes_by_bin[filled])])
    steps = max(int(np.argmin(np.abs(reached - wanted))), 1)
    return int(filled[steps - 1]) + 1


def choose(
    batch: pa.RecordBatch, seed: int, plan: Mapping[str, int] | None
) -> tuple[np.ndarray, np.ndarray, pa.DictionaryArray]:
    """Which rows to learn from and which to hold out.

    Args:
        batch: documents.
        seed: chooses.
        plan: ``plan_sample``; None: everything that is not held out.

    Returns:
        learned: bool [rows].
        held_out: bool [rows].
        languages: [rows].
    """
    hashes = document_hashes(batch.column("id"), seed)
    languages = languages_of(batch)
    held_out = hashes >= FIRST_HELD_OUT
    if plan is None:
        return ~held_out, held_out, languages
    of_row = languages.indices.to_numpy(zero_copy_only=False)
    limits = np.array([plan[name] for name in languages.dictionary.to_pylist()], np.int64)[of_row]
    return (bins_of(hashes) < limits) & ~held_out, held_out, languages
