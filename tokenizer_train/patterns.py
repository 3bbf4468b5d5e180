r"""How text is cut into pieces before merging: no token ever crosses a cut.

The patterns are those of public tokenizers, named after them, so that what others measured with
a pattern holds here and fast encoders know it. They differ in what a word is:

``gpt2``            letters, digits, the rest; English contractions; combining marks break words
``cl100k``, ``llama3``  the same pattern under two names: up to three digits, one leading sign
``qwen2``           as ``llama3``, every digit alone
``o200k``           words may hold combining marks (``\p{M}``): without them most words of Hindi,
                    Tamil, Burmese or Khmer fall apart; a change of case inside a word cuts

Anything else is taken as a regular expression of Oniguruma, the engine of ``tokenizers``.
"""

from __future__ import annotations

import difflib
import re
from typing import Literal

Digits = Literal["single", "triple", "free"]

_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = (
    rf"{_CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|<digits>"
    rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_SPACES}"
)
_TEMPLATES: dict[str, tuple[str, Digits]] = {
    # github.com/openai/tiktoken, tiktoken_ext/openai_public.py
    "o200k": (
        rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_CONTRACTION}?"
        rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_CONTRACTION}?"
        rf"|<digits>| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}",
        "triple",
    ),
    "cl100k": (_LLAMA3, "triple"),
    # github.com/ggml-org/llama.cpp, src/llama-vocab.cpp
    "llama3": (_LLAMA3, "triple"),
    "qwen2": (_LLAMA3, "single"),
    # github.com/openai/gpt-2, src/encoder.py
    "gpt2": (
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?<digits>| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        "free",
    ),
}
PATTERNS = tuple(_TEMPLATES)
"""Names of the patterns."""

_DIGITS: dict[Digits, str] = {"single": r"\p{N}", "triple": r"\p{N}{1,3}", "free": r"\p{N}+"}
_NAME = re.compile(r"[\w.-]*")


def pattern_of(name: str, digits: Digits | None = None) -> str:
    """The regular expression of a pattern; that of qwen2 with triple digits is that of llama3.

    Args:
        name: one of ``PATTERNS``, or a regular expression.
        digits: how many digits make a piece; None: as the pattern has it.

    Raises:
        ValueError: an unknown name, a broken expression, or ``digits`` beside an own expression.
    """
    if name in _TEMPLATES:
        template, own = _TEMPLATES[name]
        return template.replace("<digits>", _DIGITS[digits or own])
    if _NAME.fullmatch(name):
        near = difflib.get_close_matches(name, PATTERNS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"pretokenizer: {name!r} is not one of {', '.join(PATTERNS)}, "
            f"nor does it look like a regular expression{hint}"
        )
    if digits is not None:
        raise ValueError("digits: say it in your own regular expression, not beside it")
    from tokenizers import Regex

    try:
        Regex(name)
    except Exception as error:
        raise ValueError(f"pretokenizer: {name!r}: {error}") from error
    return name


def is_gpt2(name: str, digits: Digits | None) -> bool:
    """True where the byte-level pre-tokenizer's built-in pattern is meant.

    Fast encoders know GPT-2's pattern only in that form.
    """
    return name == "gpt2" and digits in (None, "free")
