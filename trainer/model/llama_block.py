"""The block of Llama: RMSNorm, rotary positions, grouped-query attention, SwiGLU; no biases.

Query, key and value are parameters of their own, as other libraries store them and as Muon wants
them, and one product of matrices: laying them side by side costs a copy of the weights, which half
precision makes anyway.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name everyone knows it by
from torch import Tensor, nn

from trainer.config import ModelConfig
from trainer.model.attention import Documents, attend
from trainer.model.norm import RMSNorm
from trainer.model.rotary import rotate


class LlamaBlock(nn.Module):
    """Attention and feed-forward, each behind a norm and added to the stream."""

    def __init__(self, config: ModelConfig) -> None:
        """Build one block."""
        super().__init__()
        self.attention_norm = RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.attention = LlamaAttention(config)
        self.feed_forward_norm = RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.feed_forward = SwiGLU(config)

    def forward(
        self, x_btc: Tensor, rotation: tuple[Tensor, Tensor], documents: Documents | None
    ) -> Tensor:
        """[B, T, C] -> [B, T, C]."""
        x_btc = x_btc + self.attention(self.attention_norm(x_btc), rotation, documents)
        out: Tensor = x_btc + self.feed_forward(self.feed_forward_norm(x_btc))
        return out


class LlamaAttention(nn.Module):
    """Causal attention; several query heads share a key/value head."""

    def __init__(self, config: ModelConfig) -> None:
        """Build the four projections, and the norms of queries and keys where they are wanted."""
        super().__init__()
        self.heads, self.kv_heads, self.head_size = config.heads, config.kv_heads, config.head_size
        wide, narrow = self.heads * self.head_size, self.kv_heads * self.head_size
        self.query = nn.Linear(config.hidden_size, wide, bias=False)
        self.key = nn.Linear(config.hidden_size, narrow, bias=False)
        self.value = nn.Linear(config.hidden_size, narrow, bias=False)
        self.out = nn.Linear(wide, config.hidden_size, bias=False)
        if config.qk_norm:
            self.query_norm = RMSNorm(self.head_size, eps=config.norm_eps)
            self.key_norm = RMSNorm(self.head_size, eps=config.norm_eps)
        self.qk_norm = config.qk_norm

    def forward(
        self, x_btc: Tensor, rotation: tuple[Tensor, Tensor], documents: Documents | None
    ) -> Tensor:
        """[B, T, C] -> [B, T, C]."""
        rows, length, _ = x_btc.shape
        weights = torch.cat((self.query.weight, self.key.weight, self.value.weight))
        joint = F.linear(x_btc, weights).view(rows, length, -1, self.head_size)
        q_bthd, k_btkd, v_btkd = joint.split((self.heads, self.kv_heads, self.kv_heads), dim=2)
        if self.qk_norm:
            q_bthd, k_btkd = self.query_norm(q_bthd), self.key_norm(k_btkd)
        q_bthd, k_btkd = rotate(q_bthd, rotation), rotate(k_btkd, rotation)
        y_bthd = attend(q_bthd.to(v_btkd.dtype), k_btkd.to(v_btkd.dtype), v_btkd, documents)
        out: Tensor = self.out(y_bthd.reshape(rows, length, -1))
        return out


class SwiGLU(nn.Module):
    """Two projections, one of which gates the other (Shazeer 2020), and one back."""

    def __init__(self, config: ModelConfig) -> None:
        """Build the three projections."""
        super().__init__()
        self.gate = nn.Linear(config.hidden_size, config.feed_forward_size, bias=False)
        self.up = nn.Linear(config.hidden_size, config.feed_forward_size, bias=False)
        self.down = nn.Linear(config.feed_forward_size, config.hidden_size, bias=False)

    def forward(self, x_btc: Tensor) -> Tensor:
        """[B, T, C] -> [B, T, C]."""
        joint = F.linear(x_btc, torch.cat((self.gate.weight, self.up.weight)))
        gate, up = joint.chunk(2, dim=-1)
        out: Tensor = self.down(F.silu(gate) * up)
        return out
