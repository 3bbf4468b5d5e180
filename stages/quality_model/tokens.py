r"""How a text is prepared for a classifier of words: the one function of training and prediction.

fastText takes what stands between spaces for words, so a Chinese clause would be one word, ``end.``
another than ``end``, and every number a new one. Prepared text (``words``) is

* a run of letters and their marks, in lower case; in scripts without spaces between words each
  letter with its marks (a syllable or a character: n-grams of words join them again);
* a run of digits as that many zeros, at most 4: how long numbers are, not which;
* a punctuation mark or symbol by itself, repeated at most 3 times where it is repeated;
* ``¶`` for a line break, ``¶¶`` for several: what tells lists and menus from prose.

    "See http://a.b/12345\n\nภาษาไทย…" -> "see http : // a . b / 0000 ¶¶ ภ า ษ า ไ ท ย … "

Characters that show nothing (joiners, direction marks, soft hyphens, controls) are left out. A long
document may be read in windows spread over it. ``none`` leaves a text as it is, for models that
were trained elsewhere.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers, text_column

Preparation = Literal["words", "none"]

LINE_BREAK = "¶"


@cache
def character_kinds() -> tuple[np.ndarray, np.ndarray]:
    """What each character is and how it is written, as a two-level table.

    Returns:
        index: uint16, blocks: uint64, see ``stages.text_kernels.two_level``; an entry is the kind
        and, above ``KIND_BITS``, the UTF-8 spelling, first byte lowest (0: as it stands).
    """
    from stages import text_kernels as text
    from stages.quality_model import tokens_kernels as kernels

    flags = flat(*text.character_classes())
    categories = text.categories()
    major = categories.astype("S1")
    kinds = np.full(text.CODE_POINTS, kernels.SYMBOL, np.uint64)
    kinds[np.isin(categories, [b"Cc", b"Cf", b"Cs"])] = kernels.SKIPPED
    kinds[(flags & text.BLANK) != 0] = kernels.BLANK
    kinds[(major == b"L") | ((flags & text.LETTER) != 0)] = kernels.LETTER
    kinds[(flags & text.SPACELESS) != 0] = kernels.SYLLABLE
    kinds[major == b"M"] = kernels.MARK
    kinds[(flags & text.DIGIT) != 0] = kernels.NUMBER
    kinds[ord("\n")] = kernels.NEWLINE
    return text.two_level(kinds | (spellings(kinds) << np.uint64(kernels.KIND_BITS)))


def spellings(kinds: np.ndarray) -> np.ndarray:
    """UTF-8 of what stands for each character, first byte lowest; 0: itself. uint64 [points]."""
    from stages.quality_model import tokens_kernels as kernels

    found = np.zeros(len(kinds), np.uint64)
    for point in np.flatnonzero(~np.isin(kinds, [kernels.BLANK, kernels.SKIPPED])).tolist():
        kind = kinds[point]
        itself = character = chr(point)
        if kind == kernels.NEWLINE:
            character = LINE_BREAK
        elif kind == kernels.NUMBER:
            character = "0"
        elif len(character.lower()) == 1:
            character = character.lower()
        if character != itself:
            found[point] = int.from_bytes(character.encode(), "little")
    return found


def flat(index: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """A two-level table as one array over all code points."""
    from stages.text_kernels import BLOCK

    expanded: np.ndarray = blocks.reshape(-1, BLOCK)[index].reshape(-1)
    return expanded


def prepared(
    column: pa.Array,
    how: Preparation = "words",
    windows: int = 0,
    window_bytes: int = 0,
    wanted: np.ndarray | None = None,
) -> pa.Array:
    """The texts as a classifier reads them.

    Args:
        column: large_string [rows].
        how: ``words``, or ``none``: the bytes as they stand.
        windows: in how many windows a long text is read; 0: whole.
        window_bytes: of a window; a text of no more than all windows together is read whole.
        wanted: bool [rows]; the others become empty; None: all are wanted.

    Returns:
        large_string [rows]; with ``words`` every token is followed by a space.
    """
    from stages.quality_model import tokens_kernels as kernels

    if how == "none" and windows == 0:
        return column
    data, offsets = text_buffers(column)
    if wanted is None:
        wanted = np.ones(len(column), np.bool_)
    size = int(offsets[-1] - offsets[0])
    out_offsets = np.empty(len(offsets), np.int64)
    texts = (data, offsets, wanted, windows, window_bytes)
    if how == "none":
        out = np.empty(size + windows * len(column), np.uint8)
        kernels.windows_of(*texts, out, out_offsets)
    else:
        out = np.empty(kernels.GROWTH * size, np.uint8)
        kernels.tokens_of(*texts, *character_kinds(), out, out_offsets)
    return text_column(out[: out_offsets[-1]], out_offsets)
