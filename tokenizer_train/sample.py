"""Which documents a tokenizer learns from, and which it is judged on.

Two passes. The first counts the bytes of every language, and how they lie along the line of the
documents' hashes. That says where to cut each language so that it contributes what it should:

    hash of (seed, id)    0 ------ learned from ------|   unread   |-- held out -- 2^64

The second pass takes what lies left of the cut; what lies at the right end is never learned from
and measures the result. So the choice depends on the documents alone, is the same for any order of
files, needs no sorting, and holds no text in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers
from formats.documents import UNKNOWN_LANGUAGE, document_numbers

HELD_OUT_BYTES = 256_000
"""Text of a language to judge on: enough for three digits of bytes per token."""
HELD_OUT_SHARE = 50
"""About one byte in so many is held out."""
FEWEST_DOCUMENTS = 10
"""A language of fewer documents needs them all to learn from."""

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


@dataclass
class LanguageCount:
    """What there is of one language."""

    documents: int = 0
    text_bytes: int = 0
    from_start: np.ndarray = field(default_factory=lambda: np.zeros(BINS, np.int64))
    """int64 [BINS]: bytes by the bin of the hash."""
    from_end: np.ndarray = field(default_factory=lambda: np.zeros(BINS, np.int64))
    """int64 [BINS]: bytes by the bin of the hash's distance from the end."""


def count_batch(batch: pa.RecordBatch, seed: int, counts: dict[str, LanguageCount]) -> None:
    """Add a batch's documents to the counts of their languages."""
    hashes = document_hashes(batch.column("id"), seed)
    text_bytes = text_lengths(batch)
    start_bins, end_bins = bins_of(hashes), bins_of(~hashes)
    languages = languages_of(batch)
    for number, language in enumerate(languages.dictionary.to_pylist()):
        rows = _rows_of(languages, number)
        count = counts.setdefault(language, LanguageCount())
        count.documents += len(rows)
        count.text_bytes += int(text_bytes[rows].sum())
        np.add.at(count.from_start, start_bins[rows], text_bytes[rows])
        np.add.at(count.from_end, end_bins[rows], text_bytes[rows])


def text_lengths(batch: pa.RecordBatch) -> np.ndarray:
    """Bytes of each text: int64 [rows]."""
    return np.diff(text_buffers(batch.column("text"))[1])


def _rows_of(languages: pa.DictionaryArray, number: int) -> np.ndarray:
    indices = languages.indices.to_numpy(zero_copy_only=False)
    return np.flatnonzero(indices == number)


@dataclass(frozen=True)
class LanguagePlan:
    """What is taken of one language."""

    documents: int
    """All there are."""
    text_bytes: int
    """All there are."""
    wanted_bytes: int
    """To learn from: the language's share of the sample."""
    start_bins: int
    """A document whose bin is below this one is learned from."""
    end_bins: int
    """A document whose bin from the end is below this one is held out."""


def plan_sample(
    counts: dict[str, LanguageCount], sample_bytes: int, temperature: float | None
) -> dict[str, LanguagePlan]:
    """Share the sample among languages; in the order of their names.

    Args:
        counts: what there is.
        sample_bytes: to learn from, all languages together.
        temperature: shares are proportional to bytes to this power; None: to bytes. What a
            language does not have goes to the others.
    """
    names = sorted(counts)
    end_bins = {name: _held_out_bins(counts[name]) for name in names}
    held_out = {name: int(counts[name].from_end[: end_bins[name]].sum()) for name in names}
    supply = np.array([counts[name].text_bytes - held_out[name] for name in names], np.float64)
    weights = supply ** (1.0 if temperature is None else temperature)
    wanted = share_out(np.where(supply > 0, weights, 0.0), supply, sample_bytes)
    plan = {}
    for name, wanted_bytes in zip(names, wanted, strict=True):
        count = counts[name]
        takes_all = wanted_bytes >= count.text_bytes - held_out[name]
        start_bins = BINS if takes_all else _bins_for(count.from_start, wanted_bytes, at_least=1)
        plan[name] = LanguagePlan(
            count.documents, count.text_bytes, round(wanted_bytes), start_bins, end_bins[name]
        )
    return plan


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


def _held_out_bins(count: LanguageCount) -> int:
    if count.documents < FEWEST_DOCUMENTS:
        return 0
    wanted = max(count.text_bytes / HELD_OUT_SHARE, count.text_bytes / count.documents)
    bins = _bins_for(count.from_end, min(wanted, HELD_OUT_BYTES), at_least=1)
    # Where the first document met is most of a book, it is worth more to learn from.
    return bins if int(count.from_end[:bins].sum()) * 10 <= count.text_bytes else 0


def _bins_for(bytes_by_bin: np.ndarray, wanted: float, at_least: int) -> int:
    """How many bins from the first come nearest to the bytes wanted.

    ``at_least`` 1: a language is never left out, however little of it is wanted.
    """
    filled = np.flatnonzero(bytes_by_bin)
    reached = np.concatenate([[0], np.cumsum(bytes_by_bin[filled])])
    steps = max(int(np.argmin(np.abs(reached - wanted))), min(at_least, len(filled)))
    return int(filled[steps - 1]) + 1 if steps else 0


def choose(
    batch: pa.RecordBatch, seed: int, plan: dict[str, LanguagePlan]
) -> tuple[np.ndarray, np.ndarray, pa.DictionaryArray]:
    """Which rows to learn from and which to hold out.

    Returns:
        learned: bool [rows].
        held_out: bool [rows].
        languages: [rows].
    """
    hashes = document_hashes(batch.column("id"), seed)
    languages = languages_of(batch)
    of_row = languages.indices.to_numpy(zero_copy_only=False)
    plans = [plan[name] for name in languages.dictionary.to_pylist()]
    start_limits = np.array([p.start_bins for p in plans], np.int64)[of_row]
    end_limits = np.array([p.end_bins for p in plans], np.int64)[of_row]
    held_out = bins_of(~hashes) < end_limits
    return (bins_of(hashes) < start_limits) & ~held_out, held_out, languages
