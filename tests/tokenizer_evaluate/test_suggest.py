"""Suggested shares on a small corpus in which one language has hardly any text."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.pretokenizers.scanner import Scanner
from formats.quarantine import Quarantine
from tokenizer_evaluate.__main__ import main
from tokenizer_evaluate.candidates import read_candidate
from tokenizer_evaluate.evaluate import compare_pairs
from tokenizer_evaluate.suggest import Suggestion, parallel_pieces, read_trained, suggest_shares
from tokenizer_train.__main__ import main as train_main
from tokenizer_train.documents import input_documents
from tokenizer_train.parallel import Parallel, read_parallel
from tokenizer_train.settings import ParityOptions, TokenizerOptions
from tokenizer_train.train import train

SYLLABLES = {
    "en": ("ra", "in", "pl", "st", "ay", "ma", "de", "gr", "wa", "ter", "mo", "un"),
    "th": ("ฝน", "ที่", "ราบ", "อยู่", "ส่วน", "ใหญ่", "องศา", "น้ำ", "แม่", "ภู", "เขา", "เย็น"),
    "de": ("re", "ge", "eb", "ne", "bl", "ei", "ß", "ü", "wa", "ss", "fl", "uß"),
}
VOCAB = 700


def word(language: str, number: int) -> str:
    """The same thing in any language: two or three syllables chosen by its number."""
    syllables = SYLLABLES[language]
    return "".join(syllables[number // 12**k % 12] for k in range(2 + number % 2))


def sentence(language: str, number: int) -> str:
    """Words chosen by the number, those of small numbers often."""
    chosen = [(number * 131 + k * k * 37) % 1009 % (20 + 40 * (k % 8)) for k in range(12)]
    return " ".join(word(language, n) for n in chosen) + "."


def write(path: Path, rows: list[tuple[str, int]]) -> str:
    path.write_text(
        "".join(
            json.dumps({"id": f"{lang}{n}", "pair_key": str(n), "lang": lang,
                        "text": " ".join(sentence(lang, n + k) for k in range(8))},
                       ensure_ascii=False) + "\n"
            for lang, n in rows
        )
    )  # fmt: skip
    return str(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Documents to learn from, nearly all English; and translations that are not among them."""
    folder = tmp_path_factory.mktemp("suggest")
    rows = [(lang, n) for lang, most in (("en", 900), ("de", 200), ("th", 60)) for n in range(most)]
    pairs = [(lang, n) for n in range(1000, 1100) for lang in SYLLABLES]
    return write(folder / "text.jsonl", rows), write(folder / "parallel.jsonl", pairs)


def options(**values: object) -> TokenizerOptions:
    return TokenizerOptions(vocab=VOCAB, language_temperature=1.0, **values)


@pytest.fixture(scope="module")
def folder(files: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("trained"))
    train(input_documents([files[0]]), folder, options())
    return folder


def pairs_of(path: str) -> Parallel:
    return read_parallel(input_documents([path]), Quarantine(on_error="fail"))


@pytest.fixture(scope="module")
def suggestion(folder: str, files: tuple[str, str]) -> Suggestion:
    return suggest_shares(read_trained(folder), pairs_of(files[1]), 1.4)


def test_premiums_are_those_of_the_real_encoder(
    suggestion: Suggestion, folder: str, files: tuple[str, str], tmp_path: Path
) -> None:
    parallel = pairs_of(files[1])
    judged = compare_pairs(read_candidate(folder), parallel)
    assert judged["premium"] == pytest.approx(suggestion.before.premiums)
    # The shares that are suggested, given to the command, give what was promised.
    (tmp_path / "shares.yaml").write_text(yaml.safe_dump(suggestion.shares))
    out = str(tmp_path / "after")
    counts = f"{folder}/counts/counts.arrow"
    status = train_main(
        ["--counts", counts, "--balance", str(tmp_path / "shares.yaml"), "--out", out,
         "--vocab", str(VOCAB)]
    )  # fmt: skip
    assert status == 0
    judged = compare_pairs(read_candidate(out), parallel)
    assert judged["premium"] == pytest.approx(suggestion.after.premiums, rel=2e-3)


def test_the_dear_language_is_given_more_and_comes_under_the_bound(suggestion: Suggestion) -> None:
    before, after = suggestion.before, suggestion.after
    assert before.worst[0] == "th" and before.worst[1] > 1.4
    assert suggestion.search.reached and after.worst[1] <= 1.4
    assert after.shares["th"] > before.shares["th"]
    assert sum(suggestion.shares.values()) == pytest.approx(1, abs=1e-5)
    assert suggestion.notes()[0].startswith("every premium is under 1.4")


def test_what_cannot_be_moved_is_told(folder: str, files: tuple[str, str], tmp_path: Path) -> None:
    rows = [json.loads(line) for line in Path(files[1]).read_text().splitlines()]
    few = [{**row, "lang": "fi"} for row in rows[:3] if row["lang"] == "de"]
    unknown = [{**row, "lang": "sw"} for row in rows if row["lang"] == "th"]
    path = tmp_path / "more.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, *few, *unknown]))
    found = suggest_shares(read_trained(folder), pairs_of(str(path)), 1.4)
    assert (found.unlearned, found.scarce) == (["sw"], ["fi"])
    assert set(found.before.premiums) == {"de", "th"}
    assert any("sw" in note for note in found.notes())


