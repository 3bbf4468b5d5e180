"""What a training run may say. ``trainer.config_file`` reads it from a YAML file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from formats.units import parse_count
from trainer.config_values import (
    Beta,
    Count,
    CountOrNone,
    NotNegative,
    Positive,
    Section,
    Share,
)


def _is_local(path: str) -> str:
    if "://" in path:
        raise ValueError("a local folder is wanted (only shards may be a URL)")
    return path


def _is_init(value: str) -> str:
    kind, _, folder = value.partition(":")
    if value != "random" and not (kind in ("hf", "run") and folder):
        raise ValueError("random, hf:FOLDER, run:FOLDER or run:FOLDER@STEP is wanted")
    return value


class RopeScaling(Section):
    """Rotary positions for texts longer than those first trained on."""

    kind: Literal["linear", "llama3"] = Field(
        default="llama3",
        description="linear: all positions closer together; llama3: only the slow frequencies.",
    )
    factor: Positive = Field(default=8.0, description="How many times as long.")
    original_length: Count = Field(
        default=8192, description="llama3: length of the texts first trained on."
    )
    low_frequency_factor: Positive = Field(
        default=1.0, description="llama3: frequencies of fewer turns in original_length change."
    )
    high_frequency_factor: Positive = Field(
        default=4.0, description="llama3: frequencies of more turns in original_length stay."
    )


class ModelConfig(Section):
    """Shape of the decoder."""

    architecture: Literal["llama", "gpt2"] = Field(
        default="llama",
        description="llama: RMSNorm, rotary positions, SwiGLU; gpt2: LayerNorm, learned "
        "positions, GELU, biases.",
    )
    layers: Count = Field(default=4, description="Blocks of attention and feed-forward.")
    hidden_size: Count = Field(default=256, description="Size of the stream between blocks.")
    heads: Count = Field(default=4, description="Query heads, of size hidden_size / heads.")
    kv_heads: Count = Field(
        default=2, description="Key/value heads; each is shared by heads / kv_heads query heads."
    )
    feed_forward_size: Count = Field(
        default=704, description="Inner size of the feed-forward (SwiGLU)."
    )
    norm_eps: Positive = Field(default=1e-5, description="Added to the mean square in the norms.")
    rope_theta: Positive = Field(default=10_000.0, description="Base of the rotary positions.")
    rope_scaling: RopeScaling | None = Field(
        default=None, description="Rotary positions for longer texts; null: as they are."
    )
    qk_norm: bool = Field(
        default=False,
        description="RMSNorm on queries and keys, against attention that grows too sharp; exported "
        "as Qwen3, since Llama has none.",
    )
    max_positions: Count = Field(
        default=2048, description="gpt2: learned positions, the longest text there can be."
    )
    fp32_residual: bool = Field(
        default=False,
        description="The stream between blocks stays in fp32 where the rest is bf16 (PolyLM).",
    )
    mup_base_size: CountOrNone = Field(
        default=0,
        description="µP: hidden_size of the small model whose learning rate was tuned; rates of "
        "matrices, their first weights and the logits are scaled from it, the size of a head must "
        "be the same. 0: off.",
    )
    tie_embeddings: bool = Field(default=True, description="The output head is the embedding.")
    init_std: Positive = Field(
        default=0.02, description="Standard deviation of the initial matrices."
    )

    @property
    def head_size(self) -> int:
        """Size of one attention head."""
        return self.hidden_size // self.heads

    @property
    def hidden_scale(self) -> float:
        """µP: how much smaller the base model's stream is (Yang et al. 2022, table 8)."""
        return self.mup_base_size / self.hidden_size if self.mup_base_size else 1.0

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        _check_multiple("hidden_size", self.hidden_size, "heads", self.heads)
        _check_multiple("heads", self.heads, "kv_heads", self.kv_heads)
        if self.architecture == "gpt2":
            self._check_gpt2()
            return self
        if self.head_size % 2:
            raise ValueError(
                f"the size of a head (hidden_size / heads) is {self.head_size}; an even number is "
                "wanted, since rotary positions turn pairs"
            )
        return self

    def _check_gpt2(self) -> None:
        if self.kv_heads != self.heads:
            raise ValueError(
                f"kv_heads is {self.kv_heads}: gpt2 has as many as heads, {self.heads}"
            )
        if self.qk_norm or self.rope_scaling is not None:
            raise ValueError("qk_norm and rope_scaling are for llama; gpt2 has neither")


