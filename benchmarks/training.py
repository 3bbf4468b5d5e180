"""Training speed of the bundled trainer beside Hugging Face's Llama with torch.compile, same run.

    python benchmarks/training.py                                # all shapes, 4k and 8k, on a GPU
    python benchmarks/training.py --shapes 1b --lengths 4096 --profile
    python benchmarks/training.py --device cpu --tiny            # proves that it runs; no figures

A step is forward, backward, clipping and AdamW on a global batch of random tokens cut into
documents of some 1,000; ours keeps attention within them, the peer, which has no such thing in
training, attends to the whole row. The vocabulary has 100,534 entries. Where a micro batch does not
fit into memory, half of it is tried, with twice as many in a step; each side gets the largest it
can. MFU: 6 x matrix parameters (the head in, the input embedding out) + 6 x layers x heads x head
size x length FLOPs a token, over the device's dense bf16 peak; none for devices that are not known.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from trainer.threads import wait_without_spinning

wait_without_spinning()  # before torch is there

import numpy as np  # noqa: E402
import torch  # noqa: E402

from formats.loading.batch import Batch  # noqa: E402
from formats.loading.torch_batches import to_tensors  # noqa: E402
from trainer.config import TrainConfig  # noqa: E402
from trainer.data import row_figures  # noqa: E402
from trainer.device import choose_device, device_name, peak_flops, precision  # noqa: E402
from trainer.model.size import FLOPS_FORMULA, flops_per_token, parameters  # noqa: E402
from trainer.step import Learner  # noqa: E402

VOCABULARY = 100_534
SHAPES: dict[str, dict[str, Any]] = {
    "135m": {"layers": 30, "hidden_size": 576, "heads": 9, "kv_heads": 3,
             "feed_forward_size": 1536, "tie_embeddings": True},
    "1b": {"layers": 16, "hidden_size": 2048, "heads": 32, "kv_heads": 8,
           "feed_forward_size": 8192, "tie_embeddings": True},
    "7b-slice": {"layers": 8, "hidden_size": 4096, "heads": 32, "kv_heads": 32,
                 "feed_forward_size": 11008, "tie_embeddings": False},
}  # fmt: skip
"""SmolLM-135M's, Llama-3.2-1B's, and Llama-7B's full width with as many layers as fit."""
TINY = {"layers": 2, "hidden_size": 64, "heads": 4, "kv_heads": 2, "feed_forward_size": 128,
        "tie_embeddings": True}  # fmt: skip
DOCUMENT = 1000
Step = Callable[[], None]


@dataclass(frozen=True)
class Case:
    """What is measured."""

    shape: str
    model: dict[str, Any]
    length: int
    vocabulary: int
    step_tokens: int
    device: torch.device
    compile: bool


def main() -> None:
    """Measure all cases; a line of JSON each, then a table."""
    options = _options()
    device = choose_device(options.device)
    found = []
    for case in _cases(options, device):
        for name, make in (("ours", _ours), ("transformers", _transformers)):
            if name in options.only:
                figures = _measured(name, make, case, options)
                found.append(figures)
                print(json.dumps(figures), flush=True)
    print(f"\n{device_name(device, torch.get_num_threads())}, torch {torch.__version__}")
    print(f"FLOPs a token: {FLOPS_FORMULA}")
    for figures in found:
        share = f"{figures['mfu']:6.1%}" if "mfu" in figures else "     –"
        print(
            f"{figures['shape']:9} {figures['length']:6} {figures['who']:13} "
            f"{figures['tokens_per_second']:12,.0f} tokens/s  MFU {share}  "
            f"{figures['memory_gib']:6.1f} GiB  {figures['micro_rows']} rows a micro batch"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=list(SHAPES))
    parser.add_argument("--lengths", nargs="+", type=int, default=[4096, 8192])
    parser.add_argument("--layers", type=int, help="of 7b-slice (default: 8)")
    parser.add_argument("--step-tokens", type=int, default=262_144)
    parser.add_argument("--micro-tokens", type=int, default=65_536, help="to be tried first")
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--only", nargs="+", default=["ours", "transformers"])
    parser.add_argument("--profile", action="store_true", help="the ten dearest operations of ours")
    parser.add_argument("--tiny", action="store_true", help="a model and rows for any machine")
    return parser.parse_args()


