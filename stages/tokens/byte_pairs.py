"""A tokenizer.json as the arrays that the encoding kernels read, if they can encode it.

They know byte-level BPE as nearly everyone trains it today: the bytes of the text, cut by patterns,
merged by rank. Whatever else a tokenizer.json may ask for (normalisation, unknown tokens, dropout,
added tokens that stand for text) is refused with the reason, and left to the libraries.

**Starting from characters.** BPE begins with bytes. A character whose bytes become one token may be
taken whole from the start if nothing can come before that: let R be the highest rank among the
merges that make it. No merge below R may join the last bytes of what stands before it to a part of
it, nor a part of it to what follows, and no merge that uses the whole character may rank below R.
Then at every moment before the character is whole one of its own merges is due before any that
would break it, and until then it takes part in nothing. With aligned merges (no token holds part of
one character joined to part of another) this is true of every character that has a token. It takes
for granted that a merge ranks behind those that make its parts; where one does not, as in Llama 3's
vocabulary, merging starts from bytes everywhere.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from formats.byte_letters import byte_of_letter
from stages.text_kernels import CODE_POINTS, two_level

NO_TOKEN = 0xFFFFFFFF
OPTIONS = ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback")


@dataclass(frozen=True)
class BytePairs:
    """What encoding needs to know of a vocabulary."""

    splits: tuple[str, ...]
    """The expressions that cut text."""
    token_bytes: tuple[bytes, ...]
    """By token; empty where it is no text."""
    byte_tokens: np.ndarray
    """uint32 [256]: the token of every byte."""
    left: np.ndarray
    """uint32 [merges], by rank."""
    right: np.ndarray
    """uint32 [merges]."""
    merged: np.ndarray
    """uint32 [merges]."""
    ignore_merges: bool
    """Whether a piece that is a token is that token, whatever merges make of it."""
    characters: tuple[np.ndarray, np.ndarray]
    """A two-level table, uint32: the token of a character that merging may start from."""


def read_byte_pairs(definition: dict[str, Any]) -> BytePairs:
    """The arrays of a tokenizer.json.

    Args:
        definition: its contents, without special tokens and without what adds, cuts or pads.

    Raises:
        ValueError: it asks for something else than byte-level BPE; the message says what.
    """
    model = definition["model"]
    if model.get("type", "BPE") != "BPE":
        raise ValueError(f"a model of type {model['type']}")
    for name in OPTIONS:
        if model.get(name):
            raise ValueError(f"{name}: {model[name]!r}")
    if definition.get("normalizer"):
        raise ValueError(f"a normalizer of type {definition['normalizer'].get('type')}")
    if definition.get("added_tokens"):
        raise ValueError(f"the added token {definition['added_tokens'][0]['content']!r}")
    token_bytes = _token_bytes(model["vocab"])
    byte_tokens = np.full(256, NO_TOKEN, np.uint32)
    for token, spelled in enumerate(token_bytes):
        if len(spelled) == 1:
            byte_tokens[spelled[0]] = token
    if (byte_tokens == NO_TOKEN).any():
        raise ValueError(f"no token for the byte {int((byte_tokens == NO_TOKEN).argmax())}")
    left, right, merged = _merges(model)
    return BytePairs(
        _splits(definition.get("pre_tokenizer")),
        token_bytes,
        byte_tokens,
        left,
        right,
        merged,
        bool(model.get("ignore_merges")),
        two_level(_whole_characters(token_bytes, left, right, merged)),
    )


def _token_bytes(vocabulary: dict[str, int]) -> tuple[bytes, ...]:
    """The bytes of every token, by its id; none of what is not spelled in the letters of bytes."""
    table = byte_of_letter()
    names = [""] * (max(vocabulary.values()) + 1)
    for name, token in vocabulary.items():
        if name.isascii() or max(map(ord, name)) < len(table):
            names[token] = name
    letters = np.frombuffer("".join(names).encode("utf-32-le"), np.uint32)
    spelled = table[letters].tobytes()
    ends = np.cumsum([len(name) for name in names]).tolist()
    return tuple(spelled[start:end] for start, end in zip([0, *ends], ends, strict=False))


def _merges(model: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left, right and merged token, uint32 [merges] each, by rank."""
    merges = model["merges"]
    if merges and isinstance(merges[0], str):
        merges = [merge.split(" ") for merge in merges]
    vocabulary = model["vocab"]
    try:
        triples = [(vocabulary[a], vocabulary[b], vocabulary[a + b]) for a, b in merges]
    except (KeyError, ValueError) as error:
        raise ValueError(f"a merge of tokens that the vocabulary lacks: {error}") from error
    columns = np.array(triples, np.uint32).reshape(-1, 3)
    if len(np.unique(columns[:, 0].astype(np.uint64) << 32 | columns[:, 1])) < len(columns):
        raise ValueError("a merge that is listed twice")
    left, right, merged = np.ascontiguousarray(columns.T)
    return left, right, merged


