"""The stop words of a language, found in its text: what stands in documents of every kind."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

MOST = 40
"""Words of a list."""
FEWEST_DOCUMENTS = 60
"""Of a language that gets a list; a third of it of a kind of text that has a say."""
IN_DOCUMENTS = 0.2
"""Share of the documents that hold a stop word, in the kind of text where it is rarest."""

_HAN_AND_KANA = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_SOUTH_EAST = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_MARKS = "".join(
    re.escape(chr(code))
    for code in range(0x300, 0xFE30)
    if unicodedata.category(chr(code)).startswith("M")
)
_LETTER = rf"(?![{_HAN_AND_KANA}{_SOUTH_EAST}])[^\W\d_]"
_WORD = re.compile(
    rf"[{_HAN_AND_KANA}]|[{_SOUTH_EAST}]+"
    rf"|{_LETTER}(?:{_LETTER}|[{_MARKS}\u200c\u200d])*(?:['’](?=\w))?"
)
_CLUSTER = re.compile(rf"[^{_MARKS}][{_MARKS}]*")


def frequent_words(
    texts: Sequence[str], languages: Sequence[str], kinds: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The most frequent words of each language.

    A word counts once for each document, and by the kind of text in which it is rarest: the subject
    of one site is no stop word. Letters only: no comma, no digit. A word is one character of
    Chinese and Japanese, and two letters with their marks of Thai, Lao, Khmer and Burmese.

    Args:
        texts: [documents].
        languages: [documents].
        kinds: [documents], where each is from.

    Returns:
        Language -> words, the most frequent first; only of languages with 60 documents.
    """
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    documents: dict[str, Counter[str]] = defaultdict(Counter)
    for text, language, kind in zip(texts, languages, kinds, strict=True):
        documents[language][kind] += 1
        counts[language][kind].update(set(words_of(text)))
    return {
        language: _ranked(by_kind, documents[language])
        for language, by_kind in counts.items()
        if documents[language].total() >= FEWEST_DOCUMENTS
    }


def words_of(text: str) -> Iterator[str]:
    """The words of a text in lower case, as ``frequent_words`` has them."""
    for word in _WORD.findall(text.lower()):
        if re.match(rf"[{_SOUTH_EAST}]", word):
            yield from ("".join(pair) for pair in pairwise(_CLUSTER.findall(word)))
        else:
            yield word


def _ranked(by_kind: dict[str, Counter[str]], total: Counter[str]) -> tuple[str, ...]:
    """The words that stand in a fifth of the documents of each kind."""
    large = [kind for kind in by_kind if total[kind] >= FEWEST_DOCUMENTS // 3] or [*by_kind]
    shares = {
        word: min(by_kind[kind][word] / total[kind] for kind in large)
        for word in set().union(*(by_kind[kind] for kind in large))
    }
    frequent = [word for word in shares if shares[word] >= IN_DOCUMENTS]
    return tuple(sorted(frequent, key=lambda word: (-shares[word], word))[:MOST])
