"""FineWeb-2's settings of a language, read as they are published (``thresholds: DIR``).

Its repository has a folder ``configs`` with a file per language and script, ``tha_Thai.yml`` say
(https://github.com/huggingface/fineweb-2, Apache-2.0; Penedo et al. 2025). A file sets these rules:

    dup_line_frac               repetition_lines
    top_n_grams                 repetition_top_2_gram ... repetition_top_4_gram
    dup_n_grams                 repetition_5_grams ... repetition_10_grams
    line_punct_thr              fineweb_line_ends (0 and less: off)
    new_line_ratio              fineweb_new_lines
    min_avg_word_length         gopher_below_avg_word_length (0: off)
    max_avg_word_length         gopher_above_avg_word_length
    max_non_alpha_words_ratio   gopher_letter_words (at least so many; its name is wrong)
    stopwords                   the stop words
    language_score              nothing here: it is a threshold of language identification

and the pipeline published beside them sets the same for all languages that have a file
(``ALWAYS``). It has no C4 rules: ``rules: [gopher, repetition, fineweb]``. The numbers were found
with datatrove's words; ``preset: datatrove`` has them for languages with spaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import yaml

from stages.quality.rules import language_key, nearest

Thresholds = dict[str, float | None]
"""Rule -> threshold, None where the file switches it off."""

NUMBERS = {
    "dup_line_frac": "repetition_lines",
    "line_punct_thr": "fineweb_line_ends",
    "new_line_ratio": "fineweb_new_lines",
    "min_avg_word_length": "gopher_below_avg_word_length",
    "max_avg_word_length": "gopher_above_avg_word_length",
    "max_non_alpha_words_ratio": "gopher_letter_words",
}
"""Key of a file -> rule."""
NGRAMS = {
    "top_n_grams": {n: f"repetition_top_{n}_gram" for n in (2, 3, 4)},
    "dup_n_grams": {n: f"repetition_{n}_grams" for n in (5, 6, 7, 8, 9, 10)},
}
"""Key of a list of pairs -> n -> rule."""
IGNORED = ("language_score",)
OFF_AT_ZERO = ("line_punct_thr", "min_avg_word_length", "dup_line_frac")
KEYS = (*NUMBERS, *NGRAMS, "stopwords", *IGNORED)
ALWAYS: Thresholds = {
    "repetition_paragraphs": None,
    "repetition_paragraph_size": None,
    "repetition_line_size": None,
    "fineweb_short_lines": None,
    "fineweb_duplicate_lines": 0.1,
}
"""What ``fineweb-2-pipeline.py`` sets for every language; the rest is as in datatrove."""
ENDINGS = (".yml", ".yaml")
CODES = PurePosixPath(__file__).with_name("language_codes.yaml")


@dataclass(frozen=True)
class LanguageFile:
    """What the file of a language says."""

    path: str
    thresholds: Thresholds
    stop_words: tuple[str, ...]


@cache
def read_folder(folder: str) -> dict[str, LanguageFile]:
    """The settings of all files of a folder: language -> settings.

    Languages are keys as ``lang`` has them: ``cmn_Hani`` is ``zh``. Where several files are of one
    language (``srp_Cyrl``, ``srp_Latn``), the more lenient of their thresholds hold.

    Raises:
        ValueError: there is no such folder, no file in it, or a file does not say what it should.
    """
    found: dict[str, LanguageFile] = {}
    for path in list_files(folder):
        key = key_of(PurePosixPath(path).name)
        one = read_file(path)
        found[key] = joined(found[key], one) if key in found else one
    if "nb" in found:
        found.setdefault("no", found["nb"])  # models know one Norwegian
    return found


def list_files(folder: str) -> list[str]:
    """The files of a folder, in alphabetical order."""
    from formats.storage import filesystem

    files, inner = filesystem(folder)
    if not files.isdir(inner):
        raise ValueError(f"thresholds: there is no folder {folder}")
    prefix = folder[: len(folder) - len(inner)] if folder.endswith(inner) else ""
    paths = sorted(files.ls(inner, detail=False))
    found = [f"{prefix}{path}" for path in paths if path.endswith(ENDINGS)]
    if not found:
        raise ValueError(f"thresholds: no <language>.yml in {folder}")
    return found


@cache
def language_codes() -> Mapping[str, str]:
    """ISO 639-3 -> ISO 639-1, of the languages that have one."""
    codes: dict[str, str] = {}
    for short, longer in yaml.safe_load(open_text(str(CODES))).items():
        codes |= dict.fromkeys(longer.split(), str(short))
    return codes


def key_of(name: str) -> str:
    """The language of a file by its name.

    >>> key_of("cmn_Hani.yml"), key_of("ckb_Arab.yml"), key_of("th.yml")
    ('zh', 'ckb', 'th')
    """
    code = language_key(name.split(".")[0])
    return language_codes().get(code, code)


def open_text(path: str) -> str:
    """The text of a file."""
    from formats.storage import filesystem

    files, inner = filesystem(path)
    with files.open(inner, "rb") as file:
        return bytes(file.read()).decode("utf-8")


def read_file(path: str) -> LanguageFile:
    """The settings of one file.

    Raises:
        ValueError: naming the file, the key, what was found and what would be valid.
    """
    try:
        content = yaml.safe_load(open_text(path))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected `key: value` lines, found {content!r}")
    thresholds = dict(ALWAYS)
    for key, value in content.items():
        if key not in KEYS:
            raise ValueError(f"{path}: there is no key {key!r}{nearest(str(key), KEYS)}")
        if key in NUMBERS:
            number = number_of(value, path, key)
            off = key in OFF_AT_ZERO and number <= 0
            thresholds[NUMBERS[key]] = None if off else number
        elif key in NGRAMS:
            thresholds |= ngrams_of(value, path, key)
    return LanguageFile(path, thresholds, words_of(content.get("stopwords", []), path))


def number_of(value: Any, path: str, key: str) -> float:
    """The value as a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{path}: {key}: expected a number, found {value!r}")
    return float(value)