def _in_order(left: np.ndarray, right: np.ndarray, merged: np.ndarray, tokens: int) -> bool:
    """Whether every merge comes behind the first of those that make its parts."""
    ranks = np.arange(len(merged))
    made = np.full(tokens, -1)
    made[merged[::-1]] = ranks[::-1]  # the first merge that makes it stays
    return bool((np.maximum(made[left], made[right]) < ranks).all())


def _splits(step: dict[str, Any] | None) -> tuple[str, ...]:
    """The expressions that cut text, from the pre-tokenizer."""
    steps = [] if step is None else step.get("pretokenizers", [step])
    if not steps or steps[-1]["type"] != "ByteLevel" or steps[-1].get("add_prefix_space"):
        raise ValueError("pre-tokenizer steps that do not end in plain bytes")
    splits = []
    for split in steps[:-1]:
        pattern = split.get("pattern", {}).get("Regex")
        plain = split["type"] == "Split" and split["behavior"] == "Isolated"
        if pattern is None or not plain or split.get("invert"):
            raise ValueError(f"the pre-tokenizer step {split['type']}")
        splits.append(pattern)
    if steps[-1].get("use_regex"):
        if splits:
            raise ValueError("two kinds of cuts, one after the other")
        from formats.pretokenizers.patterns import splits_of

        return splits_of("gpt2")
    return tuple(splits)


def _whole_characters(
    token_bytes: tuple[bytes, ...], left: np.ndarray, right: np.ndarray, merged: np.ndarray
) -> np.ndarray:
    """uint32 [0x110000]: the token of every character that merging may start from."""
    characters = np.full(CODE_POINTS, NO_TOKEN, np.uint32)
    if not _in_order(left, right, merged, len(token_bytes)):
        return characters
    used = np.full(len(token_bytes), len(merged))
    np.minimum.at(used, np.concatenate([left, right]), np.tile(np.arange(len(left)), 2))
    token_of = {spelled: token for token, spelled in enumerate(token_bytes)}
    rank_of = {
        pair: rank for rank, pair in enumerate(zip(left.tolist(), right.tolist(), strict=True))
    }
    broken = _broken_parts(token_bytes, left.tolist(), right.tolist())
    for token, spelled in enumerate(token_bytes):
        if len(spelled) > 1 and len(spelled) == _length_of_character(spelled[0]):
            highest = _highest_rank(spelled, token, token_of, rank_of, merged)
            cuts = range(1, len(spelled))
            first_use = min(
                used[token],
                *(broken.get(spelled[:cut], len(merged)) for cut in cuts),
                *(broken.get(spelled[cut:], len(merged)) for cut in cuts),
            )
            if highest is not None and highest < first_use:
                characters[ord(spelled.decode())] = token
    return characters


def _length_of_character(first: int) -> int:
    """How many bytes a character has that begins with this one; 0: none begins with it."""
    if first < 0x80:
        return 1
    return (first >= 0xC2) + (first >= 0xC2) + (first >= 0xE0) + (first >= 0xF0)


def _broken_parts(
    token_bytes: tuple[bytes, ...], left: list[int], right: list[int]
) -> dict[bytes, int]:
    """First bytes and last bytes of characters -> the first rank that joins them to a neighbour."""
    begins = [
        spelled != b"" and len(spelled) < _length_of_character(spelled[0])
        for spelled in token_bytes
    ]
    inside = [all(byte & 0xC0 == 0x80 for byte in spelled) for spelled in token_bytes]
    broken: dict[bytes, int] = {}
    for rank, (first, second) in enumerate(zip(left, right, strict=True)):
        if begins[second]:
            broken.setdefault(token_bytes[second], rank)
        if inside[first] and token_bytes[second][0] & 0xC0 != 0x80:
            broken.setdefault(token_bytes[first], rank)
    return broken


def _highest_rank(
    spelled: bytes,
    token: int,
    token_of: dict[bytes, int],
    rank_of: dict[tuple[int, int], int],
    merged: np.ndarray,
) -> int | None:
    """The highest rank among the merges of a character's bytes; None: they make another token."""
    symbols = [token_of[bytes([byte])] for byte in spelled]
    highest = -1
    while len(symbols) > 1:
        ranks = [rank_of.get(pair, NO_TOKEN) for pair in itertools.pairwise(symbols)]
        rank = min(ranks)
        if rank == NO_TOKEN:
            return None
        at = ranks.index(rank)
        symbols[at : at + 2] = [int(merged[rank])]
        highest = max(highest, rank)
    return highest if symbols == [token] else None
