"""The n-grams of all test sets as one table, built once in a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from stages.decontaminate.test_sets import Benchmark, read_items

MAX_ITEMS = 64
"""An n-gram that more items have is of their template, and is not looked for."""
SLOTS_PER_GRAM = 2
BITS_PER_GRAM = 16
"""One n-gram of a text in 16 that is in no item gets as far as the table."""


class Limits(NamedTuple):
    """What is counted as found; of pairs the first is for words, the second for letters."""

    ngrams: tuple[int, int]
    least: tuple[int, int]
    share: float


class Index(NamedTuple):
    """Items, their parts, and where each n-gram of them stands."""

    benchmarks: tuple[str, ...]
    item_benchmarks: np.ndarray
    """int64 [items]"""
    item_names: pa.Array
    """string [items]"""
    too_short: np.ndarray
    """bool [items]: no part is long enough to be looked for."""
    part_items: np.ndarray
    """int64 [parts]"""
    part_kinds: np.ndarray
    """int64 [parts]: see ``overlap_kernels``."""
    part_tokens: np.ndarray
    """int64 [parts]"""
    part_needs: np.ndarray
    """int64 [parts]: tokens that must be covered."""
    ngrams: np.ndarray
    """int64 [2]"""
    keys: np.ndarray
    slots: np.ndarray
    bits: np.ndarray
    posting_offsets: np.ndarray
    posting_parts: np.ndarray
    posting_places: np.ndarray


def index_of(benchmarks: Sequence[Benchmark], limits: Limits) -> Index:
    """The index of test sets; read once in a process, unless a file changes.

    Args:
        benchmarks: the test sets.
        limits: what is counted as found.

    Raises:
        ValueError: two test sets have one name, or one cannot be read.
    """
    import orjson

    state = [
        (data.file.path, data.file.size_bytes, str(data.file.modified))
        for benchmark in benchmarks
        for data in benchmark.files()
    ]
    sets = [benchmark.model_dump() for benchmark in benchmarks]
    return _build(orjson.dumps(sets).decode(), tuple(state), limits)


@lru_cache(maxsize=2)
def _build(benchmarks: str, files: tuple[tuple[str, int, str], ...], limits: Limits) -> Index:
    """Read test sets (as JSON) and index them; ``files`` is there to be remembered by."""
    import orjson

    sets = [Benchmark.model_validate(value) for value in orjson.loads(benchmarks)]
    names = [benchmark.title for benchmark in sets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"against: two test sets are called {twice[0]!r}: give them a `name:`")
    items = [item for benchmark in sets for item in read_items(benchmark)]
    part_items = np.repeat(np.arange(len(items)), [len(item.parts) for item in items])
    texts = pa.array([part for item in items for part in item.parts], pa.large_string())
    kinds, tokens = part_sizes(texts, limits)
    needs = np.maximum(
        np.array(limits.least)[kinds], np.ceil(limits.share * tokens).astype(np.int64)
    )
    findable = np.bincount(part_items, kinds >= 0, len(items)) > 0
    grams = _grams(texts, kinds, tokens, part_items, limits)
    numbers = {name: number for number, name in enumerate(names)}
    return Index(
        tuple(names),
        np.array([numbers[item.benchmark] for item in items], np.int64),
        pa.array([item.name for item in items], pa.string()),
        ~findable,
        part_items.astype(np.int64), kinds, tokens, needs, np.array(limits.ngrams, np.int64),
        *grams,
    )  # fmt: skip


def part_sizes(texts: pa.Array, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Kind (-1: too short to be looked for) and tokens of each part, int64 [parts]."""
    from stages.decontaminate.overlap_kernels import LETTERS, NONE, WORDS, count_tokens
    from stages.dedup.folding import fold_table

    data, offsets = text_buffers(texts)
    tokens, letters = (np.empty(len(texts), np.int64) for _ in range(2))
    count_tokens(data, offsets, *fold_table(), tokens, letters)
    kinds = np.where(2 * letters >= tokens, LETTERS, WORDS)
    kinds[tokens < np.array(limits.least)[kinds]] = NONE
    return kinds.astype(np.int64), tokens


def _grams(
    texts: pa.Array, kinds: np.ndarray, tokens: np.ndarray, items: np.ndarray, limits: Limits
) -> tuple[np.ndarray, ...]:
    """The table of n-grams and their postings: the last six fields of ``Index``."""
    from stages.decontaminate.overlap_kernels import NONE, fill_table, part_grams
    from stages.dedup.folding import fold_table

    room = int(tokens.sum())
    hashes, parts = np.empty(room, np.uint64), np.empty(room, np.int64)
    places = np.empty(room, np.int64)
    ngrams = np.array(limits.ngrams, np.int64)
    count = part_grams(*text_buffers(texts), kinds, ngrams, *fold_table(), hashes, parts, places)
    order = np.lexsort((places[:count], parts[:count], hashes[:count]))
    hashes, parts, places = hashes[order], parts[order], places[order]
    new = np.append(True, hashes[1:] != hashes[:-1])[:count]
    group = np.cumsum(new) - 1
    new_item = new | np.append(True, items[parts[1:]] != items[parts[:-1]])[:count]
    rare = (np.bincount(group, new_item, int(new.sum())) <= MAX_ITEMS)[group]
    hashes, parts, places = hashes[rare], parts[rare], places[rare]
    grams, starts = np.unique(hashes, return_index=True)
    slots = 1 << (SLOTS_PER_GRAM * len(grams) + 1).bit_length()
    words = 1 << (BITS_PER_GRAM * len(grams) // 64 + 1).bit_length()
    table = np.empty(slots, np.uint64), np.full(slots, NONE), np.zeros(words, np.uint64)
    fill_table(grams, *table)
    return *table, np.append(starts, len(hashes)).astype(np.int64), parts, places
