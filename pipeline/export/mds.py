"""MosaicML's streaming format, written by its own library: a sample is a row.

Columns: ``tokens`` (as in the shards), ``component`` (its name), ``document_starts`` (where a
document, its continuation or padding begins) and ``padding`` (how many tokens of it, at the end).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from formats.shards import TokenShards
from formats.storage import is_local
from formats.tokens import component_folder
from pipeline.export.rows import RowBatch


def export_mds(
    shards: TokenShards, phase: str, batches: Iterator[RowBatch], folder: str, sequences: str
) -> list[str]:
    """Write the folder ``<phase>``, which appears when it is whole.

    Raises:
        ValueError: the library is not installed, the folder is there already or no local path, or
            ``documents`` are asked for.
    """
    if sequences != "rows":
        raise ValueError("the samples of mds are rows: leave out --sequences documents")
    if not is_local(folder):
        raise ValueError(f"{folder}: mds is written to a local folder")
    try:
        from streaming import MDSWriter
    except ImportError as error:
        raise ValueError(
            f"--to mds needs MosaicML's library: pip install mosaicml-streaming ({error})"
        ) from error
    target = f"{folder}/{component_folder(phase)}"
    if os.path.exists(target):
        raise ValueError(f"{target} is there already: remove it, or export to another folder")
    names = [component.name for component in shards.manifest.phase(phase).components]
    columns = {
        "tokens": f"ndarray:{shards.dtype.name}:{shards.sequence_length}",
        "component": "str",
        "document_starts": "ndarray:int32",
        "padding": "int",
    }
    temporary = f"{target}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with MDSWriter(out=temporary, columns=columns) as writer:
            for batch in batches:
                for sample in _samples(batch, names):
                    writer.write(sample)
        os.replace(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return sorted(str(path) for path in Path(target).iterdir())


def _samples(batch: RowBatch, names: list[str]) -> Iterator[dict[str, object]]:
    """A sample a row: the library takes no more at a time."""
    for row in range(len(batch.tokens)):
        own = slice(batch.row_offsets[row], batch.row_offsets[row + 1])
        yield {
            "tokens": batch.tokens[row],
            "component": names[batch.component[row]],
            "document_starts": batch.starts[own].astype(np.int32),
            "padding": int(batch.lengths[own][batch.is_padding[own]].sum()),
        }
