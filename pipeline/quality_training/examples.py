"""Labelled documents, read through the recipe's stages and prepared as the stage prepares them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import UNKNOWN_LANGUAGE
from formats.quarantine import Quarantine
from formats.readers import read_file
from pipeline.partitions import source_files
from pipeline.quality_training.settings import ExampleSource
from pipeline.staged_documents import document_keys, languages_of, through_stages
from stages.base import MapStage
from stages.quality_model.model_folder import PreparationSettings
from stages.quality_model.tokens import prepared

EXCERPT_CHARACTERS = 600
"""Of a document's text, kept to show what was judged wrongly."""
FEWEST_OF_A_LANGUAGE = 10
"""Good documents without which bad ones of their language are not learned from."""

SCHEMA = pa.schema(
    [
        pa.field("key", pa.uint64()),
        pa.field("tokens", pa.large_string()),
        pa.field("lang", pa.string()),
        pa.field("group", pa.string()),
        pa.field("origin", pa.string()),
        pa.field("excerpt", pa.large_string()),
        pa.field("positive", pa.bool_()),
    ]
)
"""``key`` orders the examples by chance, the same chance every time; ``tokens`` is the prepared
text; ``group`` is what counts as one source."""


class ExampleError(ValueError):
    """The examples cannot train a classifier; the message says which and why."""


@dataclass(frozen=True)
class Examples:
    """All examples, in the order of their keys."""

    table: pa.Table
    """``SCHEMA``"""
    notes: list[str]
    """What was left out, for people."""

    @property
    def positive(self) -> np.ndarray:
        """Bool [examples]."""
        return np.asarray(self.table["positive"].to_numpy(), np.bool_)

    def to_learn_from(self) -> Examples:
        """Without the bad ones in languages that have (nearly) no good ones.

        A classifier of words would learn that the language itself is bad: interface strings come in
        a hundred languages, good documents in a dozen (AUC on unseen sources of the development
        data: 0.68 with them, 0.80 without). What has no language (``und``) stays.
        """
        languages = np.array(self.table["lang"].to_pylist(), np.str_)
        names, numbers = np.unique(languages, return_inverse=True)
        good = np.bincount(numbers, self.positive, len(names))
        spoken = (good >= FEWEST_OF_A_LANGUAGE) | (names == UNKNOWN_LANGUAGE)
        return self.only(self.positive | spoken[numbers])

    def only(self, mask: np.ndarray) -> Examples:
        """Those of a mask, bool [examples]."""
        return Examples(self.table.filter(pa.array(mask)), self.notes)


def read_examples(
    positives: Sequence[ExampleSource],
    negatives: Sequence[ExampleSource],
    stages: Sequence[MapStage],
    preparation: PreparationSettings,
    seed: int,
    progress: Callable[[int, int], None],
    part_done: Callable[[], None],
) -> Examples:
    """Read all examples; equal ones count once, and not at all where they have both labels.

    Args:
        positives: sources of good documents.
        negatives: sources of bad ones.
        stages: what documents go through first.
        preparation: of texts.
        seed: of the choice where a source has too many.
        progress: called with documents and bytes of text.
        part_done: called after each source.

    Raises:
        ExampleError: a source has no documents.
    """
    parts = []
    for sources, positive in ((positives, True), (negatives, False)):
        for source in sources:
            part = _read_source(source, positive, stages, preparation, seed, progress)
            if part.num_rows == 0:
                chosen = f" with {source.where}" if source.where else ""
                raise ExampleError(
                    f"source {source.name!r} has no documents{chosen} with a word in them; "
                    f"its files: {', '.join(source.paths)}"
                )
            parts.append(part)
            part_done()
    return _each_once(pa.concat_tables(parts))


def _read_source(
    source: ExampleSource,
    positive: bool,
    stages: Sequence[MapStage],
    preparation: PreparationSettings,
    seed: int,
    progress: Callable[[int, int], None],
) -> pa.Table:
    """Those documents of a source that have the smallest keys."""
    chosen = SCHEMA.empty_table()
    for batch in batches_of(source):
        progress(batch.num_rows, batch.column("text").nbytes)
        batch = batch.filter(matching_rows(batch, source.where))
        keys = document_keys(batch, seed)
        if chosen.num_rows >= source.max_documents:
            below = keys < chosen["key"][-1].as_py()
            batch, keys = batch.filter(pa.array(below)), keys[below]
        if batch.num_rows == 0:
            continue
        new = _examples(batch, keys, source, positive, stages, preparation)
        chosen = pa.concat_tables([chosen, new]).sort_by("key").slice(0, source.max_documents)
    return chosen.combine_chunks()


