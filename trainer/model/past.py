"""What a block may be given instead of documents: tokens that were read before."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor


class Past(ABC):
    """Attends for one block; ``trainer.model.cache`` has the one that generating uses."""

    @abstractmethod
    def attend(self, q_bthd: Tensor, k_btkd: Tensor, v_btkd: Tensor) -> Tensor:
        """Attention [B, T, H, D] of new positions to themselves and to all before; kept for more.

        Args:
            q_bthd: queries of the new positions.
            k_btkd: their keys, rotated.
            v_btkd: their values.
        """
