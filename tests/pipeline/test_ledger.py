"""Work that has a matching record is not done again; anything else is."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.storage import atomic_path
from pipeline.executors import InlineExecutor
from pipeline.ledger import RUN_FOLDER, RecordedEngine, _moved, sweep, sweep_unfinished
from pipeline.progress import Display


def write_number(item: dict) -> dict:
    """A task: writes a file and says how often it was called in another."""
    with atomic_path(item["path"]) as temporary:
        Path(temporary).write_text(str(item["number"]))
    with open(item["log"], "a") as log:
        log.write(f"{item['number']}\n")
    return {"double": 2 * item["number"]}


class Bench:
    """An engine over a temporary run folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        display = Display(live=False)
        self.engine = RecordedEngine(InlineExecutor(), str(folder), f"{folder}/records", display)

    def run(self, numbers: list[int]) -> list[dict]:
        items = [
            {"number": n, "path": str(self.folder / f"out-{i}"), "log": str(self.log)}
            for i, n in enumerate(numbers)
        ]
        return self.engine.map("double", write_number, items)

    def calls(self) -> list[str]:
        calls = self.log.read_text().split()
        self.log.unlink()
        return calls


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_results_come_in_the_order_of_the_items(bench) -> None:
    assert bench.run([3, 1, 2]) == [{"double": 6}, {"double": 2}, {"double": 4}]
    assert bench.calls() == ["3", "1", "2"]


def test_a_second_run_computes_nothing(bench) -> None:
    first = bench.run([1, 2])
    bench.calls()
    assert bench.run([1, 2]) == first
    assert not bench.log.exists()


def test_only_what_changed_is_computed(bench) -> None:
    bench.run([1, 2, 3])
    bench.calls()
    bench.run([1, 9, 3])
    assert bench.calls() == ["9"]


def test_a_change_upstream_computes_everything(bench) -> None:
    bench.run([1, 2])
    bench.calls()
    bench.engine.lineage = "another"
    bench.run([1, 2])
    assert bench.calls() == ["1", "2"]


def test_an_output_that_is_gone_or_cut_is_made_again(bench) -> None:
    bench.run([10, 20])
    bench.calls()
    (bench.folder / "out-0").unlink()
    (bench.folder / "out-1").write_text("2")
    bench.run([10, 20])
    assert bench.calls() == ["10", "20"]


def test_a_broken_record_counts_for_nothing(bench) -> None:
    bench.run([1])
    bench.calls()
    Path(bench.engine.record_path("double", 0)).write_text('{"fingerprint": "')
    bench.run([1])
    assert bench.calls() == ["1"]


def test_a_task_that_raises_leaves_neither_output_nor_record(bench, tmp_path) -> None:
    with pytest.raises(KeyError):
        bench.engine.map("double", write_number, [{"path": str(tmp_path / "out"), "log": "x"}])
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_run_folder_that_moved_keeps_its_fingerprints(bench) -> None:
    item = {"path": f"{bench.folder}/a/b", "other": "c"}
    moved = RecordedEngine(InlineExecutor(), "/elsewhere", "/elsewhere/records", Display(False))
    assert bench.engine._fingerprint("s", item) == moved._fingerprint(
        "s", {"path": "/elsewhere/a/b", "other": "c"}
    )


def test_sweep_removes_what_this_run_did_not_make(tmp_path) -> None:
    for name in ("old", "new", "x.12345678.tmp"):
        (tmp_path / name).write_text(name)
    assert sweep(str(tmp_path), [str(tmp_path / "new")]) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["new"]


def test_sweep_unfinished_removes_temporary_names_and_nothing_else(tmp_path) -> None:
    (tmp_path / "shards").mkdir()
    for name in ("a.arrow", "a.arrow.12345678.tmp", "shards/b.arrow.0abcdef0.tmp"):
        (tmp_path / name).write_text(name)
    assert sweep_unfinished(str(tmp_path)) == 2
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.arrow"]
    assert sweep_unfinished(str(tmp_path / "not there")) == 0


def test_a_copied_run_folder_has_its_own_files_in_mind(bench, tmp_path_factory) -> None:
    """Records name files below their run folder; a copy neither trusts nor names the original's."""
    bench.run([1, 2])
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(bench.folder, folder, dirs_exist_ok=True)
    copy = Bench(folder)
    copy.calls()
    (folder / "out-1").unlink()
    copy.run([1, 2])
    assert copy.calls() == ["2"]
    assert str(bench.folder) not in Path(copy.engine.record_path("double", 0)).read_text()


@settings(deadline=None)
@given(st.text(min_size=1), st.text())
def test_paths_move_with_the_run_folder_and_other_text_stays(folder: str, other: str) -> None:
    result = {"paths": [f"{folder}/a", {"path": f"{folder}/b"}], "words": f"in {folder}/a", "n": 1}
    stored = _moved(result, f"{folder}/", RUN_FOLDER)
    assert stored["paths"] == [f"{RUN_FOLDER}a", {"path": f"{RUN_FOLDER}b"}]
    assert _moved(stored, RUN_FOLDER, f"{folder}/") == result
    moved = _moved(stored, RUN_FOLDER, f"{other}/")
    assert moved["paths"] == [f"{other}/a", {"path": f"{other}/b"}]
