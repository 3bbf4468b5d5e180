"""Flat tokens as nanotron reads them, through datatrove: also a plain ``np.memmap``.

    tokens.ds            the rows, one after the other: uint16, or int32 read as uint32
    tokens.ds.index      uint64: where each stretch of a document, and padding, ends, in tokens
    tokens.ds.metadata   name of the tokenizer and bytes per token, number of tokens

nanotron takes windows of its sequence length plus one: a sequence length of one less than ours
makes its windows our rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np

from formats.shards import TokenShards
from formats.storage import atomic_path, filesystem, write_text
from formats.tokens import component_folder
from pipeline.export.rows import RowBatch


def export_nanotron(
    shards: TokenShards, phase: str, batches: Iterator[RowBatch], folder: str, sequences: str
) -> list[str]:
    """Write ``<phase>/tokens.ds`` and what belongs to it.

    Raises:
        ValueError: for ``documents``: windows of one length need rows.
    """
    if sequences != "rows":
        raise ValueError("nanotron's windows are rows: leave out --sequences documents")
    path = f"{folder}/{component_folder(phase)}/tokens.ds"
    first = 0
    with ExitStack() as stack:
        sinks = []
        for name in (f"{path}.index", path):  # the tokens get their name first
            files, inner = filesystem(stack.enter_context(atomic_path(name)))
            sinks.append(stack.enter_context(files.open(inner, "wb")))
        for batch in batches:
            sinks[1].write(np.ascontiguousarray(batch.tokens).data)
            ends = np.cumsum(batch.lengths, dtype=np.int64) + first
            sinks[0].write(ends.astype("<u8").tobytes())
            first += batch.tokens.size
    name = f"tokenizer-{shards.manifest.tokenizer_sha256[:12]}"
    write_text(f"{path}.metadata", f"{name}|{shards.dtype.itemsize}\n{first}\n{first:,}")
    return [path, f"{path}.index", f"{path}.metadata"]
