"""Small shards and a small configuration, for every test of the trainer."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from formats.manifest import (
    SCHEDULE,
    Manifest,
    ManifestComponent,
    ManifestFile,
    ManifestPhase,
)
from formats.shard_writer import ShardWriter
from formats.shards import PADDING
from trainer.machine.threads import cpu_threads

LENGTH, VOCAB = 16, 64
EOS, PAD = 0, 1


def shard_rows(first: int, count: int, seed: int) -> dict[str, np.ndarray]:
    """Rows whose tokens count upwards in steps of one, from where chance says.

    Even rows hold a document of 6 tokens, then one of 7, then 3 of padding, and are of component
    "two"; odd rows hold one document and are of "one".
    """
    numbers = np.arange(first, first + count)
    begins = np.random.default_rng([seed, first]).integers(2, VOCAB, (count, 1))
    tokens = 2 + (begins + np.arange(LENGTH)) % (VOCAB - 2)
    even = numbers % 2 == 0
    tokens[even, 13:] = PAD
    starts = [[0, 6, 13] if two else [0] for two in even]
    ids = [[2 * n, 2 * n + 1, PADDING] if n % 2 == 0 else [2 * n] for n in numbers.tolist()]
    return {
        "input_ids": tokens.astype(np.uint16),
        "component": (numbers % 2).astype(np.uint16),
        "row_offsets": np.cumsum([0, *map(len, starts)]),
        "document_starts": np.concatenate(starts),
        "document_ids": np.array([number for row in ids for number in row], np.uint64),
        "document_offsets": np.zeros(sum(map(len, starts)), np.int32),
    }


def _by_component(first: int, end: int) -> list[int]:
    """Even and odd rows among those from ``first`` on."""
    odd = end // 2 - first // 2
    return [end - first - odd, odd]


def write_shards(folder: Path, phases: dict[str, list[int]], seed: int = 1) -> str:
    """Shards with, for each phase, the rows of each of its files."""
    row, described = 0, []
    for name, counts in phases.items():
        files = []
        for number, count in enumerate(counts):
            path = f"{name}/shard-{number:05d}.arrow"
            with ShardWriter(str(folder / path), LENGTH, np.uint16) as writer:
                writer.append(**shard_rows(row, count, seed))
            files.append(
                ManifestFile(path=path, rows=count, sha256=writer.sha256,
                             component_counts_before=_by_component(row - sum(counts[:number]), row))
            )  # fmt: skip
            row += count
        rows = sum(counts)
        components = [
            ManifestComponent(
                name=component, share=[(0, 0.5)], rows=taken, tokens=taken * LENGTH,
                padding=taken * padding, documents=taken, epochs=1,
            )
            for component, taken, padding in zip(
                ("two", "one"), _by_component(row - rows, row), (3, 0), strict=True
            )
        ]  # fmt: skip
        described.append(
            ManifestPhase(name=name, rows=rows, tokens=rows * LENGTH, schedule=SCHEDULE,
                          components=components, files=files)
        )  # fmt: skip
    Manifest(
        sequence_length=LENGTH, dtype="uint16", vocab_size=VOCAB, tokenizer_sha256="0" * 64,
        seed=seed, special_ids={"eos": EOS, "pad": PAD}, phases=described,
    ).write(str(folder))  # fmt: skip
    return str(folder)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Matrices as small as ours gain nothing from more, and on a busy machine lose much."""
    with cpu_threads(1):
        yield


@pytest.fixture
def make_shards() -> Callable[..., str]:
    """``write_shards``."""
    return write_shards


@pytest.fixture
def shards(tmp_path: Path) -> str:
    """A phase of 70 rows in two files, then one of 26."""
    return write_shards(tmp_path / "run" / "shards", {"pretrain": [40, 30], "anneal": [26]})


CONFIG = """\
shards: {shards}
out: {out}
model: {{layers: 2, hidden_size: 32, heads: 4, kv_heads: 2, feed_forward_size: 48}}
optimizer: {{learning_rate: 1e-2, warmup_steps: 3}}
global_batch_rows: 4
micro_batch_rows: 2
checkpoint_every: 5
device: cpu
threads: 1
"""


@pytest.fixture
def config_path(tmp_path: Path, shards: str) -> Path:
    """A configuration of 24 small steps: 17 and a half in the first phase."""
    path = tmp_path / "train.yaml"
    path.write_text(CONFIG.format(shards=shards, out=tmp_path / "model"))
    return path
