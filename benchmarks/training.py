"""Training speed of the bundled trainer beside Hugging Face's Llama with torch.compile, same run.

    python benchmarks/training.py --json all.json               # all shapes, 4k and 8k, on a GPU
    python benchmarks/training.py --shapes 1b --lengths 4096 --profile
    python benchmarks/training.py --shapes 7b-slice --only ours --set precision=fp8
    python benchmarks/training.py --predict                     # what to expect; needs no GPU
    python benchmarks/training.py --device cpu --tiny           # proves that it runs; no figures

A step is forward, backward, clipping and AdamW on a global batch of random tokens. Three are
measured: ours with rows of documents of some 1,000 tokens, between which there is no attention;
ours with rows of one document, which is the peer's arithmetic; and the peer. Before that, ours and
the peer must have the same loss with the same weights. The vocabulary has 100,534 entries. The
micro batch is the largest that is predicted to fit; where it does not, half of it is tried, with
twice as many in a step. ``7b-slice`` has as many layers as fit.

MFU: 6 x matrix parameters (the head in, the input embedding out) + 6 x layers x heads x head size x
length FLOPs a token, whatever the documents, over the device's dense bf16 peak; none for devices
that are not known. ``mfu_of_what_is_computed`` counts attention within documents alone. No case is
begun after ``--minutes``.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainer.machine.threads import wait_without_spinning

wait_without_spinning()  # before torch is there

import numpy as np  # noqa: E402
import torch  # noqa: E402
import yaml  # noqa: E402
from kernel_profile import dearest_kernels  # noqa: E402
from peer_training import peer_model, peer_step, same_loss, why_not  # noqa: E402

from formats.loading.batch import Batch  # noqa: E402
from formats.loading.torch_batches import to_tensors  # noqa: E402
from trainer.config import TrainConfig  # noqa: E402
from trainer.data import room_for, row_figures  # noqa: E402
from trainer.learning.step import Learner  # noqa: E402
from trainer.machine.deterministic import deterministic_kernels  # noqa: E402
from trainer.machine.device import choose_device, device_name, peak_flops  # noqa: E402
from trainer.model.size import FLOPS_FORMULA, flops_per_token, parameters  # noqa: E402
from trainer.planning.memory import predict_memory  # noqa: E402
from trainer.planning.plan import GPUS, Data, make_plan  # noqa: E402
from trainer.planning.roofline import Chip, predict_seconds  # noqa: E402

VOCABULARY = 100_534
SHAPES: dict[str, dict[str, Any]] = {
    "135m": {"layers": 30, "hidden_size": 576, "heads": 9, "kv_heads": 3,
             "feed_forward_size": 1536, "tie_embeddings": True},
    "1b": {"layers": 16, "hidden_size": 2048, "heads": 32, "kv_heads": 8,
           "feed_forward_size": 8192, "tie_embeddings": True},
    "7b-slice": {"layers": 32, "hidden_size": 4096, "heads": 32, "kv_heads": 32,
                 "feed_forward_size": 11008, "tie_embeddings": False},
    "small": {"layers": 4, "hidden_size": 256, "heads": 4, "kv_heads": 2,
              "feed_forward_size": 704, "tie_embeddings": True},
}  # fmt: skip
"""SmolLM-135M's, Llama-3.2-1B's, Llama-7B's full width, and one for a CPU."""
ON_A_GPU = ("135m", "1b", "7b-slice")
TINY = {"layers": 2, "hidden_size": 64, "heads": 4, "kv_heads": 2, "feed_forward_size": 128,
        "tie_embeddings": True}  # fmt: skip
DOCUMENT = 1000
OURS, ROWS, PEER = "ours", "ours, whole rows", "transformers"
FULL = 0.9
"""Share of a GPU's memory that predictions may fill; 0.8 by 7b-slice, so that the peer fits too."""
PEER_BYTES_OF_A_LOGIT = 14
"""The peer has logits of all tokens: in bf16 and float32, and their gradients."""
Step = Callable[[], None]


