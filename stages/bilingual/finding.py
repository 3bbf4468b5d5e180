"""Finding pairs by key and by address: who meets whom, before any text is read.

    slots    per partition   (by address, once) what might be a code of a language -> buckets
    votes    per bucket      (by address, once) which codes stand for which language
    keys     per partition   live rows of the wanted languages -> buckets of (source, key)
    matches  per bucket      rows of one key meet: who is paired with whom, which texts are needed

Each way of finding follows on the one before it, and looks only at rows that have no partner yet.
A **part** is a bucket of one way: ``way * buckets + bucket``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.barrier_files import (
    Plan,
    fixed_lists,
    keys_of_buckets,
    live_rows,
    task_plan,
    write_answers,
    write_table,
)
from stages.bilingual.pairing.choosing import SURE_CONFIDENCE
from stages.bilingual.pairs import WIDEST, find_pairs, length_ratios, speaks
from stages.shuffle import bucket_count, open_ipc, read_shuffle, write_shuffle

ROWS_PER_BUCKET = 1 << 12
RATIO_STEPS = 16
"""Histogram bins of the length ratio per power of two: 4 % wide."""
PRIOR_PAIRS = 4
"""Of documents, whose sides are equally long, beside those that tell what is usual."""
MOST_CODES = 256
"""Of one bucket's votes, those for the codes with most."""


def buckets_of_plan(plan: Plan) -> int:
    """How many buckets: a function of the data alone."""
    return max(1, min(len(plan.partitions), bucket_count(plan.total_rows(), ROWS_PER_BUCKET)))


def parts_of_plan(plan: Plan) -> int:
    """Buckets of all ways of finding."""
    return buckets_of_plan(plan) * len(plan.settings["find"])


def parts_of_way(plan: Plan, way: int) -> range:
    """The parts of one way of finding."""
    buckets = buckets_of_plan(plan)
    return range(way * buckets, (way + 1) * buckets)


def way_items(plan: Plan, way: int) -> list[dict[str, Any]]:
    """The items of a step with a task for each bucket of one way."""
    return [{"folder": plan.folder, "index": part} for part in parts_of_way(plan, way)]


def taken_paths(plan: Plan, way: int) -> list[str]:
    """Files that tell the partitions which rows earlier ways have paired."""
    return plan.paths("taken", way * buckets_of_plan(plan))


# --- codes learned from addresses ----------------------------------------------------------------


def shuffle_slots(item: dict[str, Any]) -> dict[str, Any]:
    """Send what might be a code in one partition's addresses to the bucket of the rest."""
    from stages.bilingual.pairing.url_codes import possible_slots

    plan, index = task_plan(item)
    table = _live_keys(plan, index)
    table = table.filter(pc.is_valid(table.column("url"))).combine_chunks()
    slots = possible_slots(_array(table.column("url")), _array(table.column("lang")))
    keys = slots.column("pattern").to_numpy()
    write_shuffle(plan.path("slots", index), slots, keys, buckets_of_plan(plan))
    return {"slots": slots.num_rows}


def count_votes(item: dict[str, Any]) -> dict[str, Any]:
    """The votes of one bucket of addresses."""
    from stages.bilingual.pairing.url_codes import votes

    plan, index = task_plan(item)
    counted = votes(read_shuffle(plan.paths("slots", len(plan.partitions)), index))
    ranked = sorted(counted.items(), key=lambda entry: (-sum(entry[1].values()), entry[0]))
    return {"votes": dict(ranked[:MOST_CODES])}


# --- keys ----------------------------------------------------------------------------------------


