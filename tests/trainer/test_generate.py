"""Going on with a text."""

import json

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from trainer.cli import main
from trainer.config_file import load_config
from trainer.draw import Draws, draw
from trainer.errors import ConfigError, OutputError
from trainer.generate import continuations, first_read, generate
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


def said(model, *prompts, tokens=10, samples=1, cache=True, **draws):
    found = generate(model, prompts, tokens, Draws(**draws), samples, cache)
    return [made.text for made in found]


def test_the_likeliest_continuation_counts_on(trained):
    model = open_model(trained, "cpu")
    assert said(model, "w5 w6", tokens=3, temperature=0) == ["w5 w6 w7 w8 w9"]


def test_the_same_seed_says_the_same(trained):
    model = open_model(trained, "cpu")
    texts = [said(model, "w5", temperature=1.5, top_p=1.0, seed=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_a_sample_has_the_seed_after_the_one_before(trained):
    model = open_model(trained, "cpu")
    several = said(model, "w5", "w9", samples=3, temperature=1.5, top_p=1.0, seed=4)
    alone = [said(model, prompt, temperature=1.5, top_p=1.0, seed=seed)[0]
             for prompt in ("w5", "w9") for seed in (4, 5, 6)]  # fmt: skip
    assert several == alone
    assert len(set(several)) == 6


def test_it_ends_where_a_document_ends(trained):
    """The end token is made the likeliest by hand."""
    model = open_model(trained, "cpu")
    with torch.no_grad():
        model.decoder.embedding.weight[0] = 100 * next_hidden(model, [5])
    assert said(model, "w5", tokens=9, temperature=0) == ["w5"]


def next_hidden(model, ids):
    return model.hidden(torch.tensor([ids]))[0, -1]


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
@pytest.mark.parametrize("temperature", [0, 1.0, 3.0])
def test_the_same_tokens_with_the_cache_and_without(config_path, shards, architecture, temperature):
    """Five prompts at once, of which one is longer than a row, for two and a half rows."""
    put_tokenizer(shards)
    shape = ["model.architecture=gpt2", "model.kv_heads=4"] if architecture == "gpt2" else []
    config = load_config(config_path, [*shape, "optimizer.learning_rate=3e-2", "max_steps=8"])
    train(config)
    model = open_model(config.out, "cpu")
    starts = [[5], [9, 10, 11, 12, 13, 14, 15, 16, 17], [30, 31], [*range(20, 60)], [7, 8, 9]]
    draws = Draws(temperature, top_p=0.99)
    found = [list(continuations(model, starts, 40, draws, cache=cache)) for cache in (True, False)]
    assert found[0] == found[1]
    assert max(map(len, found[0])) > 32
    one_by_one = [next(continuations(model, [ids], 40, draws)) for ids in starts]
    assert one_by_one == found[0]


def test_batches_are_as_large_as_there_is_room(trained, monkeypatch):
    model = open_model(trained, "cpu")
    prompts = [f"w{number}" for number in range(5, 25)]
    together = said(model, *prompts, temperature=1.0)
    monkeypatch.setattr("trainer.generate.SLOTS_OF_A_BATCH", 30)
    assert said(model, *prompts, temperature=1.0) == together


def test_a_long_text_is_read_from_half_a_length_before_its_end():
    for count in range(1, 60):
        read = count - first_read(count, 16)
        assert read == count if count <= 16 else 8 < read <= 16


def test_draw():
    """Three tokens of shares 0.5, 0.3 and 0.2."""
    logits = torch.tensor([0.3, 0.5, 0.2]).log()
    generator = torch.Generator().manual_seed(0)

    def drawn(count=50, **how):
        return [draw(logits, Draws(**how), generator) for _ in range(count)]

    assert drawn(1, temperature=0) == [1]
    shares = torch.tensor(drawn(4000, temperature=1, top_p=1)).bincount(minlength=3) / 4000
    torch.testing.assert_close(shares, torch.tensor([0.3, 0.5, 0.2]), atol=0.03, rtol=0)
    assert set(drawn(temperature=1, top_p=0.5)) == {1}
    assert set(drawn(temperature=1, top_p=0.6)) == {0, 1}
    assert set(drawn(temperature=1, top_p=1, top_k=1)) == {1}
    assert set(drawn(temperature=1, top_p=1, top_k=2)) == {0, 1}
    assert set(drawn(temperature=1, top_p=1, top_k=9)) == {0, 1, 2}
    # Of two tokens the first has 5/8 of what is left.
    assert set(drawn(temperature=1, top_p=0.6, top_k=2)) == {1}


@given(st.integers(0, 10_000), st.sampled_from([0.1, 0.5, 0.9, 0.95, 1.0]), st.integers(0, 12))
def test_what_may_be_drawn_is_what_transformers_leaves(seed, top_p, top_k):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(40, generator=generator) * 3
    scores = logits[None] / 0.7
    if top_k:
        scores = transformers.TopKLogitsWarper(top_k)(None, scores)
    left = transformers.TopPLogitsWarper(top_p)(None, scores)[0].isfinite()
    how = Draws(0.7, top_p, top_k)
    drawn = {draw(logits, how, generator) for _ in range(60)}
    assert drawn <= set(left.nonzero()[:, 0].tolist())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": ""}, "--prompt: '' has no tokens"),
        ({"temperature": -1.0}, "--temperature: -1.0 was given; 0 or more"),
        ({"top_p": 0.0}, "--top-p: 0.0 was given; more than 0"),
        ({"top_k": -1}, "--top-k: -1 was given"),
        ({"tokens": -1}, "--tokens: -1 was given"),
        ({"samples": 0}, "--samples: 0 was given; 1 or more"),
    ],
)
def test_mistakes(trained, options, message):
    with pytest.raises(ConfigError, match=message):
        said(open_model(trained, "cpu"), options.pop("prompt", "w5"), **options)


