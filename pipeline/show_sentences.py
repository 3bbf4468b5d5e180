"""Sentence pairs of one language pair on a terminal: counts, scores, a sample side by side."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from formats.documents import document_files
from pipeline.terminal import console_of_output, print_table

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

COLUMNS = ["left_id", "right_id", "left_text", "right_text", "left_lang", "right_lang", "score",
           "drop_reason"]  # fmt: skip
BAR = 40
"""Characters of the longest bar."""


def pair_counts(folder: RunFolder, name: str) -> tuple[str, dict[str, Any]] | None:
    """A language pair as the recipe names it, and what the run counted of it; either order.

    The counts are those of ``stages.bilingual.writing.steps.count_pairs``.
    """
    facts = folder.read_summary().get("stages", {}).get("bilingual", {}).get("pairs", {})
    left, _, right = name.partition("-")
    for known in (name, f"{right}-{left}"):
        if known in facts:
            return known, facts[known]
    return None


def sample_sentences(folder: RunFolder, name: str, count: int) -> list[dict[str, Any]]:
    """Sentence pairs drawn by hash of their ids and texts: the same at every call."""
    from xxhash import xxh3_64_intdigest

    left, _, right = name.partition("-")
    drawn: list[tuple[int, int, dict[str, Any]]] = []
    for number, row in enumerate(_rows(folder, left, right)):
        text = "\0".join((row["left_id"], row["right_id"], row["left_text"], row["right_text"]))
        entry = (-xxh3_64_intdigest(text.encode()), -number, row)
        if len(drawn) < count:
            heapq.heappush(drawn, entry)
        else:
            heapq.heappushpop(drawn, entry)
    return [row for _, _, row in sorted(drawn, reverse=True, key=lambda entry: entry[:2])]


def show_sentence_pairs(folder: RunFolder, name: str, count: int) -> None:
    """Print counts, a histogram of scores, and a sample; nothing where none were aligned."""
    known = pair_counts(folder, name)
    if known is None:
        return
    name, counts = known
    sentences = counts["sentences"]
    console = console_of_output()
    rows = [
        ["documents", f"{counts['found']:,}", f"{counts['kept']:,}", _reasons(counts["dropped"])],
        ["sentences", f"{sentences['found']:,}", f"{sentences['kept']:,}",
         _reasons(sentences["dropped"])],
    ]  # fmt: skip
    print_table(console, f"{name}: pairs", ["of", "found", "kept", "dropped"], rows)
    found = ", ".join(f"{n:,} by {method}" for method, n in counts["methods"].items())
    console.print(f"found: {found or 'none'}; {counts['documents']:,} parallel documents written")
    most = max([*sentences["scores"], 1])
    bins = len(sentences["scores"])
    rows = [
        [f"{i / bins:.2f}", f"{n:,}", "█" * -(-n * BAR // most)]
        for i, n in enumerate(sentences["scores"])
    ]
    print_table(console, "scores of sentence pairs", ["from", "pairs", ""], rows)
    left, right = name.split("-", 1)
    rows = [
        [f"{row['score']:.2f}", row["left_text"], row["right_text"], row["drop_reason"] or "kept"]
        for row in sample_sentences(folder, name, count)
    ]
    print_table(console, f"{len(rows)} of them", ["score", left, right, ""], rows)


def _rows(folder: RunFolder, left: str, right: str) -> Iterator[dict[str, Any]]:
    import pyarrow.dataset as ds

    files = document_files(folder.bilingual_sentences_path)
    for batch in ds.dataset(files).to_batches(columns=COLUMNS):
        for row in batch.to_pylist():
            if _is(row["left_lang"], left) and _is(row["right_lang"], right):
                yield row


def _is(found: str, wanted: str) -> bool:
    return found == wanted or found.startswith(f"{wanted}-")


def _reasons(dropped: dict[str, int]) -> str:
    ordered = sorted(dropped.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{count:,} {rule}" for rule, count in ordered)