def shuffle_keys(item: dict[str, Any]) -> dict[str, Any]:
    """Send the rows that may be half of a pair to the bucket of their key.

    Args:
        item: also ``way``, and ``codes`` learned from addresses.
    """
    plan, index = task_plan(item)
    way = item["way"]
    table = _live_keys(plan, index)
    if plan.settings["find"][way] == "url":
        table = _keyed_by_address(table, item["codes"])
    table = table.drop_columns("url")
    table = table.filter(pc.is_valid(table.column("pair_key")))
    wanted = np.zeros(table.num_rows, np.bool_)
    for member in sorted({member for pair in plan.settings["pairs"] for member in pair}):
        wanted |= speaks(table.column("lang"), member).to_numpy()
    table = table.filter(pa.array(wanted))
    table = table.append_column("free", _free(plan, index, way, table.column("node").to_numpy()))
    hashes = table.column("pair_hash").to_numpy()
    write_shuffle(plan.path(f"keys-{way}", index), table, hashes, buckets_of_plan(plan))
    return {"rows": table.num_rows}


def _live_keys(plan: Plan, index: int) -> pa.Table:
    """The keys of one partition's live rows, with their nodes."""
    partition = plan.partitions[index]
    live = live_rows(partition)
    table = open_ipc(partition.keys).read_all().drop_columns("alive")
    nodes = np.arange(partition.rows) + plan.first_nodes()[index]
    return table.append_column("node", pa.array(nodes, pa.int64())).filter(pa.array(live))


def _keyed_by_address(table: pa.Table, codes: dict[str, str]) -> pa.Table:
    """The rows with the address without its language in place of the key."""
    from stages.bilingual.pairing.url_codes import CodeTable
    from stages.bilingual.pairs import pair_hashes

    table = table.filter(pc.is_valid(table.column("url"))).combine_chunks()
    urls, _ = CodeTable(codes).keys(_array(table.column("url")), _array(table.column("lang")))
    keys = pc.if_else(pc.equal(pc.binary_length(urls), 0), None, urls).cast(pa.string())
    hashes = pair_hashes(_array(table.column("source")), keys)
    for name, column in (("pair_key", keys), ("pair_hash", hashes)):
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _free(plan: Plan, index: int, way: int, nodes: np.ndarray) -> pa.Array:
    """Lists of uint8, by pair of languages: 1 where no earlier way has found a partner."""
    pairs = len(plan.settings["pairs"])
    free = np.ones((len(nodes), pairs), np.uint8)
    if way and len(nodes):
        taken = read_shuffle(taken_paths(plan, way), index)
        rows = taken.column("row").to_numpy() + plan.first_nodes()[index]
        at = np.minimum(np.searchsorted(nodes, rows), len(nodes) - 1)
        hit = nodes[at] == rows
        free[at[hit], taken.column("pair").to_numpy()[hit]] = 0
    return pa.FixedSizeListArray.from_arrays(pa.array(free.ravel()), pairs)


# --- matches -------------------------------------------------------------------------------------


def match(item: dict[str, Any]) -> dict[str, Any]:
    """Pair the rows of one bucket of one way, and ask the partitions for the texts.

    Returns:
        ``ratios``: per language pair a histogram of right by left characters, as
        {bin: pairs}, bin ``RATIO_STEPS * log2(ratio)``, of the pairs that may be within the length
        limit once it is known what is usual; those of a low ``min_confidence`` do not tell.
    """
    plan, part = task_plan(item)
    way, bucket = divmod(part, buckets_of_plan(plan))
    method = plan.settings["find"][way]
    if method == "content":
        from stages.bilingual.pairing.content import content_pairs

        pairs = content_pairs(plan, bucket, plan.settings["min_confidence"])
    else:
        pairs = _pairs_of_keys(plan, way, bucket)
    pairs = pairs.append_column("method", pa.array([method] * pairs.num_rows, pa.string()))
    ratio = length_ratios(pairs)
    limit = WIDEST * plan.settings["max_length_ratio"]
    close = (ratio <= limit) & (ratio >= 1 / limit)
    pairs = pairs.append_column("ratio", pa.array(ratio))
    pairs = pairs.append_column("close", pa.array(close))
    write_table(plan.path("matches", part), pairs)
    _ask_for_texts(plan, part, pairs.filter(pa.array(close)))
    _tell_taken(plan, part, pairs.filter(pa.array(close)))
    histograms = {}
    telling = close & ~(pairs.column("confidence").to_numpy() < SURE_CONFIDENCE)
    bins = np.rint(RATIO_STEPS * np.log2(ratio, where=close, out=np.zeros(len(ratio))))
    for number in range(len(plan.settings["pairs"])):
        chosen = telling & (pairs.column("pair").to_numpy() == number)
        values, counts = np.unique(bins[chosen].astype(np.int64), return_counts=True)
        histograms[str(number)] = {str(v): int(c) for v, c in zip(values, counts, strict=True)}
    return {"pairs": pairs.num_rows, "ratios": histograms}