def batches_of(source: ExampleSource) -> Iterator[pa.RecordBatch]:
    """The documents of a source's files."""
    with Quarantine(None) as aside:
        for file in source_files(source):
            yield from read_file(file, aside)


def _examples(
    batch: pa.RecordBatch,
    keys: np.ndarray,
    source: ExampleSource,
    positive: bool,
    stages: Sequence[MapStage],
    preparation: PreparationSettings,
) -> pa.Table:
    groups = _group_names(batch, source)
    batch = through_stages(batch, stages)
    tokens = prepared(
        batch.column("text"), preparation.tokens, preparation.windows, preparation.window_bytes
    )
    table = pa.table(
        {
            "key": pa.array(keys),
            "tokens": tokens,
            "lang": languages_of(batch),
            "group": groups,
            "origin": batch.column("origin"),
            "excerpt": pc.utf8_slice_codeunits(batch.column("text"), 0, EXCERPT_CHARACTERS),
            "positive": pa.array(np.full(batch.num_rows, positive)),
        },
        schema=SCHEMA,
    )
    return table.filter(pc.match_substring_regex(table["tokens"], r"\S"))


def matching_rows(batch: pa.RecordBatch, where: dict[str, str | list[str]]) -> pa.Array:
    """Which rows have the wanted values: bool [rows]."""
    mask = pa.array(np.ones(batch.num_rows, np.bool_))
    for name, wanted in where.items():
        values = field_values(batch, name)
        allowed = [wanted] if isinstance(wanted, str) else wanted
        mask = pc.and_(mask, pc.is_in(values, value_set=pa.array(allowed, pa.string())))
    return mask


def _group_names(batch: pa.RecordBatch, source: ExampleSource) -> pa.Array:
    """``source``, or ``source/value`` of what it is grouped by: string [rows]."""
    if source.group_by == "source":
        return pa.array([source.name] * batch.num_rows, pa.string())
    values = pc.fill_null(field_values(batch, source.group_by), "?")
    return pc.binary_join_element_wise(source.name, values, "/")


def field_values(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column as text, or a field of the column ``meta`` (JSON) by its path.

    Args:
        batch: documents.
        name: ``lang``, ``meta.kind``, ``meta.site.name``.

    Returns:
        string [rows], null where there is none.

    Raises:
        ExampleError: there is no such column.
    """
    column, *path = name.split(".")
    if column not in batch.schema.names:
        listed = ", ".join(batch.schema.names)
        raise ExampleError(f"no column {column!r} to choose or group by; there are: {listed}")
    if not path:
        return batch.column(column).cast(pa.string())
    return pa.array([_inside(text, path) for text in batch.column(column).to_pylist()], pa.string())


def _inside(text: str | None, path: list[str]) -> str | None:
    found: Any = json.loads(text) if text else None
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return None if found is None else str(found)


def _each_once(table: pa.Table) -> Examples:
    """Equal prepared texts once; none of those that stand under both labels."""
    import xxhash

    table = table.sort_by("key").combine_chunks()
    labels: dict[int, bool | None] = {}
    positive = table["positive"].to_pylist()
    hashes = [xxhash.xxh3_64_intdigest(text.encode()) for text in table["tokens"].to_pylist()]
    for number, label in zip(hashes, positive, strict=True):
        labels[number] = label if labels.get(number, label) == label else None
    seen: set[int] = set()
    keep = []
    for number in hashes:
        keep.append(labels[number] is not None and number not in seen)
        seen.add(number)
    both = sum(label is None for label in labels.values())
    copies = len(hashes) - sum(keep)
    notes = [f"{copies:,} examples equal another and were left out"] if copies else []
    if both:
        notes.append(
            f"{both:,} of these texts stand among positives and negatives: not used at all"
        )
    return Examples(table.filter(pa.array(keep)), notes)
