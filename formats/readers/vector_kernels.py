"""Thirty-two bytes at a time: which of them stop a scan.

LLVM does not vectorise a loop with an early exit, so the loads and comparisons are written as
vectors here (AVX2 or AVX-512 on x86, two NEON registers on ARM). A load reads 32 bytes from its
position, a copy writes as many: the buffers on both sides end in ``PADDING`` bytes for that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic as _intrinsic

from formats.compile import kernel

PADDING = 64
"""Bytes a buffer must have after its last byte."""

intrinsic: Any = _intrinsic  # a kernel calls it without the typing context; its stub does not know

_WIDTH = 32
_BYTE, _MASK = ir.IntType(8), ir.IntType(_WIDTH)
_VECTOR = ir.VectorType(_BYTE, _WIDTH)


def _splat(byte: int) -> Any:
    """A vector of one byte value."""
    return ir.Constant(_VECTOR, [byte] * _WIDTH)


def _load(context: Any, builder: Any, array_type: Any, array: Any, position: Any) -> Any:
    """Load 32 bytes at a position that need not be aligned."""
    struct = cgutils.create_struct_proxy(array_type)(context, builder, value=array)
    pointer = builder.gep(struct.data, [position])
    return builder.load(builder.bitcast(pointer, _VECTOR.as_pointer()), align=1)


@intrinsic
def string_stops(typing_context: Any, data: Any, position: Any) -> Any:
    """uint32: bit k is set where byte ``position + k`` is a quote, a backslash or below 0x20."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loaded = _load(context, builder, signature.args[0], arguments[0], arguments[1])
        quote = builder.icmp_unsigned("==", loaded, _splat(0x22))
        backslash = builder.icmp_unsigned("==", loaded, _splat(0x5C))
        control = builder.icmp_unsigned("<", loaded, _splat(0x20))
        stops = builder.or_(builder.or_(quote, backslash), control)
        return builder.bitcast(stops, _MASK)

    return types.uint32(data, types.int64), generate


@intrinsic
def newline_stops(typing_context: Any, data: Any, position: Any) -> Any:
    """uint32: bit k is set where byte ``position + k`` is a line feed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loaded = _load(context, builder, signature.args[0], arguments[0], arguments[1])
        return builder.bitcast(builder.icmp_unsigned("==", loaded, _splat(0x0A)), _MASK)

    return types.uint32(data, types.int64), generate


@intrinsic
def copy_vector(typing_context: Any, data: Any, position: Any, out: Any, written: Any) -> Any:
    """Copy 32 bytes from ``data[position:]`` to ``out[written:]``; both must be padded."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        loaded = _load(context, builder, signature.args[0], arguments[0], arguments[1])
        struct = cgutils.create_struct_proxy(signature.args[2])(context, builder, arguments[2])
        pointer = builder.gep(struct.data, [arguments[3]])
        builder.store(loaded, builder.bitcast(pointer, _VECTOR.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(data, types.int64, out, types.int64), generate


@kernel()
def copy_bytes(data: np.ndarray, start: int, length: int, out: np.ndarray, written: int) -> None:
    """Copy bytes in whole vectors: up to 31 bytes behind the last are overwritten too."""
    for done in range(0, length, _WIDTH):
        copy_vector(data, start + done, out, written + done)


@intrinsic
def trailing_zeros(typing_context: Any, bits: Any) -> Any:
    """int64: the number of zero bits below the lowest set bit of a uint32 that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count = builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))
        return builder.zext(count, ir.IntType(64))

    return types.int64(types.uint32), generate
