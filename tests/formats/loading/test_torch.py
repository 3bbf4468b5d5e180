"""Tensors and DataLoader: the same batches in the same order, with any number of workers."""

import multiprocessing
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from torch.utils.data import DataLoader  # noqa: E402


def numbers(batches):
    return [(batch["first_row"], batch["state"]) for batch in batches]


def test_tensors_are_what_a_model_takes(shards):
    """Rows 0 and 1: two documents and padding, then a single document."""
    batch = next(shards.loader("pretrain", 2, 2).tensors())
    assert {name: (value.dtype, tuple(value.shape)) for name, value in batch.items()
            if isinstance(value, torch.Tensor)} == {
        "input_ids": (torch.int64, (2, 8)),
        "labels": (torch.int64, (2, 8)),
        "position_ids": (torch.int32, (2, 8)),
        "pieces": (torch.int32, (2, 8)),
        "cu_seqlens": (torch.int32, (33,)),
        "component": (torch.int64, (2,)),
    }  # fmt: skip
    assert batch["labels"].tolist() == [
        [1, 2, -100, 4, 5, -100, -100, -100],
        [2, 3, 4, 5, 6, 7, 8, -100],
    ]
    assert (batch["first_row"], batch["rows"], batch["state"]) == (0, 2, 2)


def test_only_what_is_asked_for_is_made(shards):
    loader = shards.loader("pretrain", 2, 2)
    counts = {"first_row", "rows", "state"}
    assert next(loader.tensors(["labels"])).keys() == {"labels"} | counts
    (batch, *_) = loader.dataset(["input_ids", "component"])
    assert batch.keys() == {"input_ids", "component"} | counts
    with pytest.raises(ValueError, match=r"no fields \['targets'\]; there are: input_ids, labels"):
        next(loader.tensors(["targets"]))


def test_tensors_move_the_state(shards):
    loader = shards.loader("pretrain", 8, 4)
    tensors = loader.tensors()
    states = [(next(tensors)["state"], loader.state) for _ in range(4)]
    assert states == [(0, 0), (8, 8), (8, 8), (16, 16)]
    assert next(shards.loader("pretrain", 4, 4, state=loader.state).tensors())["first_row"] == 16


@pytest.mark.skipif(not torch.cuda.is_available(), reason="page-locked memory needs CUDA")
def test_tensors_are_pinned_where_there_is_cuda(shards):
    batch = next(shards.loader("pretrain", 8, 4).tensors())
    assert batch["input_ids"].is_pinned() and batch["labels"].is_pinned()
    moved = batch["input_ids"].to("cuda", non_blocking=True)
    assert torch.equal(moved.cpu(), batch["input_ids"])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:.*worker processes in tot")
@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_workers_do_not_change_the_order(shards, workers):
    """Rank 1 of 2, steps of 12 rows: its batches of three as the loader itself makes them."""
    loader = shards.loader(None, 12, 3, rank=1, world=2, state=5)
    context = multiprocessing.get_context("fork") if workers else None
    found = list(
        DataLoader(
            loader.dataset(), batch_size=None, num_workers=workers, multiprocessing_context=context
        )
    )
    expected = list(shards.loader(None, 12, 3, rank=1, world=2, state=5))
    assert numbers(found) == [(batch.first_row, batch.state) for batch in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one["input_ids"].numpy(), other.input_ids)
        np.testing.assert_array_equal(one["labels"].numpy(), other.labels())


@pytest.mark.parametrize("taken", [1, 4, 7])
def test_the_dataset_goes_on_in_the_middle_of_a_step(shards, taken):
    """As StatefulDataLoader does it: ask after each batch, give back to a new dataset."""
    whole = numbers(shards.loader("pretrain", 12, 3).dataset())
    dataset = shards.loader("pretrain", 12, 3).dataset()
    batches = iter(dataset)
    seen = numbers(next(batches) for _ in range(taken))
    later = shards.loader("pretrain", 12, 3).dataset()
    later.load_state_dict(dataset.state_dict())
    assert seen + numbers(later) == whole


def test_a_state_of_no_batch_is_the_beginning(shards):
    dataset = shards.loader("pretrain", 12, 3, state=24).dataset()
    later = shards.loader("pretrain", 12, 3).dataset()
    later.load_state_dict(dataset.state_dict())
    assert numbers(later) == numbers(dataset)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:.*set_vital.*")
@pytest.mark.parametrize("workers", [0, 2])
def test_with_stateful_data_loader(shards, workers):
    """torchdata's own loader saves after seven batches and goes on."""
    stateful = pytest.importorskip("torchdata.stateful_dataloader")

    def make():
        dataset = shards.loader("pretrain", 12, 3).dataset()
        return stateful.StatefulDataLoader(dataset, batch_size=None, num_workers=workers)

    whole = numbers(make())
    first = make()
    batches = iter(first)
    seen = numbers(next(batches) for _ in range(7))
    state = first.state_dict()
    del batches
    second = make()
    second.load_state_dict(state)
    assert seen + numbers(second) == whole


def test_a_dataset_travels_to_spawned_workers(shards):
    dataset = shards.loader("pretrain", 12, 3, rank=1, world=2, state=24).dataset()
    assert numbers(pickle.loads(pickle.dumps(dataset))) == numbers(dataset)


def test_workers_of_another_number_are_told_what_to_do(shards):
    """What one of two workers left is not where the whole loader stood."""
    dataset = shards.loader("pretrain", 12, 3).dataset()
    dataset.load_state_dict({"state": 0, "batch": 6, "workers": 2})
    with pytest.raises(ValueError, match=r'the state of 2 workers .* batch\["state"\]'):
        iter(dataset)
