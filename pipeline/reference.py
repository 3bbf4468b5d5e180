"""Measuring trusted text: what ``calibrate`` learns from, in bounded memory.

Documents go through the recipe's stages up to ``quality`` and are measured as that stage measures
them. Of each kind of text in each language so many are kept, those with the smallest keys: the
same ones whatever the order of reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.quarantine import Quarantine
from formats.readers import SourceFile, read_file
from pipeline.staged_documents import document_keys, languages_of, through_stages
from stages.base import DROP_STAGE, alive
from stages.quality.measuring import SIGNALS, language_codes, measure

if TYPE_CHECKING:
    from stages.base import MapStage

EXCERPT_CHARACTERS = 2000
"""Of a document's text, from which stop words are counted."""
COMPACT_AT = 20_000
"""Rows at which those are dropped that are too many of their kind."""


@dataclass(frozen=True)
class Measured:
    """Documents of a reference, one a row."""

    signals: np.ndarray
    """float32 [SIGNALS, documents]"""
    spaceless: np.ndarray
    """float32 [documents]: share of words in scripts without spaces."""
    languages: list[str]
    kinds: list[str]
    """Where each is from: a source, or a file of it."""
    lang_scores: np.ndarray
    """float32 [documents], NaN where nobody identified a language."""
    excerpts: list[str]


def kind_of(file: SourceFile, sources: int) -> str:
    """What counts as one kind of text: a source; of a recipe with one, each folder or file."""
    if sources > 1:
        return file.source
    return f"{file.source}/{file.relative_path.partition('/')[0]}"


def measure_reference(
    files: Sequence[tuple[SourceFile, str]],
    stages: Sequence[MapStage],
    documents: int,
    bytes_of_file: int,
    seed: int,
    progress: Callable[[int, int], None],
    part_done: Callable[[], None],
) -> Measured:
    """Read and measure documents.

    Args:
        files: what to read, and the kind of text that it is.
        stages: what documents go through first; what they drop is not measured.
        documents: of a kind in a language, at most.
        bytes_of_file: text read of a file, at most.
        seed: of the choice.
        progress: called with documents and bytes of text.
        part_done: called after each file.
    """
    rows: list[pa.Table] = []
    waiting = 0
    for file, kind in files:
        for batch in _head(file, bytes_of_file):
            progress(batch.num_rows, batch.column("text").nbytes)
            rows.append(_rows(batch, kind, stages, seed))
            waiting += rows[-1].num_rows
            if waiting > COMPACT_AT:
                rows, waiting = [_compact(pa.concat_tables(rows), documents)], 0
        part_done()
    return _measured(_compact(pa.concat_tables(rows), documents) if rows else None)


def _head(file: SourceFile, most_bytes: int) -> Iterator[pa.RecordBatch]:
    """The batches of a file until they hold so much text."""
    left = most_bytes
    with Quarantine(None) as aside:
        for batch in read_file(file, aside):
            yield batch
            left -= batch.column("text").nbytes
            if left <= 0:
                return


def _rows(batch: pa.RecordBatch, kind: str, stages: Sequence[MapStage], seed: int) -> pa.Table:
    """What is kept of the living documents of a batch."""
    batch = through_stages(batch, stages)
    batch = batch.filter(pc.is_null(batch.column(DROP_STAGE)))
    codes, names = language_codes(batch)
    signals, spaceless = measure(batch.column("text"), alive(batch), codes, names)
    columns = {
        "key": pa.array(document_keys(batch, seed)),
        "kind": pa.array([kind] * batch.num_rows, pa.string()),
        "lang": languages_of(batch),
        "lang_score": batch.column("lang_score").cast(pa.float32()),
        "excerpt": pc.utf8_slice_codeunits(batch.column("text"), 0, EXCERPT_CHARACTERS),
        "spaceless": pa.array(spaceless),
    }
    return pa.table(columns | {name: pa.array(v) for name, v in zip(SIGNALS, signals, strict=True)})


def _compact(table: pa.Table, documents: int) -> pa.Table:
    """Of each kind in each language the documents with the smallest keys."""
    groups = pc.binary_join_element_wise(table["kind"], table["lang"], "\0").dictionary_encode()
    numbers = groups.combine_chunks().indices.to_numpy()
    order = np.lexsort((table["key"].to_numpy(), numbers))
    starts = np.searchsorted(numbers[order], numbers[order])
    kept = order[np.arange(len(order)) - starts < documents]
    return table.take(pa.array(np.sort(kept))).combine_chunks()


def _measured(table: pa.Table | None) -> Measured:
    if table is None:
        empty = np.zeros(0, np.float32)
        return Measured(np.zeros((len(SIGNALS), 0), np.float32), empty, [], [], empty, [])
    return Measured(
        signals=np.stack([table[name].to_numpy() for name in SIGNALS]),
        spaceless=table["spaceless"].to_numpy(),
        languages=table["lang"].to_pylist(),
        kinds=table["kind"].to_pylist(),
        lang_scores=pc.fill_null(table["lang_score"], np.nan).to_numpy(),
        excerpts=table["excerpt"].to_pylist(),
    )
