"""Documents that say the same in two languages: what a tokenizer costs is compared on those.

A document's group is its ``pair_key``, else its id. A file with several languages pairs its own
documents; files of one language each (one a language, with common ids) are paired with one another.
Of a group with several documents in a language the first counts.

Translations that are not: many pages under a language's path are still English. A pair of which
half of the long lines stand in both texts word for word is left out, by the measure that the stage
``bilingual`` uses, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers
from formats.pretokenizers.scanner import Scanner
from formats.quarantine import Quarantine
from tokenizer_train.counting.table import PieceTable
from tokenizer_train.documents import Documents
from tokenizer_train.sample import languages_of

LONG_LINE = 20
"""Characters; shorter lines may be the same in translations. As in ``bilingual``."""
MOST_COPIED = 0.5
"""The stage's default."""
LEAST_TEXT = 20_000
"""Bytes of a language; figures of less are not compared, and nothing is chosen by them."""
PIECES_AT_ONCE = 1024
"""Texts that are cut at once."""
TABLE_BYTES = 1 << 30
"""Most memory for the distinct pieces of parallel text; above it some are kept more than once."""


@dataclass(frozen=True)
class Parallel:
    """Pairs of texts."""

    pivot: str
    """The language that the others are compared with."""
    texts: pa.Array
    """large_string [texts]: those of pairs."""
    ours: np.ndarray
    """int64 [pairs]: the text in the other language."""
    theirs: np.ndarray
    """int64 [pairs]: the text in the pivot language."""
    codes: np.ndarray
    """int64 [pairs]: the other language, in ``languages``."""
    languages: tuple[str, ...]
    copied: dict[str, int]
    """Language -> pairs left out because they are copies."""

    def sums(self, per_text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums of something that each text has, by language: float64 [languages] of both sides."""
        size = len(self.languages)
        return (
            np.bincount(self.codes, per_text[self.ours], size),
            np.bincount(self.codes, per_text[self.theirs], size),
        )

    def lengths(self) -> np.ndarray:
        """Bytes of each text: int64 [texts]."""
        return np.diff(text_buffers(self.texts)[1])


def read_parallel(documents: Documents, quarantine: Quarantine, pivot: str = "en") -> Parallel:
    """Read files and pair their documents; all their text is held in memory.

    Raises:
        ValueError: no document has a mate in the pivot language.
    """
    rows = pa.concat_tables(
        [_rows(batch, file.path) for file in documents for batch in file.batches(quarantine)]
        or [pa.table({name: pa.array([], pa.string()) for name in ("key", "path", "lang", "text")})]
    ).combine_chunks()
    keys = _group_keys(rows)
    languages = rows.column("lang").combine_chunks().dictionary_encode()
    names = languages.dictionary.to_pylist()
    codes = languages.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    _, firsts = np.unique(keys * len(names) + codes, return_index=True)
    firsts = np.sort(firsts)
    is_pivot = np.isin(codes, [n for n, name in enumerate(names) if speaks(name, pivot)])
    mate = np.full(int(keys.max(initial=0)) + 1, -1)
    pivots = firsts[is_pivot[firsts]][::-1]
    mate[keys[pivots]] = pivots  # the first stays
    others = firsts[~is_pivot[firsts]]
    others = others[mate[keys[others]] >= 0]
    if len(others) == 0:
        raise ValueError(
            f"--parallel: no document has a translation in {pivot!r}; documents are paired by "
            "pair_key or id, and their languages are told by lang"
        )
    mates = mate[keys[others]]
    keep = _copied_shares(rows, others, mates) <= MOST_COPIED
    gone = np.bincount(codes[others[~keep]], minlength=len(names))
    others, mates = others[keep], mates[keep]
    used, places = np.unique(np.concatenate([others, mates]), return_inverse=True)
    present, own_codes = np.unique(codes[others], return_inverse=True)
    return Parallel(
        pivot,
        rows.column("text").take(pa.array(used)).combine_chunks(),
        places[: len(others)],
        places[len(others) :],
        own_codes,
        tuple(names[code] for code in present.tolist()),
        {name: int(n) for name, n in zip(names, gone, strict=True) if n},
    )


def parallel_pieces(parallel: Parallel, scanner: Scanner) -> list[pa.RecordBatch]:
    """Count the pieces of parallel text, each side of each language apart.

    Returns:
        Rows of counts; groups are 2 * language for its own side, and 1 more for the pivot's.
    """
    batches: list[pa.RecordBatch] = []
    table = PieceTable(scanner, TABLE_BYTES, batches.extend)
    for texts, side in ((parallel.ours, 0), (parallel.theirs, 1)):
        for start in range(0, len(texts), PIECES_AT_ONCE):
            part = slice(start, start + PIECES_AT_ONCE)
            chosen = parallel.texts.take(pa.array(texts[part]))
            table.add(pc.cast(chosen, pa.large_string()), 2 * parallel.codes[part] + side)
    table.flush()
    return batches


def _rows(batch: pa.RecordBatch, path: str) -> pa.Table:
    known = [batch.column(n) for n in ("pair_key", "original_id", "id") if n in batch.schema.names]
    return pa.table(
        {
            "key": pc.cast(pc.coalesce(*known), pa.string()),
            "path": pa.repeat(path, batch.num_rows),
            "lang": languages_of(batch).cast(pa.string()),
            "text": batch.column("text").cast(pa.large_string()),
        }
    )


def _group_keys(rows: pa.Table) -> np.ndarray:
    """A number for each group: int64 [rows]."""
    counts = rows.group_by("path").aggregate([("lang", "count_distinct")])
    several = counts.filter(pc.greater(counts.column("lang_count_distinct"), 1)).column("path")
    own = pc.is_in(rows.column("path"), value_set=pc.cast(several, pa.string()))
    path = pc.if_else(own, rows.column("path"), "")
    keys = pc.binary_join_element_wise(path, rows.column("key"), "\0")
    encoded: Any = keys.combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)


def speaks(language: str, member: str) -> bool:
    """Is it this language, or one of its regions (en: en-US)?"""
    return language == member or language.startswith((f"{member}-", f"{member}_"))


def _copied_shares(rows: pa.Table, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    from formats.copied_lines_kernels import copied_shares

    shares = np.empty(len(left), np.float64)
    texts = rows.column("text").combine_chunks()
    copied_shares(
        *text_buffers(texts), np.ascontiguousarray(left), np.ascontiguousarray(right),
        LONG_LINE, shares,
    )  # fmt: skip
    return shares
