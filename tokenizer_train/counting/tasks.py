"""What an engine runs to count: measure files, count files, combine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.pretokenizers.scanner import Scanner
from formats.quarantine import Quarantine
from tokenizer_train import progress
from tokenizer_train.counting.counts_file import CountsInfo, Group, write_counts
from tokenizer_train.counting.table import PieceTable, Run
from tokenizer_train.documents import DocumentFile, Documents
from tokenizer_train.sample import Supply, choose, measure_batch, text_lengths

STORED_BYTES_PER_TASK = 32 << 20
"""Compressed; about 150 MB of text, counted in a few seconds."""
PIECE_TEXT_BYTES = 8 << 20
"""Text that is cut at once: its cuts take up to eight times its size."""


def group_files(documents: Documents) -> list[list[dict[str, Any]]]:
    """Files that one task reads, in their order."""
    tasks: list[list[dict[str, Any]]] = []
    stored = 0
    for file in documents:
        if not tasks or stored + file.stored_bytes > STORED_BYTES_PER_TASK:
            tasks.append([])
            stored = 0
        tasks[-1].append(file.as_item())
        stored += file.stored_bytes
    return tasks


def measure_files(item: dict[str, Any]) -> dict[str, Any]:
    """What there is of each language: an engine's task.

    Args:
        item: ``files``, ``seed``, ``on_error``.

    Returns:
        ``supplies``: language -> ``Supply.as_item``.
    """
    supplies: dict[str, Supply] = {}
    for batch in _batches(item, Quarantine(on_error=item["on_error"])):
        measure_batch(batch, item["seed"], supplies)
    return {"supplies": {name: supplies[name].as_item() for name in sorted(supplies)}}


def count_files(item: dict[str, Any]) -> dict[str, Any]:
    """Count the pieces of some files: an engine's task.

    Args:
        item: ``files``; ``seed``; ``on_error``; ``plan``: ``sample.plan_sample`` or None;
            ``splits``: how text is cut; ``special``: tokens that are taken out; ``memory_bytes``;
            ``out``: the beginning of the runs' names.

    Returns:
        ``runs``: their paths; ``unreadable``: bad records by kind.
    """
    tally = _Tally(item["special"])
    writer = _RunWriter(item["out"], lambda: tally.info(item["splits"]))
    table = PieceTable(Scanner(tuple(item["splits"])), item["memory_bytes"], writer)
    quarantine = Quarantine(on_error=item["on_error"])
    for batch in _batches(item, quarantine):
        for texts, groups in tally.take(batch, item["seed"], item["plan"]):
            table.add(texts, groups)
    table.flush()
    writer.finish()
    return {"runs": writer.paths, "unreadable": quarantine.counts()}


def _batches(item: dict[str, Any], quarantine: Quarantine) -> Iterator[pa.RecordBatch]:
    files = [DocumentFile(**file) for file in item["files"]]
    total = sum(file.stored_bytes for file in files) or 1
    done = 0
    for file in files:
        yield from file.batches(quarantine)
        done += file.stored_bytes
        progress.report(done / total)


class _RunWriter:
    """Writes runs under numbered names.

    A run's metadata tells the documents that came since the run before, so that all runs together
    tell each document once. What came without a piece to count, or no run at all, goes with an
    empty one.
    """

    def __init__(self, out: str, take_info: Callable[[], CountsInfo]) -> None:
        self.paths: list[str] = []
        self._out = out
        self._take_info = take_info

    def __call__(self, run: Run) -> None:
        path = f"{self._out}-{len(self.paths):03d}.arrow"
        write_counts(path, run, self._take_info())
        self.paths.append(path)

    def finish(self) -> None:
        self(iter(()))


class _Tally:
    """Numbers of the groups, and what was read of each since it was last told."""

    def __init__(self, special: Sequence[str]) -> None:
        self._special = special
        self._numbers: dict[tuple[str, bool], int] = {}
        self._read: dict[tuple[str, bool], list[int]] = {}
        self._unread: dict[str, int] = {}
        self._found: dict[str, int] = {}

    def take(
        self, batch: pa.RecordBatch, seed: int, plan: dict[str, int] | None
    ) -> Iterator[tuple[pa.Array, np.ndarray]]:
        """Texts to count and their groups, in parts of bounded size."""
        learned, held_out, languages = choose(batch, seed, plan)
        lengths = text_lengths(batch)
        codes = languages.indices.to_numpy(zero_copy_only=False)
        groups = np.zeros(batch.num_rows, np.int64)
        for code, language in enumerate(languages.dictionary.to_pylist()):
            of_language = codes == code
            for chosen, is_held_out in ((learned, False), (held_out, True)):
                rows = of_language & chosen
                if rows.any():
                    key = (language, is_held_out)
                    groups[rows] = self._numbers.setdefault(key, len(self._numbers))
                    read = self._read.setdefault(key, [0, 0])
                    read[0] += int(rows.sum())
                    read[1] += int(lengths[rows].sum())
            left = int(lengths[of_language & ~learned & ~held_out].sum())
            if left:
                self._unread[language] = self._unread.get(language, 0) + left
        wanted = learned | held_out
        texts = batch.column("text")
        if not wanted.all():
            texts, groups, lengths = texts.filter(pa.array(wanted)), groups[wanted], lengths[wanted]
        for part in _parts(lengths):
            yield self._without_special(texts.slice(part.start, len(part))), groups[part]

    def info(self, splits: Sequence[str]) -> CountsInfo:
        """What was read since the last call, with all groups in the order of their numbers."""
        groups = []
        for key in self._numbers:
            documents, text_bytes = self._read.get(key, (0, 0))
            groups.append(
                Group(language=key[0], held_out=key[1], documents=documents, text_bytes=text_bytes)
            )
        info = CountsInfo(
            splits=tuple(splits),
            special=tuple(self._special),
            groups=tuple(groups),
            unread_bytes=self._unread,
            special_strings=self._found,
        )
        self._read, self._unread, self._found = {}, {}, {}
        return info

    def _without_special(self, texts: pa.Array) -> pa.Array:
        """The texts with what looks like a special token replaced by a space, and counted."""
        for token in self._special:
            found = pc.sum(pc.count_substring(texts, token)).as_py() or 0
            if found:
                texts = pc.replace_substring(texts, token, " ")
                self._found[token] = self._found.get(token, 0) + found
        return texts


def _parts(lengths: np.ndarray) -> Iterator[range]:
    """Rows in parts of bounded text; a longer document stands alone."""
    start, size = 0, 0
    for row, length in enumerate(lengths.tolist()):
        if size and size + length > PIECE_TEXT_BYTES:
            yield range(start, row)
            start, size = row, 0
        size += length
    if start < len(lengths):
        yield range(start, len(lengths))
