"""The run folder: its places, what is in them, and one document looked up."""

import numpy as np
import pyarrow as pa
import pytest

from formats.documents import DOCUMENT_SCHEMA, document_ids, write_documents
from formats.run_folder import NotARunFolder, RunFolder


def documents(texts, first_line=1, **columns):
    lines = np.arange(first_line, first_line + len(texts))
    made = {
        "id": document_ids(7, lines),
        "text": pa.array(texts, pa.large_string()),
        "source": pa.array(["web"] * len(texts)),
        "origin": pa.array([f"web/a.jsonl#{line}" for line in lines]),
    }
    made |= {name: pa.array(values) for name, values in columns.items()}
    extra = [pa.field(n, c.type) for n, c in made.items() if n not in DOCUMENT_SCHEMA.names]
    schema = pa.schema([*DOCUMENT_SCHEMA, *extra])
    arrays = [made.get(field.name, pa.nulls(len(texts), field.type)) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@pytest.fixture(params=["local", "memory"])
def run(request, tmp_path):
    root = str(tmp_path / "run") if request.param == "local" else f"memory://{tmp_path.name}/run"
    folder = RunFolder(root + "/")
    write_documents(f"{folder.documents_path}/part-0.parquet", [documents(["a", "b"])])
    write_documents(f"{folder.documents_path}/part-1.parquet", [documents(["c"], 3)])
    dropped = documents(["d"], 4, drop_reason=["short: 1 vs 5"])
    write_documents(f"{folder.removed_path('quality')}/part-0.parquet", [dropped])
    return folder


def test_the_places(run):
    assert run.exists()
    assert run.shards_path == f"{run.path}/shards"
    assert run.bilingual_documents_path == f"{run.path}/bilingual/documents"
    assert run.removed_stages() == ["quality"]
    assert run.components() == []


def test_documents_and_removed(run):
    texts = [t for batch in run.documents(["text"]) for t in batch["text"].to_pylist()]
    assert texts == ["a", "b", "c"]
    [batch] = run.removed("quality", ["drop_reason"])
    assert batch.to_pylist() == [{"drop_reason": "short: 1 vs 5"}]


def test_a_document_is_found_by_id_number_and_origin(run):
    ids = document_ids(7, np.arange(1, 5)).to_pylist()
    for key in (ids[1], ids[1][:16], "web/a.jsonl#2"):
        found = run.find_document(key)
        assert (found["text"], found["found_in"]) == ("b", "documents")
    found = run.find_document(ids[3])
    assert (found["drop_reason"], found["found_in"]) == ("short: 1 vs 5", "removed/quality")
    assert run.find_document("web/a.jsonl#5") is None
    assert run.find_document("0" * 32) is None


def test_what_is_not_there_yet(run):
    with pytest.raises(NotARunFolder, match=r"has no summary\.json: it is written at the end"):
        run.read_summary()
    with pytest.raises(NotARunFolder, match=r"has no removed/pii: stages that .*: quality"):
        run.removed("pii")


def test_the_summary_and_the_components(tmp_path):
    (tmp_path / "summary.json").write_text('{"documents": 3}')
    for name in ("zh", "en"):
        (tmp_path / "tokens" / name).mkdir(parents=True)
    run = RunFolder(str(tmp_path))
    assert run.read_summary() == {"documents": 3}
    assert run.components() == ["en", "zh"]
    with pytest.raises(NotARunFolder, match="no documents were written yet"):
        run.documents()


def test_a_folder_that_is_no_run_folder(tmp_path):
    run = RunFolder(str(tmp_path))
    assert not run.exists()
    for ask in (run.read_summary, run.documents, run.removed_stages, run.components):
        with pytest.raises(NotARunFolder, match=r"is no run folder: it has none of recipe\.yaml"):
            ask()
    with pytest.raises(NotARunFolder, match="is no run folder"):
        run.find_document("x")
