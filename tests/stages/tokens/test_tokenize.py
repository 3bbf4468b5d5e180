from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from formats.documents import document_ids, document_numbers, write_documents
from formats.tokenizer_files import read_tokenizer_files
from formats.tokens import TokensReader
from stages.tokens import tokenize as tokenize_module
from stages.tokens.encoder import Encoder
from stages.tokens.tokenize import tokenize_partition

TEXTS = ["hello world", "bonjour", "你好", "", "no language", "สวัสดี", "hello again", "en passant"]
LANGUAGES = ["en", "fr", "zh", "en", None, "th", "en", "fr"]


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer that we know: GPT-2's cut, 600 entries."""
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=280, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>")])
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def documents(tmp_path: Path) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "id": document_ids(11, np.arange(len(TEXTS))),
            "text": pa.array(TEXTS, pa.large_string()),
            "lang": pa.array(LANGUAGES),
            "source": pa.array(["web", "web", "web", "web", "web", "bilingual", "web", "web"]),
            "quality": pa.array(np.linspace(0, 1, len(TEXTS)), pa.float32()),
        }
    )


def item_for(tmp_path: Path, tokenizer_folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "documents": str(tmp_path / "documents.parquet"),
        "part": 3,
        "tokens": str(tmp_path / "tokens"),
        "tokenizer": str(tokenizer_folder),
        "tokenizer_sha256": read_tokenizer_files(str(tokenizer_folder)).sha256,
        "components": [
            {"name": "a/b", "where": {"source": "bilingual"}},
            {"name": "${lang}", "where": {"lang": "*"}},
        ],
        "selectors": ["quality", "lang"],
        "types": {
            "id": "string",
            "text": "large_string",
            "lang": "string",
            "source": "string",
            "quality": "float",
        },
        "seed": 17,
        "count_by": [],
    } | changes


def tokens_of(path: Path) -> dict[int, list[int]]:
    return {
        int(number): batch.input_ids[batch.offsets[row] : batch.offsets[row + 1]].tolist()
        for batch in TokensReader(str(path)).batches()
        for row, number in enumerate(batch.document_ids)
    }


def test_documents_go_to_the_first_component_that_takes_them(
    tmp_path: Path, tokenizer_folder: Path, documents: pa.RecordBatch
) -> None:
    write_documents(str(tmp_path / "documents.parquet"), [documents])
    result = tokenize_partition(item_for(tmp_path, tokenizer_folder))
    counts = result["components"]
    assert {name: count["documents"] for name, count in counts.items()} == {
        "a/b": 1, "en": 3, "fr": 2, "zh": 1,
    }  # fmt: skip
    assert result["unassigned"] == {"documents": 1, "text_bytes": len("no language")}
    assert counts["zh"]["text_bytes"] == 6
    assert result["files"] == [count["path"] for count in counts.values()]
    assert (result["backend"], result["reason"]) == ("native", None)
    assert counts["a/b"]["path"] == str(tmp_path / "tokens" / "a%2Fb" / "part-00003.arrow")
    written = sorted(str(path) for path in (tmp_path / "tokens").rglob("*") if path.is_file())
    assert written == sorted(result["files"])


def test_a_file_holds_ids_tokens_and_selectors(
    tmp_path: Path, tokenizer_folder: Path, documents: pa.RecordBatch
) -> None:
    write_documents(str(tmp_path / "documents.parquet"), [documents])
    result = tokenize_partition(item_for(tmp_path, tokenizer_folder))
    rows = [0, 3, 6]
    path = tmp_path / "tokens" / "en" / "part-00003.arrow"
    encoder = Encoder(read_tokenizer_files(str(tokenizer_folder)), prefer="tokenizers")
    ids, offsets = encoder.encode(documents.column("text").take(pa.array(rows)))
    numbers = document_numbers(documents.column("id"))[rows]
    assert tokens_of(path) == {
        int(number): ids[offsets[row] : offsets[row + 1]].tolist()
        for row, number in enumerate(numbers)
    }
    assert result["components"]["en"]["tokens"] == len(ids)
    reader = TokensReader(str(path))
    assert reader.selectors == ["quality", "lang", "split_low", "split_high"]
    [batch] = reader.batches()
    assert batch.table.column("quality").to_pylist() == [
        documents.column("quality")[row].as_py() for row in rows
    ]


