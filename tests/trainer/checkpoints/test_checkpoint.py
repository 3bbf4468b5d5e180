"""Checkpoints: whole or not there, checked by hash, read by any number of processes."""

import json

import pytest
import torch

from trainer.checkpoints.checkpoint import (
    State,
    checkpoints,
    last_sound_checkpoint,
    latest_checkpoint,
    load_model,
    open_checkpoint,
    read_state,
)
from trainer.checkpoints.files import Piece, write_pieces
from trainer.checkpoints.writer import CheckpointWriter
from trainer.errors import CheckpointError
from trainer.machine.distributed import Ranks

ONE = Ranks()


def pieces(value=1.0):
    weight = torch.arange(6.0).reshape(3, 2) * value
    return {
        "model/weight": Piece(weight, (3, 2), 0),
        "optimizer/weight/step": Piece(torch.tensor(5.0), (), 0),
    }


def state(step, world=1):
    return State(step, 4 * step, "a" * 64, "b" * 64, world)


def save(folder, *steps, keep=10, keep_every=0, value=1.0):
    writer = CheckpointWriter(folder, ONE, keep, keep_every)
    for step in steps:
        path = writer.submit(state(step), lambda: pieces(value), lambda: None)
    writer.wait()
    return path


def test_what_is_saved_comes_back(tmp_path):
    path = save(tmp_path, 5)
    assert read_state(path) == state(5)
    with open_checkpoint(path) as saved:
        assert saved.names("model/") == ["model/weight"]
        assert saved.rows("model/weight", 1, 2).tolist() == [[2, 3], [4, 5]]
        assert saved.rows("optimizer/weight/step", 0, None) == 5
    assert torch.equal(load_model(path)["weight"], pieces()["model/weight"].tensor)


def test_what_changes_after_submitting_is_not_saved(tmp_path):
    """Training goes on while a thread writes."""
    weight = torch.ones(2, 2)
    writer = CheckpointWriter(tmp_path, ONE, keep=1)
    path = writer.submit(state(1), lambda: {"model/w": Piece(weight, (2, 2), 0)}, lambda: None)
    weight.zero_()
    writer.wait()
    assert load_model(path)["w"].sum() == 4


def test_the_last_ones_are_kept_and_every_hundredth(tmp_path):
    save(tmp_path, 100, 150, 200, 999_999, 1_000_001, keep=2, keep_every=100)
    names = [path.name for path in checkpoints(tmp_path)]
    assert names == ["step-000100", "step-000200", "step-999999", "step-1000001"]
    assert latest_checkpoint(tmp_path).name == "step-1000001"


def test_what_a_crash_left_is_no_checkpoint_and_goes(tmp_path):
    (tmp_path / ".step-000005.tmp").mkdir()
    assert latest_checkpoint(tmp_path) is None
    save(tmp_path, 7)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000007"]


@pytest.mark.parametrize("readers", [1, 2, 3, 5])
def test_what_two_processes_wrote_any_number_reads(tmp_path, readers):
    whole = torch.arange(14.0).reshape(7, 2)
    path = tmp_path / "step-000001"
    path.mkdir()
    for rank, (first, end) in enumerate([(0, 4), (4, 7)]):
        parts = {
            "model/w": Piece(whole[first:end], (7, 2), first),
            "model/small": Piece(torch.ones(1 - rank), (1,), rank),  # the second one has nothing
            "guard/seen": Piece(torch.full((2,), float(rank)), (2,), 0),  # both have it whole
        }
        write_pieces(path, rank, parts)
    (path / "state.json").write_text(json.dumps(state(1, world=2).__dict__))
    with open_checkpoint(path) as saved:
        share = -(-7 // readers)
        parts = [
            saved.rows("model/w", low, max(0, min(7 - low, share)))
            for low in range(0, share * readers, share)
        ]
        assert torch.equal(torch.cat(parts), whole)
        assert saved.rows("model/small", 0, 1) == 1
        assert saved.rows("guard/seen", 0, None).tolist() == [0, 0]


@pytest.mark.parametrize("name", ["rank-00000.safetensors", "rank-00000.json", "state.json"])
@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_damaged_checkpoint_is_said_and_the_one_before_it_used(tmp_path, name, harm, caplog):
    save(tmp_path, 5, 10)
    path = tmp_path / "step-000010" / name
    contents = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        half = len(contents) // 2
        changed = contents[:half] + bytes([contents[half] ^ 0xFF]) + contents[half + 1 :]
        path.write_bytes(contents[:half] if harm == "cut" else changed)
    assert last_sound_checkpoint(tmp_path, ONE).name == "step-000005"
    if name != "state.json" or harm != "gone":  # without it, it was never finished
        assert "is damaged" in caplog.text
        assert name.partition(".")[0] in caplog.text


def test_a_file_without_what_is_asked_for_is_named(tmp_path):
    with (
        open_checkpoint(save(tmp_path, 5)) as saved,
        pytest.raises(CheckpointError, match=r"step-000005: is damaged .there is no model/other"),
    ):
        saved.rows("model/other", 0, None)


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainer.checkpoints.writer.write_pieces", full)
    with pytest.raises(CheckpointError, match=r"cannot be written: .*No space left"):
        save(tmp_path, 5)
