"""Documents to tokens: every document goes to the first component that takes it.

    documents/part-*.parquet -> tokens/<component>/part-NNNNN.arrow

One task is one file of documents; it leaves one file per component it found. What belongs to no
component is counted and left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import document_numbers, read_documents, split_by_text
from formats.tokens import TokensWriter, component_folder
from stages.selectors import Where, assign_components
from stages.tokens.encoder import Encoder, shared_encoder
from stages.tokens.split_keys import SPLIT_HIGH, SPLIT_LOW, split_places

BATCH_TEXT_BYTES = 16 << 20
FLUSH_TOKENS = 4 << 20
"""Tokens of a component that are gathered before they are written as one batch."""


class ComponentRule(NamedTuple):
    """A component as its item in the recipe says."""

    name: str
    where: Where


def tokenize_partition(item: Mapping[str, Any]) -> dict[str, Any]:
    """Tokenize one file of documents: an engine's task.

    Args:
        item: ``documents``: the Parquet file; ``part``: its number, for the names of the outputs;
            ``tokens``: the folder of all components; ``tokenizer``: folder of the tokenizer and
            ``tokenizer_sha256`` of its tokenizer.json; ``components``: list of
            ``{"name", "where"}``, the first match wins; ``selectors``: further columns to keep,
            for the phases' conditions; ``types``: Arrow types of all these columns, and of those
            of ``split_keys``, since a file may lack one that others have; ``seed``: of the places
            of documents in splits.

    Returns:
        ``components``: name -> ``documents``, ``tokens``, ``text_bytes``, ``path``;
        ``unassigned``: ``documents`` and ``text_bytes`` of no component; ``groups``: ``component``,
        the values of ``count_by``, ``documents`` and ``tokens``; ``files``: all paths
        written; ``backend`` and ``reason``: who encoded, and why not the fast library.
    """
    encoder = shared_encoder(item["tokenizer"], item["tokenizer_sha256"])
    rules = [ComponentRule(rule["name"], rule["where"]) for rule in item["components"]]
    selectors = list(dict.fromkeys([*item["selectors"], SPLIT_LOW, SPLIT_HIGH]))
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in item["types"].items()])
    unassigned = {"documents": 0, "text_bytes": 0}
    outputs: dict[str, _ComponentOutput] = {}
    groups = TokenGroups(item["count_by"])
    columns = list(dict.fromkeys([*selectors, *item["count_by"]]))
    with ExitStack() as files:
        for stored in read_documents(item["documents"], schema=schema):
            for plain in split_by_text(stored, BATCH_TEXT_BYTES):
                batch = with_split_places(plain, item["seed"])
                for name, tokens in encode_components(batch, rules, encoder, columns):
                    if name is None:
                        unassigned["documents"] += tokens.documents
                        unassigned["text_bytes"] += tokens.text_bytes
                        continue
                    groups.add(name, tokens)
                    tokens = tokens._replace(selectors=tokens.selectors.select(selectors))
                    if name not in outputs:
                        path = f"{item['tokens']}/{component_folder(name)}"
                        path = f"{path}/part-{item['part']:05d}.arrow"
                        output = _ComponentOutput(path, encoder.dtype, tokens.selectors.schema)
                        outputs[name] = files.enter_context(output)
                    outputs[name].add(tokens)
    return {
        "components": {name: outputs[name].counts() for name in sorted(outputs)},
        "unassigned": unassigned,
        "groups": groups.counts(),
        "files": [outputs[name].path for name in sorted(outputs)],
        "backend": encoder.backend,
        "reason": encoder.reason,
    }


def with_split_places(batch: pa.RecordBatch, seed: int) -> pa.RecordBatch:
    """The batch with the columns ``split_low`` and ``split_high``."""
    low, high = split_places(batch, seed)
    return batch.append_column(SPLIT_LOW, pa.array(low)).append_column(SPLIT_HIGH, pa.array(high))


class ComponentTokens(NamedTuple):
    """The documents of one component in a batch."""

    document_ids: np.ndarray
    """uint64 [n]."""
    input_ids: np.ndarray
    """uint16 or int32 [tokens]."""
    offsets: np.ndarray
    """int64 [n + 1], the first is 0."""
    selectors: pa.RecordBatch
    """[n]."""
    text_bytes: int

    @property
    def documents(self) -> int:
        """How many."""
        return len(self.document_ids)


def encode_components(
    batch: pa.RecordBatch,
    rules: Sequence[ComponentRule],
    encoder: Encoder,
    selectors: Sequence[str],
) -> list[tuple[str | None, ComponentTokens]]:
    """Encode a batch component by component; rows of none come under None, not encoded.

    Within a component documents keep their order.
    """
    found = assign_components(batch, rules).dictionary_encode()
    names = found.dictionary.to_pylist()
    codes = pc.fill_null(found.indices, len(names)).to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    batch = batch if (np.diff(codes) >= 0).all() else batch.take(pa.array(order))
    ends = np.cumsum(np.bincount(codes, minlength=len(names) + 1))
    assigned = int(ends[-2]) if names else 0
    ids, offsets = encoder.encode(batch.column("text").slice(0, assigned))
    result: list[tuple[str | None, ComponentTokens]] = []
    for code, name in enumerate([*names, None]):
        start, end = int(ends[code - 1]) if code else 0, int(ends[code])
        if start == end:
            continue
        rows = batch.slice(start, end - start)
        mine = offsets[start : end + 1] if name is not None else np.zeros(1, np.int64)
        result.append(
            (
                name,
                ComponentTokens(
                    document_numbers(rows.column("id")),
                    ids[mine[0] : mine[-1]],
                    mine - mine[0],
                    rows.select(list(selectors)),
                    pc.sum(pc.binary_length(rows.column("text"))).as_py() or 0,
                ),
            )
        )
    return result


class TokenGroups:
    """Documents and tokens of a component by the values of some columns; a null is ""."""

    def __init__(self, columns: Sequence[str]) -> None:
        """Take the names of the columns, which may be none: then nothing is counted."""
        self._columns = list(columns)
        self._counts: dict[tuple[str, ...], list[int]] = {}

    def add(self, component: str, tokens: ComponentTokens) -> None:
        """Count some documents, whose selectors have the columns."""
        if not self._columns:
            return
        values = {c: pc.fill_null(tokens.selectors.column(c), "") for c in self._columns}
        table = pa.table(values | {"tokens": pa.array(np.diff(tokens.offsets))})
        found = table.group_by(self._columns).aggregate([("tokens", "count"), ("tokens", "sum")])
        for row in found.to_pylist():
            counts = self._counts.setdefault((component, *(row[c] for c in self._columns)), [0, 0])
            counts[0] += row["tokens_count"]
            counts[1] += row["tokens_sum"]

    def counts(self) -> list[dict[str, Any]]:
        """``component``, each column, ``documents`` and ``tokens``; sorted."""
        names = ("component", *self._columns, "documents", "tokens")
        return [
            dict(zip(names, (*key, *counts), strict=True))
            for key, counts in sorted(self._counts.items())
        ]


class _ComponentOutput:
    """One component's file; gathers small batches into large ones."""

    def __init__(self, path: str, dtype: np.dtype[Any], schema: pa.Schema) -> None:
        self.path = path
        self.documents = self.tokens = self.text_bytes = 0
        self._selectors = schema.names
        self._writer = TokensWriter(path, dtype, {field.name: field.type for field in schema})
        self._pending: list[ComponentTokens] = []
        self._pending_tokens = 0

    def add(self, tokens: ComponentTokens) -> None:
        """Take documents; they are written when enough have come together."""
        self.documents += tokens.documents
        self.tokens += len(tokens.input_ids)
        self.text_bytes += tokens.text_bytes
        self._pending.append(tokens)
        self._pending_tokens += len(tokens.input_ids)
        if self._pending_tokens >= FLUSH_TOKENS:
            self._flush()

    def counts(self) -> dict[str, Any]:
        """What was written."""
        return {
            "documents": self.documents,
            "tokens": self.tokens,
            "text_bytes": self.text_bytes,
            "path": self.path,
        }

    def _flush(self) -> None:
        if not self._pending:
            return
        lengths = np.concatenate([np.diff(tokens.offsets) for tokens in self._pending])
        table = pa.Table.from_batches([tokens.selectors for tokens in self._pending])
        self._writer.append(
            np.concatenate([tokens.document_ids for tokens in self._pending]),
            np.concatenate([tokens.input_ids for tokens in self._pending]),
            np.concatenate([[0], np.cumsum(lengths)]),
            {name: table.column(name).combine_chunks() for name in self._selectors},
        )
        self._pending, self._pending_tokens = [], 0

    def __enter__(self) -> _ComponentOutput:
        self._writer.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if kind is None:
                self._flush()
        except BaseException as failed:
            self._writer.__exit__(type(failed), failed, failed.__traceback__)
            raise
        self._writer.__exit__(kind, error, trace)
