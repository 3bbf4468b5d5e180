"""Packs: short sentence pairs of many documents in one, so that none fills a row by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import PARALLEL_SOURCE
from stages.bilingual.writing.choices import Choices, choose, copy_id, templates_of
from stages.bilingual.writing.forms import UnitTexts, build
from stages.bilingual.writing.parallel import Parallel, parallel_batch
from stages.bilingual.writing.templates import PAIRS, around


def pack_documents(
    parallel: Parallel, rows: np.ndarray, choices: Choices, chosen: np.ndarray,
    members: tuple[str, str], settings: dict[str, Any],
) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:  # fmt: skip
    """The packs of one part and language pair, with the pairs of documents that stand in them.

    Sentences are put in an order that their hashes decide, then cut into packs of
    ``pack_characters``; direction and template are drawn for a pack. What repeats is left out.
    """
    good = parallel.sentences.column("drop_reason").is_null().to_numpy()
    owners = parallel.sentences.column("document_pair").to_numpy()
    for copy in range(settings["per_pair"]):
        # pairs of documents whose copy of this number is a pack
        mine = chosen[chosen % settings["per_pair"] == copy]
        at = np.flatnonzero(good & np.isin(owners, rows[choices.pairs[mine]]))
        if len(at) == 0:
            continue
        some = parallel.sentences.take(pa.array(at))
        at, some = _shuffled(at, some, settings["seed"], copy)
        packs = _cut(some, settings["pack_characters"])
        count = int(packs[-1]) + 1
        ids, drawn = _draw(parallel, owners[at], some, packs, settings, copy)
        templates = templates_of(settings, PAIRS)
        left_first = drawn.left_first
        both = [
            around(PAIRS, name, *order)
            for name in templates
            for order in ((members[1], members[0]), (members[0], members[1]))
        ]
        units = UnitTexts(
            some["left_text"].combine_chunks(), some["right_text"].combine_chunks(), packs
        )
        text = build(units, count, 2 * drawn.templates + left_first, left_first, both, "\n")
        meta = _meta(parallel, owners[at], packs, count, members, templates, drawn)
        nothing = pa.nulls(count, pa.string())
        origin = pa.array([f"{PARALLEL_SOURCE}#{identifier}" for identifier in ids], pa.string())
        yield (
            parallel_batch(ids, text, origin, members, nothing, meta, PAIRS),
            np.unique(owners[at]),
        )


def _shuffled(at: np.ndarray, some: pa.Table, seed: int, copy: int) -> tuple[np.ndarray, pa.Table]:
    with np.errstate(over="ignore"):
        keys = some["left_hash"].to_numpy() * np.uint64(0x9E3779B97F4A7C15)
        keys ^= some["right_hash"].to_numpy()
        keys = (keys + np.uint64(2 * (seed * 64 + copy) + 1)) * np.uint64(0xBF58476D1CE4E5B9)
        keys ^= keys >> np.uint64(31)
    order = np.lexsort((at, keys))
    return at[order], some.take(pa.array(order))


def _cut(some: pa.Table, characters: int) -> np.ndarray:
    """The pack of each pair: int64, from 0 on, without gaps."""
    sizes = sum(
        pc.utf8_length(some[f"{side}_text"]).to_numpy().astype(np.int64)
        for side in ("left", "right")
    )
    packs = (np.cumsum(sizes) - sizes) // characters
    return np.unique(packs, return_inverse=True)[1].astype(np.int64)


def _draw(
    parallel: Parallel, owners: np.ndarray, some: pa.Table, packs: np.ndarray,
    settings: dict[str, Any], copy: int,
) -> tuple[list[str], Choices]:  # fmt: skip
    """Ids of the packs, by the first pair in each, and what is drawn for them."""
    from xxhash import xxh3_128_hexdigest

    firsts = np.flatnonzero(np.diff(packs, prepend=-1))
    sides = [
        parallel.judged.column(f"{side}_id").take(pa.array(owners[firsts])).to_pylist()
        for side in ("left", "right")
    ]
    starts = some["left_start"].to_numpy()[firsts].tolist()
    names = [f"{PARALLEL_SOURCE}\0{PAIRS}\0{left}\0{right}\0{start}"
             for left, right, start in zip(*sides, starts, strict=True)]  # fmt: skip
    ids = [copy_id(xxh3_128_hexdigest(name.encode()), copy) for name in names]
    return ids, choose(ids, settings | {"form": [PAIRS], "per_pair": 1})


def _meta(
    parallel: Parallel, owners: np.ndarray, packs: np.ndarray, count: int,
    members: tuple[str, str], templates: Any, drawn: Choices,
) -> pa.Array:  # fmt: skip
    """The documents that a pack is made of, as JSON."""
    borders = np.searchsorted(packs, np.arange(count + 1))
    lefts, rights = (parallel.judged.column(f"{side}_id") for side in ("left", "right"))
    texts = []
    for pack in range(count):
        distinct = pa.array(np.unique(owners[borders[pack] : borders[pack + 1]]))
        both = zip(lefts.take(distinct).to_pylist(), rights.take(distinct).to_pylist(), strict=True)
        texts.append(json.dumps({
            "left_lang": members[0], "right_lang": members[1],
            "template": templates[drawn.templates[pack]],
            "first": members[0 if drawn.left_first[pack] else 1],
            "documents": [list(ids) for ids in both],
        }))  # fmt: skip
    return pa.array(texts, pa.string())
