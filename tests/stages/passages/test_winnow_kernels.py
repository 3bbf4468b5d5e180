"""The same few places in equal passages."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stages.passages.substring_dedup import anchors

BASE = 0xD1342543DE82EF95
MASK = (1 << 64) - 1


def splitmix(value):
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


def winnowed(text, size, window):
    """(hash, first byte, bytes) of the chosen grams, as the paper has it in plain words."""
    grams = []
    for begin in range(len(text) - size + 1):
        value = 0
        for character in text[begin : begin + size]:
            value = (value * BASE + ord(character) + 1) & MASK
        grams.append(splitmix(value))
    chosen = []
    for first in range(len(grams) - window + 1):
        group = grams[first : first + window]
        if chosen and chosen[-1] >= first and grams[chosen[-1]] == min(group):
            continue  # of equal ones the one chosen already
        chosen.append(first + window - 1 - group[::-1].index(min(group)))
    return [
        (splitmix(grams[at]), len(text[:at].encode()), len(text[at : at + size].encode()))
        for at in chosen
    ]


@given(
    st.lists(st.text("abéกข中", max_size=40), min_size=1, max_size=4),
    st.integers(2, 6),
    st.integers(1, 7),
    st.data(),
)
def test_it_agrees_with_the_paper(texts, size, window, data):
    wanted = np.array([data.draw(st.booleans()) for _ in texts])
    column = pa.array(["before", *texts], pa.large_string())[1:]
    hashes, begins, lengths, borders = anchors(column, wanted, size, window)
    found = list(zip(hashes.tolist(), begins.tolist(), lengths.tolist(), strict=True))
    for row, text in enumerate(texts):
        expected = winnowed(text, size, window) if wanted[row] else []
        assert found[borders[row] : borders[row + 1]] == expected


def test_hashes_are_spread_evenly():
    """They are smallest ones, and still every range of a shuffle must get its share of them."""
    words = " ".join(str(n * 7919 % 1_000_003) for n in range(20_000))
    hashes, _, _, _ = anchors(pa.array([words], pa.large_string()), np.ones(1, np.bool_), 50, 50)
    shares = np.bincount((hashes >> np.uint64(62)).astype(np.int64), minlength=4) / len(hashes)
    assert abs(shares - 0.25).max() < 0.03


def test_room_grows_where_a_text_has_more_anchors_than_is_usual():
    """In "aab" over and over, with a window of 1, every gram is chosen."""
    column = pa.array(["aab" * 2000, "ab" * 50], pa.large_string())
    hashes, _, _, borders = anchors(column, np.ones(2, np.bool_), 100, 1)
    assert borders.tolist() == [0, 5901, 5902]
    assert len(hashes) == 5902
    usual = 2 * 200_000 / 102
    words = " ".join(str(n * 7919 % 1_000_003) for n in range(30_000))[:200_000]
    _, _, _, borders = anchors(pa.array([words], pa.large_string()), np.ones(1, np.bool_), 100, 101)
    assert abs(borders[-1] - usual) < usual / 10
