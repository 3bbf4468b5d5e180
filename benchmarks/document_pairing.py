"""Translations found without keys or addresses: recall, precision, by language and kind of page.

    python benchmarks/document_pairing.py DATA [--languages zh fr ...] [--seeds 0 1 2] [--growth]
        [--prose] [--wheels WHEEL ...] [--manuals FOLDER ...] [--groups] [--json OUT]

DATA is a folder of JSONL.zst files: ``bilingual_*`` (``text``, ``lang``, ``pair_key``) and
``mono_<lang>_*``. For each language, its pages and the English ones go through the stage
``bilingual`` with ``find: [content]``, languages identified by ``langid`` and nothing else known.
Before that 15 % of the pages are taken away on each side (others with each seed), so that they
leave sister pages behind, and pages of the same language that have no translation are added.

A page of which more than half the long lines are English is no translation: a pair of such a page
that the stage keeps counts as wrong, whatever its key says. What is told:

* recall and precision of the pairs kept at the stage's own threshold: the mean over the seeds, and
  the range in brackets;
* the recall that the best threshold would have at precision .98;
* pairs found wrong that are sister pages of one site (same set of documents), and others;
* pages of less than 600 characters, and pages without code, apart; ``--prose`` leaves nothing but
  prose: code, links, markup and short lines are cut out of every page first, and at most 15 lines
  of each are kept;
* MB of both sides a second (one process); ``--growth``: the same at 1, 4 and 16 times as many
  documents: others of every language, not copies; and the most memory at one time (a process each);
* ``--groups``: of each language 1, 3, 10, 30, 100 translated pages alone, longest first, beside
  fifty English ones: how few teach how much.

Pages from elsewhere: ``--wheels`` takes them from Python packages (``pip download --no-deps wagtail
django pgadmin4 homeassistant``; needs ``babel``), ``--manuals`` from manuals
(``usr/share/man`` of the packages ``manpages``, ``manpages-fr``, ``manpages-ja``, ...).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pairing_pages import catalogue_pages, documents, manual_pages, only_prose

from stages.base import Partition
from stages.bilingual.bilingual import Bilingual
from stages.language.langid import LangId

LANGUAGES = ("zh", "th", "ar", "fr", "ja", "ru", "de", "ko", "vi")
REMOVED = 15
"""Per cent of the pages of each side."""
UNTRANSLATED = 0.5
SHORT = 600
PARTITION_ROWS = 1000
GROUPS, OTHERS = (1, 3, 10, 30, 100), 50


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


def chance(*parts: Any) -> int:
    """0 to 99, by a hash."""
    return int(hashlib.sha1("\0".join(map(str, parts)).encode()).hexdigest()[:8], 16) % 100


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
    chosen: list[dict[str, Any]], mates: dict[str, str], language: str, **settings: Any
) -> dict[str, Any]:
    """One language with English; more settings of the stage."""
    by_id = {row["id"]: row for row in chosen}
    size = sum(len(row["text"].encode()) for row in chosen) / 1e6
    stage = Bilingual(pairs=[("en", language)], find=["content"], min_confidence=0, **settings)
    least = Bilingual.model_fields["min_confidence"].default
    with tempfile.TemporaryDirectory() as folder:
        pairs, seconds, steps = run_stage(stage, chosen, Path(folder))
    kept = [pair for pair in pairs if pair["kept"]]
    strict = [pair for pair in kept if pair["score"] >= least * (1 - pair["copy_share"])]
    found = {(pair["left_id"], pair["right_id"]) for pair in strict}
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
        "missed": [right for right, left in mates.items() if (left, right) not in found],
    }  # fmt: skip


def part_of(
    chosen: list[dict[str, Any]], mates: dict[str, str], most: int
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """So many of the documents, translations together."""
    chosen = sorted(chosen, key=lambda row: chance("growth", row["key"] or row["id"]))[:most]
    here = {row["id"] for row in chosen}
    return chosen, {right: left for right, left in mates.items() if {right, left} <= here}


def measure_growth(
    chosen: list[dict[str, Any]], mates: dict[str, str], language: str
) -> dict[str, Any]:
    """At 1, 4 and 16 times as many documents, each in a process of its own."""
    results = {}
    for part in (16, 4, 1):
        some = part_of(chosen, mates, len(chosen) // part)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            before, result, peak = pool.submit(_with_memory, *some, language).result()
        results[f"{language}/{part}"] = result | {"memory MB": peak, "of it before": before}
        print(f"{language} {result['documents']:6} documents {result['MB']:7.2f} MB "
              f"{result['MB/s']:6.2f} MB/s, {peak - before:.0f} MB more memory than before",
              result["steps"], flush=True)  # fmt: skip
    return results


def _with_memory(
    chosen: list[dict[str, Any]], mates: dict[str, str], language: str
) -> tuple[float, dict[str, Any], float]:
    """Most MB held before and at the end, and what ``measure`` gives."""
    measure(*part_of(chosen, mates, 100), language)  # loads the kernels
    before = most_memory()
    result = measure(chosen, mates, language)
    return before, result, most_memory()


def most_memory() -> float:
    """Most MB that this process held; ``getrusage`` would count its parent's, too (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1e3


