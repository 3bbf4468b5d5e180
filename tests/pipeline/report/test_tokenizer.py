"""What the report says of the tokenizer, counted anew the slow way."""

import pyarrow.dataset as ds
import pytest

import pipeline.report.tokenizer as section
from formats.documents import document_files
from pipeline.report.tokenizer import token_premiums, vocabulary_by_script


def test_a_premium_is_the_ratio_of_tokens_of_both_sides(sample_run, monkeypatch) -> None:
    monkeypatch.setattr(section, "FEWEST_PAIRS", 1)
    found = token_premiums(sample_run)
    ratio, pairs = found["en-th"]
    tokenizer = pytest.importorskip("tokenizers").Tokenizer.from_file(
        f"{sample_run.tokenizer_path}/tokenizer.json"
    )
    texts = {
        row["id"]: row["text"] for batch in sample_run.documents() for row in batch.to_pylist()
    }
    rows = ds.dataset(document_files(sample_run.bilingual_documents_path)).to_table().to_pylist()
    chosen = [r for r in rows if r["kept"] and (r["left_lang"], r["right_lang"]) == ("en", "th")]

    def tokens(side: str) -> int:
        # One more a document: its end.
        return sum(len(tokenizer.encode(texts[row[side]]).ids) + 1 for row in chosen)

    assert pairs == len(chosen)
    assert ratio == pytest.approx(tokens("right_id") / tokens("left_id"))


def test_few_pairs_say_nothing(sample_run) -> None:
    assert all(pairs >= section.FEWEST_PAIRS for _, pairs in token_premiums(sample_run).values())


def test_every_token_is_of_one_kind(sample_run) -> None:
    found = vocabulary_by_script(sample_run)
    assert sum(found.values()) == sample_run.read_summary()["tokenizer"]["vocab_size"]
    assert found["Latin"] > found["Thai"] > 0
    assert found["special"] == 2