def test_batches_and_flushes_do_not_matter(
    tmp_path: Path,
    tokenizer_folder: Path,
    documents: pa.RecordBatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_documents(str(tmp_path / "documents.parquet"), [documents])
    whole = tokenize_partition(item_for(tmp_path, tokenizer_folder))
    monkeypatch.setattr(tokenize_module, "BATCH_TEXT_BYTES", 10)
    monkeypatch.setattr(tokenize_module, "FLUSH_TOKENS", 4)
    other = str(tmp_path / "other")
    pieces = tokenize_partition(item_for(tmp_path, tokenizer_folder, tokens=other))
    for name, count in whole["components"].items():
        assert pieces["components"][name] | {"path": ""} == count | {"path": ""}
        assert tokens_of(Path(count["path"])) == tokens_of(Path(pieces["components"][name]["path"]))


def test_a_file_without_documents(
    tmp_path: Path, tokenizer_folder: Path, documents: pa.RecordBatch
) -> None:
    write_documents(str(tmp_path / "documents.parquet"), [documents.slice(0, 0)])
    result = tokenize_partition(item_for(tmp_path, tokenizer_folder))
    assert (result["components"], result["files"]) == ({}, [])


def test_nothing_is_left_behind_when_it_fails(
    tmp_path: Path,
    tokenizer_folder: Path,
    documents: pa.RecordBatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_documents(str(tmp_path / "documents.parquet"), [documents])
    monkeypatch.setattr(tokenize_module, "BATCH_TEXT_BYTES", 10)
    encode = Encoder.encode

    def fails_at_the_third(self: Encoder, texts: pa.Array) -> Any:
        if "สวัสดี" in texts.to_pylist():
            raise RuntimeError("the disk is full")
        return encode(self, texts)

    monkeypatch.setattr(Encoder, "encode", fails_at_the_third)
    with pytest.raises(RuntimeError, match="the disk is full"):
        tokenize_partition(item_for(tmp_path, tokenizer_folder))
    assert not [path for path in (tmp_path / "tokens").rglob("*") if path.is_file()]


def test_no_component_takes_anything(
    tmp_path: Path, tokenizer_folder: Path, documents: pa.RecordBatch
) -> None:
    write_documents(str(tmp_path / "documents.parquet"), [documents])
    components = [{"name": "none", "where": {"lang": "xx"}}]
    result = tokenize_partition(item_for(tmp_path, tokenizer_folder, components=components))
    assert result["unassigned"]["documents"] == len(TEXTS)
    assert result["unassigned"]["text_bytes"] == sum(len(text.encode()) for text in TEXTS)


def test_tokens_are_counted_by_columns_too(tmp_path, tokenizer_folder, documents) -> None:
    write_documents(str(tmp_path / "documents.parquet"), [documents])
    plain = tokenize_partition(item_for(tmp_path, tokenizer_folder))
    assert plain["groups"] == []
    item = item_for(tmp_path, tokenizer_folder, count_by=["source", "lang"])
    result = tokenize_partition(item)
    assert result["components"] == plain["components"]
    for name, counts in result["components"].items():
        mine = [group for group in result["groups"] if group["component"] == name]
        for counted in ("documents", "tokens"):
            assert sum(group[counted] for group in mine) == counts[counted]
    [group] = [group for group in result["groups"] if group["source"] == "bilingual"]
    assert (group["component"], group["lang"], group["documents"]) == ("a/b", LANGUAGES[5] or "", 1)
