"""The lists of ``url_filter`` and ``toxicity``: how fast, how large; beside other ways.

    python benchmarks/filters.py DATA [--peer PYTHON] [--domains 10000,100000,1000000,5000000]
        [--words 100,1000,10000,50000]

DATA is a folder of JSONL.zst files (``text``, ``lang``). URLs are those that stand in its texts.
Lists are made up: of domains, with one in a hundred of the hosts that occur; of words, half of them
from the texts, not the frequent ones, half invented. Beside: a Python set that is asked for every
parent of a host; a set of words; a compiled pattern; and with PYTHON, an environment's interpreter,
datatrove's URLFilter and pyahocorasick (``peer_filters.py``). Seconds are processor time of one
core, the fastest of three runs; all tools get the same input, slow ones its beginning. Hits are the
same but in Thai, where others also find words that end in the middle of a letter and its marks.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import zstandard

from formats.buffers import text_buffers

RUNS = 3
URL = re.compile(r"https?://[^\s\"<>()\[\]`'|\\，。、）】]+")
HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]+")
SLOW_URLS, SLOW_BYTES = 10_000, 1_000_000
"""The beginning that slow tools get."""
MOST_PATTERN_WORDS = 1000
"""Longer patterns take minutes."""
LANGUAGES = {
    "en": "mono_en_classic-books", "de": "mono_de_gesetze", "ru": "mono_ru_literature",
    "zh": "mono_zh_laws", "th": "mono_th_thaigov",
}  # fmt: skip
WITHOUT_SPACES = ("zh", "th")
TEXT_BYTES = 10_000_000
SYLLABLES = [a + b for a in "bcdfghjklmnprstvwz" for b in "aeiou"] + ["on", "er", "ix", "ly"]
ENDINGS = ("com", "net", "org", "example", "co.uk", "de", "cn", "com.br", "ru", "info")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--peer", help="an interpreter that has datatrove and pyahocorasick")
    parser.add_argument("--domains", default="10000,100000,1000000,5000000")
    parser.add_argument("--words", default="100,1000,10000,50000")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        domains(options, Path(folder))
        words(options, Path(folder))


def texts_of(path: Path) -> Iterator[str]:
    """The texts of a file."""
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def fastest(run: Callable[[], Any]) -> float:
    """Seconds of the fastest of some runs."""
    best = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        run()
        best = min(best, time.process_time() - started)
    return best


def peer(python: str | None, tool: str, entries: Path, texts: list[str]) -> dict[str, Any] | None:
    """What ``peer_filters.py`` says, or None without an interpreter."""
    if python is None:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(texts, file)
        file.flush()
        script = Path(__file__).with_name("peer_filters.py")
        command = [python, str(script), tool, str(entries), file.name]
        answer = subprocess.run(command, capture_output=True, check=True).stdout
    return json.loads(answer)  # type: ignore[no-any-return]


def line(
    name: str, size: float, rows: int, seconds: float, hits: int, load: float, mb: float
) -> str:
    """One line of a table."""
    rate = f"{size / seconds:8.1f} MB/s {rows / seconds:12,.0f} a second"
    return f"  {name:26} {rate} {hits:9,} hits  list {mb:7.1f} MB, loaded in {load:6.2f} s"


def memory(values: Iterable[str]) -> float:
    """MB of a set of strings."""
    values = set(values)
    return (sys.getsizeof(values) + sum(map(sys.getsizeof, values))) / 1e6


# --- domains -------------------------------------------------------------------------------------


def domains(options: argparse.Namespace, folder: Path) -> None:
    """Every size of list: ours, a set, datatrove."""
    files = sorted(options.data.glob("*.jsonl.zst"))
    urls = [url for path in files for text in texts_of(path) for url in URL.findall(text)]
    random.Random(7).shuffle(urls)
    hosts = sorted(filter(HOST.fullmatch, {host_of(url) for url in urls}))
    warm_up(folder / "warm-up.txt")
    print(f"{len(urls):,} URLs of {len(hosts):,} hosts; what is dropped by lists of domains")
    for count in map(int, options.domains.split(",")):
        path = folder / f"{count}.txt"
        listed = [*hosts[::100], *made_domains(count - len(hosts[::100]))]
        path.write_text("\n".join(listed) + "\n", encoding="utf-8")
        print(f" {count:,} domains, {path.stat().st_size / 1e6:.1f} MB of text")
        print(our_domains(path, urls, "url_filter"))
        print(set_of_domains(path, urls))
        answer = peer(options.peer, "datatrove", path, urls[:SLOW_URLS])
        if answer:
            print(our_domains(path, urls[:SLOW_URLS], "url_filter, the beginning"))
            print(peer_line("datatrove's URLFilter", answer, urls[:SLOW_URLS]))
        path.unlink()


def warm_up(path: Path) -> None:
    """Import and compile what every list needs."""
    path.write_text("warm.up.example\n", encoding="utf-8")
    our_domains(path, ["https://warm.up.example/"], "")


def made_domains(count: int) -> Iterator[str]:
    """Names of two to four syllables and a number where they repeat."""
    draw = random.Random(11)
    for number in range(count):
        name = "".join(draw.choices(SYLLABLES, k=2 + number % 3))
        yield f"{name}{number if number % 3 == 0 else draw.randrange(1000)}.{ENDINGS[number % 10]}"


def host_of(url: str) -> str:
    """The host, as fast as Python goes: no exceptions, no other parts."""
    place = url.partition("//")[2].partition("/")[0].partition("?")[0].partition("#")[0]
    return place.rpartition("@")[2].partition(":")[0].lower().rstrip(".")


def our_domains(path: Path, urls: list[str], name: str) -> str:
    """The stage on a batch."""
    from stages.urls.lists import domain_table
    from stages.urls.url_filter import UrlFilter

    domain_table.cache_clear()
    stage = UrlFilter(block={"made": str(path)})
    started = time.process_time()
    table = domain_table((str(path),))
    load = time.process_time() - started
    columns = {"url": pa.array(urls, pa.large_string()), "text": pa.nulls(len(urls), pa.string())}
    batch = pa.RecordBatch.from_pydict(columns)
    hits = stage.apply(batch)
    dropped = hits.column("drop_reason").null_count if "drop_reason" in hits.schema.names else None
    found = 0 if dropped is None else len(urls) - dropped
    seconds = fastest(lambda: stage.apply(batch))
    size = len(text_buffers(batch.column("url"))[0]) / 1e6
    return line(name, size, len(urls), seconds, found, load, table_mb(table))


def table_mb(table: tuple[np.ndarray, ...]) -> float:
    """MB of a table's arrays."""
    return sum(array.nbytes for array in table) / 1e6


