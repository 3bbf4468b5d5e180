"""What is said of a document: why it goes, for whom, in which cluster; and for whom in an index."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan
from stages.base import DROP_REASON
from stages.shuffle import open_ipc

ANSWER_SCHEMA = pa.schema(
    [
        pa.field(DROP_REASON, pa.string()),
        pa.field("duplicate_of", pa.string()),
        pa.field("cluster_id", pa.string()),
        pa.field("cluster_size", pa.int64()),
    ]
)


def reasons_for(similarities: np.ndarray, threshold: float) -> pa.Array:
    """``"minhash_duplicate: 0.87 vs 0.80"``, string [n]."""
    wording = [f"minhash_duplicate: {i / 100:.2f} vs {threshold:.2f}" for i in range(101)]
    return pa.array(wording).take(pa.array(np.rint(similarities * 100).astype(np.int64)))


class Outside(NamedTuple):
    """Documents of a run that go for one of the index."""

    places: np.ndarray
    """int64 [n]: which of the nodes asked for."""
    similarities: np.ndarray
    """float64 [n]"""
    ids: pa.Array
    """string [n]: the documents of the index."""

    def ids_of(self, places: np.ndarray) -> pa.Array:
        """string: for each of these nodes the document it goes for, or null."""
        found = np.searchsorted(self.places, places)
        found[found == len(self.places)] = 0
        has = self.places[found] == places if len(self.places) else np.zeros(len(places), np.bool_)
        return self.ids.take(pa.array(found, mask=~has))


def indexed_rows(plan: Plan, nodes: np.ndarray) -> Outside:
    """Which of some nodes (int64, ascending) go for a document of the index."""
    schema = pa.schema([("place", pa.int64()), ("similarity", pa.float64()), ("id", pa.string())])
    found = [schema.empty_table()]
    first = plan.first_nodes()
    borders = np.searchsorted(nodes, first)
    for i in range(len(plan.partitions) if plan.settings["index"] else 0):
        if borders[i] == borders[i + 1]:
            continue
        table = open_ipc(plan.path("indexed", i)).read_all()
        asked = nodes[borders[i] : borders[i + 1]] - first[i]
        place = np.searchsorted(asked, table.column("row").to_numpy())
        place[place == len(asked)] = 0
        has = asked[place] == table.column("row").to_numpy()
        table = table.set_column(0, "place", pa.array(place + borders[i])).filter(pa.array(has))
        found.append(table)
    columns = pa.concat_tables(found)
    return Outside(
        columns.column("place").to_numpy(),
        columns.column("similarity").to_numpy(),
        columns.column("id").combine_chunks(),
    )


def indexed_annotations(plan: Plan, index: int, said: pa.Table) -> list[pa.Table]:
    """What is said of rows of a partition that go for the index and are in no component."""
    if not plan.settings["index"]:
        return []
    table = open_ipc(plan.path("indexed", index)).read_all()
    new = ~np.isin(table.column("row").to_numpy(), said.column("row").to_numpy())
    table = table.filter(pa.array(new))
    similarity = table.column("similarity").to_numpy()
    answer = {
        "row": table.column("row"),
        DROP_REASON: reasons_for(similarity, plan.settings["threshold"]),
        "duplicate_of": table.column("id"),
        "cluster_id": table.column("id"),
        "cluster_size": pa.nulls(table.num_rows, pa.int64()),
    }
    return [pa.table(answer, schema=said.schema)]
