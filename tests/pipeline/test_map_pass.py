"""The map pass: rows in, the same rows out, whatever a document does to a stage."""

from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.readers import SourceFile
from pipeline.map_pass import BatchWriter, MapItem, apply_guarded, map_partition
from stages.base import DROP_REASON, DROP_STAGE, MapStage, alive, mark_dropped, set_column

from .small_runs import write_corpus


class Measure(MapStage):
    """Adds ``size``; cannot stand the text ``poison``."""

    name: ClassVar[str] = "measure"

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        texts = batch.column("text").to_pylist()
        if any(text == "poison" for text, lives in zip(texts, alive(batch), strict=True) if lives):
            raise RuntimeError("cannot stand this")
        return set_column(batch, "size", pa.array(map(len, texts), pa.int64()))


class Broken(MapStage):
    """Fails without a document to blame."""

    name: ClassVar[str] = "broken"

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        raise RuntimeError("wrong from the start")


def batch_of(texts: list[str]) -> pa.RecordBatch:
    """As the pass makes them: with the columns of dropping, nothing dropped."""
    batch = pa.record_batch({"text": pa.array(texts, pa.large_string())})
    return mark_dropped(batch, "", pa.nulls(len(texts), pa.string()))


def read_rows(path: Path) -> list[dict[str, Any]]:
    with pa.OSFile(str(path)) as file:
        rows: list[dict[str, Any]] = pa.ipc.open_file(file).read_all().to_pylist()
    return rows


def test_a_document_that_breaks_a_stage_is_dropped_and_the_others_go_on() -> None:
    done = apply_guarded(Measure(), batch_of(["one", "poison", "three"]))
    assert done.column("size").to_pylist() == [3, None, 5]
    assert done.column(DROP_STAGE).to_pylist() == [None, "measure", None]
    assert done.column(DROP_REASON)[1].as_py() == "error: RuntimeError: cannot stand this"


@settings(deadline=None)
@given(st.lists(st.sampled_from(["fine", "good", "poison"]), max_size=20))
def test_every_row_stays_in_its_place_wherever_the_faults_are(texts: list[str]) -> None:
    done = apply_guarded(Measure(), batch_of(texts))
    assert done.column("text").to_pylist() == texts
    poisoned = [text == "poison" for text in texts]
    assert [not lives for lives in alive(done)] == poisoned
    assert [size is None for size in done.column("size").to_pylist()] == poisoned


def test_a_stage_that_fails_without_documents_stops_the_run() -> None:
    """No document is at fault, so none is dropped for it."""
    for texts in ([], ["any"]):
        with pytest.raises(RuntimeError, match="wrong from the start"):
            apply_guarded(Broken(), batch_of(texts))


# Files of batches whose columns differ.


def test_a_column_that_a_later_batch_lacks_is_null_there(tmp_path) -> None:
    path = tmp_path / "out.arrow"
    full = pa.record_batch({"a": [1], "b": ["x"]})
    with BatchWriter(str(path), full.schema, None) as writer:
        writer.write(full)
        writer.write(pa.record_batch({"b": ["y"]}))
        writer.write(pa.record_batch({"b": ["z"], "a": [3]}))
    assert read_rows(path) == [
        {"a": 1, "b": "x"},
        {"a": None, "b": "y"},
        {"a": 3, "b": "z"},
    ]


def test_a_column_that_appears_late_is_an_error_not_a_loss(tmp_path) -> None:
    first, second = pa.record_batch({"a": [1]}), pa.record_batch({"a": [2], "late": [0]})
    with (
        pytest.raises(ValueError, match=r"columns \['late'\] were not in the partition's first"),
        BatchWriter(str(tmp_path / "out.arrow"), first.schema, None) as writer,
    ):
        writer.write(first)
        writer.write(second)
    assert list(tmp_path.iterdir()) == []  # not even an unfinished file


# A whole partition.


def item_of(folder: Path, lines: list[Any], **more: Any) -> MapItem:
    path = write_corpus(folder / "corpus" / "a.jsonl", lines)
    settings: dict[str, Any] = {
        "stages": (("normalize", {}),),
        "barriers": (("exact_dedup", {}),),
        "documents": f"{folder}/documents.arrow",
        "keys": {"exact_dedup": f"{folder}/keys.arrow"},
        "files": (SourceFile("web", str(path), "a.jsonl", "jsonl"),),
        "quarantine": f"{folder}/quarantine.parquet",
    }
    return MapItem(**(settings | more))


def test_documents_and_keys_have_a_row_for_every_document_read(tmp_path) -> None:
    lines = [{"text": "One."}, {"text": "\u0000"}, b"{", {"text": "Two."}, {"text": "One."}]
    result = map_partition(item_of(tmp_path, lines))
    rows, keys = read_rows(tmp_path / "documents.arrow"), read_rows(tmp_path / "keys.arrow")
    assert result["rows"] == len(rows) == len(keys) == 4
    assert result["quarantined"] == {"broken JSON": 1}
    assert [row[DROP_STAGE] for row in rows] == [None, "normalize", None, None]
    assert [key["alive"] for key in keys] == [True, False, True, True]
    digests = [(key["text_high"], key["text_low"]) for key in keys]
    assert digests[0] == digests[3] != digests[2]
    assert {"read", "normalize", "exact_dedup", "write"} <= result["seconds"].keys()


def test_a_partition_without_rows_still_has_its_files_and_columns(tmp_path) -> None:
    result = map_partition(item_of(tmp_path, [b"{"]))
    assert result["rows"] == 0
    with pa.OSFile(f"{tmp_path}/documents.arrow") as file:
        assert "normalize_changes" in pa.ipc.open_file(file).schema.names
    assert read_rows(tmp_path / "keys.arrow") == []


def test_a_later_pass_goes_on_from_the_earlier_one_and_what_barriers_said(tmp_path) -> None:
    map_partition(item_of(tmp_path, [{"text": "One."}, {"text": "Two."}]))
    said = pa.table({"row": [1], DROP_REASON: ["exact: 2 vs 1"]})
    with pa.ipc.new_file(f"{tmp_path}/said.arrow", said.schema) as writer:
        writer.write_table(said)
    second = MapItem(
        stages=(("quality", {"rules": []}),),
        barriers=(),
        documents=f"{tmp_path}/second.arrow",
        keys={},
        previous=f"{tmp_path}/documents.arrow",
        annotations=(("exact_dedup", f"{tmp_path}/said.arrow"),),
    )
    assert map_partition(second)["rows"] == 2
    rows = read_rows(tmp_path / "second.arrow")
    assert [row[DROP_STAGE] for row in rows] == [None, "exact_dedup"]
    assert {"quality", "normalize_changes"} <= rows[0].keys()


def test_a_mended_file_takes_its_quarantine_with_it(tmp_path) -> None:
    map_partition(item_of(tmp_path, [{"text": "One."}, b"{"]))
    assert (tmp_path / "quarantine.parquet").exists()
    map_partition(item_of(tmp_path, [{"text": "One."}]))
    assert not (tmp_path / "quarantine.parquet").exists()
