"""Patterns to files: complete, once each, in natural order."""

import fsspec
import pytest

from formats.listing import NoFiles, list_files


@pytest.fixture
def corpus(tmp_path):
    for name in ("en/part-10.jsonl", "en/part-2.jsonl", "zh/deep/part-1.jsonl", "zh/x.txt"):
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "corpus"


def names(files):
    return [file.relative_path for file in files]


def test_numbers_sort_as_numbers(corpus):
    [first, second] = list_files([f"{corpus}/en/*.jsonl"])
    assert (first.relative_path, second.relative_path) == ("part-2.jsonl", "part-10.jsonl")
    assert first.path == f"{corpus}/en/part-2.jsonl"
    assert first.size_bytes == len("en/part-2.jsonl")
    assert first.modified > 1e9


def test_folders_of_any_depth_and_duplicates(corpus):
    files = list_files([f"{corpus}/**/*.jsonl", f"{corpus}/en/part-2.jsonl"])
    assert names(files) == ["en/part-2.jsonl", "en/part-10.jsonl", "zh/deep/part-1.jsonl"]


def test_the_root_is_common_to_all_patterns(corpus):
    files = list_files([f"{corpus}/zh/*.txt", f"{corpus}/en/*-2.jsonl"])
    assert names(files) == ["en/part-2.jsonl", "zh/x.txt"]
    assert names(list_files([f"{corpus}/zh/x.txt"])) == ["x.txt"]


def test_relative_patterns_stay_relative_and_ids_survive_a_move(corpus, monkeypatch):
    monkeypatch.chdir(corpus.parent)
    here = list_files(["corpus/**/*.jsonl"])
    assert here[0].path == "corpus/en/part-2.jsonl"
    corpus.rename(corpus.parent / "elsewhere")
    assert names(list_files(["elsewhere/**/*.jsonl"])) == names(here)


def test_a_name_with_brackets(corpus):
    (corpus / "a[1].jsonl").write_text("x")
    assert names(list_files([f"{corpus}/a[1].jsonl"])) == ["a[1].jsonl"]


def test_urls():
    store = fsspec.filesystem("memory")
    for name in ("a/part-10.jsonl", "a/part-9.jsonl", "b/c/d.jsonl"):
        store.pipe(f"/listing/{name}", b"12345")
    files = list_files(["memory://listing/**/*.jsonl"])
    assert names(files) == ["a/part-9.jsonl", "a/part-10.jsonl", "b/c/d.jsonl"]
    assert files[0].path.startswith("memory://")
    assert files[0].size_bytes == 5
    with pytest.raises(NoFiles, match=r"no file matches 'memory://listing/a/\*\.txt'"):
        list_files(["memory://listing/a/*.txt"])


def test_nothing_found_says_what_lies_near(corpus):
    with pytest.raises(NoFiles) as caught:
        list_files([f"{corpus}/en/*.jsonl", f"{corpus}/zh/none/*.jsonl"])
    assert caught.value.pattern == f"{corpus}/zh/none/*.jsonl"
    assert caught.value.folder == f"{corpus}/zh"
    assert caught.value.entries == ("deep/", "x.txt")
    assert "it holds: deep/, x.txt" in str(caught.value)


def test_only_five_neighbours_are_named(corpus):
    for number in range(9):
        (corpus / f"f{number}").write_text("x")
    with pytest.raises(NoFiles, match=r"en/, f0, f1, f2, f3 … \(11 in all\)"):
        list_files([f"{corpus}/*.zst"])


def test_a_folder_is_no_file(corpus):
    with pytest.raises(NoFiles, match="it is a folder without such files"):
        list_files([f"{corpus}/en/"])


def test_a_folder_stands_for_the_files_below_it(corpus):
    assert names(list_files([f"{corpus}/"], [".jsonl"])) == names(
        list_files([f"{corpus}/**/*.jsonl"])
    )
    assert names(list_files([str(corpus)], [".txt"])) == ["zh/x.txt"]
    with pytest.raises(NoFiles, match="it is a folder without such files"):
        list_files([str(corpus)], [".parquet"])
