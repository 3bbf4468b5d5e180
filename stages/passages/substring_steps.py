"""The tasks of passage removal; ``substring_dedup`` says how they follow on each other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from formats.storage import atomic_path
from stages.barrier_files import (
    ANSWERS,
    Plan,
    live_rows,
    task_plan,
    write_answers,
    write_table,
)
from stages.passages.cutting import copy_ranges
from stages.passages.list_columns import changes, flat_lists, in_large_groups
from stages.passages.passage_files import Cut, Ranges, text_batches, write_cuts
from stages.shuffle import ipc_writer, open_ipc, read_shuffle, write_shuffle

REQUESTS = "requests"
COPY_SCHEMA = pa.schema(
    [
        pa.field("node", pa.int64()),
        pa.field("begin", pa.int64()),
        pa.field("text", pa.large_binary()),
    ]
)


def count_anchors(item: dict[str, Any]) -> dict[str, Any]:
    """How many anchors the live rows of a partition have."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    lengths, _ = flat_lists(partition.keys, ["hashes"])
    return {"records": int(lengths[live_rows(partition)].sum())}


def shuffle_anchors(item: dict[str, Any]) -> dict[str, Any]:
    """Send the anchors of a partition's live rows to their buckets."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    counts, (hashes, begins, sizes) = flat_lists(partition.keys, ["hashes", "begins", "lengths"])
    numbers = open_ipc(partition.keys).read_all().column("number").to_numpy()
    rows = np.repeat(np.arange(len(counts)), counts)
    live = live_rows(partition)[rows]
    rows, hashes, begins, sizes = rows[live], hashes[live], begins[live], sizes[live]
    nodes = rows + plan.first_nodes()[index]
    table = pa.table(
        {"hash": hashes, "number": numbers[rows], "node": nodes, "begin": begins, "size": sizes}
    )
    write_shuffle(plan.path("anchors", index), table, hashes, plan.settings["buckets"])
    return {"records": len(rows)}


def find_repeated(item: dict[str, Any]) -> dict[str, Any]:
    """Of equal anchors the first stays; tell the partitions of the others where it stands."""
    plan, index = task_plan(item)
    table = read_shuffle(plan.paths("anchors", len(plan.partitions)), index)
    columns = [table.column(name).to_numpy() for name in table.column_names]
    frequent = in_large_groups(columns[0], 1)
    hashes, numbers, nodes, begins, sizes = (column[frequent] for column in columns)
    order = np.lexsort((begins, nodes, numbers, hashes))
    hashes, numbers, nodes, begins, sizes = (
        x[order] for x in (hashes, numbers, nodes, begins, sizes)
    )
    first = changes(hashes)
    group = np.cumsum(first) - 1
    documents = np.bincount(group, first | changes(nodes), int(first.sum())).astype(np.int64)
    head = np.flatnonzero(first)[group]
    goes = ~first
    answer = pa.table(
        {
            "begin": begins[goes],
            "end": (begins + sizes)[goes],
            "hash": hashes[goes],
            "documents": documents[group[goes]],
            "head": nodes[head[goes]],
            "head_begin": begins[head[goes]],
            "head_number": numbers[head[goes]],
        }
    )
    write_answers(plan, index, nodes[goes], answer)
    return {"repeated": int(first.sum()), "anchors": int(goes.sum())}


class Matches(NamedTuple):
    """Passages of a partition and the copies that stay; int64 [passages] but where it says."""

    rows: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    hashes: np.ndarray
    """uint64 [passages], of the first anchor."""
    documents: np.ndarray
    """Most documents that have one of the anchors."""
    heads: np.ndarray
    """Node of the document that keeps the copy."""
    head_begins: np.ndarray
    head_numbers: np.ndarray
    """uint64 [passages]"""


def join_anchors(item: dict[str, Any]) -> dict[str, Any]:
    """Join a partition's repeated anchors to passages and ask for the bytes of their copies."""
    plan, index = task_plan(item)
    said = read_shuffle(plan.paths(ANSWERS, plan.settings["buckets"]), index)
    said = said.sort_by([("row", "ascending"), ("begin", "ascending")])
    matches = joined(Matches(*(column.to_numpy() for column in said.columns)))
    write_table(plan.path("matches", index), pa.table(matches._asdict()))
    margins = margins_of(matches, plan)
    begins = np.maximum(matches.head_begins - margins, 0)
    ends = matches.head_begins + matches.ends - matches.begins + margins
    stretches = pa.table({"begin": begins, "end": ends, "to": np.full(len(begins), index)})
    write_answers(plan, index, matches.heads, stretches, REQUESTS)
    return {"passages": len(begins)}


