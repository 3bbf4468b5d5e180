"""Columns of a run's documents without their texts, of a sample where there are many.

Distributions are drawn from here instead of being counted on the way: what is counted goes into the
record of every task, and forty signals by language and bin are hundreds of kilobytes a partition,
which ten thousand partitions turn into gigabytes. Reading columns of 200,000 rows takes a second,
puts each bar within a quarter of a per cent of the true one, and is everything where a run has
fewer. Row groups are taken in an order by hash, the same every time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import PARALLEL_FILES, UNKNOWN_LANGUAGE, document_files
from formats.storage import filesystem

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

ROWS = 200_000
"""Of the kept ones, and of what each stage dropped."""


@dataclass(frozen=True)
class Sampled:
    """Some rows of a run."""

    kept: pa.Table
    """``lang`` and every numeric column."""
    removed: pa.Table
    """The same of what stages dropped."""
    whole: bool
    """Whether these are all."""

    def names(self) -> list[str]:
        """The numeric columns."""
        tables = (self.kept, self.removed)
        names = dict.fromkeys(name for table in tables for name in table.column_names)
        return [name for name in names if name != "lang"]

    def values(self, name: str, lang: str | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Float64 [n] of the kept and of the removed, without what is missing."""
        found = []
        for table, rows_of in ((self.kept, self._kept_rows), (self.removed, self._removed_rows)):
            values = _column(table, name)
            if lang is not None and len(values):
                values = values[rows_of.get(lang, slice(0))]
            found.append(values[np.isfinite(values)])
        kept, removed = found
        return kept, removed

    @cached_property
    def _kept_rows(self) -> dict[str, np.ndarray]:
        return _rows_by_language(self.kept)

    @cached_property
    def _removed_rows(self) -> dict[str, np.ndarray]:
        return _rows_by_language(self.removed)

    def languages(self) -> list[str]:
        """Those of the rows, the most frequent first."""
        both = pa.concat_tables([self.kept.select(["lang"]), self.removed.select(["lang"])])
        counts = both.group_by("lang").aggregate([([], "count_all")])
        order = [("count_all", "descending"), ("lang", "ascending")]
        found: list[str] = counts.sort_by(order)["lang"].to_pylist()
        return found


def sample_rows(folder: RunFolder, rows: int = ROWS) -> Sampled:
    """Read the sample.

    Args:
        folder: of a finished run.
        rows: of the kept documents, and of what each stage dropped.
    """
    kept, whole = _sample(_kept_files(folder), rows)
    parts = []
    for stage in folder.removed_stages():
        found, all_of_it = _sample(document_files(folder.removed_path(stage)), rows)
        parts.append(found)
        whole &= all_of_it
    removed = pa.concat_tables(parts, promote_options="permissive") if parts else kept.slice(0, 0)
    return Sampled(kept, removed, whole)


def _kept_files(folder: RunFolder) -> list[str]:
    """Without those made of translations."""
    files = document_files(folder.documents_path) if folder.has_documents() else []
    return [name for name in files if not name.endswith(PARALLEL_FILES)]


def _sample(files: Sequence[str], rows: int) -> tuple[pa.Table, bool]:
    """Numeric columns of row groups by chance until there are so many rows; whether all."""
    import pyarrow.parquet as pq

    parts, seen, whole = [], 0, True
    for name in sorted(files, key=_by_chance):
        places, inner = filesystem(name)
        if seen >= rows:
            whole = False
            break
        with places.open(inner, "rb") as stream:
            parquet = pq.ParquetFile(stream)
            groups = [(_by_chance(f"{name}#{n}"), n) for n in range(parquet.num_row_groups)]
            for _, group in sorted(groups):
                if seen >= rows:
                    whole = False
                    break
                table = parquet.read_row_group(group, _columns(parquet.schema_arrow))
                parts.append(table)
                seen += table.num_rows
    if not parts:
        return pa.table({"lang": pa.array([], pa.string())}), True
    table = pa.concat_tables(parts, promote_options="permissive")
    lang = pc.fill_null(table["lang"], UNKNOWN_LANGUAGE)
    return table.set_column(table.schema.get_field_index("lang"), "lang", lang), whole


def _by_chance(name: str) -> bytes:
    return hashlib.sha256(name.rsplit("/", 1)[-1].encode()).digest()


def _columns(schema: pa.Schema) -> list[str]:
    return ["lang", *(field.name for field in schema if pa.types.is_floating(field.type))]


def _column(table: pa.Table, name: str) -> np.ndarray:
    """Float64 [rows], NaN where there is nothing; empty where there is no such column."""
    if name not in table.column_names:
        return np.zeros(0)
    values = pc.fill_null(table[name].cast(pa.float64()), np.nan)
    found: np.ndarray = values.to_numpy()
    return found


def _rows_by_language(table: pa.Table) -> dict[str, np.ndarray]:
    """Numbers of the rows of each language."""
    codes = table["lang"].combine_chunks().dictionary_encode()
    numbers = codes.indices.to_numpy(zero_copy_only=False)
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers, minlength=len(codes.dictionary)))
    parts = np.split(order, ends[:-1]) if len(ends) else []
    return dict(zip(codes.dictionary.to_pylist(), parts, strict=True))
