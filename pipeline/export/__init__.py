"""Shards as other trainers read them: rows in training order, streamed, each file whole or absent.

    megatron    <phase>.bin, <phase>.idx                Megatron-LM's indexed dataset
    nanotron    <phase>/tokens.ds and its index         flat tokens (``np.memmap``)
    mds         <phase>/index.json, shard.*.mds         MosaicML streaming, by its own writer
    moses, tmx  a pair of text files, a TMX file        sentence pairs, no shards: see ``bitext``

Another trainer may shuffle; only without does it see the order that the mixture promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from formats.manifest import MANIFEST
from formats.run_folder import RunFolder
from formats.shards import TokenShards
from formats.storage import file_size
from pipeline.export.bitext import FORMATS, export_bitext
from pipeline.export.mds import export_mds
from pipeline.export.megatron import export_megatron
from pipeline.export.nanotron import export_nanotron
from pipeline.export.rows import RowBatch, row_batches

Sequences = Literal["rows", "documents"]


class Exporter(Protocol):
    """Writes one phase and returns the files."""

    def __call__(
        self,
        shards: TokenShards,
        phase: str,
        batches: Iterator[RowBatch],
        folder: str,
        sequences: Sequences,
    ) -> list[str]:
        """Write the phase's batches into the folder."""


EXPORTERS: dict[str, Exporter] = {
    "megatron": export_megatron,
    "nanotron": export_nanotron,
    "mds": export_mds,
}


def export(
    path: str,
    to: str,
    folder: str,
    sequences: Sequences,
    step: Callable[[str, int], AbstractContextManager[None]],
    part_done: Callable[[], None],
) -> list[str]:
    """Write a run's shards, or a folder of shards, in another trainer's format.

    Args:
        path: a run folder, or a folder with a manifest.json.
        to: one of ``EXPORTERS``, or of ``bitext.FORMATS`` (a run's sentence pairs).
        folder: where the files go.
        sequences: ``rows``: a training row, padding included, is one sequence; ``documents``:
            every stretch of a document is one, without the padding, for a trainer that packs.
        step: shows a step of so many parts.
        part_done: called after each batch of rows.

    Returns:
        The files.

    Raises:
        FileNotFoundError: there are no shards, or they were not finished.
        ValueError: the format has no such sequences, or its library is not installed.
    """
    if to in FORMATS:
        return export_bitext(RunFolder(path), to, folder, step, part_done)
    alone = file_size(f"{path}/{MANIFEST}") is not None
    shards = TokenShards(path if alone else RunFolder(path).shards_path)
    written = []
    for phase in shards.manifest.every_phase:
        batches, count = row_batches(shards, phase.name, part_done)
        with step(f"export {phase.name}", count):
            written += EXPORTERS[to](shards, phase.name, batches, folder.rstrip("/"), sequences)
    return written
