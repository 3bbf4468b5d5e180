"""The peer of benchmarks/training.py: Hugging Face's Llama, compiled whole, fused AdamW."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from trainer.machine.device import precision


def why_not() -> str:
    """Why there is no peer here; empty: there is one."""
    return "" if importlib.util.find_spec("transformers") else "transformers is not installed"


def peer_model(shape: dict[str, Any], vocabulary: int, length: int, device: torch.device) -> Any:
    """``LlamaForCausalLM`` of a shape as ``trainer.config.ModelConfig`` has it."""
    from transformers import LlamaConfig, LlamaForCausalLM

    flash = importlib.util.find_spec("flash_attn") is not None and device.type == "cuda"
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=shape["hidden_size"],
        intermediate_size=shape["feed_forward_size"], num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"], num_key_value_heads=shape["kv_heads"],
        tie_word_embeddings=shape["tie_embeddings"], max_position_embeddings=length,
        attn_implementation="flash_attention_2" if flash else "sdpa", use_cache=False,
        rms_norm_eps=1e-5, rope_theta=10_000.0,
    )  # fmt: skip
    torch.manual_seed(17)
    return LlamaForCausalLM(config).to(device)


def peer_step(
    model: Any, ids: list[Tensor], device: torch.device, compiled: bool
) -> Callable[[], None]:
    """A step on micro batches of token ids [B, T]: rows are one document each."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True
    )
    forward = torch.compile(model, dynamic=False) if compiled else model

    def step() -> None:
        for batch in ids:
            with precision(device):
                loss = forward(input_ids=batch, labels=batch).loss / len(ids)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def same_loss(ours: Any, batch: dict[str, Any], peer: Any) -> tuple[float, float]:
    """Our mean loss of a micro batch of whole rows, and the peer's, with our weights.

    Args:
        ours: a ``Learner``.
        batch: of the shards' loader, rows of one document.
        peer: a model of ``peer_model``.
    """
    from trainer.hf.shapes import hf_weights

    weights = hf_weights(ours.model.state_dict(), ours.config.model)
    peer.load_state_dict(weights, strict=False)
    nats, targets, _, _ = ours.evaluate([batch], 1)[0].tolist()
    ids = batch["input_ids"].to(ours.device)
    with torch.no_grad(), precision(ours.device):
        theirs = peer(input_ids=ids, labels=ids).loss.item()
    return nats / targets, theirs
