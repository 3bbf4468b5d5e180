"""Where the vectors of an embedding model are kept, and how near two documents are by them.

features     per partition   (``content_files``) a vector of each document, if there is a model
sums, centres                means of a language's vectors
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from stages.barrier_files import Plan, fixed_lists, write_table
from stages.bilingual.pairing.embedding import centred, document_vectors, open_embedding, scale
from stages.shuffle import open_ipc

WEIGHT, NEITHER = 0.3, 0.3
"""What an embedding adds to the share that matches in order: so much of what the cosine is above a
value that says neither. Of Japanese prose unseen by the model .88 was found with both and at a
precision of .98, .84 without a model, .92 at .96 where all of the cosine was added."""


def vector_column(folder: str | None, texts: pa.Array) -> pa.Array:
    """The column ``vector`` of some documents: lists of int16, empty without a model."""
    vectors = np.zeros((len(texts), 0), np.int16)
    if folder and len(texts):
        vectors = document_vectors(open_embedding(folder), texts.to_pylist())
    offsets = np.arange(len(texts) + 1) * vectors.shape[1]
    return pa.LargeListArray.from_arrays(offsets, pa.array(vectors.ravel()))


def vectors_of(table: pa.Table) -> np.ndarray:
    """int16 [documents, dimensions] of a table of features."""
    column = table.column("vector").combine_chunks()
    column = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
    values = column.flatten().to_numpy()
    return values.reshape(len(column), -1) if len(column) else np.zeros((0, 0), np.int16)


def write_matrix(path: str, matrix: np.ndarray, counts: np.ndarray) -> None:
    """Write rows of numbers (float64 [rows, dimensions]) and of how many documents each is."""
    rows = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])
    if matrix.shape[1] == 0:
        rows = pa.nulls(len(matrix), pa.list_(pa.float64(), 0))
    write_table(path, pa.table({"vector": rows, "documents": counts}))


def read_matrix(path: str) -> tuple[np.ndarray, np.ndarray]:
    """What ``write_matrix`` wrote."""
    table = open_ipc(path).read_all()
    counts = table.column("documents").to_numpy()
    if table.column("vector").type.list_size == 0:
        return np.zeros((len(counts), 0)), counts
    return fixed_lists(table.column("vector")), counts


def apart(plan: Plan, table: pa.Table) -> np.ndarray:
    """The vectors of a table of features less the means of their languages; float32, integers."""
    centres, _ = read_matrix(plan.path("centres", 0))
    vectors = vectors_of(table)
    return centred(vectors, centres[:, : vectors.shape[1]], table.column("member").to_numpy())


def evidence(vectors: Sequence[np.ndarray], lefts: np.ndarray, rights: np.ndarray) -> np.ndarray:
    """What the vectors of pairs of documents say for them, or against, float32 [pairs]."""
    products = np.einsum("ij,ij->i", vectors[0][lefts], vectors[1][rights])
    length = scale(max(vectors[0].shape[1], 1))
    return (WEIGHT * (products / (length * length) - NEITHER)).astype(np.float32)
