"""Training end to end on small text, and what comes out of it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

from formats.documents import DOCUMENT_SCHEMA, document_ids, write_documents
from formats.pretokenizers.patterns import splits_of
from formats.quarantine import Quarantine
from tokenizer_train.documents import Documents, input_documents, kind_of, run_documents
from tokenizer_train.engine import LocalEngine
from tokenizer_train.export import pre_tokenizer
from tokenizer_train.sample import choose
from tokenizer_train.settings import SpecialTokens, TokenizerOptions
from tokenizer_train.step import TooFewPairs
from tokenizer_train.train import train

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = "The rain in Spain stays mainly in the plain; it's 42 degrees, don't you think? "
THAI = "ฝนตกในที่ราบของสเปนเป็นส่วนใหญ่ อุณหภูมิ ๔๒ องศา "
CHINESE = "西班牙的雨主要下在平原上，气温四十二度，你觉得呢？"
SMALL = TokenizerOptions(vocab=400)


def corpus() -> pa.RecordBatch:
    """A few hundred short documents of three languages, no two alike."""
    texts = {"en": ENGLISH, "th": THAI, "zh": CHINESE}
    rows = [(lang, f"{text[n % 9 :]}{text}{n}") for n in range(80) for lang, text in texts.items()]
    return pa.record_batch(
        {
            "id": document_ids(1, np.arange(len(rows))),
            "text": pa.array([text for _, text in rows], pa.large_string()),
            "lang": pa.array([lang for lang, _ in rows]),
        }
    )


def in_parts(batch: pa.RecordBatch, rows: int, backwards: bool = False) -> Documents:
    """The documents as a run writes them, so many in a file."""
    folder = Path(tempfile.mkdtemp(prefix="documents-"))
    table = pa.Table.from_batches([batch])
    for name in DOCUMENT_SCHEMA.names[2:]:
        if name != "lang":
            field = DOCUMENT_SCHEMA.field(name)
            empty = pa.repeat("x", len(table)) if not field.nullable else pa.nulls(len(table))
            table = table.append_column(field, empty.cast(field.type))
    names = []
    for number, start in enumerate(range(0, max(len(table), 1), rows)):
        names.append(str(folder / f"part-{number}.parquet"))
        write_documents(names[-1], table.slice(start, rows).to_batches())
    return run_documents(names[::-1] if backwards else names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    train(in_parts(corpus(), 50), str(folder), SMALL)
    return folder


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def test_the_vocabulary_has_the_size_asked_for(tmp_path: Path) -> None:
    report = train(in_parts(corpus(), 50), str(tmp_path), SMALL)
    assert report.vocab_size == 400
    assert report.special_ids == {"eos": 398, "pad": 399}
    assert set(report.bytes_per_token) <= {"en", "th", "zh"}
    training = json.loads((tmp_path / "training.json").read_text())
    assert training == report.training
    assert training["vocabulary"] == {
        "asked": 400, "reached": 400, "bytes": 256, "merges": 142, "special": 2, "padding": 0,
    }  # fmt: skip
    english = training["languages"]["en"]
    assert english["documents"] == 80
    assert english["used_documents"] + english["held_out_documents"] == 80


def test_transformers_loads_the_folder(folder: Path, tokenizer: Tokenizer) -> None:
    transformers = pytest.importorskip("transformers")
    loaded = transformers.AutoTokenizer.from_pretrained(str(folder))
    assert (loaded.eos_token, loaded.eos_token_id) == ("<|endoftext|>", 398)
    assert (loaded.pad_token, loaded.pad_token_id) == ("<|pad|>", 399)
    assert len(loaded) == 400
    for text in [ENGLISH, THAI, CHINESE, " x  \n<|endoftext|> y"]:
        assert loaded(text).input_ids == tokenizer.encode(text).ids
        assert loaded.decode(loaded(text).input_ids) == text


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_every_text_comes_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_every_character_comes_back(tokenizer: Tokenizer) -> None:
    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    assert tokenizer.decode(tokenizer.encode(everything).ids) == everything


def test_parts_and_their_order_do_not_matter(folder: Path, tmp_path: Path) -> None:
    train(in_parts(corpus(), 7, backwards=True), str(tmp_path), SMALL)
    for name in ("tokenizer.json", "tokenizer_config.json", "training.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize("threads", ["1", "4"])
def test_processes_and_threads_do_not_matter(folder: Path, tmp_path: Path, threads: str) -> None:
    """The command on the same documents: shuffled files, another number of workers, same bytes."""
    names = [file.path for file in in_parts(corpus(), 60)]
    command = [sys.executable, "-m", "tokenizer_train", "--vocab", "400", "--out"]
    subprocess.run(
        [*command, str(tmp_path / "out"), "--workers", threads, *reversed(names)],
        env={**os.environ, "PYTHONHASHSEED": threads},
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    for name in ("tokenizer.json", "training.json"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()


def test_too_little_text_is_said(tmp_path: Path) -> None:
    report = train(in_parts(corpus(), 50), str(tmp_path), TokenizerOptions(vocab=5000))
    assert 400 < report.vocab_size < 5000
    assert report.notes[0].startswith(f"vocab: 5,000 asked for, {report.vocab_size:,} possible: ")
    assert report.training["notes"] == report.notes


def test_too_little_text_can_be_an_error(tmp_path: Path) -> None:
    options = TokenizerOptions(vocab=5000, when_short="fail")
    with pytest.raises(TooFewPairs, match="Give more text, or lower vocab or min_frequency"):
        train(in_parts(corpus(), 50), str(tmp_path), options)
    assert not (tmp_path / "tokenizer.json").exists()


def test_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no text to learn from: there is none"):
        train(in_parts(corpus().slice(0, 0), 1), str(tmp_path))


def test_special_tokens_written_in_the_text_are_not_learned(tmp_path: Path) -> None:
    batch = corpus()
    hostile = ["<|endoftext|>" * 20] * batch.num_rows
    batch = batch.set_column(1, "text", pa.array(hostile, pa.large_string()))
    options = TokenizerOptions(vocab=400, pretokenizer=r"[\s\S]+")
    report = train(in_parts(batch, 50), str(tmp_path), options)
    counted = report.training["sample"]["special_strings_in_text"]["<|endoftext|>"]
    assert counted == 20 * batch.num_rows
    vocabulary = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).get_vocab()
    assert not [token for token in vocabulary if "end" in token and token != "<|endoftext|>"]


def test_a_word_as_a_special_token_is_refused(tmp_path: Path) -> None:
    """``Spain`` is cut out of the text, but ``in`` is in ``rain`` and is learned from there."""
    batch = corpus()
    options = TokenizerOptions(vocab=500, special=SpecialTokens(extra=["ai"]))
    report = train(in_parts(batch, 50), str(tmp_path), options)
    assert report.training["sample"]["special_strings_in_text"]["ai"] > 0
    options = TokenizerOptions(vocab=500, special=SpecialTokens(extra=["a"]))
    with pytest.raises(ValueError, match="'a' is also a token of ordinary text"):
        train(in_parts(batch, 50), str(tmp_path), options)


@pytest.mark.parametrize("text", ["a" * 1_000_000, " " * 1_000_000, "中文字" * 100_000])
def test_a_megabyte_without_a_cut_does_not_take_an_hour(tmp_path: Path, text: str) -> None:
    batch = corpus().slice(0, 1).set_column(1, "text", pa.array([text], pa.large_string()))
    report = train(in_parts(batch, 1), str(tmp_path), SMALL)
    assert report.vocab_size > 258


def test_the_longest_token_can_be_limited(tmp_path: Path) -> None:
    options = TokenizerOptions(vocab=400, max_token_length=6)
    train(in_parts(corpus(), 50), str(tmp_path), options)
    vocabulary = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).get_vocab()
    assert max(len(token) for token in vocabulary if not token.startswith("<|")) == 6


def test_gpt2_is_written_in_the_form_that_fast_encoders_know() -> None:
    cut = pre_tokenizer(TokenizerOptions(pretokenizer="gpt2"))
    text = "It's  42\n\nनमस्ते don't"
    cut_too = Sequence(
        [Split(Regex(splits_of("gpt2")[0]), "isolated"), ByteLevel(False, use_regex=False)]
    )
    assert cut.pre_tokenize_str(text) == cut_too.pre_tokenize_str(text)


def test_progress_goes_through_the_steps(tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    engine = LocalEngine(str(tmp_path / "records"), progress=lambda *step: seen.append(step))
    options = SMALL.model_copy(update={"sample_bytes": 9000})
    train(in_parts(corpus(), 100), str(tmp_path), options, engine=engine)
    steps = ["measure", "count", "combine", "join", "merge"]
    assert list(dict.fromkeys(step for step, _ in seen)) == steps
    for step in steps:
        assert [done for name, done in seen if name == step][-1] == 1.0


def test_documents_of_a_run_and_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "hello", "lang": "en"}\n{"text": "bonjour"}\n')
    (tmp_path / "b.txt").write_text("plain")
    documents = input_documents([str(tmp_path / "*.*")])
    rows = [
        row
        for file in documents
        for batch in file.batches(Quarantine())
        for row in batch.to_pylist()
    ]
    assert [row["text"] for row in rows] == ["hello", "bonjour", "plain"]
    assert rows[0]["declared_lang"] == "en"
    assert kind_of("x/Y.JSONL.zst") == "jsonl"
    with pytest.raises(ValueError, match="of what kind is this file"):
        kind_of("x.pdf")
    with pytest.raises(FileNotFoundError, match="no documents at"):
        run_documents([str(tmp_path / "absent")])


def counts_of(folder: Path) -> bytes:
    return (folder / "counts" / "counts.arrow").read_bytes()


def test_counts_are_the_same_whatever_the_memory(folder: Path, tmp_path: Path) -> None:
    train(in_parts(corpus(), 7), str(tmp_path), SMALL, memory_bytes=1)
    assert counts_of(tmp_path) == counts_of(folder)


def test_another_vocabulary_or_balance_reads_no_text(tmp_path: Path) -> None:
    documents = in_parts(corpus(), 50)
    train(documents, str(tmp_path), SMALL)
    for file in documents:
        Path(file.path).unlink()
    changes = {"vocab": 350, "language_temperature": 0.0, "merges": "plain"}
    report = train(documents, str(tmp_path), SMALL.model_copy(update=changes))
    assert report.vocab_size == 350


def test_counts_of_several_trainings_are_merged(folder: Path, tmp_path: Path) -> None:
    """The halves counted apart, and learned from together: as if they had been one."""
    batch = corpus()
    counts = []
    for name, half in (("a", batch.slice(0, 100)), ("b", batch.slice(100))):
        train(in_parts(half, 30), str(tmp_path / name), SMALL.model_copy(update={"vocab": 260}))
        counts.append(str(tmp_path / name / "counts" / "counts.arrow"))
    train([], str(tmp_path / "both"), SMALL, counts=counts)
    assert counts_of(tmp_path / "both") == counts_of(folder)
    for name in ("tokenizer.json", "training.json"):
        assert (tmp_path / "both" / name).read_bytes() == (folder / name).read_bytes()
    other = SMALL.model_copy(update={"pretokenizer": "gpt2"})
    with pytest.raises(ValueError, match="the counts were cut by"):
        train([], str(tmp_path / "other"), other, counts=counts)


def test_a_training_that_was_killed_goes_on(tmp_path: Path, monkeypatch) -> None:
    """Two tasks are counted, the third fails; the next start reads only what was not counted."""
    monkeypatch.setattr("tokenizer_train.counting.tasks.STORED_BYTES_PER_TASK", 1)
    documents = in_parts(corpus(), 60)
    broken = Path(documents[2].path)
    whole = broken.read_bytes()
    broken.write_bytes(b"")
    with pytest.raises(pa.ArrowInvalid):
        train(documents, str(tmp_path), SMALL)
    broken.write_bytes(whole)
    for file in documents[:2]:
        Path(file.path).unlink()
    assert train(documents, str(tmp_path), SMALL).vocab_size == 400


def test_special_tokens_may_come_first_with_reserved_slots(tmp_path: Path) -> None:
    special = SpecialTokens(reserved=3, place="first")
    report = train(
        in_parts(corpus(), 50), str(tmp_path), TokenizerOptions(vocab=400, special=special)
    )
    assert report.vocab_size == 400 and report.special_ids == {"eos": 0, "pad": 1}
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert tokenizer.id_to_token(4) == "<|reserved_2|>"
    text = ENGLISH + THAI + CHINESE
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert tokenizer.encode("<|pad|>").ids == [1]


@pytest.mark.parametrize("pretokenizer", ["polymill", "o200k", r"\p{Han}|\P{Han}+"])
def test_plain_merges_are_those_of_the_library(tmp_path: Path, pretokenizer: str) -> None:
    """The same counts to both; ``min_frequency`` 1 and no balance, so that both see the same."""
    files = []
    for backend in ("native", "tokenizers"):
        options = TokenizerOptions(
            vocab=600, merges="plain", backend=backend, pretokenizer=pretokenizer,
            language_temperature=None,
        )  # fmt: skip
        train(in_parts(corpus(), 50), str(tmp_path / backend), options)
        files.append((tmp_path / backend / "tokenizer.json").read_bytes())
    assert files[0] == files[1]


def test_what_is_measured_is_what_the_library_encodes(tmp_path: Path) -> None:
    """Held-out bytes per token come from counts of pieces; the library reads the documents."""
    batch = corpus()
    report = train(in_parts(batch, 50), str(tmp_path), SMALL)
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    _, held_out, languages = choose(batch, 0, None)
    for name, rate in report.bytes_per_token.items():
        rows = held_out & (np.array(languages.to_pylist()) == name)
        texts = batch.column("text").filter(pa.array(rows)).to_pylist()
        tokens = sum(len(tokenizer.encode(text).ids) for text in texts)
        assert rate == round(sum(len(text.encode()) for text in texts) / tokens, 4)
    assert report.bytes_per_token


def test_pieces_seen_once_may_be_left_out(tmp_path: Path) -> None:
    options = SMALL.model_copy(update={"min_piece_count": 3})
    report = train(in_parts(corpus(), 50), str(tmp_path), options)
    assert (
        "pieces seen less than 3 times were left out; of the text they made up" in report.notes[0]
    )
    assert report.training["languages"]["zh"]["left_out_bytes"] > 0


def test_development_data_gives_the_merges_of_the_library(
    development_data: Path, tmp_path: Path
) -> None:
    """Real text of many languages, the same counts to both trainers."""
    files = input_documents([str(development_data / "bilingual_fastapi-docs.jsonl.zst")])
    written = []
    for backend in ("native", "tokenizers"):
        options = TokenizerOptions(
            vocab=8000, merges="plain", backend=backend, language_temperature=None,
            sample_bytes="3MB",
        )  # fmt: skip
        train(files, str(tmp_path / backend), options)
        written.append((tmp_path / backend / "tokenizer.json").read_bytes())
    assert written[0] == written[1]
