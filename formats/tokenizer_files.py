"""A tokenizer's folder, as the parts of the pipeline need to know it.

    tokenizer/tokenizer.json            vocabulary, merges, pre-tokenizer: what ids depend on
    tokenizer/tokenizer_config.json     which tokens end and pad a text
    tokenizer/special_tokens_map.json   the same, as older libraries look for it

Any folder that ``transformers`` loads as a fast tokenizer serves, and so does a lone
``tokenizer.json`` whose end token has one of the usual names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from formats.storage import file_size, filesystem

TOKENIZER_JSON = "tokenizer.json"
SENTENCEPIECE_MODEL = "tokenizer.model"
"""Of the library of that name; written beside a tokenizer.json, or instead of one."""
ROLES = ("eos", "pad", "bos")
USUAL_END_TOKENS = ("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>")
"""Names of the end token in public tokenizers, for folders that do not say which it is."""


@dataclass(frozen=True)
class TokenizerFiles:
    """What a tokenizer's files say."""

    path: str
    """The tokenizer.json."""
    json_bytes: bytes
    """Its contents."""
    sha256: str
    """Of its contents."""
    vocab_size: int
    """One more than the largest id, special tokens included."""
    special_ids: Mapping[str, int]
    """Role -> id: always ``eos``; ``pad`` and ``bos`` where the tokenizer has them."""

    @property
    def eos_id(self) -> int:
        """The token that ends a document."""
        return self.special_ids["eos"]


def read_tokenizer_files(path: str) -> TokenizerFiles:
    """Read a tokenizer's folder, or its tokenizer.json.

    Raises:
        FileNotFoundError: there is no tokenizer.json.
        ValueError: the file is no tokenizer, or no token is known to end a document.
    """
    if path.endswith(".json"):
        name, folder = path, path.rpartition("/")[0] or "."
    else:
        folder = path.rstrip("/")
        name = f"{folder}/{TOKENIZER_JSON}"
    contents = _read(name)
    if contents is None:
        model = f"{folder}/{SENTENCEPIECE_MODEL}"
        if file_size(model) is not None:
            raise FileNotFoundError(
                f"no {TOKENIZER_JSON} at {path}, only {SENTENCEPIECE_MODEL}, which a run cannot "
                "use: train with the backend native or tokenizers, or convert the model"
            )
        raise FileNotFoundError(f"no {TOKENIZER_JSON} at {path}")
    try:
        ids, special = _ids_and_special_tokens(orjson.loads(contents))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{name} is no tokenizer: {type(error).__name__}: {error}") from error
    roles = _roles(folder, special)
    special_ids = {role: ids[token] for role, token in roles.items() if token in ids}
    if "eos" not in special_ids:
        raise ValueError(
            f"{name}: which token ends a document? tokenizer_config.json names no eos_token "
            f"of the vocabulary, and none of its special tokens is {', '.join(USUAL_END_TOKENS)}"
        )
    digest = hashlib.sha256(contents).hexdigest()
    return TokenizerFiles(name, contents, digest, max(ids.values()) + 1, special_ids)


def _read(name: str) -> bytes | None:
    """The file's contents, None where there is no such file."""
    files, inner = filesystem(name)
    if not files.isfile(inner):
        return None
    contents: bytes = files.cat_file(inner)
    return contents


def _ids_and_special_tokens(parsed: dict[str, Any]) -> tuple[dict[str, int], list[str]]:
    """All tokens with their ids, and which of them are special."""
    vocabulary = parsed["model"]["vocab"]
    if isinstance(vocabulary, list):  # Unigram: [token, score] by id
        ids = {entry[0]: number for number, entry in enumerate(vocabulary)}
    else:
        ids = dict(vocabulary)
    added = parsed.get("added_tokens") or []
    ids |= {token["content"]: token["id"] for token in added}
    return ids, [token["content"] for token in added if token["special"]]


def _roles(folder: str, special: list[str]) -> dict[str, str]:
    """Role -> token, from the two configuration files, or by the usual name of an end token."""
    roles: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        contents = _read(f"{folder}/{name}")
        stated = orjson.loads(contents) if contents is not None else {}
        for role in ROLES:
            token = stated.get(f"{role}_token")
            token = token.get("content") if isinstance(token, dict) else token
            if token is not None:
                roles[role] = token
    usual = [token for token in USUAL_END_TOKENS if token in special]
    if "eos" not in roles and usual:
        roles["eos"] = usual[0]
    return roles