def joined(anchors: Matches) -> Matches:
    """Anchors that overlap, and whose copies lie as far apart, as one passage."""
    rows, begins, ends, _, documents, heads, head_begins, _ = anchors
    new = changes(rows) | changes(heads) | changes(head_begins - begins)
    new[1:] |= begins[1:] > ends[:-1]
    starts = np.flatnonzero(new)
    if not len(starts):
        return anchors
    return Matches(*(values[starts] for values in anchors))._replace(
        ends=np.maximum.reduceat(ends, starts), documents=np.maximum.reduceat(documents, starts)
    )


def margins_of(matches: Matches, plan: Plan) -> np.ndarray:
    """int64 [passages]: bytes by which a passage may go on beyond its first and last anchor.

    As many characters as are surely fewer than lie between two anchors, of four bytes each: how far
    a passage may grow must not depend on which others it is asked for with.
    """
    return np.full(len(matches.rows), 4 * (plan.settings["window"] - 1), np.int64)


def send_copies(item: dict[str, Any]) -> dict[str, Any]:
    """Write what a partition's texts have where others found copies: a batch per asker."""
    plan, index = task_plan(item)
    count = len(plan.partitions)
    asked = read_shuffle(plan.paths(REQUESTS, count), index)
    rows, begins, ends, askers = (
        asked.column(name).to_numpy() for name in ("row", "begin", "end", "to")
    )
    present, texts = _texts_of(plan, index, np.unique(rows))
    _, offsets = text_buffers(texts)
    ends = np.minimum(ends, np.diff(offsets)[np.searchsorted(present, rows)])
    first_node = plan.first_nodes()[index]
    sent = 0
    with (
        atomic_path(plan.path("copies", index)) as temporary,
        ipc_writer(temporary, COPY_SCHEMA) as writer,
    ):
        for asker in range(count):
            wanted = askers == asker
            row, begin, end = merged(rows[wanted], begins[wanted], ends[wanted])
            copies = copy_ranges(texts, np.searchsorted(present, row), begin, end)
            columns = [pa.array(row + first_node), pa.array(begin), copies.view(pa.large_binary())]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=COPY_SCHEMA))
            sent += int((end - begin).sum())
    return {"bytes": sent}


