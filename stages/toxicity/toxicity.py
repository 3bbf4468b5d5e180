"""The stage ``toxicity``: how much of a document is words of given lists.

Nothing is bundled: which words they are is for the recipe to say. Whole words in scripts with
spaces, any place in scripts without, in any case and width; entries may be several words.
"""

from __future__ import annotations

from functools import cache
from pathlib import PurePosixPath
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from formats.buffers import text_buffers
from stages.base import MapStage, alive, mark_dropped, set_column
from stages.quality.measuring import language_codes
from stages.quality.rules import language_key
from stages.thresholds import reasons_of
from stages.urls.lists import read_lines

DEFAULT = "default"
SHARE = "signal_toxicity"
PER_1000 = "signal_toxicity_per_1000_characters"
ENDINGS = (".gz", ".zst", ".txt")


class Toxicity(MapStage):
    """Count listed words, and drop documents that have too many.

    Needs ``text``; reads ``lang`` (else ``declared_lang``) to choose the list. Adds float32 columns
    ``signal_toxicity`` (share of the document's words that are part of a match; a character of a
    script without spaces is a word) and ``signal_toxicity_per_1000_characters`` (matches), null
    where there is no list or no word. Reasons: ``share: 0.031 vs 0.01``,
    ``per_1000_characters: 4.2 vs 2``.
    """

    name: ClassVar[str] = "toxicity"

    lists: dict[str, str] = Field(
        {},
        description="Language -> file with one entry a line; `default` is for languages that have "
        "no list of their own.",
    )
    folder: str | None = Field(
        None, description="A folder of <language>.txt (.txt.gz, .txt.zst), instead of `lists`."
    )
    max_share: float | dict[str, float] | None = Field(
        None, description="Drop above this share of words, for all or by language (and `default`)."
    )
    max_per_1000_characters: float | dict[str, float] | None = Field(
        None, description="Drop above so many matches per 1,000 characters, likewise."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Toxicity:
        if bool(self.lists) == bool(self.folder):
            raise ValueError("give `lists` (language: file) or `folder`, one of the two")
        return self

    def paths(self) -> dict[str, str]:
        """Language -> file, languages in alphabetical order."""
        found = files_of(self.folder) if self.folder else self.lists
        return {
            name if name == DEFAULT else language_key(name): found[name] for name in sorted(found)
        }

    def assets(self) -> list[str]:
        """The lists."""
        return list(self.paths().values())

    def check_settings(self) -> None:
        """Read the lists, so that a mistake in one stops the run before it begins."""
        word_table(tuple(self.paths().values()))

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the signals and the reasons of what is dropped."""
        living = alive(batch)
        codes, names = language_codes(batch)
        paths = self.paths()
        numbers = {name: number for number, name in enumerate(paths)}
        otherwise = numbers.get(DEFAULT, -1)
        lists = np.array([numbers.get(name, otherwise) for name in names], np.int64)[codes]
        table = word_table(tuple(paths.values()))
        signals = measure(batch.column("text"), living, lists, table)
        limits = (self.max_share, self.max_per_1000_characters)
        reasons = pa.nulls(batch.num_rows, pa.string())
        for name, values, limit in zip((SHARE, PER_1000), signals, limits, strict=True):
            batch = set_column(batch, name, pa.array(values, pa.float32(), from_pandas=True))
            most = np.array([threshold(limit, language) for language in names], np.float32)[codes]
            rule = name.removeprefix(SHARE + "_") if name != SHARE else "share"
            reasons = pc.coalesce(reasons, reasons_of(rule, values > most, values, most))
        if reasons.null_count == len(reasons):
            return batch
        return mark_dropped(batch, self.name, reasons)


class WordTable(NamedTuple):
    """All lists as one hash table."""

    keys: np.ndarray
    """uint64 [slots]: hashes of the beginnings of entries."""
    flags: np.ndarray
    """uint8 [slots]"""


def files_of(folder: str) -> dict[str, str]:
    """Language -> file of a folder of ``<language>.txt``.

    Raises:
        ValueError: there is none.
    """
    from formats.storage import filesystem

    files, inner = filesystem(folder)
    prefix = folder[: len(folder) - len(inner)] if folder.endswith(inner) else ""
    found = {}
    for path in sorted(files.ls(inner, detail=False)) if files.isdir(inner) else []:
        name = PurePosixPath(path).name
        if ".txt" in name:
            found[name.split(".txt")[0]] = f"{prefix}{path}"
    if not found:
        raise ValueError(f"folder: no <language>.txt in {folder}")
    return found


def threshold(limit: float | dict[str, float] | None, language: str) -> float:
    """The limit of a language; NaN where there is none."""
    if isinstance(limit, dict):
        limit = limit.get(language, limit.get(DEFAULT))
    return np.nan if limit is None else limit


@cache
def word_table(paths: tuple[str, ...]) -> WordTable:
    """The table of several lists; the number of a list is its position.

    Raises:
        ValueError: a list cannot be read, or an entry has no letter or digit: file and line.
    """
    from stages.dedup.folding import fold_table
    from stages.toxicity import toxicity_kernels as kernels

    columns = []
    for path in paths:
        lines = read_lines(path)
        check_entries(lines, path)
        columns.append(lines.filter(pc.not_equal(lines, "")))
    column = pa.concat_arrays([*columns, pa.array([], pa.large_string())])
    data, offsets = text_buffers(column)
    numbers = np.repeat(np.arange(len(columns)), [len(column) for column in columns])
    beginnings = int(offsets[-1] - offsets[0])
    slots = 1 << max(8, (2 * beginnings).bit_length())
    table = WordTable(np.zeros(slots, np.uint64), np.zeros(slots, np.uint8))
    scratch = np.empty(max(1, beginnings), np.uint64)
    kernels.build(data, offsets, numbers.astype(np.int64), *fold_table(), *table, scratch)
    return table


def check_entries(lines: pa.Array, path: str) -> None:
    """Raise ``ValueError`` for the first line that is not empty but has no letter or digit."""
    wrong = pc.match_substring_regex(lines, r"^[^\pL\pN]+$")
    if pc.any(wrong).as_py():
        number = pc.index(wrong, True).as_py()
        raise ValueError(f"{path}:{number + 1}: no word in {lines[number].as_py()!r}")


def measure(
    column: pa.Array, living: np.ndarray, lists: np.ndarray, table: WordTable
) -> tuple[np.ndarray, np.ndarray]:
    """Both signals of texts, float32 [rows]; NaN where there is no list or no word.

    Args:
        column: large_string [rows].
        living: bool [rows].
        lists: int64 [rows], number of the list, -1: none.
        table: of ``word_table``.
    """
    from stages.dedup.folding import fold_table
    from stages.toxicity.toxicity_kernels import count_matches

    data, offsets = text_buffers(column)
    counts = np.empty((4, len(living)), np.int64)
    count_matches(data, offsets, living, lists, *fold_table(), *table, *counts)
    matches, covered, words, characters = counts
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(words > 0, covered / words, np.nan)
        density = np.where(words > 0, 1000 * matches / characters, np.nan)
    return share.astype(np.float32), density.astype(np.float32)
