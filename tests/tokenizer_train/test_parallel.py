import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from formats.quarantine import Quarantine
from tokenizer_train.documents import input_documents
from tokenizer_train.parallel import Parallel, read_parallel


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return str(path)


def read(*paths: str, pivot: str = "en") -> Parallel:
    return read_parallel(input_documents(paths), Quarantine(on_error="fail"), pivot)


def pairs(parallel: Parallel) -> list[tuple[str, str, str]]:
    texts = parallel.texts.to_pylist()
    return sorted(
        (parallel.languages[code], texts[ours], texts[theirs])
        for code, ours, theirs in zip(parallel.codes, parallel.ours, parallel.theirs, strict=True)
    )


def test_documents_of_one_key_are_paired_with_english(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        [
            {"pair_key": "1", "lang": "de", "text": "Regen"},
            {"pair_key": "1", "lang": "en", "text": "rain"},
            {"pair_key": "1", "lang": "en-US", "text": "rain, again"},  # the first counts
            {"pair_key": "1", "lang": "th", "text": "ฝน"},
            {"pair_key": "2", "lang": "th", "text": "หิมะ"},  # no mate
        ],
    )
    assert pairs(read(path)) == [("de", "Regen", "rain"), ("th", "ฝน", "rain")]
    assert pairs(read(path, pivot="th")) == [("de", "Regen", "ฝน"), ("en", "rain", "ฝน"),
                                             ("en-US", "rain, again", "ฝน")]  # fmt: skip


def test_keys_of_different_files_are_different(tmp_path: Path) -> None:
    paths = [
        write(
            tmp_path / f"{english}.jsonl",
            [
                {"pair_key": "1", "lang": "en", "text": english},
                {"pair_key": "1", "lang": "de", "text": german},
            ],
        )
        for english, german in (("rain", "Regen"), ("snow", "Schnee"))
    ]
    assert pairs(read(*paths)) == [("de", "Regen", "rain"), ("de", "Schnee", "snow")]


def test_a_file_for_each_language_is_paired_by_id(tmp_path: Path) -> None:
    paths = []
    for lang in ("en", "ko"):
        rows = [{"id": n, "lang": lang, "text": f"{lang} {n}"} for n in ("x", "y")]
        paths.append(write(tmp_path / f"{lang}.jsonl", rows))
    assert pairs(read(*paths)) == [("ko", "ko x", "en x"), ("ko", "ko y", "en y")]


def test_what_was_never_translated_is_left_out_and_counted(tmp_path: Path) -> None:
    english = "a line of more than twenty characters\nand another line of that length"
    path = write(
        tmp_path / "a.jsonl",
        [
            {"pair_key": "1", "lang": "en", "text": english},
            {"pair_key": "1", "lang": "vi", "text": english},
            {"pair_key": "1", "lang": "de", "text": "eine ganz andere Zeile ohne Gleiches"},
        ],
    )
    parallel = read(path)
    assert parallel.copied == {"vi": 1} and parallel.languages == ("de",)


def test_sums_are_of_the_same_pairs_on_both_sides(tmp_path: Path) -> None:
    rows = [
        {"pair_key": str(n), "lang": lang, "text": text * (n + 1)}
        for n in range(3)
        for lang, text in (("en", "abcd"), ("th", "ฝน"))
    ]
    parallel = read(write(tmp_path / "a.jsonl", rows[:-1]))  # the third has no Thai side
    ours, theirs = parallel.sums(parallel.lengths())
    assert (ours.tolist(), theirs.tolist()) == ([6.0 + 12.0], [4.0 + 8.0])
    assert np.array_equal(np.bincount(parallel.codes), [2])


def test_no_pairs_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"id": "1", "lang": "en", "text": "rain"}])
    with pytest.raises(ValueError, match="no document has a translation in 'en'"):
        read(path)
