"""Encoding by merges against ``tokenizers``."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from formats.byte_letters import printable
from tokenizer_train.merging.alphabet import id_of_byte, token_bytes
from tokenizer_train.merging.encode_kernels import LONGEST, count_tokens, index_merges

PAIRS = [("a", "b"), ("b", "a"), ("ab", "ab"), ("a", "a"), ("aa", "b"), ("ba", "ab")]


def merges() -> np.ndarray:
    ids = {bytes([byte]): int(number) for byte, number in enumerate(id_of_byte())}
    pairs = np.full(256 + len(PAIRS), -1, np.int64)
    for token, (left, right) in enumerate(PAIRS, 256):
        pairs[token] = ids[left.encode()] << 32 | ids[right.encode()]
        ids[(left + right).encode()] = token
    return pairs


def tokens_of(pieces: list[bytes]) -> int:
    pairs = merges()
    keys, tokens = np.full(1024, -1, np.int64), np.empty(1024, np.int32)
    index_merges(pairs, 256, keys, tokens)
    offsets = np.cumsum([0, *map(len, pieces)], dtype=np.int64)
    data = np.frombuffer(b"".join(pieces), np.uint8)
    groups = np.zeros(len(pieces), np.uint32)
    sums = np.zeros((2, 1), np.int64)
    ones = np.ones(len(pieces), np.int64)
    wanted = np.ones(1, np.bool_)
    count_tokens(data, offsets, groups, ones, id_of_byte(), keys, tokens, wanted, sums[0], sums[1])
    assert sums[1, 0] == len(data)
    return int(sums[0, 0])


@settings(max_examples=200)
@given(st.lists(st.text("abc", min_size=1, max_size=20), max_size=5))
def test_tokens_are_those_of_tokenizers(pieces: list[str]) -> None:
    tokens = token_bytes(merges())
    names = ["".join(printable()[byte] for byte in token) for token in tokens]
    model = models.BPE({name: number for number, name in enumerate(names)}, PAIRS)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    expected = sum(len(tokenizer.encode(piece)) for piece in pieces)
    assert tokens_of([piece.encode() for piece in pieces]) == expected


def test_the_longest_pieces_are_encoded_in_parts() -> None:
    assert tokens_of([b"ab" * LONGEST]) == LONGEST // 2
