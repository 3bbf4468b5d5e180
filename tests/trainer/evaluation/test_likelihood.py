"""Likelihoods are those that transformers gives; windows score each token once."""

import math

import pytest
import torch
import transformers

from trainer.evaluation import likelihood
from trainer.evaluation.likelihood import score_continuations, score_texts
from trainer.hf.export import export_hf
from trainer.loaded import open_model


@pytest.fixture
def theirs(trained, tmp_path):
    """The same model in transformers."""
    export_hf(trained, tmp_path / "hf")
    return transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "hf")


def log_shares(theirs, ids):
    """Logarithm of the share of each token but the first."""
    with torch.no_grad():
        shares = theirs(torch.tensor([ids])).logits[0].log_softmax(-1)
    return [shares[place, token].item() for place, token in enumerate(ids[1:])]


def test_continuations(model, theirs):
    pairs = [("w5 w6", " w7 w8"), ("w9", " w30"), ("w5 w6 w7 w8 w9 w10", " w11"), ("w3 ", "w4 w5")]
    found = score_continuations(model, pairs, greedy=True)
    for (context, continuation), scored in zip(pairs, found, strict=True):
        before, ids = model.encode(context), model.encode(context + continuation)
        expected = -sum(log_shares(theirs, ids)[len(before) - 1 :])
        assert scored.nats == pytest.approx(expected, abs=1e-4)
    assert found[0].is_greedy
    assert not found[1].is_greedy


def test_it_does_not_matter_what_shares_a_batch(model, monkeypatch):
    pairs = [(f"w{number} w{number + 1}", " w9" * (1 + number % 5)) for number in range(2, 30)]
    together = score_continuations(model, pairs)
    monkeypatch.setattr(likelihood, "TOKENS_OF_A_BATCH", 1)
    alone = score_continuations(model, pairs)
    for one, other in zip(together, alone, strict=True):
        assert one.nats == pytest.approx(other.nats, abs=1e-4)


def test_the_first_token_of_a_text_is_charged_as_one_of_the_vocabulary(model, theirs):
    text = "w5 w6 w7 w8"
    nats, tokens = score_texts(model, [text, "w5", ""])
    assert nats[0] == pytest.approx(math.log(64) - sum(log_shares(theirs, [5, 6, 7, 8])), abs=1e-4)
    assert nats[1:] == [pytest.approx(math.log(64)), 0]
    assert tokens == [4, 1, 0]


def test_a_long_text_is_read_in_windows(model, theirs):
    """Rows had 16 tokens: each window reads 16, and those after the first score 8 of them."""
    ids = [2 + number % 62 for number in range(45)]
    nats, _ = score_texts(model, [model.decode(ids)])
    expected = math.log(64)
    for begin, first in [(0, 1), (8, 17), (16, 25), (24, 33), (28, 41)]:
        last = min(first + (16 if first == 1 else 8), 45)
        window = log_shares(theirs, ids[begin:last])
        expected -= sum(window[-(last - first) :])
    assert nats[0] == pytest.approx(expected, abs=1e-3)


def test_a_long_context_loses_its_beginning(model, theirs):
    context = " ".join(f"w{2 + number}" for number in range(40))
    found = score_continuations(model, [(context, " w42 w43")])
    ids = model.encode(context + " w42 w43")[-17:]
    assert found[0].nats == pytest.approx(-sum(log_shares(theirs, ids)[-2:]), abs=1e-4)


def test_a_bos_goes_before_every_text_of_a_model_that_has_one(trained, theirs, tmp_path):
    """The exported tokenizer is made to begin texts with token 1."""
    from tokenizers import Tokenizer, processors

    path = tmp_path / "hf" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<pad> $A", special_tokens=[("<pad>", 1)]
    )
    tokenizer.save(str(path))
    config = tmp_path / "hf" / "config.json"
    config.write_text(config.read_text().replace('"bos_token_id": null', '"bos_token_id": 1'))
    model = open_model(tmp_path / "hf", "cpu")
    assert model.beginning == (1,)
    assert model.beginning_told == "BOS: each text begins with token 1, as in training"
    nats, _ = score_texts(model, ["w5 w6"])
    assert nats[0] == pytest.approx(-sum(log_shares(theirs, [1, 5, 6])), abs=1e-4)
    found = score_continuations(model, [("", "w5 w6")])
    assert found[0].nats == pytest.approx(nats[0], abs=1e-6)
