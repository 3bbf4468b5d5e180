"""Which documents of a component a phase takes, read from the tokens beside their columns.

The documents of a round are laid end to end in file order; where a file begins in that line is
known once its documents are counted, and then any stretch of it can be packed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from formats.tokens import TokensReader
from stages.mixture.rehydration import most, repetitions_in
from stages.selectors import matches

DOCUMENT = np.dtype(
    [
        ("document_id", "<u8"),
        ("position", "<i8"),  # of its first token, in the file seen as tokens
        ("file", "<u4"),  # index into the component's files
        ("offset", "<i4"),  # of its first token, in the document: more than 0 where it was cut
        ("length", "<i8"),
    ]
)


def count_documents(item: Mapping[str, Any]) -> dict[str, Any]:
    """Count the selected documents of some files of a component; an engine task.

    Args:
        item: ``folder`` and ``files`` (tokens; relative to the folder), ``where``, ``rehydrate``
            (see ``rehydration.Table``), ``dtype``.

    Returns:
        ``documents`` and ``tokens``: of every round a list, with a count for every file.

    Raises:
        ValueError: a condition names a column that is not there, or the tokens have another type.
    """
    rounds = most(item["rehydrate"])
    documents = np.zeros((rounds, len(item["files"])), np.int64)
    tokens = np.zeros_like(documents)
    for number in range(rounds):
        for batch in selected_documents(dict(item) | {"first_file": 0}, number):
            if len(batch):
                documents[number, batch["file"][0]] += len(batch)
                tokens[number, batch["file"][0]] += int(batch["length"].sum())
    return {"documents": documents.tolist(), "tokens": tokens.tolist()}


def selected_documents(item: Mapping[str, Any], round_number: int) -> Iterator[np.ndarray]:
    """The documents of a round, as ``DOCUMENT`` records, a record batch of a file at a time.

    Args:
        item: as for ``count_documents``, and ``first_file``: the number of the first file.
        round_number: the documents that stand more than so many times in an epoch.
    """
    for number, name in enumerate(item["files"], item["first_file"]):
        reader = TokensReader(f"{item['folder']}/{name}")
        if reader.dtype != np.dtype(item["dtype"]):
            raise ValueError(
                f"{reader.path} holds {reader.dtype} tokens; this vocabulary takes {item['dtype']}"
            )
        for batch in reader.batches():
            documents = np.zeros(len(batch.document_ids), DOCUMENT)
            documents["document_id"] = batch.document_ids
            documents["position"] = batch.offsets[:-1] - batch.offsets[0] + batch.file_position
            documents["file"] = number
            documents["length"] = np.diff(batch.offsets)
            wanted = documents["length"] > 0
            if item["where"]:
                wanted &= _matching(batch.table, item, reader)
            if round_number:  # the first holds every document
                wanted &= repetitions_in(batch.table, item["rehydrate"]) > round_number
            yield documents[wanted]


def _matching(table: Any, item: Mapping[str, Any], reader: TokensReader) -> np.ndarray:
    """``matches`` on the columns beside the tokens, with the file named when it fails."""
    try:
        return matches(table.select(reader.selectors), item["where"])
    except ValueError as error:
        error.add_note(f"in the tokens of {reader.path}")
        raise
