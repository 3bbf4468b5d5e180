"""The four steps of bilingual pairing, each a task over plain paths.

    keys     per partition   live rows of the wanted languages -> buckets of (source, pair_key)
    matches  per bucket      rows of one key meet: who is paired with whom, which texts are needed
    texts    per partition   the needed texts, in one pass over the documents -> buckets
    pairs    per bucket      texts of a pair meet: copies are dropped, the rest becomes documents

Texts are moved and not looked up, because documents lie compressed in batches: a look-up would
unpack 16 MB for one of them. There are no more buckets than partitions, and a document goes to one
bucket only, so that a task holds about a partition's worth of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.documents import DOCUMENT_SCHEMA
from formats.storage import atomic_path, filesystem
from stages.barrier_files import Plan, live_rows, task_plan, write_table
from stages.bilingual.pairs import find_pairs, judge, length_ratios, parallel_documents, speaks
from stages.shuffle import bucket_count, ipc_writer, open_ipc, read_shuffle, write_shuffle

LONG_LINE = 20
"""A line that counts as copied has more characters than this: shorter ones are names and code."""

ROWS_PER_BUCKET = 1 << 12
BATCH_TEXT_BYTES = 16 << 20
RATIO_STEPS = 16
"""Histogram bins of the length ratio per power of two: 4 % wide."""


def buckets_of_plan(plan: Plan) -> int:
    """How many buckets: a function of the data alone."""
    return max(1, min(len(plan.partitions), bucket_count(plan.total_rows(), ROWS_PER_BUCKET)))


# --- keys ----------------------------------------------------------------------------------------


def shuffle_keys(item: dict[str, Any]) -> dict[str, Any]:
    """Send the rows that may be half of a pair to the bucket of their key."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    live = live_rows(partition)
    table = open_ipc(partition.keys).read_all().drop_columns("alive")
    table = table.append_column(
        "node", pa.array(np.arange(partition.rows) + plan.first_nodes()[index], pa.int64())
    ).filter(pa.array(live))
    wanted = np.zeros(table.num_rows, np.bool_)
    for member in sorted({member for pair in plan.settings["pairs"] for member in pair}):
        wanted |= speaks(table.column("lang"), member).to_numpy()
    table = table.filter(pa.array(wanted))
    hashes = table.column("pair_hash").to_numpy()
    write_shuffle(plan.path("keys", index), table, hashes, buckets_of_plan(plan))
    return {"rows": table.num_rows}


# --- matches -------------------------------------------------------------------------------------


def match(item: dict[str, Any]) -> dict[str, Any]:
    """Pair the rows of one bucket, and ask the partitions for the texts.

    Returns:
        ``ratios``: per language pair a histogram of right by left characters, as
        {bin: pairs}, bin ``RATIO_STEPS * log2(ratio)``, of the pairs within the length limit.
    """
    plan, index = task_plan(item)
    rows = read_shuffle(plan.paths("keys", len(plan.partitions)), index)
    rows = rows.sort_by(
        [("source", "ascending"), ("pair_key", "ascending"), ("declared", "descending"),
         ("id", "ascending")]
    )  # fmt: skip
    found = [
        find_pairs(rows, number, *members) for number, members in enumerate(plan.settings["pairs"])
    ]
    pairs = pa.concat_tables(found)
    ratio = length_ratios(pairs)
    limit = plan.settings["max_length_ratio"]
    close = (ratio <= limit) & (ratio >= 1 / limit)
    pairs = pairs.append_column("ratio", pa.array(ratio))
    pairs = pairs.append_column("close", pa.array(close))
    write_table(plan.path("matches", index), pairs)
    _ask_for_texts(plan, index, pairs.filter(pa.array(close)))
    histograms = {}
    bins = np.rint(RATIO_STEPS * np.log2(ratio, where=close, out=np.zeros(len(ratio))))
    for number in range(len(found)):
        chosen = close & (pairs.column("pair").to_numpy() == number)
        values, counts = np.unique(bins[chosen].astype(np.int64), return_counts=True)
        histograms[str(number)] = {str(v): int(c) for v, c in zip(values, counts, strict=True)}
    return {"pairs": pairs.num_rows, "ratios": histograms}


