"""A small corpus in three languages with translations, and a tokenizer trained on it."""

import json
from pathlib import Path

import pytest

from tokenizer_evaluate.candidates import Candidate, read_candidate
from tokenizer_train.documents import input_documents
from tokenizer_train.settings import TokenizerOptions
from tokenizer_train.train import train

ENGLISH = "The rain in Spain stays mainly in the plain; it's {n} degrees, don't you think?"
THAI = "ฝนตกในที่ราบของสเปนเป็นส่วนใหญ่ อุณหภูมิ {n} องศา คุณคิดอย่างไร"
GERMAN = "Der Regen in Spanien fällt vor allem in der Ebene; es sind {n} Grad, nicht wahr?"
LINES = {"en": ENGLISH, "th": THAI, "de": GERMAN}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 documents; those of one number are translations of each other."""
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    rows = [
        {"id": f"{lang}:{n}", "pair_key": str(n), "lang": lang, "text": line.format(n=n) * 3}
        for n in range(100)
        for lang, line in LINES.items()
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def folder(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "small"
    train(input_documents([str(corpus)]), str(folder), TokenizerOptions(vocab=500))
    return folder


@pytest.fixture(scope="session")
def small(folder: Path) -> Candidate:
    return read_candidate(str(folder))
