"""Accuracy and bits per byte, from files and from held-out rows."""

import gzip
import json
import lzma
import math
import random

import pytest

from trainer.cli import main
from trainer.config_file import load_config
from trainer.errors import ConfigError
from trainer.evaluation import choices
from trainer.evaluation.choices import choose
from trainer.evaluation.evaluate import describe, evaluate
from trainer.evaluation.likelihood import Scored, score_texts
from trainer.evaluation.questions import Question
from trainer.loaded import open_model
from trainer.train import train

from ..small_tokenizer import put_tokenizer


def count_on(number, language, answer=0):
    """Which number comes next? The longer wrong answer is even less likely."""
    context = f"w{number} w{number + 1}"
    right, wrong = f" w{number + 2}", f" w{number + 30}"
    offered = (right, wrong) if answer == 0 else (wrong, right)
    return Question((context,) * 2, offered, answer, language)


def test_accuracy_by_language(model):
    asked = [count_on(number, "en", number % 2) for number in range(5, 25)]
    asked += [Question(("w5 w6",) * 2, (" w7", " w40"), 1, "th")] * 5  # the wrong one is right
    found = choose(model, asked)
    assert set(found) == {"en", "th", "all"}
    assert found["en"].raw > 0.9
    assert (found["th"].raw, found["th"].chance) == (0, 0.5)
    assert found["all"].questions == 25
    assert found["all"].raw == pytest.approx(found["en"].raw * 20 / 25)
    assert found["en"].error == pytest.approx(
        math.sqrt(found["en"].raw * (1 - found["en"].raw) / 19)
    )


def test_lengths_decide_what_is_likeliest(model, monkeypatch):
    """Three Thai letters are nine bytes, six Latin ones six: each measure has its own answer."""
    costs = [Scored(3.0, False), Scored(4.0, False)]
    monkeypatch.setattr(choices, "score_continuations", lambda model, pairs: costs)
    thai = choose(model, [Question(("a", "a"), (" กขค", " abcdef"), 0, "th")])["th"]
    assert (thai.raw, thai.by_character, thai.by_byte) == (1, 0, 1)  # 3 < 4; 1 > 0.67; 0.33 < 0.67


def test_bits_per_byte_beside_gzip_and_xz(model, tmp_path):
    numbers = [random.Random(7).randrange(2, 40) for _ in range(30)]
    texts = [" ".join(f"w{first + step}" for step in range(12)) for first in numbers]
    path = tmp_path / "counting.jsonl"
    path.write_text("".join(json.dumps({"text": text, "lang": "en"}) + "\n" for text in texts))
    own = evaluate(model, [str(path)]).texts["counting"]["en"]
    size = sum(map(len, texts))
    assert (own.texts, own.bytes, own.tokens) == (30, size, 360)
    nats, _ = score_texts(model, texts)
    assert own.bits_per_byte == pytest.approx(sum(nats) / math.log(2) / size)
    assert own.perplexity == pytest.approx(math.exp(sum(nats) / 360))
    joined = "\n".join(texts).encode()
    assert own.gzip_bits_per_byte == 8 * len(gzip.compress(joined, 9, mtime=0)) / size
    assert (
        own.xz_bits_per_byte
        == 8 * len(lzma.compress(joined, preset=9 | lzma.PRESET_EXTREME)) / size
    )
    assert own.bits_per_byte < own.xz_bits_per_byte  # it knows how numbers go on


def test_held_out_rows_are_texts_again(config_path, make_shards, tmp_path):
    shards = make_shards(tmp_path / "more" / "shards", {"pretrain": [60], "held_out": [6]})
    put_tokenizer(shards)
    config = load_config(config_path, [f"shards={shards}", "max_steps=2"])
    train(config)
    found = evaluate(open_model(config.out, "cpu"), ["held_out"]).texts["held_out"]
    assert {name: own.texts for name, own in found.items()} == {"two": 6, "one": 3, "all": 9}
    assert {name: own.tokens for name, own in found.items()} == {"two": 39, "one": 48, "all": 87}


def test_the_command_says_it_in_tables_and_writes_json(trained, tmp_path, capsys):
    asked = tmp_path / "counting.jsonl"
    lines = [{"context": f"w{n}", "choices": [f"w{n + 1}", "w60"], "answer": 0, "lang": language}
             for n in range(5, 9) for language in ("en", "th")]  # fmt: skip
    asked.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "fr.txt").write_text("w5 w6 w7")
    files = [str(asked), str(tmp_path / "fr.txt")]
    written = tmp_path / "found.json"
    assert main(["evaluate", trained, "--tasks", *files, "--json", str(written)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith(
        "model, step 24; no BOS: texts begin with their first token, as in training"
    )
    assert said[2].split("  ")[0] == "task"
    assert [line.split()[:3] for line in said[3:6]] == [
        ["counting", "en", "4"], ["counting", "th", "4"], ["counting", "all", "8"],
    ]  # fmt: skip
    assert said[-1].split()[:3] == ["fr", "fr", "8"]
    found = json.loads(written.read_text())
    assert found["choices"]["counting"]["all"]["questions"] == 8
    assert found["texts"]["fr"]["fr"]["bits_per_byte"] > 0


def test_limits(model, tmp_path):
    path = tmp_path / "de.jsonl"
    path.write_text('{"text": "w5 w6"}\n' * 9)
    found = evaluate(model, [str(path)], limit=2)
    assert found.texts["de"]["und"].texts == 2
    assert list(describe(found))[-1].startswith("de    und")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("nowhere/questions.jsonl", "nowhere/questions.jsonl: No such file"),
        ("held_out", "holds nothing out; say mixture.held_out in the recipe"),
    ],
)
def test_mistakes(model, task, message):
    with pytest.raises(ConfigError, match=message):
        evaluate(model, [task])


def test_tasks_by_name_need_lm_eval(model, monkeypatch):
    monkeypatch.setattr("trainer.evaluation.harness.is_installed", lambda: False)
    with pytest.raises(ConfigError, match=r"hellaswag: no such file; .*polymill\[eval\]"):
        evaluate(model, ["hellaswag"])
