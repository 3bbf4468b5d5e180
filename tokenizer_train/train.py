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

from formats.storage import file_size
from formats.units import format_bytes
from tokenizer_train.counting.counting import Counting
from tokenizer_train.documents import Documents, input_documents
from tokenizer_train.engine import Engine, LocalEngine
from tokenizer_train.settings import TokenizerOptions
from tokenizer_train.step import learn_from_counts

COUNTS_FOLDER = "counts"
"""Below the tokenizer's folder, where nothing else is said."""
DEFAULT_MEMORY = 512_000_000

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
    """Language -> bytes per token of text held out, or of all where a language spares none."""
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
    lineage: str = "",
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
        lineage: what the documents depend on beyond their names, sizes and times.

    Raises:
        ValueError: there is no text, or no parallel text for ``parity``.
        TooFewPairs: the vocabulary cannot be reached and ``when_short`` is ``fail``.
    """
    options = options or TokenizerOptions()
    parity = options.parity
    parallel = input_documents(parity.parallel, parity.columns) if parity else []
    place = counts_folder or f"{folder}/{COUNTS_FOLDER}"
    engine = engine or LocalEngine(f"{place}/records")
    counting = Counting(place, engine, memory_bytes, on_error, lineage)
    combined, unreadable = counting.counts(documents, counts, options, seed)
    item = {
        "counts": combined,
        "folder": folder,
        "options": options.model_dump(mode="json"),
        "seed": seed,
        "files": file_names(documents, counts) + file_names(parallel, (), "parallel text: "),
        "parallel": [file.as_item() for file in parallel],
    }
    [result] = engine.map("merge", learn_from_counts, [item])
    for note in result["notes"]:
        log.warning("%s", note)
    return TrainingReport(folder=folder, unreadable=unreadable, **result)


def file_names(
    documents: Documents, counts: Sequence[str], kind: str = ""
) -> list[tuple[str, int]]:
    """Names and bytes as stored of what is read, without the folders they happen to lie in.

    Args:
        documents: files of them.
        counts: files of counts.
        kind: what to write before the names of documents.
    """
    sizes: dict[str, int] = {}
    names: dict[str, str] = {}
    for file in documents:
        sizes[file.path] = sizes.get(file.path, 0) + file.stored_bytes
        names[file.path] = kind + (file.relative_path or file.path.rpartition("/")[2])
    for path in counts:
        sizes[path] = file_size(path) or 0
        names[path] = f"counts: {path.rpartition('/')[2]}"
    return sorted((names[path], size) for path, size in sizes.items())


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
