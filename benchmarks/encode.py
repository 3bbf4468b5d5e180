"""Text to tokens: MB/s of one core by language, cold and warm, beside the libraries.

    python benchmarks/encode.py DATA TOKENIZER [TOKENIZER ...] [--megabytes 4] [--languages en,th]

DATA is a folder of JSONL.zst files (``text``, ``lang``), TOKENIZER a folder with tokenizer.json.
Of each language, and of every 40th of all (``mix``), the same documents go to our own
encoder, ``gigatoken``, ``tokenizers`` and, where it is installed, ``tiktoken``; each in the form it
likes best (a column of Arrow, or strings). Cold is a new encoder that has seen nothing; warm is the
same text once more. Seconds are the process's own, the best of three rounds that take turns, and
every id is compared with that of ``tokenizers``.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import zstandard

from formats.tokenizer_files import TokenizerFiles, read_tokenizer_files
from stages.tokens.byte_pairs import read_byte_pairs
from stages.tokens.encoder import without_special_tokens
from stages.tokens.libraries import GigatokenEncoder, TokenizersEncoder
from stages.tokens.native import NativeEncoder

MIX, MIX_EVERY = "mix", 40
ROUNDS = 3
SLOW = "tokenizers", "tiktoken"
"""Measured once, cold: they keep less between texts, and take long."""


class Tiktoken:
    """The library ``tiktoken`` with the same merges, where it can read the expressions."""

    def __init__(self, definition: dict[str, Any], end_token: int) -> None:
        """Build its encoding; one expression only, and no look-behind of more than one letter."""
        import tiktoken

        pairs = read_byte_pairs(definition)
        if len(pairs.splits) != 1:
            raise ValueError("more than one expression")
        ranks = {spelled: token for token, spelled in enumerate(pairs.token_bytes) if spelled}
        self._encoding = tiktoken.Encoding(
            "same", pat_str=pairs.splits[0], mergeable_ranks=ranks, special_tokens={}
        )
        self._end_token = end_token

    def encode(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Ids and offsets, as the others."""
        found = [
            np.array([*self._encoding.encode_ordinary(text), self._end_token], np.int32)
            for text in texts.to_pylist()
        ]
        return np.concatenate(found), np.cumsum([0, *map(len, found)])


def main() -> None:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("tokenizers", nargs="+", metavar="TOKENIZER")
    parser.add_argument("--megabytes", type=float, default=4.0, help="of each language")
    parser.add_argument("--languages", type=lambda names: names.split(","))
    options = parser.parse_args()
    texts = texts_of(options.data, options.megabytes * 1e6, options.languages)
    for folder in options.tokenizers:
        files = read_tokenizer_files(folder)
        print(f"\n{folder}: {files.vocab_size:,} entries")
        makers = encoders(files)
        print(f"{'':6} {'MB':>5} " + " ".join(f"{name:>20}" for name in makers))
        for language, column in texts.items():
            print(row(language, column, makers), flush=True)


def texts_of(data: Path, size: float, languages: list[str] | None) -> dict[str, pa.Array]:
    """Some documents of each language, and of all as ``mix``."""
    by_language: dict[str, list[str]] = defaultdict(list)
    sizes: dict[str, int] = defaultdict(int)
    for path in sorted(data.glob("*.jsonl.zst")):
        with zstandard.open(path, "rb") as stream:
            lines = stream.read().splitlines()
        for number, line in enumerate(lines):
            document = orjson.loads(line)
            language = document.get("lang") or "und"
            if sizes[language] < size:
                by_language[language].append(document["text"])
                sizes[language] += len(document["text"].encode())
            if number % MIX_EVERY == 0:
                by_language[MIX].append(document["text"])
    wanted = languages or [name for name in sizes if sizes[name] >= size / 2]
    return {name: pa.array(by_language[name], pa.large_string()) for name in [*sorted(wanted), MIX]}


def encoders(files: TokenizerFiles) -> dict[str, Callable[[], Any]]:
    """Name -> a new encoder, of those that know this tokenizer."""
    definition = without_special_tokens(files.json_bytes)
    json_bytes, end = orjson.dumps(definition), files.eos_id
    pairs = read_byte_pairs(definition)
    makers: dict[str, Callable[[], Any]] = {"native": lambda: NativeEncoder(pairs, end)}
    makers["gigatoken"] = lambda: GigatokenEncoder(json_bytes, end)
    makers["tokenizers"] = lambda: TokenizersEncoder(json_bytes, end)
    if find_spec("tiktoken"):
        makers["tiktoken"] = lambda: Tiktoken(definition, end)
    known = {}
    for name, maker in makers.items():
        try:
            maker().encode(pa.array(["a b"], pa.large_string()))
            known[name] = maker
        except BaseException as error:  # a panic in Rust is no Exception
            print(f"{name} cannot: {str(error).splitlines()[0][:120]}")
    return known


def row(language: str, column: pa.Array, makers: dict[str, Callable[[], Any]]) -> str:
    """A line of the table: MB/s cold and warm of each, a mark where ids differ."""
    size = sum(len(text.encode()) for text in column.to_pylist()) / 1e6
    expected, _ = makers["tokenizers"]().encode(column)
    best: dict[tuple[str, bool], float] = {}
    wrong = set()
    for round_ in range(ROUNDS):
        for name, make in makers.items():
            if name in SLOW and round_:
                continue
            encoder = make()
            for warm in (False, True) if name not in SLOW else (False,):
                start = time.process_time()
                ids, _ = encoder.encode(column)
                seconds = time.process_time() - start
                best[name, warm] = min(seconds, best.get((name, warm), seconds))
            if not np.array_equal(ids, expected):
                wrong.add(name)
    cells = []
    for name in makers:
        rates = [size / best[name, warm] for warm in (False, True) if (name, warm) in best]
        cells.append(
            " ".join(f"{rate:8.1f}" for rate in rates) + (" WRONG" if name in wrong else "")
        )
    return f"{language:6} {size:5.1f} " + " ".join(f"{cell:>20}" for cell in cells)


if __name__ == "__main__":
    main()
