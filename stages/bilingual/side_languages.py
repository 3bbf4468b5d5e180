"""Whether what was aligned of two documents is in the two languages, taken together.

A sentence of three words has no sure language, and a page that is code for the most part passes for
English whatever its sentences are written in. The sentences of a side make one text that is long
enough to tell, and in which code, copied from one side to the other, no longer stands.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers

FOREIGN = "foreign"
"""The rule that drops a sentence, or a document, in another language."""
LEAST_LETTERS = 40
LEAST_SENTENCES = 3
"""Of a side; of fewer letters or sentences, the language is not asked for: names may be all."""


def foreign_sides(sentences: pa.Table, pairs: int, languages: tuple[str, str]) -> np.ndarray:
    """How surely a side of each pair of documents is in another language.

    Args:
        sentences: ``SENTENCE_TABLE``, sorted by ``document_pair``.
        pairs: how many pairs of documents.
        languages: ISO 639 codes of left and right.

    Returns:
        float32 [pairs], of the worse side; 0 where both are as they should be.
    """
    reasons = pc.fill_null(sentences.column("drop_reason"), "")
    wanted = pc.or_(pc.equal(reasons, ""), pc.starts_with(reasons, f"{FOREIGN}:"))
    asked = sentences.filter(wanted)
    owners = asked.column("document_pair").to_numpy()
    borders = np.searchsorted(owners, np.arange(pairs + 1))
    return np.maximum(
        *(_foreign(asked.column(f"{side}_text").combine_chunks(), borders, language)
          for side, language in zip(("left", "right"), languages, strict=True))
    )  # fmt: skip


def _foreign(texts: pa.Array, borders: np.ndarray, language: str) -> np.ndarray:
    """Of documents that are runs of texts, ``borders[i]:borders[i + 1]``: float32 [documents]."""
    from stages.language.codes import macro_code
    from stages.language.decide import decide
    from stages.language.fasttext_model import load_model, model_path
    from stages.language.identify import Reading, identify

    model = load_model(model_path("lid.176"))
    data, offsets = text_buffers(texts)
    parts = np.empty(2 * len(texts), np.int64)
    parts[::2], parts[1::2] = offsets[:-1], offsets[1:]
    reading = Reading(data, parts, borders.astype(np.int64))
    answers = identify(reading, model, script_shortcuts=True, find_mixed=False)
    decision = decide(reading, answers, model.labels, None, True, 0.0, 1.0)
    expected = macro_code(language.partition("-")[0])
    same = np.array([macro_code(name) == expected for name in decision.names])
    if not same.any():
        return np.zeros(len(borders) - 1, np.float32)  # a language that the model does not know
    other = (decision.numbers >= 0) & ~same[np.maximum(decision.numbers, 0)]
    other &= (answers.letters >= LEAST_LETTERS) & (np.diff(borders) >= LEAST_SENTENCES)
    return np.where(other, decision.scores, 0).astype(np.float32)
