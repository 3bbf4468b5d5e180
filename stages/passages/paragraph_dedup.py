"""Paragraphs or lines that stand in many documents: cookie banners, licences, footers, menus.

    map pass     text -> a hash per paragraph           one kernel, one pass over the bytes
    paragraphs   hashes -> ranges of hashes             one file per partition
    repeated     equal hashes -> who loses its copy     one task per range, sized by ``memory``
    cuts         answers -> byte ranges, audit          one task per partition

Every paragraph is counted, exactly but for collisions of 64-bit hashes: of 10^9 different
paragraphs in a scope one in 4 x 10^10 shares its hash with another. Hashes are of folded words, so
that copies may differ in case, punctuation and spacing; numbers count. What stays is decided by
ids, never by the order of files, partitions or workers.

Dropping exact repeats of paragraphs across documents is CCNet's step (Wenzek et al. 2020, section
3.1: all repeats within a shard) with a threshold, so that a quotation is no boilerplate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field

from formats.buffers import text_buffers
from formats.documents import document_numbers
from formats.units import parse_bytes
from stages.barrier_files import Plan
from stages.base import BarrierStage, Engine, Partition, alive
from stages.passages.passage_files import audit_files, cut_note
from stages.passages.scopes import SCOPE_DESCRIPTION, Scope, scope_hashes
from stages.shuffle import bucket_count

BYTES_PER_RECORD = 128
"""What a task of ``repeated`` holds of each paragraph, with what it takes to sort them."""
NEW_LINE = 0x0A


class ParagraphDedup(BarrierStage):
    """Cut paragraphs or lines that stand in more than ``max_documents`` documents of a scope.

    A document of which little is left is dropped, uncut (``characters_left: 12 vs 50``). What was
    cut from the others stands in ``cut/paragraph_dedup`` of the run folder.
    """

    name: ClassVar[str] = "paragraph_dedup"
    key_fields: ClassVar[tuple[str, ...] | None] = ("unit", "scope", "min_words")
    cuts_text: ClassVar[bool] = True

    unit: Literal["paragraph", "line"] = Field(
        "paragraph", description="What is compared: what stands between blank lines, or lines."
    )
    scope: Scope = Field(
        "language",
        description=SCOPE_DESCRIPTION,
    )
    max_documents: int = Field(5, ge=1, description="Cut what stands in more documents than this.")
    keep: Literal["first", "none"] = Field(
        "first",
        description="Leave one copy, the first in the document with the smallest id, or none.",
    )
    min_words: int = Field(
        8,
        ge=1,
        description="Units of fewer words stay; where words are not set apart, a letter is one.",
    )
    min_characters_left: int = Field(
        50,
        ge=1,
        description="Drop a document that was cut and has fewer characters left, blanks aside.",
    )
    memory: Annotated[int, BeforeValidator(parse_bytes)] = Field(
        256 << 20,
        ge=1 << 20,
        description="About what a task that counts may hold; the rest of the hashes is on disk.",
    )

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What the barrier knows of each row.

        Columns: ``number`` (uint64, of the id); ``alive``; ``hashes`` (list<uint64>), ``begins``
        and ``ends`` (list<int64>, bytes of the text) of the units long enough.
        """
        live = alive(batch)
        scopes, within = scope_hashes(batch, self.scope)
        hashes, begins, ends, borders = units(
            batch.column("text"), live & within, scopes, self.unit, self.min_words
        )
        offsets = pa.array(borders, pa.int32())
        return pa.record_batch(
            {
                "number": pa.array(document_numbers(batch.column("id"))),
                "alive": pa.array(live),
                "hashes": pa.ListArray.from_arrays(offsets, pa.array(hashes)),
                "begins": pa.ListArray.from_arrays(offsets, pa.array(begins)),
                "ends": pa.ListArray.from_arrays(offsets, pa.array(ends)),
            }
        )

    def run(self, partitions: Sequence[Partition], folder: str, engine: Engine) -> list[str]:
        """Write the byte ranges that go, the reasons of what is dropped, and the audit."""
        from stages.passages import paragraph_steps as steps

        plan = Plan(folder, tuple(partitions), self.model_dump())
        if not partitions:
            return []
        plan.save()
        counted = engine.map("counts", steps.count_units, plan.items(len(partitions)))
        records = sum(result["records"] for result in counted)
        buckets = bucket_count(records, self.memory // BYTES_PER_RECORD)
        plan = Plan(folder, tuple(partitions), self.model_dump() | {"buckets": buckets})
        plan.save()
        engine.map("paragraphs", steps.shuffle_units, plan.items(len(partitions)))
        engine.map("repeated", steps.find_repeated, plan.items(buckets))
        engine.map("cuts", steps.cut_units, plan.items(len(partitions)))
        return plan.paths("annotations", len(partitions))

    def exports(self, folder: str) -> dict[str, list[str]]:
        """What was cut."""
        return {f"cut/{self.name}": audit_files(folder)}

    def conclude(self, folder: str) -> list[str]:
        """How much was cut."""
        return cut_note(folder, self.name)


def units(
    texts: pa.Array, wanted: np.ndarray, scopes: np.ndarray, unit: str, min_words: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The paragraphs or lines of texts.

    Args:
        texts: large_string [rows].
        wanted: bool [rows].
        scopes: uint64 [rows].
        unit: ``paragraph`` or ``line``.
        min_words: shorter ones are left out.

    Returns:
        uint64 [units] hashes; int64 [units] begins and ends in their texts; int64 [rows + 1]
        where the units of each text begin.
    """
    from stages.dedup.folding import fold_table
    from stages.passages.paragraph_kernels import hash_units

    data, offsets = text_buffers(texts)
    lines = int(np.count_nonzero(data[offsets[0] : offsets[-1]] == NEW_LINE)) + len(wanted)
    hashes = np.empty(lines, np.uint64)
    begins, ends = np.empty(lines, np.int64), np.empty(lines, np.int64)
    borders = np.empty(len(offsets), np.int64)
    hash_units(
        data, offsets, wanted, scopes, int(unit == "line"), min_words, *fold_table(),
        hashes, begins, ends, borders,
    )  # fmt: skip
    count = int(borders[-1])
    return hashes[:count], begins[:count], ends[:count], borders
