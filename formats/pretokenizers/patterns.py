r"""The expressions that cut text, by name.

Named after public tokenizers, so that what others measured holds here and their encoders know
them. They differ in what a word is:

``gpt2``      letters, digits, the rest; English contractions; combining marks break words
``cl100k``    up to three digits; a word may begin with one sign
``llama3``    as ``cl100k``, but the blank end of a text is cut after its last line break
``qwen2``     as ``llama3``, every digit alone
``o200k``     words hold combining marks: without them most words of Hindi, Tamil, Burmese or
              Khmer fall apart; a change from lower case to capitals cuts
``deepseek``  words hold marks; digits, and Han with kana, are cut out first
``polymill``  ours: ``o200k``, and then runs of scripts that put no space between words are cut

**Our cuts.** To ``o200k`` a Thai clause or a Japanese sentence is one word, of any length: tokens
of it are learned by heart, memory grows with the text, and a token may span a clause. So within a
piece of ``o200k``:

* Han and katakana, up to 16 characters, take the hiragana that follows with them, up to 12: a cut
  falls where hiragana ends and Han begins, which is where most Japanese phrases do;
* hiragana alone makes pieces of up to 16;
* Thai, Lao, Burmese and Khmer make pieces of up to 32 characters. A longer run is cut before the
  last vowel sign within them that is written before its consonant (เ แ โ ใ ไ, ເ ແ ໂ ໃ ໄ): a
  syllable begins there. Where there is none, before the last letter that carries no part of the
  syllable before it;
* marks stay with their letters, and a space or sign before the first letter stays too.

Every cut of ``o200k`` remains, nothing is lost, and the rule is two ``Split`` steps, so that every
library that reads ``tokenizer.json`` cuts the same.

Anything else is taken as a regular expression of Oniguruma, the engine of ``tokenizers``.
"""

from __future__ import annotations

import difflib
import re
from typing import Literal, get_args

Digits = Literal["single", "triple", "free"]
"""Digits in one piece at most: one, three, any."""

OWN = "polymill"
"""The name of our own cuts."""

HAN_UNITS, TAIL_UNITS, HIRAGANA_UNITS, SPACELESS_CHARACTERS = 16, 12, 16, 32
"""The longest parts of our own cuts; the scanner knows them as numbers."""

HAN = "々-〆\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\ufa70-\ufad9\U00020000-\U0002a6d6"
KATAKANA = "ァ-ヺー-ヿㇰ-ㇿｦ-ﾟ"
KANA = "ぁ-ゖゝ-ゟー"
THAI_LAO_LEADING = "เ-ไເ-ໄ"
SOUTH_EAST_ASIAN = (
    "ก-ะาำเ-ๆ"  # Thai
    "ກຂຄງຈຊຍດ-ທນ-ຟມ-ຣລວສຫອ-ະາຳຽເ-ໄໆໜໝ"  # Lao, without later additions
    "က-ဪဿၐ-ၕၚ-ၝၡၥၦၮ-ၰၵ-ႁႎ"  # Burmese
    "ក-ឳៗៜ"  # Khmer
)
STACKERS = "\u1039\u17d2"
DEEPSEEK_CJK = "一-龥\u3040-ゟ゠-ヿ"
"""Letters only, but for DeepSeek's, which is as published: blocks named by code points, because
not every engine knows scripts or intersections of classes."""

_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_CAPITALS = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_SMALL = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_WORDS = (
    rf"{_CONTRACTION}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|<digits>"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|"
)
_O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_CAPITALS}*{_SMALL}+{_CONTRACTION}?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_CAPITALS}+{_SMALL}*{_CONTRACTION}?"
    rf"|<digits>| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_SPACES}"
)
_RUN = rf"[{SOUTH_EAST_ASIAN}][{SOUTH_EAST_ASIAN}\p{{M}}]{{0,{SPACELESS_CHARACTERS - 1}}}"
_SPACELESS = (
    r"[^\p{L}\p{M}]?(?:"
    rf"(?:[{HAN}{KATAKANA}]\p{{M}}*){{1,{HAN_UNITS}}}(?:[{KANA}]\p{{M}}*){{0,{TAIL_UNITS}}}"
    rf"|(?:[{KANA}]\p{{M}}*){{1,{HIRAGANA_UNITS}}}"
    rf"|{_RUN}(?:(?![{SOUTH_EAST_ASIAN}\p{{M}}])|(?=[{THAI_LAO_LEADING}]))"
    rf"|{_RUN}(?!\p{{M}})(?<![{STACKERS}])"
    rf"|{_RUN})"
)
_DEEPSEEK = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^"""
    "\r\n"
    r"\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+["
    "\r\n"
    r"]*|\s*["
    "\r\n"
    r"]+|\s+(?!\S)|\s+"
)

_TEMPLATES: dict[str, tuple[tuple[str, ...], Digits]] = {
    OWN: ((_O200K, _SPACELESS), "triple"),
    # github.com/openai/tiktoken, tiktoken_ext/openai_public.py. Its cl100k is written with
    # possessive quantifiers and $, which Oniguruma reads otherwise; this says the same to it.
    "o200k": ((_O200K,), "triple"),
    "cl100k": ((_WORDS + r"\s+\z|\s*[\r\n]|\s+(?!\S)|\s",), "triple"),
    # github.com/ggml-org/llama.cpp, src/llama-vocab.cpp
    "llama3": ((_WORDS + _SPACES,), "triple"),
    "qwen2": ((_WORDS + _SPACES,), "single"),
    # tokenizer.json of DeepSeek-V3; line breaks stand in it as characters
    "deepseek": (("<digits>", f"[{DEEPSEEK_CJK}]+", _DEEPSEEK), "triple"),
    # github.com/openai/gpt-2, src/encoder.py
    "gpt2": (
        (r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?<digits>| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",),
        "free",
    ),
}
PATTERNS = tuple(_TEMPLATES)
"""Names of the patterns."""

_DIGITS: dict[Digits, str] = {"single": r"\p{N}", "triple": r"\p{N}{1,3}", "free": r"\p{N}+"}
_NAME = re.compile(r"[\w.-]*")


def splits_of(name: str, digits: Digits | None = None) -> tuple[str, ...]:
    """The regular expressions of a pattern, each applied to the pieces that the last one left.

    That of qwen2 with triple digits is that of llama3.

    Args:
        name: one of ``PATTERNS``, or a regular expression.
        digits: how many digits make a piece; None: as the pattern has it.

    Raises:
        ValueError: an unknown name, a broken expression, or ``digits`` beside an own expression.
    """
    if name in _TEMPLATES:
        templates, own = _TEMPLATES[name]
        return tuple(part.replace("<digits>", _DIGITS[digits or own]) for part in templates)
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
    return (name,)


def name_of(splits: tuple[str, ...]) -> tuple[str, Digits] | None:
    """The pattern that these expressions are, with its digits; None where they are no pattern.

    >>> name_of(splits_of("llama3"))
    ('llama3', 'triple')
    """
    for name in PATTERNS:
        for digits in get_args(Digits):
            if splits_of(name, digits) == splits:
                return name, digits
    return None


def is_gpt2(name: str, digits: Digits | None) -> bool:
    """True where the byte-level pre-tokenizer's built-in pattern is meant.

    Fast encoders know GPT-2's pattern only in that form.
    """
    return name == "gpt2" and digits in (None, "free")
