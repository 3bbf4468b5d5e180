import itertools
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from formats.tokenizer_files import TokenizerFiles, read_tokenizer_files
from stages.tokens import libraries
from stages.tokens.encoder import BACKENDS, Encoder, shared_encoder
from stages.tokens.encoder_probe import HARD_CASES, PROBE_TEXTS, SCRIPTS
from stages.tokens.libraries import GigatokenEncoder
from stages.tokens.native import NativeEncoder

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
HOSTILE = "a page about <|endoftext|> and <|pad|><|endoftext|>"


def make_tokenizer(folder: Path, steps: list[Any] | None = None) -> Tokenizer:
    """A tokenizer of 1,000 entries with its end token in the middle of nowhere."""
    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(pattern=_regex(LLAMA3), behavior="isolated")
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*(steps or []), split, bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=998,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([list(SCRIPTS.values()) * 3, ["123 12345 6789"] * 9], trainer)
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>"), AddedToken("<|pad|>")])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


def _regex(pattern: str) -> Any:
    from tokenizers import Regex

    return Regex(pattern)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    make_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def files(folder: Path) -> TokenizerFiles:
    return read_tokenizer_files(str(folder))


@pytest.fixture(scope="module")
def fast(files: TokenizerFiles) -> Encoder:
    return Encoder(files)


@pytest.fixture(scope="module")
def exact(files: TokenizerFiles) -> Encoder:
    return Encoder(files, prefer="tokenizers")


def column(texts: list[str | None]) -> pa.Array:
    return pa.array(texts, pa.large_string())


def documents(result: tuple[np.ndarray, np.ndarray]) -> list[list[int]]:
    ids, offsets = result
    return [ids[a:b].tolist() for a, b in itertools.pairwise(offsets)]


def test_every_document_ends_with_the_end_token(fast: Encoder, files: TokenizerFiles) -> None:
    ids, offsets = fast.encode(column(["one", "", None, "two words"]))
    assert (ids.dtype, offsets.dtype) == (np.uint16, np.int64)
    assert (ids[offsets[1:] - 1] == files.eos_id).all()
    assert (ids == files.eos_id).sum() == 4
    assert np.diff(offsets)[1:3].tolist() == [1, 1]


def test_all_three_pass_the_check(files: TokenizerFiles, exact: Encoder) -> None:
    expected = documents(exact.encode(column(list(PROBE_TEXTS))))
    for prefer in BACKENDS:
        encoder = Encoder(files, prefer)
        assert (encoder.backend, encoder.reason) == (prefer, None)
        assert documents(encoder.encode(column(list(PROBE_TEXTS)))) == expected
    assert len(SCRIPTS) > 20 and len(HARD_CASES) > 20


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(), max_size=5))
def test_both_agree_and_the_text_comes_back(
    fast: Encoder, exact: Encoder, folder: Path, texts: list[str]
) -> None:
    got = documents(fast.encode(column(list(texts))))
    assert got == documents(exact.encode(column(list(texts))))
    assert fast.backend == "native"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert [tokenizer.decode(ids[:-1], skip_special_tokens=False) for ids in got] == texts


def test_special_tokens_in_the_text_are_text(
    fast: Encoder, exact: Encoder, folder: Path, files: TokenizerFiles
) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert files.eos_id in tokenizer.encode(HOSTILE).ids  # what we must not do
    for encoder in (fast, exact):
        [ids] = documents(encoder.encode(column([HOSTILE])))
        assert not set(ids[:-1]) & set(files.special_ids.values())
        assert tokenizer.decode(ids[:-1], skip_special_tokens=False) == HOSTILE
    assert documents(fast.encode(column([HOSTILE]))) == documents(exact.encode(column([HOSTILE])))


def test_special_tokens_among_the_first_ids_are_as_harmless(tmp_path: Path) -> None:
    make_tokenizer(tmp_path)
    path = tmp_path / "tokenizer.json"
    parsed = json.loads(path.read_text())
    vocabulary = {token: number + 2 for token, number in parsed["model"]["vocab"].items()}
    parsed["model"]["vocab"] = {"<|endoftext|>": 0, "<|pad|>": 1, **vocabulary}
    for number, token in enumerate(parsed["added_tokens"]):
        token["id"] = number
    path.write_text(json.dumps(parsed))
    files = read_tokenizer_files(str(tmp_path))
    fast, exact = Encoder(files), Encoder(files, prefer="tokenizers")
    assert (files.eos_id, fast.backend) == (0, "native")
    got = documents(fast.encode(column([HOSTILE])))
    assert got == documents(exact.encode(column([HOSTILE])))
    assert 0 not in got[0][:-1]


def test_slices_and_chunks_are_encoded_as_they_are(fast: Encoder) -> None:
    texts = column(["zero", "one ก", "", "three", "four"])
    whole = documents(fast.encode(texts))
    assert documents(fast.encode(texts.slice(1, 3))) == whole[1:4]
    chunks = pa.chunked_array([texts.slice(0, 2), texts.slice(2)])
    assert documents(fast.encode(chunks)) == whole
    assert documents(fast.encode(texts.slice(2, 0))) == []
    assert documents(fast.encode(texts.cast(pa.string()))) == whole


