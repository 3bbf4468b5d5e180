"""Training a tokenizer, from documents to a folder that others load.

documents -> count pieces by language -> counts.arrow -> weigh languages -> merge -> folder
                                              |                                |
                                              +------- held-out pieces ---- measure
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from formats.units import format_bytes
from tokenizer_train.balance import wanted_shares
from tokenizer_train.counting.combine import combine_range, join, ranges
from tokenizer_train.counting.counts_file import (
    COUNTS_FILE,
    common_info,
    count_rows,
    read_info,
)
from tokenizer_train.counting.tasks import count_files, group_files, measure_files
from tokenizer_train.documents import Documents
from tokenizer_train.engine import Engine, LocalEngine
from tokenizer_train.sample import added, plan_sample
from tokenizer_train.settings import TokenizerOptions
from tokenizer_train.step import learn_from_counts

COUNTS_FOLDER = "counts"
"""Below the tokenizer's folder, where nothing else is said."""
DEFAULT_MEMORY = 1 << 30
MOST_EXPANSION = 40
"""Stored bytes hardly hold more text than so many times their size: zstd on ordinary text reaches 3
to 8. Where even that fits the sample, nothing is measured before it is counted."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingReport:
    """What a training gave."""

    folder: str
    vocab_size: int
    """Entries reached, special tokens included."""
    sha256: str
    """Of tokenizer.json."""
    special_ids: dict[str, int]
    """Role -> id."""
    bytes_per_token: dict[str, float]
    """Language -> bytes of held-out text per token; languages without held-out text are absent."""
    notes: list[str]
    """What a person should know: a size not reached, text left out."""
    training: dict[str, Any]
    """The contents of training.json."""
    unreadable: dict[str, int]
    """Records that could not be read, by kind of error."""


def train(
    documents: Documents,
    folder: str,
    options: TokenizerOptions | None = None,
    *,
    seed: int = 0,
    engine: Engine | None = None,
    counts: Sequence[str] = (),
    counts_folder: str | None = None,
    memory_bytes: int = DEFAULT_MEMORY,
    on_error: str = "fail",
) -> TrainingReport:
    """Train a byte-level BPE tokenizer and write its folder.

    The same documents, options and seed give the same bytes, however the documents are cut into
    files, in whatever order they come, whatever the memory and the number of workers.

    Args:
        documents: what to learn from.
        folder: where the tokenizer goes, a path or URL.
        options: see ``TokenizerOptions``; None: the defaults.
        seed: chooses what is held out, and the sample.
        engine: runs the parts; None: this process.
        counts: files of counts of other trainings, which are learned from too.
        counts_folder: where counts and runs go; None: below the tokenizer's folder.
        memory_bytes: for counting, of each worker.
        on_error: ``fail`` at the first record that cannot be read, or ``quarantine`` and count it.

    Raises:
        ValueError: there is no text.
        TooFewPairs: the vocabulary cannot be reached and ``when_short`` is ``fail``.
    """
    options = options or TokenizerOptions()
    place = counts_folder or f"{folder}/{COUNTS_FOLDER}"
    engine = engine or LocalEngine(f"{place}/records")
    runs, unreadable = list(counts), {}
    if documents:
        new, unreadable = _count(documents, options, seed, engine, place, memory_bytes, on_error)
        runs += new
    combined = _combine(runs, options, engine, place, memory_bytes)
    item = {
        "counts": combined,
        "folder": folder,
        "options": options.model_dump(mode="json"),
        "seed": seed,
    }
    [result] = engine.map("merge", learn_from_counts, [item])
    for note in result["notes"]:
        log.warning("%s", note)
    return TrainingReport(folder=folder, unreadable=unreadable, **result)


def _count(
    documents: Documents,
    options: TokenizerOptions,
    seed: int,
    engine: Engine,
    place: str,
    memory_bytes: int,
    on_error: str,
) -> tuple[list[str], dict[str, int]]:
    """Paths of the runs, and what could not be read."""
    groups = group_files(documents)
    common = {"seed": seed, "on_error": on_error}
    plan = None
    limit = options.sample_bytes
    if limit is not None and sum(f.stored_bytes for f in documents) * MOST_EXPANSION > limit:
        items = [common | {"files": files} for files in groups]
        parts = [result["supplies"] for result in engine.map("measure", measure_files, items)]
        supplies = added(parts)
        if sum(supply.text_bytes for supply in supplies.values()) > limit:
            sizes = {name: supply.text_bytes for name, supply in supplies.items()}
            plan = plan_sample(supplies, wanted_shares(sizes, options), limit)
    items = [
        common
        | {
            "files": files,
            "plan": plan,
            "splits": list(options.splits),
            "special": options.special.in_order(),
            "memory_bytes": memory_bytes,
            "out": f"{place}/runs/part-{number:05d}",
        }
        for number, files in enumerate(groups)
    ]
    results = engine.map("count", count_files, items)
    unreadable: dict[str, int] = {}
    for result in results:
        for kind, number in result["unreadable"].items():
            unreadable[kind] = unreadable.get(kind, 0) + number
    return [path for result in results for path in result["runs"]], unreadable


def _combine(
    runs: Sequence[str],
    options: TokenizerOptions,
    engine: Engine,
    place: str,
    memory_bytes: int,
) -> str:
    """One file of counts from all runs.

    Raises:
        ValueError: there is no text, or counts of other cuts are among them.
    """
    if not runs:
        raise ValueError("no text to learn from: neither documents nor counts were given")
    info = common_info([read_info(path) for path in runs])
    if info.splits != options.splits:
        raise ValueError(
            f"the counts were cut by {list(info.splits)}, not by {list(options.splits)}: give the "
            "pretokenizer and the digits that they were made with"
        )
    if not any(group.text_bytes for group in info.groups):
        raise ValueError("no text to learn from: all documents are empty")
    items = [
        {"runs": list(runs), "low": low, "high": high, "out": f"{place}/ranges/{number:05d}.arrow"}
        for number, (low, high) in enumerate(ranges(sum(map(count_rows, runs)), memory_bytes))
    ]
    item = {"ranges": items, "out": f"{place}/{COUNTS_FILE}"}
    if len(items) > 1:
        engine.map("combine", combine_range, items)
    engine.map("join", join_ranges, [item])
    return str(item["out"])


def join_ranges(item: dict[str, Any]) -> dict[str, Any]:
    """Put the combined ranges into one file: an engine's task; a lone range is combined here."""
    if len(item["ranges"]) == 1:
        combine_range(item["ranges"][0])
    join([one["out"] for one in item["ranges"]], item["out"])
    return {}


def languages_of_report(training: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Rows for people: language, its text, learned from, its share, bytes per token."""
    rows = []
    for name, language in training["languages"].items():
        rate = language["bytes_per_token"]
        rows.append(
            (
                name,
                format_bytes(language["text_bytes"]),
                format_bytes(language["used_bytes"]),
                f"{language['share']:.1%}",
                "-" if rate is None else f"{rate:.2f}",
            )
        )
    return rows
