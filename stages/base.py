"""The two kinds of stage, and how a stage says that a document goes.

A stage is a pydantic model: its fields are its settings in the recipe, with their defaults, and
the settings are what its fingerprint is made of.

``MapStage``      row-local. ``apply`` takes a record batch and returns one with the same rows in
                  the same order. It may replace ``text`` and add columns; it never loses a column
                  it does not know. Rows an earlier stage dropped stay in their place and are
                  skipped (``alive``); rows this stage drops are marked (``mark_dropped``).
``BarrierStage``  needs every partition before it can answer. ``keys`` is fused into the map pass
                  before it and returns what the barrier needs of each row (a digest, a
                  signature), so that no barrier reads text; ``run`` then works on those keys and
                  writes one annotation file per partition.

No row is taken out before the ``documents`` pass writes what was kept and what was dropped, so
the audit of removed rows is the same for every stage.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

DROP_STAGE = "drop_stage"
DROP_REASON = "drop_reason"

ANNOTATION_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field(DROP_REASON, pa.string()),
    ]
)
"""What a barrier says of a partition: row, reason or null; a barrier adds its own columns."""

CUT_BEGINS = "cut_begins"
CUT_ENDS = "cut_ends"
CUT_FIELDS = (
    pa.field(CUT_BEGINS, pa.list_(pa.int64())),
    pa.field(CUT_ENDS, pa.list_(pa.int64())),
)
"""Columns of a barrier that takes passages out of texts: bytes of ``text``, rising and apart, on
character boundaries; null where nothing goes. Whoever reads the rows next sees them cut, so that
no text is written once more for it, and never sees these columns."""


class Stage(BaseModel, ABC):
    """Settings of a stage; ``name`` is its key in the recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Raise it whenever the same input and settings would give another output."""

    def assets(self) -> list[str]:
        """Paths of model files and lists whose contents belong to the fingerprint."""
        return []

    def kernel_packages(self) -> set[str]:
        """The packages whose kernels it runs, what their modules import left out."""
        return {type(self).__module__.rpartition(".")[0]}

    def check_settings(self) -> None:
        """Raise ``ValueError`` on a mistake that only a model can tell; called once, at start."""

    def conclude(self, folder: str) -> list[str]:
        """Called once when the documents in the run folder are whole; returns notes for people."""
        return []


class MapStage(Stage):
    """A row-local stage."""

    shows_before: ClassVar[bool] = True
    """Whether samples of repairs may show what stood there: not where it is somebody's address."""

    @abstractmethod
    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with this stage's work done: same rows, same order."""

    def repairs(self, batch: pa.RecordBatch) -> dict[str, np.ndarray]:
        """How often this stage changed each text of a batch it went through: kind -> int64 [rows].

        Read from the columns that ``apply`` added; empty for a stage that changes no text.
        """
        return {}


@dataclass(frozen=True)
class Partition:
    """One partition as a barrier sees it. All paths are Arrow IPC files made by the runner."""

    index: int
    rows: int
    documents: str
    """All rows and columns, text included."""
    keys: str
    """Row for row, the ``keys`` of the barrier that runs now."""
    annotations: tuple[str, ...]
    """What earlier barriers since the last map pass said (``ANNOTATION_SCHEMA`` and more)."""


class Engine(Protocol):
    """Where the parts of a barrier run: in this process, on one machine, on a cluster."""

    @property
    def workers(self) -> int:
        """How many parts run at a time; nothing that is written may depend on it."""

    def map(
        self, step: str, function: Callable[[Any], dict[str, Any]], items: Sequence[Any]
    ) -> list[dict[str, Any]]:
        """Call ``function`` on each item, in parallel, and return the results in order.

        ``function`` is a module-level function; items and results are small and made of plain
        values (results: JSON). Files are written through ``formats.storage.atomic_path``. A
        result is recorded: when the run is killed and started again, items done are not redone.
        """
        ...


class BarrierStage(Stage):
    """A stage that needs every partition before it can answer."""

    key_fields: ClassVar[tuple[str, ...] | None] = None
    """The settings that ``keys`` depends on; None: all. Changing another one re-runs the barrier
    but not the map pass before it."""
    cuts_text: ClassVar[bool] = False
    """Whether its annotations have ``CUT_FIELDS``. A barrier that follows on it gets its keys from
    what is left, in a map pass of their own."""

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch | None:
        """What ``run`` needs of each row (row for row); None where it reads the documents."""
        return None

    @abstractmethod
    def run(self, partitions: Sequence[Partition], folder: str, engine: Engine) -> list[str]:
        """Write one annotation file per partition under ``folder``; return their paths in order."""

    def new_documents(self, folder: str) -> list[str]:
        """Arrow IPC files of documents that ``run`` added under ``folder``, in order."""
        return []

    def facts(self, folder: str) -> dict[str, Any]:
        """What the summary should say of a finished ``run``, plain values.

        ``alarms``, a list of sentences, is also said aloud.
        """
        return {}

    def exports(self, folder: str) -> dict[str, list[str]]:
        """Files under ``folder`` that people keep: place in the run folder -> files, in order."""
        return {}


def alive(batch: pa.RecordBatch) -> np.ndarray:
    """Bool [rows]: True where no stage has dropped the row so far."""
    if DROP_STAGE not in batch.schema.names:
        return np.ones(batch.num_rows, np.bool_)
    return pc.is_null(batch.column(DROP_STAGE)).to_numpy(zero_copy_only=False)


def on_rows(values: pa.Array, rows: np.ndarray, total: int) -> pa.Array:
    """An array of ``total`` rows: ``values`` on the given rows, null on the others.

    Args:
        values: [given], of any type.
        rows: int64 [given], each once.
        total: rows of the result.
    """
    places = np.full(total, -1, np.int64)
    places[rows] = np.arange(len(rows))
    return values.take(pa.array(places, mask=places < 0))


def mark_dropped(
    batch: pa.RecordBatch, stage: str, reasons: Sequence[str | None] | pa.Array
) -> pa.RecordBatch:
    """Mark rows as dropped by ``stage``; a row dropped before keeps its first reason.

    Args:
        batch: the rows.
        stage: the stage's name.
        reasons: [rows] ``"rule: value vs threshold"``, or None where the row stays.
    """
    reasons = pa.array(reasons, pa.string())
    if DROP_STAGE in batch.schema.names:
        before = batch.column(DROP_REASON)
        stages = batch.column(DROP_STAGE)
    else:
        before = stages = pa.nulls(batch.num_rows, pa.string())
    now = pc.and_(pc.is_null(stages), pc.is_valid(reasons))
    batch = set_column(batch, DROP_STAGE, pc.if_else(now, pa.scalar(stage), stages))
    return set_column(batch, DROP_REASON, pc.if_else(now, reasons, before))


def set_column(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    """The batch with the column replaced, or added at the end."""
    index = batch.schema.get_field_index(name)
    if index < 0:
        return batch.append_column(name, column)
    return batch.set_column(index, name, column)
