"""Adding rows and looking at 16 bytes as vectors: what Numba has no words for."""

from __future__ import annotations

from typing import Any

import numpy as np

from formats.compile import Scalar, array_types, step
from stages.language.fasttext_arrays_kernels import BLOCK, LANES

array_types()  # sets Numba's cache directory before Numba is imported

from llvmlite import ir  # noqa: E402
from numba import types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402

_FLOATS = ir.VectorType(ir.FloatType(), 16)


def _place(
    context: Any, builder: Any, type_: Any, array: Any, index: Any, vector: Any = _FLOATS
) -> Any:
    """The address of a vector in an array."""
    data = context.make_array(type_)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


def _add_row(typingctx: Any, total: Any, at: Any, rows: Any, start: Any) -> Any:
    """``total[at:at + 16] += rows[start:start + 16]`` (float32), as one vector operation.

    Numba's own loop would check for overlap on every row, and its vectoriser of straight code is
    off by default.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        to = _place(context, builder, signature.args[0], args[0], args[1])
        source = _place(context, builder, signature.args[2], args[2], args[3])
        sum_ = builder.fadd(builder.load(to, align=4), builder.load(source, align=4))
        builder.store(sum_, to, align=4)
        return context.get_dummy_value()

    return types.void(total, types.int64, rows, types.int64), code


add_row: Any = intrinsic(_add_row)


def _lanes(adding: bool) -> Any:
    """Sum 16 numbers of each of four accumulators, which become zero."""

    def lanes(typingctx: Any, total: Any, at: Any, apart: Any, out: Any, to: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            found, index = [], args[1]
            for _ in range(LANES):
                source = _place(context, builder, signature.args[0], args[0], index)
                found.append(builder.load(source, align=4))
                builder.store(ir.Constant(_FLOATS, None), source, align=4)
                index = builder.add(index, args[2])
            low, high = builder.fadd(found[0], found[1]), builder.fadd(found[2], found[3])
            sum_ = builder.fadd(low, high)
            target = _place(context, builder, signature.args[3], args[3], args[4])
            if adding:
                sum_ = builder.fadd(builder.load(target, align=4), sum_)
            builder.store(sum_, target, align=4)
            return context.get_dummy_value()

        return types.void(total, types.int64, types.int64, out, types.int64), code

    return lanes


take_lanes: Any = intrinsic(_lanes(adding=False))
"""``out[to:to + 16]`` = the sum of ``total[at + k * apart:][:16]`` for k = 0 to 3."""
add_lanes: Any = intrinsic(_lanes(adding=True))
"""The same, added to what stands in ``out``."""


def _separator_bits(typingctx: Any, data: Any, position: Any) -> Any:
    """int64: bit k is set where byte ``position + k`` of 16 is a space, 9 to 13, or NUL."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = ir.IntType(8)
        vector = ir.VectorType(byte, 16)

        def every(value: int) -> Any:
            return ir.Constant(vector, [value] * 16)

        place = _place(context, builder, signature.args[0], args[0], args[1], vector)
        loaded = builder.load(place, align=1)
        blank = builder.icmp_unsigned("==", loaded, every(32))
        nul = builder.icmp_unsigned("==", loaded, every(0))
        control = builder.icmp_unsigned("<", builder.sub(loaded, every(9)), every(5))
        bits = builder.bitcast(builder.or_(builder.or_(blank, nul), control), ir.IntType(16))
        return builder.zext(bits, ir.IntType(64))

    return types.int64(data, types.int64), code


separator_bits: Any = intrinsic(_separator_bits)


@step(forceinline=True)
def add_one(total: np.ndarray, base: Scalar, rows: np.ndarray, row: Scalar, dim: Scalar) -> None:
    """Add one row to the accumulator at ``base``."""
    for block in range(0, dim, BLOCK):
        add_row(total, base + block, rows, row * dim + block)


@step(forceinline=True)
def fold(total: np.ndarray, base: Scalar, out: np.ndarray, at: Scalar, dim: Scalar) -> None:
    """``out[at:at + dim]`` = the sum of the four accumulators at ``base``, which become zero."""
    for block in range(0, dim, BLOCK):
        take_lanes(total, base + block, dim, out, at + block)


@step(forceinline=True)
def drain(total: np.ndarray, base: Scalar, hidden: np.ndarray, at: Scalar, dim: Scalar) -> None:
    """Add the four accumulators at ``base`` to ``hidden[at:at + dim]``; they become zero."""
    for block in range(0, dim, BLOCK):
        add_lanes(total, base + block, dim, hidden, at + block)
