"""Batches of any columns to documents: what the Parquet and Arrow readers share.

Whole columns are cast, checked and written as JSON by Arrow; only values that JSON must escape or
nest, and only rows that go to quarantine, are handled one by one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.quarantine import RAW_LIMIT, Quarantine
from formats.readers import SourceFile
from formats.readers.assemble import document_batches
from formats.readers.columns import DOCUMENT_COLUMNS, ColumnChoice
from formats.readers.json_columns import json_objects, json_values
from formats.readers.lines import utf8_error


def schema_error(schema: pa.Schema, choice: ColumnChoice) -> str | None:
    """Why no row of a file with this schema can be read, or None."""
    held = ", ".join(schema.names)
    for name in choice.required:
        if name not in schema.names:
            kind = "missing text" if name in choice.of("text") else "missing column"
            return f"{kind}: no column {name!r}; the file has {held}"
    texts = [name for name in choice.of("text") if name in schema.names]
    if not texts:
        wanted = " or ".join(map(repr, choice.of("text")))
        return f"missing text: no column {wanted}; the file has {held}"
    for name in texts:
        if not _is_text(schema.field(name).type):
            return f"wrong type: column {name!r} is {schema.field(name).type}, not text"
    for name in choice.of("quality"):
        kind = schema.field(name).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or _is_text(kind)):
            return f"wrong type: column {name!r} is {kind}, not a number"
    twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if twice:
        return f"duplicate column: {twice[0]!r} stands more than once"
    return None


def wanted_columns(schema: pa.Schema, choice: ColumnChoice) -> list[str]:
    """The columns to read: all, or only the mapped ones where ``meta`` is not wanted."""
    return [name for name in schema.names if choice.keep_meta or name in choice.names]


def tabular_documents(
    file: SourceFile,
    choice: ColumnChoice,
    batch: pa.RecordBatch,
    positions: np.ndarray,
    quarantine: Quarantine,
    batch_bytes: int,
) -> Iterator[pa.RecordBatch]:
    """Turn the rows of a batch into documents.

    Args:
        file: where the rows come from.
        choice: which columns are which fields.
        batch: rows whose schema ``schema_error`` found good.
        positions: int64 [rows], row or line numbers.
        quarantine: takes the rows that are no documents.
        batch_bytes: text in a batch; one longer document stands alone.
    """
    columns = {
        name: _plain_column(batch.column(name)) for name in wanted_columns(batch.schema, choice)
    }
    errors = _row_errors(columns, choice, file.max_record_bytes)
    for row in sorted(errors):
        raw = _raw_text(columns, choice, row)
        quarantine.add(file.source, file.path, int(positions[row]), errors[row], raw)
    if errors:
        good = np.ones(batch.num_rows, np.bool_)
        good[list(errors)] = False
        positions = positions[good]
        columns = {name: column.filter(pa.array(good)) for name, column in columns.items()}
    yield from document_batches(file, positions, _fields(columns, choice), batch_bytes)


def _is_text(kind: pa.DataType) -> bool:
    """True for strings and for bytes, which may be UTF-8."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(
        test(kind)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_binary_view,
            pa.types.is_null,
        )
    )


def _plain_column(column: pa.Array) -> pa.Array:
    """Dictionaries decoded, extensions unwrapped, every kind of text as ``large_binary``."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        column = column.cast(pa.large_string())
    return column


def _row_errors(
    columns: dict[str, pa.Array], choice: ColumnChoice, max_record_bytes: int
) -> dict[int, str]:
    """The rows that are no documents, and why."""
    errors: dict[int, str] = {}
    texts = [(name, columns[name]) for name in choice.of("text") if name in columns]
    for name, column in columns.items():
        is_bytes = name in choice.of("text") and not pa.types.is_large_string(column.type)
        if pa.types.is_large_string(column.type) or is_bytes:
            for row in _not_utf8(column):
                errors.setdefault(row, f"{utf8_error(_bytes(column, row))} (column {name!r})")
    null = pc.is_null(texts[0][1])
    for _, column in texts[1:]:
        null = pc.and_(null, pc.is_null(column))
    names = " or ".join(repr(name) for name, _ in texts)
    for row in _rows(null):
        errors.setdefault(row, f"missing text: {names} is null")
    for _, column in texts:
        for row in _rows(pc.greater(pc.binary_length(column), max_record_bytes)):
            errors.setdefault(row, f"too long: a text of more than {max_record_bytes:,} bytes")
        for row in _with_nul(column):
            errors.setdefault(row, "NUL character: the text holds one")
    for name in choice.of("quality"):
        column = columns[name]
        for row in np.flatnonzero(np.isnan(_numbers(column)) & column.is_valid()).tolist():
            value = column[row].as_py()
            errors.setdefault(row, f"wrong type: {name!r} is {value!r}, not a number")
    return errors


def _rows(mask: pa.Array) -> list[int]:
    """The rows in which a mask is true."""
    rows: list[int] = np.flatnonzero(pc.fill_null(mask, False)).tolist()
    return rows


def _bytes(column: pa.Array, row: int) -> bytes:
    """One value's bytes, valid UTF-8 or not."""
    value = column[row].as_buffer()
    return b"" if value is None else value.to_pybytes()


