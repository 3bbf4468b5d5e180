"""The tasks that compare a run with an index, and add to it; ``minhash_dedup`` says when they run.

A document of the index stands before every document of the run: it was kept. So a head that is
like one of them goes, whatever else it is like, and the others go on as if there were no index.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.storage import atomic_path
from stages.barrier_files import (
    Plan,
    gather,
    live_rows,
    task_plan,
    write_answers,
    write_table,
)
from stages.base import DROP_REASON
from stages.dedup.candidate_kernels import estimates
from stages.dedup.collapse_steps import splitmix
from stages.dedup.exact_dedup import text_digests
from stages.dedup.index_files import (
    AGREE,
    SHINGLE_BITS,
    Entry,
    checked_entry,
    clear_entry,
    entry_names,
    packed,
)
from stages.dedup.minhash_steps import cut_of, minimum, scoped_bands, signatures_of
from stages.dedup.shingle_kernels import jaccards
from stages.dedup.shingles import shingle_sets, text_batches, texts_of
from stages.dedup.survivor_kernels import CHECKED, PER_BAND
from stages.shuffle import bucket_count, ipc_writer, open_ipc, read_shuffle, write_shuffle

RANGE_RECORDS = 1 << 22
"""Band records of a file of an entry: 64 MB."""
ROWS_AT_A_TIME = 1 << 11
"""Documents of a run that are compared with those of the index at a time."""


def identify(item: dict[str, Any]) -> dict[str, Any]:
    """A sum over the ids and texts of one partition's live documents, the same in every order.

    Ids alone would not do: the files of two crawls may have the same names, and then they do.
    """
    from formats.buffers import text_buffers

    plan, index = task_plan(item)
    live = live_rows(plan.partitions[index])
    reader = open_ipc(plan.partitions[index].keys)
    total, start = [0, 0], 0
    for i in range(reader.num_record_batches):
        batch = reader.get_batch(i)
        ids = batch.column("id").cast(pa.large_string())
        digests = text_digests(*text_buffers(ids), live[start : start + len(ids)])
        digests = splitmix(digests ^ batch.column("token_hash").to_numpy()[:, None])
        digests[~live[start : start + len(ids)]] = 0
        total = [int(a + int(b)) % 2**64 for a, b in zip(total, digests.sum(axis=0), strict=True)]
        start += len(ids)
    return {"sum": total}


def open_index(item: dict[str, Any]) -> dict[str, Any]:
    """Which entries this run is compared with: all there are now but its own.

    Recorded like every task: a run that is killed and goes on sees the same ones again.
    """
    plan, _ = task_plan(item)
    root = plan.settings["index"]
    names = [name for name in entry_names(root) if name != item["own"]]
    for name in names:
        checked_entry(f"{root}/{name}", plan.settings)
    return {"entries": names}


def find_indexed(item: dict[str, Any]) -> dict[str, Any]:
    """Documents of the index that share a band with heads, for one range of keys."""
    plan, index = task_plan(item)
    table = read_shuffle(plan.paths("bands", len(plan.partitions)), index).sort_by("key")
    keys, nodes = table.column("key").to_numpy(), table.column("node").to_numpy()
    distinct, starts = np.unique(keys, return_index=True)
    counts = np.diff(np.append(starts, len(keys)))
    found = [np.zeros((3, 0), np.int64)]
    for number, entry in enumerate(_entries(plan, item)):
        places, documents = entry.matches(distinct, PER_BAND)
        times = counts[places]
        first = np.repeat(starts[places] - (np.cumsum(times) - times), times)
        node = nodes[first + np.arange(len(first))]
        pairs = np.stack((node, np.full(len(node), number), np.repeat(documents, times)))
        found.append(np.unique(pairs, axis=1))
    node, number, document = np.concatenate(found, axis=1)
    order = np.argsort(node, kind="stable")
    pairs = pa.table({"entry": number[order], "document": document[order]})
    write_answers(plan, index, node[order], pairs, "index_pairs")
    return {"pairs": len(node)}


def match_indexed(item: dict[str, Any]) -> dict[str, Any]:
    """Verify one partition's pairs with documents of the index; write who goes for whom."""
    plan, index = task_plan(item)
    pairs = read_shuffle(plan.paths("index_pairs", plan.settings["buckets"]), index)
    columns = [pairs.column(name).to_numpy() for name in ("row", "entry", "document")]
    pairs_of = np.unique(np.stack(columns), axis=1)
    rows = np.unique(pairs_of[0])
    entries = _entries(plan, item)
    found = []
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        some = rows[start : start + ROWS_AT_A_TIME]
        first, last = np.searchsorted(pairs_of[0], (some[0], some[-1] + 1))
        found.append(_match(plan, index, some, pairs_of[:, first:last], entries))
    schema = pa.schema([("row", pa.int64()), ("similarity", pa.float64()), ("id", pa.string())])
    table = pa.concat_tables([schema.empty_table(), *found])
    write_table(plan.path("indexed", index), table)
    return {"pairs": pairs_of.shape[1], "removed": table.num_rows}


