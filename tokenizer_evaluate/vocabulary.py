"""What the tokens of a vocabulary are, told from their bytes alone, and which text never makes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from formats.token_kinds import (
    BLANKS,
    DIGITS,
    NOTHING,
    OTHER,
    PARTS,
    SIGNS,
    SPECIAL,
    as_text,
    kind_of_token,
)  # fmt: skip
from tokenizer_evaluate.candidates import Candidate

RARE_USES = 10
"""A token used less often is rare: a model hardly learns it from so much text."""
LONGEST_SHOWN = 20
NO_SCRIPT = (DIGITS, SIGNS, BLANKS, PARTS, SPECIAL, NOTHING, OTHER)

_ONE_CHARACTER_PART = re.compile(
    rb"[\x80-\xff]|[\x80-\xbf]{2,3}|[\xe0-\xef][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{1,2}"
)
_APOSTROPHES = "'’"
_DIGIT_RUN = re.compile(r"\d+")


def census(candidate: Candidate, counts: np.ndarray) -> dict[str, Any]:
    """Kinds of tokens.

    Args:
        candidate: the tokenizer.
        counts: int64 [vocabulary], uses in the text.
    """
    texts = [as_text(spelled) for spelled in candidate.token_bytes]
    special = candidate.special.tolist()
    kinds = [
        SPECIAL if special[token] else kind_of_token(candidate.token_bytes[token], text)
        for token, text in enumerate(texts)
    ]
    ordinary = np.array([kind not in (SPECIAL, NOTHING) for kind in kinds])
    parts = [spelled for spelled, kind in zip(candidate.token_bytes, kinds, strict=True)
             if kind == PARTS]  # fmt: skip
    spelled = Counter(
        s for s, is_one in zip(candidate.token_bytes, ordinary, strict=True) if is_one
    )
    whole = [text for text in texts if text]
    unreachable = find_unreachable(candidate, texts)
    return {
        "vocab_size": candidate.vocab_size,
        "special": int(candidate.special.sum()),
        "without_text": kinds.count(NOTHING),
        "by_script": dict(Counter(kinds).most_common()),
        "never_used": int((ordinary & (counts == 0)).sum()),
        "rarely_used": int((ordinary & (counts > 0) & (counts < RARE_USES)).sum()),
        "ordinary": int(ordinary.sum()),
        "single_byte_parts": sum(len(part) == 1 for part in parts),
        "parts_of_one_character": sum(len(p) > 1 and is_part_of_one(p) for p in parts),
        "parts_joined_to_others": sum(not is_part_of_one(part) for part in parts),
        "several_words": sum(map(holds_several_words, whole)),
        "several_words_examples": _several_words(texts, counts),
        "equal_bytes": sum(number - 1 for number in spelled.values()),
        "unreachable": len(unreachable),
        "unreachable_and_never_used": int((counts[unreachable] == 0).sum()),
        "unreachable_examples": [texts[token] for token in unreachable[:LONGEST_SHOWN]],
        "longest_digits": max(
            (len(run) for text in whole for run in _DIGIT_RUN.findall(text)), default=0
        ),
        "digits_with_letters": sum(
            bool(_DIGIT_RUN.search(text)) and any(c.isalpha() for c in text) for text in whole
        ),
        "longest": _longest(candidate, texts, counts),
    }  # fmt: skip


def find_unreachable(candidate: Candidate, texts: list[str | None]) -> list[int]:
    """Tokens that their own text does not become: ``encode(decode(i)) != [i]``.

    Parts of characters are left aside: they are no text by themselves. Some of those found occur
    within longer text all the same, as the end of a piece that is cut otherwise when it stands
    alone: only those that are never used too are lost.
    """
    tokens = np.array([token for token, text in enumerate(texts) if text], np.int64)
    if len(tokens) == 0:
        return []
    wanted = pa.array([texts[token] for token in tokens.tolist()], pa.large_string())
    ids, offsets = candidate.encode(wanted)
    alone = np.diff(offsets) == 1
    alone[alone] = ids[offsets[:-1][alone]] == tokens[alone]
    return tokens[~alone].tolist()


def is_part_of_one(spelled: bytes) -> bool:
    r"""Whether bytes that are no text belong to one character, with nothing of another.

    >>> is_part_of_one(b"\xe0\xb8"), is_part_of_one(b"\x81\xe0\xb8"), is_part_of_one(b" \xe0")
    (True, False, False)
    """
    return _ONE_CHARACTER_PART.fullmatch(spelled) is not None


def holds_several_words(text: str) -> bool:
    """Whether letters or digits stand on both sides of something else than an apostrophe.

    Where a script puts no space between words nothing is told: that takes a dictionary.

    >>> [holds_several_words(text) for text in ("of the", "snake_case", " don't", "ing, ", "हिन्दी")]
    [True, True, False, False, False]
    """
    in_word = ended = False
    for character in text:
        if unicodedata.category(character)[0] in "LMN":
            if ended:
                return True
            in_word = True
        elif in_word and character not in _APOSTROPHES:
            ended = True
    return False


def _several_words(texts: list[str | None], counts: np.ndarray) -> list[str]:
    """Tokens that hold several words, the most used first."""
    found = [t for t, text in enumerate(texts) if text and holds_several_words(text)]
    found.sort(key=lambda token: (-counts[token], token))
    return [str(texts[token]) for token in found[:LONGEST_SHOWN]]


def _longest(
    candidate: Candidate, texts: list[str | None], counts: np.ndarray
) -> list[dict[str, Any]]:
    """The tokens of most bytes that hold a letter or digit, and how often each is used."""
    tokens = [token for token, text in enumerate(texts) if text and any(c.isalnum() for c in text)]
    tokens.sort(key=lambda token: (-len(candidate.token_bytes[token]), token))
    return [
        {"id": token, "text": texts[token], "bytes": len(candidate.token_bytes[token]),
         "uses": int(counts[token])}
        for token in tokens[:LONGEST_SHOWN]
    ]  # fmt: skip
