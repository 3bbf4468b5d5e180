"""What a tokenizer makes of text: how often it uses each token, its time, what it loses."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers
from tokenizer_evaluate.candidates import Candidate
from tokenizer_evaluate.texts import Texts
from tokenizer_train.parallel import Parallel

PART_BYTES = 8 << 20
"""Text encoded at once: ids take up to four times its size, in each of several arrays."""
SURROGATES = range(0xD800, 0xE000)
CODE_POINTS_A_TEXT = 16
CODE_POINT_TEXTS = (0x110000 - len(SURROGATES)) // CODE_POINTS_A_TEXT
"""Texts that hold every code point once."""


@dataclass
class LanguageUse:
    """Of one language's text."""

    counts: np.ndarray
    """int64 [vocabulary]: uses of each token."""
    seconds: float = 0.0
    """Of this process, while it encoded."""
    text_bytes: int = 0
    different: int = 0
    """Documents that do not come back when they are decoded."""


@dataclass
class Use:
    """Of all text."""

    languages: dict[str, LanguageUse] = field(default_factory=dict)

    def total(self, vocab_size: int) -> LanguageUse:
        """All languages together."""
        result = LanguageUse(np.zeros(vocab_size, np.int64))
        for use in self.languages.values():
            result.counts += use.counts
            result.seconds += use.seconds
            result.text_bytes += use.text_bytes
            result.different += use.different
        return result


def measure_use(
    candidate: Candidate, texts: Texts, progress: Callable[[float], None] = lambda share: None
) -> Use:
    """Encode all text once, and see whether it comes back.

    Args:
        candidate: the tokenizer.
        texts: the text.
        progress: called with the share of the files that is done.
    """
    result = Use()
    stored, current, done = texts.stored_bytes or 1, None, 0
    first = True
    for file, language, part in texts.by_language():
        if file is not current:
            done += current.stored_bytes if current else 0
            current = file
            progress(done / stored)
        if language not in result.languages:
            zeros = np.zeros(candidate.vocab_size, np.int64)
            result.languages[language] = LanguageUse(zeros)
        for piece in pieces(part):
            if first:
                candidate.encode(piece.slice(0, 64))  # with tokenizers too: not to be timed
                first = False
            _add(candidate, piece, result.languages[language])
    progress(1.0)
    return result


def _add(candidate: Candidate, texts: pa.Array, use: LanguageUse) -> None:
    start = time.process_time()
    ids, offsets = candidate.encode(texts)
    use.seconds += time.process_time() - start
    use.counts += np.bincount(ids, minlength=candidate.vocab_size)
    use.text_bytes += int(np.diff(text_buffers(texts)[1]).sum())
    use.different += int(candidate.differs(texts, ids, offsets).sum())


def pieces(texts: pa.Array) -> Iterator[pa.Array]:
    """Slices of bounded size; a longer text stands alone."""
    offsets = text_buffers(texts)[1]
    first = 0
    while first < len(texts):
        last = int(np.searchsorted(offsets, offsets[first] + PART_BYTES, "right")) - 1
        last = min(max(last, first + 1), len(texts))
        yield texts.slice(first, last - first)
        first = last


def tokens_per_text(candidate: Candidate, parallel: Parallel) -> np.ndarray:
    """Tokens of each text of the pairs: int64 [texts]."""
    parts = [np.diff(candidate.encode(piece)[1]) for piece in pieces(parallel.texts)]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def code_points_lost(candidate: Candidate) -> int:
    """How many texts of 16 code points do not come back, of those that hold all of Unicode.

    Unassigned code points, noncharacters and control characters are among them.
    """
    points = [point for point in range(0x110000) if point not in SURROGATES]
    size = CODE_POINTS_A_TEXT
    texts = pa.array(
        ["".join(map(chr, points[at : at + size])) for at in range(0, len(points), size)],
        pa.large_string(),
    )
    lost = 0
    for piece in pieces(texts):
        ids, offsets = candidate.encode(piece)
        lost += int(candidate.differs(piece, ids, offsets).sum())
    return lost
