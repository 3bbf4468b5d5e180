"""Writing one shard file of a phase: replay the schedule, gather the tokens, hash what is written.

Row k of a component in a phase (counted on from the phase that it continues) belongs to epoch
``k // rows`` and stands at the place to which that epoch's permutation sends ``k % rows``. With the
schedule's counts before a file, its rows follow from the phase's plan alone, so files are written
in any order, by any number of workers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from formats.shard_writer import ShardWriter
from formats.shards import PADDING
from formats.storage import open_input
from formats.tokens import tokens_in_file
from stages.mixture.interleave import Schedule, make_schedule
from stages.mixture.pack_component import SEGMENT, PackingPlan
from stages.mixture.permutation import drawn_places

MAPPED_FILES = 256
"""Files of tokens that a task keeps mapped: each takes a file descriptor."""
PLANNED_TOKENS = 1 << 26
"""Tokens of rows whose segments are looked up at a time: each part of a plan is opened for it."""


class PhaseMixer:
    """A phase's plan and its schedule, with the plans and tokens it needs mapped."""

    def __init__(self, plan: Mapping[str, Any], tokens_folder: str, plans_folder: str) -> None:
        """Name the packing plans.

        Args:
            plan: the phase's plan as ``stages.mixture.build`` writes it.
            tokens_folder: what the files of a component are relative to.
            plans_folder: what the packing plans are relative to.
        """
        self._plan = plan
        self._components: list[dict[str, Any]] = plan["components"]
        self._folder = tokens_folder
        self._length: int = plan["sequence_length"]
        self._dtype = np.dtype(plan["dtype"])
        self._plans: list[PackingPlan] = [
            PackingPlan(f"{plans_folder}/{component['plan']}", component["parts"])
            for component in self._components
        ]
        self._tokens: Callable[[str], np.ndarray] = lru_cache(MAPPED_FILES)(
            lambda path: tokens_in_file(path, self._dtype)
        )
        self.schedule: Schedule = make_schedule(
            plan["rows"], [component["share"] for component in self._components]
        )

    def rows(self, first: int, counts: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """The component of each row of a file and its place in the component's packing plan.

        Args:
            first: number of the file's first row in the phase.
            counts: int64 [k], rows of each component before it.
            rows: rows of the file.

        Returns:
            uint16 [rows], int64 [rows].
        """
        component, _ = self.schedule.assign(first, counts, rows)
        places = np.empty(len(component), np.int64)
        for number, settings in enumerate(self._components):
            own = np.flatnonzero(component == number)
            if len(own):
                places[own] = drawn_places(
                    settings["first_row"] + int(counts[number]), len(own), settings["rows"],
                    self._plan["seed"], self._plan["order"], settings["name"],
                )  # fmt: skip
        return component, places

    def batches(
        self, component: np.ndarray, places: np.ndarray, batch_rows: int
    ) -> Iterator[dict[str, np.ndarray]]:
        """The rows at these places, so many at a time: what ``ShardWriter.append`` takes.

        Args:
            component: uint16 [rows].
            places: int64 [rows], rows of the component's packing plan.
            batch_rows: rows of every batch but the last.
        """
        planned = max(1, PLANNED_TOKENS // (self._length * batch_rows)) * batch_rows
        for first in range(0, len(component), planned):
            stretch = slice(first, first + planned)
            row, segments = self._segments(component[stretch], places[stretch])
            for begin in range(0, len(component[stretch]), batch_rows):
                own = slice(*np.searchsorted(row, [begin, begin + batch_rows]))
                rows = component[stretch][begin : begin + batch_rows]
                yield self._batch(rows, row[own] - begin, segments[own])

    def _batch(
        self, component: np.ndarray, row: np.ndarray, segments: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Gather the rows of a batch: uint16 [rows], int64 [segments], ``SEGMENT`` [segments]."""
        ends = np.cumsum(segments["length"], dtype=np.int64)
        used = np.bincount(row, segments["length"], len(component)).astype(np.int64)
        start = ends - segments["length"] - (np.cumsum(used) - used)[row]
        input_ids = np.empty((len(component), self._length), self._dtype)
        self._gather(component[row], segments, row * self._length + start, input_ids.reshape(-1))
        for short in np.flatnonzero(used < self._length):
            input_ids[short, used[short] :] = self._plan["pad_id"]

        padded = np.flatnonzero(used < self._length)
        counts = np.bincount(row, minlength=len(component))
        behind = np.cumsum(counts)[padded]  # padding comes last in its row
        counts[padded] += 1
        return {
            "input_ids": input_ids,
            "component": component,
            "row_offsets": np.concatenate([[0], np.cumsum(counts)]),
            "document_starts": np.insert(start, behind, used[padded]),
            "document_ids": np.insert(segments["document_id"], behind, np.uint64(PADDING)),
            "document_offsets": np.insert(segments["offset"], behind, 0),
        }

    def _segments(self, component: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The segments of the rows, in row order: int64 [segments] row, ``SEGMENT`` [segments]."""
        rows = [np.zeros(0, np.int64)]
        found = [np.zeros(0, SEGMENT)]
        for number in np.unique(component).tolist():
            own = np.flatnonzero(component == number)
            counts, segments = self._plans[number].segments(places[own])
            found.append(segments)
            rows.append(np.repeat(own, counts))
        row = np.concatenate(rows)
        order = np.argsort(row, kind="stable")
        return row[order], np.concatenate(found)[order]

    def _gather(
        self, component: np.ndarray, segments: np.ndarray, targets: np.ndarray, out: np.ndarray
    ) -> None:
        """Copy the segments' tokens to their targets, file by file."""
        from stages.mixture.gather_kernels import copy_stretches

        file = component.astype(np.int64) << 32 | segments["file"]
        order = np.argsort(file, kind="stable")
        for own in np.split(order, np.flatnonzero(np.diff(file[order])) + 1):
            if not len(own):
                continue
            settings = self._components[int(component[own[0]])]
            name = settings["files"][int(segments["file"][own[0]])]
            copy_stretches(
                self._tokens(f"{self._folder}/{name}"),
                segments["position"][own],
                segments["length"][own].astype(np.int64),
                targets[own],
                out,
            )


def write_shard(item: Mapping[str, Any]) -> dict[str, Any]:
    """Write one shard file; an engine task.

    Args:
        item: ``phase_plan`` (path) and ``phase_plan_sha256``, ``tokens_folder``, ``plans_folder``,
            ``path`` to write, ``first`` row, ``rows``, ``counts_before`` [k], ``compression``.

    Returns:
        ``sha256`` and ``padding`` [k], tokens of padding in each component's rows.
    """
    plan = load_phase_plan(item["phase_plan"], item["phase_plan_sha256"])
    mixer = PhaseMixer(plan, item["tokens_folder"], item["plans_folder"])
    length = plan["sequence_length"]
    counts = np.array(item["counts_before"], np.int64)
    component, places = mixer.rows(item["first"], counts, item["rows"])
    padding = np.zeros(len(counts), np.int64)
    with ShardWriter(item["path"], length, plan["dtype"], item["compression"]) as writer:
        for batch in mixer.batches(component, places, writer.batch_rows):
            writer.append(**batch)
            padding += _padding(batch, length, len(counts))
    return {"sha256": writer.sha256, "padding": padding.tolist()}


def load_phase_plan(path: str, sha256: str) -> dict[str, Any]:
    """Read a phase's plan and make sure it is the one that was meant."""
    with open_input(path) as stream:
        data = stream.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"{path} is not the plan this task belongs to: another run changed it")
    plan: dict[str, Any] = json.loads(data)
    return plan


def _padding(batch: Mapping[str, np.ndarray], length: int, components: int) -> np.ndarray:
    """Tokens of padding of each component: int64 [k]."""
    last = batch["row_offsets"][1:] - 1
    padded = batch["document_ids"][last] == PADDING
    places = np.where(padded, length - batch["document_starts"][last], 0)
    return np.bincount(batch["component"], places, components).astype(np.int64)