def test_a_model_without_a_tokenizer(config_path):
    config = load_config(config_path, ["max_steps=1"])
    train(config)
    with pytest.raises(OutputError, match="no tokenizer"):
        said(open_model(config.out, "cpu"), "w5")


def test_the_command_takes_runs_checkpoints_and_exports(trained, tmp_path, capsys):
    assert main(["export", trained, "--to", "hf", str(tmp_path / "hf")]) == 0
    capsys.readouterr()
    for model in (trained, f"{trained}/checkpoints/step-000024", str(tmp_path / "hf")):
        assert main(["generate", model, "--prompt", "w5", "--tokens", "5"]) == 0
    texts = capsys.readouterr().out.splitlines()
    assert len(set(texts)) == 1
    assert texts[0].startswith("w5 ")


def test_the_command_takes_files_of_prompts(trained, tmp_path, capsys):
    (tmp_path / "p.txt").write_text("w5\n\nw9\n")
    (tmp_path / "p.jsonl").write_text('{"prompt": "w7"}\n')
    asked = ["generate", trained, "--tokens", "1", "--temperature", "0"]
    assert main([*asked, "--prompt", "w20", "--prompts", str(tmp_path / "p.txt")]) == 0
    texts = capsys.readouterr().out.splitlines()
    assert texts[1] == texts[3] == "-" * 20
    assert [text.split()[0] for text in texts[::2]] == ["w20", "w5", "w9"]
    assert main([*asked, "--prompts", str(tmp_path / "p.jsonl"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["prompt"], found["text"].split()[0], found["tokens"]) == ("w7", "w7", 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--prompt TEXT or --prompts FILE is wanted"),
        (["--prompts", "none.txt"], "--prompts: none.txt: No such file"),
        (["--prompts", "bad.jsonl"], 'bad.jsonl:1: {"prompt": "a text"} is wanted'),
    ],
)
def test_no_prompts(trained, options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.jsonl").write_text('{"text": "w7"}\n')
    assert main(["generate", trained, *options]) == 2
    assert message in capsys.readouterr().err
