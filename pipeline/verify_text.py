"""Training rows back to text: the documents they name, encoded again, must give their tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from formats.documents import document_files, document_numbers
from formats.shards import TokenShards
from formats.storage import filesystem
from stages.tokens.encoder import shared_encoder

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

EXCERPT_TOKENS = 12


class TracedPiece(NamedTuple):
    """A stretch of a row that a document is said to have given."""

    phase: str
    row: int
    offset: int
    """Of its first token in the document."""
    tokens: np.ndarray


class Traced(NamedTuple):
    """What came of it."""

    problems: list[str]
    documents: int
    tokens: int


def trace_to_text(
    folder: RunFolder,
    shards: TokenShards,
    rows: Sequence[tuple[str, int]],
    workers: int,
    step: Callable[[str, int], AbstractContextManager[None]],
    part_done: Callable[[], None],
) -> Traced:
    """Look up the documents of rows, encode them again and compare.

    Args:
        folder: the run.
        shards: its shards.
        rows: pairs of a phase and a row.
        workers: files of documents read at a time.
        step: shows a step of so many parts.
        part_done: called after each file of documents.

    Raises:
        ValueError: the tokenizer is not the one the shards were made with.
    """
    pieces = _pieces(shards, rows)
    wanted = np.array(sorted(pieces), np.uint64)
    encoder = shared_encoder(folder.tokenizer_path, shards.manifest.tokenizer_sha256)
    decode = _decoder(encoder.files.json_bytes)
    files = document_files(folder.documents_path)
    problems, missing, tokens = [], set(pieces), 0
    with step("rows to text", len(files)), ThreadPoolExecutor(workers) as pool:
        for numbers, texts in pool.map(lambda path: _texts(path, wanted), files):
            part_done()
            if not len(numbers):
                continue
            ids, offsets = encoder.encode(texts)
            for i, number in enumerate(numbers.tolist()):
                missing.discard(number)
                whole = ids[offsets[i] : offsets[i + 1]]
                for piece in pieces[number]:
                    tokens += len(piece.tokens)
                    expected = whole[piece.offset : piece.offset + len(piece.tokens)]
                    if not np.array_equal(expected, piece.tokens):
                        problems.append(_difference(number, piece, expected, decode))
    for number in sorted(missing):
        for piece in pieces[number]:
            problems.append(
                f"{piece.phase} row {piece.row}: no kept document has the number {number:016x}"
            )
    return Traced(problems, len(pieces) - len(missing), tokens)


def _pieces(shards: TokenShards, rows: Sequence[tuple[str, int]]) -> dict[int, list[TracedPiece]]:
    """Document number -> what stands of it in the rows."""
    pieces: dict[int, list[TracedPiece]] = {}
    for phase, row in rows:
        tokens = shards.row(phase, row)["input_ids"]
        for piece in shards.trace_row(phase, row).pieces:
            if piece.document is not None:
                own = tokens[piece.start : piece.start + piece.length].copy()
                traced = TracedPiece(phase, row, piece.offset, own)
                pieces.setdefault(piece.document, []).append(traced)
    return pieces


def _texts(path: str, wanted: np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """The wanted documents of a file: uint64 numbers and large_string texts."""
    numbers = [np.zeros(0, np.uint64)]
    texts = []
    for ids, text in _row_groups(path):
        found = document_numbers(ids)
        own = np.flatnonzero(np.isin(found, wanted))
        if len(own):
            numbers.append(found[own])
            texts += text().take(pa.array(own)).cast(pa.large_string()).to_pylist()
    return np.concatenate(numbers), pa.array(texts, pa.large_string())


def _row_groups(path: str) -> Iterator[tuple[pa.Array, Callable[[], pa.ChunkedArray]]]:
    """Of each row group the ids, and what reads its texts."""
    import pyarrow.parquet as pq

    files, inner = filesystem(path)
    with files.open(inner, "rb") as stream:
        parquet = pq.ParquetFile(stream)
        for group in range(parquet.num_row_groups):
            ids = parquet.read_row_group(group, ["id"]).column("id").combine_chunks()

            def text(group: int = group) -> pa.ChunkedArray:
                return parquet.read_row_group(group, ["text"]).column("text")

            yield ids, text


def _decoder(json_bytes: bytes) -> Callable[[np.ndarray], str]:
    """What shows tokens as text."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(json_bytes.decode())
    return lambda ids: json.dumps(
        tokenizer.decode(ids.tolist(), skip_special_tokens=False), ensure_ascii=False
    )


def _difference(
    number: int, piece: TracedPiece, expected: np.ndarray, decode: Callable[[np.ndarray], str]
) -> str:
    """Say where the tokens part, and what both sides read there."""
    shared = min(len(expected), len(piece.tokens))
    differ = np.flatnonzero(expected[:shared] != piece.tokens[:shared])
    place = int(differ[0]) if len(differ) else shared
    around = slice(max(0, place - 2), place + EXCERPT_TOKENS)
    return (
        f"{piece.phase} row {piece.row}: token {piece.offset + place} of document {number:016x} "
        f"differs: the row reads {decode(piece.tokens[around])}, the document "
        f"{decode(expected[around])}"
    )
