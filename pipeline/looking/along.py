"""What the shards hold along a phase: how the mixture was really laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from formats.shards import TokenShards

MOST_ROWS_READ = 1 << 20
"""Of a phase; beyond that the counts before each file, which the manifest holds, must do."""


def component_counts(shards: TokenShards, phase: str | None = None, points: int = 100) -> pa.Table:
    """Rows of each component in pieces of a phase, and what its share asks for.

    Args:
        shards: the training rows.
        phase: its name; None: the first.
        points: into how many pieces the phase is cut at most.

    Returns:
        position (end of the piece, 0 to 1), component, rows, share (of the piece's rows), wanted
        (the share there).
    """
    found = shards.manifest.phase(phase or shards.manifest.phases[0].name)
    names = [component.name for component in found.components]
    ends, before = _counts(shards, found.name, len(names), points)
    rows = np.diff(before, axis=0, prepend=0)
    sizes = np.diff(ends, prepend=0)
    middles = (ends - sizes / 2) / found.rows
    wanted = np.stack(
        [np.interp(middles, *np.transpose(component.share)) for component in found.components],
        axis=1,
    )
    pieces = len(ends)
    return pa.table(
        {
            "position": np.repeat(ends / found.rows, len(names)),
            "component": pa.array(names * pieces),
            "rows": rows.reshape(-1),
            "share": (rows / sizes[:, None]).reshape(-1),
            "wanted": wanted.reshape(-1),
        }
    )


def _counts(
    shards: TokenShards, phase: str, components: int, points: int
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of pieces [n], and the rows of each component up to there [n, components]."""
    found = shards.manifest.phase(phase)
    if found.rows > MOST_ROWS_READ:
        ends = np.cumsum([file.rows for file in found.files])
        later = [file.component_counts_before for file in found.files[1:]]
        return ends, np.array([*later, [c.rows for c in found.components]])
    ends = np.unique(np.linspace(0, found.rows, min(points, found.rows) + 1).astype(np.int64))[1:]
    counts = np.zeros((len(ends), components), np.int64)
    start = 0
    for number, end in enumerate(ends.tolist()):
        rows = shards.read(phase, start, end - start)["component"]
        counts[number] = np.bincount(rows, minlength=components)
        start = end
    return ends, np.cumsum(counts, axis=0)
