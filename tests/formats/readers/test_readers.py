"""The registry, and what every reader promises."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from formats.documents import DOCUMENT_SCHEMA
from formats.quarantine import Quarantine
from formats.readers import READERS, SourceFile, read_file

from .archives import record


def content_of(kind, texts):
    """The same texts as a file of each kind."""
    if kind == "jsonl":
        return b"".join(b'{"text":"%s"}\n' % text.encode() for text in texts)
    if kind == "csv":
        return b"text\n" + b"".join(b"%s\n" % text.encode() for text in texts)
    if kind == "text":
        return "\n".join(texts).encode()
    if kind == "warc":
        headers = {"Content_Type": "text/plain"}
        return b"".join(record(text.encode(), "conversion", **headers) for text in texts)
    sink = pa.BufferOutputStream()
    table = pa.table({"text": texts})
    if kind == "parquet":
        pq.write_table(table, sink)
    else:
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("kind", READERS)
def test_every_reader_gives_documents_with_stable_ids(read, kind):
    content = content_of(kind, ["one", "two", "three"])
    outcomes = [read(content, "f.x.txt", read=kind, split="line") for _ in range(2)]
    for outcome in outcomes:
        assert outcome.texts == ["one", "two", "three"]
        assert all(batch.schema.equals(DOCUMENT_SCHEMA) for batch in outcome.batches)
    first, second = ([row["id"] for row in outcome.rows] for outcome in outcomes)
    assert first == second  # the folder is another, the relative path is the same
    assert len(set(first)) == 3


@pytest.mark.parametrize("kind", READERS)
def test_no_reader_passes_over_garbage_in_silence(read, kind):
    outcome = read(bytes(range(256)) * 10, "f.txt", read=kind)
    assert outcome.rows == []
    assert outcome.entries


@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_is_not_there_is_an_error(tmp_path, kind):
    file = SourceFile("web", str(tmp_path / "none"), "none", kind)
    with pytest.raises(FileNotFoundError):
        list(read_file(file, Quarantine()))


@pytest.mark.parametrize("kind", READERS)
def test_urls(kind):
    import fsspec

    content = content_of(kind, ["one"])
    fsspec.filesystem("memory").pipe(f"/readers/{kind}", content)
    [batch] = read_file(SourceFile("web", f"memory://readers/{kind}", kind, kind), Quarantine())
    assert batch["text"].to_pylist() == ["one"]
    assert batch["origin"][0].as_py().startswith(f"memory://readers/{kind}#")


def test_an_unknown_reader_names_the_nearest():
    with pytest.raises(ValueError, match=r"'json' is not one of jsonl, .*did you mean 'jsonl'"):
        read_file(SourceFile("web", "a", "a", "json"), Quarantine())


def test_the_registry_costs_no_heavy_import():
    code = "import sys, formats.readers; assert not {'numba', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
