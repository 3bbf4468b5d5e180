"""A language model of characters: counted on a reference, kept as one hashed table.

The model is an interpolated n-gram model with Witten-Bell's smoothing (Witten and Bell 1991; Chen
and Goodman 1999, section 2.6), which needs no counts of counts and suits characters, whose counts
are large. With C(h c) how often symbol c followed the n - 1 symbols h, C(h) its sum over c and T(h)
how many different symbols followed h,

    P(c | h) = (C(h c) + T(h) P(c | h')) / (C(h) + T(h))        h' is h without its first symbol

and at the bottom every symbol of 2^18 is as likely (18 bits; Unicode has named fewer). N-grams of
three and more symbols that were met once are left out of all counts, which keeps the sum over c at
1. What was not seen after h costs T(h) / (C(h) + T(h)) and is looked up after h', so the table
holds for each n-gram its bits and the bits of backing off from it, in steps of 1/1024 bit.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa

from formats import storage
from formats.buffers import text_buffers

UNIFORM_BITS = 18.0
ONCE_IS_ENOUGH = 2
"""Up to this order an n-gram that was met once counts."""
MOST_BITS = (1 << 16) - 1
"""Largest cost in the table, in steps of 1/UNIT bit: 64 bits."""
VERSION = 1


@dataclass(frozen=True)
class CharacterModel:
    """A model ready for the kernels."""

    table: np.ndarray
    """uint64 [power of two], see ``character_kernels.fill_table``."""
    order: int
    """Symbols of the longest n-gram."""
    unseen: int
    """Cost of a symbol never seen after backing off to nothing, in 1/UNIT bits."""
    characters: int
    """How many the model was counted on."""


class CharacterModelError(ValueError):
    """A file is no model of characters."""


def learn(texts: pa.Array, order: int = 4) -> CharacterModel:
    """Count a model on reference texts.

    Args:
        texts: large_string; about 50 bytes of memory for each of their characters.
        order: symbols of the longest n-gram, 2 to ``character_kernels.LONGEST``.

    Raises:
        ValueError: there is no character in the texts.
    """
    from stages.perplexity.character_kernels import UNIT, ngram_keys
    from stages.perplexity.symbols import symbol_table

    data, offsets = text_buffers(texts)
    room = int(offsets[-1] - offsets[0])
    tables = symbol_table()
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    shorter = np.zeros(0, np.uint64)
    lower = (np.zeros(0, np.uint64), np.zeros(0))
    backing_off: list[tuple[np.ndarray, np.ndarray]] = []
    for n in range(1, order + 1):
        keys, contexts = np.empty(room, np.uint64), np.empty(room, np.uint64)
        count = ngram_keys(data, offsets, *tables, n, keys, contexts)
        if count == 0:
            raise ValueError("the reference has no character to learn from")
        keys, contexts = keys[:count], contexts[:count]
        found, first, times = np.unique(keys, return_index=True, return_counts=True)
        kept = times >= (1 if n <= ONCE_IS_ENOUGH else 2)
        found, first, times = found[kept], first[kept], times[kept]
        histories, numbers = np.unique(contexts[first], return_inverse=True)
        totals = np.bincount(numbers, times, len(histories))
        kinds = np.bincount(numbers, minlength=len(histories))
        below = (
            np.full(len(found), 2.0**-UNIFORM_BITS)
            if n == 1
            else lower[1][np.searchsorted(lower[0], shorter[first])]
        )
        probability = (times + kinds[numbers] * below) / (totals + kinds)[numbers]
        backing_off.append((histories, kinds / (totals + kinds)))
        parts.append((found, probability))
        shorter, lower = keys, (found, probability)
    unseen = UNIFORM_BITS - float(np.log2(backing_off[0][1][0]))
    keys, entries = _entries(parts, backing_off[1:])
    return CharacterModel(_table(keys, entries), order, round(unseen * UNIT), int(count))


def _entries(
    grams: list[tuple[np.ndarray, np.ndarray]], contexts: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """All keys, ascending, and their values: bits, and bits of backing off 16 bits above."""
    gram_keys = np.concatenate([keys for keys, _ in grams])
    gram_costs = _cost(np.concatenate([p for _, p in grams]))
    keys = np.unique(np.concatenate([gram_keys, *(keys for keys, _ in contexts)]))
    values = np.zeros(len(keys), np.uint64)
    values[np.searchsorted(keys, gram_keys)] |= gram_costs
    for context_keys, shares in contexts:
        values[np.searchsorted(keys, context_keys)] |= _cost(shares) << np.uint64(16)
    return keys, values


def _cost(probability: np.ndarray) -> np.ndarray:
    """Bits in steps of 1/UNIT, from 1 on: uint64."""
    from stages.perplexity.character_kernels import UNIT

    steps = np.rint(-np.log2(probability) * UNIT)
    return np.asarray(np.clip(steps, 1, MOST_BITS), np.uint64)


def _table(keys: np.ndarray, values: np.ndarray) -> np.ndarray:
    from stages.perplexity.character_kernels import fill_table

    table = np.zeros(1 << int(2 * len(keys)).bit_length(), np.uint64)
    fill_table(keys, values, table)
    return table


def save(model: CharacterModel, path: str) -> None:
    """Write a NumPy file (``.npz``) of plain arrays; the same bytes for the same model."""
    facts = {
        "version": VERSION,
        "order": model.order,
        "unseen": model.unseen,
        "characters": model.characters,
    }
    # Entries and places instead of a table that is half empty.
    places = np.flatnonzero(model.table)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        facts=np.frombuffer(json.dumps(facts).encode(), np.uint8),
        places=np.diff(places, prepend=0).astype(np.uint32),
        entries=model.table[places],
        slots=np.array([len(model.table)]),
    )
    with storage.atomic_path(path) as temporary:
        files, inner = storage.filesystem(temporary)
        with files.open(inner, "wb") as sink:
            sink.write(buffer.getvalue())


@cache
def load(path: str) -> CharacterModel:
    """Read a model; once per process.

    Raises:
        CharacterModelError: the file is none.
        FileNotFoundError: it is not there.
    """
    with storage.open_input(path) as stream:
        content = stream.read()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return _from_arrays(arrays)
    except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
        raise CharacterModelError(
            f"{path}: no model of characters as train-quality writes them ({error})"
        ) from error


def _from_arrays(arrays: Mapping[str, Any]) -> CharacterModel:
    from stages.perplexity.character_kernels import LONGEST

    facts = json.loads(bytes(arrays["facts"]))
    if facts["version"] != VERSION or not 1 <= facts["order"] <= LONGEST:
        raise ValueError(f"version {facts['version']}, order {facts['order']}")
    slots = int(arrays["slots"][0])
    table = np.zeros(slots, np.uint64)
    places = np.cumsum(arrays["places"].astype(np.int64))
    if slots & (slots - 1) or len(places) * 2 > slots or places[-1] >= slots:
        raise ValueError(f"{len(places)} entries in a table of {slots}")
    table[places] = arrays["entries"]
    table.flags.writeable = False
    return CharacterModel(table, facts["order"], facts["unseen"], facts["characters"])