def merged(
    rows: np.ndarray, begins: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ranges of rows, sorted, those that overlap or touch as one.

    ``merged([1, 0, 1], [5, 2, 0], [9, 3, 6])`` is ``[0, 1], [2, 0], [3, 9]``.
    """
    order = np.lexsort((begins, rows))
    rows, begins, ends = rows[order], begins[order], ends[order]
    if not len(rows):
        return rows, begins, ends
    # Ends never fall within a row once each is the largest so far; a row's lie beyond the last's.
    reach = np.append(0, np.cumsum(np.maximum.reduceat(ends, np.flatnonzero(changes(rows)))))
    shift = reach[np.cumsum(changes(rows)) - 1] + np.cumsum(changes(rows))
    so_far = np.maximum.accumulate(ends + shift)
    new = np.append(True, (begins + shift)[1:] > so_far[:-1])
    starts = np.flatnonzero(new)
    return rows[starts], begins[starts], np.maximum.reduceat(ends, starts)


def cut_matches(item: dict[str, Any]) -> dict[str, Any]:
    """Compare a partition's passages with their copies and cut those that are equal."""
    plan, index = task_plan(item)
    table = open_ipc(plan.path("matches", index)).read_all()
    matches = Matches(*(column.to_numpy() for column in table.columns))
    copies = read_shuffle(plan.paths("copies", len(plan.partitions)), index)
    nodes, starts = (copies.column(name).to_numpy() for name in ("node", "begin"))
    place = last_at_or_before(nodes, starts, matches.heads, matches.head_begins)
    heads = text_buffers(copies.column("text"))
    inside = matches.head_begins - starts[place]
    margins = margins_of(matches, plan)

    def trim(texts: pa.Array, ranges: Ranges, places: slice) -> tuple[Ranges, Cut]:
        from stages.passages import match_kernels as kernels
        from stages.text_kernels import character_classes

        data, offsets = text_buffers(texts)
        begins, ends = ranges.begins.copy(), ranges.ends.copy()
        equal = np.empty(len(begins), np.bool_)
        kernels.verify(
            data, offsets, ranges.rows, begins, ends, margins[places],
            *heads, place[places], inside[places], equal,
        )  # fmt: skip
        grown = ranges._replace(begins=begins, ends=ends).at(equal)
        grown = grown.at(np.lexsort((grown.begins, grown.rows)))
        cut = [np.empty(len(grown.rows), np.int64) for _ in Cut._fields]
        passages = (grown.rows, grown.begins, grown.ends)
        count = kernels.trim(data, offsets, *passages, *character_classes(), *cut)
        return whole_characters(data, offsets, grown), Cut(*(values[:count] for values in cut))

    ranges = Ranges(*matches[:5], matches.head_numbers)
    return write_cuts(plan, index, ranges, trim)


def whole_characters(data: np.ndarray, offsets: np.ndarray, ranges: Ranges) -> Ranges:
    """The ranges without the parts of characters at their ends."""
    begins, ends = ranges.begins + offsets[ranges.rows], ranges.ends + offsets[ranges.rows]
    closed = np.append(data, np.uint8(0))
    for _ in range(3):
        begins += (closed[begins] & 0xC0) == 0x80
        ends -= (ends < offsets[ranges.rows + 1]) & ((closed[ends] & 0xC0) == 0x80)
    return ranges._replace(begins=begins - offsets[ranges.rows], ends=ends - offsets[ranges.rows])


def last_at_or_before(
    nodes: np.ndarray, begins: np.ndarray, wanted: np.ndarray, at: np.ndarray
) -> np.ndarray:
    """Of ranges sorted by node and begin, the last of a node that begins at or before a place.

    Args:
        nodes: int64 [ranges], not falling.
        begins: int64 [ranges], rising in a node.
        wanted: int64 [places]: nodes, all of them there.
        at: int64 [places].

    Returns:
        int64 [places]: numbers of ranges.
    """
    order = np.lexsort(
        (
            np.append(np.zeros(len(nodes), np.int8), np.ones(len(wanted), np.int8)),
            np.append(begins, at),
            np.append(nodes, wanted),
        )
    )
    is_range = order < len(nodes)
    last = np.maximum.accumulate(np.where(is_range, order, -1))
    found = np.empty(len(wanted), np.int64)
    found[order[~is_range] - len(nodes)] = last[~is_range]
    return found


def _texts_of(plan: Plan, index: int, rows: np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """Texts of a partition: the rows (int64, rising) and large_string [rows]."""
    parts = [pa.array([], pa.large_string())]
    for first, batch in text_batches(plan.partitions[index], rows):
        begin, end = np.searchsorted(rows, (first, first + batch.num_rows))
        parts.append(batch.column("text").take(pa.array(rows[begin:end] - first)))
    return rows, pa.concat_arrays(parts)
