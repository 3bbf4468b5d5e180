"""The run's folder: metrics cut back to a checkpoint, damage named."""

from io import FileIO

import pytest

from trainer.errors import OutputError
from trainer.output import OutputFolder, StepLog, as_line


def folder_with(tmp_path, steps, ending=""):
    folder = OutputFolder(tmp_path)
    lines = [as_line({"step": step, "loss": 1 / step}) for step in range(1, steps + 1)]
    folder.metrics_path.write_text("".join(lines) + ending)
    return folder


def test_metrics_are_cut_back(tmp_path):
    folder = folder_with(tmp_path, 7, ending='{"step": 8, "lo')
    folder.cut_steps(5)
    assert folder.read_metrics() == [{"step": n, "loss": 1 / n} for n in range(1, 6)]


def test_a_beginning_has_no_metrics(tmp_path):
    folder = folder_with(tmp_path, 3)
    folder.cut_steps(0)
    assert folder.read_metrics() == []
    assert OutputFolder(tmp_path / "none").read_metrics() == []


def test_steps_that_are_missing_are_named(tmp_path):
    with pytest.raises(OutputError, match="has 3 of the 5 steps"):
        folder_with(tmp_path, 3).cut_steps(5)


def test_run_json(tmp_path):
    folder = OutputFolder(tmp_path)
    assert folder.read_run() is None
    folder.write_run({"parameters": 5})
    assert folder.read_run() == {"parameters": 5}
    folder.run_path.write_text("{")
    with pytest.raises(OutputError, match=r"run.json: is damaged"):
        folder.read_run()


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"out: .*file: File exists"),
        OutputFolder(tmp_path / "file").locked(),
    ):
        pass


def test_a_full_disk_is_named():
    with FileIO("/dev/full", "w") as full:
        log = StepLog(full, full, full)
        with pytest.raises(OutputError, match="/dev/full: cannot be written: No space left"):
            log.add({"step": 1}, {"step": 1})
