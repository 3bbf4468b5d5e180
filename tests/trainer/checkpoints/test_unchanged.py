"""Shards that are made anew while a run reads them, or between two parts of it."""

import json
import os
import shutil
from pathlib import Path

import pytest

from trainer.checkpoints.checkpoint import checkpoints
from trainer.checkpoints.unchanged import ShardsWatch, sha256_of_manifest
from trainer.config_file import load_config
from trainer.data import open_corpus
from trainer.errors import OutputError, ShardsError
from trainer.seeing.progress import Progress
from trainer.train import train

from ..conftest import write_shards


@pytest.fixture
def watch(shards):
    """Files of 40, 30 and 26 rows, none of which was read."""
    return ShardsWatch(shards, open_corpus(shards).training, sha256_of_manifest(shards), 0)


def spoil(shards, name):
    """One bit of a file, which keeps its size."""
    path = f"{shards}/{name}"
    with open(path, "r+b") as file:
        file.seek(-100, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-100, os.SEEK_END)
        file.write(bytes([byte ^ 1]))


def test_what_stays_the_same_is_accepted(watch, shards):
    watch.check(10)
    os.utime(f"{shards}/pretrain/shard-00000.arrow")  # copied there again: the bytes decide
    for rows in (10, 45, 96):
        watch.check(rows)


def test_only_files_that_were_read_count(watch, shards):
    spoil(shards, "anneal/shard-00000.arrow")
    watch.check(70)
    with pytest.raises(ShardsError, match=r"anneal/shard-00000.arrow: is not the file that man"):
        watch.check(71)


def test_a_file_that_changes_after_it_was_looked_at(watch, shards):
    watch.check(10)
    spoil(shards, "pretrain/shard-00000.arrow")
    with pytest.raises(ShardsError, match=r"pretrain/shard-00000.arrow: .* Put the shards back"):
        watch.check(20)


def test_held_out_files_count_too(tmp_path):
    shards = write_shards(tmp_path / "more" / "shards", {"pretrain": [8], "held_out": [6]})
    corpus = open_corpus(shards)
    manifest = sha256_of_manifest(shards)
    watch = ShardsWatch(shards, corpus.training, manifest, 0, corpus.held_out)
    watch.check(4)
    spoil(shards, "held_out/shard-00000.arrow")
    with pytest.raises(ShardsError, match=r"held_out/shard-00000.arrow: is not the file"):
        watch.check(8)


def test_files_that_go(watch, shards):
    os.remove(f"{shards}/pretrain/shard-00000.arrow")
    with pytest.raises(ShardsError, match="is gone while the run reads it"):
        watch.check(10)
    os.remove(f"{shards}/manifest.json")
    with pytest.raises(ShardsError, match=r"manifest.json: is gone while"):
        watch.check(10)


def test_a_run_whose_manifest_changes_keeps_the_checkpoint_before(
    config_path, shards, tmp_path, monkeypatch
):
    """Another run writes its manifest during step 7; checkpoints are due after 5 and 10."""
    kept = f"{tmp_path}/kept.json"
    shutil.copy(f"{shards}/manifest.json", kept)
    config = load_config(config_path)
    shown = Progress.step

    def step(self, metrics):
        shown(self, metrics)
        if metrics["step"] == 7:
            make_others(shards)

    monkeypatch.setattr(Progress, "step", step)
    with pytest.raises(ShardsError, match=r"manifest.json: was changed .* --fresh"):
        train(config)
    monkeypatch.undo()
    folder = tmp_path / "model" / "checkpoints"
    assert [path.name for path in checkpoints(folder)] == ["step-000005"]
    with pytest.raises(OutputError, match="of the same size"):
        train(config)
    shutil.copy(kept, f"{shards}/manifest.json")
    assert train(config).step == 24


def make_others(shards):
    path = f"{shards}/manifest.json"
    with open(path) as file:
        manifest = json.load(file)
    manifest["seed"] = 99
    with open(path, "w") as file:
        json.dump(manifest, file)


def test_what_differs_in_other_shards_is_told(config_path, shards):
    train(load_config(config_path, ["max_steps=5"]))
    shutil.rmtree(shards)
    write_shards(Path(shards), {"pretrain": [40], "anneal": [26]})
    with pytest.raises(
        OutputError,
        match="phases pretrain of 70 rows, anneal of 26 rows; now pretrain of 40 rows, anneal of",
    ):
        train(load_config(config_path, ["max_steps=5"]))
