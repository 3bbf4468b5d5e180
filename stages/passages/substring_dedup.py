"""Long passages that stand twice, wherever they begin and end: quotations, licences, templates.

    map pass     text -> a few anchors: hash, place     winnowing, see ``winnow_kernels``
    anchors      anchors -> ranges of hashes            one file per partition
    repeated     equal hashes -> which copy stays       one task per range, sized by ``memory``
    matches      anchors -> passages; where their copies stand
    copies       each partition sends what its texts have there
    cuts         passages compared byte by byte, grown, trimmed, cut; audit

What it guarantees, with k = ``min_characters`` and t = ``sure_characters``, w = t - k + 1:

* a passage of n >= t characters that stands in two places is found, whatever is around it: all of
  it but at most w - 1 characters at either end is cut from every place but the first (they go too
  where the copy that stays continues likewise);
* nothing is cut that does not stand, byte for byte, in an earlier place, within a passage of at
  least k characters; if that place loses it too, then to one earlier still;
* cuts fall between characters with their marks, and never inside a word where spaces set words
  apart: parts of words at the ends of a passage stay.

An earlier place: of a document with a smaller id, or further ahead in the same one.

Why not a suffix array: it needs 5 to 9 bytes of memory for each byte of a whole group of partitions
at once, sees no copy in another group, and ran at a small part of the speed (``benchmarks/
passages.py`` has both on the same text, and what share of its matches this finds).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Self

import numpy as np
import pyarrow as pa
from pydantic import BeforeValidator, Field, model_validator

from formats.buffers import text_buffers
from formats.documents import document_numbers
from formats.units import parse_bytes
from stages.barrier_files import Plan
from stages.base import BarrierStage, Engine, Partition, alive
from stages.passages.passage_files import audit_files, cut_note
from stages.passages.scopes import SCOPE_DESCRIPTION, Scope, scope_hashes
from stages.shuffle import bucket_count

BYTES_PER_RECORD = 128
"""What a task of ``repeated`` holds of each anchor, with what it takes to sort them."""


class SubstringDedup(BarrierStage):
    """Cut passages that stand, byte for byte, in an earlier place of the corpus.

    A document of which little is left is dropped, uncut (``characters_left: 12 vs 50``). What was
    cut from the others stands in ``cut/substring_dedup`` of the run folder.
    """

    name: ClassVar[str] = "substring_dedup"
    key_fields: ClassVar[tuple[str, ...] | None] = ("min_characters", "sure_characters", "scope")
    cuts_text: ClassVar[bool] = True

    min_characters: int = Field(
        100, ge=2, le=10_000, description="Passages of fewer characters are never cut."
    )
    sure_characters: int = Field(
        200,
        le=20_000,
        description="Passages of so many characters (50 tokens of English) are always found; the "
        "nearer to min_characters, the more anchors.",
    )
    scope: Scope = Field("all", description=SCOPE_DESCRIPTION)
    min_characters_left: int = Field(
        50,
        ge=1,
        description="Drop a document that was cut and has fewer characters left, blanks aside.",
    )
    memory: Annotated[int, BeforeValidator(parse_bytes)] = Field(
        256 << 20,
        ge=1 << 20,
        description="About what a task that compares hashes may hold; the rest is on disk.",
    )

    @model_validator(mode="after")
    def _sure_is_more(self) -> Self:
        if self.sure_characters < self.min_characters:
            raise ValueError(
                f"sure_characters is {self.sure_characters}: less than min_characters, "
                f"{self.min_characters}"
            )
        return self

    @property
    def window(self) -> int:
        """Grams of which one is an anchor: w in the module's docstring."""
        return self.sure_characters - self.min_characters + 1

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """What the barrier knows of each row.

        Columns: ``number`` (uint64, of the id); ``alive``; ``hashes`` (list<uint64>), ``begins``
        (list<int64>, bytes of the text) and ``lengths`` (list<int32>, bytes) of its anchors.
        """
        live = alive(batch)
        scopes, within = scope_hashes(batch, self.scope)
        hashes, begins, lengths, borders = anchors(
            batch.column("text"), live & within, self.min_characters, self.window
        )
        hashes ^= np.repeat(scopes, np.diff(borders))
        offsets = pa.array(borders, pa.int32())
        return pa.record_batch(
            {
                "number": pa.array(document_numbers(batch.column("id"))),
                "alive": pa.array(live),
                "hashes": pa.ListArray.from_arrays(offsets, pa.array(hashes)),
                "begins": pa.ListArray.from_arrays(offsets, pa.array(begins)),
                "lengths": pa.ListArray.from_arrays(offsets, pa.array(lengths, pa.int32())),
            }
        )

    def run(self, partitions: Sequence[Partition], folder: str, engine: Engine) -> list[str]:
        """Write the byte ranges that go, the reasons of what is dropped, and the audit."""
        from stages.passages import substring_steps as steps

        settings = self.model_dump() | {"window": self.window}
        plan = Plan(folder, tuple(partitions), settings)
        if not partitions:
            return []
        plan.save()
        each = plan.items(len(partitions))
        counted = engine.map("counts", steps.count_anchors, each)
        records = sum(result["records"] for result in counted)
        buckets = bucket_count(records, self.memory // BYTES_PER_RECORD)
        plan = Plan(folder, tuple(partitions), settings | {"buckets": buckets})
        plan.save()
        engine.map("anchors", steps.shuffle_anchors, each)
        engine.map("repeated", steps.find_repeated, plan.items(buckets))
        engine.map("matches", steps.join_anchors, each)
        engine.map("copies", steps.send_copies, each)
        engine.map("cuts", steps.cut_matches, each)
        return plan.paths("annotations", len(partitions))

    def exports(self, folder: str) -> dict[str, list[str]]:
        """What was cut."""
        return {f"cut/{self.name}": audit_files(folder)}

    def conclude(self, folder: str) -> list[str]:
        """How much was cut."""
        return cut_note(folder, self.name)


def anchors(
    texts: pa.Array, wanted: np.ndarray, size: int, window: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The grams of texts that are chosen by what they are.

    Args:
        texts: large_string [rows].
        wanted: bool [rows].
        size: characters in a gram.
        window: grams of which one is chosen.

    Returns:
        uint64 [anchors] hashes; int64 [anchors] first bytes in their texts; int64 [anchors] bytes;
        int64 [rows + 1] where the anchors of each text begin.
    """
    from stages.passages.winnow_kernels import winnow

    data, offsets = text_buffers(texts)
    borders = np.zeros(len(offsets), np.int64)
    room = 3 * int(offsets[-1] - offsets[0]) // (window + 1) + 64  # a half more than is expected
    found = [np.empty(room, dtype) for dtype in (np.uint64, np.int64, np.int64)]
    first = 0
    while True:
        first = winnow(data, offsets, wanted, size, window, first, *found, borders)
        if first == len(wanted):
            break
        found = [np.concatenate([values, np.empty_like(values)]) for values in found]
    hashes, begins, lengths = (values[: borders[-1]] for values in found)
    return hashes, begins, lengths, borders