def _ask_for_texts(plan: Plan, index: int, pairs: pa.Table) -> None:
    """One request for each document that a pair needs, sent to its partition."""
    nodes = np.unique(
        np.concatenate([pairs.column(f"{side}_node").to_numpy() for side in ("left", "right")])
    )
    first, count = plan.first_nodes(), len(plan.partitions)
    partition = np.searchsorted(first, nodes, side="right") - 1
    keys = np.array([-(-(i << 64) // count) for i in range(count)], np.uint64)
    table = pa.table({"node": pa.array(nodes, pa.int64())})
    table = table.append_column("bucket", pa.array(np.full(len(nodes), index, np.int64)))
    write_shuffle(plan.path("requests", index), table, keys[partition], count)


# --- texts ---------------------------------------------------------------------------------------


def shuffle_texts(item: dict[str, Any]) -> dict[str, Any]:
    """Read one partition's documents once and send the texts asked for to their buckets."""
    plan, index = task_plan(item)
    buckets = buckets_of_plan(plan)
    asked = read_shuffle(plan.paths("requests", buckets), index).sort_by("node")
    nodes = asked.column("node").to_numpy()
    texts = list(_texts_of(plan, index, nodes - plan.first_nodes()[index]))
    text = pa.chunked_array(texts, pa.large_string())
    table = pa.table({"node": asked.column("node"), "text": text})
    keys = np.array([-(-(i << 64) // buckets) for i in range(buckets)], np.uint64)
    bucket = asked.column("bucket").to_numpy()
    write_shuffle(plan.path("texts", index), table, keys[bucket], buckets)
    return {"texts": table.num_rows, "text_bytes": sum(part.nbytes for part in texts)}


def _texts_of(plan: Plan, index: int, rows: np.ndarray) -> Iterator[pa.Array]:
    """The texts of some rows of a partition, ascending, batch by batch."""
    reader = open_ipc(plan.partitions[index].documents)
    start, taken = 0, 0
    for number in range(reader.num_record_batches):
        if taken == len(rows):
            return
        batch = reader.get_batch(number)
        end = int(np.searchsorted(rows, start + batch.num_rows))
        if taken < end:
            yield batch.column("text").take(pa.array(rows[taken:end] - start))
        start, taken = start + batch.num_rows, end


# --- pairs ---------------------------------------------------------------------------------------


def write_pairs(item: dict[str, Any]) -> dict[str, Any]:
    """Judge the pairs of one bucket; write all of them, and the parallel documents of those kept.

    Args:
        item: also ``usual_ratios``, per language pair the median of right by left characters.

    Returns:
        ``pairs``: per language pair ``found``, ``kept``, ``ambiguous`` and ``dropped`` by rule.
    """
    plan, index = task_plan(item)
    pairs = open_ipc(plan.path("matches", index)).read_all()
    texts = read_shuffle(plan.paths("texts", len(plan.partitions)), index).combine_chunks()
    sides = _text_rows(pairs, texts)
    copied = _copied_shares(pairs, texts, sides)
    judged = judge(pairs, copied, plan.settings, np.array(item["usual_ratios"], np.float64))
    _write_parquet(f"{plan.folder}/pairs/part-{index:05d}.parquet", judged)
    kept = judged.column("kept").to_numpy()
    _write_documents(
        plan, index, pairs.filter(pa.array(kept)), texts, [rows[kept] for rows in sides]
    )
    return {"pairs": _counts(plan, pairs, judged)}


def _text_rows(pairs: pa.Table, texts: pa.Table) -> list[np.ndarray]:
    """For left and right, the row of ``texts`` that each pair needs (int64 [pairs])."""
    nodes = texts.column("node").to_numpy()
    return [
        np.searchsorted(nodes, pairs.column(f"{side}_node").to_numpy())
        for side in ("left", "right")
    ]


def _copied_shares(pairs: pa.Table, texts: pa.Table, sides: Sequence[np.ndarray]) -> np.ndarray:
    """The copied share of each pair (float64 [pairs]), NaN where the texts were not asked for."""
    from formats.copied_lines_kernels import copied_shares

    close = pairs.column("close").to_numpy(zero_copy_only=False)
    shares = np.empty(int(close.sum()), np.float64)
    left, right = (np.ascontiguousarray(rows[close]) for rows in sides)
    copied_shares(*text_buffers(texts.column("text")), left, right, LONG_LINE, shares)
    copied = np.full(len(close), np.nan)
    copied[close] = shares
    return copied


def _counts(plan: Plan, pairs: pa.Table, judged: pa.Table) -> dict[str, Any]:
    """What became of each language pair, by its name (``en-zh``)."""
    number = pairs.column("pair").to_numpy()
    kept = judged.column("kept").to_numpy()
    ambiguous = judged.column("ambiguous").to_numpy()
    far = ~pairs.column("close").to_numpy(zero_copy_only=False)
    counts = {}
    for i, members in enumerate(plan.settings["pairs"]):
        mine = number == i
        counts["-".join(members)] = {
            "found": int(mine.sum()),
            "kept": int((mine & kept).sum()),
            "ambiguous": int((mine & ambiguous).sum()),
            "dropped": {
                "length_ratio": int((mine & far).sum()),
                "copy_share": int((mine & ~far & ~kept).sum()),
            },
        }
    return counts


def _write_parquet(path: str, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    with atomic_path(path) as temporary:
        files, inner = filesystem(temporary)
        with files.open(inner, "wb") as sink:
            pq.write_table(table, sink, compression="zstd", compression_level=1)


# --- parallel documents --------------------------------------------------------------------------


def _write_documents(
    plan: Plan, index: int, pairs: pa.Table, texts: pa.Table, sides: Sequence[np.ndarray]
) -> None:
    """One document per kept pair, as an Arrow IPC file with the schema of documents."""
    path = f"{plan.folder}/documents/part-{index:05d}.arrow"
    lengths = np.diff(text_buffers(texts.column("text"))[1])
    ends = np.cumsum(lengths[sides[0]] + lengths[sides[1]])
    with atomic_path(path) as temporary, ipc_writer(temporary, DOCUMENT_SCHEMA) as writer:
        start, done = 0, 0
        while start < pairs.num_rows:
            stop = int(np.searchsorted(ends, done + BATCH_TEXT_BYTES, side="right"))
            stop = max(stop, start + 1)
            left, right = (texts.column("text").take(pa.array(rows[start:stop])) for rows in sides)
            writer.write_batch(
                parallel_documents(pairs.slice(start, stop - start), left, right, plan.settings)
            )
            start, done = stop, int(ends[stop - 1])
