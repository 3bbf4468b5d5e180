"""Pairs of documents and of sentences to read side by side, drawn by chance: always the same ones.

What is drawn is decided in columns that hold no text; texts are read of the pairs that are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import document_files, document_numbers
from formats.storage import filesystem
from pipeline.translations import languages_of

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

MOST_ROWS = 4 << 20
"""Pairs of sentences that samples are drawn from; a larger corpus is read in part."""
_SIDES = ("left_id", "right_id")
_DRAWN_BY = ["left_id", "right_id", "left_lang", "right_lang", "kept"]


@dataclass(frozen=True)
class ShownPair:
    """A pair of documents with its texts."""

    row: dict[str, Any]
    left: dict[str, Any] | None
    """``id``, ``text``, ``origin``; None where the document was thrown away."""
    right: dict[str, Any] | None


@dataclass
class Samples:
    """Some pairs of sentences of two languages."""

    kept: list[dict[str, Any]]
    """Rows of ``bilingual/sentences``."""
    dropped: list[dict[str, Any]]


def sample_pairs(folder: RunFolder, names: Sequence[str], each: int) -> dict[str, list[ShownPair]]:
    """A few kept pairs of documents of each two languages.

    Args:
        folder: of a run.
        names: language pairs as the run names them, ``en-th``.
        each: how many of two languages.
    """
    drawn = _draw(_files(folder.bilingual_documents_path), names, each, [])
    chosen = {pair: drawn.get((pair, True), []) for pair in names}
    rows = _read([place for places in chosen.values() for place in places])
    wanted = {row[side] for row in rows.values() for side in _SIDES}
    texts = fetch_documents(folder, wanted)
    return {
        pair: [
            ShownPair(rows[place], *(texts.get(rows[place][side]) for side in _SIDES))
            for place in places
        ]
        for pair, places in chosen.items()
    }


def sample_sentences(folder: RunFolder, names: Sequence[str], each: int) -> dict[str, Samples]:
    """A few pairs of sentences of each two languages, kept and dropped; arguments as above."""
    files = _files(folder.bilingual_sentences_path)
    drawn = _draw(files, names, each, ["left_start", "right_start"])
    rows = _read([place for places in drawn.values() for place in places])
    return {
        pair: Samples(*([rows[p] for p in drawn.get((pair, kept), [])] for kept in (True, False)))
        for pair in names
    }


def fetch_documents(folder: RunFolder, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """Documents by id, kept ones and those that a stage removed; what is nowhere is left out.

    Texts are read of the row groups that have one.
    """
    import pyarrow.parquet as pq

    found: dict[str, dict[str, Any]] = {}
    if not wanted:
        return found
    ids = pa.array(sorted(wanted), pa.string())
    for name in _document_files(folder):
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


def _document_files(folder: RunFolder) -> Iterator[str]:
    """Files of documents; pairing's own removals right behind what is kept."""
    if folder.has_documents():
        yield from document_files(folder.documents_path)
    for stage in sorted(folder.removed_stages(), key=lambda stage: (stage != "bilingual", stage)):
        yield from document_files(folder.removed_path(stage))


def _files(path: str) -> list[str]:
    """In an order by chance."""
    files, inner = filesystem(path)
    found = document_files(path) if files.isdir(inner) else []
    return sorted(found, key=lambda name: sha256(name.rsplit("/", 1)[-1].encode()).digest())


class _Place(NamedTuple):
    """A row of a file, and the number it was drawn by."""

    key: int
    file: str
    group: int
    row: int


def _draw(
    files: Sequence[str], names: Sequence[str], each: int, more: Sequence[str]
) -> dict[tuple[str, bool], list[_Place]]:
    """The rows of the smallest keys by (language pair, kept)."""
    import pyarrow.parquet as pq

    drawn: dict[tuple[str, bool], list[_Place]] = {}
    seen = 0
    for file in files:
        places, inner = filesystem(file)
        with places.open(inner, "rb") as stream:
            parquet = pq.ParquetFile(stream)
            for group in range(parquet.num_row_groups):
                if seen >= MOST_ROWS:
                    return drawn
                table = parquet.read_row_group(group, [*_DRAWN_BY, *more])
                seen += table.num_rows
                keys = _keys(table)
                for kind, rows in _rows_by_kind(table, names):
                    few = rows[np.argsort(keys[rows], kind="stable")[:each]].tolist()
                    found = [_Place(int(keys[row]), file, group, row) for row in few]
                    drawn[kind] = sorted([*drawn.get(kind, []), *found])[:each]
    return drawn


def _rows_by_kind(
    table: pa.Table, names: Sequence[str]
) -> Iterator[tuple[tuple[str, bool], np.ndarray]]:
    """Rows of each language pair wanted, kept and not; ``zh`` stands for ``zh-Hant`` too."""
    kept = table["kept"].to_numpy()
    sides = [table[f"{side}_lang"].combine_chunks().dictionary_encode()
             for side in ("left", "right")]  # fmt: skip
    for name in names:
        mine = np.ones(table.num_rows, np.bool_)
        for codes, wanted in zip(sides, languages_of(name), strict=True):
            is_wanted = [_is(lang, wanted) for lang in codes.dictionary.to_pylist()]
            mine &= np.array([*is_wanted, False])[codes.indices.to_numpy(zero_copy_only=False)]
        for which in (True, False):
            rows = np.flatnonzero(mine & (kept == which))
            if len(rows):
                yield (name, which), rows


def _is(found: str, wanted: str) -> bool:
    return found == wanted or found.startswith(f"{wanted}-")


def _keys(table: pa.Table) -> np.ndarray:
    """A hash of the ids and the places in the texts, uint64 [rows]."""
    state = np.zeros(table.num_rows, np.uint64)
    numbers = [document_numbers(table[side].combine_chunks()) for side in _SIDES]
    numbers += [table[name].to_numpy().astype(np.uint64)
                for name in table.column_names if name not in _DRAWN_BY]  # fmt: skip
    with np.errstate(over="ignore"):
        for number in numbers:  # the finaliser of SplitMix64 (Steele et al. 2014) on a running sum
            state = (state ^ number) * np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state ^= state >> np.uint64(31)
    return state


def _read(places: Sequence[_Place]) -> dict[_Place, dict[str, Any]]:
    """The whole rows, each row group read once."""
    import pyarrow.parquet as pq

    found: dict[_Place, dict[str, Any]] = {}
    for file, group in sorted({(place.file, place.group) for place in places}):
        mine = [place for place in places if (place.file, place.group) == (file, group)]
        files, inner = filesystem(file)
        with files.open(inner, "rb") as stream:
            table = pq.ParquetFile(stream).read_row_group(group)
        rows = table.take(pa.array([place.row for place in mine])).to_pylist()
        found |= dict(zip(mine, rows, strict=True))
    return found
