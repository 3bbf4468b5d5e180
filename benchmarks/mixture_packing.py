"""Packing a run's tokenized components: best fit beside laying end to end and chopping.

    python benchmarks/mixture_packing.py runs/mix_2T --sequence-length 4096

For each rule: rows, padding, documents cut among those that would fit a row (and the share of their
tokens), and tokens packed per second on one core, planning only.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from formats.run_folder import RunFolder
from formats.storage import filesystem
from formats.tokens import TokensReader
from stages.mixture.pack import pack_components
from stages.mixture.pack_component import PackingPlan
from stages.mixture.packing import BEST_FIT, CONCAT, Rule


class OneCore:
    """Tasks one after the other."""

    workers = 1

    def map(
        self, step: str, function: Callable[[Any], dict[str, Any]], items: Sequence[Any]
    ) -> list[dict[str, Any]]:
        """Run them."""
        return [function(item) for item in items]


def main() -> None:
    """Pack with both rules and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", metavar="RUN", help="a run folder with tokens/")
    parser.add_argument("--sequence-length", type=int, default=4096)
    options = parser.parse_args()
    selections = selections_of(RunFolder(options.run))
    length = options.sequence_length
    lengths = np.concatenate([lengths_of(item) for item in selections.values()])
    fits = int((lengths <= length).sum())
    print(
        f"{len(selections)} components, {len(lengths):,} documents, {lengths.sum():,} tokens; "
        f"{(lengths > length).mean():.1%} of the documents are longer than a row of {length}"
    )
    for rule in (BEST_FIT, CONCAT):
        pack(selections, length, rule)  # once for the kernels and the page cache
        started = time.perf_counter()
        rows, tokens, cut, tokens_cut = pack(selections, length, rule)
        seconds = time.perf_counter() - started
        print(
            f"   {rule:<9} {rows:>8,} rows, {1 - tokens / (rows * length):.3%} padding, "
            f"{cut / fits:.2%} of the documents that fit a row are cut "
            f"({tokens_cut / lengths.sum():.2%} of all tokens), "
            f"{tokens / seconds / 1e6:,.0f} M tokens/s"
        )


def selections_of(folder: RunFolder) -> dict[tuple[str, str], dict[str, Any]]:
    """All documents of every component."""
    selections = {}
    for component in folder.components():
        files, inner = filesystem(f"{folder.tokens_path}/{component}")
        parts = [f"{component}/{path.rsplit('/', 1)[-1]}" for path in sorted(files.find(inner))]
        selections[component, component] = {
            "folder": folder.tokens_path, "files": parts, "where": {}, "rehydrate": [],
            "dtype": TokensReader(f"{folder.tokens_path}/{parts[0]}").dtype.name,
        }  # fmt: skip
    return selections


def lengths_of(item: dict[str, Any]) -> np.ndarray:
    """Tokens of each document of a component."""
    readers = [TokensReader(f"{item['folder']}/{name}") for name in item["files"]]
    return np.concatenate([np.diff(batch.offsets) for r in readers for batch in r.batches()])


def pack(
    selections: dict[tuple[str, str], dict[str, Any]], length: int, rule: Rule
) -> tuple[int, int, int, int]:
    """Rows, tokens, and of the documents cut though they fit a row their number and tokens."""
    with tempfile.TemporaryDirectory() as folder:
        packed = pack_components(selections, folder, length, rule, OneCore())
        rows = tokens = cut = tokens_cut = 0
        for key, found in packed.items():
            plan = PackingPlan(f"{folder}/{key[1]}", found["parts"])
            _, segments = plan.segments(np.arange(found["rows"]))
            _, document, parts = np.unique(
                segments["document_id"], return_inverse=True, return_counts=True
            )
            whole = np.bincount(document, segments["length"])
            needless = (parts > 1) & (whole <= length)
            rows, tokens = rows + found["rows"], tokens + found["tokens"]
            cut += int(needless.sum())
            tokens_cut += int(whole[needless].sum())
    return rows, tokens, cut, tokens_cut


if __name__ == "__main__":
    main()