def _cases(options: argparse.Namespace, device: torch.device) -> Iterator[Case]:
    on_gpu = device.type == "cuda"
    if options.tiny:
        options.micro_tokens = 512
        yield Case("tiny", TINY, 256, 1000, 1024, device, False)
        return
    for shape in options.shapes:
        model = dict(SHAPES[shape])
        if shape == "7b-slice" and options.layers:
            model["layers"] = options.layers
        for length in options.lengths:
            yield Case(shape, model, length, VOCABULARY, options.step_tokens, device, on_gpu)


def _measured(
    name: str, make: Callable[[Case, int], Step], case: Case, options: argparse.Namespace
) -> dict[str, Any]:
    """The speed with the largest micro batch that fits."""
    rows = max(1, options.micro_tokens // case.length)
    while True:
        _forget(case.device)
        try:
            step = make(case, rows)
            for _ in range(options.warm_up):
                step()
            seconds = _seconds(step, options.steps, case.device)
            break
        except torch.OutOfMemoryError:
            if rows == 1:
                raise
        step = None  # type: ignore[assignment]
        rows //= 2
    if options.profile and name == "ours":
        _profile(step, case.device)
    config = _config(case, rows)
    speed = case.step_tokens / seconds
    flops = flops_per_token(config.model, case.vocabulary, case.length)
    peak = peak_flops(case.device)
    memory = torch.cuda.max_memory_allocated(case.device) if case.device.type == "cuda" else 0
    return {
        "who": name,
        "shape": case.shape,
        "length": case.length,
        "parameters": parameters(config.model, case.vocabulary),
        "micro_rows": rows,
        "seconds": seconds,
        "tokens_per_second": speed,
        "flops_per_token": flops,
        "peak_flops": peak,
        "memory_gib": memory / 2**30,
    } | ({"mfu": flops * speed / peak} if peak else {})


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


def _config(case: Case, rows: int) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "shards": "none",
            "out": "none",
            "model": case.model,
            "micro_batch_rows": rows,
            "global_batch_rows": case.step_tokens // case.length,
            "speed": {"compile": case.compile},
        }
    )


def _ours(case: Case, rows: int) -> Step:
    learner = Learner(_config(case, rows), case.vocabulary, 1, case.device)
    micro = max(1, case.step_tokens // case.length // rows)
    batches = [_batch(case, rows, number) for number in range(micro)]

    def step() -> None:
        learner.step(batches, 1e-4)

    return step


def _transformers(case: Case, rows: int) -> Step:
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = case.model
    config = LlamaConfig(
        vocab_size=case.vocabulary, hidden_size=shape["hidden_size"],
        intermediate_size=shape["feed_forward_size"], num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"], num_key_value_heads=shape["kv_heads"],
        tie_word_embeddings=shape["tie_embeddings"], max_position_embeddings=case.length,
        attn_implementation="sdpa", use_cache=False,
    )  # fmt: skip
    torch.manual_seed(17)
    model: Any = LlamaForCausalLM(config).to(case.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.1, fused=True)
    forward = torch.compile(model) if case.compile else model
    micro = max(1, case.step_tokens // case.length // rows)
    batches = [_batch(case, rows, number)["input_ids"].to(case.device) for number in range(micro)]

    def step() -> None:
        for ids in batches:
            with precision(case.device):
                loss = forward(input_ids=ids, labels=ids).loss / micro
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def _batch(case: Case, rows: int, number: int) -> dict[str, Any]:
    """Random tokens in documents of random lengths, as the loader of shards gives them."""
    random = np.random.default_rng(number)
    starts = [
        np.unique(np.append(0, random.integers(1, case.length, max(case.length // DOCUMENT, 1))))
        for _ in range(rows)
    ]
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
    tensors = to_tensors(batch, pin_memory=case.device.type == "cuda")
    figures = row_figures(batch, tensors["labels"].numpy(), None)
    return tensors | {"row_figures": torch.from_numpy(figures)}


def _profile(step: Step, device: torch.device) -> None:
    from torch.profiler import ProfilerActivity, profile

    kinds = [ProfilerActivity.CPU]
    if device.type == "cuda":
        kinds.append(ProfilerActivity.CUDA)
    with profile(activities=kinds) as seen:
        step()
        _wait(device)
    by = "self_cuda_time_total" if device.type == "cuda" else "self_cpu_time_total"
    print(seen.key_averages().table(sort_by=by, row_limit=10), file=sys.stderr)


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
