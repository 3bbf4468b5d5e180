"""The tables of a HeLI model, read from the files that the package ``heliport`` ships.

Seven files (words, n-grams of 1 to 6 characters), each one value that the Rust library ``bitcode``
(version 0.6) wrote: a map from key to a list of (language, cost), then the file's kind. Everything
stands in columns:

    length of the map | lengths of the keys | bytes of the keys | lengths of the lists
    | language numbers | lower 3 bytes of the costs | their upper bytes | kind

Lengths are bytes, 255 for those that follow as integers; bytes may be packed several to one (base
2, 3, 4, 6 or 16), integers in fewer bytes than eight, both after their minimum was taken off.

No code of the package is loaded. What its numbers of languages mean stands in ``heli_labels.yaml``.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import yaml

from stages.language.heli_kernels import (
    CASED,
    CHINESE,
    EXPANDS,
    IGNORABLE,
    LANES,
    LETTER,
    PADDING,
    SIGMA,
    fill_table,
)

PACKAGE = "heliport"
FILES = ("word", "unigram", "bigram", "trigram", "quadgram", "quingram", "hexagram")
LABELS = Path(__file__).with_name("heli_labels.yaml")

_BASES = (256, 16, 6, 4, 3, 2)  # how many values a packed byte may have, by its code
_PER_BYTE = {16: 2, 6: 3, 4: 4, 3: 5, 2: 8}
_INTEGERS = ("", "<u8", "<u4", "<u2")  # by code; 4: packed bytes
_SIGNS = "#'´।′’" + "".join(map(chr, (*range(0xAE6, 0xAF2),)))
"""What the package keeps beside letters and marks (found by asking it about every character)."""
_CHINESE = (
    (0x3000, 0x303F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFE30, 0xFE4F),
    (0x20000, 0x323AF), (0x2F800, 0x2FA1F),
)  # fmt: skip
"""Blocks whose names begin with CJK, where they hold letters or marks."""
_LOWERED = 0x20000  # no character from here on has a lower case


class HeliModelError(ValueError):
    """The files are not those of a HeLI model that we can read."""


@dataclass(frozen=True, eq=False)
class HeliModel:
    """The arrays that ``heli_kernels.score_texts`` takes, and what its numbers mean."""

    labels: tuple[str, ...]
    """Code of each language number, in this project's codes."""
    codes: tuple[str, ...]
    """The same in the package's own codes, varieties as what they belong to."""
    slots: np.ndarray
    """uint64 [power of two]: see ``fill_table``."""
    languages: np.ndarray
    """uint8 [postings]."""
    costs: np.ndarray
    """float32 [postings]."""
    groups: np.ndarray
    """uint8 [LANES]: number of the language that a variety belongs to."""
    writes_chinese: np.ndarray
    """bool [LANES]."""

    @property
    def count(self) -> int:
        """How many languages are scored: those named, and one that stands for no language."""
        return len(self.labels) + 1


def heli_paths() -> list[str]:
    """The model files of the installed package.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"the second language model ships in the package {PACKAGE}: "
            'pip install -e ".[langid]", or leave second_model out'
        )
    folder = Path(spec.submodule_search_locations[0])
    return [str(folder / f"{name}.bin") for name in FILES]


@cache
def load_heli() -> HeliModel:
    """Read the model; once per process (about 200 MB)."""
    tables = [read_table(Path(path)) for path in heli_paths()]
    return build_model(tables, yaml.safe_load(LABELS.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Table:
    """One file."""

    kind: int
    """0 for words, else the characters of its n-grams."""
    key_lengths: np.ndarray
    """int64 [keys], in bytes."""
    keys: np.ndarray
    """uint8: one after the other."""
    list_lengths: np.ndarray
    """int64 [keys]."""
    languages: np.ndarray
    """uint8 [postings]."""
    costs: np.ndarray
    """float32 [postings]: -log10 of the key's relative frequency."""


def read_table(path: Path) -> Table:
    """Read one file.

    Raises:
        HeliModelError: its length is not what its own numbers say.
    """
    file = _Columns(np.fromfile(path, np.uint8), str(path))
    (count,) = file.lengths(1).tolist()
    key_lengths = file.lengths(count)
    keys = file.take(int(key_lengths.sum()))
    list_lengths = file.lengths(count)
    postings = int(list_lengths.sum())
    languages = file.take(postings)
    bits = np.zeros((postings, 4), np.uint8)
    bits[:, :3] = file.take(3 * postings).reshape(-1, 3)
    bits[:, 3] = file.take(postings)
    kind = int(file.take(1)[0])
    if file.position != len(file.data):
        raise HeliModelError(f"{path}: {len(file.data) - file.position} bytes too many")
    costs = bits.view("<f4").ravel()
    return Table(kind, key_lengths, keys, list_lengths, languages, costs)


