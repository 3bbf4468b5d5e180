"""The input is cut by its files alone."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.listing import NoFiles
from pipeline.partitions import InputPartition, count_files, input_partitions, uncut_files
from pipeline.recipe import Recipe
from pipeline.recipe_yaml import RecipeError

from .small_runs import corpus_recipe, write_corpus

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


def test_one_pattern_of_an_optional_source_may_match_nothing(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Any."}])
    paths = f"sources.web.paths=['{tmp_path}/corpus/*.jsonl', '{tmp_path}/none/*.jsonl']"
    with pytest.raises(NoFiles, match="none"):
        input_partitions(recipe_of(tmp_path, paths))
    [part] = input_partitions(recipe_of(tmp_path, paths, "sources.web.optional=true"))
    assert len(part.files) == 1


def test_a_big_file_is_many_partitions(tmp_path) -> None:
    make_files(tmp_path / "corpus", [300 * MB, 127 * MB, 128 * MB])
    parts = input_partitions(recipe_of(tmp_path, "run.partition_bytes=64MiB"))
    pieces = [
        (f.relative_path, f.start // MB, f.end and f.end // MB) for p in parts for f in p.files
    ]
    assert pieces == [
        *[("000.jsonl", k, k + 64) for k in (0, 64, 128)],
        ("000.jsonl", 192, None),
        ("001.jsonl", 0, None),
        ("002.jsonl", 0, 64),
        ("002.jsonl", 64, None),
    ]
    assert sum(part.stored_bytes for part in parts) == 555 * MB
    assert count_files(parts) == 3
    assert len({part.fingerprint for part in parts}) == len(parts)


def test_segments_do_not_depend_on_what_a_partition_holds(tmp_path) -> None:
    make_files(tmp_path / "corpus", [300 * MB])
    wishes = [f"run.partition_bytes={size}" for size in ("1MiB", "200MiB", "10GiB")]
    cuts = [[p.files for p in input_partitions(recipe_of(tmp_path, wish))] for wish in wishes]
    assert [len(parts) for parts in cuts] == [4, 2, 1]
    flat = [[(f.start, f.end) for files in parts for f in files] for parts in cuts]
    assert flat[0] == flat[1] == flat[2]


def result(*empty: str) -> dict[str, list[str]]:
    return {"empty_segments": list(empty)}


def test_a_file_that_one_task_read_is_named(tmp_path) -> None:
    [whole, _] = make_files(tmp_path / "corpus", [200 * MB, 200 * MB], ".jsonl.gz")
    parts = input_partitions(recipe_of(tmp_path))
    assert [len(part.files) for part in parts] == [1] * 6
    empty = [
        result(f.path) if f.start and f.path == whole else result() for p in parts for f in p.files
    ]
    [note] = uncut_files(parts, empty)
    assert note.startswith(f"one task read {whole}: nothing begins behind its first 67.1 MB")
    some = [result(f.path) if f.start > 64 * MB else result() for p in parts for f in p.files]
    assert uncut_files(parts, some) == []


def test_a_format_that_is_not_cut_is_named(tmp_path) -> None:
    [path, _] = make_files(tmp_path / "corpus", [200 * MB, 100 * MB], ".csv")
    parts = input_partitions(recipe_of(tmp_path, "sources.web.read=csv"))
    assert [len(part.files) for part in parts] == [1, 1]
    notes = uncut_files(parts, [result(), result()])
    assert notes == [f"one task read {path}: files are not cut with read: csv"]


def test_text_is_cut_only_where_a_line_is_a_document(tmp_path) -> None:
    make_files(tmp_path / "corpus", [200 * MB], ".txt")
    for split, pieces in [("file", 1), ("paragraph", 1), ("line", 3)]:
        recipe = recipe_of(tmp_path, "sources.web.read=text", f"sources.web.split={split}")
        assert len(input_partitions(recipe)) == pieces


def test_a_folder_stands_for_its_files_of_that_format(tmp_path) -> None:
    make_files(tmp_path / "corpus" / "docs", [1, 2], ".md")
    make_files(tmp_path / "corpus" / "pictures", [3], ".png")
    recipe = recipe_of(tmp_path, "sources.web.read=text", f"sources.web.paths=[{tmp_path}/corpus]")
    [part] = input_partitions(recipe)
    assert names_in(part) == ["docs/000.md", "docs/001.md"]


def test_a_dataset_without_the_split_is_a_mistake_of_the_recipe(tmp_path) -> None:
    make_files(tmp_path / "corpus" / "data", [1, 1], "-test.parquet")
    recipe = recipe_of(tmp_path, "sources.web.read=hf", f"sources.web.paths=[{tmp_path}/corpus]")
    with pytest.raises(RecipeError, match=r"sources: web: .* no split 'train'; .* be: test"):
        input_partitions(recipe)
