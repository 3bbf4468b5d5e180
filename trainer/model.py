"""A Llama-style decoder in plain PyTorch.

RMSNorm before each block, rotary positions (halves rotated, as in Hugging Face's Llama), grouped
query attention, SwiGLU; the embedding may be tied to the output head. Suffixes in names of tensors:
B rows, T positions, H heads, K key/value heads, D size of a head, C hidden size, V vocabulary.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the name everyone knows it by
from torch import Tensor, nn

from trainer.config import ModelConfig


class Decoder(nn.Module):
    """Token ids in, hidden states or logits out."""

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        """Build with random weights of ``config.init_std`` (output projections smaller)."""
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, config.hidden_size)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.head = nn.Linear(config.hidden_size, vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        self._initialise()

    def _initialise(self) -> None:
        # Projections back into the residual stream shrink with depth (GPT-2, section 2.3), so
        # that the stream's variance does not grow with the number of blocks.
        std = self.config.init_std
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                continue
            back = name.endswith(("attention.out.weight", "feed_forward.down.weight"))
            scale = 1 / math.sqrt(2 * self.config.layers) if back else 1.0
            nn.init.normal_(parameter, 0.0, std * scale)

    def forward(self, ids_bt: Tensor, document_bt: Tensor | None = None) -> Tensor:
        """Logits [B, T, V].

        Args:
            ids_bt: token ids.
            document_bt: number of the document each position belongs to; a position attends only
                within its own. None: the whole row is one.
        """
        mask = None if document_bt is None else document_mask(document_bt)
        rotation = rotary_table(ids_bt.shape[1], self.config, ids_bt.device)
        x_btc = self.embedding(ids_bt)
        for block in self.blocks:
            x_btc = block(x_btc, rotation, mask)
        logits: Tensor = self.head(self.norm(x_btc))
        return logits

    def matrix_parameters(self) -> int:
        """Parameters that a token is multiplied with: the head counts, the embedding does not."""
        blocks = sum(p.numel() for p in self.blocks.parameters())
        return blocks + self.head.weight.numel()

    def flops_per_token(self, sequence_length: int) -> int:
        """Training FLOPs: 6 x matrix parameters + 6 x layers x heads x head size x sequence."""
        config = self.config
        attention = config.layers * config.heads * config.head_size * sequence_length
        return 6 * (self.matrix_parameters() + attention)


class Block(nn.Module):
    """Attention and feed-forward, each behind a norm and added to the stream."""

    def __init__(self, config: ModelConfig) -> None:
        """Build one block."""
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.attention = Attention(config)
        self.feed_forward_norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.feed_forward = FeedForward(config)

    def forward(
        self, x_btc: Tensor, rotation: tuple[Tensor, Tensor], mask: Tensor | None
    ) -> Tensor:
        """[B, T, C] -> [B, T, C]."""
        x_btc = x_btc + self.attention(self.attention_norm(x_btc), rotation, mask)
        out: Tensor = x_btc + self.feed_forward(self.feed_forward_norm(x_btc))
        return out


class Attention(nn.Module):
    """Causal attention; several query heads share a key/value head."""

    def __init__(self, config: ModelConfig) -> None:
        """Build the four projections."""
        super().__init__()
        self.heads, self.kv_heads, self.head_size = config.heads, config.kv_heads, config.head_size
        wide, narrow = self.heads * self.head_size, self.kv_heads * self.head_size
        self.query = nn.Linear(config.hidden_size, wide, bias=False)
        self.key = nn.Linear(config.hidden_size, narrow, bias=False)
        self.value = nn.Linear(config.hidden_size, narrow, bias=False)
        self.out = nn.Linear(wide, config.hidden_size, bias=False)

    def forward(
        self, x_btc: Tensor, rotation: tuple[Tensor, Tensor], mask: Tensor | None
    ) -> Tensor:
        """[B, T, C] -> [B, T, C]."""
        rows, length, _ = x_btc.shape
        q_bhtd = self.query(x_btc).view(rows, length, self.heads, -1).transpose(1, 2)
        k_bktd = self.key(x_btc).view(rows, length, self.kv_heads, -1).transpose(1, 2)
        v_bktd = self.value(x_btc).view(rows, length, self.kv_heads, -1).transpose(1, 2)
        q_bhtd, k_bktd = rotate(q_bhtd, rotation), rotate(k_bktd, rotation)
        # Of CUDA's attention kernels, the one that takes a mask does not take grouped heads (torch
        # would fall back to plain matrices of T x T), so each key and value head is repeated.
        shared_by = self.heads // self.kv_heads
        y_bhtd = F.scaled_dot_product_attention(
            q_bhtd,
            k_bktd.repeat_interleave(shared_by, dim=1),
            v_bktd.repeat_interleave(shared_by, dim=1),
            attn_mask=mask,
            is_causal=mask is None,
        )
        out: Tensor = self.out(y_bhtd.transpose(1, 2).reshape(rows, length, -1))
        return out


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, config: ModelConfig) -> None:
        """Build the three projections."""
        super().__init__()
        self.gate = nn.Linear(config.hidden_size, config.feed_forward_size, bias=False)
        self.up = nn.Linear(config.hidden_size, config.feed_forward_size, bias=False)
        self.down = nn.Linear(config.feed_forward_size, config.hidden_size, bias=False)

    def forward(self, x_btc: Tensor) -> Tensor:
        """[B, T, C] -> [B, T, C]."""
        out: Tensor = self.down(F.silu(self.gate(x_btc)) * self.up(x_btc))
        return out


def rotary_table(
    length: int, config: ModelConfig, device: torch.device | str
) -> tuple[Tensor, Tensor]:
    """Cosines and sines [T, D] of the angles position x theta^(-2i/D), each half repeated."""
    half = torch.arange(0, config.head_size, 2, dtype=torch.int64, device=device).float()
    frequencies = 1.0 / (config.rope_theta ** (half / config.head_size))
    angles = torch.arange(length, device=device).float()[:, None] * frequencies[None, :]
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x_bhtd: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate pairs (i, i + D/2) of each head by the position's angles."""
    cos, sin = (part.to(x_bhtd.dtype) for part in rotation)
    first, second = x_bhtd.chunk(2, dim=-1)
    return x_bhtd * cos + torch.cat((-second, first), dim=-1) * sin


def document_mask(document_bt: Tensor) -> Tensor:
    """Bool [B, 1, T, T]: True where query and key stand in one document, the key not later."""
    same = document_bt[:, :, None] == document_bt[:, None, :]
    return same.tril()[:, None]
