"""What phases may take of tokenized components, counted without packing them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from formats.tokens import TokensReader
from stages.mixture.options import PhaseOptions
from stages.mixture.rehydration import repetitions_in, table_of
from stages.mixture.shortage import Supply
from stages.selectors import matches


def count_supplies(
    tokens_folder: str,
    files: Mapping[str, Sequence[str]],
    phases: Sequence[PhaseOptions],
    sequence_length: int,
) -> list[dict[str, Supply]]:
    """Count documents and tokens of every component for every phase.

    Rows are tokens by row length: packing adds about a thousandth of padding.

    Args:
        tokens_folder: what the files are relative to.
        files: component -> its files of tokens.
        phases: with their whole selection (``planned.phases_of``).
        sequence_length: tokens in a row.
    """
    supplies: list[dict[str, Supply]] = [{} for _ in phases]
    for component, names in files.items():
        documents = np.zeros(len(phases), np.int64)
        tokens = np.zeros(len(phases), np.int64)
        times: list[Counter[int]] = [Counter() for _ in phases]
        for name in names:
            reader = TokensReader(f"{tokens_folder}/{name}")
            for batch in reader.batches():
                columns = batch.table.select(reader.selectors)
                lengths = np.diff(batch.offsets)
                for number, phase in enumerate(phases):
                    taken = matches(columns, phase.where) & (lengths > 0)
                    often = taken * repetitions_in(columns, table_of(phase, component))
                    documents[number] += np.count_nonzero(taken)
                    tokens[number] += int((often * lengths).sum())
                    values, counts = np.unique(often[taken], return_counts=True)
                    times[number].update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        for number, phase in enumerate(phases):
            count = int(tokens[number])
            repeated = dict(sorted(times[number].items())) if table_of(phase, component) else {}
            rows = -(-count // sequence_length)
            supplies[number][component] = Supply(rows, count, int(documents[number]), repeated)
    return supplies
