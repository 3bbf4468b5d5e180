"""Reading the second model's files: columns packed several values to a byte."""

import struct

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stages.language.codes import languages
from stages.language.heli_model import (
    LABELS,
    HeliModelError,
    build_model,
    character_tables,
    heli_paths,
    read_table,
)

BASES = {2: (5, 8), 3: (4, 5), 4: (3, 4), 6: (2, 3), 16: (1, 2), 256: (0, 1)}


def packed_bytes(values):
    """What the library writes for a column of bytes: the smallest base that holds them."""
    if len(values) <= 2:
        return bytes(values)
    low, high = min(values), max(values)
    plain = next(base for base in BASES if high < base)
    less = next(base for base in BASES if high - low < base)
    offset = less < plain and len(values) > 5
    base = less if offset else plain
    code, per_byte = BASES[base]
    head = bytes([2 * code - offset]) + (bytes([low]) if offset else b"")
    values = [value - low * offset for value in values]
    groups = [values[i : i + per_byte] for i in range(0, len(values), per_byte)]
    return head + bytes(sum(v * base**k for k, v in enumerate(group)) for group in groups)


def lengths(values):
    large = [value for value in values if value >= 255]
    tail = b"\x02" + struct.pack(f"<{len(large)}I", *large) if large else b""
    return packed_bytes([min(value, 255) for value in values]) + tail


def file_of(table, kind):
    """A model file of key -> [(language, cost)]."""
    postings = [posting for found in table.values() for posting in found]
    costs = np.array([cost for _, cost in postings], "<f4").view(np.uint8).reshape(-1, 4)
    return b"".join(
        [
            lengths([len(table)]),
            lengths([len(key.encode()) for key in table]),
            "".join(table).encode(),
            lengths([len(found) for found in table.values()]),
            bytes(language for language, _ in postings),
            costs[:, :3].tobytes(),
            costs[:, 3].tobytes(),
            bytes([kind]),
        ]
    )


tables = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=300),
    st.dictionaries(st.integers(0, 240), st.floats(0, 7, width=32), min_size=1, max_size=20),
    max_size=40,
)


@given(tables, st.integers(0, 6))
def test_what_was_written_is_read(tmp_path_factory, table, kind):
    path = tmp_path_factory.mktemp("model") / "table.bin"
    path.write_bytes(file_of({key: [*found.items()] for key, found in table.items()}, kind))
    read = read_table(path)
    assert read.kind == kind
    assert bytes(read.keys) == "".join(table).encode()
    assert read.key_lengths.tolist() == [len(key.encode()) for key in table]
    assert read.list_lengths.tolist() == [len(found) for found in table.values()]
    assert read.languages.tolist() == [lang for found in table.values() for lang in found]
    assert read.costs.tolist() == [cost for found in table.values() for cost in found.values()]


def test_a_file_of_another_length_is_refused(tmp_path):
    content = file_of({"a": [(0, 1.0)], "b": [(1, 2.0)], "c": [(2, 1.5)]}, 1)
    path = tmp_path / "unigram.bin"
    path.write_bytes(content + b"\0")
    with pytest.raises(HeliModelError, match="1 bytes too many"):
        read_table(path)
    path.write_bytes(content[:-3])
    with pytest.raises(HeliModelError, match="cut short"):
        read_table(path)


def test_a_model_of_more_languages_than_are_named_is_refused(tmp_path):
    path = tmp_path / "table.bin"
    read = []
    for kind in range(7):
        path.write_bytes(file_of({"a": [(3, 1.0)]}, kind))
        read.append(read_table(path))
    with pytest.raises(HeliModelError, match="2 languages are known, number 3 occurs"):
        build_model(read, {"eng": "en", "deu": "de"})


def test_every_language_has_a_code_that_is_described():
    names = yaml.safe_load(LABELS.read_text(encoding="utf-8"))
    assert len(names) == 241
    described = {*languages(), "und"}
    assert {ours.split(" ")[0] for ours in names.values()} <= described
    assert {ours.split(" of ")[1] for ours in names.values() if " of " in ours} <= set(names)


def test_lower_case_is_python_s():
    lower, kinds, _ = character_tables()
    for character in "AÄЖΩՐⱯǅaß中":
        assert chr(lower[ord(character)]) == character.lower()
    assert (kinds[ord("a")], kinds[ord("中")], kinds[ord("1")], kinds[ord("。")]) == (1, 2, 0, 0)


def test_without_the_package_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr("stages.language.heli_model.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match=r"heliport.*pip install -e \"\.\[langid\]\""):
        heli_paths()
