"""Folders of ``transformers``: their shapes and weights as ours. Llama, Qwen3 and GPT-2.

Only what our blocks compute to the last digit is taken; anything else in ``config.json`` that would
change a logit is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from trainer.config import ModelConfig, RopeScaling
from trainer.errors import CheckpointError
from trainer.hf.shapes import weights_from_hf

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
FAMILIES = ("llama", "qwen3", "gpt2")
GELU_BY_TANH = ("gelu_new", "gelu_pytorch_tanh")


def is_hf_folder(path: str | Path) -> bool:
    """Whether a folder holds a model of ``transformers``."""
    return (Path(path) / CONFIG).is_file()


def read_hf_config(path: str | Path) -> dict[str, Any]:
    """``config.json``.

    Raises:
        CheckpointError: there is none, or it is not JSON.
    """
    file = Path(path) / CONFIG
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise CheckpointError(f"{file}: cannot be read ({reason})") from error
    return found


def shape_of(path: str | Path) -> ModelConfig:
    """The shape of the model in a folder.

    Raises:
        CheckpointError: it is none that our blocks can be.
    """
    theirs, file = read_hf_config(path), Path(path) / CONFIG
    family = theirs.get("model_type")
    if family not in FAMILIES:
        raise CheckpointError(
            f"{file}: model_type is {family!r}; valid: {', '.join(FAMILIES)}, whose blocks are ours"
        )
    try:
        if family == "gpt2":
            _refuse(file, _gpt2_differences(theirs))
            return _gpt2_shape(theirs)
        _refuse(file, _llama_differences(theirs))
        return _llama_shape(theirs, family)
    except KeyError as error:
        raise CheckpointError(f"{file}: {error.args[0]} is missing") from error


def read_hf_weights(path: str | Path, config: ModelConfig) -> dict[str, Tensor]:
    """Parameters under our names, float32.

    Raises:
        CheckpointError: a file or a weight is missing, or has another shape.
    """
    from trainer.model.size import parameter_names

    theirs = _tensors(Path(path))
    if config.architecture == "gpt2" and "transformer.wte.weight" not in theirs:
        theirs = {f"transformer.{name}": tensor for name, tensor in theirs.items()}
    try:
        found = weights_from_hf(theirs, config)
    except KeyError as error:
        raise CheckpointError(
            f"{path}: there is no weight {error.args[0]}, which a model of {config.layers} layers "
            "has"
        ) from error
    assert set(found) == set(parameter_names(config))
    return {name: tensor.float() for name, tensor in found.items()}


def context_of(path: str | Path) -> int | None:
    """The longest text that the model was made for; None: it does not say."""
    theirs = read_hf_config(path)
    found = theirs.get("max_position_embeddings") or theirs.get("n_positions")
    return int(found) if found else None


def special_ids_of(path: str | Path) -> dict[str, int]:
    """bos, eos and pad as ``config.json`` has them; of several, the first."""
    theirs = read_hf_config(path)
    found = {}
    for role in ("bos", "eos", "pad"):
        value = theirs.get(f"{role}_token_id")
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, int):
            found[role] = value
    return found


def _tensors(folder: Path) -> Mapping[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    index = folder / INDEX
    names = [WEIGHTS]
    if index.is_file():
        names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    tensors: dict[str, Tensor] = {}
    for name in names:
        try:
            tensors |= load_file(folder / name)
        except FileNotFoundError as error:
            raise CheckpointError(
                f"{folder / name}: is missing; weights are wanted as safetensors "
                "(save_pretrained of transformers writes them)"
            ) from error
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"{folder / name}: is damaged ({error})") from error
    return tensors


def _refuse(file: Path, differences: list[str]) -> None:
    if differences:
        raise CheckpointError(f"{file}: our blocks have no {'; no '.join(differences)}")


def _llama_differences(theirs: Mapping[str, Any]) -> list[str]:
    """What would change logits and is not in our block."""
    hidden, heads = theirs["hidden_size"], theirs["num_attention_heads"]
    found = [f"{name}=true" for name in ("attention_bias", "mlp_bias") if theirs.get(name)]
    if theirs.get("hidden_act", "silu") != "silu":
        found.append(f"hidden_act={theirs['hidden_act']!r} (valid: 'silu')")
    size = theirs.get("head_dim") or hidden // heads
    if size * heads != hidden:
        found.append(f"head_dim={size}: heads x head_dim is not hidden_size ({heads} x, {hidden})")
    if theirs.get("use_sliding_window"):
        found.append("use_sliding_window=true")
    kind = _rope(theirs).get("rope_type", "default")
    if kind not in ("default", "linear", "llama3"):
        found.append(f"rope_type={kind!r} (valid: default, linear, llama3)")
    return found


def _gpt2_differences(theirs: Mapping[str, Any]) -> list[str]:
    found = []
    activation = theirs.get("activation_function", "gelu_new")
    if activation not in GELU_BY_TANH:
        found.append(f"activation_function={activation!r} (valid: {', '.join(GELU_BY_TANH)})")
    if theirs.get("scale_attn_by_inverse_layer_idx"):
        found.append("scale_attn_by_inverse_layer_idx=true")
    if theirs.get("scale_attn_weights") is False:
        found.append("scale_attn_weights=false")
    return found


def _rope(theirs: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of rotary positions: in one place since transformers 5, in two before."""
    old = dict(theirs.get("rope_scaling") or {})
    if "type" in old:
        old.setdefault("rope_type", old.pop("type"))
    base = {"rope_theta": theirs["rope_theta"]} if theirs.get("rope_theta") else {}
    return base | old | dict(theirs.get("rope_parameters") or {})


def _llama_shape(theirs: Mapping[str, Any], family: str) -> ModelConfig:
    rope = _rope(theirs)
    return ModelConfig(
        layers=theirs["num_hidden_layers"],
        hidden_size=theirs["hidden_size"],
        heads=theirs["num_attention_heads"],
        kv_heads=theirs.get("num_key_value_heads") or theirs["num_attention_heads"],
        feed_forward_size=theirs["intermediate_size"],
        norm_eps=theirs.get("rms_norm_eps", 1e-6),
        rope_theta=rope.get("rope_theta", 10_000.0),
        rope_scaling=_scaling(rope),
        qk_norm=family == "qwen3",
        tie_embeddings=bool(theirs.get("tie_word_embeddings", False)),
        init_std=theirs.get("initializer_range") or 0.02,
    )


def _scaling(rope: Mapping[str, Any]) -> RopeScaling | None:
    kind = rope.get("rope_type", "default")
    if kind == "linear":
        return RopeScaling(kind="linear", factor=rope["factor"])
    if kind == "llama3":
        return RopeScaling(
            kind="llama3",
            factor=rope["factor"],
            original_length=rope["original_max_position_embeddings"],
            low_frequency_factor=rope["low_freq_factor"],
            high_frequency_factor=rope["high_freq_factor"],
        )
    return None


def _gpt2_shape(theirs: Mapping[str, Any]) -> ModelConfig:
    return ModelConfig(
        architecture="gpt2",
        layers=theirs["n_layer"],
        hidden_size=theirs["n_embd"],
        heads=theirs["n_head"],
        kv_heads=theirs["n_head"],
        feed_forward_size=theirs.get("n_inner") or 4 * theirs["n_embd"],
        norm_eps=theirs.get("layer_norm_epsilon", 1e-5),
        max_positions=theirs.get("n_positions", 1024),
        tie_embeddings=bool(theirs.get("tie_word_embeddings", True)),
        init_std=theirs.get("initializer_range") or 0.02,
    )