def set_of_domains(path: Path, urls: list[str]) -> str:
    """A Python set, asked for a host and every parent of it."""
    started = time.process_time()
    with path.open(encoding="utf-8") as file:
        listed = {name.strip() for name in file}
    load = time.process_time() - started

    def is_listed(url: str) -> bool:
        host = host_of(url)
        while host:
            if host in listed:
                return True
            host = host.partition(".")[2]
        return False

    found = sum(map(is_listed, urls))
    seconds = fastest(lambda: sum(map(is_listed, urls)))
    size = sum(len(url.encode()) for url in urls) / 1e6
    return line("a set, every parent", size, len(urls), seconds, found, load, memory(listed))


def peer_line(name: str, answer: dict[str, Any], texts: list[str]) -> str:
    """The line of a tool of another environment."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    text = line(name, size, len(texts), answer["seconds"], answer["found"], *answer["list"])
    return f"{text} (the first {len(texts):,})"


# --- words ---------------------------------------------------------------------------------------


def words(options: argparse.Namespace, folder: Path) -> None:
    """Every language and size of list: ours, a set of words, a pattern, Aho-Corasick."""
    print("\nhits of lists of words")
    for language, name in LANGUAGES.items():
        texts = cut(texts_of(options.data / f"{name}.jsonl.zst"), TEXT_BYTES)
        few = cut(iter(texts), SLOW_BYTES)
        for count in map(int, options.words.split(",")):
            path = folder / f"{language}.txt"
            path.write_text("\n".join(made_words(texts, language, count)), encoding="utf-8")
            print(f" {language}, {count:,} words")
            print(our_words(path, texts, language, "toxicity"))
            print(our_words(path, few, language, "toxicity, the beginning"))
            if language not in WITHOUT_SPACES:
                print(set_of_words(path, few))
            if count <= MOST_PATTERN_WORDS:
                print(pattern_of_words(path, few, language))
            tool = "anywhere" if language in WITHOUT_SPACES else "whole"
            answer = peer(options.peer, tool, path, few)
            if answer:
                print(peer_line("pyahocorasick", answer, few))


def cut(texts: Iterator[str], size: int) -> list[str]:
    """The first texts, so many bytes of them."""
    kept: list[str] = []
    total = 0
    for text in texts:
        kept.append(text)
        total += len(text.encode())
        if total > size:
            break
    return kept


def made_words(texts: list[str], language: str, count: int) -> list[str]:
    """Half from the texts, from rank 500 on, half the same spelled backwards with a syllable."""
    draw = random.Random(count)
    if language in WITHOUT_SPACES:
        joined = "".join(texts[:2000])
        places = (draw.randrange(len(joined)) for _ in range(20 * count + 1000))
        pieces = (joined[place : place + draw.randrange(2, 5)] for place in places)
        known = sorted({piece for piece in pieces if piece.isalpha() and len(piece) > 1})
    else:
        found = Counter(word for text in texts for word in re.findall(r"\w+", text.lower()))
        known = [word for word, _ in found.most_common()][500:]
        known = [word for word in known if word.isalpha() and len(word) > 2]
    chosen = draw.sample(known, min(count // 2, len(known)))
    made = (f"{draw.choice(known)[::-1]}{draw.choice(SYLLABLES)}" for _ in range(2 * count))
    return [*dict.fromkeys([*chosen, *made])][:count]


def our_words(path: Path, texts: list[str], language: str, name: str) -> str:
    """The stage on a batch, and the matches it counts."""
    from stages.dedup.folding import fold_table
    from stages.toxicity.toxicity import Toxicity, word_table
    from stages.toxicity.toxicity_kernels import count_matches

    word_table.cache_clear()
    fold_table()  # loaded once, for any list
    stage = Toxicity(lists={language: str(path)})
    started = time.process_time()
    table = word_table((str(path),))
    load = time.process_time() - started
    column = pa.array(texts, pa.large_string())
    languages = pa.array([language] * len(texts), pa.string())
    batch = pa.RecordBatch.from_arrays([column, languages], ["text", "lang"])
    data, offsets = text_buffers(column)
    counts = np.zeros((4, len(texts)), np.int64)
    rows, lists = np.ones(len(texts), np.bool_), np.zeros(len(texts), np.int64)
    count_matches(data, offsets, rows, lists, *fold_table(), *table, *counts)
    seconds = fastest(lambda: stage.apply(batch))
    size, found = len(data) / 1e6, int(counts[0].sum())
    return line(name, size, len(texts), seconds, found, load, table_mb(table))


def set_of_words(path: Path, texts: list[str]) -> str:
    """A Python set, asked for every run of word characters."""
    started = time.process_time()
    listed = set(path.read_text(encoding="utf-8").split("\n"))
    load = time.process_time() - started

    def count() -> int:
        return sum(word in listed for text in texts for word in re.findall(r"\w+", text.lower()))

    size = sum(len(text.encode()) for text in texts) / 1e6
    return line("a set of words", size, len(texts), fastest(count), count(), load, memory(listed))


def pattern_of_words(path: Path, texts: list[str], language: str) -> str:
    """A compiled pattern, longest words first."""
    listed = path.read_text(encoding="utf-8").split("\n")
    body = "|".join(re.escape(word) for word in sorted(listed, key=len, reverse=True))
    spaced = language not in WITHOUT_SPACES
    started = time.process_time()
    pattern = re.compile(rf"\b(?:{body})\b" if spaced else body, re.IGNORECASE)
    load = time.process_time() - started
    started = time.process_time()
    found = sum(len(pattern.findall(text)) for text in texts)
    seconds = time.process_time() - started
    size = sum(len(text.encode()) for text in texts) / 1e6
    return line("a compiled pattern", size, len(texts), seconds, found, load, len(body) / 1e6)


if __name__ == "__main__":
    main()