def ngrams_of(value: Any, path: str, key: str) -> Thresholds:
    """The rules of a list of pairs ``[n, threshold]``; the others of its kind are off."""
    rules = NGRAMS[key]
    found: Thresholds = dict.fromkeys(rules.values())
    if not isinstance(value, list):
        raise ValueError(f"{path}: {key}: expected a list of [n, threshold], found {value!r}")
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2 or pair[0] not in rules:
            known = ", ".join(map(str, rules))
            raise ValueError(
                f"{path}: {key}: expected [n, threshold] with n one of {known}, found {pair!r}"
            )
        found[rules[pair[0]]] = number_of(pair[1], path, key)
    return found


def words_of(value: Any, path: str) -> tuple[str, ...]:
    """The list of stop words."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        wrong = value
        if isinstance(value, list):
            wrong = next(word for word in value if not isinstance(word, str))
        raise ValueError(
            f"{path}: stopwords: expected a list of words, found {wrong!r}; quote it if it is one"
        )
    return tuple(value)


def joined(first: LanguageFile, second: LanguageFile) -> LanguageFile:
    """The more lenient settings of two files of a language."""
    from stages.quality.rules import AT_LEAST, RULES

    sides = {rule.name: rule.side for rule in RULES}
    thresholds: Thresholds = {}
    for name in first.thresholds | second.thresholds:
        values = [file.thresholds.get(name) for file in (first, second)]
        known = [value for value in values if value is not None]
        lenient = min if sides[name] == AT_LEAST else max
        thresholds[name] = lenient(known) if len(known) == 2 else None
    words = tuple(dict.fromkeys((*first.stop_words, *second.stop_words)))
    return LanguageFile(f"{first.path}, {second.path}", thresholds, words)
