"""The hash table against a Counter, whatever the memory, and combined runs against both."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.pretokenizers.scanner import Scanner
from tokenizer_train.counting import combine
from tokenizer_train.counting import table as table_module
from tokenizer_train.counting.combine_kernels import combine as combine_kernel
from tokenizer_train.counting.counts_file import (
    CountsInfo,
    Group,
    read_batches,
    read_info,
    write_counts,
)
from tokenizer_train.counting.table import PieceTable

SPLITS = (r"[^|]+|\|",)
SCANNER = Scanner(SPLITS)
TEXTS = st.lists(st.tuples(st.text("ab|é中", max_size=60), st.integers(0, 3)), max_size=12)


def expected(texts: list[tuple[str, int]]) -> Counter[tuple[bytes, int]]:
    counts: Counter[tuple[bytes, int]] = Counter()
    for text, group in texts:
        data, _, ends = SCANNER.cut(pa.array([text], pa.large_string()))
        start = 0
        for end in ends.tolist():
            counts[data[start:end].tobytes(), group] += 1
            start = end
    return counts


def info_of(groups: int) -> CountsInfo:
    named = tuple(Group(language=f"l{n}", held_out=False, documents=1) for n in range(groups))
    return CountsInfo(splits=SPLITS, special=(), groups=named)


def count(texts: list[tuple[str, int]], folder: Path, memory: int) -> list[str]:
    paths: list[str] = []

    def write_run(run: table_module.Run) -> None:
        paths.append(str(folder / f"run-{len(paths)}.arrow"))
        write_counts(paths[-1], run, info_of(4))

    pieces = PieceTable(SCANNER, memory, write_run)
    for start in range(0, len(texts), 3):
        part = texts[start : start + 3]
        pieces.add(
            pa.array([text for text, _ in part], pa.large_string()),
            np.array([group for _, group in part], np.int64),
        )
    pieces.flush()
    return paths


def rows_of(path: str) -> list[tuple[int, bytes, int, int]]:
    return [
        (row["hash"], row["piece"], row["group"], row["count"])
        for batch in read_batches(path)
        for row in batch.to_pylist()
    ]


@settings(max_examples=60)
@given(texts=TEXTS)
def test_counts_are_exact(tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, int]]):
    folder = tmp_path_factory.mktemp("runs")
    counts: Counter[tuple[bytes, int]] = Counter()
    for path in count(texts, folder, 1 << 24):
        rows = rows_of(path)
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)
        for _, piece, group, number in rows:
            counts[piece, group] += number
    assert counts == expected(texts)


@settings(max_examples=40)
@given(texts=TEXTS, rows=st.sampled_from([2, 8, 1 << 15]), row_bytes=st.sampled_from([1, 1 << 15]))
def test_memory_and_order_change_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[tuple[str, int]],
    rows: int,
    row_bytes: int,
) -> None:
    """The same file from a table that spills all the time, and with the texts backwards."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_module, "FIRST_ROWS", rows)
        patch.setattr(table_module, "FIRST_ARENA_BYTES", 32 * rows)
        patch.setattr(combine, "BATCH_ROWS", 3)
        patch.setattr(combine, "BYTES_PER_ROW", row_bytes)
        (folder / "back").mkdir()
        files = [combined(count(texts, folder, 1), folder, 1)]
        files.append(combined(count(texts[::-1], folder / "back", 1), folder / "back", 10**6))
    if not all(files):
        assert not any(files) and not expected(texts)
        return
    assert Path(files[0]).read_bytes() == Path(files[1]).read_bytes()
    found = {(piece, group): number for _, piece, group, number in rows_of(files[0])}
    assert found == dict(expected(texts))
    assert all(batch.num_rows == 3 for batch in list(read_batches(files[0]))[:-1])


def combined(runs: list[str], folder: Path, memory: int) -> str:
    """The path of one file of counts with the documents of the first run; empty where none is."""
    if not runs:
        return ""
    for run in runs[1:]:  # a document is told of once
        batches = list(read_batches(run))
        groups = tuple(Group(language=g.language, held_out=False) for g in info_of(4).groups)
        write_counts(run, batches, CountsInfo(splits=SPLITS, special=(), groups=groups))
    total = sum(len(rows_of(run)) for run in runs)
    paths = []
    for number, (low, high) in enumerate(combine.ranges(total, memory)):
        paths.append(f"{folder}/range-{number}.arrow")
        combine.combine_range({"runs": runs, "low": low, "high": high, "out": paths[-1]})
    combine.join(paths, f"{folder}/counts.arrow")
    assert read_info(f"{folder}/counts.arrow").groups == info_of(4).groups
    return f"{folder}/counts.arrow"


def test_pieces_that_share_a_hash_are_told_apart() -> None:
    pieces = [b"b", b"a", b"b", b"ab", b"a", b"b"]
    groups = np.array([1, 0, 1, 2, 1, 0], np.int64)
    counts = np.array([1, 2, 4, 8, 16, 32], np.int64)
    hashes = np.zeros(6, np.uint64)
    offsets = np.cumsum([0, *map(len, pieces)], dtype=np.int64)
    out = [np.empty(6, np.int64) for _ in range(3)]
    data = np.frombuffer(b"".join(pieces), np.uint8)
    written = combine_kernel(np.arange(6), hashes, data, offsets, groups, counts, 3, *out)
    rows = [
        (pieces[row], int(group), int(number))
        for row, group, number in zip(*(array[:written] for array in out), strict=True)
    ]
    assert rows == [(b"a", 0, 2), (b"a", 1, 16), (b"ab", 2, 8), (b"b", 0, 32), (b"b", 1, 5)]


def test_a_piece_larger_than_all_memory_is_counted(tmp_path: Path) -> None:
    text = "x" * 5_000_000
    [path] = [p for p in count([(text, 0), (text, 0)], tmp_path, 1000) if rows_of(p)]
    assert [(len(piece), number) for _, piece, _, number in rows_of(path)] == [(5_000_000, 2)]
