import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from formats.quarantine import Quarantine
from tokenizer_evaluate.texts import Texts, TextSize, size_of, sizes_by_language, total
from tokenizer_train.documents import input_documents


def texts_of(tmp_path: Path, rows: list[dict[str, Any]]) -> Texts:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Texts(input_documents([str(path)]), Quarantine(on_error="fail"))


def test_bytes_characters_and_words() -> None:
    size = size_of(pa.array(["Grüße, don't!", None, ""], pa.large_string()))
    assert size == TextSize(documents=3, text_bytes=15, characters=13, words=3)


def test_words_of_scripts_without_spaces_are_an_estimate() -> None:
    thai = "เป็นมนุษย์สุดประเสริฐ"  # เป็น, มนุษย์, สุด, ประเสริฐ
    assert size_of(pa.array([thai], pa.large_string())).words == pytest.approx(4, abs=1)


def test_the_largest_language_comes_first(tmp_path: Path) -> None:
    rows = [{"text": "a b", "lang": "en"}, {"text": "abcdef", "lang": "de"}, {"text": "c"}]
    sizes = sizes_by_language(texts_of(tmp_path, rows))
    assert list(sizes) == ["de", "en", "und"]
    assert total(list(sizes.values())) == TextSize(3, 10, 10, 4.0)
