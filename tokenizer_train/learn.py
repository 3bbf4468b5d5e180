"""From words and their weights to the tokens and merges of a vocabulary, by one of the backends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from formats.byte_letters import printable
from tokenizer_train.merging.alphabet import token_bytes
from tokenizer_train.merging.learner import Learner, MergeRules
from tokenizer_train.merging.token_table import TokenTable
from tokenizer_train.merging.words import Words, lay_out, lost_pieces, read_words
from tokenizer_train.settings import TokenizerOptions

SEPARATOR = "\U0010ffff"
"""Between pieces that are handed to the library: a noncharacter, which texts hardly hold."""
TEXT_AT_ONCE = 1 << 20
"""Characters in one string for the library."""
LIBRARY_LIMIT = (1 << 31) - 1
"""The library counts pairs in 32 bits."""


@dataclass(frozen=True)
class Vocabulary:
    """What was learned: no special tokens yet."""

    ids: dict[str, int]
    """Token -> id, in the printable alphabet of byte-level tokenizers; bytes first, then merges."""
    merges: list[tuple[str, str]]
    """By rank."""
    pairs: np.ndarray
    """int64 [entries]: the ids that made each token, left * 2^32 + right; -1 for bytes."""
    distinct_pieces: int
    """That were learned from."""
    left_out: dict[str, tuple[int, int]]
    """Language -> pieces and bytes that were seen too seldom."""


def learn_vocabulary(
    counts: str,
    weights: np.ndarray,
    options: TokenizerOptions,
    entries: int,
    progress: Callable[[float], None],
) -> Vocabulary:
    """Learn merges until the vocabulary has ``entries`` tokens or no pair is frequent enough.

    Args:
        counts: the file of counts.
        weights: int64 [groups]: what an occurrence counts; 0: nothing.
        options: backend, rule, longest token, least frequency.
        entries: tokens wanted, the 256 bytes included.
        progress: called with the share done.
    """
    words = read_words(counts, weights)
    left_out = lost_pieces(counts, weights, words, options.min_piece_count)
    distinct = len(words.ends)
    if options.backend == "tokenizers":
        ids, merges, pairs = _learn_by_library(words, options, entries)
        return Vocabulary(ids, merges, pairs, distinct, left_out)
    symbols = lay_out(words, options.min_piece_count)
    del words  # a byte for each of theirs, and 32 for each word
    rules = merge_rules(options)
    table = TokenTable(entries, options.aligned)
    Learner(symbols, table, rules, weights[weights > 0]).learn(entries, progress)
    return vocabulary_of(table.learned, distinct, left_out)


def merge_rules(options: TokenizerOptions) -> MergeRules:
    """What the options allow to be merged."""
    return MergeRules(options.aligned, options.max_token_length, options.min_frequency)


def vocabulary_of(
    pairs: np.ndarray, distinct: int, left_out: dict[str, tuple[int, int]]
) -> Vocabulary:
    """The vocabulary that merges make; see its fields for the arguments."""
    tokens = [_printed(token) for token in token_bytes(pairs)]
    ids = {token: number for number, token in enumerate(tokens)}
    if len(ids) != len(tokens):
        raise RuntimeError(f"{len(tokens) - len(ids)} tokens stand for the same bytes as others")
    merges = [(tokens[pair >> 32], tokens[pair & 0xFFFFFFFF]) for pair in pairs.tolist()[256:]]
    return Vocabulary(ids, merges, pairs, distinct, left_out)


def backend_name(options: TokenizerOptions) -> str:
    """What learns, with the library's version, for the record."""
    if options.backend == "native":
        return "native"
    from importlib.metadata import version

    return f"{options.backend} {version(options.backend)}"


def package_versions(options: TokenizerOptions) -> dict[str, str]:
    """The packages that the result may depend on."""
    from importlib.metadata import version

    from formats import __version__

    packages = ["tokenizers", *(["sentencepiece"] if options.backend == "sentencepiece" else [])]
    return {"polymill": __version__} | {package: version(package) for package in packages}


def _printed(token: bytes) -> str:
    letters = printable()
    return "".join(letters[byte] for byte in token)


def _learn_by_library(
    words: Words, options: TokenizerOptions, entries: int
) -> tuple[dict[str, int], list[tuple[str, str]], np.ndarray]:
    """``tokenizers``' trainer, on every word as often as it counts.

    Raises:
        ValueError: there is more than it can count.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    times = _times(words)
    if int((times * words.lengths).sum()) > LIBRARY_LIMIT * 16:
        raise ValueError(
            "backend: tokenizers counts pairs in 32 bits, and this is too much text for it; "
            "give sample_bytes, or use the backend native"
        )
    tokenizer: Any = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(SEPARATOR, "removed"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    limit: dict[str, Any] = {}
    if options.max_token_length is not None:
        limit["max_token_length"] = options.max_token_length + 1  # theirs: shorter than
    trainer = trainers.BpeTrainer(
        vocab_size=entries,
        min_frequency=options.min_frequency,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        **limit,
    )
    tokenizer.train_from_iterator(_texts(words, times, options.min_piece_count), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [(left, right) for left, right in model["merges"]]
    ids: dict[str, int] = model["vocab"]
    pairs = np.full(len(ids), -1, np.int64)
    for left, right in merges:
        pairs[ids[left + right]] = ids[left] << 32 | ids[right]
    return ids, merges, pairs


def _times(words: Words) -> np.ndarray:
    """int64 [words]: how often each is given to the library: its weight, scaled to the real sum."""
    weighted, seen = int(words.weighted.sum()), int(words.seen.sum())
    if np.array_equal(words.weighted, words.seen):
        return words.seen
    return np.maximum(np.rint(words.weighted * (seen / max(weighted, 1))).astype(np.int64), 1)


def _texts(words: Words, times: np.ndarray, min_seen: int) -> Iterator[str]:
    begins = words.ends - words.lengths
    chosen = np.flatnonzero(words.seen >= min_seen)
    for begin, end, count in zip(
        begins[chosen].tolist(), words.ends[chosen].tolist(), times[chosen].tolist(), strict=True
    ):
        piece = words.data[begin:end].tobytes().decode()
        if SEPARATOR in piece:
            raise ValueError("backend: tokenizers cannot learn from text that holds U+10FFFF")
        at_once = max(TEXT_AT_ONCE // (len(piece) + 1), 1)
        for start in range(0, count, at_once):
            yield SEPARATOR.join([piece] * min(at_once, count - start))
