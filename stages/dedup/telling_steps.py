"""What near-duplicate removal says in the end: of every row, and of the whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.storage import open_input, write_text
from stages.barrier_files import ANSWERS, Plan, live_rows, task_plan, write_table
from stages.base import DROP_REASON
from stages.dedup.answers import ANSWER_SCHEMA, indexed_annotations, reasons_for
from stages.shuffle import open_ipc, read_shuffle

Results = Sequence[dict[str, Any]]

LARGEST_TOLD = 20
"""Clusters that are named in the summary."""
SMALL_SOURCE = 100
"""Sources of fewer documents raise no alarm: a few copies are a large share of them."""
CLUSTER_SHARE = 0.1
"""One cluster raises an alarm at this part of the share at which a source does."""


def annotate(item: dict[str, Any]) -> dict[str, Any]:
    """Write what is said of one partition's rows; count documents and losses by source."""
    plan, index = task_plan(item)
    said = ANSWER_SCHEMA.insert(0, pa.field("row", pa.int64())).empty_table()
    batches = sum(item["batches"])
    if batches:
        said = read_shuffle(plan.paths(ANSWERS, batches), index)
    said = pa.concat_tables([said, *indexed_annotations(plan, index, said)]).sort_by("row")
    followers = open_ipc(plan.path("followers", index)).read_all()
    said = pa.concat_tables([*_with_followers(plan, index, said, followers)]).sort_by("row")
    field = pa.field("row", pa.int64(), nullable=False)
    said = said.cast(said.schema.set(0, field))
    write_table(plan.path("annotations", index), said)
    counts = _sources(plan, index, said)
    return {"rows": said.num_rows, "sources": counts, "largest": _largest(said)}


def _largest(said: pa.Table) -> list[list[Any]]:
    """The largest clusters whose kept document is in this partition: [id, size]."""
    kept = said.filter(pc.is_null(said.column(DROP_REASON)))
    order = [("cluster_size", "descending"), ("cluster_id", "ascending")]
    kept = kept.sort_by(order).slice(0, LARGEST_TOLD)
    columns = (kept.column(name).to_pylist() for name in ("cluster_id", "cluster_size"))
    return [list(entry) for entry in zip(*columns, strict=True)]


def _with_followers(plan: Plan, index: int, said: pa.Table, followers: pa.Table) -> list[pa.Table]:
    """What is said of a partition's rows, and what follows from it for copies inside it."""
    rows, of = (followers.column(name).to_numpy() for name in ("row", "representative"))
    if len(rows) == 0:
        return [said]
    ids = _ids_of(plan, index, of)
    place = np.searchsorted(said.column("row").to_numpy(), of)
    place[place == said.num_rows] = 0
    known = said.column("row").to_numpy()[place] == of if said.num_rows else np.zeros(len(of), bool)
    told = said.take(pa.array(place, mask=~known))
    same = reasons_for(np.ones(len(of)), plan.settings["threshold"])
    goes = pc.is_valid(told.column(DROP_REASON))
    sizes = 1 + np.bincount(of)[of]
    copies = pa.table(
        {
            "row": pa.array(rows),
            DROP_REASON: pc.if_else(goes, told.column(DROP_REASON), same),
            "duplicate_of": pc.if_else(goes, told.column("duplicate_of"), ids),
            "cluster_id": pc.coalesce(told.column("cluster_id"), ids),
            "cluster_size": pc.if_else(
                pa.array(known), told.column("cluster_size"), pa.array(sizes, pa.int64())
            ),
        }
    )
    alone, first = np.unique(of[~known], return_index=True)
    heads = pa.table(
        {
            "row": pa.array(alone),
            DROP_REASON: pa.nulls(len(alone), pa.string()),
            "duplicate_of": pa.nulls(len(alone), pa.string()),
            "cluster_id": ids.take(pa.array(np.flatnonzero(~known)[first])),
            "cluster_size": pa.array(sizes[~known][first], pa.int64()),
        }
    )
    return [said, copies.cast(said.schema), heads.cast(said.schema)]


def _ids_of(plan: Plan, index: int, rows: np.ndarray) -> pa.Array:
    """Ids of some rows of a partition, in any order, string [rows]."""
    reader = open_ipc(plan.partitions[index].keys)
    ids = [reader.get_batch(i).column("id") for i in range(reader.num_record_batches)]
    return pa.chunked_array(ids).take(pa.array(rows)).combine_chunks()


def _sources(plan: Plan, index: int, said: pa.Table) -> dict[str, list[int]]:
    """Source -> [documents that came here, documents removed]."""
    partition = plan.partitions[index]
    reader = open_ipc(partition.keys)
    names = [reader.get_batch(i).column("source") for i in range(reader.num_record_batches)]
    if not names:
        return {}
    names = pc.fill_null(pa.chunked_array(names), "").combine_chunks()
    gone = np.zeros(partition.rows, np.bool_)
    gone[said.filter(pc.is_valid(said.column(DROP_REASON))).column("row").to_numpy()] = True
    live = live_rows(partition)
    counted = {}
    for name in pc.unique(names).to_pylist():
        of_source = pc.equal(names, name).to_numpy(zero_copy_only=False)
        counted[name] = [int((live & of_source).sum()), int((gone & of_source).sum())]
    return counted


def write_facts(
    plan: Plan,
    scheme: dict[str, Any],
    pairs: Results,
    found: Results,
    said: Results,
) -> None:
    """Write ``facts.json``: the results of all tasks, put together."""
    documents: Counter[str] = Counter()
    removed: Counter[str] = Counter()
    for result in said:
        for source, (came, went) in result["sources"].items():
            documents[source] += came
            removed[source] += went
    largest = [entry for result in said for entry in result["largest"]]
    largest.sort(key=lambda entry: (-entry[1], entry[0]))
    facts = {
        **scheme,
        "pairs": sum(result["pairs"] for result in pairs),
        "largest_key": max((result["largest_key"] for result in pairs), default=0),
        "components": sum(result["components"] for result in found),
        "largest_component": max((result["largest"] for result in found), default=0),
        "largest_clusters": largest[:LARGEST_TOLD],
        "sources": {name: [documents[name], removed[name]] for name in sorted(documents)},
    }
    facts["alarms"] = alarms(facts, plan.settings["alarm_share"])
    write_text(f"{plan.folder}/facts.json", json.dumps(facts, ensure_ascii=False, indent=1))


def alarms(facts: dict[str, Any], share: float) -> list[str]:
    """Sentences on sources that lose more than their share, and on clusters that take it."""
    told = []
    for source, (documents, removed) in facts["sources"].items():
        if documents >= SMALL_SOURCE and removed > share * documents:
            told.append(
                f"near-duplicates: the source {source!r} loses {removed:,} of {documents:,} "
                f"documents ({removed / documents:.0%}, more than {share:.0%}): "
                "look at its clusters"
            )
    everything = sum(documents for documents, _ in facts["sources"].values())
    for cluster, size in facts["largest_clusters"]:
        if everything >= SMALL_SOURCE and size - 1 > CLUSTER_SHARE * share * everything:
            told.append(
                f"near-duplicates: the cluster of {cluster} takes {size - 1:,} of {everything:,} "
                f"documents ({(size - 1) / everything:.0%}): look at it"
            )
    return told


def read_facts(folder: str) -> dict[str, Any]:
    """What ``write_facts`` wrote; nothing where there was no partition."""
    try:
        with open_input(f"{folder}/facts.json") as stream:
            facts: dict[str, Any] = json.loads(stream.read())
    except FileNotFoundError:
        return {}
    return facts
