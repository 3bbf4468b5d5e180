"""The model card of a tokenizer: README.md in its folder, from training.json and what was read.

It depends on the training alone: no times, no folders, so equal trainings write equal cards. Names
of files, languages and tokens come from data and are written so that no Markdown is made of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from formats.units import format_bytes

MOST_FILES = 50
"""More files than this are summed up."""
_MARKDOWN = frozenset("\\`*_{}[]<>()#+!|~&$:@")


def model_card(
    training: Mapping[str, Any],
    files: Sequence[tuple[str, int]],
    hashes: Mapping[str, str],
    special_ids: Mapping[str, int],
    versions: Mapping[str, str],
) -> str:
    """The card.

    Args:
        training: the contents of training.json.
        files: name and bytes as stored of what was read.
        hashes: what is hashed -> its SHA-256.
        special_ids: special token -> id.
        versions: package -> version.
    """
    settings = training["settings"]
    vocabulary = training["vocabulary"]
    parts = [
        f"# A tokenizer of {vocabulary['reached']:,} entries",
        _summary(training),
        "    from transformers import AutoTokenizer\n"
        '    tokenizer = AutoTokenizer.from_pretrained("this folder")',
        "## Notes" if training["notes"] else "",
        "\n".join(f"- {escaped(note)}" for note in training["notes"]),
        "## Languages",
        "The share is of what was learned from, as weighted; bytes per token were measured on text "
        "held out, or on all of a language that holds none out.",
        _table(
            ("language", "documents", "text", "learned from", "share", "bytes per token"),
            (_language_row(name, found) for name, found in training["languages"].items()),
        ),
        *_parity(training.get("parity")),
        "## Special tokens",
        _table(("token", "id"), ((token, str(number)) for token, number in special_ids.items())),
        "## Settings",
        _table(
            ("setting", "value"),
            [("seed", str(training["seed"]))]
            + [(name, _value(value)) for name, value in settings.items()],
        ),
        "## Data",
        _data(files),
        *_tiktoken(settings, training["splits"], special_ids),
        "## Hashes and versions",
        _table(("SHA-256 of", ""), hashes.items()),
        _table(("package", "version"), versions.items()),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is: ``escaped("a|b\n") == "a\\|b\\\\n"``."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
    return "".join(f"\\{letter}" if letter in _MARKDOWN else letter for letter in shown)


def _summary(training: Mapping[str, Any]) -> str:
    vocabulary, sample = training["vocabulary"], training["sample"]
    made_of = ", ".join(
        f"{vocabulary[kind]:,} {words}"
        for kind, words in (
            ("bytes", "bytes"),
            ("merges", "merges"),
            ("pieces", "pieces"),
            ("special", "special tokens"),
            ("padding", "reserved slots that pad it"),
        )
        if vocabulary.get(kind)
    )
    rate = training["bytes_per_token"]
    measured = "" if rate is None else f" Held-out text: {rate:.2f} bytes per token."
    return (
        f"{made_of}; learned by {escaped(training['backend'])} from "
        f"{format_bytes(sample['used_bytes'])} of text in {len(training['languages'])} "
        f"language(s).{measured}"
    )


def _language_row(name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    rate = found["bytes_per_token"]
    return (
        name, f"{found['documents']:,}", format_bytes(found["text_bytes"]),
        format_bytes(found["used_bytes"]), f"{found['share']:.2%}",
        "" if rate is None else f"{rate:.2f}",
    )  # fmt: skip


def _parity(parity: Mapping[str, Any] | None) -> list[str]:
    """Who was served, and what came of it."""
    if parity is None:
        return []
    others = parity["others"]
    rows = [
        (name, f"{found['merges']:,}", f"{found['premium']:.3f}")
        for name, found in parity["languages"].items()
    ]
    if others["languages"]:
        rows.append((f"others: {', '.join(others['languages'])}", f"{others['merges']:,}", ""))
    if parity["merges_for_all"]:
        rows.append(("all together", f"{parity['merges_for_all']:,}", ""))
    return [
        "## Parity",
        "Each merge served the language that took most tokens for the same content (parity-aware "
        f"BPE, arXiv 2508.04796). The premium is over {escaped(parity['pivot'])}, on the parallel "
        "text that the merges were chosen by: on other text it may be higher.",
        _table(("language", "merges", "premium"), rows),
    ]


def _data(files: Sequence[tuple[str, int]]) -> str:
    total = format_bytes(sum(size for _, size in files))
    listed = sorted(files)
    digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    told = f"{len(files):,} file(s), {total} as stored; SHA-256 of names and sizes: {digest}."
    if len(listed) > MOST_FILES:
        return told
    table = _table(("file", "bytes"), ((name, f"{size:,}") for name, size in listed))
    return f"{told}\n\n{table}"


def _tiktoken(
    settings: Mapping[str, Any], splits: Sequence[str], special_ids: Mapping[str, int]
) -> list[str]:
    """How to load the ranks."""
    if settings["backend"] == "sentencepiece":
        return []
    title = "## tiktoken"
    if len(splits) > 1:
        return [
            title,
            f"`tokenizer.tiktoken` holds the vocabulary. This tokenizer cuts text in {len(splits)} "
            "steps and tiktoken knows one: its ids are those of tokenizer.json only for text that "
            "was cut before.",
        ]
    code = (
        "import tiktoken\n"
        "from tiktoken.load import load_tiktoken_bpe\n"
        f"tiktoken.Encoding('ours', pat_str={splits[0]!a},\n"
        "    mergeable_ranks=load_tiktoken_bpe('tokenizer.tiktoken'),\n"
        f"    special_tokens={dict(special_ids)!a})"
    )
    return [title, "\n".join(f"    {line}" for line in code.split("\n"))]


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head)]
    lines += [[escaped(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
