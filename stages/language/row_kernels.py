"""Adding rows of a float32 matrix as vectors, and counting bits: what Numba has no words for."""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import Scalar, array_types, kernel
from stages.language.fasttext_arrays_kernels import BLOCK

array_types()  # sets Numba's cache directory before Numba is imported

from llvmlite import ir  # noqa: E402
from numba import types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402


def _add_row(typingctx: Any, total: Any, at: Any, rows: Any, start: Any) -> Any:
    """``total[at:at + 16] += rows[start:start + 16]`` (float32), as one vector operation.

    Numba's own loop would check for overlap on every row, and its vectoriser of straight code is
    off by default.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = ir.VectorType(ir.FloatType(), 16)

        def address(array: int, index: int) -> Any:
            data = context.make_array(signature.args[array])(context, builder, args[array]).data
            return builder.bitcast(builder.gep(data, [args[index]]), vector.as_pointer())

        to, source = address(0, 1), address(2, 3)
        sum_ = builder.fadd(builder.load(to, align=4), builder.load(source, align=4))
        builder.store(sum_, to, align=4)
        return context.get_dummy_value()

    return types.void(total, types.int64, rows, types.int64), code


add_row: Any = intrinsic(_add_row)


def _count_bits(typingctx: Any, word: Any) -> Any:
    """How many of the 64 bits are set."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), code


count_bits: Any = intrinsic(_count_bits)


@kernel(forceinline=True)
def add_one(total: np.ndarray, base: Scalar, rows: np.ndarray, row: Scalar, dim: Scalar) -> None:
    """Add one row to the accumulator at ``base``."""
    for block in range(0, dim, BLOCK):
        add_row(total, base + block, rows, row * dim + block)


@kernel(forceinline=True)
def fold(total: np.ndarray, base: Scalar, out: np.ndarray, at: Scalar, dim: Scalar) -> None:
    """``out[at:at + dim]`` = the sum of the four accumulators at ``base``."""
    for d in range(dim):
        first, second = base + d, base + 2 * dim + d
        out[at + d] = (total[first] + total[first + dim]) + (total[second] + total[second + dim])