@dataclass(frozen=True)
class Case:
    """What is measured."""

    shape: str
    model: dict[str, Any]
    length: int
    vocabulary: int
    step_tokens: int
    micro_tokens: int
    """To be tried first, unless fewer are predicted to fit."""
    device: torch.device
    memory: float
    """Bytes of the device; 0: not told."""
    settings: dict[str, Any]
    """Of ours, over the defaults."""

    def config(self, rows: int, whole_rows: bool = False) -> TrainConfig:
        """With micro batches of so many rows."""
        base: dict[str, Any] = {
            "shards": "none",
            "out": "none",
            "model": self.model,
            "micro_batch_rows": rows,
            "global_batch_rows": max(1, self.step_tokens // self.length // rows) * rows,
            "document_mask": not whole_rows,
        }
        return TrainConfig.model_validate(_merged(base, self.settings))

    def predicted_memory(self, rows: int) -> int:
        """Bytes that ours takes at most."""
        return predict_memory(self.config(rows), self.vocabulary, self.length).peak

    def rows(self, who: str) -> int:
        """Of the micro batch to be tried first."""
        rows = max(1, self.micro_tokens // self.length)
        if not self.memory:
            return rows
        if who == PEER:
            room = 0.45 * self.memory / (PEER_BYTES_OF_A_LOGIT * self.vocabulary)
            while rows > 1 and rows * self.length > room:
                rows //= 2
        while rows > 1 and self.predicted_memory(rows) > FULL * self.memory:
            rows //= 2
        return rows


def main() -> None:
    """Measure all cases; a line of JSON each, then a table."""
    options = _options()
    if options.predict:
        _predict(options)
        return
    device = choose_device(options.device)
    cases = list(_cases(options, device))
    with deterministic_kernels(bool(cases[0].settings.get("deterministic")), device):
        found = _measure_all(cases, options)
    print(f"\n{device_name(device, torch.get_num_threads())}, torch {torch.__version__}")
    print(f"FLOPs a token: {FLOPS_FORMULA}; settings of ours: {cases[0].settings}")
    for figures in found:
        _say(figures)
    if options.json:
        about = {"device": device_name(device, torch.get_num_threads()),
                 "torch": torch.__version__, "flops_formula": FLOPS_FORMULA}  # fmt: skip
        Path(options.json).write_text(json.dumps(about | {"cases": found}, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--shapes", nargs="+", default=list(ON_A_GPU), choices=list(SHAPES))
    parser.add_argument("--lengths", nargs="+", type=int, default=[4096, 8192])
    parser.add_argument("--layers", type=int, help="of 7b-slice (default: as many as fit)")
    parser.add_argument("--vocabulary", type=int, default=VOCABULARY)
    parser.add_argument("--step-tokens", type=int, default=131_072)
    parser.add_argument("--micro-tokens", type=int, default=65_536, help="to be tried first")
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4, help="of each of three stretches")
    parser.add_argument("--minutes", type=float, default=7, help="no case is begun after them")
    parser.add_argument("--only", nargs="+", default=["ours", "rows", "peer"],
                        choices=["ours", "rows", "peer"])  # fmt: skip
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE",
                        help="settings of ours: precision=fp8 speed.recompute=1")  # fmt: skip
    parser.add_argument("--compile", action="store_true", help="on a CPU too")
    parser.add_argument("--profile", action="store_true", help="the ten dearest kernels")
    parser.add_argument("--json", help="a file for all figures")
    parser.add_argument("--predict", action="store_true", help="memory and MFU, nothing is run")
    parser.add_argument("--tiny", action="store_true", help="a model and rows for any machine")
    return parser.parse_args()


def _cases(options: argparse.Namespace, device: torch.device, memory: float = 0) -> Iterator[Case]:
    if device.type == "cuda" and not memory:
        memory = torch.cuda.get_device_properties(device).total_memory
    settings: dict[str, Any] = {}
    if options.compile:
        settings = {"speed": {"compile": True}}
    for text in options.set:
        key, _, value = text.partition("=")
        for part in reversed(key.split(".")):
            value = {part: yaml.safe_load(value) if isinstance(value, str) else value}
        settings = _merged(settings, value)
    if options.tiny:
        yield Case("tiny", TINY, 256, 1000, 1024, 512, device, 0, settings)
        return
    for shape in options.shapes:
        for length in options.lengths:
            case = Case(shape, SHAPES[shape], length, options.vocabulary, options.step_tokens,
                        options.micro_tokens, device, memory, settings)  # fmt: skip
            yield _slice(case, options.layers) if shape == "7b-slice" else case


def _slice(case: Case, layers: int | None) -> Case:
    """With as many layers as leave room for rows of 8,192 tokens."""
    layers = layers or case.model["layers"]
    case = replace(case, model=case.model | {"layers": layers})
    rows = max(1, 8192 // case.length)
    while case.memory and layers > 1 and case.predicted_memory(rows) > 0.8 * case.memory:
        layers -= 1
        case = replace(case, model=case.model | {"layers": layers})
    return case


def _measure_all(cases: list[Case], options: argparse.Namespace) -> list[dict[str, Any]]:
    began, found = time.perf_counter(), []
    names = {"ours": OURS, "rows": ROWS, "peer": PEER}
    for case in cases:
        for who in (names[name] for name in options.only):
            if who == PEER and why_not():
                _note(f"{case.shape} {case.length} {who}: left out, {why_not()}")
                continue
            if time.perf_counter() - began > options.minutes * 60:
                _note(f"{case.shape} {case.length} {who}: left out, {options.minutes} minutes over")
                continue
            figures = _measured(who, case, options)
            if figures:
                found.append(figures)
                print(json.dumps(figures), flush=True)
    return found


def _measured(who: str, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """The speed with the largest micro batch that fits; nothing where none does."""
    rows = case.rows(who)
    while True:
        _forget(case.device)
        began = time.perf_counter()
        try:
            step, same = _peer(case, rows) if who == PEER else _ours(case, rows, who == ROWS)
            for _ in range(options.warm_up):
                step()
            _wait(case.device)
            first = time.perf_counter() - began
            seconds = _seconds(step, options.steps, case.device)
            break
        except torch.OutOfMemoryError:
            if rows == 1:
                _note(f"{case.shape} {case.length} {who}: not one row fits")
                return {}
        except RuntimeError as error:  # of a peer's compiler, say
            if who != PEER:
                raise
            _note(f"{case.shape} {case.length} {who}: {str(error)[:500]}")
            return {}
        step = None  # type: ignore[assignment]
        rows //= 2
    config = case.config(rows)
    tokens = config.global_batch_rows * case.length
    flops = flops_per_token(config.model, case.vocabulary, case.length)
    on_gpu, peak = case.device.type == "cuda", peak_flops(case.device)
    figures = {
        "who": who, "shape": case.shape, "layers": config.model.layers, "length": case.length,
        "parameters": parameters(config.model, case.vocabulary), "micro_rows": rows,
        "step_tokens": tokens, "seconds": seconds, "tokens_per_second": tokens / seconds,
        "flops_per_token": flops, "peak_flops": peak, "seconds_until_warm": first,
        "memory_gib": torch.cuda.max_memory_allocated(case.device) / 2**30 if on_gpu else 0,
        "predicted_gib": case.predicted_memory(rows) / 2**30 if who != PEER else None,
    }  # fmt: skip
    if peak:
        figures["mfu"] = flops * tokens / seconds / peak
        done = _attended(case) if who == OURS else case.length
        flops = flops_per_token(config.model, case.vocabulary, round(done))
        figures["mfu_of_what_is_computed"] = flops * tokens / seconds / peak
    if same:
        figures["loss_of_ours_and_peer"] = same
    if options.profile:
        figures["profile"] = dearest_kernels(step, case.device)
        for each in figures["profile"]:
            _note(f"  {each['share']:6.1%} {each['ms']:9.2f} ms {each['calls']:6} x "
                  f"{each['kernel'][:90]}")  # fmt: skip
    return figures


def _seconds(step: Step, steps: int, device: torch.device) -> float:
    """Of a step: the median of three stretches, the device waited for at their ends alone."""
    found = []
    for _ in range(3):
        _wait(device)
        began = time.perf_counter()
        for _ in range(steps):
            step()
        _wait(device)
        found.append((time.perf_counter() - began) / steps)
    return statistics.median(found)


def _ours(case: Case, rows: int, whole_rows: bool) -> tuple[Step, None]:
    config = case.config(rows, whole_rows)
    learner = Learner(config, case.vocabulary, 1, case.device)
    batches = [_batch(case, rows, number, whole_rows, learner.fields)
               for number in range(config.global_batch_rows // rows)]  # fmt: skip

    def step() -> None:
        learner.step(batches, 1e-4)

    return step, None


def _peer(case: Case, rows: int) -> tuple[Step, list[float] | None]:
    """The step, and the losses of ours and the peer with the same weights on a row."""
    model = peer_model(case.model, case.vocabulary, case.length, case.device)
    config = case.config(rows, whole_rows=True)
    same = None
    if case.shape in ("tiny", "small", "135m"):  # there is room for both
        plain = {"speed": config.speed.model_copy(update={"compile": False})}
        ours = Learner(config.model_copy(update=plain), case.vocabulary, 1, case.device)
        same = list(same_loss(ours, _batch(case, 1, 0, True, ours.fields), model))
        del ours
    numbers = range(config.global_batch_rows // rows)
    ids = [_batch(case, rows, number, True)["input_ids"].to(case.device) for number in numbers]
    compiled = config.speed.compile is True or case.device.type == "cuda"
    return peer_step(model, ids, case.device, compiled), same


def _batch(
    case: Case, rows: int, number: int, whole_rows: bool, fields: list[str] | None = None
) -> dict[str, Any]:
    """Random tokens in documents of random lengths, as the loader of shards gives them."""
    random = np.random.default_rng(number)
    cuts = 0 if whole_rows else _cuts(case)
    starts = [np.unique(np.append(0, random.integers(1, case.length, cuts))) for _ in range(rows)]
    pieces = sum(map(len, starts))
    batch = Batch(
        first_row=0, rows=rows, state=0,
        input_ids=random.integers(0, case.vocabulary, (rows, case.length)).astype(np.int32),
        component=np.zeros(rows, np.uint16),
        row_offsets=np.cumsum([0, *map(len, starts)]),
        document_starts=np.concatenate(starts).astype(np.int32),
        document_ids=np.arange(pieces, dtype=np.uint64),
        document_offsets=np.zeros(pieces, np.int32),
    )  # fmt: skip
    tensors = to_tensors(batch, fields and [name for name in fields if name != "cu_seqlens"])
    tensors["row_figures"] = torch.from_numpy(row_figures(batch, tensors["labels"].numpy(), None))
    tensors["cu_seqlens"] = torch.from_numpy(batch.cu_seqlens(room_for(rows, cuts)))
    if case.device.type == "cuda":
        for name, value in tensors.items():
            tensors[name] = value.pin_memory() if isinstance(value, torch.Tensor) else value
    return tensors


def _cuts(case: Case) -> int:
    """Where documents meet, in a row."""
    return max(case.length // DOCUMENT, 1)


def _attended(case: Case) -> float:
    """Tokens of the document that a token is in: with n cuts at random, 2 / (n + 2) of the row."""
    return 2 * case.length / (_cuts(case) + 2)


def _predict(options: argparse.Namespace) -> None:
    """Memory and the best MFU that a roofline leaves, for each case."""
    for gpu in GPUS[1:]:
        for case in _cases(options, torch.device("meta"), gpu.memory):
            rows = case.rows(OURS)
            config = case.config(rows)
            plan = make_plan(config, Data.given(case.vocabulary, case.length, 10**9))
            chip = Chip(gpu.flops, gpu.bandwidth)
            told = f"{gpu.name:12} {case.shape:9} {config.model.layers:3} layers {case.length:6} "
            told += f"{rows:3} rows a micro batch {plan.memory.peak / 2**30:6.1f} GiB"
            for who, length in ((OURS, _attended(case)), (ROWS, None)):
                took = predict_seconds(
                    config, case.vocabulary, case.length, chip, attended=length
                ).total
                mfu = plan.flops_per_token / (took * gpu.flops)
                told += f"  {who}: MFU {mfu:5.1%}, {1 / took:8,.0f} tokens/s"
            print(told)


def _say(figures: dict[str, Any]) -> None:
    share = f"{figures['mfu']:6.1%}" if "mfu" in figures else "     –"
    print(
        f"{figures['shape']:9} {figures['layers']:3} layers {figures['length']:6} "
        f"{figures['who']:16} {figures['tokens_per_second']:12,.0f} tokens/s  MFU {share}  "
        f"{figures['memory_gib']:6.1f} GiB  {figures['micro_rows']} rows a micro batch"
    )


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Nested mappings laid over each other."""
    both = {key: _merged(one[key], other[key]) for key in one.keys() & other.keys()
            if isinstance(one[key], dict) and isinstance(other[key], dict)}  # fmt: skip
    return one | other | both


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _forget(device: torch.device) -> None:
    gc.collect()
    torch.compiler.reset()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
