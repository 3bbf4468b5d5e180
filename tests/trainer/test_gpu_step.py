"""The way a step takes on a GPU, without one.

Attention by offsets is a kernel that only GPUs have. Here a plain one stands in for it, which
checks what the kernel asks of its arguments; and whole steps are made with tensors that have no
values (torch's fake tensors), for which the kernel is known and any look at a value is an error: it
would have the host wait for the device.
"""

import itertools

import pytest
import torch
from torch._dynamo.testing import CompileCounter
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from trainer.config import ModelConfig
from trainer.config_file import load_config
from trainer.data import attention_room, micro_batches, open_corpus
from trainer.learning.step import Learner
from trainer.model import Decoder, Documents
from trainer.model.linear import use_fp8

CPU = torch.device("cpu")


def plain_varlen(q, k, v, offsets_q, offsets_k, most_q, most_k, *, window_size, enable_gqa=False):
    """``torch.nn.attention.varlen.varlen_attn``, a sequence at a time."""
    tokens, heads, size = q.shape
    for each in (q, k, v):
        assert each.dim() == 3
        assert each.stride(-1) == 1
        assert each.dtype == q.dtype
    assert k.shape == v.shape == (tokens, k.shape[1], size)
    assert enable_gqa == (k.shape[1] != heads)
    assert window_size == (-1, 0)
    for offsets, most in ((offsets_q, most_q), (offsets_k, most_k)):
        assert offsets.dtype == torch.int32
        assert offsets.is_contiguous()
        assert (int(offsets[0]), int(offsets[-1])) == (0, tokens)
        assert type(most) is int
        assert int(offsets.diff().max()) <= most
        assert int(offsets.diff().min()) >= 0
    bounds = offsets_q.unique().tolist()
    found = []
    for first, end in itertools.pairwise(bounds):
        parts = (each[first:end].transpose(0, 1)[None] for each in (q, k, v))
        y = torch.nn.functional.scaled_dot_product_attention(*parts, is_causal=True,
                                                             enable_gqa=enable_gqa)  # fmt: skip
        found.append(y[0].transpose(0, 1))
    return torch.cat(found)


@pytest.fixture
def rows(shards):
    return open_corpus(shards).training


@pytest.mark.parametrize("changes", [{}, {"architecture": "gpt2", "kv_heads": 4}])
def test_offsets_say_what_a_mask_says(rows, monkeypatch, changes):
    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", plain_varlen)
    config = ModelConfig(layers=2, hidden_size=32, heads=4, feed_forward_size=48, **changes)
    model = Decoder(config, 64)
    (batch,) = next(micro_batches(rows, 4, 4))
    by_mask, by_offsets = (
        model(batch["input_ids"], Documents.of_batch(batch, varlen)) for varlen in (False, True)
    )
    torch.testing.assert_close(by_offsets, by_mask, atol=1e-5, rtol=1e-5)


def test_there_is_room_for_the_pieces_of_a_usual_batch_and_not_many_more(rows):
    """A document a row, says the manifest, and two pieces beside: half as many again is room."""
    assert attention_room(rows, 4) == 32  # 4 rows of 3 pieces, 18, in sixteens
    assert attention_room(rows, 16) == 80
    for step in micro_batches(rows, 16, 16):
        offsets = step[0]["cu_seqlens"]
        assert offsets.shape == (81,)
        assert int((offsets < offsets[-1]).sum()) <= 48


def on_no_device(config_path, *settings):
    """A learner whose tensors have no values, on the way of a GPU; its micro batches."""
    where = ["precision=bf16", "model.hidden_size=64", "model.feed_forward_size=96", *settings]
    config = load_config(config_path, where)

    class Fake(Learner):
        def _new_model(self, vocab_size):
            model = Decoder(config.model, vocab_size)
            again = round(config.speed.recompute * config.model.layers)
            model.recompute(again, config.speed.recompute_of)
            use_fp8(model, config.precision == "fp8")
            return model

    learner = Fake(config, 64, 2, CPU)
    learner.varlen = True
    kinds = {"input_ids": torch.int64, "labels": torch.int64, "position_ids": torch.int32}
    batch = {name: torch.zeros(2, 16, dtype=kind) for name, kind in kinds.items()}
    batch |= {
        "cu_seqlens": torch.zeros(17, dtype=torch.int32),
        "component": torch.zeros(2, dtype=torch.int64),
        "row_figures": torch.zeros(2, 3, dtype=torch.float64),
    }
    assert set(learner.fields) <= set(batch)
    return learner, [batch, batch]


SETTINGS = {
    "bf16": [],
    "gpt2": ["model.architecture=gpt2", "model.kv_heads=4"],
    "fp8": ["precision=fp8"],
    "normed queries": ["model.qk_norm=true", "model.fp32_residual=true"],
    "pointwise again": ["speed.recompute=1", "speed.recompute_of=pointwise"],
    "blocks again": ["speed.recompute=0.5"],
    "whole rows": ["document_mask=false", "optimizer.z_loss=1e-4"],
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_host_looks_at_no_value_in_a_step(config_path, settings):
    with FakeTensorMode():
        learner, batches = on_no_device(config_path, *settings)
        for _ in range(2):
            result = learner.step(batches, 1e-3)
        assert result._figures.shape == (5 + 2 * 4,)
        assert learner.evaluate(batches, 2).shape == (2, 4)
        with pytest.raises(DataDependentOutputException):
            result._figures[0].item()  # what a look at a value would be


@pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")  # of torch
@pytest.mark.filterwarnings("ignore:The .grad attribute:UserWarning")
@pytest.mark.parametrize("recompute", ["nothing", "pointwise"])
def test_blocks_are_compiled_once_for_all_and_not_again_for_other_documents(rows, recompute):
    torch.compiler.reset()
    config = ModelConfig(layers=4, hidden_size=32, heads=4, feed_forward_size=48)
    model, compiled = Decoder(config, 64), CompileCounter()
    model.recompute(config.layers, recompute)
    for block in model.blocks:
        block.compile(backend=compiled, dynamic=False)
    counts = []
    for step in micro_batches(rows, 4, 4, end=12):
        model(step[0]["input_ids"], Documents.of_batch(step[0], False)).sum().backward()
        counts.append(compiled.frame_count)
    assert counts == [1, 1, 1]
