"""Cross entropy by chunks is torch's, its gradients too."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the name everyone knows it by
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.learning.loss import NO_TARGET, linear_cross_entropy


def draw(tokens, size, entries, without_target, seed=0):
    random = torch.Generator().manual_seed(seed)
    hidden = torch.randn(tokens, size, generator=random, requires_grad=True)
    head = torch.randn(entries, size, generator=random, requires_grad=True)
    targets = torch.randint(entries, (tokens,), generator=random)
    targets[torch.rand(tokens, generator=random) < without_target] = NO_TARGET
    return hidden, head, targets


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(2, 50), st.integers(1, 50), st.sampled_from([0, 0.3, 1]))
def test_the_same_losses_and_gradients_as_torch(tokens, entries, chunk, without_target):
    hidden, head, targets = draw(tokens, 7, entries, without_target)
    losses = linear_cross_entropy(hidden, head, targets, chunk_tokens=chunk)
    expected = F.cross_entropy(hidden @ head.T, targets, ignore_index=NO_TARGET, reduction="none")
    torch.testing.assert_close(losses.nats_n, expected.detach(), atol=1e-4, rtol=1e-4)
    (losses.total / 3).backward()
    found, other_found = hidden.grad.clone(), head.grad.clone()
    hidden.grad = head.grad = None
    (expected.sum() / 3).backward()
    torch.testing.assert_close(found, hidden.grad, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(other_found, head.grad, atol=1e-4, rtol=1e-4)


def test_the_z_loss_is_the_square_of_the_normaliser():
    hidden, head, targets = draw(20, 7, 30, 0.2)
    losses = linear_cross_entropy(hidden, head, targets, z_loss=0.1, chunk_tokens=8)
    logits = hidden @ head.T
    kept = targets != NO_TARGET
    expected = F.cross_entropy(logits[kept], targets[kept], reduction="sum") + 0.1 * (
        logits[kept].logsumexp(dim=1).square().sum()
    )
    assert losses.total.item() == pytest.approx(expected.item(), rel=1e-5)
    gradients = torch.autograd.grad(losses.total, (hidden, head))
    for found, wanted in zip(gradients, torch.autograd.grad(expected, (hidden, head)), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_half_precision_is_near():
    hidden, head, targets = draw(300, 32, 1000, 0)
    exact = linear_cross_entropy(hidden, head, targets)
    half = linear_cross_entropy(hidden.detach().bfloat16(), head, targets)
    torch.testing.assert_close(half.nats_n, exact.nats_n, atol=0.2, rtol=0.05)
    assert half.total.item() == pytest.approx(exact.total.item(), rel=0.01)


def test_nothing_is_kept_for_a_gradient_that_nobody_wants():
    hidden, head, targets = draw(20, 7, 30, 0)
    with torch.no_grad():
        losses = linear_cross_entropy(hidden, head, targets)
    assert not losses.total.requires_grad
    assert losses.total.item() == pytest.approx(losses.nats_n.sum().item(), rel=1e-5)
