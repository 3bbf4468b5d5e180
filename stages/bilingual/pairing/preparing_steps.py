"""The steps before documents are compared: their tokens, and how many documents hold each.

features     per partition   texts -> tokens by segment; in how many documents each occurs
frequencies  per member      the sum over the partitions
spaces       per pair        the space of tokens that look the same in both languages
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.storage import atomic_path
from stages.barrier_files import Plan, live_rows, task_plan
from stages.bilingual.pairing.content_files import (
    FEATURE_SCHEMA,
    feature_batches,
    features_of,
    member_numbers,
    member_of_languages,
    members_of_plan,
    read_counts,
    read_language,
    write_counts,
    write_space,
)
from stages.bilingual.pairing.embedding_files import vector_column
from stages.bilingual.pairing.features import Frequencies, features
from stages.bilingual.pairing.space import identity_space
from stages.shuffle import ipc_writer, open_ipc

MOST_VALUES = 1 << 24
"""Tokens of a language that are counted: beyond, those of one document are forgotten."""
SYLLABIC = ("vi",)
"""Languages whose words are several syllables, with a space between."""
NOTHING = Frequencies(np.zeros(0, np.uint32), np.zeros(0, np.int32))


def read_features(item: dict[str, Any]) -> dict[str, Any]:
    """Tokens of the live documents of one partition, in the languages asked for."""
    plan, index = task_plan(item)
    partition = plan.partitions[index]
    live = live_rows(partition)
    reader = open_ipc(partition.documents)
    start, node = 0, int(plan.first_nodes()[index])
    documents: dict[str, int] = {}
    path = plan.path("features", index)
    with atomic_path(path) as temporary, ipc_writer(temporary, FEATURE_SCHEMA) as writer:
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            table = _features(plan, batch, live[start : start + batch.num_rows], node + start)
            start += batch.num_rows
            writer.write_table(table)
            found, counts = np.unique(table.column("member").to_numpy(), return_counts=True)
            for member, count in zip(found.tolist(), counts.tolist(), strict=True):
                documents[str(member)] = documents.get(str(member), 0) + count
    write_counts(plan.path("counts", index), _counts(plan, index))
    return {"documents": documents}


def _features(plan: Plan, batch: pa.RecordBatch, live: np.ndarray, node: int) -> pa.Table:
    """The features of a batch's documents that may be half of a pair."""
    language = pc.coalesce(batch.column("lang"), batch.column("declared_lang"))
    member = member_of_languages(plan, language)
    rows = np.flatnonzero(live & (member >= 0))
    text = batch.column("text").take(pa.array(rows))
    syllabic = [members_of_plan(plan).index(m) for m in SYLLABIC if m in members_of_plan(plan)]
    found = features(text, np.isin(member[rows], syllabic))
    columns = [pa.array(rows + node, pa.int64()), pa.array(member[rows]), *found.columns()]
    columns.append(vector_column(plan.settings["embedding"], text))
    return pa.Table.from_arrays(columns, schema=FEATURE_SCHEMA)


def _counts(plan: Plan, index: int) -> list[Frequencies]:
    """Of each member tokens, then lines, in one partition."""
    count = len(members_of_plan(plan))
    result = [NOTHING] * (2 * count)
    for table in feature_batches(plan, index):
        member = table.column("member").to_numpy()
        found = features_of(table)
        for number in np.unique(member).tolist():
            mine = member == number
            for kind, (values, offsets) in enumerate(
                ((found.tokens, found.token_offsets), (found.lines, found.segment_offsets))
            ):
                more = Frequencies.of_documents(values, offsets, mine)
                at = 2 * number + kind
                result[at] = result[at].merged(more, MOST_VALUES)
    return result


def sum_counts(item: dict[str, Any]) -> dict[str, Any]:
    """Add up the counts of one member over all partitions."""
    plan, index = task_plan(item)
    sums = []
    for kind in (0, 1):
        total = NOTHING
        for path in plan.paths("counts", len(plan.partitions)):
            total = total.merged(read_counts(path, 2 * index + kind), MOST_VALUES)
        sums.append(total.repeated() if kind else total)
    write_counts(plan.path("frequencies", index), sums)
    return {"tokens": len(sums[0].values), "lines": len(sums[1].values)}


def first_space(item: dict[str, Any]) -> dict[str, Any]:
    """The space of one pair of languages before anything is learned.

    Args:
        item: also ``documents``, of each member.
    """
    plan, index = task_plan(item)
    languages = [
        read_language(plan.path("frequencies", member), item["documents"][member])[0]
        for member in member_numbers(plan)[index].tolist()
    ]
    space = identity_space(languages[0], languages[1])
    write_space(plan, 0, index, space)
    return {"entries": len(space.weights)}
