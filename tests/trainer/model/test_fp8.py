"""Products in fp8: near those in bf16, as exact as 8 bits are, and only where they are wanted."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.config import ModelConfig, TrainConfig
from trainer.errors import ConfigError
from trainer.machine.device import check_precision
from trainer.model import Decoder
from trainer.model.fp8 import BACKWARD, FORWARD, as_fp8, fp8_linear
from trainer.model.linear import Linear, use_fp8

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning"),  # of torch
    pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning"),  # of its compiler
    pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning"),
]
CPU = torch.device("cpu")


def rounded(values, kind):
    """What is left of values once they were 8 bits."""
    eight, scale = as_fp8(values, kind)
    return eight.float() * scale


def reference(x, weight, grad):
    """Result and both gradients by fp32 products of values that 8 bits can hold."""
    x8, weight8, grad8 = rounded(x, FORWARD), rounded(weight, FORWARD), rounded(grad, BACKWARD)
    return x8 @ weight8.T, grad8 @ weight8, grad8.T @ x8


def relative_error(found, wanted):
    return ((found.float() - wanted).norm() / wanted.norm()).item()


def drawn(*shape, seed=0, size=1.0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * size


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 4), st.integers(1, 4), st.integers(1, 4),
    st.sampled_from([1e-6, 1.0, 1e4]), st.sampled_from([torch.float32, torch.bfloat16]),
)  # fmt: skip
def test_the_three_products_are_those_of_values_of_8_bits(tokens, inner, outer, size, dtype):
    x = drawn(16 * tokens, 16 * inner, seed=1, size=size).to(dtype).requires_grad_()
    weight = drawn(16 * outer, 16 * inner, seed=2, size=0.02).to(dtype).requires_grad_()
    y = fp8_linear(x, weight)
    grad = drawn(*y.shape, seed=3, size=1e-3).to(torch.bfloat16)
    y.backward(grad)
    found = y.detach(), x.grad, weight.grad
    assert [each.dtype for each in found] == [torch.bfloat16, dtype, dtype]
    wanted = reference(x.detach().float(), weight.detach().float(), grad.float())
    for mine, theirs in zip(found, wanted, strict=True):
        assert relative_error(mine, theirs) < 0.01  # rounding to bf16


def test_it_is_near_the_exact_product():
    """Three bits of mantissa: half a unit of the last is 6 %, and errors average out."""
    x, weight = drawn(64, 256), drawn(128, 256, seed=1, size=0.02)
    assert relative_error(fp8_linear(x, weight), x @ weight.T) < 0.05


def test_values_stay_within_8_bits():
    values = torch.tensor([0.0, 1e-30, -3.0, 6.0])
    eight, scale = as_fp8(values, FORWARD)
    assert eight.float().abs().max() == torch.finfo(FORWARD).max
    torch.testing.assert_close(eight.float() * scale, torch.tensor([0.0, 0.0, -3.0, 6.0]))
    zeros, scale = as_fp8(torch.zeros(4), BACKWARD)
    assert torch.equal(zeros.float() * scale, torch.zeros(4))
    for wrong in (float("nan"), float("inf")):
        eight, scale = as_fp8(torch.tensor([1.0, wrong]), FORWARD)
        assert not torch.isfinite(eight.float() * scale).all(), "the step is skipped, not learnt"


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_a_model_learns_in_fp8(architecture, compiled):
    config = ModelConfig(architecture=architecture, layers=2, hidden_size=64, heads=4, kv_heads=4,
                         feed_forward_size=96)  # fmt: skip
    ids = torch.randint(50, (2, 33), generator=torch.Generator().manual_seed(1))
    losses = {}
    for fp8 in (False, True):
        torch.manual_seed(2)
        model = Decoder(config, 50)
        use_fp8(model, fp8)
        if compiled:
            torch.compiler.reset()
            for block in model.blocks:
                block.compile(backend="aot_eager", dynamic=False)
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        losses[fp8] = []
        for _ in range(5):
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(ids[:, :-1])
            loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1),
                                                     ids[:, 1:].flatten())  # fmt: skip
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[fp8].append(loss.item())
    assert losses[True] != losses[False]
    assert losses[True] == pytest.approx(losses[False], rel=0.02)
    assert losses[True][-1] < losses[True][0] - 0.3


def test_the_head_and_the_embedding_stay_as_they_are():
    model = Decoder(ModelConfig(hidden_size=64, heads=4, feed_forward_size=96), 50)
    use_fp8(model, True)
    eight = [name for name, module in model.named_modules() if isinstance(module, Linear)]
    assert len(eight) == 4 * 7
    assert all(name.startswith("blocks.") for name in eight)


def config(**model):
    sizes = {"hidden_size": 64, "heads": 4, "kv_heads": 2, "feed_forward_size": 96}
    return TrainConfig(shards="a", out="b", precision="fp8", model=sizes | model)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feed_forward_size": 100}, "model.feed_forward_size is 100; a multiple of 16 is wanted"),
        ({"hidden_size": 72}, "model.hidden_size is 72; a multiple of 16"),
        ({"heads": 16, "kv_heads": 2}, "all key/value heads is 8; a multiple of 16"),
    ],
)
def test_matrices_that_the_kernels_cannot_take(changes, message):
    check_precision(CPU, config())
    with pytest.raises(ConfigError, match=message):
        check_precision(CPU, config(**changes))


def test_a_gpu_without_such_products(monkeypatch):
    cuda = torch.device("cuda", 0)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA A100-SXM4-80GB")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    with pytest.raises(ConfigError, match=r"A100-SXM4-80GB \(compute capability 8.0\) has no"):
        check_precision(cuda, config())
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    check_precision(cuda, config())
