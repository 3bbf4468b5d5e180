"""The text of each language, as it is read and how much of it there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.quarantine import Quarantine
from stages.quality.measuring import SIGNALS, measure
from stages.quality.rules import UNKNOWN
from tokenizer_train.documents import DocumentFile, Documents
from tokenizer_train.sample import choose, languages_of, text_lengths


@dataclass(frozen=True)
class Texts:
    """What is read: files, and which of their documents."""

    documents: Documents
    quarantine: Quarantine
    held_out_seed: int | None = None
    """Only documents that ``tokenizer-train --seed N`` held out of these files; None: all."""

    @property
    def stored_bytes(self) -> int:
        """Of all files, compressed as they are."""
        return sum(file.stored_bytes for file in self.documents)

    def by_language(self) -> Iterator[tuple[DocumentFile, str, pa.Array]]:
        """Parts of files: the file, a language, and some of its texts (large_string)."""
        for file in self.documents:
            for batch in file.batches(self.quarantine):
                languages = languages_of(batch)
                wanted = np.ones(batch.num_rows, np.bool_)
                if self.held_out_seed is not None:
                    wanted = choose(batch, self.held_out_seed, None)[1]
                codes = languages.indices.to_numpy(zero_copy_only=False)
                for code, language in enumerate(languages.dictionary.to_pylist()):
                    rows = wanted & (codes == code)
                    if rows.any():
                        yield file, language, batch.column("text").filter(pa.array(rows))


@dataclass
class TextSize:
    """How much text."""

    documents: int = 0
    text_bytes: int = 0
    characters: int = 0
    """Code points."""
    words: float = 0.0
    """As the stage ``quality`` counts: where a script puts no space between words, an estimate from
    the number of characters."""

    def add(self, other: TextSize) -> None:
        """Add another's."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def size_of(texts: pa.Array) -> TextSize:
    """Measure texts (large_string)."""
    living = np.ones(len(texts), np.bool_)
    signals, _ = measure(texts, living, np.zeros(len(texts), np.int64), [UNKNOWN], ["words"])
    words = signals[SIGNALS.index("words")].astype(np.float64)
    return TextSize(
        documents=len(texts),
        text_bytes=int(text_lengths(pa.record_batch({"text": texts})).sum()),
        characters=pc.sum(pc.utf8_length(texts)).as_py() or 0,
        words=float(np.nan_to_num(words).sum()),
    )


def sizes_by_language(texts: Texts) -> dict[str, TextSize]:
    """How much text there is of each language, the largest first."""
    sizes: dict[str, TextSize] = {}
    for _, language, part in texts.by_language():
        sizes.setdefault(language, TextSize()).add(size_of(part))
    return dict(sorted(sizes.items(), key=lambda item: (-item[1].text_bytes, item[0])))


def total(sizes: Sequence[TextSize]) -> TextSize:
    """All together."""
    result = TextSize()
    for size in sizes:
        result.add(size)
    return result
