"""The decoder agrees with transformers; documents in a row do not see each other."""

import pytest
import torch
import transformers

from trainer.config import ModelConfig
from trainer.hf.shapes import hf_config, hf_weights, weights_from_hf
from trainer.model import Decoder, Documents

VOCAB = 97


def small(**changes):
    sizes = {"layers": 2, "hidden_size": 48, "heads": 6, "kv_heads": 2, "feed_forward_size": 80}
    return ModelConfig(**sizes | {"init_std": 0.2} | changes)


def run_of(config):
    """As much of run.json as an export reads."""
    return {"config": {"model": config.model_dump()}, "vocab_size": VOCAB, "sequence_length": 32,
            "special_ids": {"eos": 0}}  # fmt: skip


def random_ids(rows=3, length=20):
    return torch.randint(VOCAB, (rows, length), generator=torch.Generator().manual_seed(3))


SHAPES = {
    "tied": {},
    "untied": {"tie_embeddings": False},
    "one key head": {"kv_heads": 1},
    "as many key heads": {"kv_heads": 6, "rope_theta": 500.0, "norm_eps": 1e-3},
    "normed queries": {"qk_norm": True},
    "linear": {"rope_scaling": {"kind": "linear", "factor": 3}},
    "llama3": {"rope_scaling": {"factor": 4, "original_length": 24}, "rope_theta": 100.0},
    "gpt2": {"architecture": "gpt2", "kv_heads": 6, "max_positions": 32},
    "wide": {"mup_base_size": 24, "tie_embeddings": False},
}


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_the_same_logits_as_transformers(changes):
    config = small(**changes)
    torch.manual_seed(5)
    model = Decoder(config, VOCAB)
    for parameter in model.parameters():  # norms and biases too
        torch.nn.init.normal_(parameter, 0.5 * (parameter.dim() < 2), 0.2)
    described = hf_config(run_of(config))
    theirs = transformers.AutoModelForCausalLM.from_config(
        transformers.AutoConfig.for_model(**described)
    )
    assert type(theirs).__name__ == described["architectures"][0]
    missing, unexpected = theirs.load_state_dict(
        hf_weights(model.state_dict(), config), strict=False
    )
    assert not unexpected
    assert set(missing) <= {"lm_head.weight"} if config.tie_embeddings else not missing
    with torch.no_grad():
        got, expected = model(random_ids()), theirs.eval()(random_ids()).logits
    torch.testing.assert_close(got, expected, atol=2e-5, rtol=1e-5)
    back = weights_from_hf(theirs.state_dict(), config)
    for name, weight in model.state_dict().items():
        torch.testing.assert_close(back[name], weight)


@pytest.mark.parametrize("changes", [{}, SHAPES["gpt2"]], ids=["llama", "gpt2"])
def test_packed_documents_give_the_logits_they_give_alone(changes):
    torch.manual_seed(5)
    model = Decoder(small(**changes), VOCAB)
    ids = random_ids(rows=1, length=20)
    documents = torch.tensor([[0] * 7 + [1] * 13])
    with torch.no_grad():
        packed = model(ids, Documents.of(documents))
        alone = torch.cat((model(ids[:, :7]), model(ids[:, 7:])), dim=1)
    torch.testing.assert_close(packed, alone, atol=1e-4, rtol=1e-4)


def test_a_row_of_one_document_needs_no_mask():
    torch.manual_seed(5)
    model = Decoder(small(), VOCAB)
    ids = random_ids()
    with torch.no_grad():
        masked, causal = model(ids, Documents.of(torch.zeros_like(ids))), model(ids)
    torch.testing.assert_close(masked, causal, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("changes", [{}, SHAPES["gpt2"]], ids=["llama", "gpt2"])
@pytest.mark.parametrize("what", ["pointwise", "block"])
def test_blocks_computed_again_give_the_same_gradient(what, changes):
    found = []
    for blocks in (0, 1, 2):
        torch.manual_seed(5)
        model = Decoder(small(**changes), VOCAB)
        model.recompute(blocks, what)
        model(random_ids()).square().sum().backward()
        found.append([parameter.grad for parameter in model.parameters()])
    for kept, *others in zip(*found, strict=True):
        assert all(torch.equal(kept, again) for again in others)


def test_the_rotary_table_of_the_longest_rows_serves_shorter_ones():
    torch.manual_seed(5)
    model, again = Decoder(small(), VOCAB), Decoder(small(), VOCAB)
    again.load_state_dict(model.state_dict())
    with torch.no_grad():
        long_first = model(random_ids(length=20)), model(random_ids(length=9))
        short_first = again(random_ids(length=9)), again(random_ids(length=20))
    assert torch.equal(long_first[0], short_first[1])
    assert torch.equal(long_first[1], short_first[0])


def test_the_stream_between_blocks_stays_in_fp32_where_it_is_wanted():
    seen = {}
    for fp32 in (False, True):
        model = Decoder(small(fp32_residual=fp32), VOCAB)
        model.blocks[1].register_forward_pre_hook(
            lambda _, inputs, fp32=fp32: seen.update({fp32: inputs[0].dtype})
        )
        with torch.autocast("cpu", dtype=torch.bfloat16):
            model(random_ids())
    assert seen == {False: torch.bfloat16, True: torch.float32}
