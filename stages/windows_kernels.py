"""Windows spread over a long text: what is read where reading all of it would cost too much."""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel


@kernel(forceinline=True)
def character_start(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """The first byte of a character at or after ``position``, at most ``stop``."""
    while position < stop and (data[position] & 0xC0) == 0x80:
        position += 1
    return position


@kernel(forceinline=True)
def window(
    data: np.ndarray, start: Scalar, stop: Scalar, number: Scalar, windows: Scalar, size: Scalar
) -> tuple[Scalar, Scalar]:
    """Bytes of window ``number`` of a text longer than ``windows * size``: first, and after last.

    The text is cut into as many stretches as there are windows; a window lies in the middle of
    its stretch, so that neither the head nor the foot is favoured.
    """
    length = stop - start
    begin = start + length * number // windows
    begin += (start + length * (number + 1) // windows - begin - size) // 2
    end = character_start(data, begin + size, stop)
    return character_start(data, begin, stop), end
