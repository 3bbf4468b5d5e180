"""What stages changed in the texts: how often, in which language, how it looked before.

A map stage says per row how often it did what (``MapStage.repairs``); passages that a barrier took
out are counted where they are cut. Counts go by the language that the text is found to have at the
end of the map pass, since a repair may come before language ID; a sample is the first text of a
partition that a kind of repair changed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import UNKNOWN_LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

Repairs = dict[str, np.ndarray]
"""Kind -> int64 [rows], see ``MapStage.repairs``."""
AROUND = 60
"""Characters of context on both sides of a change."""
SAMPLE_CHARACTERS = 400


@dataclass
class Audit:
    """The repairs of one task."""

    counts: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    """(stage, kind, language, "documents" or "times") -> number."""
    samples: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """(stage, kind) -> ``id``, ``origin``, ``before`` (null: it may not be shown), ``after``."""

    def sample(
        self,
        stage: str,
        repairs: Repairs,
        before: pa.Array,
        after: pa.RecordBatch,
        shows_before: bool = True,
    ) -> None:
        """Keep the first text of each kind of repair not met yet.

        Args:
            stage: name of what changed the texts.
            repairs: what it says that it did.
            before: large_string [rows], the texts as the stage got them.
            after: the batch as the stage left it.
            shows_before: whether a sample may show what stood there.
        """
        for kind, times in repairs.items():
            rows = np.flatnonzero(times)
            if len(rows) == 0 or (stage, kind) in self.samples:
                continue
            row = int(rows[0])
            old, new = around_the_change(before[row].as_py(), after.column("text")[row].as_py())
            self.samples[stage, kind] = {
                "id": after.column("id")[row].as_py(),
                "origin": after.column("origin")[row].as_py(),
                "before": old if shows_before else None,
                "after": new,
            }

    def count(self, repairs_of: dict[str, Repairs], batch: pa.RecordBatch) -> None:
        """Count the repairs of each stage, by its name, in a batch that went through all."""
        languages = pc.fill_null(batch.column("lang"), UNKNOWN_LANGUAGE).dictionary_encode()
        names = languages.dictionary.to_pylist()
        of_row = languages.indices.to_numpy(zero_copy_only=False)
        for stage, repairs in repairs_of.items():
            for kind, times in repairs.items():
                documents = np.bincount(of_row, times > 0, len(names))
                sums = np.bincount(of_row, times, len(names))
                for name, changed, number in zip(names, documents, sums, strict=True):
                    if changed:
                        self.counts[stage, kind, name, "documents"] += int(changed)
                        self.counts[stage, kind, name, "times"] += int(number)

    def as_json(self) -> list[dict[str, Any]]:
        """A list of {stage, kind, languages: {lang: {documents, times}}, sample}."""
        entries: dict[tuple[str, str], dict[str, Any]] = {}
        for (stage, kind, lang, what), number in sorted(self.counts.items()):
            entry = entries.setdefault(
                (stage, kind), {"stage": stage, "kind": kind, "languages": {}}
            )
            entry["languages"].setdefault(lang, {})[what] = number
            entry["sample"] = self.samples.get((stage, kind))
        return list(entries.values())


def around_the_change(before: str, after: str) -> tuple[str, str]:
    """The stretches around the first and the last difference of two texts, cut where long.

    >>> around_the_change("a" * 90 + "cafÃ©" + "b" * 90, "a" * 90 + "café" + "b" * 90)[1][58:64]
    'aafébb'
    """
    shorter = min(len(before), len(after))
    first = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    room = shorter - first
    last = next((i for i in range(room) if before[-1 - i] != after[-1 - i]), room)
    start = max(first - AROUND, 0)
    return tuple(
        text[start : max(len(text) - last + AROUND, first)][:SAMPLE_CHARACTERS]
        for text in (before, after)
    )  # type: ignore[return-value]


def merged(parts: Iterable[list[dict[str, Any]]], samples: int = 3) -> list[dict[str, Any]]:
    """The audits of all partitions as one: counts added, the first few samples of each kind."""
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for part in parts:
        for found in part:
            entry = entries.setdefault(
                (found["stage"], found["kind"]),
                {"stage": found["stage"], "kind": found["kind"], "languages": {}, "samples": []},
            )
            for lang, numbers in found["languages"].items():
                total = entry["languages"].setdefault(lang, {"documents": 0, "times": 0})
                for what, number in numbers.items():
                    total[what] += number
            if found["sample"] and len(entry["samples"]) < samples:
                entry["samples"].append(found["sample"])
    return list(entries.values())
