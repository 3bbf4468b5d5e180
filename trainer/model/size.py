"""What a shape weighs and costs, without building it: parameters, FLOPs.

FLOPs of a token in training: 6 x matrix parameters (the output head in, the input embedding out)
+ 6 x layers x heads x size of a head x sequence: attention once, and half of its square, since it
is causal. Every MFU that is printed rests on this.
"""

from __future__ import annotations

from functools import lru_cache

import torch

from trainer.config import ModelConfig

FLOPS_FORMULA = "6 * matrix parameters + 6 * layers * hidden size * sequence length"


@lru_cache(maxsize=8)
def parameter_sizes(config: ModelConfig, vocab_size: int) -> dict[str, int]:
    """Name -> elements of every parameter; a tied head is the embedding and not named again."""
    from trainer.model.decoder import Decoder

    with torch.device("meta"):
        model = Decoder(config, vocab_size)
    return {name: parameter.numel() for name, parameter in model.named_parameters()}


def parameter_names(config: ModelConfig) -> list[str]:
    """All names of a state dict, a tied head's too."""
    names = list(parameter_sizes(config, 1))
    return [*names, "head.weight"] if config.tie_embeddings else names


def parameters(config: ModelConfig, vocab_size: int) -> int:
    """All parameters, each once."""
    return sum(parameter_sizes(config, vocab_size).values())


def matrix_parameters(config: ModelConfig, vocab_size: int) -> int:
    """Parameters that a token is multiplied with: the blocks and the head, tied or not."""
    sizes = parameter_sizes(config, vocab_size)
    blocks = sum(size for name, size in sizes.items() if name.startswith("blocks."))
    return blocks + vocab_size * config.hidden_size


def flops_per_token(config: ModelConfig, vocab_size: int, sequence_length: int) -> int:
    """Training FLOPs of a token."""
    attention = config.layers * config.heads * config.head_size * sequence_length
    return 6 * (matrix_parameters(config, vocab_size) + attention)