def _as_text(column: pa.Array) -> pa.Array:
    """``large_string`` over the same buffers, unchecked."""
    if pa.types.is_binary(column.type) or pa.types.is_binary_view(column.type):
        column = column.cast(pa.large_binary())
    return column.view(pa.large_string())


def _not_utf8(column: pa.Array) -> list[int]:
    """The rows that are not UTF-8; one fast pass where all are."""
    try:
        _as_text(column).validate(full=True)
        return []
    except pa.ArrowInvalid:
        pass
    bad = []
    for row in range(len(column)):
        try:
            _bytes(column, row).decode()
        except UnicodeDecodeError:
            bad.append(row)
    return bad


def _with_nul(column: pa.Array) -> list[int]:
    """The rows that hold a NUL character; one fast pass where none does."""
    data = _as_text(column).buffers()[2]
    if data is None or not len(column) or np.frombuffer(data, np.uint8).all():
        return []
    return _rows(pc.match_substring(column.cast(pa.large_binary()), b"\0"))


def _raw_text(columns: dict[str, pa.Array], choice: ColumnChoice, row: int) -> bytes:
    """What a quarantine entry keeps of a row: its text, where there is one."""
    for name in choice.of("text"):
        if name in columns and columns[name][row].is_valid:
            return _bytes(columns[name], row)[:RAW_LIMIT]
    return b""


def _fields(columns: dict[str, pa.Array], choice: ColumnChoice) -> dict[str, pa.Array]:
    """The document columns; what no field takes becomes ``meta``.

    A field with several guesses takes, row by row, the first that is not null. Where a field
    could have taken another column as well, ``meta`` keeps that column whole.
    """
    made: dict[str, pa.Array] = {}
    taken: set[str] = set()
    for field in ("text", *DOCUMENT_COLUMNS, "quality"):
        names = [name for name in choice.of(field) if name in columns]
        if not names:
            continue
        taken.add(names[0])
        if field == "quality":
            numbers = _numbers(columns[names[0]]).astype(np.float32)
            made["quality"] = pa.array(numbers, from_pandas=True)
            continue
        candidates = [_text_values(columns[name]) for name in names]
        chosen = pc.coalesce(*candidates) if candidates[0].null_count else candidates[0]
        if field == "text":
            made["text"] = chosen
        else:
            made[DOCUMENT_COLUMNS[field]] = chosen.cast(pa.string())
    others = {name: column for name, column in columns.items() if name not in taken}
    if choice.keep_meta and others:
        made["meta"] = json_objects(others)
    return made


def _numbers(column: pa.Array) -> np.ndarray:
    """float64 [rows]: the values of a column of numbers or of their texts; NaN for all others."""
    if _is_text(column.type):
        try:
            column = _as_text(column).cast(pa.float64())
        except pa.ArrowInvalid:
            column = pa.array([_number(value) for value in column.to_pylist()], pa.float64())
    values: np.ndarray = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _number(text: str | None) -> float | None:
    """A number from its text; None where it is none."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _text_values(column: pa.Array) -> pa.Array:
    """A column as ``large_string``: numbers by their text, nested values as JSON."""
    if _is_text(column.type):
        return _as_text(column)
    if pa.types.is_nested(column.type):
        return json_values(column).cast(pa.large_string())
    return column.cast(pa.large_string())
