"""The backend ``sentencepiece``: its BPE or Unigram, learned from the weighted counts of pieces.

Counts rather than a sample of lines: sentencepiece itself reduces lines to distinct words with
their counts before it merges, so nothing is lost, every language weighs what the balance says to
the last occurrence, and memory follows the distinct pieces. It takes them as ``input_format=tsv``.
Unigram finds its first candidates in the words written out; there the counts are scaled down.

Nothing is normalised, and no space is put before a text. Characters that are too rare to be entries
are spelled in bytes. Sentencepiece passes over lines that are long or hold one of its own marks;
here such pieces are cut at the mark, or every so many characters, and the cuts are counted.

The ids: bytes, pieces, ``<|unk|>``, special tokens, reserved slots that pad the vocabulary. The
file format demands an entry for what is unknown; with all bytes there, nothing ever is.

What this format cannot do: a U+2581 in a text is its mark for a space, and decodes as one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tokenizer_train.merging.words import Words
from tokenizer_train.settings import UNKNOWN, TokenizerOptions

MARKS = re.compile("[\0\t\u2581\u2585]")
"""Ends of strings and columns, and sentencepiece's marks for a space and for what is unknown."""
MOST_CHARACTERS = 4096
"""Of one piece: its BPE numbers positions in 16 bits."""
LONGEST_ENTRY = 64
"""Characters; our own cuts make pieces of 32 and less in scripts without spaces."""
COVERAGE = 0.9995
"""Share of the characters of the text that are to be entries; the others are spelled in bytes.
Sentencepiece's default; all of them would be tens of thousands of Han characters seen once."""
THREADS = 16
"""Its default, whatever the machine: Unigram's sums depend on it."""
REPEATED_BYTES = 1 << 27
"""Unigram's first step writes every word out as often as it counts: counts are scaled to this."""
LARGE_TEXT = 1 << 30
"""Characters of distinct pieces from which its suffix array needs 64-bit positions."""


@dataclass(frozen=True)
class LearnedModel:
    """What sentencepiece learned."""

    proto: Any
    """A ``ModelProto``: bytes, pieces, unknown, special tokens, padding, in this order."""
    text_entries: int
    """Of the bytes and pieces: they come first."""
    cut_pieces: int
    """Distinct pieces that held a mark or were too long, and were cut."""

    def serialized(self) -> bytes:
        """The contents of a ``.model`` file."""
        contents: bytes = self.proto.SerializeToString(deterministic=True)
        return contents

    def with_padding(self, padding: Sequence[str]) -> LearnedModel:
        """The same with reserved slots behind it."""
        for token in padding:
            self.proto.pieces.add(piece=token, score=0.0, type=self.proto.SentencePiece.CONTROL)
        self.proto.trainer_spec.vocab_size = len(self.proto.pieces)
        return self


def learn_model(words: Words, options: TokenizerOptions) -> LearnedModel:
    """Learn a model of ``vocab`` entries, or of fewer if the text does not hold as many.

    Raises:
        ValueError: sentencepiece cannot make it; the message says why.
    """
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    lines = _Lines(words, options.min_piece_count, options.algorithm == "unigram")
    out = io.BytesIO()
    roles = options.special.roles()
    further = options.special.in_order()[len(roles) :]
    ids = {f"{role}_id": number for number, role in enumerate(("eos", "pad", "bos"), 1)}
    settings: dict[str, Any] = ids | {"bos_id": 3 if "bos" in roles else -1}
    settings |= {f"{role}_piece": token for role, token in roles.items()}
    if further:
        settings["control_symbols"] = further
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), input_format="tsv", model_writer=out,
            model_type=options.algorithm, vocab_size=options.vocab, hard_vocab_limit=False,
            normalization_rule_name="identity", add_dummy_prefix=False,
            remove_extra_whitespaces=False, byte_fallback=True, character_coverage=COVERAGE,
            max_sentence_length=1 << 30, max_sentencepiece_length=LONGEST_ENTRY,
            split_by_whitespace=False, split_by_unicode_script=False, split_by_number=False,
            allow_whitespace_only_pieces=True, num_threads=THREADS,
            train_extremely_large_corpus=len(words.data) > LARGE_TEXT,
            unk_id=0, unk_piece=UNKNOWN, minloglevel=2, **settings,
        )  # fmt: skip
    except (RuntimeError, OSError) as error:
        raise ValueError(f"sentencepiece: {error}") from error
    messages: Any = sentencepiece_model_pb2  # made at import: no type is known before
    proto = messages.ModelProto.FromString(out.getvalue())
    text_entries = _in_our_order(proto, [UNKNOWN, *options.special.in_order()])
    return LearnedModel(proto, text_entries, lines.cut)


def _in_our_order(proto: Any, special: Sequence[str]) -> int:
    """Put bytes first, then what was learned, then the special tokens; returns how many are text.

    Ids are places in the list; what is merged first, and how likely a piece is, stands in scores.
    """
    kind = type(proto).SentencePiece
    # Copies: assigning to the list would empty what its items refer to.
    pieces = [kind.FromString(piece.SerializeToString()) for piece in proto.pieces]
    by_name = {piece.piece: piece for piece in pieces}
    spelled = [piece for piece in pieces if piece.type == kind.BYTE]
    learned = [piece for piece in pieces if piece.type == kind.NORMAL]
    del proto.pieces[:]
    proto.pieces.extend([*spelled, *learned, *(by_name[token] for token in special)])
    places = {piece.piece: number for number, piece in enumerate(proto.pieces)}
    spec = proto.trainer_spec
    for role in ("unk", "bos", "eos", "pad"):
        if getattr(spec, f"{role}_id") >= 0:
            setattr(spec, f"{role}_id", places[getattr(spec, f"{role}_piece")])
    spec.vocab_size = len(proto.pieces)
    return len(spelled) + len(learned)


class _Lines:
    """Words as lines of text and count; counts those it had to cut."""

    def __init__(self, words: Words, min_seen: int, repeated: bool) -> None:
        self.cut = 0
        self._words = words
        self._counts = _repeatable(words) if repeated else words.weighted
        self._chosen = np.flatnonzero((words.seen >= min_seen) & (words.weighted > 0))

    def __iter__(self) -> Iterator[str]:
        words = self._words
        begins = words.ends - words.lengths
        self.cut = 0
        for begin, end, count in zip(
            begins[self._chosen].tolist(),
            words.ends[self._chosen].tolist(),
            self._counts[self._chosen].tolist(),
            strict=True,
        ):
            parts = parts_without_marks(words.data[begin:end].tobytes().decode())
            self.cut += len(parts) != 1
            for part in parts:
                yield f"{part}\t{count}"


def _repeatable(words: Words) -> np.ndarray:
    """int64 [words]: the weights, scaled to no more than the text that was seen, and a limit."""
    weighted = int((words.weighted.astype(np.float64) * words.lengths).sum())
    seen = int((words.seen.astype(np.float64) * words.lengths).sum())
    scale = min(seen, REPEATED_BYTES) / max(weighted, 1)
    return np.maximum(np.rint(words.weighted * min(scale, 1.0)).astype(np.int64), 1)


def parts_without_marks(piece: str) -> list[str]:
    r"""What sentencepiece can be given: ``parts_without_marks("a\tb") == ["a", "b"]``."""
    return [
        part[start : start + MOST_CHARACTERS]
        for part in MARKS.split(piece)
        for start in range(0, len(part), MOST_CHARACTERS)
    ]
