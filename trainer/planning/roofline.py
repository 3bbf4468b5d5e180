"""How fast a step could be: what its products, its memory traffic and its attention take at least.

Products run at a share of the peak that cuBLAS reaches on large matrices (H100s lower their clock
under full load, so it is not 1), or as fast as their operands come from memory if that is slower;
attention at what FlashAttention 2 reaches, less with heads of size 64; the rest, compiled, moves
each value in and out of memory once where kernels meet. What the host, communication and waiting
for rows take is not in it: a prediction, not a measurement, and a little too good.
"""

from __future__ import annotations

from dataclasses import dataclass

from trainer.config import ModelConfig, TrainConfig
from trainer.model.size import matrix_parameters, parameter_sizes

PRODUCTS = 0.70
"""Of the bf16 peak: some 690 TFLOP/s on an H100 at 700 W."""
PRODUCTS_FP8 = 1.0
"""In fp8, of the bf16 peak, scaling and transposing included: so that a step is faster by what
nanochat (17 %, its ``dev/LOG.md``) and torchtitan (28 %) found."""
ATTENTION = {64: (0.30, 0.25), 128: (0.38, 0.32)}
"""Forward and backward, causal, by the size of a head: FlashAttention 2 on H100 (Shah et al. 2024,
FlashAttention-3, figures 5 and 6)."""
BANDWIDTH = 0.85
"""Of the memory's, in kernels that do little else."""
BACKWARD_TRAFFIC = 2.2
"""Memory traffic of the backward pass where that of the forward pass is 1, pointwise kernels."""
HALF, FULL = 2, 4


@dataclass(frozen=True)
class Chip:
    """What a roofline is made of."""

    flops: float
    """Dense bf16 FLOP/s."""
    bandwidth: float
    """Bytes per second of its memory."""


@dataclass(frozen=True)
class Seconds:
    """Of a token, on one GPU."""

    products: float
    """Of the blocks, forward and backward."""
    attention: float
    pointwise: float
    """Norms, activations, rotary positions, the stream."""
    loss: float
    """The head's products and what is done to logits."""
    weights: float
    """Casts and gradients of each pass, the optimizer's step."""
    again: float
    """What is computed again."""

    @property
    def total(self) -> float:
        """All of them, one after the other."""
        return sum(vars(self).values())


def predict_seconds(
    config: TrainConfig,
    vocab_size: int,
    length: int,
    chip: Chip,
    world: int = 1,
    attended: float | None = None,
) -> Seconds:
    """What a token takes on one of ``world`` GPUs.

    Args:
        config: the run.
        vocab_size: of the shards.
        length: tokens of a row.
        chip: the GPU.
        world: how many there are.
        attended: tokens of the document that a token is in, on average over tokens; None: rows are
            one document each.
    """
    model = config.model
    rows = max(1, config.global_batch_rows // world)
    tokens = min(config.micro_batch_rows, rows) * length
    forward = _products(config, model, tokens, chip)
    ahead, back = _attention(model, attended or length, chip)
    traffic = model.layers * _pointwise_bytes(model) / (chip.bandwidth * BANDWIDTH)
    share = config.speed.recompute
    whole = config.speed.recompute_of == "block"
    return Seconds(
        products=3 * forward,
        attention=ahead + back,
        pointwise=(1 + BACKWARD_TRAFFIC) * traffic,
        loss=_loss(config, vocab_size, tokens, chip),
        weights=_weights(config, vocab_size, tokens, rows * length, chip, world),
        again=share * (traffic + (forward + ahead if whole else 0.0)),
    )


def _products(config: TrainConfig, model: ModelConfig, tokens: int, chip: Chip) -> float:
    """Forward, all blocks: each product by arithmetic or by memory, whichever takes longer."""
    narrow, wide = model.kv_heads * model.head_size, model.heads * model.head_size
    hidden, inner = model.hidden_size, model.feed_forward_size
    into = inner if model.architecture == "gpt2" else 2 * inner
    shapes = [(hidden, wide + 2 * narrow), (wide, hidden), (hidden, into), (inner, hidden)]
    rate = chip.flops * (PRODUCTS_FP8 if config.precision == "fp8" else PRODUCTS)
    seconds = 0.0
    for rows, columns in shapes:
        moved = HALF * (rows + columns + rows * columns / tokens)
        seconds += max(2 * rows * columns / rate, moved / (chip.bandwidth * BANDWIDTH))
    return model.layers * seconds


def _attention(model: ModelConfig, length: float, chip: Chip) -> tuple[float, float]:
    """Forward and backward, all blocks: the scores are made again in the backward pass."""
    ahead, back = ATTENTION[128 if model.head_size > 64 else 64]
    product = model.layers * model.heads * model.head_size * length  # a causal one, 2 FLOPs
    return 2 * product / (chip.flops * ahead), 5 * product / (chip.flops * back)


def _pointwise_bytes(model: ModelConfig) -> float:
    """Bytes that a block's pointwise kernels move for a token in the forward pass."""
    stream = FULL if model.fp32_residual else HALF
    heads = (model.heads + model.kv_heads) * model.head_size
    inner = (2 if model.architecture == "gpt2" else 3) * model.feed_forward_size
    # The stream is read by two norms and by two sums, which write it; norms write their results.
    norms = model.hidden_size * (6 * stream + 4 * HALF)
    rotated = 0 if model.architecture == "gpt2" else 2 * heads
    return norms + HALF * (rotated + inner)


def _loss(config: TrainConfig, vocab_size: int, tokens: int, chip: Chip) -> float:
    from trainer.learning.loss import chunk_size

    hidden = config.model.hidden_size
    chunk = min(tokens, config.speed.loss_chunk or chunk_size(vocab_size, "cuda"))
    # Logits are written, read for their sum and for their gradient, which is written and read
    # twice; the head's gradient is made for each chunk and added to the sum of all.
    moved = 6 * HALF * vocab_size + vocab_size * hidden * (2 * HALF + 2 * FULL) / chunk
    products = 6 * vocab_size * hidden / (chip.flops * PRODUCTS)
    return products + moved / (chip.bandwidth * BANDWIDTH)


def _weights(
    config: TrainConfig, vocab_size: int, tokens: int, step_tokens: int, chip: Chip, world: int
) -> float:
    """Casts of weights to bf16 and of gradients from it each pass, the update each step."""
    matrices = matrix_parameters(config.model, vocab_size)
    own = sum(parameter_sizes(config.model, vocab_size).values()) / world
    passes = matrices * (FULL + HALF + HALF + HALF + 2 * FULL) / tokens
    # Norm, clip; weight, moments and their new values: 11 times 4 bytes.
    step = own * 11 * FULL / step_tokens
    return (passes + step) / (chip.bandwidth * BANDWIDTH)
