"""Folded words of any text, and of any bytes."""

from itertools import pairwise

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stages.dedup.exact_dedup import folded_texts
from stages.dedup.folding import DIGIT, MARK, SEPARATOR, SKIPPED, WORD, fold, kind


def reference_fold(text):
    """What ``fold_texts`` writes, one character at a time."""
    words = ""
    for char in text:
        of_char = kind(char)
        if of_char == SKIPPED:
            continue
        if of_char == SEPARATOR:
            words += " " if words and words[-1] != " " else ""
        elif of_char == MARK and (not words or words[-1] == " "):
            continue
        elif of_char == WORD + DIGIT:
            words += "0\0"  # the zero byte remembers that the run of digits may go on
            words = words.replace("0\x000\0", "0\0")
        else:
            words += fold(char)
    return words.replace("\0", "").strip(" ")


SCRIPTS = st.text(
    st.sampled_from("aAzZ09ßéÉΣς٣１Ａ เก่า้漢かﾊ\u0301\u064b\u200d\u200b _-.,—\n\U00020000😀"),
    max_size=30,
)


@given(st.lists(SCRIPTS | st.text(max_size=20), max_size=5))
def test_folding_equals_the_reference(texts):
    data, offsets = folded_texts(pa.array(texts, pa.large_string()))
    got = [bytes(data[a:b]).decode() for a, b in pairwise(offsets)]
    assert got == [reference_fold(text) for text in texts]


def test_folding_never_reads_outside_broken_bytes():
    broken = [b"\xe4\xb8", b"ab\xf0\x9f", b"\x80\xff", b"\xc3", "é".encode()[:1] + b"a"]
    texts = pa.array(broken, pa.large_binary())
    data, offsets = folded_texts(texts)
    got = [bytes(data[a:b]) for a, b in pairwise(offsets)]
    assert got[:4] == [b"", b"ab", b"", b""]
