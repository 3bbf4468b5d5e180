"""Quarantine: counted, bounded, written once; or fatal where asked."""

import pyarrow.parquet as pq
import pytest

from formats.quarantine import QUARANTINE_SCHEMA, RAW_LIMIT, BadInput, Quarantine


def test_entries_are_counted_by_class_and_written(tmp_path):
    path = tmp_path / "quarantine" / "part.parquet"
    with Quarantine(str(path)) as quarantine:
        quarantine.add("web", "a.jsonl", 3, "broken JSON: no value", b"\xff{")
        quarantine.add("web", "a.jsonl", 9, "broken JSON: no end", b"x" * 100_000)
        quarantine.add("web", "b.gz", None, "truncated: early")
    assert quarantine.counts() == {"broken JSON": 2, "truncated": 1}
    assert quarantine.total == 3
    table = pq.read_table(path)
    assert table.schema.equals(QUARANTINE_SCHEMA)
    rows = table.to_pylist()
    assert rows[0] == {
        "source": "web",
        "path": "a.jsonl",
        "position": 3,
        "error": "broken JSON: no value",
        "raw": b"\xff{",
    }
    assert len(rows[1]["raw"]) == RAW_LIMIT
    assert rows[2]["position"] is None


def test_nothing_bad_no_file(tmp_path):
    with Quarantine(str(tmp_path / "q.parquet")):
        pass
    assert not Quarantine().write(str(tmp_path / "q.parquet"))
    assert list(tmp_path.iterdir()) == []


def test_much_is_written_in_parts_and_memory_stays_small(tmp_path):
    path = tmp_path / "q.parquet"
    with Quarantine(str(path)) as quarantine:
        for line in range(400):
            quarantine.add("web", "a", line, "broken JSON: x", b"x" * RAW_LIMIT)
            assert quarantine.table().num_rows < 140
    parquet = pq.ParquetFile(path)
    assert parquet.metadata.num_rows == 400
    assert parquet.metadata.num_row_groups > 2
    assert parquet.read(["position"])["position"].to_pylist() == list(range(400))


def test_without_a_path_what_is_too_much_is_only_counted(tmp_path):
    quarantine = Quarantine()
    for line in range(400):
        quarantine.add("web", "a", line, "broken JSON: x", b"x" * RAW_LIMIT)
    assert quarantine.total == 400
    assert quarantine.table().num_rows < 140
    assert quarantine.write(str(tmp_path / "q.parquet"))
    assert pq.read_metadata(tmp_path / "q.parquet").num_rows < 140


def test_an_error_in_the_block_leaves_no_file(tmp_path):
    with pytest.raises(RuntimeError, match="stop"), Quarantine(str(tmp_path / "q")) as quarantine:
        for line in range(400):
            quarantine.add("web", "a", line, "broken JSON: x", b"x" * RAW_LIMIT)
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


def test_fail_stops_at_the_first(tmp_path):
    quarantine = Quarantine(on_error="fail")
    with pytest.raises(BadInput, match=r"^a\.jsonl:7: broken JSON: x$"):
        quarantine.add("web", "a.jsonl", 7, "broken JSON: x", b"")
    with pytest.raises(BadInput, match=r"^a\.gz: truncated: y$"):
        quarantine.add("web", "a.gz", None, "truncated: y", b"")
    with pytest.raises(ValueError, match="on_error is 'stop'; valid: 'quarantine', 'fail'"):
        Quarantine(on_error="stop")


def test_paths_that_are_no_text(tmp_path):
    quarantine = Quarantine()
    quarantine.add("web", "a\udcff", 1, "x: y")
    assert quarantine.table()["path"].to_pylist() == ["a?"]


def test_what_is_skipped_is_counted_and_not_kept(tmp_path):
    with Quarantine(str(tmp_path / "q.parquet"), on_error="fail") as quarantine:
        quarantine.skip("web", "request")
        quarantine.skip("web", "not HTML: image", 3)
        quarantine.skip("old web", "request")
    assert quarantine.skipped() == {"not HTML: image": 3, "request": 2}
    assert quarantine.skipped("web") == {"not HTML: image": 3, "request": 1}
    assert quarantine.total == 0
    assert list(tmp_path.iterdir()) == []
