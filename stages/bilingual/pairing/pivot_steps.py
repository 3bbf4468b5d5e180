"""Documents without a translation in the hub's language, brought together through its words.

    pivot    per partition    heaviest words of the hub that a document translates to -> buckets
    meet     per bucket       documents of two languages that share such a word -> those that seek
    seek     per bucket       the nearest few of a document over all languages -> right documents
    offer    per bucket       those, and what links compose; asks for their features

A document that met none in the hub's language **seeks**: among all others, since what it translates
may have met one. It is looked up once, in the lexicon of its language with the hub, and meets all
languages there: the cost grows with the documents, where a search for every two languages would
cost each document once for each language.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan, task_plan, write_table
from stages.bilingual.pairing.candidates import SUMMED, columns_of, joined, summed
from stages.bilingual.pairing.choosing import top_of
from stages.bilingual.pairing.comparing_steps import (
    ask_for_features,
    content_buckets,
    heaviest_entries,
    round_step,
    spread,
)
from stages.bilingual.pairing.content_files import (
    feature_batches,
    features_of,
    member_numbers,
    read_language,
    read_space,
)
from stages.bilingual.pairing.link_steps import pair_numbers, without_partner
from stages.bilingual.pairing.pivot import pivot_space
from stages.shuffle import read_shuffle, write_shuffle

MOST_PRODUCTS = 100_000
"""Pairs of documents of one word, over all languages."""
CANDIDATES = 12
"""Of a document that seeks, over all languages."""

POSTING_SCHEMA = pa.schema(
    [("entry", pa.int64()), ("member", pa.int64()), ("node", pa.int64()), ("value", pa.float32()),
     ("met", pa.uint8())]
)  # fmt: skip


def write_pivot(item: dict[str, Any]) -> dict[str, Any]:
    """Send the heaviest words of one partition's documents to the buckets of the words.

    Args:
        item: also ``documents`` of each member, ``files`` of links, and ``round``.
    """
    plan, index = task_plan(item)
    met = read_shuffle(plan.paths("met", item["files"]), index).column("row").to_numpy()
    met = met + plan.first_nodes()[index]
    parts = [POSTING_SCHEMA.empty_table()]
    for member, (pair, hub) in legs(plan).items():
        space = pivot_space(read_space(plan.folder, item["round"] - 1, pair), hub == 0)
        lines = read_language(plan.path("frequencies", member), item["documents"][member])[1]
        for table in feature_batches(plan, index):
            node = table.column("node").to_numpy()
            wanted = table.column("member").to_numpy() == member
            chosen = table.filter(pa.array(wanted))
            if chosen.num_rows and len(space.weights):
                vectors = space.vectors(space.side(features_of(chosen), True, lines), True)
                rows = heaviest_entries(vectors, node[wanted], pair, True)
                hub_member = int(member_numbers(plan)[pair, hub])
                parts.append(_postings(rows, space.left.tokens, member, hub_member, met))
    table = pa.concat_tables(parts)
    path = plan.path("pivot", index)
    write_shuffle(path, table, spread(table.column("entry").to_numpy()), content_buckets(plan))
    return {"postings": table.num_rows}


def legs(plan: Plan) -> dict[int, tuple[int, int]]:
    """By member, the pair that leads to its hub, and the hub's side there (0: left)."""
    members, found = member_numbers(plan), {}
    for pair, route in enumerate(plan.settings["routes"]):
        for member, leg in zip(members[pair].tolist(), route or (), strict=bool(route)):
            found[member] = (leg, int(members[leg, 0] == member))
    return dict(sorted(found.items()))


def _postings(
    rows: pa.Table, words: np.ndarray, member: int, hub: int, met: np.ndarray
) -> pa.Table:
    """The heaviest entries as words of the hub's language; those of two hubs never meet."""
    word = words[rows.column("entry").to_numpy()].astype(np.int64)
    columns = [pa.array(word | hub << 32), pa.array(np.full(len(word), member, np.int64)),
               rows.column("node"), rows.column("value"),
               pa.array(np.isin(rows.column("node").to_numpy(), met), pa.uint8())]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=POSTING_SCHEMA)


