"""Packing plans: which stretches of which files make up the rows of a component.

    <plan>-00000.segments    ``SEGMENT`` records, row after row
    <plan>-00000.rows        int64 [rows + 1]: row r holds the segments rows[r] to rows[r + 1]

A plan has a pair of files for every task that packed a part of the component; a part is a stretch
of packing windows, so parts are packed in any order and on any machine. A segment names a file and
a position in it, so that a row is gathered from the mapped files of tokens without looking anything
up. A task holds one window in memory, whatever the size of the component.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from formats.storage import atomic_path, filesystem
from formats.tokens import file_bytes
from stages.mixture.packing import CONCAT, PACKERS, cut_at, window_tokens, windows_of
from stages.mixture.select_documents import selected_documents

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


class PackingPlan:
    """A component's plan, its files mapped while rows are looked up in them."""

    def __init__(self, path: str, part_rows: Sequence[int]) -> None:
        """Name a plan that ``pack_part`` wrote.

        Args:
            path: of its parts, without number and ending.
            part_rows: rows of each part.
        """
        self._path = path
        self._firsts = np.cumsum([0, *part_rows], dtype=np.int64)

    def segments(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The segments of rows.

        Args:
            places: int64 [n], numbers of rows.

        Returns:
            int64 [n]: how many segments each row has; ``SEGMENT`` [sum], row after row.
        """
        order = np.argsort(places, kind="stable")  # reads go forward through the files
        part = np.searchsorted(self._firsts, places[order], "right") - 1
        counts = np.empty(len(places), np.int64)
        found = [np.zeros(0, SEGMENT)]
        for own in np.split(order, np.flatnonzero(np.diff(part)) + 1):
            if not len(own):
                continue
            number = int(np.searchsorted(self._firsts, places[own[0]], "right")) - 1
            rows = file_bytes(f"{part_path(self._path, number)}.rows").view(np.int64)
            segments = file_bytes(f"{part_path(self._path, number)}.segments").view(SEGMENT)
            inside = places[own] - self._firsts[number]
            counts[own] = rows[inside + 1] - rows[inside]
            found.append(segments[stretches(rows[inside], counts[own])])
        begins = np.empty_like(counts)
        begins[order] = np.cumsum(counts[order]) - counts[order]
        return counts, np.concatenate(found)[stretches(begins, counts)]


def part_path(plan: str, number: int) -> str:
    """The path of a part of a plan, without ending."""
    return f"{plan}-{number:05d}"


def stretches(begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """``counts[i]`` numbers from ``begins[i]`` on, for every i; int64 [sum of counts].

    ``stretches([10, 3], [2, 3])`` is ``[10, 11, 3, 4, 5]``.
    """
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(begins - (ends - counts), counts)


def pack_part(item: Mapping[str, Any]) -> dict[str, Any]:
    """Pack a stretch of a component's windows; an engine task.

    Args:
        item: as for ``selected_documents``, with only the files that the windows reach into; and
            ``round``, ``tokens_before`` (of the round, before the first of these files),
            ``windows`` (first and end), ``packing`` (``packing.Rule``), ``sequence_length``,
            ``plan`` (path without ending).

    Returns:
        ``rows``, and ``tokens`` without padding.
    """
    rows = segments = tokens = 0
    with ExitStack() as stack:
        outputs = []
        for ending in ("segments", "rows"):
            files, inner = filesystem(stack.enter_context(atomic_path(f"{item['plan']}.{ending}")))
            outputs.append(stack.enter_context(files.open(inner, "wb")))
        segment_file, row_file = outputs
        row_file.write(np.zeros(1, np.int64).tobytes())
        for window in _windows(item):
            packing = PACKERS[item["packing"]](window["length"], item["sequence_length"])
            made = np.zeros(len(packing.document), SEGMENT)
            for name in ("document_id", "file"):
                made[name] = window[name][packing.document]
            for name in ("position", "offset"):
                made[name] = window[name][packing.document] + packing.start
            made["length"] = packing.length
            segment_file.write(made.tobytes())
            row_file.write((packing.row_offsets[1:] + segments).tobytes())
            rows += len(packing.row_offsets) - 1
            segments += len(made)
            tokens += int(window["length"].sum())
    return {"rows": rows, "tokens": tokens}


def _windows(item: Mapping[str, Any]) -> Iterator[np.ndarray]:
    """The documents of the item's windows, as ``DOCUMENT`` records, a window at a time."""
    size = window_tokens(item["sequence_length"], item["packing"])
    first, end = item["windows"]
    before = item["tokens_before"]
    current = first
    held: list[np.ndarray] = []
    for documents in selected_documents(item, item["round"]):
        batch = documents
        if item["packing"] == CONCAT:  # its windows end within documents
            cut = cut_at(documents["length"], before, size)
            batch = documents[cut.document]
            batch["position"] += cut.start
            batch["offset"] += cut.start
            batch["length"] = cut.length
        windows = windows_of(batch["length"], before, size)
        before += int(batch["length"].sum())
        for own in np.split(np.arange(len(batch)), np.flatnonzero(np.diff(windows)) + 1):
            if len(own) and first <= (window := int(windows[own[0]])) < end:
                if window != current and held:
                    yield np.concatenate(held)
                    held = []
                current = window
                held.append(batch[own])
        if before >= end * size:
            break
    if held:
        yield np.concatenate(held)
