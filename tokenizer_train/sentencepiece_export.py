"""A sentencepiece model as a tokenizer.json, where that gives the same ids.

``tokenizers`` has both algorithms, but breaks ties in its own ways: sentencepiece merges any two
neighbours that make a piece, the leftmost of equals first, and adds up likelihoods in 32 bits. So
the file is written only if it agrees on a check text, made of the pieces that were counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tokenizer_train.merging.words import Words
from tokenizer_train.sentencepiece_model import LearnedModel
from tokenizer_train.settings import UNKNOWN, TokenizerOptions

SPACE = "\u2581"
CHECK_TEXTS = 2000
CHECK_PIECES = 40
"""Pieces in one check text."""
HARD_TEXTS = (
    "", " ", "  a   b    ", "\n\n \t\t\r\n", "<0x41><0x0A> <|unk|> <|endoftext|> </s>",
    "\0\ufffd\ufeff\u200b\u2585", "\U0001f469\u200d\U0001f680 \U000e0fff \ue000 \u0378",
    "a" * 500, " " * 500, "ab" * 300, "中" * 300, "0123456789" * 30, "=" * 77 + "-" * 33,
)  # fmt: skip


def as_tokenizer(model: LearnedModel, options: TokenizerOptions, padding: Sequence[str]) -> Any:
    """A ``tokenizers.Tokenizer`` of the model.

    Special tokens are no entries of its model, so that text which looks like one stays text.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
    from tokenizers.pre_tokenizers import Split

    pieces = list(model.proto.pieces)[: model.text_entries]
    if options.algorithm == "unigram":
        # A byte's name, or that of the unknown, would be found in text too: it is cut there, where
        # letters meet digits or signs and every named pattern cuts.
        entries = [(piece.piece, float(piece.score)) for piece in pieces] + [(UNKNOWN, 0.0)]
        tokenizer: Any = Tokenizer(models.Unigram(entries, model.text_entries, True))
        name = UNKNOWN.strip("<|>")
        tokenizer.pre_tokenizer = Split(
            Regex(rf"(?<=<)0x(?=[0-9A-F]{{2}}>)|(?<=<\|){name}(?=\|>)"), "isolated"
        )
    else:
        ids = {piece.piece: number for number, piece in enumerate(pieces)}
        merges = list(_merges(pieces, ids, type(model.proto).SentencePiece.NORMAL))
        tokenizer = Tokenizer(models.BPE(ids, merges, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    special = [UNKNOWN, *options.special.in_order(), *padding]
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in special]
    )
    return tokenizer


def check_texts(words: Words) -> list[str]:
    """Pieces in the order of their hashes, put together to lines, and what goes wrong easily."""
    count = min(len(words.ends), CHECK_TEXTS * CHECK_PIECES)
    begins = words.ends - words.lengths
    chosen = np.linspace(0, len(words.ends) - 1, count).astype(np.int64)
    pieces = [words.data[begins[row] : words.ends[row]].tobytes().decode()[:200] for row in chosen]
    lines = ["".join(pieces[n : n + CHECK_PIECES]) for n in range(0, count, CHECK_PIECES)]
    return [*HARD_TEXTS, *lines]


def first_difference(model: bytes, tokenizer: Any, texts: Sequence[str]) -> str | None:
    """The first text that the library encodes otherwise than sentencepiece; None: none."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    # Special tokens are text to sentencepiece, so they must be to the library.
    tokenizer.encode_special_tokens = True
    try:
        for text in texts:
            if processor.encode(text) != tokenizer.encode(text, add_special_tokens=False).ids:
                return text
    finally:
        tokenizer.encode_special_tokens = False
    return None


def _merges(pieces: Sequence[Any], ids: dict[str, int], normal: int) -> Iterator[tuple[str, str]]:
    """All pairs that make a piece, the pieces in the order in which sentencepiece merges them."""
    parts = {piece.piece for piece in pieces if piece.type == normal}
    for piece in sorted(pieces, key=lambda piece: -piece.score):
        if piece.type == normal:
            name = piece.piece
            for cut in range(1, len(name)):
                if name[:cut] in parts and name[cut:] in parts:
                    yield name[:cut], name[cut:]