def meet(item: dict[str, Any]) -> dict[str, Any]:
    """Bring together the documents of different languages that share the words of one bucket."""
    from stages.bilingual.pairing.pivot_kernels import count_products, join_languages

    plan, index = task_plan(item)
    rows = read_shuffle(plan.paths("pivot", len(plan.partitions)), index)
    order = np.lexsort([rows.column(c).to_numpy() for c in ("node", "member", "entry")])
    entry, member, node, value, met = (rows.column(c).to_numpy()[order] for c in rows.column_names)
    begins = np.flatnonzero(np.concatenate([[True], entry[1:] != entry[:-1]])[: len(entry)])
    products = np.empty(len(begins), np.int64)
    begins = np.append(begins, len(entry))
    numbers = pair_numbers(plan)[0].ravel()
    count_products(begins, member, met, numbers, MOST_PRODUCTS, products)
    room = int(products.sum())
    pairs, lefts, rights = np.empty((3, room), np.int64)
    weights = np.empty(room, np.float32)
    join_languages(
        begins, member, met, node, value, numbers, member_numbers(plan)[:, 0].copy(), products,
        pairs, lefts, rights, weights,
    )  # fmt: skip
    table = summed(_met(pairs, lefts, rights, weights))
    seekers = np.setdiff1d(node[met == 0], node[met == 1])
    right = table.column("right").to_numpy()
    seeker = np.where(np.isin(right, seekers), right, table.column("left").to_numpy())
    table = table.append_column("seeker", pa.array(seeker, pa.int64()))
    write_shuffle(plan.path("meetings", index), table, spread(seeker), content_buckets(plan))
    return {"candidates": table.num_rows}


def _met(pair: np.ndarray, left: np.ndarray, right: np.ndarray, value: np.ndarray) -> pa.Table:
    """Pairs of documents as ``SUMMED``."""
    columns = zip((pair, left, right, value.astype(np.float64)), SUMMED, strict=True)
    return pa.Table.from_arrays([pa.array(c, f.type) for c, f in columns], schema=SUMMED)


def seek(item: dict[str, Any]) -> dict[str, Any]:
    """Choose the nearest of the documents of one bucket that seek."""
    plan, index = task_plan(item)
    buckets = content_buckets(plan)
    rows = read_shuffle(plan.paths("meetings", buckets), index)
    met = summed(rows)
    _, left, right, value = columns_of(met)
    seeks = np.isin(right, rows.column("seeker").to_numpy())
    seeker, sought = np.where(seeks, right, left), np.where(seeks, left, right)
    met = met.filter(pa.array(top_of((seeker,), value, sought, CANDIDATES)))
    keys = spread(met.column("right").to_numpy())
    write_shuffle(plan.path("sought", index), met, keys, buckets)
    return {"candidates": met.num_rows}


def offer(item: dict[str, Any]) -> dict[str, Any]:
    """Choose what the documents of one bucket are compared with, as ``retrieve`` does.

    Args:
        item: also ``files`` of links, and ``round``.
    """
    plan, index = task_plan(item)
    number, buckets = item["round"], content_buckets(plan)
    names = ["pair", "left", "right"]
    sought = read_shuffle(plan.paths("sought", buckets), index).select(names)
    offered = read_shuffle(plan.paths("offered", buckets), index).select(names)
    rows = pa.concat_tables([sought, offered.cast(sought.schema)])
    rows = without_partner(plan, item["files"], index, rows.combine_chunks(), "right")
    pair, left, right = (rows.column(name).to_numpy() for name in names)
    rows = joined(_met(pair, left, right, np.zeros(len(pair))), SUMMED.empty_table())
    write_table(plan.path(round_step("retrieved", number), index), rows)
    ask_for_features(plan, number, index, rows)
    return {"candidates": rows.num_rows}
