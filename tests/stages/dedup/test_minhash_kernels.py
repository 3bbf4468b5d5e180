"""The one-pass kernels equal the plain Python reference on any text."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.dedup.minhash import Bands, bands_of, signatures

from . import minhash_reference as reference

ALPHABET = "aAbz09ßéÉΣς٣１Ａﬁ เก่า้ที漢字かーﾊ\u0301\u064b\u200d\u200b _-.,—'\n\t\U00020000😀한ㅋ"
MIXED = st.text(st.sampled_from(ALPHABET), max_size=60)
WORDS = st.lists(st.text(st.sampled_from("abcXYZ019é"), min_size=1, max_size=20), max_size=30).map(
    " ".join
)
TEXTS = st.lists(MIXED | WORDS | st.text(max_size=30), max_size=6)


def column(texts):
    return pa.array(texts, pa.large_string())


def everything(texts):
    return np.ones(len(texts), np.bool_)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't stop", ["don", "t", "stop"]),
        ("snake_case 3.14", ["snake", "case", "3", "14"]),
        ("Straße ＡＢＣ", ["straße", "abc"]),
        ("漢字かな", ["漢", "字", "か", "な"]),
        ("ที่นี่ abc", ["ที่", "นี่", "abc"]),
        ("GPUで計算", ["gpu", "で", "計", "算"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("كِتَـٰبٌ", ["كتب"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("", []),
    ],
)
def test_what_a_token_is(text, tokens):
    assert reference.tokens_of(text) == tokens
    assert signatures(column([text]), everything([text]), 5, 128)[1].tolist() == [len(tokens)]


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(1, 7), st.sampled_from([16, 128, 256]))
@example(["abcdefg abcdefgh abcdefghi " * 2, "aaaaaaaé" * 5, "a" * 100], 2, 128)
def test_signatures_equal_the_reference(texts, ngram, bins):
    values, tokens, hashes = signatures(column(texts), everything(texts), ngram, bins)
    expected = [reference.signature(text, ngram, bins) for text in texts]
    assert values.tolist() == [row[0] for row in expected]
    assert tokens.tolist() == [row[1] for row in expected]
    assert hashes.tolist() == [row[2] for row in expected]


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.data())
def test_a_slice_and_unwanted_rows(texts, data):
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts))))
    wanted = wanted.astype(np.bool_)
    sliced = column(["before", *texts, "after"]).slice(1, len(texts))
    values, tokens, hashes = signatures(sliced, wanted, 5, 128)
    alone, counts, streams = signatures(column(texts), everything(texts), 5, 128)
    assert np.array_equal(values, np.where(wanted[:, None], alone, 0))
    assert np.array_equal(tokens, np.where(wanted, counts, 0))
    assert np.array_equal(hashes, np.where(wanted, streams, 0))


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.sampled_from([(18, 7), (21, 6), (1, 128), (128, 1)]))
def test_band_keys_equal_the_reference(texts, cut):
    values, _, hashes = signatures(column(texts), everything(texts), 3, 128)
    keys, rows = bands_of(values, hashes, everything(texts), Bands(*cut))
    expected = [
        (i, key)
        for i, text in enumerate(texts)
        for key in reference.band_keys(*reference.signature(text, 3, 128)[::2], *cut)
    ]
    assert list(zip(rows.tolist(), keys.tolist(), strict=True)) == expected


@settings(deadline=None)
@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5))
@example([b"\xe4\xb8", b"ab\xf0\x9f", b"\xff" * 9, b"abcdefg\xc3"])
def test_broken_bytes_neither_crash_nor_reach_the_next_text(texts):
    together = pa.array(texts, pa.large_binary())
    values, _, _ = signatures(together, everything(texts), 1, 16)
    for i, text in enumerate(texts):
        alone, _, _ = signatures(pa.array([text], pa.large_binary()), everything([text]), 1, 16)
        assert values[i].tolist() == alone[0].tolist()


def test_typography_does_not_change_a_signature():
    texts = [
        "The  quick, brown FOX jumps over 12 dogs",
        "the quick brown fox jumps  Ｏver 12 dogs!",
    ]
    values, _, hashes = signatures(column(texts), everything(texts), 5, 128)
    assert np.array_equal(values[0], values[1])
    assert hashes[0] == hashes[1]


def test_thai_words_that_differ_in_a_mark_differ():
    values, _, hashes = signatures(column(["เก่า", "เก้า"]), everything([0, 0]), 5, 128)
    assert hashes[0] != hashes[1]
    assert not np.array_equal(values[0], values[1])
