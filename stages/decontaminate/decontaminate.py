"""The stage ``decontaminate``: documents in which items of test sets stand.

A part of an item (a question, an answer) is found in a document where runs of ``ngram_words`` equal
words, within a stretch of twice its length, cover ``min_share`` of its words and at least
``min_words``. In scripts that set no space between words a letter with its marks takes the place
of a word, with numbers of its own. Words are folded (case, width, punctuation, vowel points of
Arabic and Hebrew), so that an item is found whatever its spacing and case.

What follows from the defaults: an item of 13 words or more, or of 34 letters, is found with any one
word (or letter) changed; shorter ones, down to 8 words or 24 letters, as they stand, and with a
change near an end; those below are not looked for, and the report counts them. GPT-3 took 13-grams
(Brown et al. 2020, appendix C), Llama 2 tokens covered by 10-grams (Touvron et al. 2023, A.6): a
share of what is covered finds edited items and does not fire on a single phrase.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator

from formats.buffers import text_buffers
from stages.base import MapStage, alive, mark_dropped, on_rows, set_column
from stages.decontaminate.index import Index, Limits, index_of
from stages.decontaminate.test_sets import Benchmark

FOUND = "contaminated_by"
SHARE = "contaminated_share"
FIRST_ROOM = 1024


class Decontaminate(MapStage):
    """Drop or mark documents that hold items of test sets.

    Adds ``contaminated_by`` (list<string>, ``benchmark:item``, null where there is none) and
    ``contaminated_share`` (float32, the largest share of an item's part that is in the document).
    Reasons: ``mmlu: 0.92 vs 0.6``. ``contamination/`` of the run folder tells which items were
    found where, and how many of each test set are still in documents that are kept.
    """

    name: ClassVar[str] = "decontaminate"

    against: list[Benchmark] = Field(
        min_length=1,
        description="Test sets: paths, or {name, paths, read, fields, hf_split}.",
    )
    action: Literal["remove", "flag"] = Field(
        "remove", description="Drop the documents, or only say what is in them."
    )
    ngram_words: int = Field(5, ge=2, le=64, description="Words in a run that counts.")
    ngram_letters: int = Field(
        10, ge=2, le=64, description="Letters in such a run where words are not set apart."
    )
    min_words: int = Field(
        8, ge=2, description="Words to be covered at least; parts with fewer are not looked for."
    )
    min_letters: int = Field(
        24, ge=2, description="Likewise letters, where words are not set apart."
    )
    min_share: float = Field(
        0.6, gt=0, le=1, description="Share of a part's words or letters to be covered."
    )

    @field_validator("against", mode="before")
    @classmethod
    def _paths_alone(cls, against: object) -> object:
        """A path is a test set."""
        if not isinstance(against, list):
            return against
        return [{"paths": [entry]} if isinstance(entry, str) else entry for entry in against]

    def assets(self) -> list[str]:
        """The files of the test sets."""
        return [data.file.path for benchmark in self.against for data in benchmark.files()]

    def check_settings(self) -> None:
        """Read the test sets, so that a mistake in one stops the run before it begins."""
        self.index()

    def index(self) -> Index:
        """The test sets, read once in a process."""
        ngrams, least = (self.ngram_words, self.ngram_letters), (self.min_words, self.min_letters)
        return index_of(self.against, Limits(ngrams, least, self.min_share))

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with what was found, and the reasons of what is dropped."""
        index = self.index()
        rows, items, shares = find_items(batch.column("text"), alive(batch), index)
        counts = np.bincount(rows, minlength=batch.num_rows)
        has = counts > 0
        offsets = pa.array(np.append(0, np.cumsum(counts)), pa.int32(), mask=np.append(~has, False))
        named = item_names(index, items)
        batch = set_column(batch, FOUND, pa.ListArray.from_arrays(offsets, named))
        largest = np.zeros(batch.num_rows, np.float32)
        np.maximum.at(largest, rows, shares.astype(np.float32))
        batch = set_column(batch, SHARE, pa.array(largest, mask=~has))
        if self.action == "flag" or not has.any():
            return batch
        best = np.lexsort((-shares, rows))
        best = best[np.append(True, rows[best][1:] != rows[best][:-1])]
        names = pa.array(index.benchmarks).take(pa.array(index.item_benchmarks[items[best]]))
        hundredths = pc.cast(pa.array(np.floor(shares[best] * 100) / 100), pa.string())
        told = pc.binary_join_element_wise(names, ": ", hundredths, f" vs {self.min_share:g}", "")
        return mark_dropped(batch, self.name, on_rows(told, rows[best], batch.num_rows))

    def conclude(self, folder: str) -> list[str]:
        """Write what was found where; tell how many items of each test set are still there."""
        from stages.decontaminate.contamination_report import write_report

        return write_report(folder, self.index())


def item_names(index: Index, items: np.ndarray) -> pa.Array:
    """``benchmark:item`` of each, string."""
    chosen = pa.array(items)
    benchmarks = pa.array(index.benchmarks).take(pa.array(index.item_benchmarks).take(chosen))
    return pc.binary_join_element_wise(benchmarks, index.item_names.take(chosen), ":")


def find_items(
    texts: pa.Array, wanted: np.ndarray, index: Index
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which items stand in which texts.

    Args:
        texts: large_string [rows].
        wanted: bool [rows].
        index: of the items.

    Returns:
        int64 [found] rows, rising; int64 [found] items, rising in a row, none twice; float64
        [found] the largest share of a part that is covered.
    """
    from stages.decontaminate.overlap_kernels import find_parts
    from stages.dedup.folding import fold_table

    data, offsets = text_buffers(texts)
    parts = (index.part_kinds, index.part_tokens, index.part_needs)
    found = [np.empty(FIRST_ROOM, np.int64) for _ in range(3)]
    state = np.zeros(1, np.int64)
    first = 0
    while True:
        first = find_parts(
            data, offsets, wanted, *fold_table(), *index[8:], *parts, first, *found, state
        )
        if first == len(wanted):
            break
        found = [np.concatenate([values, np.empty_like(values)]) for values in found]
    rows, part, covered = (values[: state[0]] for values in found)
    items, shares = index.part_items[part], covered / index.part_tokens[part]
    order = np.lexsort((-shares, items, rows))
    rows, items, shares = rows[order], items[order], shares[order]
    new = np.append(True, (rows[1:] != rows[:-1]) | (items[1:] != items[:-1]))[: len(rows)]
    return rows[new], items[new], shares[new]
