"""The block of GPT-2 (Radford et al. 2019): LayerNorm before each part, GELU, biases everywhere."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the name everyone knows it by
from torch import Tensor, nn

from trainer.config import ModelConfig
from trainer.model.attention import Documents, attend


class Gpt2Block(nn.Module):
    """Attention and feed-forward, each behind a norm and added to the stream."""

    def __init__(self, config: ModelConfig) -> None:
        """Build one block."""
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.attention = Gpt2Attention(config)
        self.feed_forward_norm = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.feed_forward = GeluMlp(config)

    def forward(self, x_btc: Tensor, rotation: None, documents: Documents | None) -> Tensor:
        """[B, T, C] -> [B, T, C]; positions are in the stream already."""
        x_btc = x_btc + self.attention(self.attention_norm(x_btc), documents)
        out: Tensor = x_btc + self.feed_forward(self.feed_forward_norm(x_btc))
        return out


class Gpt2Attention(nn.Module):
    """Causal attention, a key and value for every query head."""

    def __init__(self, config: ModelConfig) -> None:
        """Build the joint projection of queries, keys and values, and the one back."""
        super().__init__()
        self.heads = config.heads
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.out = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x_btc: Tensor, documents: Documents | None) -> Tensor:
        """[B, T, C] -> [B, T, C]."""
        rows, length, size = x_btc.shape
        joint = self.qkv(x_btc).view(rows, length, 3 * self.heads, size // self.heads)
        q_bthd, k_bthd, v_bthd = joint.chunk(3, dim=2)
        out: Tensor = self.out(attend(q_bthd, k_bthd, v_bthd, documents).reshape(x_btc.shape))
        return out


class GeluMlp(nn.Module):
    """Up, GELU (in its approximation by tanh, as GPT-2 has it), down."""

    def __init__(self, config: ModelConfig) -> None:
        """Build the two projections."""
        super().__init__()
        self.up = nn.Linear(config.hidden_size, config.feed_forward_size)
        self.down = nn.Linear(config.feed_forward_size, config.hidden_size)

    def forward(self, x_btc: Tensor) -> Tensor:
        """[B, T, C] -> [B, T, C]."""
        out: Tensor = self.down(F.gelu(self.up(x_btc), approximate="tanh"))
        return out
