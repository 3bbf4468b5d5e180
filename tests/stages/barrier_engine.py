"""A serial engine and a runner's part in miniature, for tests of barriers."""

from pathlib import Path

import pyarrow as pa

from stages.base import Partition


class SerialEngine:
    """Calls every item here and now, through plain values as a real engine would."""

    workers = 1

    def map(self, step, function, items):
        return [function(dict(item)) for item in items]


def write_file(path, batches, schema=None):
    with pa.ipc.new_file(str(path), schema or batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return str(path)


def run_barrier(stage, parts, folder, batch_rows=7, annotations=()):
    """Run a barrier over tables, one partition each; return what it said of each row.

    Args:
        stage: the barrier.
        parts: a list of tables with ``id``, ``text`` and more.
        folder: where its files go.
        batch_rows: rows of a record batch: the files have many.
        annotations: for each partition, a list of annotation tables of earlier barriers.

    Returns:
        id -> the annotation as a dict, of all rows that have one.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    partitions = []
    for index, table in enumerate(parts):
        batches = table.combine_chunks().to_batches(max_chunksize=batch_rows) or [
            pa.RecordBatch.from_pylist([], table.schema)
        ]
        earlier = annotations[index] if annotations else []
        partitions.append(
            Partition(
                index=index,
                rows=table.num_rows,
                documents=write_file(folder / f"documents-{index}.arrow", batches),
                keys=write_file(folder / f"keys-{index}.arrow", [stage.keys(b) for b in batches]),
                annotations=tuple(
                    write_file(
                        folder / f"earlier-{index}-{i}.arrow", said.to_batches(), said.schema
                    )
                    for i, said in enumerate(earlier)
                ),
            )
        )
    paths = stage.run(partitions, str(folder / "barrier"), SerialEngine())
    assert len(paths) == len(parts)
    said = {}
    for path, table in zip(paths, parts, strict=True):
        with pa.memory_map(path) as source:
            rows = pa.ipc.open_file(source).read_all().to_pylist()
        assert [row["row"] for row in rows] == sorted({row["row"] for row in rows})
        ids = table.column("id").to_pylist()
        said |= {ids[row["row"]]: row for row in rows}
    return said


def documents(texts, ids=None, **columns):
    """A table of documents with the columns a barrier reads."""
    ids = [f"{i:05d}" for i in range(len(texts))] if ids is None else ids
    return pa.table({"id": pa.array(ids), "text": pa.array(texts, pa.large_string()), **columns})
