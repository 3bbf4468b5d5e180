"""A step: loss over targets, however the batch is cut; decay for matrices alone."""

import pytest
import torch

from trainer.config_file import load_config
from trainer.data import NO_TARGET, batches, open_rows
from trainer.device import choose_device, peak_flops, peak_flops_of
from trainer.errors import TrainingError
from trainer.step import Learner, make_optimizer

CPU = torch.device("cpu")


@pytest.fixture
def batch(shards):
    return next(batches(open_rows(shards), 0, 96, 4))


def learner(config_path, *overrides):
    return Learner(load_config(config_path, list(overrides)), 64, CPU)


def test_micro_batches_do_not_change_the_step(config_path, batch):
    """Even rows have fewer targets than odd ones: a mean of means would differ."""
    whole, cut = (learner(config_path, f"micro_batch_rows={rows}") for rows in (4, 1))
    results = [each.step(batch, 1e-2) for each in (whole, cut)]
    assert results[0] == pytest.approx(results[1], rel=1e-5)
    assert results[0].targets == 2 * (5 + 6) + 2 * 15
    for mine, other in zip(whole.model.parameters(), cut.model.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-3)


def test_the_loss_is_the_mean_over_targets(config_path, batch):
    model = learner(config_path).model
    logits = model(torch.from_numpy(batch.input_ids), torch.from_numpy(batch.documents))
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), torch.from_numpy(batch.targets).flatten(), ignore_index=NO_TARGET
    )
    assert learner(config_path).step(batch, 1e-2).loss == pytest.approx(expected.item(), rel=1e-5)


def test_the_gradient_is_clipped(config_path, batch):
    """AdamW hides the size of a gradient; its first moment shows it: a tenth of what came in."""
    clipped = learner(config_path, "optimizer.gradient_clip=0.01")
    free = learner(config_path, "optimizer.gradient_clip=0")
    norms = []
    for each in (clipped, free):
        result = each.step(batch, 1e-2)
        moments = [state["exp_avg"].norm() for state in each.optimizer.state.values()]
        norms.append(torch.stack(moments).norm().item() * 10)
    assert norms == pytest.approx([0.01, result.gradient_norm], rel=1e-3)


def test_weights_that_are_not_numbers_stop_the_run(config_path, batch):
    broken = learner(config_path)
    with torch.no_grad():
        broken.model.norm.weight.fill_(float("nan"))
    before = broken.model.embedding.weight.clone()
    with pytest.raises(TrainingError, match="loss is nan"):
        broken.step(batch, 1e-2)
    assert torch.equal(broken.model.embedding.weight, before)


def test_weight_decay_is_for_matrices(config_path):
    config = load_config(config_path)
    model = learner(config_path).model
    matrices, others = make_optimizer(model, config.optimizer, CPU).param_groups
    assert matrices["weight_decay"] == 0.1
    assert all(p.dim() == 2 for p in matrices["params"])
    assert others["weight_decay"] == 0
    assert len(others["params"]) == 2 * 2 + 1


def test_devices():
    assert choose_device("cpu") == CPU
    assert peak_flops(CPU) is None
    assert peak_flops_of("NVIDIA H100 80GB HBM3") == 989e12
    assert peak_flops_of("NVIDIA H100 PCIe") == 756e12
    assert peak_flops_of("a GPU of tomorrow") is None
