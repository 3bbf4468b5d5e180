"""The decoder agrees with Llama of transformers; documents in a row do not see each other."""

import pytest
import torch
import transformers

from trainer.config import ModelConfig
from trainer.export import hf_config, hf_weights
from trainer.model import Decoder

VOCAB = 97


def small(**changes):
    sizes = {"layers": 2, "hidden_size": 48, "heads": 6, "kv_heads": 2, "feed_forward_size": 80}
    return ModelConfig(**sizes | {"init_std": 0.2} | changes)


def run_of(config):
    """As much of run.json as an export reads."""
    return {"config": {"model": vars(config)}, "vocab_size": VOCAB, "sequence_length": 32,
            "special_ids": {"eos": 0}}  # fmt: skip


def random_ids(rows=3, length=20):
    return torch.randint(VOCAB, (rows, length), generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kv_heads", [1, 2, 6])
def test_the_same_logits_as_transformers(tied, kv_heads):
    config = small(tie_embeddings=tied, kv_heads=kv_heads, rope_theta=500.0, norm_eps=1e-3)
    torch.manual_seed(5)
    model = Decoder(config, VOCAB)
    llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(**hf_config(run_of(config))))
    weights = hf_weights(model.state_dict(), tied)
    missing, unexpected = llama.load_state_dict(weights, strict=False)
    assert not unexpected
    assert missing == (["lm_head.weight"] if tied else [])
    with torch.no_grad():
        got, expected = model(random_ids()), llama(random_ids()).logits
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


def test_packed_documents_give_the_logits_they_give_alone():
    torch.manual_seed(5)
    model = Decoder(small(), VOCAB)
    ids = random_ids(rows=1, length=20)
    documents = torch.tensor([[0] * 7 + [1] * 13])
    with torch.no_grad():
        packed = model(ids, documents)
        alone = torch.cat((model(ids[:, :7]), model(ids[:, 7:])), dim=1)
    torch.testing.assert_close(packed, alone, atol=1e-4, rtol=1e-4)


def test_a_row_of_one_document_needs_no_mask():
    torch.manual_seed(5)
    model = Decoder(small(), VOCAB)
    ids = random_ids()
    with torch.no_grad():
        masked, causal = model(ids, torch.zeros_like(ids)), model(ids)
    torch.testing.assert_close(masked, causal, atol=1e-5, rtol=1e-5)


def test_flops_of_a_token():
    """Six times what it is multiplied with: blocks and head; and attention, half of the square."""
    model = Decoder(small(tie_embeddings=False), VOCAB)
    embedding = final_norm = 48
    multiplied = sum(p.numel() for p in model.parameters()) - embedding * VOCAB - final_norm
    assert model.matrix_parameters() == multiplied
    assert model.flops_per_token(32) == 6 * (multiplied + 2 * 48 * 32)
