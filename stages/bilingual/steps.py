"""From pairs found to parallel documents: two steps, each a task over plain paths.

    texts    per partition   the needed texts, in one pass over the documents -> parts
    pairs    per part        texts of a pair meet: copies are dropped, the rest becomes documents

Texts are moved and not looked up, because documents lie compressed in batches: a look-up would
unpack 16 MB for one of them. There are no more buckets than partitions, and a document goes to one
part for each pair of languages, so that a task holds about a partition's worth of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.documents import DOCUMENT_SCHEMA
from formats.storage import atomic_path, filesystem
from stages.barrier_files import Plan, keys_of_buckets, task_plan
from stages.bilingual.finding import parts_of_plan
from stages.bilingual.pairs import judge, parallel_documents
from stages.shuffle import ipc_writer, open_ipc, read_shuffle, write_shuffle

LONG_LINE = 20
"""A line that counts as copied has more characters than this: shorter ones are names and code."""

BATCH_TEXT_BYTES = 16 << 20


# --- texts ---------------------------------------------------------------------------------------


def shuffle_texts(item: dict[str, Any]) -> dict[str, Any]:
    """Read one partition's documents once and send the texts asked for to their parts."""
    plan, index = task_plan(item)
    parts = parts_of_plan(plan)
    asked = read_shuffle(plan.paths("requests", parts), index)
    asked = asked.sort_by([("node", "ascending"), ("part", "ascending")])
    nodes = asked.column("node").to_numpy()
    texts = list(_texts_of(plan, index, nodes - plan.first_nodes()[index]))
    text = pa.chunked_array(texts, pa.large_string())
    table = pa.table({"node": asked.column("node"), "text": text})
    keys = keys_of_buckets(parts)[asked.column("part").to_numpy()]
    write_shuffle(plan.path("texts", index), table, keys, parts)
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
    """Judge the pairs of one part; write all of them, and the parallel documents of those kept.

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
