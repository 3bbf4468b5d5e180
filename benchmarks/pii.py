"""Personal data: what is found, what is wrongly found, and how fast; beside other tools.

    python benchmarks/pii.py DATA [--alarms FILE] [--peer PYTHON:TOOL ...]

DATA is a folder of JSONL.zst files (``text``, ``lang``; synthetic cases in
``dirty/dirty_junk.jsonl.zst`` with ``meta.kind`` "pii-synthetic"). Planted cases are those of the
sample corpus and of that file. Whatever is found in DATA itself is counted per million words and,
with ``--alarms``, written down with what stands around it: real addresses and telephone numbers
are among them, so a person has to judge. TOOL: see ``peer_pii.py``.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import zstandard

from formats.buffers import text_buffers
from pipeline.sample import SAMPLE_CORPUS, truth
from stages.pii.kinds import GROUPS, groups_of_kinds
from stages.pii.pii import Findings, find, replaced
from stages.quality.rules import language_key

AROUND = 40
"""Bytes shown on either side of an alarm."""
SECONDS = 3
"""Fastest of so many runs."""
PLACEHOLDERS = [f"<{group}>" for group in GROUPS]


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a file."""
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def found_in(texts: list[str], languages: list[str]) -> tuple[pa.Array, Findings]:
    """The column and what the stage finds in it with its default settings."""
    column = pa.array(texts, pa.large_string())
    names = sorted(set(languages))
    codes = np.array([names.index(language) for language in languages], np.int64)
    everything = np.ones(len(texts), np.bool_)
    return column, find(column, everything, names, list(GROUPS), "public", codes)


def group_of(value: str) -> str:
    """The group of a planted value."""
    if "@" in value:
        return "email"
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+|[0-9a-f:]*::[0-9a-f:]*", value):
        return "ip"
    return "credit_card" if re.fullmatch(r"(\d{4} ){3}\d{4}", value) else "phone"


def planted(data: Path) -> Iterator[tuple[str, str, str, list[str]]]:
    """(origin, language, text, values) of every page with planted data."""
    crawl = (SAMPLE_CORPUS / "crawl" / "crawl.jsonl").read_bytes().splitlines()
    for entry in truth():
        if entry["personal_data"]:
            text = json.loads(crawl[entry["line"] - 1])["text"]
            values = [v for v in entry["personal_data"] for _ in re.findall(bounded(v), text)]
            yield "sample corpus", entry["lang"], text, values
    for row in rows_of(data / "dirty" / "dirty_junk.jsonl.zst"):
        if row["meta"]["kind"] == "pii-synthetic":
            values = re.findall(
                r"[\w.]+@[\w.]+\w|\+1 \(555\) 010-\d+|IP [\d.]+\d|4111[ 1]+", row["text"]
            )
            yield "dirty_junk", row["lang"], row["text"], [v.removeprefix("IP ") for v in values]


def bounded(value: str) -> str:
    """A pattern for a value that no digit continues."""
    return rf"(?<!\d){re.escape(value)}(?!\d)"


def report_planted(data: Path) -> None:
    """Precision and recall by origin, group and language."""
    hits: Counter[tuple[str, str, str]] = Counter()
    wanted: Counter[tuple[str, str, str]] = Counter()
    made: Counter[tuple[str, str, str]] = Counter()
    for origin, language, text, values in planted(data):
        _, found = found_in([text], [language])
        encoded = text.encode()
        got = Counter(
            (GROUPS[groups_of_kinds()[kind]], encoded[begin:stop].decode())
            for begin, stop, kind in zip(found.begins, found.stops, found.kinds, strict=True)
        )
        right = Counter((group_of(value), value) for value in values)
        for (group, _), count in right.items():
            wanted[origin, group, language] += count
        for (group, _), count in got.items():
            made[origin, group, language] += count
        for (group, _), count in (got & right).items():
            hits[origin, group, language] += count
    print("planted cases: origin, group, language: right / found / planted")
    for key in sorted(wanted | made):
        print("  " + ", ".join(key) + f": {hits[key]} / {made[key]} / {wanted[key]}")
    print(f"  all: {hits.total()} / {made.total()} / {wanted.total()}")


def words_in(column: pa.Array) -> int:
    """Words of a column, by the definition of ``stages.dedup.folding``."""
    from stages.dedup.folding import fold_table
    from stages.toxicity.toxicity_kernels import count_matches

    data, offsets = text_buffers(column)
    counts = np.zeros((4, len(column)), np.int64)
    everything = np.ones(len(column), np.bool_)
    empty = (np.zeros(2, np.uint64), np.zeros(2, np.uint8))
    lists = np.zeros(len(column), np.int64)
    count_matches(data, offsets, everything, lists, *fold_table(), *empty, *counts)
    return int(counts[2].sum())


