"""Memory that training takes on each GPU, predicted from shapes.

Kept for each token of a pass and each block, in bytes: h is the size of a number in products (2 in
bf16), s that of the stream between blocks, C the hidden size, Q and K the sizes of all query and
all key heads, H the heads, F the inner size of the feed-forward.

    Llama, compiled   (s + 3h) C + h (3 Q + 3 K) + 3h F + 4 H + 8
    Llama             (16 + 2h) C + h (3 Q + 3 K) + 4h F + 4 H + 8
    GPT-2, compiled   (s + 7h) C + 2h F + 4 H + 16
    GPT-2             (2s + 6h) C + 2h F + 4 H + 16

These are what PyTorch's partitioner, or eager autograd, keeps for the backward pass, counted tensor
by tensor in the tests. Of blocks that are computed again (``trainer.model.recompute``), compiled or
not:

    pointwise, Llama  (s + h) C + h (2 Q + 2 K) + 2h F + 4 H
    pointwise, GPT-2  (s + h) C + h 4 C + h F + 4 H
    block             s C

What fragments and libraries take is added as ``RESERVED``.
"""

from __future__ import annotations

from dataclasses import dataclass

from trainer.config import ModelConfig, TrainConfig
from trainer.model.recompute import Recompute
from trainer.model.size import parameter_sizes

GIB = 2**30
RESERVED = 1.5 * GIB
"""Context of CUDA, workspaces of libraries, communication."""
FRAGMENTS = 0.05
"""Share of the rest that lies between tensors: what torch reserves beyond what it allocates."""
FP32, BF16 = 4, 2


@dataclass(frozen=True)
class Memory:
    """Bytes on each GPU."""

    weights: int
    """fp32, this GPU's part."""
    gradients: int
    optimizer: int
    copies: int
    """Of weights, in the precision of products, gathered from other GPUs."""
    activations: int
    """Kept for the backward pass of one micro batch."""
    block: int
    """While a block is computed again: what it had not kept."""
    loss: int
    """A chunk of logits, the gradients of the head and of the hidden states."""
    accumulates: bool
    """Whether gradients are there while activations are: a step has several passes."""

    @property
    def peak(self) -> int:
        """The most there is at a time.

        In a step of one pass gradients arise while activations go.
        """
        passing = self.activations + self.loss + self.block
        moving = (
            passing + self.gradients
            if self.accumulates
            else max(passing, self.gradients + self.block)
        )
        fixed = self.weights + self.optimizer + self.copies
        return int((fixed + moving) * (1 + FRAGMENTS) + RESERVED)


