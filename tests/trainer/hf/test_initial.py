"""Continued pretraining from a folder of transformers."""

import json
import shutil

import pytest
import torch
import transformers

from trainer.cli import main
from trainer.config_file import load_config
from trainer.errors import ConfigError
from trainer.hf.export import export_hf
from trainer.loaded import open_model
from trainer.train import train

from ..small_tokenizer import put_tokenizer
from .test_folder import GPT2, LLAMA, QWEN3, saved

FAMILIES = {
    "llama": (transformers.LlamaConfig, LLAMA),
    "qwen3": (transformers.Qwen3Config, QWEN3),
    "gpt2": (transformers.GPT2Config, GPT2),
}
IDS = torch.randint(64, (2, 14), generator=torch.Generator().manual_seed(3))


@pytest.fixture
def settings(shards, tmp_path):
    """Of a run that goes on from tmp_path/theirs; its model section says nothing."""
    path = tmp_path / "on.yaml"
    path.write_text(
        f"shards: {shards}\nout: {tmp_path / 'on'}\ninit: hf:{tmp_path / 'theirs'}\n"
        "device: cpu\nthreads: 1\nglobal_batch_rows: 4\nmicro_batch_rows: 2\n"
    )
    return path


@pytest.mark.parametrize("family", FAMILIES)
def test_it_begins_and_ends_as_a_model_of_transformers(family, settings, tmp_path):
    """A step too small to move anything: what is exported has the logits it began with."""
    theirs = saved(tmp_path / "theirs", *FAMILIES[family])
    config = load_config(settings, ["max_steps=1", "optimizer.learning_rate=1e-12"])
    assert (config.model.layers, config.model.hidden_size) == (2, 48)
    train(config)
    export_hf(config.out, tmp_path / "back")
    back = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "back")
    assert type(back) is type(theirs)
    with torch.no_grad():
        expected = theirs(IDS).logits
        torch.testing.assert_close(back(IDS).logits, expected, atol=1e-5, rtol=1e-5)
        ours = open_model(config.out, "cpu").decoder(IDS)
        torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


def test_it_learns_on_and_resumes_without_the_folder_s_weights(settings, tmp_path):
    saved(tmp_path / "theirs", *FAMILIES["llama"])
    first = train(load_config(settings, ["max_steps=3", "checkpoint_every=2"]))
    (tmp_path / "theirs" / "model.safetensors").unlink()
    shutil.rmtree(tmp_path / "on" / "checkpoints" / "step-000003")
    again = train(load_config(settings, ["max_steps=3", "checkpoint_every=2"]))
    assert again.last_loss == first.last_loss


def test_a_shape_that_is_said_must_agree(settings, tmp_path):
    saved(tmp_path / "theirs", *FAMILIES["llama"])
    with pytest.raises(ConfigError, match=r"model.layers is 4, and the model in .* has 2; leave"):
        load_config(settings, ["model.layers=4"])
    longer = load_config(settings, ["model.rope_scaling={kind: linear, factor: 2}"])
    assert longer.model.rope_scaling.factor == 2
    assert longer.model.layers == 2


def test_a_smaller_vocabulary_is_refused_and_a_larger_one_cut(settings, tmp_path, caplog):
    saved(tmp_path / "theirs", transformers.LlamaConfig, LLAMA | {"vocab_size": 50})
    with pytest.raises(ConfigError, match=r"has 50 vocabulary entries, and the shards 64\. Make"):
        train(load_config(settings))
    saved(tmp_path / "theirs", transformers.LlamaConfig, LLAMA | {"vocab_size": 80})
    assert main(["run", str(settings), "max_steps=1"]) == 0
    assert "the last 16 of the 80 vocabulary entries" in caplog.text
    assert open_model(tmp_path / "on", "cpu").vocab_size == 64


def test_rows_longer_than_its_positions(settings, tmp_path):
    short = LLAMA | {"max_position_embeddings": 8}
    saved(tmp_path / "theirs", transformers.LlamaConfig, short)
    with pytest.raises(ConfigError, match=r"made for 8 tokens, and rows .* have 16\. Set model\.r"):
        train(load_config(settings))
    config = load_config(settings, ["model.rope_scaling={factor: 2, original_length: 8}"])
    assert train(config.model_copy(update={"max_steps": 1})).step == 1


def test_another_tokenizer_is_refused_by_its_entries(settings, shards, tmp_path):
    folder = put_tokenizer(shards)
    saved(tmp_path / "theirs", *FAMILIES["llama"])
    theirs = json.loads((folder / "tokenizer.json").read_text())
    target = tmp_path / "theirs" / "tokenizer.json"
    target.write_text(json.dumps(theirs, indent=1))  # other bytes, the same entries
    assert train(load_config(settings, ["max_steps=1"])).step == 1
    entries = theirs["model"]["vocab"]
    entries["w7"], entries["w8"] = entries["w8"], entries["w7"]
    target.write_text(json.dumps(theirs))
    with pytest.raises(ConfigError, match=r"not the tokenizer of the shards \(2 tokens have anoth"):
        train(load_config(settings), fresh=True)


@pytest.mark.parametrize("init", ["hf", "hf:", "gguf:model", "zeros"])
def test_what_init_may_be(init, config_path):
    with pytest.raises(
        ConfigError, match="random, hf:FOLDER, run:FOLDER or run:FOLDER@STEP is wanted"
    ):
        load_config(config_path, [f"init='{init}'"])
