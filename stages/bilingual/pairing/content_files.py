"""Where the steps of pairing by content keep what they share, and how it is read.

features-DDDDD   per partition   tokens of its documents, a batch for each batch of documents
counts-DDDDD     per partition   batch 2m: in how many documents of member m a token occurs,
2m + 1: in how many a line does
frequencies/m    per member      the sum of those
space-R/p        per pair        entries and translations of round R
rounds.json      one             how many rounds there were
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.barrier_files import Plan, write_table
from stages.bilingual.pairing.features import FEATURE_FIELDS, Features, Frequencies
from stages.bilingual.pairing.space import Language, Space
from stages.shuffle import ipc_writer, open_ipc

FEATURE_SCHEMA = pa.schema(
    [pa.field("node", pa.int64()), pa.field("member", pa.int16()), *FEATURE_FIELDS,
     pa.field("vector", pa.large_list(pa.int16()))]
)  # fmt: skip


def members_of_plan(plan: Plan) -> list[str]:
    """The languages that the pairs name, each once, in the order of their names."""
    return sorted({member for pair in plan.settings["pairs"] for member in pair})


def member_numbers(plan: Plan) -> np.ndarray:
    """int64 [pairs, 2]: the numbers of the members of each pair."""
    members = members_of_plan(plan)
    return np.array([[members.index(m) for m in pair] for pair in plan.settings["pairs"]], np.int64)


def member_of_languages(plan: Plan, languages: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """int16 [rows]: which member each language is (zh-Hans: zh), -1 where none."""
    result = np.full(len(languages), -1, np.int16)
    for number, member in enumerate(members_of_plan(plan)):
        mine = pc.or_(pc.equal(languages, member), pc.starts_with(languages, f"{member}-"))
        result[pc.fill_null(mine, False).to_numpy(zero_copy_only=False).astype(bool)] = number
    return result


def feature_batches(plan: Plan, index: int) -> Iterator[pa.Table]:
    """The features of a partition, batch by batch; mapped, not read."""
    reader = open_ipc(plan.path("features", index))
    for number in range(reader.num_record_batches):
        yield pa.Table.from_batches([reader.get_batch(number)])


def features_of_nodes(plan: Plan, nodes: np.ndarray) -> pa.Table:
    """The features of some documents (int64, ascending) of the whole corpus."""
    first = plan.first_nodes()
    borders = np.searchsorted(nodes, first)
    parts = [FEATURE_SCHEMA.empty_table()]
    for index in range(len(plan.partitions)):
        wanted = nodes[borders[index] : borders[index + 1]]
        if len(wanted):
            parts.extend(chosen_features(plan, index, wanted))
    return pa.concat_tables(parts).combine_chunks()


def chosen_features(plan: Plan, index: int, nodes: np.ndarray) -> Iterator[pa.Table]:
    """The features of some of a partition's documents (int64, ascending), by batch."""
    for table in feature_batches(plan, index):
        held = table.column("node").to_numpy()
        at = np.searchsorted(held, nodes)
        hit = at < len(held)
        hit[hit] = held[at[hit]] == nodes[hit]
        if hit.any():
            yield table.take(pa.array(at[hit]))


def write_counts(path: str, counts: list[Frequencies]) -> None:
    """Counts as one file, a batch each."""
    from formats.storage import atomic_path

    schema = pa.schema([pa.field("value", pa.uint32()), pa.field("count", pa.int32())])
    with atomic_path(path) as temporary, ipc_writer(temporary, schema) as writer:
        for one in counts:
            columns = [pa.array(one.values), pa.array(one.counts, pa.int32())]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def read_counts(path: str, number: int) -> Frequencies:
    """One batch of what ``write_counts`` wrote."""
    batch = open_ipc(path).get_batch(number)
    return Frequencies(batch.column("value").to_numpy(), batch.column("count").to_numpy())


def read_language(path: str, documents: int) -> tuple[Language, Frequencies]:
    """What is counted of a language's documents: tokens, and lines that several have."""
    return Language(documents, read_counts(path, 0)), read_counts(path, 1)


def write_space(plan: Plan, number: int, pair: int, space: Space) -> None:
    """Keep the space of a pair of languages, as found in a round."""
    for name, table in space.tables().items():
        write_table(f"{plan.folder}/space-{number}/{name}-{pair:05d}.arrow", table)


def read_space(folder: str, number: int, pair: int) -> Space:
    """What ``write_space`` wrote."""
    left, right = (
        open_ipc(f"{folder}/space-{number}/{name}-{pair:05d}.arrow").read_all()
        for name in ("left", "right")
    )
    return Space.of_tables(left, right)


def write_rounds(plan: Plan, rounds: int) -> None:
    """Keep how many rounds there were."""
    from formats.storage import atomic_path, filesystem

    with atomic_path(f"{plan.folder}/rounds.json") as temporary:
        files, inner = filesystem(temporary)
        files.pipe_file(inner, json.dumps(rounds).encode())


def read_rounds(plan: Plan) -> int:
    """What ``write_rounds`` wrote."""
    from formats.storage import open_input

    with open_input(f"{plan.folder}/rounds.json") as file:
        return int(json.loads(file.read()))


def features_of(table: pa.Table) -> Features:
    """The features in a table."""
    return Features.of_table(table)
