"""Counting from beginning to end: documents and earlier counts in, one file of counts out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from formats import storage
from formats.pretokenizers.scanner import Scanner
from tokenizer_train.balance import wanted_shares
from tokenizer_train.counting.combine import combine_range, join, ranges
from tokenizer_train.counting.counts_file import COUNTS_FILE, common_info, count_rows, read_info
from tokenizer_train.counting.tasks import count_files, group_files, measure_files
from tokenizer_train.documents import Documents
from tokenizer_train.engine import Engine
from tokenizer_train.sample import added, plan_sample
from tokenizer_train.settings import TokenizerOptions

DONE_FILE = "counts.json"
MOST_EXPANSION = 40
"""Stored bytes hardly hold more text than so many times their size: zstd on ordinary text reaches 3
to 8. Where even that fits the sample, nothing is measured before it is counted."""


@dataclass(frozen=True)
class Counting:
    """Where and how counting runs. Nothing that is written depends on memory or engine."""

    folder: str
    """Of the counts; runs are below it while they are needed."""
    engine: Engine
    memory_bytes: int
    """Of each worker."""
    on_error: str
    """``fail`` at the first record that cannot be read, or ``quarantine`` and count it."""
    lineage: str
    """What the documents depend on beyond their names, sizes and times."""

    def counts(
        self, documents: Documents, others: Sequence[str], options: TokenizerOptions, seed: int
    ) -> tuple[str, dict[str, int]]:
        """Count documents, unless these were counted before, and merge other counts in.

        Returns:
            The path of the counts, and records that could not be read, by kind of error.

        Raises:
            ValueError: there is no text, or other counts were cut differently.
        """
        path, done = f"{self.folder}/{COUNTS_FILE}", f"{self.folder}/{DONE_FILE}"
        print_ = self._fingerprint(documents, others, options, seed)
        before = _read_json(done)
        if before.get("fingerprint") == print_ and storage.file_size(path) == before["size"]:
            return path, before["unreadable"]
        runs, unreadable = list(others), dict[str, int]()
        if documents:
            new, unreadable = self._count(documents, options, seed)
            runs += new
        self._combine(runs, options, path)
        for run in runs[len(others) :]:
            storage.remove(run)
        pa.default_memory_pool().release_unused()  # merging needs it more
        size = storage.file_size(path)
        storage.write_text(
            done, json.dumps({"fingerprint": print_, "size": size, "unreadable": unreadable})
        )
        return path, unreadable

    def _fingerprint(
        self, documents: Documents, others: Sequence[str], options: TokenizerOptions, seed: int
    ) -> str:
        """Of everything that counts depend on."""
        sample = None
        if options.sample_bytes is not None:
            shares = options.language_temperature, options.language_shares
            sample = options.sample_bytes, shares
        files = [file.as_item() for file in documents]
        if self.lineage:  # a run that was moved has the same documents elsewhere
            files = [item | {"path": item["path"].rpartition("/")[2]} for item in files]
        parts = [
            self.lineage, self.on_error, seed, options.splits, options.special.in_order(), sample,
            files,
            [(path, storage.file_size(path)) for path in others],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _count(
        self, documents: Documents, options: TokenizerOptions, seed: int
    ) -> tuple[list[str], dict[str, int]]:
        """Paths of the runs, and what could not be read."""
        Scanner(options.splits)  # compiles, and asks for the characters, before there are workers
        groups = group_files(documents)
        common = {"seed": seed, "on_error": self.on_error}
        plan = self._plan(documents, groups, common, options)
        items = [
            common
            | {
                "files": files,
                "plan": plan,
                "splits": list(options.splits),
                "special": options.special.in_order(),
                "memory_bytes": self.memory_bytes,
                "out": f"{self.folder}/runs/part-{number:05d}",
            }
            for number, files in enumerate(groups)
        ]
        results = self.engine.map("count", count_files, items)
        unreadable: dict[str, int] = {}
        for result in results:
            for kind, number in result["unreadable"].items():
                unreadable[kind] = unreadable.get(kind, 0) + number
        return [path for result in results for path in result["runs"]], unreadable

    def _plan(
        self,
        documents: Documents,
        groups: list[list[dict[str, Any]]],
        common: dict[str, Any],
        options: TokenizerOptions,
    ) -> dict[str, int] | None:
        """Where to cut each language; None where the sample is all there is."""
        limit = options.sample_bytes
        stored = sum(file.stored_bytes for file in documents)
        if limit is None or stored * MOST_EXPANSION <= limit:
            return None
        items = [common | {"files": files} for files in groups]
        parts = [result["supplies"] for result in self.engine.map("measure", measure_files, items)]
        supplies = added(parts)
        sizes = {name: supply.text_bytes for name, supply in supplies.items()}
        if sum(sizes.values()) <= limit:
            return None
        return plan_sample(supplies, wanted_shares(sizes, options), limit)

    def _combine(self, runs: Sequence[str], options: TokenizerOptions, path: str) -> None:
        """One file of counts from all runs."""
        if not runs:
            raise ValueError("no text to learn from: neither documents nor counts were given")
        info = common_info([read_info(run) for run in runs])
        if info.splits != options.splits:
            raise ValueError(
                f"the counts were cut by {list(info.splits)}, not by {list(options.splits)}: give "
                "the pretokenizer and the digits that they were made with"
            )
        if not any(group.text_bytes for group in info.groups):
            raise ValueError("no text to learn from: there is none, or all documents are empty")
        borders = ranges(sum(map(count_rows, runs)), self.memory_bytes)
        items = [
            {"runs": list(runs), "low": low, "high": high, "out": f"{path}.{number:05d}"}
            for number, (low, high) in enumerate(borders)
        ]
        self.engine.map("combine", combine_range, items)
        self.engine.map("join", join_ranges, [{"ranges": [i["out"] for i in items], "out": path}])


def join_ranges(item: dict[str, Any]) -> dict[str, Any]:
    """Put the combined ranges into one file: an engine's task.

    Args:
        item: ``ranges``: paths; ``out``: of the file.
    """
    join(item["ranges"], item["out"])
    return {}


def _read_json(path: str) -> dict[str, Any]:
    if storage.file_size(path) is None:
        return {}
    with storage.open_input(path) as stream:
        content: dict[str, Any] = json.loads(stream.read())
    return content
