import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from formats.buffers import text_buffers
from tokenizer_evaluate.candidates import Candidate, make_candidate, read_candidate
from tokenizer_evaluate.round_trip_kernels import find_differences

spellings = st.lists(st.binary(max_size=4), min_size=1, max_size=6)


def metaspace(vocab: list[tuple[str, float]]) -> Candidate:
    tokenizer = Tokenizer(models.Unigram(vocab, unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return make_candidate("pieces", "pieces", tokenizer.to_str().encode())


def test_ids_are_those_of_the_library(small: Candidate, folder: Path) -> None:
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    texts = ["The rain in Spain", "", "ฝนตก 42 องศา", "<|endoftext|>"]
    ids, offsets = small.encode(pa.array(texts, pa.large_string()))
    expected = [library.encode(text).ids for text in texts[:3]]
    assert [ids[a:b].tolist() for a, b in itertools.pairwise(offsets)][:3] == expected
    assert not small.special[ids].any()  # special tokens written out are text
    assert b"".join(small.tokens_of(texts[2])) == texts[2].encode()


def test_what_a_folder_holds(small: Candidate, folder: Path) -> None:
    assert small.name == "small" and small.origin == f"{folder}/tokenizer.json"
    assert small.vocab_size == 500 and small.special.sum() == 2
    assert {bytes([byte]) for byte in range(256)} <= set(small.token_bytes)
    assert small.encoder.backend == "native"


@given(spellings, st.lists(st.integers(0, 5), max_size=8), st.binary(max_size=3), st.booleans())
def test_joined_tokens_are_compared_byte_by_byte(
    spelled: list[bytes], chosen: list[int], other: bytes, change: bool
) -> None:
    ids = [number % len(spelled) for number in chosen]
    text = b"".join(spelled[number] for number in ids)
    shown = text + other if change else text
    texts = pa.array([b"before", shown], pa.large_binary())
    ends = np.cumsum([0, *map(len, spelled)])
    differs = np.zeros(2, np.bool_)
    find_differences(
        *text_buffers(texts), np.array(ids, np.int32), np.array([0, 0, len(ids)]),
        np.frombuffer(b"".join(spelled), np.uint8), ends, differs,
    )  # fmt: skip
    assert differs.tolist() == [True, shown != text]


def test_pieces_with_a_letter_for_the_space() -> None:
    candidate = metaspace([("<unk>", -9.0), ("▁", -3.0), ("▁the", -1.0), ("▁rain", -1.0)])
    assert candidate.token_bytes[2] == b" the" and not candidate.byte_level
    texts = pa.array(["the rain", "the snow"], pa.large_string())
    ids, offsets = candidate.encode(texts)
    assert ids[: offsets[1]].tolist() == [2, 3]
    assert candidate.differs(texts, ids, offsets).tolist() == [False, True]


def test_a_model_whose_tokens_hide_their_spaces_is_refused() -> None:
    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0, "the": 1}, unk_token="[UNK]"))
    with pytest.raises(ValueError, match="a model of type WordPiece"):
        make_candidate("x", "x/tokenizer.json", tokenizer.to_str().encode())


def test_what_is_no_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no tokenizer\.json at"):
        read_candidate(str(tmp_path))
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {}}))
    with pytest.raises(ValueError, match="is no tokenizer: KeyError"):
        read_candidate(str(tmp_path))
