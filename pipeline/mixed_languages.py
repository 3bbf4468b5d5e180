"""Documents in several languages: how many, in which, what they look like.

``langid`` names the languages of such a document in the column ``lang_mix`` and drops nothing for
it. Counts and samples are taken where documents end, in the documents pass; a sample is a kept
document of the smallest id, which is a hash, so it is by chance and the same every time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stages.base import DROP_STAGE

COLUMN = "lang_mix"
SAMPLES = 2
"""Of a language."""
PIECES, PIECE_CHARACTERS = 4, 160
"""Of a long text shown as a sample: its beginning alone may be in one language."""
BREAK = "\n[…]\n"


@dataclass
class MixedLanguages:
    """The documents of one task that are in several languages."""

    counts: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    """(language, languages as in ``lang_mix`` without shares, kept) -> documents."""
    samples: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Language -> ``id``, ``lang``, ``mix``, ``origin``, ``text``."""

    def count(self, batch: pa.RecordBatch) -> None:
        """Count those of a batch that is about to be written."""
        if COLUMN not in batch.schema.names:
            return
        mixed = batch.filter(pc.is_valid(batch.column(COLUMN)))
        if mixed.num_rows == 0:
            return
        dropped = DROP_STAGE in mixed.schema.names
        stage = mixed.column(DROP_STAGE) if dropped else pa.nulls(mixed.num_rows, pa.string())
        table = pa.table(
            {
                "lang": mixed.column("lang"),
                "languages": pc.replace_substring_regex(mixed.column(COLUMN), ":[0-9.]+", ""),
                "kept": pc.is_null(stage),
            }
        )
        grouped = table.group_by(table.column_names, use_threads=False).aggregate(
            [([], "count_all")]
        )
        for row in grouped.to_pylist():
            self.counts[row["lang"], row["languages"], row["kept"]] += row["count_all"]
        self._sample(mixed.filter(pc.is_null(stage)))

    def _sample(self, kept: pa.RecordBatch) -> None:
        """Keep the document of the smallest id of each language."""
        smallest = pa.table({"lang": kept.column("lang"), "id": kept.column("id")})
        for found in smallest.group_by("lang").aggregate([("id", "min")]).to_pylist():
            lang, name = found["lang"], found["id_min"]
            if lang in self.samples and self.samples[lang]["id"] <= name:
                continue
            row = pc.index(kept.column("id"), name).as_py()
            self.samples[lang] = {
                "id": name,
                "lang": lang,
                "mix": kept.column(COLUMN)[row].as_py(),
                "origin": kept.column("origin")[row].as_py(),
                "text": spread_excerpt(kept.column("text")[row].as_py()),
            }

    def as_json(self) -> dict[str, Any]:
        """``counts``: a list of [language, languages, kept, documents]; ``samples``: a list."""
        counts = [[*key, number] for key, number in sorted(self.counts.items())]
        return {"counts": counts, "samples": [self.samples[k] for k in sorted(self.samples)]}


def spread_excerpt(text: str) -> str:
    """A short text, or pieces of a long one in the middle of equal stretches of it.

    >>> spread_excerpt("a " * 1000).count("[…]")
    3
    """
    if len(text) <= PIECES * PIECE_CHARACTERS:
        return text
    pieces = []
    for number in range(PIECES):
        begin = len(text) * number // PIECES
        words = text[begin : begin + PIECE_CHARACTERS]
        if number:
            words = words[words.find(" ") + 1 :]
        pieces.append(words.strip())
    return BREAK.join(pieces)


def merged(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The findings of all tasks as one.

    Returns:
        ``languages``: language -> {``read``, ``kept``: documents in several languages, ``with``:
        other language -> kept documents that have it too}, the most first; ``samples``: a few of
        each language.
    """
    read: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    beside: dict[str, Counter[str]] = defaultdict(Counter)
    samples: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for part in parts:
        for lang, languages, is_kept, number in part["counts"]:
            read[lang] += number
            if is_kept:
                kept[lang] += number
                beside[lang].update({o: number for o in languages.split(",") if o != lang})
        for sample in part["samples"]:
            samples[sample["lang"]].append(sample)
    ordered = sorted(read, key=lambda lang: (-kept[lang], -read[lang], lang))
    return {
        "languages": {
            lang: {
                "read": read[lang],
                "kept": kept[lang],
                "with": dict(sorted(beside[lang].items(), key=lambda item: (-item[1], item[0]))),
            }
            for lang in ordered
        },
        "samples": [
            sample
            for lang in ordered
            for sample in sorted(samples[lang], key=lambda sample: str(sample["id"]))[:SAMPLES]
        ],
    }
