"""The backend sentencepiece: what it is given, the file it makes, and where a run can use it."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer

from formats.tokenizer_files import read_tokenizer_files
from tokenizer_train.documents import Documents, input_documents
from tokenizer_train.sentencepiece_export import HARD_TEXTS, first_difference
from tokenizer_train.sentencepiece_model import MOST_CHARACTERS, parts_without_marks
from tokenizer_train.settings import SpecialTokens, TokenizerOptions
from tokenizer_train.train import train

TEXT = (
    "The rain in Spain stays mainly in the plain; it's 42 degrees. ฝนตกในที่ราบ 西班牙的雨 "
    "Although nobody expected thunder, everyone carried umbrellas yesterday afternoon. "
)
SPECIAL = SpecialTokens(bos="<bos>", extra=["<a,b>"], reserved=1)


def documents_in(path: Path, texts: list[str]) -> Documents:
    path.write_text("\n".join(json.dumps({"text": text}) for text in texts))
    return input_documents([str(path)])


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sentencepiece")
    documents = documents_in(folder / "a.jsonl", [TEXT[n % 50 :] + TEXT for n in range(60)])
    options = TokenizerOptions(
        vocab=340, backend="sentencepiece", algorithm=request.param, special=SPECIAL,
        pad_to_multiple=16,
    )  # fmt: skip
    report = train(documents, str(folder), options)
    assert report.vocab_size == 352
    assert report.training["vocabulary"]["special"] == 6
    return folder


def test_the_vocabulary_ends_where_it_was_asked_to(folder: Path) -> None:
    processor = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    assert processor.get_piece_size() == 352
    last = [processor.id_to_piece(number) for number in range(334, 344)]
    assert last == [
        "<|unk|>", "<|endoftext|>", "<|pad|>", "<bos>", "<a,b>", "<|reserved_0|>",
        "<|reserved_1|>", "<|reserved_2|>", "<|reserved_3|>", "<|reserved_4|>",
    ]  # fmt: skip
    assert (processor.unk_id(), processor.eos_id(), processor.pad_id()) == (334, 335, 336)


@settings(max_examples=200)
@given(st.text(st.characters(exclude_characters="\u2581", exclude_categories=["Cs"])))
def test_every_text_without_its_mark_for_a_space_comes_back(folder: Path, text: str) -> None:
    processor = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    ids = processor.encode(text)
    assert processor.decode(ids) == text
    assert processor.unk_id() not in ids


def test_what_is_written_for_others_gives_the_same_ids(folder: Path) -> None:
    if not (folder / "tokenizer.json").exists():
        notes = json.loads((folder / "training.json").read_text())["notes"]
        assert any(note.startswith("tokenizer.json: not written") for note in notes)
        with pytest.raises(
            FileNotFoundError, match=r"only tokenizer\.model, which a run cannot use"
        ):
            read_tokenizer_files(str(folder))
        return
    assert read_tokenizer_files(str(folder)).special_ids == {"eos": 335, "pad": 336, "bos": 337}
    transformers = pytest.importorskip("transformers")
    loaded = transformers.AutoTokenizer.from_pretrained(str(folder))
    processor = SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    for text in [TEXT, *HARD_TEXTS]:
        ids = processor.encode(text)
        assert loaded(text, split_special_tokens=True).input_ids == ids
        assert loaded.decode(ids, skip_special_tokens=True) == processor.decode(ids)


def test_a_difference_is_found(folder: Path) -> None:
    """The check that decides whether tokenizer.json is written: here against another tokenizer."""
    from tokenizers import models

    other = Tokenizer(models.BPE({"a": 0, "b": 1}, []))
    model = (folder / "tokenizer.model").read_bytes()
    assert first_difference(model, other, ["", "ab"]) == "ab"
    assert first_difference(model, other, [""]) is None


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
def test_nothing_is_skipped_without_a_word(tmp_path: Path, algorithm: str) -> None:
    """Its own marks, tabs and a long run: other pieces are learned from, and the cuts are told."""
    texts = [TEXT + "abc\tdef \u2581\u2581 \u2585\u2585 " + "z" * 9000 + " end"] * 60
    documents = documents_in(tmp_path / "a.jsonl", texts)
    options = TokenizerOptions(vocab=330, backend="sentencepiece", algorithm=algorithm)
    [note, *_] = train(documents, str(tmp_path / "out"), options).notes
    assert "distinct pieces hold a tab, U+0000, U+2581 or U+2585, or are very long" in note
    processor = SentencePieceProcessor(model_file=str(tmp_path / "out" / "tokenizer.model"))
    assert len(processor.encode("z" * 9000)) < 4500
    assert processor.decode(processor.encode("a\tb\u2585")) == "a\tb\u2585"


def test_parts() -> None:
    assert parts_without_marks("a\tb\u2581\u2585c\0") == ["a", "b", "c"]
    assert parts_without_marks("z" * (MOST_CHARACTERS + 1)) == ["z" * MOST_CHARACTERS, "z"]


@pytest.mark.parametrize("algorithm", ["bpe", "unigram"])
def test_equal_trainings_give_equal_files(tmp_path: Path, algorithm: str) -> None:
    documents = documents_in(tmp_path / "a.jsonl", [TEXT[n % 50 :] + TEXT for n in range(60)])
    options = TokenizerOptions(vocab=370, backend="sentencepiece", algorithm=algorithm)
    for name in ("one", "two"):
        train(documents, str(tmp_path / name), options)
    files = [(tmp_path / name / "tokenizer.model").read_bytes() for name in ("one", "two")]
    assert files[0] == files[1]


def test_too_little_text_is_said(tmp_path: Path) -> None:
    documents = documents_in(tmp_path / "a.jsonl", [TEXT] * 60)
    options = TokenizerOptions(vocab=9000, backend="sentencepiece", algorithm="unigram")
    report = train(documents, str(tmp_path / "out"), options)
    assert report.vocab_size < 9000
    assert report.notes[0].startswith(f"vocab: 9,000 asked for, {report.vocab_size:,} possible")
    with pytest.raises(ValueError, match="9,000 asked for"):
        options = options.model_copy(update={"when_short": "fail"})
        train(documents, str(tmp_path / "other"), options)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"algorithm": "unigram"}, "unigram needs the backend sentencepiece"),
        ({"backend": "sentencepiece", "special": {"place": "first"}}, "take the last ids"),
        ({"backend": "sentencepiece", "max_token_length": 9}, "characters, not bytes"),
        ({"backend": "sentencepiece", "min_frequency": 3}, "has no such limit"),
        ({"backend": "sentencepiece", "merges": "aligned"}, "aligned needs the backend native"),
    ],
)
def test_what_does_not_go_together_is_told(given: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TokenizerOptions.model_validate(given)
