"""The input is cut by its files alone."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.listing import NoFiles
from pipeline.partitions import InputPartition, input_partitions
from pipeline.recipe import Recipe

from .small_runs import corpus_recipe

MB = 1 << 20


def make_files(folder: Path, sizes: list[int], suffix: str = ".jsonl") -> list[str]:
    """Files of these sizes, without taking room on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{folder}/{number:03d}{suffix}" for number in range(len(sizes))]
    for name, size in zip(names, sizes, strict=True):
        with open(name, "wb") as file:
            file.truncate(size)
    return names


def recipe_of(folder: Path, *overrides: str) -> Recipe:
    return corpus_recipe(folder, "", f"sources.web.paths=[{folder}/corpus/*]", *overrides)


def names_in(partition: InputPartition) -> list[str]:
    return [file.relative_path for file in partition.files]


def test_small_files_stand_together_and_a_large_one_alone(tmp_path) -> None:
    make_files(tmp_path / "corpus", [4 * MB, 5 * MB, 90 * MB, 1 * MB])
    parts = input_partitions(recipe_of(tmp_path, "run.partition_bytes=10MiB"))
    assert [names_in(part) for part in parts] == [
        ["000.jsonl", "001.jsonl"],
        ["002.jsonl"],
        ["003.jsonl"],
    ]
    assert [part.index for part in parts] == [0, 1, 2]
    assert parts[0].stored_bytes == parts[0].expected_bytes == 9 * MB


def test_compressed_files_count_for_what_they_hold(tmp_path) -> None:
    make_files(tmp_path / "corpus", [3 * MB, 3 * MB, 3 * MB], ".jsonl.zst")
    parts = input_partitions(recipe_of(tmp_path, "run.partition_bytes=25MiB"))
    assert [len(part.files) for part in parts] == [2, 1]
    assert parts[0].stored_bytes == 6 * MB
    assert parts[0].expected_bytes == 24 * MB


@pytest.mark.parametrize(("total", "each"), [(100 * MB, 16 * MB), (64 * 20 * MB, 20 * MB),
                                             (64 * 1024 * MB, 256 * MB)])  # fmt: skip
def test_auto_means_a_64th_within_16_and_256_mib(tmp_path, total: int, each: int) -> None:
    make_files(tmp_path / "corpus", [total // 256] * 256)
    largest = max(part.expected_bytes for part in input_partitions(recipe_of(tmp_path)))
    assert each - total // 256 < largest <= each


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(1, 40))
def test_every_file_is_in_one_partition_in_order(tmp_path_factory, sizes, target) -> None:
    folder = tmp_path_factory.mktemp("partitions")
    names = make_files(folder / "corpus", sizes)
    parts = input_partitions(recipe_of(folder, f"run.partition_bytes={target}"))
    assert [file.path for part in parts for file in part.files] == names
    for part, following in pairwise(parts):
        assert part.expected_bytes <= target or len(part.files) == 1
        # Nothing is cut too early: the next file would not have fitted.
        assert part.expected_bytes + os.path.getsize(following.files[0].path) > target


def test_partitions_hold_files_of_one_source(tmp_path) -> None:
    make_files(tmp_path / "corpus", [1, 1])
    make_files(tmp_path / "books", [1], ".txt")
    books = f"{{name: books, read: text, paths: ['{tmp_path}/books/*']}}"
    web = f"{{name: web, read: jsonl, paths: ['{tmp_path}/corpus/*']}}"
    recipe = corpus_recipe(tmp_path, "", f"sources=[{web}, {books}]")
    parts = input_partitions(recipe)
    assert [(part.source, len(part.files)) for part in parts] == [("web", 2), ("books", 1)]


def test_a_touched_or_grown_file_changes_its_partition_and_no_other(tmp_path) -> None:
    names = make_files(tmp_path / "corpus", [10, 10])
    recipe = recipe_of(tmp_path, "run.partition_bytes=1")
    before = [part.fingerprint for part in input_partitions(recipe)]
    os.utime(names[1], (1, 1))
    after = [part.fingerprint for part in input_partitions(recipe)]
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_no_file_is_an_error_unless_the_source_is_optional(tmp_path) -> None:
    (tmp_path / "corpus").mkdir()
    with pytest.raises(NoFiles, match="no file matches"):
        input_partitions(recipe_of(tmp_path))
    assert input_partitions(recipe_of(tmp_path, "sources.web.optional=true")) == []