def test_another_backend_is_served_by_ours(folder: str, files: tuple[str, str]) -> None:
    trained = read_trained(folder)
    changed = trained.options.model_copy(update={"backend": "tokenizers", "merges": "plain"})
    found = suggest_shares(type(trained)(trained.counts, changed), pairs_of(files[1]), 3.0)
    assert set(found.before.premiums) == {"de", "th"}


def test_a_training_by_parity_can_be_suggested_from(files: tuple[str, str], tmp_path: Path) -> None:
    """Weights are searched for as if it had been trained by weights."""
    parity = ParityOptions(parallel=[files[1]])
    chosen = TokenizerOptions(vocab=VOCAB, parity=parity)
    train(input_documents([files[0]]), str(tmp_path / "parity"), chosen)
    train(input_documents([files[0]]), str(tmp_path / "usual"), TokenizerOptions(vocab=VOCAB))
    pairs = read_parallel(input_documents([files[1]]), Quarantine(on_error="fail"))
    found = [
        suggest_shares(read_trained(str(tmp_path / name)), pairs, 1.3, 1)
        for name in ("parity", "usual")
    ]
    assert found[0].before == found[1].before
    judged = [compare_pairs(read_candidate(str(tmp_path / n)), pairs) for n in ("parity", "usual")]
    assert judged[0]["worst"]["premium"] < judged[1]["worst"]["premium"]


def test_real_translations(development_data: Path, tmp_path: Path) -> None:
    """Pages in 13 languages: four in five to learn from, the others to choose on."""
    import zstandard

    path = development_data / "bilingual_fastapi-docs.jsonl.zst"
    with path.open("rb") as stored:
        text = zstandard.ZstdDecompressor().stream_reader(stored).read().decode()
    rows = [json.loads(line) for line in text.rstrip("\n").split("\n")]
    keys = sorted({row["pair_key"] for row in rows})[::5]
    for name, kept in (("learn.jsonl", False), ("choose.jsonl", True)):
        chosen = [row for row in rows if (row["pair_key"] in keys) == kept]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in chosen))
    before = str(tmp_path / "before")
    english = TokenizerOptions(vocab=16_000, language_shares={"en": 8, "*": 2})
    train(input_documents([str(tmp_path / "learn.jsonl")]), before, english)
    parallel = pairs_of(str(tmp_path / "choose.jsonl"))
    found = suggest_shares(read_trained(before), parallel, 1.3, most_trials=4)
    judged = compare_pairs(read_candidate(before), parallel)
    assert judged["premium"] == pytest.approx(found.before.premiums, rel=1e-9)
    assert found.after.worst[1] < found.before.worst[1]
    assert found.after.excess(1.3)[1] < found.before.excess(1.3)[1]
    name = found.before.worst[0]
    assert found.after.shares[name] > found.before.shares[name]


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.text("ab ก文", max_size=20)), min_size=1, max_size=8)
)
def test_pieces_are_all_of_the_text(pairs: list[tuple[int, str]]) -> None:
    import pyarrow as pa

    texts = [text for _, text in pairs] + ["the pivot"]
    ours, theirs = np.arange(len(pairs)), np.full(len(pairs), len(pairs))
    codes = np.array([code for code, _ in pairs])
    parallel = Parallel(
        "en", pa.array(texts, pa.large_string()), ours, theirs, codes, ("a", "b", "c"), {}
    )
    sizes = np.zeros(6, np.int64)
    for batch in parallel_pieces(parallel, Scanner(TokenizerOptions().splits)):
        rows = zip(*(batch.column(n).to_pylist() for n in ("piece", "group", "count")), strict=True)
        for piece, group, count in rows:
            sizes[group] += len(piece) * count
    mine, other = parallel.sums(parallel.lengths())
    assert sizes.reshape(3, 2).tolist() == np.stack([mine, other], 1).tolist()


def test_the_command_writes_shares_that_training_reads(
    folder: str, files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    suggestion: Suggestion,
) -> None:  # fmt: skip
    path = tmp_path / "shares.yaml"
    status = main(
        [folder, "--parallel", files[1], "--suggest", "1.4", "--shares", str(path)]
    )  # fmt: skip
    assert status == 0
    shown = capsys.readouterr().out
    assert "th" in shown and "every premium is under 1.4" in shown
    assert yaml.safe_load(path.read_text()) == suggestion.shares


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["{folder}", "--suggest", "1.3"], 2, "--suggest needs --parallel FILES and one DIR"),
        (["{folder}", "--suggest", "1.3", "--parallel", "{pairs}", "--out", "report"], 2,
         "--suggest writes no report: leave out --data, --against and --out"),
        (["{folder}"], 2, "--data and --out are needed to judge"),
        (["absent", "--suggest", "1.3", "--parallel", "{pairs}"], 1, "no training.json in absent"),
        (["{folder}", "--suggest", "1", "--parallel", "{pairs}"], 1, "1 is not above 1"),
        (["{folder}", "--suggest", "1.3", "--parallel", "{pairs}", "--counts", "absent"], 1,
         "no counts at absent"),
    ],
)  # fmt: skip
def test_mistakes_are_named(
    arguments: list[str], status: int, message: str, folder: str, files: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    filled = [argument.format(folder=folder, pairs=files[1]) for argument in arguments]
    if status == 2:
        with pytest.raises(SystemExit):
            main(filled)
    else:
        assert main(filled) == status
    assert message in capsys.readouterr().err