def _match(
    plan: Plan, index: int, rows: np.ndarray, pairs: np.ndarray, entries: list[Entry]
) -> pa.Table:
    """Of some rows those that are like a document of the index, and the likest one.

    Args:
        plan: of the barrier.
        index: of the partition.
        rows: int64 [n], ascending.
        pairs: int64 [3, pairs]: row, entry, document; sorted.
        entries: of the index.
    """
    known = gather(plan, rows + plan.first_nodes()[index], ("bins", "token_hash", "tokens"))
    left = np.searchsorted(rows, pairs[0])
    others = [np.unique(pairs[2][pairs[1] == i]) for i in range(len(entries))]
    offsets = np.cumsum([0, *map(len, others)])
    right = np.empty(len(left), np.int64)
    tables = []
    for i, (entry, documents) in enumerate(zip(entries, others, strict=True)):
        of_entry = pairs[1] == i
        right[of_entry] = offsets[i] + np.searchsorted(documents, pairs[2][of_entry])
        if len(documents):
            tables.append(entry.take(documents, ("bins", "token_hash", "id")))
    theirs = pa.concat_tables(tables)
    value = _estimates(known, theirs, left, right)
    likely = np.flatnonzero(value >= minimum(plan))
    order = likely[np.lexsort((right[likely], -value[likely], left[likely]))]
    place = np.arange(len(order)) - np.searchsorted(left[order], left[order])
    order = order[place < CHECKED]
    left, right, value = left[order], right[order], value[order]
    if plan.settings["verify"] == "exact":
        value = _exact(
            plan, index, rows, known, left, right, list(zip(entries, others, strict=True))
        )
        good = value >= plan.settings["threshold"]
        left, right, value = left[good], right[good], value[good]
    row, first = np.unique(left, return_index=True)
    ids = theirs.column("id").take(pa.array(right[first]))
    return pa.table({"row": rows[row], "similarity": value[first], "id": ids})


