"""Folders that the library ``datasets`` writes are read as it would read them."""

import json

import pytest

from formats.hf_datasets import dataset_files
from formats.listing import NoFiles
from formats.quarantine import Quarantine
from formats.readers import SourceFile, read_file

datasets = pytest.importorskip("datasets")

TRAIN = {"text": ["one", "zwei", "三"], "lang": ["en", "de", "zh"]}
TEST = {"text": ["four"], "lang": ["en"]}


def texts(paths, split="train"):
    found = []
    for data in dataset_files([str(path) for path in paths], split):
        file = SourceFile("hf", data.file.path, data.file.relative_path, data.read)
        for batch in read_file(file, Quarantine(on_error="fail")):
            found += batch.column("text").to_pylist()
    return found


def names(paths, split="train"):
    return [d.file.relative_path for d in dataset_files([str(path) for path in paths], split)]


def test_a_saved_dataset(tmp_path):
    datasets.Dataset.from_dict(TRAIN).save_to_disk(tmp_path / "saved", num_shards=2)
    assert texts([tmp_path / "saved"]) == TRAIN["text"]
    assert names([tmp_path / "saved"])[0] == "data-00000-of-00002.arrow"


def test_a_saved_dataset_with_splits(tmp_path):
    pair = {"train": datasets.Dataset.from_dict(TRAIN), "test": datasets.Dataset.from_dict(TEST)}
    datasets.DatasetDict(pair).save_to_disk(tmp_path / "saved")
    assert texts([tmp_path / "saved"]) == TRAIN["text"]
    assert texts([tmp_path / "saved"], "test") == TEST["text"]
    with pytest.raises(ValueError, match=r"no split 'dev'; hf_split may be: train, test"):
        texts([tmp_path / "saved"], "dev")


def prepare(folder, cache):
    """A cached dataset, with what ``map`` leaves beside it."""
    for split, rows in (("train", TRAIN), ("test", TEST)):
        lines = [{"text": t, "lang": k} for t, k in zip(rows["text"], rows["lang"], strict=True)]
        path = folder / f"{split}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    loaded = datasets.load_dataset(str(folder), cache_dir=str(cache))
    loaded.map(lambda row: {"text": row["text"].upper()})
    return loaded


def test_a_prepared_dataset_in_the_cache(tmp_path, monkeypatch):
    (tmp_path / "some_corpus").mkdir()
    cache = tmp_path / "cache"
    loaded = prepare(tmp_path / "some_corpus", cache)
    assert any(path.name.startswith("cache-") for path in cache.rglob("*.arrow"))
    [prepared] = [path for path in cache.iterdir() if path.is_dir()]
    assert texts([prepared]) == loaded["train"]["text"]
    assert texts([prepared], "test") == TEST["text"]
    monkeypatch.setenv("HF_DATASETS_CACHE", str(cache))
    assert texts([prepared.name]) == TRAIN["text"]


def test_a_snapshot_of_the_hub(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "datasets--owner--corpus" / "snapshots" / "abc"
    (snapshot / "data").mkdir(parents=True)
    refs = tmp_path / "datasets--owner--corpus" / "refs"
    refs.mkdir()
    (refs / "main").write_text("abc")
    (snapshot / "README.md").write_text("what it is")
    datasets.Dataset.from_dict(TRAIN).to_parquet(snapshot / "data/train-00000-of-00001.parquet")
    datasets.Dataset.from_dict(TEST).to_parquet(snapshot / "data/test-00000-of-00001.parquet")
    assert texts(["owner/corpus"]) == TRAIN["text"]
    assert names(["owner/corpus"], "test") == ["data/test-00000-of-00001.parquet"]


def test_files_that_name_no_split_are_train(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n')
    (tmp_path / "constraints.jsonl").write_text('{"text": "two"}\n')  # holds "train"
    assert texts([tmp_path]) == ["one", "two"]
    with pytest.raises(ValueError, match="no split 'test'"):
        texts([tmp_path], "test")


def test_several_datasets_keep_their_names_apart(tmp_path):
    for name in ("one", "two"):
        datasets.Dataset.from_dict(TRAIN).save_to_disk(tmp_path / name)
    assert names([tmp_path / "one", tmp_path / "two"]) == [
        "one/data-00000-of-00001.arrow",
        "two/data-00000-of-00001.arrow",
    ]


def test_several_configurations_are_named(tmp_path):
    for name in ("en", "th"):
        folder = tmp_path / "corpus" / name / "0.0.0" / "hash"
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").write_text("{}")
    with pytest.raises(ValueError, match=r"several configurations.*corpus/en.*corpus/th"):
        dataset_files([str(tmp_path / "corpus")], "train")


def test_no_such_dataset(tmp_path):
    with pytest.raises(NoFiles, match="no file matches"):
        dataset_files([str(tmp_path / "nothing" / "here")], "train")
    (tmp_path / "picture.png").write_bytes(b"x")
    with pytest.raises(NoFiles, match=r"picture\.png"):
        dataset_files([str(tmp_path)], "train")
