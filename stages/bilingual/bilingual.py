"""Pair the translations of a document, align their sentences, and write parallel documents.

Three ways find them, each among what those before it left: two documents of one source with the
same ``pair_key`` (that is how sites and documentation name them, by path), with the same address
but for the name of the language, or with content that matches in order (``pairing.content``). What
is found besides is told apart here: pages that were never translated (their long lines stand word
for word in the other language) and pages of which one side is a stub.

The sentences of a pair are aligned and each pair of sentences judged (``scoring``). What is written
is a document of its own, source ``bilingual``, lang ``en-zh``, so that a mixture can weigh it by
itself, or by the column ``form``: whole documents one after the other, sentences or paragraphs in
turn, or packs of sentence pairs (``writing``). The originals stay in the corpus unless
``monolingual: remove`` takes those out that a parallel document was made of.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator, model_validator

from formats.storage import atomic_path, filesystem
from stages.barrier_files import Plan, write_table
from stages.base import ANNOTATION_SCHEMA, BarrierStage, Engine, Partition, alive
from stages.bilingual.finding import (
    buckets_of_plan,
    count_votes,
    match,
    parts_of_plan,
    shuffle_keys,
    shuffle_slots,
    taken_paths,
    usual_ratios,
    way_items,
)
from stages.bilingual.languages import (
    ALL,
        language_counts,
    language_pairs,
    routes,
    two_languages_once,
)  # fmt: skip
from stages.bilingual.pairs import lengths, pair_hashes
from stages.bilingual.repeats import find_repeats
from stages.bilingual.scoring.rules import SentenceSettings
from stages.bilingual.steps import align_pairs, shuffle_texts
from stages.bilingual.writing.steps import drop_halves, total_counts, write_pairs
from stages.bilingual.writing.templates import DOCUMENTS, FORMS, template_names

FINDERS = ("pair_key", "url", "content")


class Bilingual(BarrierStage):
    """Find pairs of translations and add them as parallel documents."""

    name: ClassVar[str] = "bilingual"
    version: ClassVar[int] = 5
    key_fields: ClassVar[tuple[str, ...] | None] = ()

    pairs: Literal["english", "all"] | list[tuple[str, str]] = Field(
        "english",
        description="Language pairs to look for: a list (zh stands for zh-Hans and zh-Hant too), "
        "english: English with every other language there is, or all: every two languages; by "
        "content those without English through clusters of translations.",
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
    embedding: str | None = Field(
        None,
        description="By content: a folder with an embedding model (model2vec, or "
        "sentence-transformers where that is installed), a further sign of what translates what.",
    )
    min_confidence: float = Field(
        0.1,
        ge=0,
        le=1,
        description="By content: least share of both texts that matches once they are aligned, "
        "less three quarters of that with any other partner either could have.",
    )
    max_length_ratio: float = Field(
        4.0,
        ge=1,
        description="How many times as long as usual for the two languages one side may be beside "
        "the other; kana, Han and Hangul count twice.",
    )
    max_copy_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Most of one side's lines of over 20 characters that may stand in the other.",
    )

    align: bool = Field(
        True,
        description="Whether sentences are aligned; without, only whole documents are written.",
    )
    min_aligned_share: float = Field(
        0.0, ge=0, le=1, description="Least share of both sides' sentences with a good translation."
    )
    max_foreign: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Most probability that a side's sentences, taken together, are in another "
        "language.",
    )
    sentences: SentenceSettings = Field(
        default_factory=lambda: SentenceSettings.model_validate({}),
        description="What a pair of sentences must be like.",
    )
    form: list[str] = Field(
        [DOCUMENTS],
        min_length=1,
        description="Forms of parallel documents, one drawn for each pair (named twice: twice as "
        "often): documents, interleaved, pairs.",
    )
    templates: dict[str, list[str]] = Field(
        default_factory=dict,
        description="By form, what stands around the two sides, one drawn for each document: "
        "plain, named, coded, translation, equals (templates.yaml).",
    )
    interleave: Literal["sentences", "paragraphs"] = Field(
        "sentences", description="What takes turns in interleaved documents."
    )
    direction: float = Field(
        0.5, ge=0, le=1, description="Share of documents in which the left language comes first."
    )
    per_pair: int = Field(
        1, ge=1, le=8, description="Documents of each pair, every other one in the other direction."
    )
    pack_characters: int = Field(
        8000, ge=1, description="Characters of both sides in a pack of sentence pairs, about."
    )
    monolingual: Literal["keep", "remove"] = Field(
        "keep",
        description="Whether documents of which parallel ones were made stay by themselves too.",
    )
    seed: int = Field(0, ge=0, description="Another number draws other forms and directions.")

    @field_validator("form")
    @classmethod
    def _only_forms_there_are(cls, form: list[str]) -> list[str]:
        unknown = [name for name in form if name not in FORMS]
        if unknown:
            raise ValueError(f"{', '.join(unknown)}: forms are {', '.join(FORMS)}")
        return form

    @field_validator("templates")
    @classmethod
    def _only_templates_there_are(cls, templates: dict[str, list[str]]) -> dict[str, list[str]]:
        for form, names in templates.items():
            if form not in FORMS:
                raise ValueError(f"{form}: forms are {', '.join(FORMS)}")
            unknown = [name for name in names if name not in template_names(form)]
            if unknown or not names:
                known = ", ".join(template_names(form))
                raise ValueError(f"{', '.join(unknown) or 'none'}: templates of {form} are {known}")
        return templates

    @model_validator(mode="after")
    def _forms_that_need_sentences(self) -> Bilingual:
        if not self.align and (set(self.form) != {DOCUMENTS} or self.min_aligned_share > 0):
            raise ValueError(
                "align: false leaves only form: [documents], without min_aligned_share"
            )
        return self

    @model_validator(mode="after")
    def _embedding_of_content(self) -> Bilingual:
        if self.embedding and "content" not in self.find:
            raise ValueError("embedding: it helps to find pairs by content, which find leaves out")
        return self

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
    def _two_languages_once(cls, pairs: str | list[tuple[str, str]]) -> str | list[tuple[str, str]]:
        return pairs if isinstance(pairs, str) else two_languages_once(pairs)

    def assets(self) -> list[str]:
        """The model that tells in which language a sentence is, and that of ``embedding``."""
        from stages.bilingual.pairing.embedding import model_files
        from stages.language.fasttext_model import model_path

        files = model_files(self.embedding) if self.embedding else []
        return [*([model_path("lid.176")] if self.align else []), *files]

    def check_settings(self) -> None:
        """Open the embedding model: a wrong folder is told before any work."""
        from stages.bilingual.pairing.embedding import open_embedding

        if self.embedding:
            open_embedding(self.embedding)

    def kernel_packages(self) -> set[str]:
        """Those that align and judge sentences, and those of the ways of finding."""
        packages = super().kernel_packages()
        here = next(iter(packages))
        if self.align:
            parts = ("alignment", "scoring", "sentences")
            packages |= {"stages.language", *(f"{here}.{part}" for part in parts)}
        if set(self.find) & {"url", "content"}:
            packages.add(f"{here}.pairing")
        return packages

    def keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Where a row may meet its translation.

        Columns: ``pair_hash`` (uint64 of source and pair_key), ``source``, ``pair_key``, ``url``,
        ``lang`` (the declared one where none was identified), ``declared`` (the declared language
        agrees), ``id``, ``characters`` (int64; kana, Han and Hangul count twice), ``alive`` (not
        dropped, has a language).
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
                "characters": pa.array(lengths(batch.column("text"))),
                "alive": pa.array(usable),
            }
        )

    def run(self, partitions: Sequence[Partition], folder: str, engine: Engine) -> list[str]:
        """Write ``pairs``, ``sentence_pairs``, ``documents``, ``summary.json`` and annotations."""
        if not partitions:
            return []
        plan = Plan(folder, tuple(partitions), self.model_dump(mode="json"))
        plan.save()
        plan = self._with_pairs(plan, engine)
        count = len(partitions)
        paths = plan.paths("annotations", count)
        if not plan.settings["pairs"]:
            return _nothing(paths)
        matched = []
        for way in range(len(self.find)):
            self._find(plan, way, engine)
            matched += engine.map(f"matches-{way}", match, way_items(plan, way))
        parts = parts_of_plan(plan)
        engine.map("texts", shuffle_texts, plan.items(count))
        pairs = len(plan.settings["pairs"])
        usual = usual_ratios([result["ratios"] for result in matched], pairs)
        items = [item | {"usual_ratios": usual} for item in plan.items(parts)]
        engine.map("aligned", align_pairs, items)
        engine.map("repeats", find_repeats, plan.items(buckets_of_plan(plan)))
        written = engine.map("pairs", write_pairs, plan.items(parts))
        _write_json(f"{folder}/summary.json", total_counts([result["pairs"] for result in written]))
        if self.monolingual == "remove":
            engine.map("annotations", drop_halves, plan.items(count))
            return paths
        return _nothing(paths)

    def _with_pairs(self, plan: Plan, engine: Engine) -> Plan:
        """The plan with the pairs of the languages that there are, and their ways through hubs."""
        if isinstance(self.pairs, str) or routes(self.pairs, {}) != [None] * len(self.pairs):
            counted = engine.map("languages", language_counts, plan.items(len(plan.partitions)))
        else:
            counted = []
        found = [result["languages"] for result in counted]
        pairs = self.pairs
        if isinstance(pairs, str):
            pairs = language_pairs(found, pairs == ALL)
        documents: Counter[str] = Counter()
        for counts in found:
            documents.update(counts)
        settings = {"pairs": pairs, "routes": routes(pairs, documents)}
        plan = replace(plan, settings=plan.settings | settings)
        plan.save()
        return plan

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
        """The pairs of documents and of sentences, kept or not."""
        return {
            "bilingual/documents": _parts(folder, "pairs", "parquet"),
            "bilingual/sentences": _parts(folder, "sentence_pairs", "parquet"),
        }

    def facts(self, folder: str) -> dict[str, Any]:
        """``pairs``: what ``writing.steps.count_pairs`` gives of each language pair, and ``least``.

        ``least`` has the least scores that pairs of documents (where content finds some) and of
        sentences (where they are aligned) are kept with.
        """
        files, inner = filesystem(f"{folder}/summary.json")
        if not files.exists(inner):
            return {}
        pairs = json.loads(files.cat_file(inner))
        for name, counts in pairs.items():
            counts["least"] = {
                "documents": self.min_confidence if "content" in self.find else None,
                "sentences": self.sentences.of(name).min_score if self.align else None,
            }
        return {"pairs": pairs}


def _nothing(paths: list[str]) -> list[str]:
    """Annotations that say nothing."""
    for path in paths:
        write_table(path, ANNOTATION_SCHEMA.empty_table())
    return paths


def _write_json(path: str, value: dict[str, Any]) -> None:
    with atomic_path(path) as temporary:
        files, inner = filesystem(temporary)
        files.pipe_file(inner, json.dumps(value, indent=1).encode())


def _parts(folder: str, step: str, ending: str) -> list[str]:
    """The files of the last step, by the plan: others may be left of an earlier run."""
    files, inner = filesystem(f"{folder}/plan.json")
    if not files.exists(inner):
        return []
    plan = Plan.load(folder)
    parts = parts_of_plan(plan) if plan.settings["pairs"] else 0
    return [f"{folder}/{step}/part-{index:05d}.{ending}" for index in range(parts)]
