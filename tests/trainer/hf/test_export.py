"""Exported models load in transformers and give the same logits; the tokenizer goes with them."""

import pytest
import torch
import transformers

from trainer.checkpoints.checkpoint import load_model
from trainer.config import ModelConfig
from trainer.config_file import load_config
from trainer.errors import OutputError
from trainer.hf.export import export_hf
from trainer.hf.shapes import hf_name
from trainer.model import Decoder
from trainer.train import train

from ..small_tokenizer import put_tokenizer


@pytest.fixture
def trained(config_path):
    """A run of three steps, with the overrides it is given."""

    def trained(*overrides):
        config = load_config(config_path, ["max_steps=3", *overrides])
        return config, train(config)

    return trained


@pytest.mark.parametrize(("tied", "kv_heads"), [(True, 2), (False, 2), (True, 1), (False, 4)])
def test_transformers_loads_it_with_the_same_logits(trained, tmp_path, tied, kv_heads):
    config, outcome = trained(
        f"model.tie_embeddings={tied}", f"model.kv_heads={kv_heads}", "model.rope_theta=700"
    )
    said = export_hf(config.out, tmp_path / "hf")
    assert "step-000003" in said
    assert "without a tokenizer: there is none at" in said
    model = Decoder(config.model, 64)
    model.load_state_dict(load_model(outcome.checkpoint), strict=not tied)
    llama = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "hf")
    ids = torch.arange(30).view(2, 15)
    with torch.no_grad():
        torch.testing.assert_close(llama(ids).logits, model(ids), atol=1e-5, rtol=0)
    assert (llama.config.eos_token_id, llama.generation_config.pad_token_id) == (0, 1)
    assert llama.config.bos_token_id is None
    assert llama.config.tie_word_embeddings is tied
    assert llama.config.rope_parameters["rope_theta"] == 700


def test_the_tokenizer_goes_along_and_text_can_be_generated(trained, tmp_path, shards):
    put_tokenizer(shards)
    config, _ = trained()
    assert "with its tokenizer" in export_hf(config.out, tmp_path / "hf")
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "hf")
    llama = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "hf")
    prompt = tokenizer("w5 w6 w7", return_tensors="pt", return_token_type_ids=False)
    assert prompt["input_ids"].tolist() == [[5, 6, 7]]
    said = llama.generate(**prompt, min_new_tokens=4, max_new_tokens=4, do_sample=False)
    assert said.shape == (1, 7)
    assert tokenizer.decode(said[0]).startswith("w5 w6 w7 ")
    assert sorted(path.name for path in (tmp_path / "hf").iterdir()) == [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip


def test_another_tokenizer_is_refused(trained, tmp_path, shards):
    put_tokenizer(shards)
    config, _ = trained()
    (tmp_path / "run" / "tokenizer" / "tokenizer.json").write_text("{}")
    with pytest.raises(
        OutputError, match=r"tokenizer.json has sha256 .* the shards were made with"
    ):
        export_hf(config.out, tmp_path / "hf")
    assert not (tmp_path / "hf").exists()


def test_a_folder_in_use_is_not_touched(trained, tmp_path):
    config, _ = trained()
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="hf is not empty"):
        export_hf(config.out, tmp_path / "hf")


def test_no_run(tmp_path):
    with pytest.raises(OutputError, match="no checkpoint of a training run"):
        export_hf(tmp_path, tmp_path / "hf")


def test_names():
    llama = ModelConfig()
    gpt2 = ModelConfig(architecture="gpt2", kv_heads=4)
    attention = "blocks.3.attention.out.weight"
    assert hf_name(attention, llama) == "model.layers.3.self_attn.o_proj.weight"
    assert hf_name(attention, gpt2) == "transformer.h.3.attn.c_proj.weight"
    assert hf_name("norm.weight", llama) == "model.norm.weight"
