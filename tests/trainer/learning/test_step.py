"""A step: loss over targets, however the batch is cut; what is skipped leaves no trace."""

import numpy as np
import pytest
import torch

from trainer.config_file import load_config
from trainer.data import NO_TARGET, micro_batches, open_corpus
from trainer.learning.step import Learner
from trainer.machine.device import choose_device, is_bf16, peak_flops, peak_flops_of
from trainer.model import Documents

CPU = torch.device("cpu")


@pytest.fixture
def batches(shards):
    """A function: the first rows of the shards as micro batches of so many rows."""
    order, lengths = open_corpus(shards).training, np.full(64, 3)
    return lambda micro, rows=4: next(micro_batches(order, micro, rows, lengths=lengths))


def learner(config_path, *overrides):
    return Learner(load_config(config_path, list(overrides)), 64, 2, CPU)


def test_micro_batches_do_not_change_the_step(config_path, batches):
    """Even rows have fewer targets than odd ones: a mean of means would differ."""
    whole, cut = learner(config_path), learner(config_path)
    one, other = whole.step(batches(4), 1e-2).wait(), cut.step(batches(1), 1e-2).wait()
    assert one.loss == pytest.approx(other.loss, rel=1e-5)
    assert one.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-4)
    assert one.targets == other.targets == 2 * (5 + 6) + 2 * 15
    for mine, theirs in zip(whole.model.parameters(), cut.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-3)


def test_the_loss_is_the_mean_over_targets_and_told_by_component(config_path, batches):
    model, (batch,) = learner(config_path).model, batches(4)
    logits = model(batch["input_ids"], Documents.of(batch["pieces"]))
    nats = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=NO_TARGET, reduction="none"
    ).view(4, -1)
    found = learner(config_path).step([batch], 1e-2).wait()
    assert found.loss == pytest.approx((nats.sum() / found.targets).item(), rel=1e-5)
    two, one = found.components
    assert two == pytest.approx([nats[::2].sum().item(), 22, 66, 2], rel=1e-5)
    assert one == pytest.approx([nats[1::2].sum().item(), 30, 90, 2], rel=1e-5)


def test_the_gradient_is_clipped(config_path, batches):
    """AdamW hides the size of a gradient; its first moment shows it: a tenth of what came in."""
    norms = []
    for clip in (0.01, 0):
        each = learner(config_path, f"optimizer.gradient_clip={clip}")
        result = each.step(batches(4), 1e-2).wait()
        moments = [value.norm() for _, key, value in each.optimizer.state() if key == "exp_avg"]
        norms.append(torch.stack(moments).norm().item() * 10)
    assert norms == pytest.approx([0.01, result.gradient_norm], rel=1e-3)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_a_skipped_step_leaves_weights_and_moments_as_they_were(config_path, batches, kind):
    each = learner(config_path, f"optimizer.kind={kind}")
    each.step(batches(2), 1e-2).wait()
    before = {name: piece.tensor.clone() for name, piece in each.pieces().items()}
    bias = each.model.norm.weight.detach()
    usual = bias.clone()
    bias.fill_(float("nan"))
    result = each.step(batches(2), 1e-2).wait()
    bias.copy_(usual)
    assert (result.was_skipped, result.skipped, result.skipped_in_a_row) == (True, 1, 1)
    for name, piece in each.pieces().items():
        if not name.startswith("guard/"):
            assert torch.equal(piece.tensor, before[name]), name
    again = each.step(batches(2), 1e-2).wait()
    assert (again.was_skipped, again.skipped, again.skipped_in_a_row) == (False, 1, 0)
    assert not torch.equal(each.model.head.weight, before["model/embedding.weight"])


@pytest.mark.parametrize("overrides", [[], ["optimizer.kind=muon", "model.tie_embeddings=false"]])
def test_a_learner_goes_on_from_what_it_saved(config_path, batches, tmp_path, overrides):
    from tests.trainer.checkpoints.test_checkpoint import ONE, state
    from trainer.checkpoints.checkpoint import open_checkpoint
    from trainer.checkpoints.writer import CheckpointWriter

    first, second = learner(config_path, *overrides), learner(config_path, *overrides, "seed=3")
    first.step(batches(2), 1e-2)
    writer = CheckpointWriter(tmp_path, ONE, keep=1)
    path = writer.submit(state(1), first.pieces, lambda: None)
    writer.wait()
    with open_checkpoint(path) as saved:
        second.load(saved)
    results = [each.step(batches(2), 1e-2).wait() for each in (first, second)]
    assert results[0] == results[1]
    for name, piece in first.pieces().items():
        assert torch.equal(piece.tensor, second.pieces()[name].tensor), name


def test_recomputed_activations_change_nothing(config_path, batches):
    results = [
        learner(
            config_path, f"speed.recompute={share}", f"speed.recompute_of={what}",
            "speed.loss_chunk=7",
        ).step(batches(2), 1e-2).wait()
        for share, what in ((0, "block"), (0.5, "pointwise"), (1, "pointwise"), (1, "block"))
    ]  # fmt: skip
    assert results[1:] == results[:1] * 3


def test_weight_decay_is_for_matrices_of_blocks_and_the_head(config_path):
    each = learner(config_path, "model.tie_embeddings=false")
    groups = {group["kind"]: group for group in each.optimizer.parts[0].param_groups}
    assert {kind: group["weight_decay"] for kind, group in groups.items()} == {
        "blocks": 0.1, "head": 0.1, "plain": 0.0,
    }  # fmt: skip
    assert len(groups["plain"]["params"]) == 2 * 2 + 1 + 1


def test_devices():
    assert choose_device("cpu") == CPU
    assert (is_bf16(CPU), is_bf16(CPU, "bf16"), is_bf16(torch.device("cuda"))) == (0, 1, 1)
    assert peak_flops(CPU) is None
    assert peak_flops_of("NVIDIA H100 80GB HBM3") == 989e12
    assert peak_flops_of("NVIDIA H100 PCIe") == 756e12
    assert peak_flops_of("a GPU of tomorrow") is None
