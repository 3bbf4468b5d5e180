"""Going on with a text."""

import pytest
import torch

from trainer.cli import main
from trainer.config_file import load_config
from trainer.errors import ConfigError, OutputError
from trainer.generate import draw, generate, next_logits
from trainer.loaded import open_model
from trainer.train import train

from .small_tokenizer import put_tokenizer


@pytest.fixture
def trained(config_path, shards):
    """A model that has seen numbers counted upwards: w5 w6 w7 …"""
    put_tokenizer(shards)
    config = load_config(config_path, ["optimizer.learning_rate=3e-2"])
    train(config)
    return config.out


def test_the_likeliest_continuation_counts_on(trained):
    model = open_model(trained, "cpu")
    assert generate(model, "w5 w6", tokens=3, temperature=0) == "w5 w6 w7 w8 w9"


def test_the_same_seed_says_the_same(trained):
    model = open_model(trained, "cpu")
    said = [generate(model, "w5", 10, temperature=1.5, top_p=1.0, seed=s) for s in (1, 1, 2)]
    assert said[0] == said[1] != said[2]


def test_it_ends_where_a_document_ends(trained):
    """The end token is made the likeliest by hand."""
    model = open_model(trained, "cpu")
    with torch.no_grad():
        model.decoder.embedding.weight[0] = 100 * next_hidden(model, [5])
    assert generate(model, "w5", tokens=9, temperature=0) == "w5"


def next_hidden(model, ids):
    return model.hidden(torch.tensor([ids]))[0, -1]


def test_a_text_longer_than_a_row_is_gone_on_with(trained):
    model = open_model(trained, "cpu")
    prompt = " ".join(f"w{2 + number % 60}" for number in range(40))
    assert len(generate(model, prompt, tokens=3, temperature=0).split()) == 43
    ids = model.encode(prompt)
    torch.testing.assert_close(next_logits(model, ids[-16:]), next_logits(model, ids[-16:]))


def test_draw():
    """Three tokens of shares 0.5, 0.3 and 0.2."""
    logits = torch.tensor([0.3, 0.5, 0.2]).log()
    generator = torch.Generator().manual_seed(0)
    assert draw(logits, 0, 1.0, generator) == 1
    drawn = torch.tensor([draw(logits, 1.0, 1.0, generator) for _ in range(4000)])
    shares = drawn.bincount(minlength=3) / 4000
    torch.testing.assert_close(shares, torch.tensor([0.3, 0.5, 0.2]), atol=0.03, rtol=0)
    assert {draw(logits, 1.0, 0.5, generator) for _ in range(50)} == {1}
    assert {draw(logits, 1.0, 0.6, generator) for _ in range(50)} == {0, 1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": ""}, "--prompt: '' has no tokens"),
        ({"temperature": -1.0}, "--temperature: -1.0 was given; 0 or more"),
        ({"top_p": 0.0}, "--top-p: 0.0 was given; more than 0"),
        ({"tokens": -1}, "--tokens: -1 was given"),
    ],
)
def test_mistakes(trained, options, message):
    with pytest.raises(ConfigError, match=message):
        generate(open_model(trained, "cpu"), **{"prompt": "w5"} | options)


def test_a_model_without_a_tokenizer(config_path):
    config = load_config(config_path, ["max_steps=1"])
    train(config)
    with pytest.raises(OutputError, match="no tokenizer"):
        generate(open_model(config.out, "cpu"), "w5")


def test_the_command_takes_runs_checkpoints_and_exports(trained, tmp_path, capsys):
    assert main(["export", trained, "--to", "hf", str(tmp_path / "hf")]) == 0
    capsys.readouterr()
    for model in (trained, f"{trained}/checkpoints/step-000024", str(tmp_path / "hf")):
        assert main(["generate", model, "--prompt", "w5", "--tokens", "5"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(set(said)) == 1
    assert said[0].startswith("w5 ")
