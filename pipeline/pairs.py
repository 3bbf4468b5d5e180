"""Pairs of documents that translate each other: how many there are, and some to read side by side.

Counted in the columns that tell of pairs; texts are read of the pairs that are shown only.
"""

from __future__ import annotations

import difflib
import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import document_files
from formats.storage import filesystem

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

BINS = 20
"""Of scores from 0 to 1."""


class UnknownPair(ValueError):  # noqa: N818 - the name a user reads
    """No documents of these languages were paired."""


@dataclass
class PairCounts:
    """The pairs of two languages."""

    kept: int
    dropped: dict[str, int]
    """Reason -> pairs."""
    methods: dict[str, int]
    scores_kept: np.ndarray
    """Int [BINS]."""
    scores_dropped: np.ndarray


@dataclass(frozen=True)
class ShownPair:
    """A pair with its texts."""

    row: dict[str, Any]
    left: dict[str, Any]
    """``id``, ``text``, ``origin``."""
    right: dict[str, Any]


def count_pairs(folder: RunFolder) -> dict[str, PairCounts]:
    """Pairs by their languages, ``en-th``, the most first; nothing where none were looked for."""
    found: dict[str, PairCounts] = {}
    for table in _tables(folder):
        names = pc.binary_join_element_wise(table["left_lang"], table["right_lang"], "-")
        for name in pc.unique(names).to_pylist():
            rows = table.filter(pc.equal(names, name))
            counts = found.setdefault(
                name,
                PairCounts(0, defaultdict(int), defaultdict(int),
                           np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)),
            )  # fmt: skip
            kept = rows["kept"]
            counts.kept += pc.sum(kept).as_py() or 0
            counts.scores_kept += _scores(rows.filter(kept))
            counts.scores_dropped += _scores(rows.filter(pc.invert(kept)))
            for column, into in (("drop_reason", counts.dropped), ("method", counts.methods)):
                values = rows[column].drop_null()
                if column == "drop_reason":
                    values = pc.list_element(pc.split_pattern(values, ":", max_splits=1), 0)
                for entry in pc.value_counts(values).to_pylist():
                    into[entry["values"]] += entry["counts"]
    return dict(sorted(found.items(), key=lambda item: (-item[1].kept, item[0])))


def sample_pairs(
    folder: RunFolder, each: int, name: str | None = None
) -> dict[str, list[ShownPair]]:
    """A few kept pairs of each two languages: those of the smallest ids, which are hashes.

    Args:
        folder: of a finished run.
        each: how many of two languages.
        name: only of these, ``en-th`` or ``th-en``; None: all.

    Raises:
        UnknownPair: there are no such pairs; names those there are.
    """
    chosen: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table in _tables(folder):
        rows = table.filter(table["kept"]).sort_by([("left_id", "ascending")])
        names = pc.binary_join_element_wise(rows["left_lang"], rows["right_lang"], "-")
        for pair in pc.unique(names).to_pylist():
            few = rows.filter(pc.equal(names, pair)).slice(0, each).to_pylist()
            chosen[pair] = heapq.nsmallest(
                each, [*chosen[pair], *few], lambda row: (row["left_id"], row["right_id"])
            )
    if name is not None:
        chosen = {_known(name, list(chosen)): chosen[_known(name, list(chosen))]}
    wanted = {row[side] for rows in chosen.values() for row in rows for side in _SIDES}
    texts = _fetch(folder, wanted)
    return {
        pair: [
            ShownPair(row, *(texts[row[side]] for side in _SIDES))
            for row in rows
            if all(row[side] in texts for side in _SIDES)
        ]
        for pair, rows in sorted(chosen.items())
    }


_SIDES = ("left_id", "right_id")


def show_pairs(folder: RunFolder, name: str, count: int) -> None:
    """Print some pairs, the left text above the right one."""
    from rich.markup import escape

    from pipeline.terminal import console_of_output

    console = console_of_output()
    for pair, shown in sample_pairs(folder, count, name).items():
        for number, one in enumerate(shown, 1):
            about = f"{pair} {number}. score {one.row['score']:.2f}, {one.row['method']}"
            console.print(escape(about), style="bold", soft_wrap=True)
            for side in (one.left, one.right):
                console.print(f"  {side['id']} ({side['origin']})", markup=False, style="dim",
                              soft_wrap=True)  # fmt: skip
                text = "".join(c if c.isprintable() else " " for c in side["text"][:EXCERPT])
                console.print(f"  {text}", markup=False, soft_wrap=True)
            console.print()


EXCERPT = 600
"""Characters of a text that are shown."""


def _known(name: str, pairs: Sequence[str]) -> str:
    """The pair that is meant, in the order it is written.

    Raises:
        UnknownPair: none.
    """
    left, _, right = name.partition("-")
    for pair in (name, f"{right}-{left}"):
        if pair in pairs:
            return pair
    near = difflib.get_close_matches(name, pairs, 1, 0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(sorted(pairs)) or "none"
    raise UnknownPair(f"no documents were paired as {name!r} ({hint}pairs of the run: {listed})")


def _tables(folder: RunFolder) -> Iterator[pa.Table]:
    """The files of pairs, one at a time."""
    import pyarrow.parquet as pq

    files, inner = filesystem(folder.bilingual_documents_path)
    if not files.isdir(inner):
        return
    for name in document_files(folder.bilingual_documents_path):
        places, path = filesystem(name)
        with places.open(path, "rb") as stream:
            table = pq.read_table(stream)
        if table.num_rows:
            yield table


def _scores(rows: pa.Table) -> np.ndarray:
    """Int [BINS]."""
    values = np.clip(rows["score"].drop_null().to_numpy(), 0, 1)
    places = np.minimum((values * BINS).astype(np.int64), BINS - 1)
    return np.bincount(places, minlength=BINS)


def _fetch(folder: RunFolder, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Kept documents by id; texts are read of the row groups that have one."""
    import pyarrow.parquet as pq

    found: dict[str, dict[str, Any]] = {}
    ids = pa.array(sorted(wanted), pa.string())
    files = document_files(folder.documents_path) if folder.has_documents() else []
    for name in files:
        if len(found) == len(wanted):
            break
        places, inner = filesystem(name)
        with places.open(inner, "rb") as stream:
            parquet = pq.ParquetFile(stream)
            for group in range(parquet.num_row_groups):
                here = parquet.read_row_group(group, ["id"]).column("id")
                rows = np.flatnonzero(pc.is_in(here, value_set=ids).to_numpy())
                if len(rows):
                    table = parquet.read_row_group(group, ["id", "text", "origin"]).take(rows)
                    found |= {row["id"]: row for row in table.to_pylist()}
    return found
