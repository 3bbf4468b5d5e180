"""What the last step of a training does otherwise where sentencepiece learns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from formats.tokenizer_files import SENTENCEPIECE_MODEL
from tokenizer_train.counting.counts_file import read_batches
from tokenizer_train.export import tokenizer_contents
from tokenizer_train.learn import Vocabulary
from tokenizer_train.merging.words import lost_pieces, read_words
from tokenizer_train.sentencepiece_export import as_tokenizer, check_texts, first_difference
from tokenizer_train.sentencepiece_model import LearnedModel, learn_model
from tokenizer_train.settings import TokenizerOptions


@dataclass(frozen=True)
class LearnedPieces:
    """A model, and what is told of it."""

    model: LearnedModel
    vocabulary: Vocabulary
    """Its entries that stand for text; no merges."""
    check_texts: list[str]
    """On which a tokenizer.json must agree with it."""


def learn_pieces(counts: str, weights: np.ndarray, options: TokenizerOptions) -> LearnedPieces:
    """Learn a model from a file of counts.

    Args:
        counts: the file.
        weights: int64 [groups]: what an occurrence counts; 0: nothing.
        options: algorithm, size, special tokens.

    Raises:
        ValueError: sentencepiece cannot make it; the message says why.
    """
    words = read_words(counts, weights)
    left_out = lost_pieces(counts, weights, words, options.min_piece_count)
    model = learn_model(words, options)
    pieces = list(model.proto.pieces)[: model.text_entries]
    ids = {piece.piece: number for number, piece in enumerate(pieces)}
    pairs = np.full(len(ids), -1, np.int64)
    vocabulary = Vocabulary(ids, [], pairs, len(words.ends), left_out)
    return LearnedPieces(model, vocabulary, check_texts(words))


def pieces_contents(
    learned: LearnedPieces, options: TokenizerOptions, padding: list[str]
) -> tuple[dict[str, str | bytes], list[str]]:
    """The model and, where it gives the same ids, what ``transformers`` reads; and notes."""
    notes = []
    if learned.model.cut_pieces:
        notes.append(
            f"sentencepiece: {learned.model.cut_pieces:,} distinct pieces hold a tab, U+0000, "
            "U+2581 or U+2585, or are very long; they were cut there, as it cannot learn from them"
        )
    model = learned.model.with_padding(padding)
    contents: dict[str, str | bytes] = {SENTENCEPIECE_MODEL: model.serialized()}
    tokenizer = as_tokenizer(model, options, padding)
    differs = first_difference(model.serialized(), tokenizer, learned.check_texts)
    if differs is None:
        return contents | tokenizer_contents(tokenizer, options, padding), notes
    notes.append(
        "tokenizer.json: not written, because tokenizers gives other ids than sentencepiece, on "
        f"{differs[:40]!r} for one: use tokenizer.model with sentencepiece. A run and transformers "
        "need a tokenizer.json: for them choose the backend native"
    )
    return contents, notes


def count_tokens(counts: str, measured: np.ndarray, model: bytes) -> np.ndarray:
    """How held-out pieces are encoded: int64 [2, groups], tokens and bytes.

    Sentencepiece encodes whole texts, in which a token may reach from one piece into the next: the
    figure is close to that of texts, not equal.

    Args:
        counts: the file of counts.
        measured: bool [groups]: those that are held out.
        model: the contents of the model.
    """
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    sums = np.zeros((2, len(measured)), np.int64)
    for batch in read_batches(counts):
        groups = batch.column("group").to_numpy()
        rows = np.flatnonzero(measured[groups])
        pieces = batch.column("piece").take(rows).to_pylist()
        tokens = [len(ids) for ids in processor.encode([piece.decode() for piece in pieces])]
        times = batch.column("count").to_numpy()[rows]
        np.add.at(sums[0], groups[rows], np.array(tokens, np.int64) * times)
        np.add.at(sums[1], groups[rows], np.array([len(p) for p in pieces], np.int64) * times)
    return sums
