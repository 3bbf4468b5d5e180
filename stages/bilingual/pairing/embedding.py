"""Documents as vectors of an embedding model by path: a further signal of what translates what.

A document's vector is the mean of those of its lines, each of length 1, in its first
``EMBEDDED_BYTES``. From it the mean of its language's documents is taken: what is left is what
sets it apart, and not in which language it is or what stands on every page (centring; Mu and
Viswanath 2018, "All-but-the-top", and for two languages Zhu et al. 2022). Numbers are kept as
integers small enough that float32 adds them up without rounding, so that neither the order of
additions nor the number of threads changes a bit.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from stages.bilingual.pairing.static_embedding import StaticEmbedding, static_folder, unit

EMBEDDED_BYTES = 16 << 10
EXACT = float(1 << 24)
"""Integers up to here are exact in float32."""


class Embedding(Protocol):
    """A model that gives texts vectors."""

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""

    def encode(self, texts: list[str]) -> np.ndarray:
        """float32 [texts, dimensions]."""


class SentenceTransformerEmbedding:
    """A folder of ``sentence-transformers``, if installed; weights as safetensors only."""

    def __init__(self, folder: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ModuleNotFoundError as error:
            raise ValueError(
                f"{folder}: reading it takes sentence-transformers, which is not installed"
            ) from error
        self.model: Any = SentenceTransformer(
            folder, device="cpu", local_files_only=True, trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )  # fmt: skip

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return int(self.encode(["a"]).shape[1])

    def encode(self, texts: list[str]) -> np.ndarray:
        """float32 [texts, dimensions]."""
        found = self.model.encode(texts, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(found, np.float32)


@lru_cache(maxsize=1)
def open_embedding(folder: str) -> Embedding:
    """The model in a folder.

    Raises:
        ValueError: it names the folder and what is expected there.
    """
    if not Path(folder).is_dir():
        raise ValueError(f"{folder}: there is no such folder; an embedding model is a folder")
    kind = _first_module(folder)
    if static_folder(folder) is not None and kind in ("", "StaticEmbedding"):
        return StaticEmbedding(folder)
    if kind:
        return SentenceTransformerEmbedding(folder)
    raise ValueError(
        f"{folder}: no embedding model: model2vec's has model.safetensors and tokenizer.json, "
        "that of sentence-transformers has modules.json"
    )


def _first_module(folder: str) -> str:
    """What the folder of a ``sentence-transformers`` model begins with; empty for another folder.

    A transformer and a static embedding have files of the same names.
    """
    path = Path(folder) / "modules.json"
    if not path.is_file():
        return ""
    try:
        return str(json.loads(path.read_text())[0]["type"]).rpartition(".")[2]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path}: no list of modules with a type ({error})") from None


def model_files(folder: str) -> list[str]:
    """The files of a model, in order: their contents belong to the fingerprint."""
    kinds = (".safetensors", ".json", ".txt", ".model")
    files = (path for path in Path(folder).rglob("*") if path.suffix in kinds)
    return sorted(str(path) for path in files if path.is_file())


def document_vectors(embedding: Embedding, texts: list[str]) -> np.ndarray:
    """Vectors of documents, int16 [documents, dimensions], as ``rounded`` gives them."""
    lines, owner = [], []
    for document, text in enumerate(texts):
        mine = [line for line in _beginning(text).split("\n") if line.strip()]
        lines += mine
        owner += [document] * len(mine)
    result = np.zeros((len(texts), embedding.dimensions), np.float64)
    if lines:
        vectors = unit(embedding.encode(lines).astype(np.float64))
        documents = np.array(owner)
        begins = np.flatnonzero(np.concatenate([[True], documents[1:] != documents[:-1]]))
        result[documents[begins]] = np.add.reduceat(vectors, begins, axis=0)
    return rounded(result)


def _beginning(text: str) -> str:
    """The first ``EMBEDDED_BYTES`` of a text, to a whole character."""
    return text[:EMBEDDED_BYTES].encode()[:EMBEDDED_BYTES].decode(errors="ignore")


def rounded(vectors: np.ndarray) -> np.ndarray:
    """Vectors of equal length in integers (int16), whose products float32 adds up exactly.

    No partial sum of a product is above the product of both lengths (Cauchy-Schwarz); rounding
    adds at most half the root of the number of dimensions to a length.
    """
    length = scale(vectors.shape[1])
    return np.rint(unit(np.asarray(vectors, np.float64)) * length).astype(np.int16)


def scale(dimensions: int) -> float:
    """The length that ``rounded`` gives to vectors."""
    return float(np.floor(np.sqrt(EXACT) - np.sqrt(dimensions) / 2 - 1))


def centred(vectors: np.ndarray, centres: np.ndarray, members: np.ndarray) -> np.ndarray:
    """What sets documents apart from others of their language, float32 with integers.

    Args:
        vectors: int16 [documents, dimensions].
        centres: float64 [members, dimensions], the mean of each language's documents.
        members: int [documents].
    """
    apart = vectors.astype(np.float64) - centres[members]
    apart[~vectors.any(axis=1)] = 0
    return rounded(apart).astype(np.float32)
