"""Our shapes and names of weights, and those of ``transformers``: Llama, Qwen3 and GPT-2.

A Llama block with norms on queries and keys is what ``transformers`` calls Qwen3. Of GPT-2 the
matrices lie the other way round there (``Conv1D``). What µP multiplies the last hidden states with
goes into the scale of the last norm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from trainer.config import ModelConfig

LLAMA = {
    "embedding": "model.embed_tokens",
    "norm": "model.norm",
    "head": "lm_head",
    "blocks": "model.layers",
    "attention_norm": "input_layernorm",
    "attention.query": "self_attn.q_proj",
    "attention.key": "self_attn.k_proj",
    "attention.value": "self_attn.v_proj",
    "attention.out": "self_attn.o_proj",
    "attention.query_norm": "self_attn.q_norm",
    "attention.key_norm": "self_attn.k_norm",
    "feed_forward_norm": "post_attention_layernorm",
    "feed_forward.gate": "mlp.gate_proj",
    "feed_forward.up": "mlp.up_proj",
    "feed_forward.down": "mlp.down_proj",
}
"""Our names of modules -> those of Llama and Qwen3; within a block, without its number."""
GPT2 = {
    "embedding": "transformer.wte",
    "positions": "transformer.wpe",
    "norm": "transformer.ln_f",
    "head": "lm_head",
    "blocks": "transformer.h",
    "attention_norm": "ln_1",
    "attention.qkv": "attn.c_attn",
    "attention.out": "attn.c_proj",
    "feed_forward_norm": "ln_2",
    "feed_forward.up": "mlp.c_fc",
    "feed_forward.down": "mlp.c_proj",
}
"""The same for GPT-2."""


def hf_config(run: Mapping[str, Any]) -> dict[str, Any]:
    """``config.json`` of the model that a run's ``run.json`` describes."""
    config = ModelConfig.model_validate(run["config"]["model"])
    shape = _gpt2_config(config) if config.architecture == "gpt2" else _llama_config(config, run)
    return {
        **shape,
        "vocab_size": run["vocab_size"],
        "tie_word_embeddings": config.tie_embeddings,
        "initializer_range": config.init_std,
        "torch_dtype": "float32",
    } | token_ids(run)


def hf_weights(weights: Mapping[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """Parameters under the names of ``transformers``; a tied head is left out, as it does."""
    found = {}
    for name, weight in weights.items():
        if config.tie_embeddings and name == "head.weight":
            continue
        if name.startswith("norm."):
            weight = weight * config.hidden_scale
        found[hf_name(name, config)] = _turned(name, weight, config).contiguous()
    return found


def weights_from_hf(theirs: Mapping[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """The other way: parameters under our names, a tied head included.

    Raises:
        KeyError: a weight that the shape asks for is not there.
    """
    from trainer.model.size import parameter_names

    found = {}
    for name in parameter_names(config):
        key = hf_name(name, config)
        if name == "head.weight" and config.tie_embeddings:
            key = hf_name("embedding.weight", config)
        weight = _turned(name, theirs[key], config)
        found[name] = weight / config.hidden_scale if name.startswith("norm.") else weight
    return found


def hf_name(name: str, config: ModelConfig) -> str:
    """``blocks.3.attention.out.weight`` -> ``model.layers.3.self_attn.o_proj.weight``."""
    names = GPT2 if config.architecture == "gpt2" else LLAMA
    module, _, kind = name.rpartition(".")
    if not module.startswith("blocks."):
        return f"{names[module]}.{kind}"
    _, number, inner = module.split(".", 2)
    return f"{names['blocks']}.{number}.{names[inner]}.{kind}"


def token_ids(run: Mapping[str, Any]) -> dict[str, int | None]:
    """bos, eos and pad as the shards name them; null keeps ``transformers`` from assuming ids."""
    return {f"{role}_token_id": run["special_ids"].get(role) for role in ("bos", "eos", "pad")}


def _turned(name: str, weight: Tensor, config: ModelConfig) -> Tensor:
    is_matrix = name.startswith("blocks.") and weight.dim() == 2
    return weight.T if config.architecture == "gpt2" and is_matrix else weight


def _llama_config(config: ModelConfig, run: Mapping[str, Any]) -> dict[str, Any]:
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": config.rope_theta}
    scaling = config.rope_scaling
    if scaling is not None:
        rope |= {"rope_type": scaling.kind, "factor": scaling.factor}
    if scaling is not None and scaling.kind == "llama3":
        rope |= {
            "original_max_position_embeddings": scaling.original_length,
            "low_freq_factor": scaling.low_frequency_factor,
            "high_freq_factor": scaling.high_frequency_factor,
        }
    family = "Qwen3" if config.qk_norm else "Llama"
    return {
        "architectures": [f"{family}ForCausalLM"],
        "model_type": family.lower(),
        "hidden_size": config.hidden_size,
        "intermediate_size": config.feed_forward_size,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.head_size,
        "hidden_act": "silu",
        "rms_norm_eps": config.norm_eps,
        # transformers 5 reads the last, 4 the others.
        "rope_theta": config.rope_theta,
        "rope_scaling": rope if scaling is not None else None,
        "rope_parameters": rope,
        "max_position_embeddings": run["sequence_length"],
        "attention_bias": False,
        "mlp_bias": False,
    }


def _gpt2_config(config: ModelConfig) -> dict[str, Any]:
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "n_embd": config.hidden_size,
        "n_layer": config.layers,
        "n_head": config.heads,
        "n_inner": config.feed_forward_size,
        "n_positions": config.max_positions,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": config.norm_eps,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
    }
