"""Documents on disk: what is written is read back, byte for byte the same each time."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from formats.documents import DOCUMENT_SCHEMA, read_documents, split_by_text, write_documents


def documents(texts, **columns):
    rows = len(texts)
    made = {"text": pa.array(texts, pa.large_string())} | columns
    for name in ("id", "source", "origin"):
        made.setdefault(name, pa.array([f"{name}{k}" for k in range(rows)]))
    extra = [pa.field(n, c.type) for n, c in made.items() if n not in DOCUMENT_SCHEMA.names]
    schema = pa.schema([*DOCUMENT_SCHEMA, *extra])
    arrays = [made.get(field.name, pa.nulls(rows, field.type)) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def test_a_round_trip_keeps_every_column(tmp_path):
    batch = documents(["a", "é", ""], signal=pa.array([1, None, 3], pa.float32()))
    path = str(tmp_path / "deep" / "part.parquet")
    assert write_documents(path, [batch]) == {"rows": 3, "text_bytes": 3}
    [back] = read_documents(path)
    assert back.equals(batch)
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["part.parquet"]


def test_bytes_do_not_depend_on_the_batches(tmp_path, monkeypatch):
    monkeypatch.setattr("formats.documents.ROW_GROUP_TEXT_BYTES", 1000)
    batch = documents(["x" * (k % 300) for k in range(200)])
    pieces = [batch.slice(0, 7), batch.slice(7, 0), batch.slice(7, 90), batch.slice(97)]
    write_documents(str(tmp_path / "a.parquet"), [batch])
    write_documents(str(tmp_path / "b.parquet"), pieces)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    sizes = pq.ParquetFile(tmp_path / "a.parquet").metadata
    assert sizes.num_row_groups > 10


def test_no_rows_make_a_file_with_the_schema(tmp_path):
    path = str(tmp_path / "a.parquet")
    assert write_documents(path, []) == {"rows": 0, "text_bytes": 0}
    assert pq.read_schema(path).equals(DOCUMENT_SCHEMA)
    extra = documents([], signal=pa.array([], pa.float32()))
    write_documents(path, [extra])
    assert pq.read_schema(path).equals(extra.schema)
    assert list(read_documents(path)) == []


def test_a_batch_of_another_schema_is_refused_and_leaves_no_file(tmp_path):
    other = documents(["b"], signal=pa.array([1], pa.float32()))
    with pytest.raises(ValueError, match="unexpected signal: float"):
        write_documents(str(tmp_path / "a.parquet"), [documents(["a"]), other])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("compression", ["zstd", "lz4", "none"])
def test_a_folder_is_read_in_the_order_of_names(tmp_path, compression):
    for name in ("b", "a", "c"):
        write_documents(str(tmp_path / f"{name}.parquet"), [documents([name])], compression)
    (tmp_path / "note.txt").write_text("not a document")
    batches = list(read_documents(str(tmp_path), ["text", "id"]))
    assert [batch.schema.names for batch in batches] == [["text", "id"]] * 3
    assert [t for batch in batches for t in batch["text"].to_pylist()] == ["a", "b", "c"]


def test_urls(tmp_path):
    write_documents("memory://documents/a.parquet", [documents(["a"])])
    [batch] = read_documents("memory://documents")
    assert batch["text"].to_pylist() == ["a"]


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no documents at"):
        list(read_documents(str(Path(tmp_path) / "none")))


def test_split_by_text():
    batch = documents(["aa", "bbb", "c" * 9, "", "d"])
    parts = [part["text"].to_pylist() for part in split_by_text(batch, 5)]
    assert parts == [["aa", "bbb"], ["c" * 9], ["", "d"]]
    assert list(split_by_text(batch, 100)) == [batch]
    assert list(split_by_text(batch.slice(0, 0), 5)) == []
