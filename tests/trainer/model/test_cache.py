"""Hidden states of a text given piece by piece are those of the whole text."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.config import ModelConfig
from trainer.model import Decoder
from trainer.model.cache import CachedDecoder

SIZES = {"layers": 2, "hidden_size": 32, "heads": 4, "feed_forward_size": 48, "init_std": 0.3}
SHAPES = {
    "llama": {"kv_heads": 2},
    "each head its own key": {"kv_heads": 4},
    "one key for all": {"kv_heads": 1, "qk_norm": True, "tie_embeddings": False},
    "positions scaled, narrower stream": {
        "kv_heads": 2, "mup_base_size": 16, "rope_scaling": {"kind": "linear", "factor": 4}},
    "gpt2": {"architecture": "gpt2", "kv_heads": 4, "max_positions": 40},
}  # fmt: skip


def decoder_of(shape):
    torch.manual_seed(3)
    return Decoder(ModelConfig(**SIZES | SHAPES[shape]), 64).eval()


def some_ids(*shape):
    return torch.randint(64, shape, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.data())
def test_pieces_and_the_whole(shape, data):
    decoder, ids = decoder_of(shape), some_ids(3, 12)
    borders = data.draw(st.sets(st.integers(1, 11)), label="borders")
    cached = CachedDecoder(decoder, slots=12)
    found = [cached.hidden(piece) for piece in ids.tensor_split(sorted(borders), dim=1)]
    with torch.no_grad():
        torch.testing.assert_close(torch.cat(found, dim=1), decoder.hidden(ids))


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_of_several_lengths_are_as_if_alone(shape):
    """Rows of 7, 4 and 1 tokens, set flush right, and three tokens more of each."""
    decoder, ids, firsts = decoder_of(shape), some_ids(3, 10), torch.tensor([0, 3, 6])
    cached = CachedDecoder(decoder, slots=10)
    cached.hidden(ids[:, :7], firsts)
    found = torch.cat([cached.hidden(ids[:, place : place + 1]) for place in (7, 8, 9)], dim=1)
    for row, first in enumerate(firsts.tolist()):
        with torch.no_grad():
            alone = decoder.hidden(ids[row : row + 1, first:])[0, -3:]
        torch.testing.assert_close(found[row], alone, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("shape", ["llama", "gpt2"])
def test_rows_that_are_left(shape):
    decoder, ids = decoder_of(shape), some_ids(3, 9)
    cached = CachedDecoder(decoder, slots=9)
    cached.hidden(ids[:, :8], torch.tensor([0, 2, 1]))
    kept = torch.tensor([2, 1])
    cached.keep(kept)
    found = cached.hidden(ids[kept, 8:])
    for row, first in ((0, 1), (1, 2)):
        with torch.no_grad():
            alone = decoder.hidden(ids[kept[row] : kept[row] + 1, first:])[0, -1:]
        torch.testing.assert_close(found[row], alone, atol=2e-5, rtol=2e-5)
