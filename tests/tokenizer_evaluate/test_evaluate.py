"""The whole evaluation against plain sums over what ``tokenizers`` says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from formats.quarantine import Quarantine
from tokenizer_evaluate.candidates import Candidate, make_candidate
from tokenizer_evaluate.evaluate import evaluate
from tokenizer_evaluate.page import report_page
from tokenizer_evaluate.texts import Texts
from tokenizer_train.documents import input_documents
from tokenizer_train.parallel import read_parallel

HOSTILE = '<img src=x onerror="alert(1)">'


def texts_of(path: Path, held_out: int | None = None) -> Texts:
    return Texts(input_documents([str(path)]), Quarantine(on_error="fail"), held_out)


@pytest.fixture(scope="module")
def report(small: Candidate, corpus: Path) -> dict[str, Any]:
    parallel = read_parallel(input_documents([str(corpus)]), Quarantine(on_error="fail"))
    return evaluate([small], texts_of(corpus), parallel)


def test_rates_of_a_language(report: dict[str, Any], corpus: Path, folder: Path) -> None:
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows = [json.loads(line) for line in corpus.read_text().splitlines()]
    english = [row["text"] for row in rows if row["lang"] == "en"]
    tokens = sum(len(library.encode(text).ids) for text in english)
    words = sum(len(re.findall(r"\w+", text)) for text in english)
    found = report["tokenizers"][0]["languages"]["en"]
    assert found["tokens"] == tokens
    assert found["fertility"] == pytest.approx(tokens / words)
    assert found["bytes_per_token"] == pytest.approx(sum(map(len, english)) / tokens)
    assert found["characters_per_token"] == found["bytes_per_token"]  # ASCII


def test_premium_is_tokens_for_the_same_content(report: dict[str, Any]) -> None:
    [one] = report["tokenizers"]
    tokens = {name: own["tokens"] for name, own in one["languages"].items()}
    premium = one["parallel"]["premium"]
    assert premium["th"] == pytest.approx(tokens["th"] / tokens["en"])
    assert premium["de"] == pytest.approx(tokens["de"] / tokens["en"])
    assert report["parallel"]["languages"]["th"]["pairs"] == 100


def test_nothing_is_lost(report: dict[str, Any]) -> None:
    lost = report["tokenizers"][0]["round_trip"]
    assert (lost["documents"], lost["documents_lost"]) == (300, 0)
    assert (lost["code_point_texts"] * 16, lost["code_point_texts_lost"]) == (1_112_064, 0)


def test_a_normalizer_is_found_out(small: Candidate, tmp_path: Path) -> None:
    definition = json.loads(small.json_bytes)
    definition["normalizer"] = {"type": "NFC"}
    changed = make_candidate("nfc", "nfc", json.dumps(definition).encode())
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "cafe\\u0301"}\n{"text": "caf\\u00e9"}\n')
    [one] = evaluate([changed], texts_of(path))["tokenizers"]
    assert one["round_trip"]["documents_lost"] == 1
    assert one["round_trip"]["code_point_texts_lost"] > 0


def test_only_what_was_held_out_of_training(small: Candidate, corpus: Path, folder: Path) -> None:
    held_out = evaluate([small], texts_of(corpus, held_out=0))["data"]["languages"]
    training = json.loads((folder / "training.json").read_text())["languages"]
    expected = {lang: own["held_out_documents"] for lang, own in training.items()}
    assert {lang: own["documents"] for lang, own in held_out.items()} == {
        lang: n for lang, n in expected.items() if n
    }


def test_no_text_is_said(small: Candidate, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": ""}\n')
    with pytest.raises(ValueError, match="no text to judge on"):
        evaluate([small], texts_of(path))


def test_the_page_is_one_file_that_runs_nothing(report: dict[str, Any]) -> None:
    html = report_page(report)
    assert "<svg" in html and "Premium over en" in html
    assert "<script" not in html and not re.search(r"(?:src|href)=|url\(", html)
    assert "default-src 'none'" in html


def test_text_from_outside_is_escaped(small: Candidate, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": HOSTILE * 2000, "lang": HOSTILE}) + "\n")
    named = make_candidate(HOSTILE, HOSTILE, small.json_bytes)
    html = report_page(evaluate([named], texts_of(path)))
    assert "<img" not in html and "&lt;img src=x" in html


def test_a_report_without_pairs_has_no_premium(small: Candidate, corpus: Path) -> None:
    report = evaluate([small], texts_of(corpus))
    assert report["parallel"] is None and report["tokenizers"][0]["parallel"] is None
    assert "Premium" not in report_page(report)
