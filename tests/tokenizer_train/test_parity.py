"""Training by parity, end to end on small text."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from tokenizer_train.documents import input_documents
from tokenizer_train.settings import ParityOptions, TokenizerOptions
from tokenizer_train.train import train

LINES = {
    "en": "The rain in Spain stays mainly in the plain; it's {n} degrees, don't you think?",
    "th": "ฝนตกในที่ราบของสเปนเป็นส่วนใหญ่ อุณหภูมิ {n} องศา คุณคิดอย่างไร",
    "de": "Der Regen in Spanien fällt vor allem in der Ebene; es sind {n} Grad, nicht wahr?",
}
OTHER = {
    "en": "Nobody knows where the {n} ships went that left the harbour in the night.",
    "th": "ไม่มีใครรู้ว่าเรือ {n} ลำที่ออกจากท่าเรือในเวลากลางคืนไปที่ไหน",
    "de": "Niemand weiß, wohin die {n} Schiffe fuhren, die nachts den Hafen verließen.",
    "fr": "Personne ne sait où sont allés les {n} navires partis du port dans la nuit.",
}


def write(path: Path, lines: Mapping[str, str], documents: int, times: int = 1) -> Path:
    """Documents of one number are translations of each other."""
    rows = [
        {"id": f"{lang}:{n}", "pair_key": str(n), "lang": lang, "text": line.format(n=n) * times}
        for n in range(documents)
        for lang, line in lines.items()
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("corpus") / "corpus.jsonl", OTHER, 300)


@pytest.fixture(scope="module")
def parallel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("parallel") / "parallel.jsonl", LINES, 100, 3)


def options(parallel: Path, vocab: int = 420, **parity: Any) -> TokenizerOptions:
    return TokenizerOptions(
        vocab=vocab, parity=ParityOptions(parallel=[str(parallel)], **parity), pretokenizer="gpt2"
    )


def trained(corpus: Path, folder: Path, chosen: TokenizerOptions) -> dict[str, Any]:
    return train(input_documents([str(corpus)]), str(folder), chosen).training


def tokens_by_language(folder: Path, parallel: Path) -> dict[str, int]:
    """By the tokenizer as others load it."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    sums: dict[str, int] = {}
    for line in parallel.read_text().splitlines():
        row = json.loads(line)
        tokens = len(tokenizer.encode(row["text"]).ids)
        sums[row["lang"]] = sums.get(row["lang"], 0) + tokens
    return sums


@pytest.mark.parametrize("parity", [{}, {"global_share": 0.5}, {"window": 0}])
def test_premiums_of_the_record_are_those_of_the_tokenizer(
    parity: dict[str, Any], corpus: Path, parallel: Path, tmp_path: Path
) -> None:
    training = trained(corpus, tmp_path / "out", options(parallel, **parity))
    sums = tokens_by_language(tmp_path / "out", parallel)
    languages = training["parity"]["languages"]
    assert list(languages) == ["de", "en", "th"]
    for name, found in languages.items():
        assert found["premium"] == round(sums[name] / sums["en"], 4), name


def test_the_worst_premium_is_smaller_than_without(
    corpus: Path, parallel: Path, tmp_path: Path
) -> None:
    chosen = options(parallel)
    trained(corpus, tmp_path / "plain", chosen.model_copy(update={"parity": None}))
    trained(corpus, tmp_path / "parity", chosen)
    plain, fair = (tokens_by_language(tmp_path / n, parallel) for n in ("plain", "parity"))
    assert max(fair.values()) / fair["en"] < max(plain.values()) / plain["en"]


def test_every_merge_is_accounted_for(corpus: Path, parallel: Path, tmp_path: Path) -> None:
    """French has no parallel text: it is among the others, which have their share of the merges."""
    parity = trained(corpus, tmp_path / "out", options(parallel, global_share=0.25))["parity"]
    merges = 420 - 256 - 2
    served = sum(found["merges"] for found in parity["languages"].values())
    others = parity["others"]
    assert others["languages"] == ["fr"]
    assert parity["merges_for_all"] == merges // 4
    turns = merges - merges // 4
    assert others["merges"] == int(turns * others["share"])
    assert served + others["merges"] == turns


def test_the_card_and_the_notes_say_who_was_served(
    corpus: Path, parallel: Path, tmp_path: Path
) -> None:
    training = trained(corpus, tmp_path, options(parallel))
    card = (tmp_path / "README.md").read_text()
    assert "## Parity" in card
    assert f"| th | {training['parity']['languages']['th']['merges']:,} |" in card
    assert r"others\: fr" in card
    assert any("want of parallel text: fr" in note for note in training["notes"])
    assert str(parallel.parent) not in json.dumps(training) + card
    assert training["settings"]["parity"]["parallel"] == ["parallel.jsonl"]


def test_the_parallel_files_may_be_cut_and_named_otherwise(
    corpus: Path, parallel: Path, tmp_path: Path
) -> None:
    """A file for each language, in another order: the same pairs, so the same tokenizer."""
    rows = [json.loads(line) for line in parallel.read_text().splitlines()]
    (tmp_path / "apart").mkdir()
    for number, lang in enumerate(("th", "de", "en")):
        mine = "".join(json.dumps(row) + "\n" for row in rows if row["lang"] == lang)
        (tmp_path / "apart" / f"{number}.jsonl").write_text(mine)
    trained(corpus, tmp_path / "one", options(parallel))
    trained(corpus, tmp_path / "three", options(tmp_path / "apart" / "*.jsonl"))
    one, three = ((tmp_path / n / "tokenizer.json").read_bytes() for n in ("one", "three"))
    assert one == three


def test_seldom_pieces_are_left_out_in_all_languages_together(
    corpus: Path, parallel: Path, tmp_path: Path
) -> None:
    chosen = options(parallel, vocab=320).model_copy(update={"min_piece_count": 200})
    training = trained(corpus, tmp_path, chosen)
    assert any(note.startswith("min_piece_count") for note in training["notes"])
    assert training["languages"]["th"]["left_out_bytes"] > 0


def test_languages_that_cannot_be_served_are_named(
    corpus: Path, parallel: Path, tmp_path: Path
) -> None:
    only = {"en": OTHER["en"], "de": OTHER["de"]}
    training = trained(write(tmp_path / "c.jsonl", only, 300), tmp_path / "out", options(parallel))
    assert training["parity"]["unlearned"] == ["th"]
    short = write(tmp_path / "p.jsonl", LINES, 3)
    with pytest.raises(ValueError, match=r"has 20,000 bytes there.*: de, th beside de, en, fr, th"):
        trained(corpus, tmp_path / "again", options(short))


def test_parallel_text_without_the_pivot(corpus: Path, parallel: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no document has a translation in 'ja'"):
        trained(corpus, tmp_path, options(parallel, pivot="ja"))


def test_libraries_do_not_learn_by_parity() -> None:
    with pytest.raises(ValueError, match="parity needs the backend native, not tokenizers"):
        TokenizerOptions(backend="tokenizers", parity=ParityOptions(parallel=["a.jsonl"]))
