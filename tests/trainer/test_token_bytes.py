"""Bytes of each token: what a tokenizer gives for real text, added up, is the text."""

import hashlib
import json

import numpy as np
import pytest
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from trainer.errors import ShardsError
from trainer.token_bytes import bytes_of, token_bytes

TEXTS = [
    "The ferry leaves at noon.",
    "渡轮中午出发。",
    "เรือออกตอนเที่ยง",
    "Die Fähre fährt um 12 Uhr 🚢",
]


def byte_level():
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=["<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def byte_fallback():
    """As Llama's: spaces as ▁, unknown characters as their bytes."""
    pieces = ["<eos>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "T", "h", "e", "é"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocabulary, [], byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.add_special_tokens(["<eos>"])
    return tokenizer


@pytest.mark.parametrize("make", [byte_level, byte_fallback])
def test_the_tokens_of_a_text_have_its_bytes(make):
    tokenizer = make()
    lengths = bytes_of(json.loads(tokenizer.to_str()), tokenizer.get_vocab_size())
    for text in TEXTS:
        assert lengths[tokenizer.encode(text).ids].sum() == len(text.encode())
    assert lengths[tokenizer.token_to_id("<eos>")] == 0


def test_a_unigram_vocabulary_is_a_list():
    parsed = {"model": {"vocab": [["<unk>", 0], ["▁été", -1]]}, "added_tokens": []}
    assert bytes_of(parsed, 3).tolist() == [5, 6, 0]


def test_the_tokenizer_beside_the_shards(tmp_path):
    assert token_bytes(f"{tmp_path}/shards", 10, "") is None
    (tmp_path / "tokenizer").mkdir()
    contents = byte_level().to_str().encode()
    (tmp_path / "tokenizer" / "tokenizer.json").write_bytes(contents)
    (tmp_path / "tokenizer" / "tokenizer_config.json").write_text('{"eos_token": "<eos>"}')
    found = token_bytes(f"{tmp_path}/shards/", 320, hashlib.sha256(contents).hexdigest())
    assert found.dtype == np.int64
    with pytest.raises(ShardsError, match="the shards were made with 0000000000000000…: put that"):
        token_bytes(f"{tmp_path}/shards", 320, "0" * 64)
