"""How well a tokenizer does on text it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST_TEXT = 65_536
"""Characters of a document that are measured: one long book must not stand for a language."""
BATCH_TEXTS = 256


@dataclass(frozen=True)
class HeldOut:
    """One language's held-out text and what became of it."""

    documents: int
    text_bytes: int
    tokens: int

    @property
    def bytes_per_token(self) -> float | None:
        """Higher is shorter; None where nothing was held out."""
        return round(self.text_bytes / self.tokens, 4) if self.tokens else None


def measure(
    tokenizer: Any,
    texts: Mapping[str, Sequence[str]],
    progress: Callable[[float], None],
) -> dict[str, HeldOut]:
    """Tokens that held-out texts take, per language.

    Args:
        tokenizer: a ``tokenizers.Tokenizer``.
        texts: language -> its held-out documents.
        progress: called with the share done.
    """
    results = {}
    for number, (language, documents) in enumerate(texts.items()):
        tokens = 0
        for start in range(0, len(documents), BATCH_TEXTS):
            batch = list(documents[start : start + BATCH_TEXTS])
            encodings = tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            tokens += sum(len(encoding) for encoding in encodings)
        text_bytes = sum(len(text.encode()) for text in documents)
        results[language] = HeldOut(len(documents), text_bytes, tokens)
        progress((number + 1) / len(texts))
    return results
