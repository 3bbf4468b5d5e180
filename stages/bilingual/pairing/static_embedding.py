"""Static embeddings from a folder: a vector for each token of a vocabulary, a text is their mean.

Read are the folders that ``model2vec`` and the ``StaticEmbedding`` of ``sentence-transformers``
write: ``tokenizer.json`` and a ``model.safetensors``, which is a header in JSON and plain numbers.
Nothing is fetched, unpickled or run. The vectors are those of ``model2vec.StaticModel.encode``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I8": "i1", "U8": "u1"}
"""Types of safetensors, as NumPy's little-endian ones; BF16 has none there and is widened."""
EMBEDDINGS = ("embeddings", "embedding.weight")
"""What model2vec and sentence-transformers call the matrix."""
NESTED = "0_StaticEmbedding"
DEFAULT_TOKENS = 512
"""Of a text, if the folder does not say: model2vec's default."""


class StaticEmbedding:
    """Token vectors and their tokenizer."""

    def __init__(self, folder: str) -> None:
        """Open a folder.

        Raises:
            ValueError: a file is no model, with what was expected.
        """
        from tokenizers import Tokenizer

        inner = static_folder(folder)
        if inner is None:
            raise ValueError(f"{folder}: a static embedding needs model.safetensors and "
                             "tokenizer.json")  # fmt: skip
        tensors = read_safetensors(inner / "model.safetensors")
        matrices = [tensors[name] for name in EMBEDDINGS if name in tensors]
        if not matrices or matrices[0].ndim != 2:
            raise ValueError(
                f"{inner / 'model.safetensors'}: holds {_some(sorted(tensors))}; "
                f"a static embedding holds {' or '.join(EMBEDDINGS)}, tokens x dimensions"
            )
        settings = _settings(inner)
        self.vectors = matrices[0].astype(np.float32)
        self.mapping = tensors.get("mapping")
        self.weights = tensors.get("weights")
        self.tokenizer: Any = Tokenizer.from_file(str(inner / "tokenizer.json"))
        self.tokenizer.no_padding()
        most = settings.get("max_length", DEFAULT_TOKENS)
        self.most_characters = self._characters_of(most)
        if most is None:
            self.tokenizer.no_truncation()
        else:
            self.tokenizer.enable_truncation(most)
        self.unknown = _unknown_token(self.tokenizer)
        self.normalize = bool(settings.get("normalize", False))
        self._check(inner)

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return self.vectors.shape[1]

    def encode(self, texts: list[str]) -> np.ndarray:
        """The vectors of texts, float32 [texts, dimensions]; zeros where no token is known."""
        if self.most_characters is not None:
            texts = [text[: self.most_characters] for text in texts]
        found = [
            encoding.ids
            for encoding in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        ]
        sizes = np.array([len(ids) for ids in found], np.int64)
        tokens = np.concatenate([np.zeros(0, np.int64), *(np.array(i, np.int64) for i in found)])
        text = np.repeat(np.arange(len(texts)), sizes)
        if self.unknown is not None:
            known = tokens != self.unknown
            tokens, text = tokens[known], text[known]
        rows = tokens if self.mapping is None else self.mapping[tokens]
        vectors = self.vectors[rows]
        if self.weights is not None:
            vectors = vectors * self.weights[tokens][:, None].astype(np.float32)
        return self._means(vectors, text, len(texts))

    def _means(self, vectors: np.ndarray, text: np.ndarray, texts: int) -> np.ndarray:
        """The mean of each text's token vectors."""
        result = np.zeros((texts, self.dimensions), np.float32)
        if len(text):
            begins = np.flatnonzero(np.concatenate([[True], text[1:] != text[:-1]]))
            sums = np.add.reduceat(vectors, begins, axis=0)
            result[text[begins]] = sums / np.diff(np.append(begins, len(text)))[:, None]
        return unit(result) if self.normalize else result

    def _characters_of(self, tokens: int | None) -> int | None:
        """Characters of a text that are tokenized: so many times a token's median (model2vec)."""
        if tokens is None:
            return None
        lengths = [len(token) for token in self.tokenizer.get_vocab()]
        return tokens * int(np.median(lengths))

    def _check(self, folder: Path) -> None:
        """Raise ``ValueError`` where tokens and vectors do not fit."""
        tokens = self.tokenizer.get_vocab_size()
        rows = len(self.vectors if self.mapping is None else self.mapping)
        if rows < tokens:
            raise ValueError(
                f"{folder / 'model.safetensors'}: {rows} vectors for the {tokens} tokens of "
                "tokenizer.json"
            )


def _some(names: list[str]) -> str:
    """The first few of some names."""
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more if names else "nothing"


def static_folder(folder: str) -> Path | None:
    """Where the files of a static embedding lie in a folder, None where it holds none."""
    for inner in (Path(folder), Path(folder) / NESTED):
        if (inner / "model.safetensors").is_file() and (inner / "tokenizer.json").is_file():
            return inner
    return None


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1; zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms == 0, 1, norms)


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file by name, mapped and not read.

    The format: 8 bytes with the length of a JSON header, the header, the numbers
    (https://github.com/huggingface/safetensors#format).

    Raises:
        ValueError: it is no such file, or has numbers of another type.
    """
    data = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)
    try:
        start = 8 + int.from_bytes(data[:8].tobytes(), "little")
        header = json.loads(data[8:start].tobytes())
        header.pop("__metadata__", None)
        return {name: _array(data[start:], said) for name, said in header.items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: no safetensors file ({error})") from None


def _array(data: np.ndarray, said: dict[str, Any]) -> np.ndarray:
    """One array of a file."""
    begin, end = said["data_offsets"]
    raw = np.frombuffer(data[begin:end].tobytes(), np.uint8)
    if said["dtype"] == "BF16":
        wide = np.zeros((len(raw) // 2, 2), "<u2")
        wide[:, 1] = raw.view("<u2")
        return wide.view("<f4").reshape(said["shape"])
    if said["dtype"] not in NUMBERS:
        raise ValueError(f"numbers of type {said['dtype']}: known are BF16, {', '.join(NUMBERS)}")
    return raw.view("<" + NUMBERS[said["dtype"]]).reshape(said["shape"])


def _settings(folder: Path) -> dict[str, Any]:
    """``config.json``, where there is one."""
    path = folder / "config.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def _unknown_token(tokenizer: Any) -> int | None:
    """The token that stands for what is not in the vocabulary: it has no meaning to add."""
    model = json.loads(tokenizer.to_str())["model"]
    if model.get("type") == "Unigram":
        return None if model.get("unk_id") is None else int(model["unk_id"])
    name = model.get("unk_token")
    return None if name is None else tokenizer.token_to_id(name)
