"""Checkpoints: whole or not there, the last few kept, tensors and plain values alone."""

import pickle

import pytest
import torch

from trainer.checkpoint import (
    State,
    checkpoints,
    latest_checkpoint,
    load_checkpoint,
    load_model,
    read_state,
    save_checkpoint,
)
from trainer.errors import CheckpointError

CPU = torch.device("cpu")


def learner():
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return model, optimizer


def state(step):
    return State(step, 4 * step, "a" * 64, "b" * 64)


def test_what_is_saved_comes_back(tmp_path):
    model, optimizer = learner()
    path = save_checkpoint(tmp_path, state(5), model, optimizer, keep=2)
    other_model, other_optimizer = learner()
    load_checkpoint(path, other_model, other_optimizer, CPU)
    assert read_state(path) == state(5)
    assert torch.equal(other_model.weight, model.weight)
    assert other_optimizer.state_dict()["state"][0]["step"] == 1
    moments = [each.state_dict()["state"][0]["exp_avg"] for each in (optimizer, other_optimizer)]
    assert torch.equal(*moments)


def test_the_last_ones_are_kept(tmp_path):
    model, optimizer = learner()
    for step in (999_999, 1_000_000, 1_000_001):
        save_checkpoint(tmp_path, state(step), model, optimizer, keep=2)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-1000000", "step-1000001"]
    assert latest_checkpoint(tmp_path).name == "step-1000001"


def test_what_a_crash_left_is_no_checkpoint_and_goes(tmp_path):
    (tmp_path / ".step-000005.tmp").mkdir()
    assert latest_checkpoint(tmp_path) is None
    save_checkpoint(tmp_path, state(5), *learner(), keep=1)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000005"]


def test_a_checkpoint_cannot_run_code(tmp_path):
    class Harmful:
        def __reduce__(self):
            return print, ("harm",)

    path = save_checkpoint(tmp_path, state(5), *learner(), keep=1)
    torch.save({"weight": Harmful()}, path / "model.pt")
    with pytest.raises(CheckpointError) as raised:
        load_model(path)
    assert isinstance(raised.value.__cause__, pickle.UnpicklingError)


@pytest.mark.parametrize("bytes_left", [0, 100])
def test_a_damaged_file_is_named_in_a_sentence(tmp_path, bytes_left):
    path = save_checkpoint(tmp_path, state(5), *learner(), keep=1)
    contents = (path / "model.pt").read_bytes()
    (path / "model.pt").write_bytes(contents[:bytes_left])
    with pytest.raises(CheckpointError, match=r"step-000005/model.pt: is damaged \(.*Remove the"):
        load_model(path)
