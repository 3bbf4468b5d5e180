"""A projection whose three products are made in 8 bits: forward, to the input, to the weight.

Each tensor is scaled as a whole so that its largest value is the largest that 8 bits hold, which is
found anew each time ("tensorwise, dynamic": Micikevicius et al. 2022, FP8 Formats for Deep
Learning; torchao's default for training). Activations and weights are e4m3, four bits of exponent
and three of mantissa; gradients, whose values spread wider, are e5m2. Sums are in fp32 and results
in bf16. A scale for each row is finer, and on H100 its kernels cost what fp8 gains.

What is kept for the backward pass is the input and the weight in 8 bits.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

FORWARD, BACKWARD = torch.float8_e4m3fn, torch.float8_e5m2
MULTIPLE = 16
"""Sizes of matrices are multiples of it: 16 bytes, as cuBLAS reads them."""
LEAST_LARGEST = 1e-12
"""What stands for the largest value of a tensor of zeros."""


def fp8_linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias`` by products in fp8: [..., in] -> [..., out] in bf16."""
    y_no: Tensor = _Fp8Product.apply(x.flatten(0, -2), weight)
    y = y_no.unflatten(0, x.shape[:-1])
    return y if bias is None else y + bias.to(y.dtype)


def as_fp8(values: Tensor, kind: torch.dtype) -> tuple[Tensor, Tensor]:
    """Values of 8 bits, and the float32 scalar that they are to be multiplied with."""
    most = torch.finfo(kind).max
    largest = values.abs().amax().float().clamp(min=LEAST_LARGEST)
    # What rounds up over the largest would become nan.
    scaled = (values.float() * (most / largest)).clamp(-most, most)
    return scaled.to(kind), largest / most


class _Fp8Product(torch.autograd.Function):
    """x [n, in] @ weight [out, in].T."""

    @staticmethod
    def forward(ctx: Any, x_ni: Tensor, weight_oi: Tensor) -> Tensor:
        x8, x_scale = as_fp8(x_ni, FORWARD)
        weight8, weight_scale = as_fp8(weight_oi, FORWARD)
        ctx.save_for_backward(x8, x_scale, weight8, weight_scale)
        ctx.dtypes = x_ni.dtype, weight_oi.dtype
        return _product(x8, weight8.t(), x_scale, weight_scale, fast=True)

    @staticmethod
    def backward(ctx: Any, grad_no: Tensor) -> Any:
        x8, x_scale, weight8, weight_scale = ctx.saved_tensors
        grad8, grad_scale = as_fp8(grad_no, BACKWARD)
        grad_x = _product(grad8, _by_columns(weight8), grad_scale, weight_scale)
        grad_weight = _product(grad8.t().contiguous(), _by_columns(x8), grad_scale, x_scale)
        x_dtype, weight_dtype = ctx.dtypes
        return grad_x.to(x_dtype), grad_weight.to(weight_dtype)


def _by_columns(matrix: Tensor) -> Tensor:
    """The same matrix laid out column after column, as the kernel wants its second one."""
    return matrix.t().contiguous().t()


def _product(
    first: Tensor, second: Tensor, first_scale: Tensor, second_scale: Tensor, fast: bool = False
) -> Tensor:
    """``first @ second`` in bf16.

    Args:
        first: fp8, row after row.
        second: fp8, column after column.
        first_scale: float32 scalar.
        second_scale: float32 scalar.
        fast: add up in the registers of the tensor cores, with fewer bits than fp32: for the
            forward pass (torchao does the same), whose result is rounded to bf16 anyway.
    """
    return torch._scaled_mm(
        first, second, scale_a=first_scale, scale_b=second_scale,
        out_dtype=torch.bfloat16, use_fast_accum=fast,
    )  # fmt: skip
