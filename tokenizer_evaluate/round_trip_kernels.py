"""Whether tokens put together are the text they came from."""

from __future__ import annotations

import numpy as np

from formats.compile import array_types, kernel

_t = array_types()


@kernel((_t["u8"], _t["i64"], _t["i32"], _t["i64"], _t["u8"], _t["i64"], _t["w_b1"]))
def find_differences(
    data: np.ndarray,
    offsets: np.ndarray,
    ids: np.ndarray,
    id_offsets: np.ndarray,
    token_data: np.ndarray,
    token_offsets: np.ndarray,
    differs: np.ndarray,
) -> None:
    """Compare each text with the bytes of its tokens, joined.

    Args:
        data: uint8, the texts.
        offsets: int64 [texts + 1].
        ids: int32 [tokens of all texts].
        id_offsets: int64 [texts + 1], into ``ids``.
        token_data: uint8, the bytes of all tokens of the vocabulary.
        token_offsets: int64 [vocabulary + 1].
        differs: bool [texts], written.
    """
    for text in range(len(differs)):
        position, end = offsets[text], offsets[text + 1]
        same = True
        for number in range(id_offsets[text], id_offsets[text + 1]):
            token = ids[number]
            for at in range(token_offsets[token], token_offsets[token + 1]):
                if position >= end or data[position] != token_data[at]:
                    same = False
                    break
                position += 1
            if not same:
                break
        differs[text] = not same or position != end
