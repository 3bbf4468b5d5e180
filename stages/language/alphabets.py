"""Which letters a language does not write, though they are of its script.

A model answers one of the languages that it knows, whatever it is given. A text with many letters
that the answer's alphabet lacks is in another language. Letters of other scripts say nothing: names
and terms are quoted everywhere, in Latin above all; ASCII letters are never foreign.

``alphabets.yaml`` holds the alphabets (made by ``benchmarks/langid_alphabets.py`` from the
exemplar characters, main and auxiliary, of Unicode's CLDR). To Chinese, Japanese and Korean all
letters of scripts are foreign that no alphabet has; a language that CLDR does not describe has no
foreign letters.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

import numpy as np
import yaml

ALPHABETS = Path(__file__).with_name("alphabets.yaml")
LATIN = "LATIN"
LEAST_LATIN = 20
"""An alphabet with fewer Latin letters is of another script and quotes some."""
CHINESE_CHARACTERS = ("zh", "yue", "wuu", "ja", "ko")
"""Languages whose letters nobody lists. The model takes many a script that it does not know for
Japanese or Chinese."""
EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HALFWIDTH", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC")
"""What the names of their letters begin with."""
_PLANES = 0x20000  # no alphabet has a letter from here on


@cache
def alphabets() -> dict[str, str]:
    """Language -> its letters, lower case where there are cases."""
    data: dict[str, str] = yaml.safe_load(ALPHABETS.read_text(encoding="utf-8"))
    return data


@cache
def foreign_letters(languages: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The tables of ``count_foreign``.

    Args:
        languages: codes, in the order of their numbers.

    Returns:
        uint16 [code points below 0x20000]: letters that are foreign to the same languages share a
        group; group 0 is foreign to none.
        bool [groups * languages]: whether those letters are foreign to the language.
    """
    foreign = np.zeros((_PLANES, len(languages)), np.bool_)
    for number, language in enumerate(languages):
        if language in alphabets():
            foreign[:, number] = _foreign_to(alphabets()[language])
        elif language in CHINESE_CHARACTERS:
            foreign[:, number] = _of_no_alphabet()
    foreign[:0x80] = False
    points = np.flatnonzero(foreign.any(axis=1))
    kinds, inverse = np.unique(np.packbits(foreign[points], axis=1), axis=0, return_inverse=True)
    groups = np.zeros(_PLANES, np.uint16)
    groups[points] = inverse.ravel() + 1
    table = np.unpackbits(kinds, axis=1, count=len(languages)).astype(np.bool_)
    return groups, np.concatenate([np.zeros((1, len(languages)), np.bool_), table]).ravel()


def is_described(language: str) -> bool:
    """Whether letters can be foreign to the language."""
    return language in alphabets() or language in CHINESE_CHARACTERS


def _of_no_alphabet() -> np.ndarray:
    """Letters of scripts that no described language writes, Yi or Cherokee: bool [code points]."""
    scripts, names, bases = _letters()
    written = np.zeros(len(names), np.bool_)
    for alphabet in alphabets().values():
        written[scripts[[ord(letter) for letter in alphabet]]] = True
    for name in ("", *EAST_ASIAN):
        written[names.index(name)] = True
    result: np.ndarray = ~written[scripts] & ~written[scripts[bases]]
    return result


def _foreign_to(alphabet: str) -> np.ndarray:
    """Which letters of the alphabet's scripts it lacks: bool [code points]."""
    scripts, names, bases = _letters()
    letters = set(alphabet) | set(alphabet.upper()) | set(unicodedata.normalize("NFC", alphabet))
    own = np.zeros(_PLANES, np.bool_)
    own[[ord(letter) for letter in letters]] = True
    used = np.bincount(scripts[own], minlength=len(names)) > 0
    latin = names.index(LATIN)
    used[latin] = np.count_nonzero(scripts[own] == latin) >= LEAST_LATIN
    used[0] = False
    # In other scripts than Latin, shapes and ligatures of a letter are that letter.
    same = own | (own[bases] & (scripts != latin))
    result: np.ndarray = used[scripts] & ~same
    return result


@cache
def _letters() -> tuple[np.ndarray, list[str], np.ndarray]:
    """The script of each letter, as the first word of its name says it, and its base letter.

    Returns:
        uint16 [code points]: number of the script, 0 for what is no letter.
        the scripts by number.
        int32 [code points]: the first character of the compatibility decomposition.
    """
    names = {"": 0}
    scripts, bases = np.zeros(_PLANES, np.uint16), np.arange(_PLANES, dtype=np.int32)
    for point in range(_PLANES):
        character = chr(point)
        if unicodedata.category(character) in ("Lu", "Ll", "Lt", "Lo"):
            script = unicodedata.name(character, "").split(" ")[0].split("-")[0]
            scripts[point] = names.setdefault(script, len(names))
            bases[point] = min(ord(unicodedata.normalize("NFKD", character)[0]), _PLANES - 1)
    return scripts, [*names], bases