def usual_ratios(histograms: Sequence[dict[str, dict[str, int]]], pairs: int) -> list[float]:
    """Per language pair, the median of right by left characters over all buckets.

    ``PRIOR_PAIRS`` with as many characters on both sides are counted too, so that what is usual is
    not what a few odd pairs are like.

    Args:
        histograms: per bucket {number of the language pair: {bin: pairs}}, see ``match``.
        pairs: how many language pairs there are.
    """
    medians = []
    for number in range(pairs):
        total = Counter({0: PRIOR_PAIRS})
        for histogram in histograms:
            total.update({int(at): count for at, count in histogram[str(number)].items()})
        bins = np.array(sorted(total), np.int64)
        counts = np.cumsum([total[int(at)] for at in bins])
        median = bins[np.searchsorted(counts, counts[-1] / 2)]
        medians.append(float(2.0 ** (median / RATIO_STEPS)))
    return medians


def _pairs_of_keys(plan: Plan, way: int, bucket: int) -> pa.Table:
    """The pairs among the rows of one bucket."""
    rows = read_shuffle(plan.paths(f"keys-{way}", len(plan.partitions)), bucket)
    free = fixed_lists(rows.column("free"))
    rows = rows.drop_columns("free")
    found = []
    for number, members in enumerate(plan.settings["pairs"]):
        mine = rows.filter(pa.array(free[:, number] == 1)).sort_by(
            [("source", "ascending"), ("pair_key", "ascending"), ("declared", "descending"),
             ("id", "ascending")]
        )  # fmt: skip
        found.append(find_pairs(mine, number, *members))
    pairs = pa.concat_tables(found)
    method = pa.scalar(plan.settings["find"][way])
    reason = pc.binary_join_element_wise(method, pairs.column("pair_key"), " ")
    pairs = pairs.append_column("reason", reason.cast(pa.string()))
    nothing = pa.nulls(pairs.num_rows, pa.float32())
    return pairs.append_column("confidence", nothing)


def _tell_taken(plan: Plan, part: int, pairs: pa.Table) -> None:
    """Tell each partition which of its rows have a partner now."""
    nodes = np.concatenate([pairs.column(f"{side}_node").to_numpy() for side in ("left", "right")])
    number = np.tile(pairs.column("pair").to_numpy(), 2)
    write_answers(plan, part, nodes, pa.table({"pair": pa.array(number, pa.int32())}), "taken")


def _ask_for_texts(plan: Plan, part: int, pairs: pa.Table) -> None:
    """One request for each document that a pair needs, sent to its partition."""
    nodes = np.unique(
        np.concatenate([pairs.column(f"{side}_node").to_numpy() for side in ("left", "right")])
    )
    first, count = plan.first_nodes(), len(plan.partitions)
    partition = np.searchsorted(first, nodes, side="right") - 1
    table = pa.table({"node": pa.array(nodes, pa.int64())})
    table = table.append_column("part", pa.array(np.full(len(nodes), part, np.int64)))
    write_shuffle(plan.path("requests", part), table, keys_of_buckets(count)[partition], count)


def _array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    array = column.combine_chunks()
    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array