def build_model(tables: list[Table], names: dict[str, str]) -> HeliModel:
    """Join the tables of words and n-grams in one.

    Args:
        tables: the words' first.
        names: by language number in order: the package's code -> ours, ``variety of code`` before
            ours where the package counts it as that.

    Raises:
        HeliModelError: the files hold more languages than there are names.
    """
    languages = np.concatenate([table.languages for table in tables])
    if int(languages.max(initial=0)) >= len(names) or [t.kind for t in tables] != [*range(7)]:
        raise HeliModelError(
            f"{PACKAGE}: files of another version; {len(names)} languages are known, "
            f"number {languages.max(initial=0)} occurs"
        )
    costs = np.concatenate([table.costs for table in tables])
    keys = np.concatenate([*(table.keys for table in tables), np.zeros(PADDING, np.uint8)])
    key_bounds = _bounds([table.key_lengths for table in tables])
    starts = _bounds([table.list_lengths for table in tables])
    slots = np.zeros(1 << (2 * len(starts)).bit_length(), np.uint64)
    fill_table(keys, key_bounds, len(tables[0].key_lengths), starts, costs, slots)

    codes = list(names)
    of = {code: ours.split(" of ")[1] for code, ours in names.items() if " of " in ours}
    groups = np.arange(LANES, dtype=np.uint8)
    for number, code in enumerate(codes):
        groups[number] = codes.index(of.get(code, code))
    chinese = np.zeros(LANES, np.bool_)
    chinese[[number for number, code in enumerate(codes) if code in _WRITE_CHINESE]] = True
    return HeliModel(
        labels=tuple(ours.split(" ")[0] for ours in names.values()),
        codes=tuple(codes[group] for group in groups[: len(codes)]),
        slots=slots,
        languages=languages,
        costs=costs,
        groups=groups,
        writes_chinese=chinese,
    )


_WRITE_CHINESE = ("cmn", "cdo", "jpn", "kor")
"""Of which mainly Chinese characters may be, in the package's rules."""


@cache
def character_tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What becomes of each character before scoring.

    Returns:
        int32: lower case of each code point below 0x20000.
        uint8 [all code points]: SPACE, LETTER, CHINESE, EXPANDS or SIGMA.
        uint8: CASED and IGNORABLE of each code point below 0x20000.
    """
    from stages.text_kernels import categories

    major = categories().astype("S1")
    kinds = np.zeros(len(major), np.uint8)
    kinds[(major == b"L") | (major == b"M")] = LETTER
    kinds[[ord(sign) for sign in _SIGNS]] = LETTER
    for first, last in _CHINESE:
        kinds[first : last + 1] *= CHINESE
    lower = np.arange(_LOWERED, dtype=np.int32)
    cases = np.zeros(_LOWERED, np.uint8)
    for point in range(_LOWERED):
        character = chr(point)
        small = character.lower()
        if len(small) == 1:
            lower[point] = ord(small)
        # Python lowers a sigma by Unicode's rule: asking it tells both properties.
        looked_past = f"AΣ{character}A".lower()[1] == "σ" and f"AΣ{character}".lower()[1] == "ς"
        ignorable = looked_past and unicodedata.category(character) != "Cn"
        cased = f"{character}Σ".lower()[-1] == "ς"
        cases[point] = IGNORABLE * ignorable | CASED * cased
    kinds[0x130], kinds[0x3A3] = EXPANDS, SIGMA
    return lower, kinds, cases


def _bounds(lengths: list[np.ndarray]) -> np.ndarray:
    """int64: where each of the things begins, and where the last ends."""
    return np.concatenate([[0], np.cumsum(np.concatenate(lengths))])


class _Columns:
    """A position in the columns of a file."""

    def __init__(self, data: np.ndarray, name: str) -> None:
        self.data = data
        self.name = name
        self.position = 0

    def take(self, count: int) -> np.ndarray:
        """The next bytes."""
        found = self.data[self.position : self.position + count]
        if len(found) < count:
            raise HeliModelError(f"{self.name}: cut short at byte {len(self.data)}")
        self.position += count
        return found

    def lengths(self, count: int) -> np.ndarray:
        """int64 [count]."""
        small = self._packed_bytes(count).astype(np.int64)
        large = small == 255
        small[large] = self._integers(int(large.sum()))
        return small

    def _packed_bytes(self, count: int) -> np.ndarray:
        """uint8 [count]; the code of their packing before them if there are more than two."""
        if count <= 2:
            return self.take(count)
        base, least = self._code(_BASES, 1)
        if base == 256:
            return self.take(count)
        per_byte = _PER_BYTE[int(base)]
        packed = self.take(-(-count // per_byte))
        values = [packed // base**place % base for place in range(per_byte)]
        return np.stack(values, axis=1).ravel()[:count] + np.uint8(least)

    def _integers(self, count: int) -> np.ndarray:
        """int64 [count]; the code of their width before them if there are any."""
        if count == 0:
            return np.zeros(0, np.int64)
        code, least = self._code((1, 2, 3, 4), 8)
        if code == 4:
            return self._packed_bytes(count).astype(np.int64) + least
        type_ = np.dtype(_INTEGERS[int(code)])
        return self.take(count * type_.itemsize).view(type_).astype(np.int64) + least

    def _code(self, meanings: tuple[int, ...], width: int) -> tuple[int, int]:
        """What the next byte means, and what was taken off, in ``width`` bytes if it is odd."""
        byte = int(self.take(1)[0])
        if (byte + 1) // 2 >= len(meanings):
            raise HeliModelError(f"{self.name}: no such packing: {byte}")
        least = int.from_bytes(self.take(width).tobytes(), "little") if byte & 1 else 0
        return meanings[(byte + 1) // 2], least
