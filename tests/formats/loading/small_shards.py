"""Shards of short rows whose every token tells its row."""

import numpy as np

from formats.manifest import (
    SCHEDULE,
    Manifest,
    ManifestComponent,
    ManifestFile,
    ManifestPhase,
)
from formats.shard_writer import ShardWriter
from formats.shards import PADDING, TokenShards

LENGTH, VOCABULARY = 8, 1000
COMPONENTS = {"pretrain": ["en", "fr", "zh"], "anneal": ["zh", "code"], "more": ["en", "fr", "zh"]}


def rows_of(first, count, components):
    """Row n holds n, n + 1, ... ; every third has two documents, every fifth two of padding."""
    numbers = np.arange(first, first + count)
    starts = [[0] + [3] * (n % 3 == 0) + [6] * (n % 5 == 0) for n in numbers.tolist()]
    documents = [
        [10 * n + k for k in range(len(own))]
        for n, own in zip(numbers.tolist(), starts, strict=True)
    ]
    for n, own in zip(numbers.tolist(), documents, strict=True):
        if n % 5 == 0:
            own[-1] = PADDING
    return {
        "input_ids": ((numbers[:, None] + np.arange(LENGTH)) % VOCABULARY).astype(np.uint16),
        "component": (numbers % components).astype(np.uint16),
        "row_offsets": np.cumsum([0, *map(len, starts)]),
        "document_starts": np.concatenate(starts),
        "document_ids": np.concatenate([np.array(own, np.uint64) for own in documents]),
        "document_offsets": np.zeros(sum(map(len, starts)), np.int32),
    }


def write_shards(folder, phases, first_rows=None, seed=17, continues=None):
    """A folder of shards: phase -> rows of its files."""
    row, made = 0, []
    for name, counts in phases.items():
        names = COMPONENTS[name]
        before = np.zeros(len(names), np.int64)
        files = []
        for number, count in enumerate(counts):
            path = f"{name}/shard-{number:05d}.arrow"
            rows = rows_of(row, count, len(names))
            with ShardWriter(f"{folder}/{path}", LENGTH, np.uint16) as writer:
                writer.append(**rows)
            files.append(
                ManifestFile(
                    path=path,
                    rows=count,
                    sha256=writer.sha256,
                    component_counts_before=before.tolist(),
                )
            )
            before = before + np.bincount(rows["component"], minlength=len(names))
            row += count
        made.append(
            ManifestPhase(
                name=name,
                continues=(continues or {}).get(name),
                rows=sum(counts),
                tokens=sum(counts) * LENGTH,
                schedule=SCHEDULE,
                components=[
                    ManifestComponent(
                        name=component,
                        share=[(0, 1 / len(names))],
                        rows=count,
                        tokens=count * LENGTH,
                        padding=0,
                        first_row=(first_rows or {}).get(name, {}).get(component, 0),
                        documents=100,
                        epochs=1.0,
                    )
                    for component, count in zip(names, before.tolist(), strict=True)
                ],
                files=files,
            )
        )
    Manifest(
        sequence_length=LENGTH,
        dtype="uint16",
        vocab_size=VOCABULARY,
        tokenizer_sha256="0" * 64,
        seed=seed,
        special_ids={"eos": 0, "pad": 1},
        phases=made,
    ).write(str(folder))
    return TokenShards(str(folder))
