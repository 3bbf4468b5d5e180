"""The bytes that every token of a tokenizer.json stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import orjson

from formats.byte_letters import byte_of_letter

_BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")
_SPACE_LETTER = "▁"
"""What SentencePiece and Metaspace write for a space."""


class TokenBytes(NamedTuple):
    """Of a whole vocabulary."""

    spelled: tuple[bytes, ...]
    """By id; empty where an id stands for no text or for nothing."""
    special: np.ndarray
    """bool [vocabulary]: tokens that stand for no text."""
    byte_level: bool
    """Whether tokens, joined, are the text."""


def token_bytes(json_bytes: bytes, origin: str) -> TokenBytes:
    """Read them from the contents of a tokenizer.json.

    Args:
        json_bytes: the contents.
        origin: where they are from, for messages.

    Raises:
        ValueError: they are no tokenizer, or of a kind whose tokens have no bytes.
    """
    try:
        definition = orjson.loads(json_bytes)
        ids = _ids(definition["model"])
        added = definition.get("added_tokens") or []
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{origin} is no tokenizer: {type(error).__name__}: {error}") from error
    byte_level = "ByteLevel" in _kinds(definition)
    spell = _spell_byte_level if byte_level else _spell_sentence_piece
    if not byte_level and definition["model"].get("type") not in ("BPE", "Unigram"):
        raise ValueError(
            f"{origin}: a model of type {definition['model'].get('type')}, whose tokens do not say "
            "where spaces are; byte-level BPE, BPE and Unigram can be judged"
        )
    size = max([*ids.values(), *(token["id"] for token in added)]) + 1
    names, special = [""] * size, np.zeros(size, np.bool_)
    for token, number in ids.items():
        names[number] = token
    spelled = [spell(token) for token in names]
    for token in added:
        spelled[token["id"]] = b"" if token["special"] else token["content"].encode()
        special[token["id"]] = token["special"]
    return TokenBytes(tuple(spelled), special, byte_level)


def _ids(model: Mapping[str, Any]) -> dict[str, int]:
    vocabulary = model["vocab"]
    if isinstance(vocabulary, list):  # Unigram: [token, score] by id
        return {entry[0]: number for number, entry in enumerate(vocabulary)}
    return dict(vocabulary)


def _kinds(definition: Mapping[str, Any]) -> set[str]:
    """Kinds of the steps that cut text and put it together."""
    waiting = [definition.get("pre_tokenizer"), definition.get("decoder")]
    kinds = set()
    while waiting:
        step = waiting.pop()
        if step:
            kinds.add(step["type"])
            waiting += step.get("pretokenizers", []) + step.get("decoders", [])
    return kinds


def _spell_byte_level(token: str) -> bytes:
    """The bytes of a token written in the letters of bytes; what is not so written has none."""
    table = byte_of_letter()
    if any(ord(letter) >= len(table) for letter in token):
        return b""
    return bytes(table[[ord(letter) for letter in token]]) if token else b""


def _spell_sentence_piece(token: str) -> bytes:
    """The bytes of a token of SentencePiece's kind."""
    byte = _BYTE_TOKEN.fullmatch(token)
    if byte:
        return bytes([int(byte[1], 16)])
    return token.replace(_SPACE_LETTER, " ").encode()
