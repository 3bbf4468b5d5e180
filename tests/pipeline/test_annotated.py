"""What barriers say of rows, put to the rows."""

from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.annotated import annotated_batches
from stages.base import DROP_REASON, DROP_STAGE


def write_ipc(path: Path, table: pa.Table, batch_rows: int = 3) -> str:
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=batch_rows)
    return str(path)


def said_of(rows: dict[int, str | None], **columns: list[object]) -> pa.Table:
    return pa.table(
        {
            "row": pa.array(list(rows), pa.int64()),
            DROP_REASON: pa.array(list(rows.values()), pa.string()),
            **columns,
        }
    )


def test_rows_are_marked_and_given_columns_across_batches(tmp_path) -> None:
    documents = write_ipc(tmp_path / "documents.arrow", pa.table({"id": list("abcdefg")}))
    said = said_of({1: "copy: 2 vs 1", 5: None}, cluster=["x", "y"])
    batches = list(annotated_batches(documents, [("dedup", write_ipc(tmp_path / "said", said))]))
    assert [batch.num_rows for batch in batches] == [3, 3, 1]
    table = pa.Table.from_batches(batches)
    assert table["cluster"].to_pylist() == [None, "x", None, None, None, "y", None]
    assert table[DROP_STAGE].to_pylist() == [None, "dedup", None, None, None, None, None]
    assert table[DROP_REASON][1].as_py() == "copy: 2 vs 1"


def test_the_first_barrier_that_drops_a_row_is_the_one_named(tmp_path) -> None:
    documents = write_ipc(tmp_path / "documents.arrow", pa.table({"id": ["a", "b"]}))
    annotations = [
        ("first", write_ipc(tmp_path / "1", said_of({0: "one: 1 vs 2"}))),
        ("second", write_ipc(tmp_path / "2", said_of({0: "two: 1 vs 2", 1: "two: 3 vs 4"}))),
    ]
    [batch] = annotated_batches(documents, annotations)
    assert batch.column(DROP_STAGE).to_pylist() == ["first", "second"]
    assert batch.column(DROP_REASON).to_pylist() == ["one: 1 vs 2", "two: 3 vs 4"]


def test_a_later_barrier_does_not_wipe_out_what_an_earlier_one_said(tmp_path) -> None:
    """Both may fill the same column, as ``duplicate_of``, of different rows."""
    documents = write_ipc(tmp_path / "documents.arrow", pa.table({"id": ["a", "b", "c"]}))
    annotations = [
        ("exact", write_ipc(tmp_path / "1", said_of({0: None}, duplicate_of=["z"]))),
        ("near", write_ipc(tmp_path / "2", said_of({2: None}, duplicate_of=["y"]))),
    ]
    [batch] = annotated_batches(documents, annotations)
    assert batch.column("duplicate_of").to_pylist() == ["z", None, "y"]


def test_texts_are_cut_and_every_batch_has_the_same_columns(tmp_path) -> None:
    """Whether or not anything in it was cut: documents are written batch by batch."""
    schema = pa.schema([("id", pa.string()), pa.field("text", pa.large_string(), nullable=False)])
    texts = ["abc", "déf", "ghi", "jkl"]
    table = pa.table({"id": list("0123"), "text": texts}, schema)
    documents = write_ipc(tmp_path / "documents.arrow", table, batch_rows=2)
    ranges = {"cut_begins": [[0, 3], None], "cut_ends": [[1, 4], None]}
    lists = {name: pa.array(some, pa.list_(pa.int64())) for name, some in ranges.items()}
    said = write_ipc(tmp_path / "said", said_of({1: None, 3: "words: 1 vs 2"}, **lists))
    batches = list(annotated_batches(documents, [("cutter", said)]))
    assert batches[0].schema == batches[1].schema
    left = pa.Table.from_batches(batches)
    assert left["text"].to_pylist() == ["abc", "é", "ghi", "jkl"]
    assert left[DROP_STAGE].to_pylist() == [None, None, None, "cutter"]


Reasons = st.dictionaries(st.integers(0, 19), st.none() | st.sampled_from(["a: 1", "b: 2"]))


@settings(deadline=None)
@given(rows=st.integers(0, 20), batch_rows=st.integers(1, 7), said=st.lists(Reasons, max_size=3))
def test_it_agrees_with_a_dictionary(tmp_path_factory, rows, batch_rows, said) -> None:
    folder = tmp_path_factory.mktemp("annotated")
    documents = pa.table({"id": pa.array(range(rows), pa.int64())})
    path = write_ipc(folder / "documents.arrow", documents, batch_rows)
    expected: dict[int, tuple[str, str]] = {}
    annotations = []
    for number, reasons in enumerate(said):
        here = {row: reasons[row] for row in sorted(reasons) if row < rows}
        annotations.append((f"stage-{number}", write_ipc(folder / f"{number}", said_of(here))))
        for row, reason in here.items():
            if reason is not None:
                expected.setdefault(row, (f"stage-{number}", reason))
    found = [row for batch in annotated_batches(path, annotations) for row in batch.to_pylist()]
    assert [row["id"] for row in found] == list(range(rows))
    marked = {
        row["id"]: (row[DROP_STAGE], row[DROP_REASON]) for row in found if row.get(DROP_STAGE)
    }
    assert marked == expected
