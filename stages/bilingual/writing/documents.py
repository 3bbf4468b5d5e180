"""Parallel documents of one part: each kept pair in the forms drawn for it, and packs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import PARALLEL_SOURCE
from stages.bilingual.scoring.rules import DUPLICATE
from stages.bilingual.writing.choices import Choices, choose, parallel_id, templates_of
from stages.bilingual.writing.forms import UNIT_SEPARATOR, UnitTexts, build, paragraphs
from stages.bilingual.writing.packs import pack_documents
from stages.bilingual.writing.parallel import Parallel, parallel_batch
from stages.bilingual.writing.templates import DOCUMENTS, INTERLEAVED, PAIRS, around


def parallel_documents(
    parallel: Parallel, settings: dict[str, Any]
) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
    """The documents of every language pair and form, with the pairs (int64) that stand in them."""
    kept = parallel.judged.column("kept").to_numpy()
    for number, members in enumerate(settings["pairs"]):
        rows = np.flatnonzero((parallel.numbers == number) & kept)
        ids = [
            parallel_id(left, right)
            for left, right in zip(
                *(parallel.judged.column(f"{side}_id").take(pa.array(rows)).to_pylist()
                  for side in ("left", "right")), strict=True,
            )
        ]  # fmt: skip
        if not ids:
            continue
        choices = choose(ids, settings)
        for at, form in enumerate(settings["form"]):
            chosen = np.flatnonzero(choices.forms == at)
            if len(chosen) == 0:
                continue
            if form == PAIRS:
                yield from pack_documents(parallel, rows, choices, chosen, members, settings)
            else:
                write = _documents if form == DOCUMENTS else _interleaved
                templates = templates_of(settings, form)
                text, has = write(parallel, rows, choices, chosen, members, settings, templates)
                batch = _batch(parallel, rows, choices, chosen, members, form, templates, text)
                yield batch.filter(pa.array(has)), rows[choices.pairs[chosen[has]]]


def _documents(
    parallel: Parallel, rows: np.ndarray, choices: Choices, chosen: np.ndarray,
    members: tuple[str, str], settings: dict[str, Any], templates: Any,
) -> tuple[pa.Array, np.ndarray]:  # fmt: skip
    """Whole documents one after the other."""
    pairs = rows[choices.pairs[chosen]]
    left, right = (
        _taken(parallel.texts, side[pairs]) for side in (parallel.left_rows, parallel.right_rows)
    )
    units = UnitTexts(left, right, np.arange(len(chosen)))
    return (
        _built(units, choices, chosen, members, templates, DOCUMENTS, ""),
        np.ones(len(chosen), np.bool_),
    )


def _interleaved(
    parallel: Parallel, rows: np.ndarray, choices: Choices, chosen: np.ndarray,
    members: tuple[str, str], settings: dict[str, Any], templates: Any,
) -> tuple[pa.Array, np.ndarray]:  # fmt: skip
    """Sentences or paragraphs in turn; those that are no translation are left out.

    A sentence that was seen in another document stays: a document is read in order.
    """
    reasons = parallel.sentences.column("drop_reason")
    good = pc.or_kleene(pc.is_null(reasons), pc.starts_with(reasons, DUPLICATE))
    good = pc.fill_null(good, True).to_numpy()
    owners = parallel.sentences.column("document_pair").to_numpy()
    begins = np.searchsorted(owners, rows[choices.pairs[chosen]])
    ends = np.searchsorted(owners, rows[choices.pairs[chosen]], side="right")
    sizes = ends - begins
    documents = np.repeat(np.arange(len(chosen)), sizes)
    at = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    at = at + np.repeat(begins, sizes)
    documents, at = documents[good[at]], at[good[at]]
    some = parallel.sentences.take(pa.array(at))
    units = UnitTexts(_array(some["left_text"]), _array(some["right_text"]), documents)
    if settings["interleave"] == "paragraphs":
        starts = some["starts_paragraph"].to_numpy()
        gaps = [some[f"{side}_gap"].to_numpy().astype(np.int64) for side in ("left", "right")]
        units = paragraphs(units, starts, gaps[0], gaps[1])
    separator = UNIT_SEPARATOR[settings["interleave"]]
    has = np.bincount(units.documents, minlength=len(chosen)) > 0
    return _built(units, choices, chosen, members, templates, INTERLEAVED, separator), has


def _built(
    units: UnitTexts, choices: Choices, chosen: np.ndarray, members: tuple[str, str],
    templates: Any, form: str, separator: str,
) -> pa.Array:  # fmt: skip
    both = [
        around(form, name, *order)
        for name in templates
        for order in ((members[1], members[0]), (members[0], members[1]))
    ]
    kinds = 2 * choices.templates[chosen] + choices.left_first[chosen]
    return build(units, len(chosen), kinds, choices.left_first[chosen], both, separator)


def _batch(
    parallel: Parallel, rows: np.ndarray, choices: Choices, chosen: np.ndarray,
    members: tuple[str, str], form: str, templates: Any, text: pa.Array,
) -> pa.RecordBatch:  # fmt: skip
    """One row for each document; the two it is made of stand in ``origin`` and ``meta``."""
    pairs = parallel.judged.take(pa.array(rows[choices.pairs[chosen]]))
    ids = [choices.ids[number] for number in chosen.tolist()]
    origin = pc.binary_join_element_wise(pairs["left_id"], pairs["right_id"], "+")
    return parallel_batch(
        ids, text, _array(pc.binary_join_element_wise(f"{PARALLEL_SOURCE}#", origin, "")), members,
        _array(pairs["pair_key"]), _meta(pairs, choices, chosen, templates), form,
    )  # fmt: skip


def _meta(pairs: pa.Table, choices: Choices, chosen: np.ndarray, templates: Any) -> pa.Array:
    names = ("left_id", "right_id", "left_lang", "right_lang")
    rows = zip(*(pairs.column(name).to_pylist() for name in names), strict=True)
    texts = []
    for row, number in zip(rows, chosen.tolist(), strict=True):
        first = row[2] if choices.left_first[number] else row[3]
        known = dict(zip(names, row, strict=True))
        known |= {"template": templates[choices.templates[number]], "first": first}
        texts.append(json.dumps(known))
    return pa.array(texts, pa.string())


def _taken(texts: pa.ChunkedArray, rows: np.ndarray) -> pa.Array:
    return _array(texts.take(pa.array(rows)))


def _array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
