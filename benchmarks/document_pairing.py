"""Translations found without keys or addresses: recall, precision, by language and kind of page.

    python benchmarks/document_pairing.py DATA [--languages zh fr ...] [--seed 0] [--growth]
        [--prose] [--wheels WHEEL ...] [--json OUT]

DATA is a folder of JSONL.zst files: ``bilingual_*`` (``text``, ``lang``, ``pair_key``) and
``mono_<lang>_*``. For each language, its pages and the English ones go through the stage
``bilingual`` with ``find: [content]``, languages identified by ``langid`` and nothing else known.
Before that 15 % of the pages are taken away on each side, so that they leave sister pages behind,
and pages of the same language that have no translation are added.

A page of which more than half the long lines are English is no translation: a pair of such a page
that the stage keeps counts as wrong, whatever its key says. What is told:

* recall and precision of the pairs kept at the stage's own threshold;
* the recall that the best threshold would have at precision .98;
* pairs found wrong that are sister pages of one site (same set of documents), and others;
* pages of less than 600 characters, and pages without code, apart; ``--prose`` leaves nothing but
  prose: code, links, markup and short lines are cut out of every page first, and at most 15 lines
  of each are kept;
* MB of both sides a second (one process); ``--growth``: the same at 1, 4 and 16 times as many
  documents: others of every language, not copies.

``--wheels`` takes the pages from Python packages instead (``pip download --no-deps wagtail``; needs
``babel``): a page is twenty messages that follow on each other in a catalogue.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from stages.base import Partition
from stages.bilingual.bilingual import Bilingual
from stages.language.langid import LangId

LANGUAGES = ("zh", "th", "ar", "fr", "ja", "ru", "de", "ko", "vi")
REMOVED = 15
"""Per cent of the pages of each side."""
MOST_MONO_MB = 4.0
"""Of pages without a translation, in each language."""
UNTRANSLATED = 0.5
SHORT = 600
MESSAGES, LEAST_MESSAGES = 20, 10
PARTITION_ROWS = 1000
PROSE_LINES, PROSE_CHARACTERS = 15, 40
MARKUP = re.compile(r"[`<>{}\[\]|=_#*]|https?:|::|\\")


class Inline:
    """An engine that calls every item here and now, and times the steps."""

    workers = 1

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def map(self, step: str, function: Any, items: Any) -> list[dict[str, Any]]:
        """Call the function on each item."""
        start = time.process_time()
        results = [function(json.loads(json.dumps(item))) for item in items]
        self.seconds[step] = self.seconds.get(step, 0) + time.process_time() - start
        return results


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a file."""
    with zstandard.open(path, "rb") as stream:
        yield from map(orjson.loads, stream.read().splitlines())


def chance(*parts: Any) -> int:
    """0 to 99, by a hash."""
    return int(hashlib.sha1("\0".join(map(str, parts)).encode()).hexdigest()[:8], 16) % 100


def prose(text: str) -> str:
    """The first lines of a text that are sentences and nothing else."""
    fenced, kept = False, []
    for line in text.split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        wide = sum(2 if ord(c) > 0x2E80 else 1 for c in line)
        if not fenced and wide >= PROSE_CHARACTERS and not MARKUP.search(line):
            kept.append(line)
    return "\n".join(kept[:PROSE_LINES])


def documents(folder: Path, languages: list[str], only_prose: bool) -> list[dict[str, Any]]:
    """All pages of the languages, keyed and not."""
    rows = []
    for path in sorted(folder.glob("bilingual_*.jsonl.zst")):
        for row in rows_of(path):
            if row["lang"] in languages:
                share = (row.get("meta") or {}).get("same_line_frac_vs_en") or 0.0
                rows.append({"set": path.name, "key": row["pair_key"], "copied": share} | row)
    for language in languages:
        files = sorted(folder.glob(f"mono_{language}_*.jsonl.zst"))
        for path in files:
            left = MOST_MONO_MB * 1e6 / len(files)
            for row in rows_of(path):
                left -= len(row["text"].encode())
                if left < 0:
                    break
                rows.append({"set": path.name, "key": None, "copied": 0.0} | row)
    if only_prose:
        rows = [row | {"text": prose(row["text"])} for row in rows]
        rows = [row for row in rows if row["text"].count("\n") >= 2]
        count_copied(rows)
    return rows


def count_copied(rows: list[dict[str, Any]]) -> None:
    """Set anew which share of a page's lines stands in the English page."""
    english = {(row["set"], row["key"]): set(row["text"].split("\n")) for row in rows
               if row["lang"] == "en"}  # fmt: skip
    for row in rows:
        lines = row["text"].split("\n")
        known = english.get((row["set"], row["key"]), set())
        row["copied"] = sum(line in known for line in lines) / len(lines)