def predict_memory(
    config: TrainConfig,
    vocab_size: int,
    length: int,
    world: int = 1,
    bf16: bool = True,
    compiled: bool = True,
) -> Memory:
    """What a step needs on each of ``world`` GPUs.

    Args:
        config: the run.
        vocab_size: of the shards.
        length: tokens of a row.
        world: processes, a GPU each.
        bf16: precision of products.
        compiled: blocks are.
    """
    model = config.model
    sizes = parameter_sizes(model, vocab_size)
    total = sum(sizes.values())
    muon = sum(_is_muon(name, config) * size for name, size in sizes.items())
    own_rows = max(1, config.global_batch_rows // world)
    rows = min(config.micro_batch_rows, own_rows)
    accumulates = rows < own_rows
    number = BF16 if bf16 else FP32
    tokens = rows * length
    recomputed = round(config.speed.recompute * model.layers)
    kept = kept_per_token(model, number, compiled)
    least = kept_per_token(model, number, compiled, config.speed.recompute_of)
    stream = _stream(model, number) * model.hidden_size
    per_token = (model.layers - recomputed) * kept + recomputed * least
    gradients = FP32 * total // world
    if world > 1 and accumulates and not config.speed.reduce_each_pass:
        gradients += FP32 * total  # whole until the last pass of the step adds them up
    return Memory(
        weights=FP32 * total // world,
        gradients=gradients,
        optimizer=FP32 * (2 * total - muon) // world,
        copies=_copies(model, vocab_size, world, bf16, model.layers - recomputed),
        activations=tokens * (per_token + 2 * stream),
        block=tokens * (kept - least + stream) if recomputed else 0,
        loss=_loss(config, vocab_size, tokens, number, compiled),
        accumulates=accumulates,
    )


def kept_per_token(
    model: ModelConfig, number: int, compiled: bool, recompute: Recompute = "nothing"
) -> int:
    """Bytes that a block keeps of each token for its backward pass; see the top of the file."""
    hidden, inner, heads = model.hidden_size, model.feed_forward_size, model.heads
    stream = _stream(model, number)
    if recompute == "block":
        return stream * hidden
    if recompute == "pointwise":
        wide = inner if model.architecture == "gpt2" else 2 * inner
        of_heads = 2 * (heads + model.kv_heads) * model.head_size
        return (stream + number) * hidden + number * (of_heads + wide) + 4 * heads
    if model.architecture == "gpt2":
        of_stream = stream + 7 * number if compiled else 2 * stream + 6 * number
        return of_stream * hidden + 2 * number * inner + 4 * heads + 16
    of_heads = 3 * number * (heads + model.kv_heads) * model.head_size
    if model.qk_norm and not compiled:
        casts = 2 if number == BF16 else 1
        of_heads += casts * FP32 * (heads + model.kv_heads) * model.head_size
    if compiled:
        return (stream + 3 * number) * hidden + of_heads + 3 * number * inner + 4 * heads + 8
    return (4 * FP32 + 2 * number) * hidden + of_heads + 4 * number * inner + 4 * heads + 8


def _stream(model: ModelConfig, number: int) -> int:
    """Bytes of a number of the stream between blocks."""
    return FP32 if model.fp32_residual else number


def _is_muon(name: str, config: TrainConfig) -> bool:
    """Whether the optimizer keeps one number for each of the parameter's, not two."""
    is_matrix = name.startswith("blocks.") and name.endswith("weight") and "norm" not in name
    return config.optimizer.kind == "muon" and is_matrix


def _copies(model: ModelConfig, vocab_size: int, world: int, bf16: bool, kept_blocks: int) -> int:
    """Weights in the precision of products, which the backward pass asks for again.

    One process keeps a copy of every matrix from forward to backward. Several gather a block at a
    time, and the next; of Llama they keep those matrices that are laid side by side for a product.
    """
    number = BF16 if bf16 else FP32
    sizes = parameter_sizes(model, vocab_size)
    block = sum(size for name, size in sizes.items() if name.startswith("blocks.0."))
    if world == 1:
        return BF16 * block * kept_blocks if bf16 else 0
    joined = ("query.weight", "key.weight", "value.weight", "gate.weight", "up.weight")
    side_by_side = sum(
        size
        for name, size in sizes.items()
        if name.startswith("blocks.0.") and name.endswith(joined)
    )
    if model.architecture == "gpt2":
        side_by_side = 0
    around = sum(size for name, size in sizes.items() if not name.startswith("blocks."))
    # Two blocks gathered, the gradient of one before it is added up, and embedding and head.
    gathered = number * (2 * block + around) + FP32 * block
    return gathered + number * side_by_side * kept_blocks


def _loss(config: TrainConfig, vocab_size: int, tokens: int, number: int, compiled: bool) -> int:
    """Logits of a chunk and their gradient, the head's copy and gradient, the hidden states'."""
    from trainer.learning.loss import chunk_size

    hidden = config.model.hidden_size
    chunk = min(tokens, config.speed.loss_chunk or chunk_size(vocab_size, "cuda"))
    of_a_logit = 2 * number + (0 if compiled else 3 * FP32)
    head = vocab_size * hidden * ((BF16 if number == BF16 else 0) + 2 * FP32)
    return chunk * vocab_size * of_a_logit + head + 2 * number * tokens * hidden
