"""What a run found of test sets: a table of items and documents, counts, and notes for people."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import read_documents
from formats.run_folder import RunFolder
from formats.storage import atomic_path, filesystem, write_text
from stages.decontaminate.index import Index

READ_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("contaminated_by", pa.list_(pa.string())),
        pa.field("contaminated_share", pa.float32()),
    ]
)
FOUND_SCHEMA = pa.schema(
    [
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("lang", pa.string()),
        pa.field("share", pa.float32(), nullable=False),
        pa.field("found_in", pa.string(), nullable=False),
    ]
)
"""``share``: the largest of all items in the document. ``found_in``: ``documents`` or
``removed/<stage>``."""


def write_report(folder: str, index: Index) -> list[str]:
    """Write ``contamination/found.parquet`` and ``contamination/benchmarks.json``.

    Returns:
        A note per test set.
    """
    import pyarrow.parquet as pq

    run = RunFolder(folder)
    found = pa.Table.from_batches(_found(run), FOUND_SCHEMA)
    found = found.sort_by([(name, "ascending") for name in ("benchmark", "item", "id")])
    with atomic_path(f"{run.contamination_path}/found.parquet") as temporary:
        files, inner = filesystem(temporary)
        with files.open(inner, "wb") as sink:
            pq.write_table(found, sink, compression="zstd")
    counts = [_counts(name, number, found, index) for number, name in enumerate(index.benchmarks)]
    write_text(f"{run.contamination_path}/benchmarks.json", json.dumps(counts, indent=1) + "\n")
    return [
        f"decontaminate: {c['items_found']:,} of {c['items']:,} items of {c['benchmark']} found in "
        f"{c['documents']:,} documents; {c['items_in_kept_documents']:,} are in documents kept"
        + (
            f"; {c['items_too_short']:,} are too short to be looked for"
            * bool(c["items_too_short"])
        )
        for c in counts
    ]


def _found(run: RunFolder) -> Iterator[pa.RecordBatch]:
    """A row for every item in every document, kept or dropped."""
    places = ["documents"] * run.has_documents()
    places += [f"removed/{stage}" for stage in run.removed_stages()]
    for place in places:
        for batch in read_documents(f"{run.path}/{place}", schema=READ_SCHEMA):
            batch = batch.filter(pc.is_valid(batch.column("contaminated_by")))
            lists = batch.column("contaminated_by")
            rows = pc.list_parent_indices(lists)
            parts = pc.split_pattern(lists.flatten(), ":", max_splits=1)
            columns = [
                pc.list_element(parts, 0),
                pc.list_element(parts, 1),
                *(batch.column(name).take(rows) for name in ("id", "lang", "contaminated_share")),
                pa.repeat(place, len(parts)),
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=FOUND_SCHEMA)


def _counts(name: str, number: int, found: pa.Table, index: Index) -> dict[str, int | str]:
    """What was found of one test set."""
    ours = index.item_benchmarks == number
    here = found.filter(pc.equal(found.column("benchmark"), name))
    kept = here.filter(pc.equal(here.column("found_in"), "documents"))
    return {
        "benchmark": name,
        "items": int(ours.sum()),
        "items_too_short": int(np.count_nonzero(index.too_short & ours)),
        "items_found": pc.count_distinct(here.column("item")).as_py(),
        "items_in_kept_documents": pc.count_distinct(kept.column("item")).as_py(),
        "documents": pc.count_distinct(here.column("id")).as_py(),
        "documents_kept": pc.count_distinct(kept.column("id")).as_py(),
    }
