"""The tokens learned so far: what each is made of, and what it may be joined to."""

from __future__ import annotations

import numpy as np

from tokenizer_train.merging.alphabet import id_of_byte
from tokenizer_train.merging.pairs_kernels import ANY_KIND, BEGINS, BYTES, CONTINUES, WHOLE


class TokenTable:
    """Room for all tokens of a vocabulary; several learners may fill it one after the other."""

    def __init__(self, entries: int, aligned: bool) -> None:
        """Begin with the 256 bytes.

        Args:
            entries: tokens wanted, the bytes included.
            aligned: whether part of a character is never joined to part of another.
        """
        self.entries = entries
        self.used = BYTES
        self.merges = np.full(entries, -1, np.int64)
        """int64 [entries]: the pair that made each, left id * 2^32 + right id; -1 for bytes."""
        self.lengths = np.ones(entries, np.int32)
        """int32 [entries]: bytes."""
        self.kinds = np.full(entries, WHOLE if aligned else ANY_KIND, np.uint8)
        """uint8 [entries]: of ``pairs_kernels``."""
        self.missing = np.zeros(entries, np.int32)
        """int32 [entries]: bytes that a begun character still lacks."""
        if aligned:
            ids = id_of_byte()
            self.kinds[ids[0x80:0xC0]] = CONTINUES
            self.kinds[ids[0xC0:]] = BEGINS
            for lead, lacks in ((slice(0xC0, 0xE0), 1), (slice(0xE0, 0xF0), 2)):
                self.missing[ids[lead]] = lacks
            self.missing[ids[0xF0:]] = 3

    @property
    def learned(self) -> np.ndarray:
        """int64 [tokens so far]: ``merges`` of those."""
        return self.merges[: self.used]

    @property
    def share_done(self) -> float:
        """Merges made, of those wanted."""
        return (self.used - BYTES) / max(1, self.entries - BYTES)

    def may_join(self, left: np.ndarray, right: np.ndarray, max_length: int) -> np.ndarray:
        """Bool [pairs]: ``pairs_kernels.may_join``, for pairs that exist."""
        kinds, lengths = self.kinds, self.lengths
        alike = (kinds[left] == WHOLE) & (kinds[right] == WHOLE)
        one_character = (kinds[left] != WHOLE) & (kinds[right] == CONTINUES)
        short = lengths[left] + lengths[right] <= max_length
        return np.asarray(short & (alike | one_character | (kinds[left] == ANY_KIND)))
