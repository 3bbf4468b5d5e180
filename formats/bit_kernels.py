"""Sixty-four bits at a time: loads that need not be aligned, counts and products of bits.

One machine instruction each, for which Numba has no words.
"""

from __future__ import annotations

from typing import Any

from formats.compile import array_types

array_types()  # sets Numba's cache directory before Numba is imported

from llvmlite import ir  # noqa: E402
from numba import types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402


def _load_8(typingctx: Any, data: Any, position: Any) -> Any:
    """uint64: the 8 bytes at ``position``, the first in the lowest bits; they must be there."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bytes_ = context.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(bytes_, [args[1]]), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    return types.uint64(data, types.int64), code


load_8: Any = intrinsic(_load_8)


def _high_product(typingctx: Any, a: Any, b: Any) -> Any:
    """uint64: the upper 64 bits of the product of two uint64."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return types.uint64(types.uint64, types.uint64), code


high_product: Any = intrinsic(_high_product)


def _lowest_bit(typingctx: Any, bits: Any) -> Any:
    """int64: the number of zero bits below the lowest set bit of an int64 that is not 0."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), code


lowest_bit: Any = intrinsic(_lowest_bit)


def _count_bits(typingctx: Any, word: Any) -> Any:
    """How many of the 64 bits are set."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.uint64(types.uint64), code


count_bits: Any = intrinsic(_count_bits)
