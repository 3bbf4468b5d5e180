"""What a shape weighs, told without building it."""

import pytest

from trainer.config import ModelConfig
from trainer.model.decoder import Decoder
from trainer.model.size import flops_per_token, matrix_parameters, parameters

VOCAB = 97


@pytest.mark.parametrize("tied", [True, False])
def test_parameters_are_those_of_the_model(tied):
    shape = ModelConfig(layers=2, hidden_size=48, heads=6, tie_embeddings=tied)
    model = Decoder(shape, VOCAB)
    assert parameters(shape, VOCAB) == sum(p.numel() for p in model.parameters())


def test_flops_of_a_token():
    """Six times what it is multiplied with: blocks and head; and attention, half of the square."""
    shape = ModelConfig(layers=2, hidden_size=48, heads=6, kv_heads=2, tie_embeddings=False)
    model = Decoder(shape, VOCAB)
    embedding = final_norm = 48
    multiplied = sum(p.numel() for p in model.parameters()) - embedding * VOCAB - final_norm
    assert matrix_parameters(shape, VOCAB) == multiplied
    assert flops_per_token(shape, VOCAB, 32) == 6 * (multiplied + 2 * 48 * 32)


def test_published_sizes():
    """SmolLM2-135M: 134.5 M with 49,152 entries; XVERSE-7B: 7.3 G with 100,534."""
    smol = ModelConfig(layers=30, hidden_size=576, heads=9, kv_heads=3, feed_forward_size=1536)
    assert parameters(smol, 49_152) == 134_515_008
    xverse = ModelConfig(
        layers=32, hidden_size=4096, heads=32, kv_heads=32, feed_forward_size=11_008,
        tie_embeddings=False,
    )  # fmt: skip
    assert parameters(xverse, 100_534) == pytest.approx(7.3e9, rel=0.001)