class OptimizerConfig(Section):
    """AdamW or Muon, and the schedule of the learning rate."""

    kind: Literal["adamw", "muon"] = Field(
        default="adamw",
        description="muon: the matrices of the blocks by Muon (Jordan 2024), their updates as "
        "large as AdamW's so that learning_rate holds for both; the rest by AdamW.",
    )
    learning_rate: Positive = Field(default=1e-3, description="The largest: of the stable part.")
    schedule: Literal["wsd", "cosine", "linear", "constant"] = Field(
        default="wsd",
        description="wsd: warm-up, stable, decay with the last phase; cosine and linear: falling "
        "from the end of the warm-up to the last step; constant: as it is.",
    )
    decay: Literal["linear", "exponential", "sqrt"] = Field(
        default="linear",
        description="wsd: how the rate falls; exponential: by the same factor each step; sqrt: "
        "fast at first.",
    )
    final_learning_rate: NotNegative = Field(
        default=1e-5, description="At the end of the last phase."
    )
    warmup_steps: CountOrNone = Field(
        default=20, description="Steps until learning_rate is reached."
    )
    beta1: Beta = Field(default=0.9, description="AdamW: how slowly the mean of gradients forgets.")
    beta2: Beta = Field(
        default=0.95, description="AdamW: how slowly the mean of their squares forgets."
    )
    eps: Positive = Field(default=1e-8, description="AdamW: added to the denominator.")
    weight_decay: NotNegative = Field(default=0.1, description="On matrices; norms have none.")
    gradient_clip: NotNegative = Field(
        default=1.0, description="Largest norm of the gradient; 0: no limit."
    )
    z_loss: NotNegative = Field(
        default=0.0,
        description="Weight of log(sum of exp(logits))^2, which keeps logits small; 1e-5 is usual.",
    )
    skip_deviations: NotNegative = Field(
        default=6.0,
        description="A step whose loss or gradient norm lies so many standard deviations above "
        "the last 128 is not taken, and counted; 0: only those that are not finite.",
    )
    most_skips: Count = Field(default=20, description="So many skipped steps in a row end the run.")
    decay_share: Share = Field(
        default=0.2,
        description="Share of the steps, at the end, that decay where no last phase says when: the "
        "shards have one phase, or max_steps ends the run before the last one.",
    )

    @model_validator(mode="after")
    def _decay_has_an_end(self) -> Self:
        if self.decay == "exponential" and not self.final_learning_rate:
            raise ValueError("final_learning_rate is 0; decay exponential wants more than 0")
        return self


class SpeedConfig(Section):
    """How the arithmetic is done; what is learnt stays the same but for rounding."""

    compile: Literal["auto"] | bool = Field(
        default="auto", description="torch.compile each block; auto: on CUDA."
    )
    attention: Literal["flash2", "flash3", "flash4"] = Field(
        default="flash2",
        description="FlashAttention on a GPU: 2 comes with PyTorch; 3 and 4, faster on Hopper, are "
        "packages (flash_attn_interface, flash_attn.cute).",
    )
    recompute: Share = Field(
        default=0.0,
        description="Share of the blocks whose activations are computed again for the gradient "
        "instead of kept (activation checkpointing): less memory, more time.",
    )
    recompute_of: Literal["pointwise", "block"] = Field(
        default="block",
        description="What those blocks compute again. pointwise: norms, rotary positions and "
        "activations, which costs next to nothing; block: all of it, a third more arithmetic for "
        "the least memory.",
    )
    reduce_each_pass: bool = Field(
        default=False,
        description="With several GPUs, add gradients up after each micro batch and not after the "
        "last: saves the memory of all gradients in fp32, and sends them each time.",
    )
    loss_chunk: CountOrNone = Field(
        default=0, description="Tokens whose logits exist at a time; 0: by the vocabulary's size."
    )