def measure_groups(
    chosen: list[dict[str, Any]], mates: dict[str, str], language: str
) -> dict[str, Any]:
    """Few translated pages alone, the longest first."""
    by_id = {row["id"]: row for row in chosen}
    ranked = sorted(mates.items(), key=lambda pair: (-len(by_id[pair[0]]["text"]), pair))
    alone = [row for row in chosen if row["lang"] == "en" and row["key"] is None][:OTHERS]
    results = {}
    for size in GROUPS:
        some = dict(ranked[:size])
        rows = [by_id[name] for pair in some.items() for name in pair]
        result = results[f"{language}/{size}"] = measure(rows + alone, some, language)
        kind = result["kinds"]["all"]
        print(f"{language} {len(some):4} translated pages: recall {kind['recall']:.3f}, "
              f"precision {kind['precision']:.3f}", flush=True)  # fmt: skip
    return results


def told(kind: str, results: list[dict[str, Any]]) -> str:
    """A line on one kind of pages: means over the seeds, ranges of recall and precision."""
    mine = [result["kinds"][kind] for result in results]
    line = f"{kind:8} {mean(one['mates'] for one in mine):6.0f}"
    for name in ("recall", "precision"):
        values = [one[name] for one in mine]
        line += f"  {mean(values):.3f} ({min(values):.3f}-{max(values):.3f})"
    for name in ("sisters", "untranslated", "strangers"):
        line += f"  {mean(one[name] for one in mine):{len(name)}.1f}"
    if kind == "all":
        line += f"  {mean(result['recall at .98'] for result in results):.3f}"
        line += f"  {mean(result['MB/s'] for result in results):.2f}"
    return line


def pages(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The pages asked for, their languages identified."""
    languages = ["en", *options.languages]
    if options.wheels:
        rows = catalogue_pages(options.wheels, languages)
    elif options.manuals:
        rows = manual_pages(options.manuals, languages)
    else:
        rows = documents(options.data, languages)
    rows = only_prose(rows) if options.prose else rows
    for row, found in zip(rows, identified(rows), strict=True):
        row["found"] = found
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--languages", nargs="*", default=LANGUAGES)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--groups", action="store_true")
    parser.add_argument("--prose", action="store_true")
    parser.add_argument("--wheels", type=Path, nargs="*")
    parser.add_argument("--manuals", type=Path, nargs="*")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = pages(options)
    results: dict[str, Any] = {}
    print("lang kind      mates  recall               precision            sisters  untranslated  "
          "strangers  R@.98  MB/s")  # fmt: skip
    for language in options.languages:
        if options.growth or options.groups:
            several = measure_growth if options.growth else measure_groups
            results |= several(*pool(rows, language, options.seeds[0]), language)
            continue
        mine = [measure(*pool(rows, language, seed), language) for seed in options.seeds]
        results[language] = mine
        for kind in mine[0]["kinds"]:
            print(f"{language:4} {told(kind, mine)}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
