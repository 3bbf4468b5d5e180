"""Bits per byte of texts, by language, beside those of gzip and xz on the same bytes.

A language model is a compressor: its nats, as bits, are the length of a code for the text. Figures
of models with other tokenizers can be compared, and a model that knows less of a language than xz
finds out within the text has learnt little of it.
"""

from __future__ import annotations

import gzip
import lzma
import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.evaluation.likelihood import score_texts
from trainer.evaluation.questions import Text
from trainer.evaluation.tasks import by_language
from trainer.loaded import LoadedModel


@dataclass(frozen=True)
class Compression:
    """Of the texts of one language."""

    texts: int
    bytes: int
    """UTF-8."""
    tokens: int
    nats: float
    gzip: int
    """Bytes of all the texts in one file, packed with -9."""
    xz: int
    """The same, with -9e."""

    @property
    def bits_per_byte(self) -> float:
        """Of the model."""
        return self.nats / math.log(2) / max(self.bytes, 1)

    @property
    def gzip_bits_per_byte(self) -> float:
        """Of gzip."""
        return 8 * self.gzip / max(self.bytes, 1)

    @property
    def xz_bits_per_byte(self) -> float:
        """Of xz."""
        return 8 * self.xz / max(self.bytes, 1)

    @property
    def perplexity(self) -> float:
        """Of a token."""
        return math.exp(min(self.nats / max(self.tokens, 1), 700))


def compress(model: LoadedModel, texts: Sequence[Text]) -> dict[str, Compression]:
    """Figures by language, and under ``all`` where there are several."""
    found = {}
    for language, own in by_language(list(texts)):
        nats, tokens = score_texts(model, own)
        found[language] = _measured(own, sum(nats), sum(tokens))
    if len(found) > 1:
        parts = list(found.values())
        found["all"] = Compression(*(sum(column) for column in zip(*map(_fields, parts))))  # noqa: B905
    return found


def _measured(texts: Sequence[str], nats: float, tokens: int) -> Compression:
    joined = "\n".join(texts).encode()
    return Compression(
        texts=len(texts),
        bytes=sum(len(text.encode()) for text in texts),
        tokens=tokens,
        nats=nats,
        gzip=len(gzip.compress(joined, 9, mtime=0)),
        xz=len(lzma.compress(joined, preset=9 | lzma.PRESET_EXTREME)),
    )


def _fields(part: Compression) -> tuple[float, ...]:
    return part.texts, part.bytes, part.tokens, part.nats, part.gzip, part.xz