def _estimates(
    known: pa.Table, theirs: pa.Table, left: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """float64 [pairs]: of documents of the run with documents of the index."""
    both = pa.concat_tables([table.select(["bins", "token_hash"]) for table in (known, theirs)])
    bins, hashes, short = signatures_of(both)
    out = np.empty(len(left))
    estimates(bins.reshape(-1), hashes, short, bins.shape[1], left, known.num_rows + right, out)
    return out


def _exact(
    plan: Plan, index: int, rows: np.ndarray, known: pa.Table, left: np.ndarray, right: np.ndarray,
    others: list[tuple[Entry, np.ndarray]],
) -> np.ndarray:  # fmt: skip
    """float64 [pairs]: true similarities, to 40 bits a shingle; ``left`` ascends."""
    needed, of_needed = np.unique(left, return_inverse=True)
    texts = texts_of(plan.partitions[index], rows[needed])
    tokens = known.column("tokens").to_numpy()[needed]
    ours, our_sizes = shingle_sets(texts, tokens, plan.settings["ngram"])
    wanted, of_wanted = np.unique(right, return_inverse=True)
    offset, values, sizes = 0, [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for entry, documents in others:
        inside = wanted[(wanted >= offset) & (wanted < offset + len(documents))] - offset
        offset += len(documents)
        if len(inside):
            of_entry, size = entry.shingles(documents[inside])
            values.append(of_entry)
            sizes.append(size)
    starts = np.append(0, np.cumsum(our_sizes)).astype(np.int64)
    their_starts = np.append(0, np.cumsum(np.concatenate(sizes))).astype(np.int64)
    out = np.empty(len(left))
    jaccards(
        ours, starts, of_needed, np.concatenate(values), their_starts, of_wanted, SHINGLE_BITS, out
    )
    return out


def write_part(item: dict[str, Any]) -> dict[str, Any]:
    """Write one partition's kept heads to the run's entry, and their bands to a shuffle."""
    plan, index = task_plan(item)
    partition, entry = plan.partitions[index], _own(plan, item)
    heads = live_rows(partition)
    heads[open_ipc(plan.path("followers", index)).read_all().column("row").to_numpy()] = False
    copies = read_shuffle(plan.paths("copy_rows", plan.settings["collapse_buckets"]), index)
    heads[copies.column("row").to_numpy()] = False
    said = open_ipc(plan.path("annotations", index)).read_all()
    gone = said.filter(pc.is_valid(said.column(DROP_REASON)))
    heads[gone.column("row").to_numpy()] = False
    reader = open_ipc(partition.keys)
    schema = pa.schema([reader.schema.field(name) for name in ("id", "bins", "token_hash")])
    keys, numbers = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    rows, tokens_of = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    start = count = 0
    with (
        atomic_path(entry.part("part", index)) as temporary,
        ipc_writer(temporary, schema) as writer,
    ):
        for i in range(reader.num_record_batches):
            batch = reader.get_batch(i)
            tokens = batch.column("tokens").to_numpy()
            wanted = np.flatnonzero(heads[start : start + batch.num_rows] & (tokens > 0))
            kept = batch.take(pa.array(wanted))
            writer.write_batch(kept.select(schema.names))
            key, row = scoped_bands(kept, np.ones(len(wanted), np.bool_), cut_of(plan))
            keys.append(key)
            numbers.append(row + count)
            rows.append(wanted + start)
            tokens_of.append(tokens[wanted])
            start, count = start + batch.num_rows, count + len(wanted)
    key, document = np.concatenate(keys), np.concatenate(numbers)
    table = pa.table({"key": key, "document": document})
    write_shuffle(plan.path("index_bands", index), table, key, item["ranges"])
    if entry.has_shingles:
        _write_shingles(plan, index, entry, np.concatenate(rows), np.concatenate(tokens_of))
    return {"documents": count}


def _write_shingles(
    plan: Plan, index: int, entry: Entry, rows: np.ndarray, tokens: np.ndarray
) -> None:
    """The shingle sets of some rows of a partition, a few documents at a time."""
    schema = pa.schema([("shingles", pa.large_binary())])
    with (
        atomic_path(entry.part("shingles", index)) as temporary,
        ipc_writer(temporary, schema) as writer,
    ):
        for first, last, texts in text_batches(plan.partitions[index], rows):
            sets = shingle_sets(texts, tokens[first:last], plan.settings["ngram"])
            writer.write_batch(pa.record_batch({"shingles": packed(*sets)}, schema=schema))


def sort_bands(item: dict[str, Any]) -> dict[str, Any]:
    """Write one range of the entry's band keys, sorted."""
    plan, index = task_plan(item)
    entry = _own(plan, item)
    keys, documents = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    offset = 0
    for path, rows in zip(
        plan.paths("index_bands", len(plan.partitions)), item["rows"], strict=True
    ):
        table = read_shuffle([path], index)
        keys.append(table.column("key").to_numpy())
        documents.append(table.column("document").to_numpy() + offset)
        offset += rows
    key, document = np.concatenate(keys), np.concatenate(documents)
    order = np.lexsort((document, key))
    write_table(
        entry.part("bands", index), pa.table({"key": key[order], "document": document[order]})
    )
    return {"records": len(key)}


def begin_entry(item: dict[str, Any]) -> dict[str, Any]:
    """Take out what an earlier run of the same name left."""
    plan, _ = task_plan(item)
    clear_entry(_own(plan, item).path, set())
    return {}


def commit_entry(item: dict[str, Any]) -> dict[str, Any]:
    """Write the manifest."""
    plan, _ = task_plan(item)
    entry = _own(plan, item)
    entry.save()
    return {"documents": entry.documents}


def ranges_of(documents: int, bands: int) -> int:
    """Files of bands that an entry of so many documents at most gets."""
    return bucket_count(documents * bands, RANGE_RECORDS)


def _entries(plan: Plan, item: dict[str, Any]) -> list[Entry]:
    return [Entry.load(f"{plan.settings['index']}/{name}") for name in item["entries"]]


def _own(plan: Plan, item: dict[str, Any]) -> Entry:
    settings = {key: plan.settings[key] for key in AGREE}
    path = f"{plan.settings['index'].rstrip('/')}/{item['own']}"
    exact = plan.settings["verify"] == "exact"
    return Entry(path, settings, tuple(item.get("rows", ())), item["ranges"], exact)