class RampStep(Section):
    """From some place on, that many rows a step."""

    rows: Count = Field(description="Rows per optimizer step.")
    from_row: CountOrNone = Field(default=0, description="The first row that counts.")
    from_tokens: str | int = Field(default=0, description="The same in tokens: 500M.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.from_row) == bool(parse_count(self.from_tokens)):
            raise ValueError("from_row or from_tokens is wanted, one of them")
        return self

    def first_row(self, sequence_length: int) -> int:
        """The place in rows."""
        return self.from_row or -(-parse_count(self.from_tokens) // sequence_length)


class TrainConfig(Section):
    """A training run."""

    shards: str = Field(min_length=1, description="Folder with manifest.json.")
    out: Annotated[str, AfterValidator(_is_local)] = Field(
        min_length=1, description="Local folder for checkpoints, metrics and the loss curve."
    )
    init: Annotated[str, AfterValidator(_is_init)] = Field(
        default="random",
        description="random, or hf:FOLDER: go on from a model of transformers (Llama, Qwen3, "
        "GPT-2), whose shape model then has; or run:FOLDER or run:FOLDER@STEP: from a checkpoint "
        "of another run, with its moments.",
    )
    phases: list[str] = Field(
        default=[], description="Phases of the shards to train on, in their order; empty: all."
    )
    model: ModelConfig = Field(default_factory=ModelConfig)
    optimizer: OptimizerConfig = Field(default_factory=OptimizerConfig)
    global_batch_rows: Count = Field(default=16, description="Rows (sequences) per optimizer step.")
    batch_ramp: list[RampStep] = Field(
        default=[],
        description="Larger (or smaller) steps later on: a list of {rows: 64, from_tokens: 50M}.",
    )
    micro_batch_rows: Count = Field(
        default=16,
        description="Most rows per forward pass of a process; gradients add up to the step's.",
    )
    max_steps: CountOrNone = Field(
        default=0, description="Stop after so many steps; 0: when every row was read once."
    )
    checkpoint_every: Count = Field(
        default=50, description="Steps between checkpoints; the last step always has one."
    )
    keep_checkpoints: Count = Field(default=2, description="Older checkpoints are removed.")
    keep_every: CountOrNone = Field(
        default=0, description="Checkpoints of multiples of so many steps stay for good; 0: none."
    )
    evaluate_every: CountOrNone = Field(
        default=0, description="Steps between evaluations of the held-out rows; 0: at the end."
    )
    evaluate_rows: CountOrNone = Field(
        default=0, description="Held-out rows that count, from the first; 0: all."
    )
    held_out: str | None = Field(
        default=None,
        description="Phase that is evaluated and not trained on; null: the one called held_out, "
        "if there is one.",
    )
    time_limit: NotNegative = Field(
        default=0.0, description="Minutes after which a checkpoint is written and the run ends."
    )
    trackers: list[Literal["tensorboard", "wandb", "trackio"]] = Field(
        default=[], description="Where metrics go beside metrics.jsonl: [tensorboard, wandb]."
    )
    log_every: Count = Field(
        default=10, description="Steps between lines of the log; metrics.jsonl has every step."
    )
    document_mask: bool = Field(
        default=True,
        description="Attention stays within a document; false: a token sees all of its row "
        "before it, other documents too. Loss never crosses a border of documents.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto: cuda where there is one, else cpu."
    )
    precision: Literal["auto", "bf16", "fp8", "fp32"] = Field(
        default="auto",
        description="Of products of matrices, weights being fp32; auto: bf16 on CUDA; fp8: in the "
        "blocks, and bf16 elsewhere (Hopper, Ada or newer).",
    )
    deterministic: bool = Field(
        default=False,
        description="On a GPU, add in one order, so that a run that goes on is equal to the bit; "
        "attention's gradient takes longer. On a CPU every run is.",
    )
    speed: SpeedConfig = Field(default_factory=SpeedConfig)
    threads: CountOrNone = Field(
        default=0,
        description="CPU threads. 0: as many as there are cores for this process, and on resuming "
        "as many as the run began with. Another number changes the last bits of losses.",
    )
    seed: CountOrNone = Field(default=17, description="Of the initial weights.")

    @model_validator(mode="after")
    def _batches_fit(self) -> Self:
        if self.global_batch_rows > self.micro_batch_rows:
            _check_multiple(
                "global_batch_rows", self.global_batch_rows,
                "micro_batch_rows", self.micro_batch_rows,
            )  # fmt: skip
        return self


FREE_TO_CHANGE = frozenset(
    ["shards", "out", "checkpoint_every", "keep_checkpoints", "keep_every", "log_every", "device",
     "threads", "micro_batch_rows", "evaluate_every", "evaluate_rows", "time_limit", "trackers",
     "precision", "deterministic", "speed.compile", "speed.attention", "speed.recompute",
     "speed.recompute_of", "speed.reduce_each_pass", "speed.loss_chunk"]
)  # fmt: skip
"""Keys that a run may be continued with other values of: what is learnt does not depend on them
(beyond rounding). Shards may move; that they are the same is told by their manifest's hash."""


def learning_settings(config: TrainConfig) -> dict[str, Any]:
    """The settings that decide what a run learns, by their keys: ``model.layers`` and so on."""
    return {
        key: value for key, value in _leaves(config.model_dump(), "") if key not in FREE_TO_CHANGE
    }


def describe_settings() -> list[tuple[str, str, str]]:
    """Key, default and meaning of every setting; the default of one that must be given is empty.

    >>> describe_settings()[2]
    ('model.layers', '4', 'Blocks of attention and feed-forward.')
    """
    return list(_described(TrainConfig, ""))


def _described(section: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in section.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _described(kind, f"{prefix}{name}.")
        else:
            default = "" if field.is_required() else _as_yaml(field.default)
            yield f"{prefix}{name}", default, field.description or ""


def _as_yaml(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _leaves(data: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Leaves of nested mappings with their dotted keys."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _check_multiple(name: str, number: int, divisor_name: str, divisor: int) -> None:
    if number % divisor:
        raise ValueError(f"{name} is {number}; a multiple of {divisor} ({divisor_name}) is wanted")
