"""What a run will take, before it takes it: parameters, arithmetic, memory, time.

Needs no GPU, and no shards where vocabulary, length and tokens are given instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from formats.units import format_count
from trainer.config import ModelConfig, TrainConfig
from trainer.data import Corpus
from trainer.errors import ConfigError
from trainer.model.size import FLOPS_FORMULA, flops_per_token, matrix_parameters, parameters
from trainer.planning.memory import GIB, Memory, predict_memory
from trainer.planning.roofline import Chip, predict_seconds
from trainer.timetable import Timetable


@dataclass(frozen=True)
class Gpu:
    """A device that plans are made for."""

    name: str
    flops: float
    """Dense bf16 FLOP/s (NVIDIA's data sheets)."""
    memory: float
    """Bytes that a process finds free."""
    bandwidth: float
    """Bytes per second of its memory (NVIDIA's data sheets)."""


GPUS = (
    Gpu("A100 80 GB", 312e12, 78 * GIB, 2.04e12),
    Gpu("H100 80 GB", 989e12, 78 * GIB, 3.35e12),
    Gpu("H200 141 GB", 989e12, 139 * GIB, 4.8e12),
)
USUAL_MFU = 0.4
"""What good trainers reach on H100s at 1B to 8B parameters, in this formula."""
MOST_TIMES = 16
"""More GPUs than so many times as many are no advice."""


@dataclass(frozen=True)
class Data:
    """What is known of the shards."""

    vocab_size: int
    length: int
    """Tokens of a row."""
    phase_rows: tuple[int, ...]

    @classmethod
    def of(cls, corpus: Corpus) -> Data:
        """Of shards that are there."""
        manifest = corpus.shards.manifest
        rows = tuple(corpus.training.phase_rows)
        return cls(manifest.vocab_size, manifest.sequence_length, rows)

    @classmethod
    def given(cls, vocab_size: int, length: int, tokens: int) -> Data:
        """Of shards that are yet to be made, with one phase."""
        return cls(vocab_size, length, (max(1, tokens // length),))


@dataclass(frozen=True)
class Plan:
    """What a run takes."""

    config: TrainConfig
    data: Data
    world: int
    parameters: int
    matrix_parameters: int
    flops_per_token: int
    steps: int
    tokens: int
    tokens_per_step: int
    """Of the first steps, where a ramp changes them."""
    passes: int
    """Micro batches of a step on each GPU."""
    memory: Memory
    recomputed: dict[str, Memory]
    """With every block computed again for the backward pass, by what of it is."""

    def seconds(self, gpu: Gpu, mfu: float) -> float:
        """Time of the whole run at a share of the GPUs' arithmetic."""
        return self.tokens * self.flops_per_token / (gpu.flops * mfu * self.world)

    def predicted_mfu(self, gpu: Gpu) -> float:
        """Share of the arithmetic that a roofline leaves: see ``trainer.planning.roofline``."""
        chip = Chip(gpu.flops, gpu.bandwidth)
        config, data = self.config, self.data
        took = predict_seconds(config, data.vocab_size, data.length, chip, self.world)
        return self.flops_per_token / (gpu.flops * took.total)

    def fits(self, gpu: Gpu) -> bool:
        """Whether the predicted peak is there."""
        return self.memory.peak <= gpu.memory


def check_length(model: ModelConfig, length: int) -> None:
    """That there is a position for every token of a row.

    Raises:
        ConfigError: there is not.
    """
    if model.architecture == "gpt2" and model.max_positions < length:
        raise ConfigError(
            f"model.max_positions is {model.max_positions}, and the rows of the shards have "
            f"{length} tokens; set model.max_positions={length}, or make shards with "
            f"mixture.sequence_length: {model.max_positions}"
        )


def make_plan(config: TrainConfig, data: Data, world: int = 1) -> Plan:
    """Predict a run on ``world`` GPUs.

    Raises:
        ConfigError: steps cannot be shared by so many, or rows are longer than positions go.
    """
    from trainer.machine.distributed import check_batches

    table = Timetable.of(config, data.phase_rows, data.length)
    check_length(config.model, data.length)
    check_batches([segment.global_rows for segment in table.segments], world)
    first = table.segments[0]
    micro = first.micro_rows(config.micro_batch_rows, world)
    model = config.model
    return Plan(
        config=config,
        data=data,
        world=world,
        parameters=parameters(model, data.vocab_size),
        matrix_parameters=matrix_parameters(model, data.vocab_size),
        flops_per_token=flops_per_token(model, data.vocab_size, data.length),
        steps=table.steps,
        tokens=table.end_row * data.length,
        tokens_per_step=first.global_rows * data.length,
        passes=first.global_rows // (micro * world),
        memory=_memory(config, data, world),
        recomputed={
            what: _memory(_with(config, recompute=1.0, recompute_of=what), data, world)
            for what in ("pointwise", "block")
        },
    )


def remedies(config: TrainConfig, data: Data, world: int, room: float) -> list[str]:
    """Changes, each of which alone lets a run fit into ``room`` bytes on each GPU.

    From the cheapest on: fewer rows at a time and norms and activations computed again cost next to
    nothing, gradients added up each pass time to send them, whole blocks computed again a quarter
    of the speed or less, more GPUs money.
    """
    found = []
    smaller = [rows for rows in _halves(config.micro_batch_rows) if _fits(
        _with(config, rows=rows), data, world, room)]  # fmt: skip
    if smaller:
        found.append(f"micro_batch_rows={smaller[0]}")
    if world > 1 and _fits(_with(config, reduce_each_pass=True), data, world, room):
        found.append("speed.reduce_each_pass=true")
    again = _least_recomputing(config, data, world, room)
    if again:
        found.append(again)
    least = _with(config, rows=1, recompute=1.0, recompute_of="block", reduce_each_pass=world > 1)
    for changed, how in (
        (config, ""),
        (least, " with micro_batch_rows=1 and speed.recompute=1"),
    ):
        more = [count for count in _doubles(world) if config.global_batch_rows % count == 0
                and _fits(changed, data, count, room)]  # fmt: skip
        if more:
            return [*found, f"{more[0]} GPUs{how}"]
    return found


def _least_recomputing(config: TrainConfig, data: Data, world: int, room: float) -> str:
    """The least that is computed again so that a run fits; empty: all of it does not help."""
    ways = itertools.product(
        [config.micro_batch_rows, 1], ("pointwise", "block"), (0.25, 0.5, 0.75, 1.0)
    )
    for rows, what, share in ways:
        if _fits(_with(config, rows, share, what), data, world, room):
            fewer = "" if rows == config.micro_batch_rows else f"micro_batch_rows={rows} with "
            return f"{fewer}speed.recompute={share:g} speed.recompute_of={what}"
    return ""


def describe_plan(plan: Plan, mfu: float = USUAL_MFU) -> Iterator[str]:
    """Lines for a person.

    Args:
        plan: what to tell.
        mfu: share of the devices' arithmetic that is assumed to be used.
    """
    data, config = plan.data, plan.config
    yield f"parameters      {plan.parameters:,} ({format_count(plan.parameters)})"
    yield f"FLOPs per token {plan.flops_per_token:,} = {FLOPS_FORMULA}"
    yield (
        f"                of {plan.matrix_parameters:,} matrix parameters and rows of "
        f"{data.length:,} tokens; vocabulary {data.vocab_size:,}"
    )
    yield (
        f"steps           {plan.steps:,} of {format_count(plan.tokens_per_step)} tokens, "
        f"{format_count(plan.tokens)} in all"
    )
    yield (
        f"each step       {config.global_batch_rows} rows on {_number(plan.world, 'GPU')}, "
        f"{_number(plan.passes, 'pass')} of {_number(_rows_of_a_pass(plan), 'row')}"
    )
    yield f"memory          {_gib(plan.memory.peak)} on each GPU at most, predicted:"
    for name, size in _parts(plan.memory):
        yield f"                {_gib(size):>10}  {name}"
    for what, memory in plan.recomputed.items():
        yield (
            f"                {_gib(memory.peak)} with speed.recompute=1 speed.recompute_of={what} "
            f"(activations {_gib(memory.activations)})"
        )
    for gpu in GPUS:
        yield f"{gpu.name:<15} {_verdict(plan, gpu)}; {_duration(plan.seconds(gpu, mfu))} at " \
              f"{mfu:.0%} MFU, {format_count(_speed(plan, gpu, mfu))} tokens/s; " \
              f"roofline {plan.predicted_mfu(gpu):.0%} with a document a row"  # fmt: skip


def _verdict(plan: Plan, gpu: Gpu) -> str:
    if plan.fits(gpu):
        return "fits"
    changes = remedies(plan.config, plan.data, plan.world, gpu.memory)
    return f"does not fit ({'; or '.join(changes) or 'no change of these settings helps'})"


def _parts(memory: Memory) -> list[tuple[str, int]]:
    when = "beside the activations" if memory.accumulates else "while activations go"
    parts = [
        ("weights", memory.weights),
        (f"gradients, {when}", memory.gradients),
        ("optimizer", memory.optimizer),
        ("copies of weights in bf16", memory.copies),
        ("activations", memory.activations),
        ("a block computed again", memory.block),
        ("a chunk of logits, the head's gradient", memory.loss),
    ]
    return [(name, size) for name, size in parts if size]


def _rows_of_a_pass(plan: Plan) -> int:
    return plan.config.global_batch_rows // (plan.passes * plan.world)


def _memory(config: TrainConfig, data: Data, world: int) -> Memory:
    bf16, compiled = config.precision != "fp32", config.speed.compile is not False
    return predict_memory(config, data.vocab_size, data.length, world, bf16, compiled)


def _fits(config: TrainConfig, data: Data, world: int, room: float) -> bool:
    return _memory(config, data, world).peak <= room


def _with(
    config: TrainConfig,
    rows: int | None = None,
    recompute: float | None = None,
    recompute_of: str | None = None,
    reduce_each_pass: bool | None = None,
) -> TrainConfig:
    """The same run with other settings, where they are given."""
    wanted = {
        "recompute": recompute, "recompute_of": recompute_of, "reduce_each_pass": reduce_each_pass,
    }  # fmt: skip
    given = {name: value for name, value in wanted.items() if value is not None}
    speed = config.speed.model_copy(update=given)
    update = {"micro_batch_rows": rows or config.micro_batch_rows, "speed": speed}
    return config.model_copy(update=update)


def _halves(number: int) -> Iterator[int]:
    while number > 1:
        number //= 2
        yield number


def _doubles(number: int) -> Iterator[int]:
    for factor in (2, 4, 8, MOST_TIMES):
        yield number * factor


def _speed(plan: Plan, gpu: Gpu, mfu: float) -> float:
    return plan.tokens / max(plan.seconds(gpu, mfu), 1e-9)


def _number(count: int, name: str) -> str:
    """``2 passes``."""
    return f"{count} {name}{'' if count == 1 else 'es' if name.endswith('s') else 's'}"


def _gib(size: float) -> str:
    return f"{size / GIB:.1f} GiB"


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:.2g} seconds"


def data_of(config: TrainConfig, vocab_size: int, length: int, tokens: int) -> Data:
    """Of the shards, or as given where they are yet to be made.

    Args:
        config: the run.
        vocab_size: 0: of the shards.
        length: 0: of the shards.
        tokens: 0: of the shards.

    Raises:
        ConfigError: some are given and not all.
        ShardsError: none is given, and the shards cannot be read.
    """
    given = {"--vocab": vocab_size, "--length": length, "--tokens": tokens}
    missing = [name for name, value in given.items() if not value]
    if not missing:
        return Data.given(vocab_size, length, tokens)
    if len(missing) < len(given):
        raise ConfigError(
            f"{', '.join(missing)}: missing; shards that are not made yet need all of "
            f"{', '.join(given)}"
        )
    from trainer.data import open_corpus

    return Data.of(open_corpus(config.shards, config.held_out, config.phases))
