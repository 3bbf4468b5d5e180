"""Which kernels compute attention: what is installed, what fits the model."""

import importlib.util

import pytest
import torch

from trainer.config import ModelConfig
from trainer.errors import ConfigError
from trainer.machine.flash import IMPLEMENTATIONS, takes_offsets, use_flash_attention

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("wanted", list(IMPLEMENTATIONS))
def test_what_is_not_installed_is_named(wanted):
    _, module = IMPLEMENTATIONS[wanted]
    if importlib.util.find_spec(module.partition(".")[0]):
        pytest.skip("it is installed")
    use_flash_attention(wanted, CPU)  # a CPU has kernels of its own
    with pytest.raises(ConfigError, match=f"speed.attention is {wanted}, and the module {module}"):
        use_flash_attention(wanted, CUDA)


def test_torch_knows_them_by_these_names():
    from torch.nn.attention import current_flash_attention_impl, list_flash_attention_impls

    assert {name for name, _ in IMPLEMENTATIONS.values()} <= set(list_flash_attention_impls())
    use_flash_attention("flash2", CUDA)
    assert current_flash_attention_impl() is None


def test_heads_and_gpus_that_have_no_kernel_get_a_mask(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    assert takes_offsets(ModelConfig(hidden_size=576, heads=9, kv_heads=3), CUDA)
    assert not takes_offsets(ModelConfig(hidden_size=80, heads=8, kv_heads=2), CUDA)  # of 10
    assert not takes_offsets(ModelConfig(hidden_size=1024, heads=2, kv_heads=2), CUDA)  # of 512
    assert not takes_offsets(ModelConfig(), CPU)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert not takes_offsets(ModelConfig(), CUDA)
