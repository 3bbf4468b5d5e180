import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from tokenizer_train.__main__ import main, parse_balance


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    lines = [
        json.dumps({"body": f"{word} number {n}: a line in {lang}, as it happens", "tongue": lang})
        for n in range(200)
        for lang, word in [("en", "document"), ("fr", "texte")]
    ]
    path.write_text("\n".join(lines))
    return path


def test_one_line_gives_a_tokenizer(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    special = tmp_path / "special.yaml"
    special.write_text("eos: <eos>\nbos: <bos>\nextra: [<user>]\n")
    out = tmp_path / "out"
    status = main(
        ["--vocab", "300", "--out", str(out), "--sample-bytes", "10kB", "--balance", "equal",
         "--special", str(special), "--text-column", "body", "--lang-column", "tongue", str(corpus)]
    )  # fmt: skip
    assert status == 0
    shown = capsys.readouterr().out
    assert "300 entries" in shown and "fr" in shown
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    assert [tokenizer.id_to_token(n) for n in (296, 297, 298, 299)] == [
        "<eos>", "<|pad|>", "<bos>", "<user>",
    ]  # fmt: skip
    training = json.loads((out / "training.json").read_text())
    assert training["settings"]["language_temperature"] == 0
    assert abs(training["sample"]["used_bytes"] - 10_000) < 100


@pytest.mark.parametrize(
    ("how", "temperature"), [("natural", 1.0), ("equal", 0.0), ("temperature:0.3", 0.3)]
)
def test_balance(how: str, temperature: float) -> None:
    assert parse_balance(how) == {"language_temperature": temperature}


def test_shares_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "shares.yaml").write_text("en: 2\n'*': 1\n")
    assert parse_balance(str(tmp_path / "shares.yaml")) == {"language_shares": {"en": 2, "*": 1}}


@pytest.mark.parametrize("how", ["fair", "temperature", "temperature:2", "equal:1", "0.3", ""])
def test_no_balance(how: str) -> None:
    with pytest.raises(ValueError, match="is not natural, equal, temperature"):
        parse_balance(how)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vocab", "10"], "10 is too small"),
        (["--pretokenizer", "o20k"], "did you mean 'o200k'"),
        (["--sample-bytes", "much"], "sample_bytes: 'much' is not a size"),
        (["--special", "absent.yaml"], "absent.yaml"),
        (["--balance", "fair"], "--balance: 'fair' is not"),
        (["--balance", "parity"], "--balance parity needs --parallel FILES"),
        (["--parallel", "a.jsonl"], "--parallel is of no use without --balance parity"),
        (["--parity-window", "9"], "--parity-window is of no use without --balance parity"),
        (["--balance", "parity", "--parity-alpha", "0.5", "--parallel", "a"], "parity.alpha"),
    ],
)
def test_wrong_arguments_are_named(
    arguments: list[str], message: str, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*arguments, "--out", "out", str(corpus)])
    assert message in capsys.readouterr().err


def test_bad_input_stops_or_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "good text, good text"}\n{"text": \n')
    assert main(["--vocab", "270", "--out", str(tmp_path / "out"), str(path)]) == 1
    assert f"{path}:2" in capsys.readouterr().err
    arguments = ["--vocab", "260", "--skip-bad-input", "--out", str(tmp_path / "out"), str(path)]
    assert main(arguments) == 0
    assert "records not read: 1 " in capsys.readouterr().err


def test_no_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path / "out"), str(tmp_path / "*.jsonl")]) == 1
    assert "no file matches" in capsys.readouterr().err


def test_parity_reads_parallel_text_with_the_same_columns(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {"pair_key": str(n), "body": f"{word} {n} " * 20, "tongue": lang}
        for n in range(150)
        for lang, word in [("en", "document"), ("fr", "le document")]
    ]
    parallel = tmp_path / "parallel.jsonl"
    parallel.write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "out"
    status = main(
        ["--vocab", "300", "--out", str(out), "--text-column", "body", "--lang-column", "tongue",
         str(corpus), "--balance", "parity", "--parity-global-share", "0.5", "--parity-window",
         "20", "--parallel", str(parallel)]
    )  # fmt: skip
    assert status == 0, capsys.readouterr().err
    training = json.loads((out / "training.json").read_text())
    assert training["settings"]["parity"] == {
        "parallel": ["parallel.jsonl"], "columns": {"text": "body", "lang": "tongue"},
        "pivot": "en", "global_share": 0.5, "window": 20, "alpha": 2.0,
    }  # fmt: skip
    assert training["parity"]["languages"]["fr"]["merges"] > 0
    assert "the dearest language is fr" in capsys.readouterr().out.replace("\n", " ")