def report_alarms(data: Path, out: Path | None) -> None:
    """What is found in the data itself, per million words, and how fast."""
    alarms: Counter[tuple[str, str]] = Counter()
    words: Counter[str] = Counter()
    shown: dict[tuple[str, str], list[str]] = defaultdict(list)
    text_bytes = seconds = 0.0
    for path in sorted(data.glob("*.jsonl.zst")):
        rows = list(rows_of(path))
        languages = [language_key(row.get("lang")) for row in rows]
        started = time.process_time()
        column, found = found_in([row["text"] for row in rows], languages)
        seconds += time.process_time() - started
        buffer, _ = text_buffers(column)
        text_bytes += len(buffer)
        for language in set(languages):
            mask = pa.array([other == language for other in languages])
            words[language] += words_in(column.filter(mask))
        for row, begin, stop, kind in zip(*(values.tolist() for values in found), strict=True):
            group = GROUPS[groups_of_kinds()[kind]]
            alarms[group, languages[row]] += 1
            before = buffer[max(0, begin - AROUND) : begin].tobytes().decode(errors="ignore")
            after = buffer[stop : stop + AROUND // 2].tobytes().decode(errors="ignore")
            value = buffer[begin:stop].tobytes().decode()
            around = f"{before}[[{value}]]{after}".replace("\n", "\\n")
            shown[group, value].append(f"{languages[row]}\t{path.name}\t{around}")
    total = sum(words.values())
    print(f"found in {text_bytes / 1e6:.0f} MB, {total / 1e6:.1f} million words:")
    for group in GROUPS:
        parts = {language: n for (of, language), n in alarms.items() if of == group}
        distinct = sum(of == group for of, _ in shown)
        rate = sum(parts.values()) / total * 1e6
        top = sorted(parts, key=lambda language: -parts[language])[:6]
        rates = ", ".join(f"{name} {parts[name] / words[name] * 1e6:.1f}" for name in top)
        count = f"{sum(parts.values())} ({distinct} distinct)"
        print(f"  {group}: {count}, {rate:.2f} per million; {rates}")
    if out:
        with out.open("w", encoding="utf-8") as file:
            for (group, _), lines in sorted(shown.items()):
                file.write(f"{group}\t{len(lines)}\t{lines[0]}\n")


def speed(texts: list[str], language: str) -> tuple[float, float, int]:
    """MB/s of one core (find, then replace), and findings."""
    column = pa.array(texts, pa.large_string())
    everything = np.ones(len(texts), np.bool_)
    codes = np.zeros(len(texts), np.int64)
    best = np.inf
    for _ in range(SECONDS):
        started = time.process_time()
        found = find(column, everything, [language], list(GROUPS), "public", codes)
        if len(found.rows):
            replaced(column, found, PLACEHOLDERS)
        best = min(best, time.process_time() - started)
    size = len(text_buffers(column)[0]) / 1e6
    return size, size / best, len(found.rows)


def report_speed(data: Path, peers: list[str]) -> None:
    """Clean text by script, and text full of personal data; the same beside the peers."""
    named = {
        "en, novels": ("mono_en_classic-books", "en"),
        "en, manuals": ("bilingual_libreoffice-help", "en"),
        "de, statutes": ("mono_de_gesetze", "de"),
        "ru, novels": ("mono_ru_literature", "ru"),
        "zh, statutes": ("mono_zh_laws", "zh"),
        "ja, novels": ("mono_ja_aozora", "ja"),
        "ko, reviews": ("mono_ko_movie-reviews", "ko"),
        "th, news": ("mono_th_thaigov", "th"),
        "logs, tables": ("dirty/dirty_junk", "en"),
    }
    sets = {
        name: ([row["text"] for row in rows_of(data / f"{file}.jsonl.zst")], language)
        for name, (file, language) in named.items()
    }
    dense = [text for origin, _, text, _ in planted(data) if origin == "dirty_junk"] * 400
    sets["personal data throughout"] = (dense, "en")
    print("MB/s of one core, finding and replacing:")
    for name, (texts, language) in sets.items():
        size, rate, count = speed(texts, language)
        line = f"  {name}: {rate:.0f} ({size:.1f} MB, {count} found)"
        for peer in peers:
            line += f"; {peer.partition(':')[2]} {peer_speed(peer, texts)}"
        print(line)


def peer_speed(peer: str, texts: list[str], most_bytes: int = 2_000_000) -> str:
    """MB/s of another tool on the first megabytes, and how much it finds there."""
    python, _, tool = peer.partition(":")
    part, size = [], 0
    for text in texts:
        if size < most_bytes:
            part.append(text)
            size += len(text.encode())
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(part, file)
        file.flush()
        script = Path(__file__).with_name("peer_pii.py")
        command = [python, str(script), tool, file.name]
        result = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return f"{size / 1e6 / result['seconds']:.2f} ({result['found']} in {size / 1e6:.1f} MB)"


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description="Personal data: found, wrongly found, how fast.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--alarms", type=Path, help="write what is found in the data here")
    parser.add_argument("--peer", action="append", default=[], help="PYTHON:TOOL, repeatable")
    options = parser.parse_args()
    found_in(["warm up 12345678"], ["en"])
    report_planted(options.data)
    report_alarms(options.data, options.alarms)
    report_speed(options.data, options.peer)


if __name__ == "__main__":
    main()