def catalogue_pages(wheels: list[Path], languages: list[str]) -> list[dict[str, Any]]:
    """Messages of catalogues, in English and as translated, a message a line."""
    from babel.messages.pofile import read_po

    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for wheel in wheels:
        archive = zipfile.ZipFile(wheel)
        for name in sorted(archive.namelist()):
            place = re.fullmatch(r"(.*)/locale/en/LC_MESSAGES/(.*)\.po", name)
            if not place:
                continue
            source = read_po(archive.open(name))
            numbers = {first(message.id): n for n, message in enumerate(source) if message.id}
            for language in languages[1:]:
                code = {"zh": "zh_Hans"}.get(language, language)
                other = f"{place[1]}/locale/{code}/LC_MESSAGES/{place[2]}.po"
                messages = read_po(archive.open(other)) if other in archive.namelist() else ()
                said = {first(message.id): first(message.string) for message in messages}
                for text, number in numbers.items():
                    key = f"{place[1]}/{place[2]}/{number // MESSAGES}"
                    for lang, line in (("en", text), (language, said.get(text))):
                        row = {"id": f"{wheel.name}:{lang}:{key}", "set": wheel.name, "key": key,
                               "copied": 0.0, "lang": lang, "lines": {}}  # fmt: skip
                        rows.setdefault((lang, key), row)["lines"][text] = line
    pages = [
        row | {"text": "\n".join(filter(None, row["lines"].values()))} for row in rows.values()
    ]
    return [page for page in pages if page["text"].count("\n") >= LEAST_MESSAGES]


def first(text: str | tuple[str, ...]) -> str:
    """A message, or its singular."""
    return text if isinstance(text, str) else text[0]


def identified(rows: list[dict[str, Any]]) -> list[str | None]:
    """The language of each document."""
    stage, answers = LangId(), []
    for start in range(0, len(rows), PARTITION_ROWS):
        texts = [row["text"] for row in rows[start : start + PARTITION_ROWS]]
        ids = [str(i) for i in range(len(texts))]
        nothing = pa.nulls(len(texts), pa.string())
        columns = {"id": ids, "text": pa.array(texts, pa.large_string()), "declared_lang": nothing}
        answers += stage.apply(pa.record_batch(columns)).column("lang").to_pylist()
    return answers


