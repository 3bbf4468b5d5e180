import hashlib
import json
from pathlib import Path

import pytest

from formats.tokenizer_files import read_tokenizer_files


def tokenizer_json(special: list[str]) -> str:
    vocabulary = {"a": 0, "b": 1, "ab": 2}
    added = [
        {"id": 3 + number, "content": token, "special": True}
        for number, token in enumerate(special)
    ]
    model = {"type": "BPE", "vocab": vocabulary, "merges": [["a", "b"]]}
    return json.dumps({"model": model, "added_tokens": added})


def test_a_folder_says_which_token_ends_a_document(tmp_path: Path) -> None:
    contents = tokenizer_json(["<s>", "<stop>", "<fill>"])
    (tmp_path / "tokenizer.json").write_text(contents)
    configuration = {"eos_token": {"content": "<stop>"}, "pad_token": "<fill>", "bos_token": None}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(configuration))
    files = read_tokenizer_files(str(tmp_path))
    assert files.special_ids == {"eos": 4, "pad": 5}
    assert files.eos_id == 4
    assert files.vocab_size == 6
    assert files.sha256 == hashlib.sha256(contents.encode()).hexdigest()


def test_a_lone_file_ends_documents_with_a_token_of_a_usual_name(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(tokenizer_json(["<pad>", "</s>"]))
    assert read_tokenizer_files(str(path)).special_ids == {"eos": 4}


def test_without_an_end_token_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(tokenizer_json(["<mask>"]))
    with pytest.raises(ValueError, match="which token ends a document"):
        read_tokenizer_files(str(tmp_path))


def test_vocabularies_of_unigram_models_are_lists(tmp_path: Path) -> None:
    model = {"type": "Unigram", "vocab": [["</s>", 0.0], ["a", -1.0]]}
    added = [{"id": 0, "content": "</s>", "special": True}]
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": model, "added_tokens": added}))
    files = read_tokenizer_files(str(tmp_path))
    assert (files.eos_id, files.vocab_size) == (0, 2)


def test_what_is_not_there_or_no_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no tokenizer\.json at"):
        read_tokenizer_files(str(tmp_path))
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0"}')
    with pytest.raises(ValueError, match=r"tokenizer\.json is no tokenizer: KeyError"):
        read_tokenizer_files(str(tmp_path))
