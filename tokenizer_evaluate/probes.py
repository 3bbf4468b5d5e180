"""How numbers, code, and a line in each script are cut: for the eye, and as a few numbers."""

from __future__ import annotations

from typing import Any

from stages.tokens.encoder_probe import SCRIPTS
from tokenizer_evaluate.candidates import Candidate

NUMBERS = (
    "7", "42", "365", "2026", "31415", "123456", "1234567890", "3.14159", "1,000,000", "2026-11-21",
    "0xFF", "1e-5", "x1y2", "๑๒๓๔๕", "١٢٣٤٥", "१२३४५", "１２３４５",
)  # fmt: skip
"""Counts and dates, a number between letters, and the digits of other scripts."""

NAMES = ("camelCase", "HTTPServerError", "snake_case_name", "kebab-case-name", "SCREAMING_CASE",
         "std::vector<int>", "user@example.org", "https://example.org/a/b?c=1")  # fmt: skip

CODE = '''\
def moving_average(values: list[float], width: int = 3) -> list[float]:
    """Mean of each window."""
    if width <= 0 or width > len(values):
        raise ValueError(f"width is {width}")
    total = sum(values[:width])
    result = [total / width]
    for i in range(width, len(values)):
        total += values[i] - values[i - width]
        result.append(total / width)
    return result


for (let i = 0; i < items.length; i++) {
\tif (items[i] !== null && !seen.has(items[i].id)) {
\t\tseen.set(items[i].id, { name: items[i].name, count: 1 });
\t}
}

SELECT language, COUNT(*) AS documents FROM corpus WHERE kept = 1 GROUP BY language;
'''
"""Three languages, indented by blanks and by tabs."""

INDENTATIONS = (1, 2, 4, 8, 12, 16)
SHOWN_SCRIPTS = ("Latin", "Vietnamese", "Cyrillic", "Arabic", "Hebrew", "Devanagari", "Bengali",
                 "Tamil", "Thai", "Khmer", "Burmese", "Han", "Japanese", "Korean")  # fmt: skip


def probe(candidate: Candidate) -> dict[str, Any]:
    """Cuts of fixed texts.

    Returns:
        ``numbers``, ``names``, ``scripts``: text -> its tokens; ``code``: tokens;
        ``code_bytes_per_token``; ``indentation``: blanks -> tokens of a line's indentation.
        Tokens are text; bytes of a broken character are written as ``<E0 B8>``.
    """
    code = candidate.tokens_of(CODE)
    return {
        "numbers": {text: shown(candidate.tokens_of(text)) for text in NUMBERS},
        "names": {text: shown(candidate.tokens_of(text)) for text in NAMES},
        "scripts": {name: shown(candidate.tokens_of(SCRIPTS[name])) for name in SHOWN_SCRIPTS},
        "code": shown(code),
        "code_bytes_per_token": len(CODE.encode()) / max(len(code), 1),
        "indentation": {str(n): indentation_tokens(candidate, n) for n in INDENTATIONS},
        "digits_at_most": digits_at_most(candidate),
    }


def indentation_tokens(candidate: Candidate, blanks: int) -> int:
    """Tokens that hold nothing but the blanks before ``return``."""
    tokens = candidate.tokens_of("x:\n" + " " * blanks + "return")
    return sum(bool(token) and not token.strip(b" ") for token in tokens)


def digits_at_most(candidate: Candidate) -> int:
    """Digits of the longest token of digits in numbers of many lengths."""
    text = " ".join(str(7**power) for power in range(1, 60))
    return max(len(token.strip()) for token in candidate.tokens_of(text))


def shown(tokens: list[bytes]) -> list[str]:
    r"""Tokens as text.

    >>> shown([b"a", b"\xe0\xb8"])
    ['a', '<E0 B8>']
    """
    texts = []
    for token in tokens:
        try:
            texts.append(token.decode())
        except UnicodeDecodeError:
            texts.append(f"<{token.hex(' ').upper()}>")
    return texts
