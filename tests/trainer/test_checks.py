"""What is said before the first step, and what to do about it."""

import json
from pathlib import Path

import pytest
import torch

from trainer import checks
from trainer.checks import check_memory, memory_of
from trainer.config_file import load_config
from trainer.data import open_corpus
from trainer.errors import ConfigError, ShardsError
from trainer.planning.memory import GIB
from trainer.train import train

CPU = torch.device("cpu")


def test_more_tokens_in_a_row_than_positions(config_path):
    overrides = ["model.architecture=gpt2", "model.kv_heads=4", "model.max_positions=8"]
    message = r"max_positions is 8, and the rows .* have 16 tokens; set model.max_positions=16, or"
    with pytest.raises(ConfigError, match=message):
        train(load_config(config_path, overrides))


def test_a_special_token_beyond_the_vocabulary(config_path, shards):
    path = Path(shards) / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"special_ids": {"eos": 64, "pad": 1}}))
    with pytest.raises(ShardsError, match=r"special_ids.eos is 64, and the vocabulary has 64"):
        train(load_config(config_path))


def test_rows_of_another_length_than_the_manifest_says(config_path, shards):
    path = Path(shards) / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"sequence_length": 32}))
    message = r"shards/manifest.json: sequence_length is 32, and rows in pretrain/shard-00000.arrow"
    with pytest.raises(ShardsError, match=message):
        train(load_config(config_path))


def test_too_little_memory_on_a_gpu_names_what_helps(config_path, shards, monkeypatch):
    """A GPU of 2 GiB, of which 1.5 are taken before anything is computed."""
    monkeypatch.setattr(checks, "memory_of", lambda device: 2 * GIB)
    config = load_config(
        config_path,
        ["model={layers: 4, hidden_size: 512, heads: 8, kv_heads: 8, feed_forward_size: 2048}",
         "global_batch_rows=8192", "micro_batch_rows=2048"],
    )  # fmt: skip
    manifest = open_corpus(shards).shards.manifest
    message = r"are predicted for each process, and cuda has 2.0 GiB\. Try micro_batch_rows=\d+; or"
    with pytest.raises(ConfigError, match=message) as raised:
        check_memory(config, manifest, torch.device("cuda"))
    rows = int(str(raised.value).partition("micro_batch_rows=")[2].partition(";")[0])
    fitting = config.model_copy(update={"micro_batch_rows": rows})
    check_memory(fitting, manifest, torch.device("cuda"))


def test_a_cpu_needs_room_for_weights_and_optimizer(config_path, shards, monkeypatch):
    config, manifest = load_config(config_path), open_corpus(shards).shards.manifest
    check_memory(config, manifest, CPU)
    assert memory_of(CPU) > GIB // 4
    monkeypatch.setattr(checks, "memory_of", lambda device: 100_000)
    with pytest.raises(ConfigError, match="Try a smaller model, or more memory"):
        check_memory(config, manifest, CPU)


def test_what_a_manifest_holds_out_is_evaluated_and_not_trained_on(make_shards, tmp_path):
    """The pipeline gives held-out rows a field of their own."""
    shards = make_shards(tmp_path / "shards", {"pretrain": [40], "held_out": [6]})
    path = Path(shards) / "manifest.json"
    manifest = json.loads(path.read_text())
    apart = manifest["phases"].pop()
    path.write_text(json.dumps(manifest | {"held_out": apart | {"kind": "validation"}}))
    corpus = open_corpus(shards)
    assert (len(corpus.training), len(corpus.held_out)) == (40, 6)
    (Path(shards) / apart["files"][0]["path"]).unlink()
    with pytest.raises(ShardsError, match="is missing"):
        open_corpus(shards)
