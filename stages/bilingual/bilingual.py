"""Pair the translations of a document, and make one parallel document of each pair.

Three ways find them, each among what those before it left: two documents of one source with the
same ``pair_key`` (that is how sites and documentation name them, by path), with the same address
but for the name of the language, or with content that matches in order (``pairing.content``). What
is found besides is told apart here: pages that were never translated (their long lines stand word
for word in the other language) and pages of which one side is a stub.

The originals stay in the corpus. A parallel document is a new one, source ``bilingual``, lang
``en-zh``, both texts one after the other, so that a mixture can weigh it by itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator

from formats.storage import atomic_path, filesystem
from stages.barrier_files import Plan, write_table
from stages.base import ANNOTATION_SCHEMA, BarrierStage, Engine, Partition, alive
from stages.bilingual.finding import (
    RATIO_STEPS,
    buckets_of_plan,
    count_votes,
    match,
    parts_of_plan,
    shuffle_keys,
    shuffle_slots,
    taken_paths,
    way_items,
)
from stages.bilingual.pairs import pair_hashes
from stages.bilingual.steps import shuffle_texts, write_pairs

FINDERS = ("pair_key", "url", "content")


class Bilingual(BarrierStage):
    """Find pairs of translations and add them as parallel documents; drops nothing."""

    name: ClassVar[str] = "bilingual"
    version: ClassVar[int] = 2
    key_fields: ClassVar[tuple[str, ...] | None] = ()

    pairs: list[tuple[str, str]] = Field(
        min_length=1,
        description="Language pairs to look for; zh stands for zh-Hans and zh-Hant too.",
    )
    find: list[str] = Field(
        ["pair_key"],
        min_length=1,
        description="How pairs are found, each way among what those before it left: pair_key (the "
        "same source and pair_key), url (the same source, and an address that differs in the name "
        "of the language only), content.",
    )
    learn_url_codes: bool = Field(
        True,
        description="Whether what a crawl's addresses call a language is learned, besides the "
        "usual codes.",
    )
    min_confidence: float = Field(
        0.14,
        ge=0,
        le=1,
        description="By content: least share of both texts that matches once they are aligned, "
        "less half of that with any other partner either could have.",
    )
    separator: str = Field("\n\n", description="Text between the two sides.")
    max_length_ratio: float = Field(
        4.0, ge=1, description="Most characters of one side per character of the other."
    )
    max_copy_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Most of one side's lines of over 20 characters that may stand in the other.",
    )

    @field_validator("find")
    @classmethod
    def _only_finders_there_are(cls, find: list[str]) -> list[str]:
        unknown = [name for name in find if name not in FINDERS]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: pairs are found by {', '.join(FINDERS)} only")
        if len(set(find)) < len(find):
            raise ValueError(f"{', '.join(find)}: a way of finding is there twice")
        return find

    @field_validator("pairs")
    @classmethod
    def _two_languages_once(cls, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        for left, right in pairs:
            if left == right or left.startswith(f"{right}-") or right.startswith(f"{left}-"):
                raise ValueError(f"[{left}, {right}]: a pair needs two languages")
        repeated = [p for p, n in Counter(tuple(sorted(p)) for p in pairs).items() if n > 1]
        if repeated:
            raise ValueError(f"[{', '.join(repeated[0])}] is there twice")
        return pairs

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Where a row may meet its translation.

        Columns: ``pair_hash`` (uint64 of source and pair_key), ``source``, ``pair_key``, ``url``,
        ``lang`` (the declared one where none was identified), ``declared`` (the declared language
        agrees), ``id``, ``characters`` (int64), ``alive`` (not dropped, has a language).
        """
        lang = pc.coalesce(batch.column("lang"), batch.column("declared_lang"))
        key, source = batch.column("pair_key"), batch.column("source")
        usable = alive(batch) & pc.is_valid(lang).to_numpy(zero_copy_only=False)
        declared = pc.equal(batch.column("declared_lang"), lang)
        nothing = pa.nulls(batch.num_rows, pa.string())
        return pa.record_batch(
            {
                "pair_hash": pair_hashes(source, key, usable),
                "source": source,
                "pair_key": key,
                "url": batch.column("url") if "url" in batch.schema.names else nothing,
                "lang": lang,
                "declared": pc.fill_null(declared, False),
                "id": batch.column("id"),
                "characters": pc.cast(pc.utf8_length(batch.column("text")), pa.int64()),
                "alive": pa.array(usable),
            }
        )

    def run(self, partitions: Sequence[Partition], folder: str, engine: Engine) -> list[str]:
        """Write ``pairs/*.parquet``, ``documents/*.arrow`` and ``summary.json``; drop no row."""
        if not partitions:
            return []
        plan = Plan(folder, tuple(partitions), self.model_dump(mode="json"))
        plan.save()
        matched = []
        for way in range(len(self.find)):
            self._find(plan, way, engine)
            matched += engine.map(f"matches-{way}", match, way_items(plan, way))
        engine.map("texts", shuffle_texts, plan.items(len(partitions)))
        usual = usual_ratios([result["ratios"] for result in matched], len(self.pairs))
        items = [item | {"usual_ratios": usual} for item in plan.items(parts_of_plan(plan))]
        written = engine.map("pairs", write_pairs, items)
        _write_json(f"{folder}/summary.json", total_counts([result["pairs"] for result in written]))
        paths = plan.paths("annotations", len(partitions))
        for path in paths:
            write_table(path, ANNOTATION_SCHEMA.empty_table())
        return paths

    def _find(self, plan: Plan, way: int, engine: Engine) -> None:
        """Bring together what one way of finding needs, up to its matches."""
        partitions = len(plan.partitions)
        if self.find[way] == "content":
            from stages.bilingual.pairing.content import find_by_content

            earlier = plan.paths("matches", way * buckets_of_plan(plan))
            find_by_content(plan, engine, taken_paths(plan, way), earlier)
            return
        codes = self._learned_codes(plan, engine) if self.find[way] == "url" else {}
        items = [item | {"way": way, "codes": codes} for item in plan.items(partitions)]
        engine.map(f"keys-{way}", shuffle_keys, items)

    def _learned_codes(self, plan: Plan, engine: Engine) -> dict[str, str]:
        """What this crawl's addresses call a language, besides the given table."""
        if not self.learn_url_codes:
            return {}
        from stages.bilingual.pairing.url_codes import learned_codes

        engine.map("slots", shuffle_slots, plan.items(len(plan.partitions)))
        counted = engine.map("votes", count_votes, plan.items(buckets_of_plan(plan)))
        return learned_codes(part["votes"] for part in counted)

    def new_documents(self, folder: str) -> list[str]:
        """The parallel documents."""
        return _parts(folder, "documents", "arrow")

    def exports(self, folder: str) -> dict[str, list[str]]:
        """The pairs, kept or not."""
        return {"bilingual/documents": _parts(folder, "pairs", "parquet")}


