"""Packing plans: which stretches of which files make up the rows of a component.

    <plan>.segments    ``SEGMENT`` records, row after row
    <plan>.rows        int64 [rows + 1]: row r holds the segments rows[r] to rows[r + 1]

A segment names a file and a position in it, so that a row is gathered from the mapped files of
tokens without looking anything up. Plans are written window by window: memory holds one window,
whatever the size of the component; and read through a memory map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np

from formats.storage import atomic_path, filesystem
from formats.tokens import TokensReader, file_bytes
from stages.mixture.packing import pack_one_window, windows_of
from stages.mixture.rehydration import documents_by_repetition, most, repetitions_in
from stages.selectors import matches

SEGMENT = np.dtype(
    [
        ("document_id", "<u8"),
        ("position", "<i8"),  # of its first token, in the file seen as tokens
        ("file", "<u4"),  # index into the component's files
        ("offset", "<i4"),  # of its first token, in the document
        ("length", "<i4"),
        ("unused", "<u4"),
    ]
)

DOCUMENT = np.dtype(
    [("document_id", "<u8"), ("position", "<i8"), ("file", "<u4"), ("length", "<i8")]
)


class PackingPlan(NamedTuple):
    """A component's plan, mapped."""

    segments: np.ndarray
    """``SEGMENT`` [segments]."""
    rows: np.ndarray
    """int64 [rows + 1]."""


def open_plan(path: str) -> PackingPlan:
    """Map a plan that ``pack_component`` wrote."""
    segments = file_bytes(f"{path}.segments").view(SEGMENT)
    return PackingPlan(segments, file_bytes(f"{path}.rows").view(np.int64))


def pack_component(item: Mapping[str, Any]) -> dict[str, Any]:
    """Select a component's documents and pack them; an engine task.

    Args:
        item: ``folder`` and ``files`` (tokens, in order; relative to the folder), ``where``,
            ``rehydrate`` (see ``rehydration.Table``), ``dtype``, ``sequence_length``, ``plan``
            (path without ending).

    Returns:
        ``rows``, ``documents``, ``tokens`` (without padding); and of ``rehydrate``
        ``repetitions``: pairs of times in an epoch and documents. Rows and tokens count repeats.

    Raises:
        ValueError: a condition names a column that is not there, or the tokens have another type.
    """
    length = item["sequence_length"]
    rows = segments = tokens = 0
    rounds = [0] * most(item["rehydrate"])
    with ExitStack() as stack:
        outputs = []
        for ending in ("segments", "rows"):
            files, inner = filesystem(stack.enter_context(atomic_path(f"{item['plan']}.{ending}")))
            outputs.append(stack.enter_context(files.open(inner, "wb")))
        segment_file, row_file = outputs
        row_file.write(np.zeros(1, np.int64).tobytes())
        for number, window in _windows_of_rounds(item, len(rounds)):
            packing = pack_one_window(window["length"], length)
            made = np.zeros(len(packing.document), SEGMENT)
            for name in ("document_id", "file"):
                made[name] = window[name][packing.document]
            made["position"] = window["position"][packing.document] + packing.start
            made["offset"] = packing.start
            made["length"] = packing.length
            segment_file.write(made.tobytes())
            row_file.write((packing.row_offsets[1:] + segments).tobytes())
            rows += len(packing.row_offsets) - 1
            segments += len(made)
            rounds[number] += len(window)
            tokens += int(window["length"].sum())
    repeated = documents_by_repetition(rounds) if item["rehydrate"] else {}
    return {
        "rows": rows,
        "documents": rounds[0],
        "tokens": tokens,
        "repetitions": list(repeated.items()),
    }


def _windows_of_rounds(item: Mapping[str, Any], rounds: int) -> Iterator[tuple[int, np.ndarray]]:
    """Every packing window with the number of its round."""
    for number in range(rounds):
        for window in _windows(_selected(item, number), item["sequence_length"]):
            yield number, window


def _selected(item: Mapping[str, Any], round_number: int) -> Iterator[np.ndarray]:
    """The documents of a round, as ``DOCUMENT`` records, a record batch at a time."""
    for number, name in enumerate(item["files"]):
        reader = TokensReader(f"{item['folder']}/{name}")
        if reader.dtype != np.dtype(item["dtype"]):
            raise ValueError(
                f"{reader.path} holds {reader.dtype} tokens; this vocabulary takes {item['dtype']}"
            )
        for batch in reader.batches():
            documents = np.empty(len(batch.document_ids), DOCUMENT)
            documents["document_id"] = batch.document_ids
            documents["position"] = batch.offsets[:-1] - batch.offsets[0] + batch.file_position
            documents["file"] = number
            documents["length"] = np.diff(batch.offsets)
            wanted = documents["length"] > 0
            if item["where"]:
                wanted &= _matching(batch.table, item, reader)
            if round_number:  # the first holds every document
                wanted &= repetitions_in(batch.table, item["rehydrate"]) > round_number
            yield documents[wanted]


def _matching(table: Any, item: Mapping[str, Any], reader: TokensReader) -> np.ndarray:
    """``matches`` on the columns beside the tokens, with the file named when it fails."""
    try:
        return matches(table.select(reader.selectors), item["where"])
    except ValueError as error:
        error.add_note(f"in the tokens of {reader.path}")
        raise


def _windows(batches: Iterator[np.ndarray], sequence_length: int) -> Iterator[np.ndarray]:
    """The same documents, one packing window at a time."""
    held = np.zeros(0, DOCUMENT)
    tokens_before = 0  # in windows already given
    for batch in batches:
        held = np.concatenate([held, batch])
        windows = windows_of(held["length"], tokens_before, sequence_length)
        ends = np.flatnonzero(np.diff(windows)) + 1  # the last window may go on in the next batch
        for window in np.split(held, ends)[:-1]:
            yield window
            tokens_before += int(window["length"].sum())
        if len(ends):
            held = held[ends[-1] :]
    if len(held):
        yield held