def pool(
    rows: list[dict[str, Any]], language: str, seed: int
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The documents of English and one language that are left, and who translates whom (ids)."""
    chosen, english, mates = [], {}, {}
    for row in rows:
        if row["found"] not in ("en", language) or row["lang"] not in ("en", language):
            continue
        if row["key"] is not None and chance(seed, language, row["id"]) < REMOVED:
            continue
        chosen.append(row)
        if row["lang"] == "en" == row["found"] and row["key"] is not None:
            english[row["set"], row["key"]] = row["id"]
    for row in chosen:
        mate = english.get((row["set"], row["key"]))
        if row["lang"] == language == row["found"] and mate and row["copied"] <= UNTRANSLATED:
            mates[row["id"]] = mate
    return chosen, mates


def run_stage(
    stage: Bilingual, rows: list[dict[str, Any]], folder: Path
) -> tuple[list[dict[str, Any]], float, dict[str, float]]:
    """The pairs that the stage finds, its seconds, and those of each step."""
    rows = sorted(rows, key=lambda row: chance("order", row["id"]) * 10**6 + len(row["text"]))
    partitions = []
    for index, start in enumerate(range(0, len(rows), PARTITION_ROWS)):
        part = rows[start : start + PARTITION_ROWS]
        strings = {
            "id": [row["id"] for row in part], "lang": [row["found"] for row in part],
            "source": ["web"] * len(part), "declared_lang": [None] * len(part),
            "pair_key": [None] * len(part), "url": [None] * len(part),
        }  # fmt: skip
        columns = {name: pa.array(values, pa.string()) for name, values in strings.items()}
        columns["text"] = pa.array([row["text"] for row in part], pa.large_string())
        batch = pa.record_batch(columns)
        paths = [str(folder / f"{name}-{index}.arrow") for name in ("documents", "keys")]
        for path, written in zip(paths, (batch, stage.keys(batch)), strict=True):
            with pa.ipc.new_file(path, written.schema) as writer:
                writer.write_batch(written)
        partitions.append(Partition(index, len(part), paths[0], paths[1], ()))
    engine = Inline()
    start = time.process_time()
    stage.run(partitions, str(folder / "barrier"), engine)
    seconds = time.process_time() - start
    pairs = [
        row
        for path in stage.exports(str(folder / "barrier"))["bilingual/documents"]
        for row in pq.read_table(path).to_pylist()
    ]
    return pairs, seconds, engine.seconds


def at_precision(pairs: list[dict[str, Any]], mates: dict[str, str], least: float) -> float:
    """The recall at the lowest threshold of the score that keeps this precision."""
    right, best = 0, 0
    ranked = sorted(pairs, key=lambda pair: -pair["score"])
    for count, pair in enumerate(ranked, 1):
        right += mates.get(pair["right_id"]) == pair["left_id"]
        if right >= least * count:
            best = right
    return best / max(len(mates), 1)


def judged(
    pairs: list[dict[str, Any]], mates: dict[str, str], by_id: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Recall and precision of pairs, and what the wrong ones are."""
    wrong = [pair for pair in pairs if mates.get(pair["right_id"]) != pair["left_id"]]
    sides = [[by_id[pair[side]] for side in ("left_id", "right_id")] for pair in wrong]
    right = len(pairs) - len(wrong)
    return {
        "mates": len(mates),
        "recall": right / max(len(mates), 1),
        "precision": right / max(len(pairs), 1),
        "sisters": sum(a["set"] == b["set"] and a["key"] != b["key"] for a, b in sides),
        "untranslated": sum(a["set"] == b["set"] and a["key"] == b["key"] for a, b in sides),
        "strangers": sum(a["set"] != b["set"] for a, b in sides),
    }


def kinds(
    pairs: list[dict[str, Any]], mates: dict[str, str], by_id: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The same for pages of one kind: judged by their right sides."""
    tests = {
        "all": lambda row: True,
        "short": lambda row: len(row["text"]) < SHORT,
        "no code": lambda row: "`" not in row["text"] and "://" not in row["text"],
    }
    result = {}
    for name, test in tests.items():
        mine = [pair for pair in pairs if test(by_id[pair["right_id"]])]
        known = {right: left for right, left in mates.items() if test(by_id[right])}
        result[name] = judged(mine, known, by_id)
    return result


def measure(
    rows: list[dict[str, Any]], language: str, seed: int, most: int | None = None, **settings: Any
) -> dict[str, Any]:
    """One language with English; ``most``: of so many documents; more settings of the stage."""
    chosen, mates = pool(rows, language, seed)
    if most is not None:
        chosen = sorted(chosen, key=lambda row: chance("growth", row["key"] or row["id"]))[:most]
        here = {row["id"] for row in chosen}
        mates = {right: left for right, left in mates.items() if {right, left} <= here}
    by_id = {row["id"]: row for row in chosen}
    size = sum(len(row["text"].encode()) for row in chosen) / 1e6
    stage = Bilingual(pairs=[("en", language)], find=["content"], min_confidence=0, **settings)
    least = Bilingual.model_fields["min_confidence"].default
    with tempfile.TemporaryDirectory() as folder:
        pairs, seconds, steps = run_stage(stage, chosen, Path(folder))
    kept = [pair for pair in pairs if pair["kept"]]
    strict = [pair for pair in kept if pair["score"] >= least * (1 - pair["copy_share"])]
    return {
        "kinds": kinds(strict, mates, by_id),
        "recall at .98": at_precision(kept, mates, 0.98),
        "documents": len(chosen),
        "MB": size,
        "MB/s": size / seconds,
        "steps": dict(sorted(steps.items(), key=lambda step: -step[1])[:6]),
        "wrong": [
            {"score": pair["score"], "reason": pair["reason"], "left": pair["left_id"],
             "right": pair["right_id"]}
            for pair in strict if mates.get(pair["right_id"]) != pair["left_id"]
        ],
    }  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--languages", nargs="*", default=LANGUAGES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--prose", action="store_true")
    parser.add_argument("--wheels", type=Path, nargs="*")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    languages = ["en", *options.languages]
    if options.wheels:
        rows = catalogue_pages(options.wheels, languages)
    else:
        rows = documents(options.data, languages, options.prose)
    for row, found in zip(rows, identified(rows), strict=True):
        row["found"] = found
    results: dict[str, Any] = {}
    print("lang  kind     mates  recall  precision  sisters  untranslated  strangers  R@.98  MB/s")
    for language in options.languages:
        if options.growth:
            whole = len(pool(rows, language, options.seed)[0])
            for part in (16, 4, 1):
                result = measure(rows, language, options.seed, whole // part)
                results[f"{language}/{part}"] = result
                line = f"{language} {result['documents']:6} documents {result['MB']:7.2f} MB"
                print(f"{line} {result['MB/s']:6.2f} MB/s", result["steps"], flush=True)
            continue
        result = results[language] = measure(rows, language, options.seed)
        for name, kind in result["kinds"].items():
            tail = f"{result['recall at .98']:.3f}  {result['MB/s']:.2f}" if name == "all" else ""
            print(
                f"{language:5} {name:8} {kind['mates']:5}  {kind['recall']:.3f}   "
                f"{kind['precision']:.3f}      {kind['sisters']:4}  {kind['untranslated']:9}  "
                f"{kind['strangers']:12}     {tail}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
