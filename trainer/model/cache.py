"""Keys and values of the tokens before, so that the next token costs one position and not all.

Rows of a batch are set flush right: shorter texts have slots before their first token that nothing
sees. A rotation says only how far two tokens are from each other, so where a row begins does not
matter to it; learned positions are counted from each row's first token.
Suffixes in names of tensors: B rows, T new positions, S slots, H heads, K key/value heads, G query
heads that share one of those, D size of a head, C hidden size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name everyone knows it by
from torch import Tensor

from trainer.model.decoder import Decoder
from trainer.model.past import Past
from trainer.model.rotary import rotary_table


class CachedDecoder:
    """A decoder that is given a text piece by piece: ``hidden`` of the first, then of the next."""

    def __init__(self, decoder: Decoder, slots: int) -> None:
        """Nothing is read yet.

        Args:
            decoder: whose weights are used; it is asked, not trained.
            slots: the most tokens of a row, those before its text included.
        """
        self.decoder, self.slots = decoder, slots
        self.filled = 0
        self._layers = [_Layer(slots) for _ in decoder.blocks]
        device = decoder.embedding.weight.device
        self._firsts_b1 = torch.zeros(0, 1, dtype=torch.long, device=device)
        self._rotation = None
        if decoder.config.architecture != "gpt2":
            self._rotation = rotary_table(slots, decoder.config, device)

    @torch.no_grad()
    def hidden(self, ids_bt: Tensor, firsts_b: Tensor | None = None) -> Tensor:
        """Hidden states [B, T, C] of the next tokens of all rows.

        Args:
            ids_bt: on the decoder's device; what stands before a row's first token is not seen.
            firsts_b: with the first piece: the slot of each row's first token; None: 0.
        """
        decoder, begin, end = self.decoder, self.filled, self.filled + ids_bt.shape[1]
        assert end <= self.slots
        if firsts_b is not None:
            self._firsts_b1 = firsts_b[:, None].to(ids_bt.device)
        elif not begin:
            self._firsts_b1 = torch.zeros(len(ids_bt), 1, dtype=torch.long, device=ids_bt.device)
        places_t = torch.arange(begin, end, device=ids_bt.device)
        x_btc = decoder.embedding(ids_bt)
        rotation = None
        if self._rotation is None:
            x_btc = x_btc + decoder.positions((places_t - self._firsts_b1).clamp(min=0))
        else:
            cos, sin = self._rotation
            rotation = (cos[begin:end], sin[begin:end])
        mask_b1ts = self._mask(places_t, end)
        for block, layer in zip(decoder.blocks, self._layers, strict=True):
            layer.mask_b1ts = mask_b1ts
            x_btc = block(x_btc, rotation, layer)
        self.filled = end
        out: Tensor = decoder.norm(x_btc)
        return out * decoder.config.hidden_scale if decoder.config.hidden_scale != 1 else out

    def keep(self, rows: Tensor) -> None:
        """Forget all rows but these."""
        self._firsts_b1 = self._firsts_b1[rows]
        for layer in self._layers:
            layer.keep(rows)

    def _mask(self, places_t: Tensor, end: int) -> Tensor | None:
        """Bool [B, 1, T, S]: what each new token sees; None: a single one sees every slot."""
        if len(places_t) == 1 and not bool(self._firsts_b1.any()):
            return None
        slots_s = torch.arange(end, device=places_t.device)
        is_before_ts = slots_s[None, :] <= places_t[:, None]
        is_of_row_bs = slots_s[None, :] >= self._firsts_b1
        # A slot before the text sees itself: a softmax over nothing is not a number.
        is_itself_ts = slots_s[None, :] == places_t[:, None]
        return (is_before_ts[None] & is_of_row_bs[:, None] | is_itself_ts[None])[:, None]


class _Layer(Past):
    """Keys and values of one block."""

    def __init__(self, slots: int) -> None:
        self.slots, self.filled = slots, 0
        self.mask_b1ts: Tensor | None = None
        self._keys_bksd: Tensor | None = None
        self._values_bksd: Tensor | None = None

    def attend(self, q_bthd: Tensor, k_btkd: Tensor, v_btkd: Tensor) -> Tensor:
        """See ``Past.attend``."""
        rows, length, heads, size = q_bthd.shape
        shared = k_btkd.shape[2]
        if self._keys_bksd is None or self._values_bksd is None:
            room = (rows, shared, self.slots, size)
            self._keys_bksd, self._values_bksd = k_btkd.new_empty(room), v_btkd.new_empty(room)
        begin, end = self.filled, self.filled + length
        self._keys_bksd[:, :, begin:end] = k_btkd.transpose(1, 2)
        self._values_bksd[:, :, begin:end] = v_btkd.transpose(1, 2)
        self.filled = end
        # Query heads that share a key are as many queries more: no key is repeated for them.
        groups = heads // shared
        q_bktgd = q_bthd.unflatten(2, (shared, groups)).transpose(1, 2)
        mask = self.mask_b1ts
        y_bkxd = F.scaled_dot_product_attention(
            q_bktgd.flatten(2, 3),
            self._keys_bksd[:, :, :end],
            self._values_bksd[:, :, :end],
            attn_mask=None if mask is None else mask.repeat_interleave(groups, dim=2),
        )
        return y_bkxd.unflatten(2, (length, groups)).transpose(1, 2).flatten(2, 3)

    def keep(self, rows: Tensor) -> None:
        """Forget all rows but these."""
        if self._keys_bksd is not None and self._values_bksd is not None:
            self._keys_bksd, self._values_bksd = self._keys_bksd[rows], self._values_bksd[rows]
