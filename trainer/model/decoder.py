"""The decoder: token ids in, hidden states or logits out.

Suffixes in names of tensors: B rows, T positions, C hidden size, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from trainer.config import ModelConfig
from trainer.model.attention import Documents
from trainer.model.gpt2_block import Gpt2Block
from trainer.model.llama_block import LlamaBlock
from trainer.model.norm import RMSNorm
from trainer.model.recompute import Recompute
from trainer.model.rotary import rotary_table

Then = Callable[[Tensor, Tensor], Any]
BACK_INTO_STREAM = ("attention.out.weight", "feed_forward.down.weight")


class Decoder(nn.Module):
    """Embedding, blocks, norm, output head."""

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        """Build with random weights of ``config.init_std`` (output projections smaller)."""
        super().__init__()
        self.config = config
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, config.hidden_size)
        if config.architecture == "gpt2":
            self.positions = nn.Embedding(config.max_positions, config.hidden_size)
            self.blocks = nn.ModuleList(Gpt2Block(config) for _ in range(config.layers))
            self.norm: nn.Module = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        else:
            self.blocks = nn.ModuleList(LlamaBlock(config) for _ in range(config.layers))
            self.norm = RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.head = nn.Linear(config.hidden_size, vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        self._rotation: tuple[Tensor, Tensor] | None = None
        """Of the longest rows so far. Made anew, it would have the host wait for the device."""
        self._initialise()

    def recompute(self, blocks: int, what: Recompute) -> None:
        """Let so many blocks keep less for the gradient than they could."""
        for number, block in enumerate(self.blocks):
            assert isinstance(block, LlamaBlock | Gpt2Block)
            block.recompute = what if number < blocks else "nothing"

    @torch.no_grad()
    def _initialise(self) -> None:
        for name, parameter in self.named_parameters():
            if not parameter.is_meta:
                parameter.copy_(initial_weight(name, parameter.shape, self.config))

    def forward(
        self, ids_bt: Tensor, documents: Documents | None = None, then: Then | None = None
    ) -> Any:
        """Logits [B, T, V], or what ``then`` makes of hidden states and the head.

        Args:
            ids_bt: token ids.
            documents: where attention must not cross; None: a whole row is one document.
            then: given the hidden states [B, T, C] and the head [V, C]; all weights are at hand
                inside it, also where processes share them.
        """
        hidden_btc = self.hidden(ids_bt, documents)
        if then is None:
            return self.head(hidden_btc)
        return then(hidden_btc, self.head.weight)

    def hidden(self, ids_bt: Tensor, documents: Documents | None = None) -> Tensor:
        """What the output head is multiplied with: [B, T, C]."""
        x_btc = self.embedding(ids_bt)
        rotation = None
        if self.config.architecture == "gpt2":
            places = torch.arange(ids_bt.shape[1], device=ids_bt.device)
            x_btc = x_btc + self.positions(places if documents is None else documents.positions_bt)
        else:
            rotation = self._rotary_table(ids_bt.shape[1], ids_bt.device)
        if self.config.fp32_residual:
            x_btc = x_btc.float()
        elif torch.is_autocast_enabled(x_btc.device.type):
            x_btc = x_btc.to(torch.get_autocast_dtype(x_btc.device.type))
        for block in self.blocks:
            x_btc = block(x_btc, rotation, documents)
        out: Tensor = self.norm(x_btc)
        if self.config.hidden_scale != 1:
            out = out * self.config.hidden_scale
        return out

    def _rotary_table(self, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
        known = self._rotation
        if known is None or len(known[0]) < length or known[0].device != device:
            known = self._rotation = rotary_table(length, self.config, device)
        return known[0][:length], known[1][:length]


def initial_weight(name: str, shape: Sequence[int], config: ModelConfig) -> Tensor:
    """The first value of a parameter, drawn on the CPU from torch's own generator.

    Projections back into the residual stream shrink with depth (GPT-2, section 2.3), so that the
    stream's variance does not grow with the number of blocks.
    """
    if len(shape) < 2:
        return torch.zeros(*shape) if name.endswith("bias") else torch.ones(*shape)
    scale = config.hidden_scale**0.5 if name.startswith("blocks.") else 1.0
    if name.endswith(BACK_INTO_STREAM):
        scale /= math.sqrt(2 * config.layers)
    return nn.init.normal_(torch.empty(*shape), 0.0, config.init_std * scale)
