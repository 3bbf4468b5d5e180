"""The stage ``unusual``: documents unlike trusted text of their language.

It stands behind ``quality``, whose signals it ranks against a reference (``calibration``, which
``python -m pipeline calibrate`` writes), and finds what no rule names: what is odd in several ways
at once.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.base import MapStage, alive, mark_dropped, on_rows, set_column
from stages.quality.calibration import calibration_of
from stages.quality.judging import plain_numbers
from stages.quality.kinds import NAMES, PROSE
from stages.quality.measuring import language_codes
from stages.quality.quality import KIND, PREFIX


class Unusual(MapStage):
    """Score documents by how unlike trusted text they are; drop or flag those beyond the cut.

    Needs the columns ``signal_*`` of ``quality``. Adds ``unusual`` (float32, null below 20 words):
    the sum of the groups' surprises. The reason names the signal that surprised most:
    ``unusual_link_lines: 9.3 vs 6.1``.
    """

    name: ClassVar[str] = "unusual"

    reference: str = Field(description="The file that `python -m pipeline calibrate` wrote.")
    action: Literal["drop", "flag"] = Field(
        "drop", description="What is done with a document beyond the cut; flag: the score stays."
    )
    kinds: list[Literal["prose", "short", "list", "verse", "code"]] = Field(
        ["prose"], description="Kinds of documents that can go; others only get their score."
    )
    cut: float | None = Field(
        None, ge=0, description="One cut for all languages; null: each language's own."
    )

    def assets(self) -> list[str]:
        """The reference."""
        return [self.reference]

    def check_settings(self) -> None:
        """Read the reference, so that a mistake stops the run before it begins."""
        calibration_of(self.reference)

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with scores, and the reasons of what is dropped.

        Raises:
            ValueError: the documents have no signals.
        """
        reference = calibration_of(self.reference)
        names = [n.removeprefix(PREFIX) for n in batch.schema.names if n.startswith(PREFIX)]
        if "words" not in names:
            raise ValueError("unusual: the documents have no signals: put it behind `quality`")
        signals = np.stack([_floats(batch.column(PREFIX + name)) for name in names])
        codes, languages = language_codes(batch)
        keys = np.array(languages, dtype=object)[codes]
        scores, strongest = reference.score(signals, names, keys.tolist())
        living = alive(batch)
        scores[~living] = np.nan
        batch = set_column(batch, "unusual", pa.array(scores, pa.float32(), from_pandas=True))
        if self.action == "flag":
            return batch
        cuts = reference.cuts(languages)[codes]
        cuts = cuts if self.cut is None else np.full_like(cuts, self.cut)
        rows = np.flatnonzero((scores > cuts) & self._may_go(batch))
        texts = pc.binary_join_element_wise(
            "unusual_", pa.array(names).take(pa.array(strongest[rows])),
            ": ", plain_numbers(scores[rows]), " vs ", plain_numbers(cuts[rows]), "",
        )  # fmt: skip
        return mark_dropped(batch, self.name, on_rows(texts, rows, batch.num_rows))

    def _may_go(self, batch: pa.RecordBatch) -> np.ndarray:
        """Which documents are of a kind that may be dropped: bool [rows]."""
        if KIND not in batch.schema.names:
            return np.ones(batch.num_rows, np.bool_)
        kinds = pc.fill_null(batch.column(KIND), NAMES[PROSE])
        may = pc.is_in(kinds, value_set=pa.array(self.kinds, pa.string()))
        return np.asarray(may.to_numpy(zero_copy_only=False), np.bool_)


def _floats(column: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(column, np.nan).to_numpy(zero_copy_only=False), np.float32)