def usual_ratios(histograms: Sequence[dict[str, dict[str, int]]], pairs: int) -> list[float]:
    """Per language pair, the median of right by left characters over all buckets; 1 without any.

    Args:
        histograms: per bucket {number of the language pair: {bin: pairs}}, see ``match``.
        pairs: how many language pairs there are.
    """
    medians = []
    for number in range(pairs):
        total: Counter[int] = Counter()
        for histogram in histograms:
            total.update({int(at): count for at, count in histogram[str(number)].items()})
        bins = np.array(sorted(total), np.int64)
        counts = np.cumsum([total[int(at)] for at in bins])
        median = bins[np.searchsorted(counts, counts[-1] / 2)] if len(bins) else 0
        medians.append(float(2.0 ** (median / RATIO_STEPS)))
    return medians


def total_counts(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The counts of all buckets, per language pair."""
    total: dict[str, Any] = {}
    for part in parts:
        for name, counts in part.items():
            sums = total.setdefault(name, {"found": 0, "kept": 0, "ambiguous": 0, "dropped": {}})
            for key in ("found", "kept", "ambiguous"):
                sums[key] += counts[key]
            for rule, count in counts["dropped"].items():
                sums["dropped"][rule] = sums["dropped"].get(rule, 0) + count
    return total


def _write_json(path: str, value: dict[str, Any]) -> None:
    with atomic_path(path) as temporary:
        files, inner = filesystem(temporary)
        files.pipe_file(inner, json.dumps(value, indent=1).encode())


def _parts(folder: str, step: str, ending: str) -> list[str]:
    """The files of the last step, by the plan: others may be left of an earlier run."""
    files, inner = filesystem(f"{folder}/plan.json")
    if not files.exists(inner):
        return []
    parts = parts_of_plan(Plan.load(folder))
    return [f"{folder}/{step}/part-{index:05d}.{ending}" for index in range(parts)]
