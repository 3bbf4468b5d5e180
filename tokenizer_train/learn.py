"""Byte-pair encoding: from texts to the tokens and merges of a vocabulary.

This is the part that another trainer may replace: texts in, ``Vocabulary`` out. It holds
``tokenizers``' trainer, with what has to be known of it:

* Its time is quadratic in the longest piece (a million equal letters take it an hour), so pieces
  are cut at ``LONGEST_PIECE`` characters, for learning only: no token of that length is missed.
* It holds every distinct piece in memory: about 30 bytes for each byte of a multilingual sample.
* It counts pairs in 32 bits: a pair seen more than 2,147,483,647 times is lost. The commonest pair
  makes up some 2 % of text, so samples beyond ``SAFE_SAMPLE_BYTES`` come with a note.
* Its result depends on the pieces and their counts alone: ties go to the lower ids.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tokenizer_train.patterns import is_gpt2, pattern_of
from tokenizer_train.settings import TokenizerOptions

LONGEST_PIECE = 256
"""Characters; the longest token is shorter unless a text is made of one repeated sign."""
SAFE_SAMPLE_BYTES = 32_000_000_000


@dataclass(frozen=True)
class Vocabulary:
    """What was learned: no special tokens yet."""

    ids: dict[str, int]
    """Token -> id, in the printable alphabet of byte-level tokenizers; bytes first, then merges."""
    merges: list[tuple[str, str]]
    """By rank."""


def learn_vocabulary(
    texts: Iterable[list[str]], options: TokenizerOptions, entries: int
) -> Vocabulary:
    """Learn merges until the vocabulary has ``entries`` tokens or no pair is frequent enough.

    Args:
        texts: documents, in lists of any length.
        options: pattern, longest token, least frequency.
        entries: tokens wanted, the 256 bytes included.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer: Any = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer(options, longest_piece=LONGEST_PIECE)
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
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return Vocabulary(model["vocab"], [tuple(merge) for merge in model["merges"]])


def pre_tokenizer(options: TokenizerOptions, longest_piece: int | None = None) -> Any:
    """Cut by the pattern, then bytes as printable characters.

    Args:
        options: the pattern and its digits.
        longest_piece: cut pieces of more characters; None: leave them whole.
    """
    from tokenizers import Regex, pre_tokenizers

    if is_gpt2(options.pretokenizer, options.digits) and longest_piece is None:
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    pattern = Regex(pattern_of(options.pretokenizer, options.digits))
    steps: list[Any] = [pre_tokenizers.Split(pattern, "isolated")]
    if longest_piece is not None:
        cut = Regex(rf"[\s\S]{{1,{longest_piece}}}")
        steps.append(pre_tokenizers.Split(cut, "isolated"))
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
    return pre_tokenizers.Sequence(steps)


def backend_name() -> str:
    """What learns, with its version, for the record."""
    import tokenizers

    return f"tokenizers {tokenizers.__version__}"