def test_what_others_add_to_a_text_is_left_out(tmp_path: Path) -> None:
    """A post-processor that begins every text, truncation, padding: none of it is for documents."""
    tokenizer = make_tokenizer(tmp_path)
    plain = documents(Encoder(read_tokenizer_files(str(tmp_path))).encode(column(["a b c " * 50])))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|pad|> $A", special_tokens=[("<|pad|>", 999)]
    )
    tokenizer.enable_truncation(5)
    tokenizer.enable_padding(length=10)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    for prefer in BACKENDS:
        encoder = Encoder(read_tokenizer_files(str(tmp_path)), prefer)
        assert documents(encoder.encode(column(["a b c " * 50]))) == plain


def test_steps_that_nobody_fast_knows(tmp_path: Path) -> None:
    """gigatoken 0.10 loads a tokenizer with ``Digits`` and cuts as if the step were not there."""
    make_tokenizer(tmp_path, [pre_tokenizers.Digits(individual_digits=True)])
    encoder = Encoder(read_tokenizer_files(str(tmp_path)))
    assert encoder.backend == "tokenizers"
    assert encoder.reason == (
        "native cannot load this tokenizer: the pre-tokenizer step Digits; "
        "gigatoken cannot load this tokenizer: the pre-tokenizer step Digits"
    )


def test_a_normalizer_is_left_to_the_libraries(tmp_path: Path) -> None:
    tokenizer = make_tokenizer(tmp_path)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.NFD()])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    encoder = Encoder(read_tokenizer_files(str(tmp_path)))
    assert encoder.backend == "tokenizers"
    assert encoder.reason is not None
    assert encoder.reason.startswith("native cannot load this tokenizer: a normalizer of type")
    assert "gigatoken cannot load this tokenizer: RuntimeError: Unsupported" in encoder.reason


def test_own_expressions_are_cut_by_the_library_and_merged_by_us(tmp_path: Path) -> None:
    make_tokenizer(tmp_path, [pre_tokenizers.Split(_regex("x{3}"), "isolated")])
    files = read_tokenizer_files(str(tmp_path))
    encoder = Encoder(files)
    assert encoder.backend == "native"
    texts = column(["xxxxx", "y", "", "ไทย xxx"])
    assert documents(encoder.encode(texts)) == documents(Encoder(files, "tokenizers").encode(texts))


def test_a_library_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tokenizer(tmp_path)
    monkeypatch.setitem(sys.modules, "gigatoken.gigatoken_rs", None)
    encoder = Encoder(read_tokenizer_files(str(tmp_path)), "gigatoken")
    assert encoder.backend == "tokenizers"
    assert encoder.reason is not None and "ModuleNotFoundError" in encoder.reason


def test_a_difference_in_the_first_batch_is_noticed(
    files: TokenizerFiles, monkeypatch: pytest.MonkeyPatch, exact: Encoder
) -> None:
    right = NativeEncoder.encode

    def wrong_about_real_text(self: NativeEncoder, texts: pa.Array) -> Any:
        ids, offsets = right(self, texts)
        return (ids, offsets) if len(texts) == len(PROBE_TEXTS) else (ids + 1, offsets)

    monkeypatch.setattr(NativeEncoder, "encode", wrong_about_real_text)
    encoder = Encoder(files)
    assert encoder.backend == "native"
    got = documents(encoder.encode(column(["real", "text"])))
    assert got == documents(exact.encode(column(["real", "text"])))
    assert encoder.reason == "native gives other ids than tokenizers on the first batch"


def test_a_failure_later_on_loses_nothing(
    files: TokenizerFiles, monkeypatch: pytest.MonkeyPatch, exact: Encoder
) -> None:
    encoder = Encoder(files, "gigatoken")
    encoder.encode(column(["first"]))

    class PanicException(BaseException):
        pass

    def panics(self: GigatokenEncoder, texts: pa.Array) -> Any:
        raise PanicException("index out of bounds\nbacktrace")

    monkeypatch.setattr(GigatokenEncoder, "encode", panics)
    assert documents(encoder.encode(column(["b"]))) == documents(exact.encode(column(["b"])))
    assert encoder.backend == "tokenizers"
    assert encoder.reason == "gigatoken failed on a batch: PanicException: index out of bounds"


def test_stopping_the_process_is_no_failure(
    files: TokenizerFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Encoder(files)

    def interrupted(self: NativeEncoder, texts: pa.Array) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(NativeEncoder, "encode", interrupted)
    with pytest.raises(KeyboardInterrupt):
        encoder.encode(column(["b"]))


def test_tokenizers_takes_long_batches_in_pieces(
    exact: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = column([f"{n} words ไทย" for n in range(100)])
    whole = exact.encode(texts)
    monkeypatch.setattr(libraries, "EXACT_BATCH_BYTES", 50)
    pieces = exact.encode(texts)
    np.testing.assert_array_equal(pieces[0], whole[0])
    np.testing.assert_array_equal(pieces[1], whole[1])
    assert exact.encode(column([]))[1].tolist() == [0]


def test_one_encoder_a_process_and_only_for_the_file_expected(folder: Path) -> None:
    sha256 = read_tokenizer_files(str(folder)).sha256
    assert shared_encoder(str(folder), sha256) is shared_encoder(str(folder), sha256)
    with pytest.raises(ValueError, match="has changed: sha256"):
        shared_encoder(str(folder), "0" * 64)
