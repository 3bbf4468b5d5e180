"""A trained model as others load it: the files of a Hugging Face Llama."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from torch import Tensor

from formats.storage import filesystem
from trainer.checkpoint import latest_checkpoint, load_model
from trainer.errors import OutputError
from trainer.output import OutputFolder

FORMATS = ("hf",)
TOKENIZER_JSON = "tokenizer.json"
NAMES = {
    "embedding": "model.embed_tokens",
    "norm": "model.norm",
    "head": "lm_head",
    "attention_norm": "input_layernorm",
    "attention.query": "self_attn.q_proj",
    "attention.key": "self_attn.k_proj",
    "attention.value": "self_attn.v_proj",
    "attention.out": "self_attn.o_proj",
    "feed_forward_norm": "post_attention_layernorm",
    "feed_forward.gate": "mlp.gate_proj",
    "feed_forward.up": "mlp.up_proj",
    "feed_forward.down": "mlp.down_proj",
}
"""Our names of modules -> those of ``transformers``' Llama; within a block, without its number."""


def export_hf(out: str | Path, target: str | Path) -> str:
    """Write the last checkpoint as a folder for ``AutoModelForCausalLM.from_pretrained``.

    The folder appears when it is whole. The tokenizer is copied from where the pipeline leaves it,
    ``tokenizer/`` beside the shards.

    Args:
        out: folder of the training run.
        target: folder to make.

    Returns:
        What was exported, in a sentence.

    Raises:
        OutputError: there is no checkpoint, the target is in use, or the tokenizer beside the
            shards is another than the one the shards were made with.
    """
    from safetensors.torch import save_file

    folder, target = OutputFolder(out), Path(target)
    run, checkpoint = folder.read_run(), latest_checkpoint(folder.checkpoints_path)
    if run is None or checkpoint is None:
        raise OutputError(f"{folder.path}: no checkpoint of a training run in it")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target} is not empty; give a folder that is, or a new one")
    tokenizer = _tokenizer_files(run)
    temporary = target.parent / f".{target.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    _write_json(temporary / "config.json", hf_config(run))
    _write_json(temporary / "generation_config.json", _token_ids(run))
    tied = run["config"]["model"]["tie_embeddings"]
    weights = hf_weights(dict(load_model(checkpoint)), tied)
    save_file(weights, temporary / "model.safetensors", metadata={"format": "pt"})
    for name, contents in tokenizer.items():
        (temporary / name).write_bytes(contents)
    if target.exists():
        target.rmdir()
    temporary.rename(target)
    what = "with its tokenizer" if tokenizer else (
        f"without a tokenizer: there is none at {_tokenizer_folder(run)}"
    )  # fmt: skip
    return f"{checkpoint.name} of {folder.path} is in {target}, {what}"


def hf_config(run: dict[str, Any]) -> dict[str, Any]:
    """``config.json`` of the model that a run's ``run.json`` describes."""
    model = run["config"]["model"]
    theta = model["rope_theta"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": run["vocab_size"],
        "hidden_size": model["hidden_size"],
        "intermediate_size": model["feed_forward_size"],
        "num_hidden_layers": model["layers"],
        "num_attention_heads": model["heads"],
        "num_key_value_heads": model["kv_heads"],
        "head_dim": model["hidden_size"] // model["heads"],
        "hidden_act": "silu",
        "rms_norm_eps": model["norm_eps"],
        # transformers 5 reads the second, 4 the first.
        "rope_theta": theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        "max_position_embeddings": run["sequence_length"],
        "tie_word_embeddings": model["tie_embeddings"],
        "attention_bias": False,
        "mlp_bias": False,
        "initializer_range": model["init_std"],
        "torch_dtype": "float32",
    } | _token_ids(run)


def hf_weights(weights: dict[str, Tensor], tied: bool) -> dict[str, Tensor]:
    """Parameters under the names of ``transformers``; a tied head is left out, as it does."""
    return {
        hf_name(name): weight.contiguous()
        for name, weight in weights.items()
        if not (tied and name == "head.weight")
    }


def hf_name(name: str) -> str:
    """``blocks.3.attention.out.weight`` -> ``model.layers.3.self_attn.o_proj.weight``."""
    module, _, kind = name.rpartition(".")
    if not module.startswith("blocks."):
        return f"{NAMES[module]}.{kind}"
    _, number, inner = module.split(".", 2)
    return f"model.layers.{number}.{NAMES[inner]}.{kind}"


def _token_ids(run: dict[str, Any]) -> dict[str, int | None]:
    """bos, eos and pad as the shards name them; null keeps ``transformers`` from assuming ids."""
    return {f"{role}_token_id": run["special_ids"].get(role) for role in ("bos", "eos", "pad")}


def _tokenizer_folder(run: dict[str, Any]) -> str:
    return run["config"]["shards"].rstrip("/").rpartition("/")[0] + "/tokenizer"


def _tokenizer_files(run: dict[str, Any]) -> dict[str, bytes]:
    """Name -> contents of the run's tokenizer, empty where there is none."""
    files, folder = filesystem(_tokenizer_folder(run))
    if not files.isfile(f"{folder}/{TOKENIZER_JSON}"):
        return {}
    contents = {
        path.rpartition("/")[2]: files.cat_file(path)
        for path in sorted(files.ls(folder, detail=False))
        if files.isfile(path) and path.endswith((".json", ".txt", ".model", ".jinja"))
    }
    found = hashlib.sha256(contents[TOKENIZER_JSON]).hexdigest()
    if found != run["tokenizer_sha256"]:
        raise OutputError(
            f"{folder}/{TOKENIZER_JSON} has sha256 {found[:16]}…, and the shards were made with "
            f"{run['tokenizer_sha256'][:16]}…: put that tokenizer back, or make the shards again"
        )
    return contents


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
