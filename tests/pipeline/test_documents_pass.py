"""Kept here, dropped there, and every one of them counted."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.documents import DOCUMENT_SCHEMA
from pipeline.documents_pass import DocumentsItem, write_partition
from stages.base import DROP_REASON, DROP_STAGE

STAGES = ("langid", "quality")
SCHEMA = pa.schema([*DOCUMENT_SCHEMA, (DROP_STAGE, pa.string()), (DROP_REASON, pa.string())])


def row_of(number: int, stage: str | None = None, rule: str = "", **more: Any) -> dict[str, Any]:
    place = {"id": f"{number:032x}", "origin": f"a.jsonl#{number}", "source": "web", "text": "été"}
    why = {DROP_STAGE: stage, DROP_REASON: f"{rule}: 1 vs 2" if stage else None}
    return place | why | more


def split(folder: Path, rows: list[dict[str, Any]], batch_rows: int = 4) -> dict[str, Any]:
    """Write the rows as a partition and run the pass over it."""
    table = pa.Table.from_pylist(rows, SCHEMA)
    with pa.ipc.new_file(f"{folder}/partition.arrow", SCHEMA) as writer:
        writer.write_table(table, max_chunksize=batch_rows)
    removed = {stage: f"{folder}/removed/{stage}/part-00000.parquet" for stage in STAGES}
    item = DocumentsItem(f"{folder}/partition.arrow", (), f"{folder}/kept.parquet", removed)
    return write_partition(item)


def rows_in(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist() if path.exists() else []
    return rows


def test_kept_rows_lose_the_columns_of_dropping_and_removed_rows_have_them(tmp_path) -> None:
    result = split(tmp_path, [row_of(1), row_of(2, "quality", "gopher_words"), row_of(3)])
    assert result["kept"] == f"{tmp_path}/kept.parquet"
    kept = rows_in(tmp_path / "kept.parquet")
    assert [row["origin"] for row in kept] == ["a.jsonl#1", "a.jsonl#3"]
    assert DROP_STAGE not in kept[0]
    [removed] = rows_in(tmp_path / "removed" / "quality" / "part-00000.parquet")
    assert removed[DROP_REASON] == "gopher_words: 1 vs 2"
    assert removed.keys() - kept[0].keys() == {DROP_STAGE, DROP_REASON}
    assert not (tmp_path / "removed" / "langid").exists()  # nothing, no file


def test_counts_are_per_source_language_stage_and_rule(tmp_path) -> None:
    rows = [
        row_of(1, lang="fr"),
        row_of(2, lang="fr"),
        row_of(3, "langid", "score"),
        row_of(4, "quality", "c4_lines", lang="fr", source="books"),
    ]
    counts = [tuple(count.values()) for count in split(tmp_path, rows)["counts"]]
    assert counts == [
        ("books", "fr", "quality", "c4_lines", 1, 5),  # "été" has five bytes
        ("web", "fr", None, None, 2, 10),
        ("web", "und", "langid", "score", 1, 5),
    ]


def test_where_nothing_is_kept_there_is_no_file(tmp_path) -> None:
    assert split(tmp_path, [row_of(1, "langid", "score")])["kept"] is None
    assert split(tmp_path, [])["counts"] == []


def test_files_of_an_earlier_recipe_go_where_this_one_has_no_rows(tmp_path) -> None:
    split(tmp_path, [row_of(1), row_of(2, "langid", "score")])
    split(tmp_path, [row_of(1, "quality", "words")])
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.parquet")}
    assert left == {"removed/quality/part-00000.parquet"}


@settings(deadline=None)
@given(st.lists(st.sampled_from([None, *STAGES]), max_size=15), st.integers(1, 6))
def test_every_row_is_in_exactly_one_file_in_its_order(tmp_path_factory, stages, batch_rows):
    folder = tmp_path_factory.mktemp("documents")
    result = split(folder, [row_of(n, s, "rule") for n, s in enumerate(stages)], batch_rows)
    for stage in (None, *STAGES):
        wanted = [f"a.jsonl#{n}" for n, found in enumerate(stages) if found == stage]
        path = folder / f"removed/{stage}/part-00000.parquet" if stage else folder / "kept.parquet"
        assert [row["origin"] for row in rows_in(path)] == wanted
        counted = [c["documents"] for c in result["counts"] if c["stage"] == stage]
        assert sum(counted) == len(wanted)
