"""Models of transformers as ours: the same logits, and what is refused."""

import json

import pytest
import torch
import transformers

from trainer.errors import CheckpointError, OutputError
from trainer.hf.folder import shape_of
from trainer.loaded import open_model

LLAMA = {"vocab_size": 64, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 2,
         "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 32,
         "initializer_range": 0.2}  # fmt: skip
QWEN3 = LLAMA | {"head_dim": 8, "tie_word_embeddings": True}
LONG = {"rope_type": "llama3", "factor": 4.0, "original_max_position_embeddings": 16,
        "low_freq_factor": 1.0, "high_freq_factor": 4.0, "rope_theta": 500.0}  # fmt: skip
GPT2 = {"vocab_size": 64, "n_embd": 48, "n_layer": 2, "n_head": 6, "n_positions": 32,
        "initializer_range": 0.2}  # fmt: skip
THEIRS = {
    "llama": (transformers.LlamaConfig, LLAMA),
    "llama, longer": (transformers.LlamaConfig, LLAMA | {"rope_parameters": LONG}),
    "llama, tied": (transformers.LlamaConfig, LLAMA | {"tie_word_embeddings": True}),
    "qwen3": (transformers.Qwen3Config, QWEN3),
    "gpt2": (transformers.GPT2Config, GPT2),
    "gpt2, narrow": (transformers.GPT2Config, GPT2 | {"n_inner": 40}),
}


def saved(folder, kind, shape, **options):
    torch.manual_seed(4)
    config = kind(**shape)
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    for parameter in model.parameters():  # norms and biases too
        torch.nn.init.normal_(parameter, 0.5 * (parameter.dim() < 2), 0.2)
    model.save_pretrained(folder, **options)
    return model


@pytest.mark.parametrize("name", THEIRS)
def test_the_same_logits(name, tmp_path):
    theirs = saved(tmp_path, *THEIRS[name])
    ours = open_model(tmp_path, "cpu")
    ids = torch.randint(64, (3, 30), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        torch.testing.assert_close(ours.decoder(ids), theirs(ids).logits, atol=1e-5, rtol=1e-5)
    assert (ours.vocab_size, ours.length) == (64, 32)


def test_weights_in_several_files(tmp_path):
    theirs = saved(tmp_path, *THEIRS["llama"], max_shard_size="20KB")
    assert (tmp_path / "model.safetensors.index.json").exists()
    ids = torch.arange(20)[None]
    with torch.no_grad():
        ours = open_model(tmp_path, "cpu").decoder(ids)
        torch.testing.assert_close(ours, theirs(ids).logits, atol=1e-5, rtol=1e-5)


def test_gpt2_as_it_was_first_published_has_no_prefix(tmp_path):
    """openai-community/gpt2 names its weights wte.weight, h.0.attn.c_attn.weight."""
    theirs = saved(tmp_path, *THEIRS["gpt2"])
    theirs.transformer.save_pretrained(tmp_path)
    ids = torch.arange(20)[None]
    with torch.no_grad():
        ours = open_model(tmp_path, "cpu").decoder(ids)
        torch.testing.assert_close(ours, theirs(ids).logits, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "mamba"}, "model_type is 'mamba'; valid: llama, qwen3, gpt2"),
        ({"attention_bias": True, "hidden_act": "gelu"},
         "no attention_bias=true; no hidden_act='gelu' \\(valid: 'silu'\\)"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "rope_type='yarn' \\(valid: default, linear"),
        ({"head_dim": 16}, "head_dim=16"),
        ({"hidden_size": None}, "config.json"),
    ],
)  # fmt: skip
def test_what_our_blocks_cannot_be(changes, message, tmp_path):
    saved(tmp_path, *THEIRS["llama"])
    path = tmp_path / "config.json"
    said = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not None}))
    with pytest.raises(CheckpointError, match=message):
        shape_of(tmp_path)


def test_missing_weights(tmp_path):
    saved(tmp_path, *THEIRS["llama"])
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(
        CheckpointError, match=r"model.safetensors: is missing; weights .*save_pretrained"
    ):
        open_model(tmp_path)


def test_no_model(tmp_path):
    with pytest.raises(OutputError, match="no model in it; valid: the folder of a run"):
        open_model(tmp_path)
