"""KenLM models (Heafield 2011), ARPA or binary, where the package ``kenlm`` is installed."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from stages.quality_model.tokens import LINE_BREAK, prepared

ENDINGS = (".arpa", ".arpa.gz", ".binary", ".bin", ".klm", ".kenlm")

Words = Literal["words", "none"]
"""What a model's words are: as ``stages.quality_model.tokens`` prepares them, or between spaces."""

_LINE_BREAK = re.compile(f" ?{LINE_BREAK}+ ?")


@cache
def load(path: str) -> Any:
    """Read a model; once per process.

    Raises:
        ModuleNotFoundError: kenlm is not installed.
        ValueError: the file is no model.
    """
    try:
        import kenlm
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the language model {path} needs KenLM: pip install kenlm (a compiler is needed), or "
            "train a model of characters with `python -m pipeline train-quality`"
        ) from error
    config = kenlm.Config()
    config.show_progress = False
    try:
        return kenlm.Model(path, config)
    except (OSError, RuntimeError) as error:
        raise ValueError(f"{path}: no KenLM model: {error}") from error


def write_bits(
    path: str, texts: pa.Array, wanted: np.ndarray, words: Words, windows: int, window_bytes: int,
    bits: np.ndarray, characters: np.ndarray,
) -> None:  # fmt: skip
    """The bits per character of the wanted texts; every line is a sentence.

    Document by document: KenLM's interface takes one sentence at a time.

    Args:
        path: of the model.
        texts: large_string [rows].
        wanted: bool [rows]; what is written for the others stays as it is.
        words: what the model's words are.
        windows: in how many windows a long text is read; 0: whole.
        window_bytes: bytes of a window.
        bits: float32 [rows], written; NaN where there is no character.
        characters: int64 [rows], written: how many were read, spaces included.
    """
    model = load(path)
    read = prepared(texts, words, windows, window_bytes, wanted)
    for row in np.flatnonzero(wanted).tolist():
        lines = sentences(read[row].as_py() or "", words)
        characters[row] = sum(len(line) + 1 for line in lines)
        score = sum(model.score(line) for line in lines)
        bits[row] = -score * math.log2(10) / characters[row] if lines else np.nan


def sentences(text: str, words: Words) -> list[str]:
    """The lines of a prepared text that are not empty."""
    lines = _LINE_BREAK.split(text) if words == "words" else text.splitlines()
    return [stripped for line in lines if (stripped := line.strip())]
