"""C4's removal of lines against a plain reference."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.quality.line_removal import remove_c4_lines

exhaustive = settings(deadline=None)
"""A shared machine may pause for longer than hypothesis' deadline."""
FRAGMENTS = ["One two three", "go", " ", ".", "!", '"', ")", ",", "JavaScript", "Use cookies", "\n"]


def reference(text, by_line_end):
    """The lines that stay: three words, no notice, the end of a sentence."""
    kept = []
    for line in text.split("\n"):
        words = re.findall("[A-Za-z]+", line)
        notice = re.search(r"\b(javascript|use cookies)", line.lower())
        ended = re.search(r"[.!][\")]*\s*$", line.replace(" ", "")) is not None
        if len(words) >= 3 and not notice and (ended or not by_line_end):
            kept.append(line)
    return "\n".join(kept)


@exhaustive
@given(
    st.lists(st.lists(st.sampled_from(FRAGMENTS), max_size=20).map("".join), max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_the_kernel_agrees_with_the_reference(texts, living, by_line_end):
    alive = np.array(living[: len(texts)], np.bool_)
    ends = np.array(by_line_end[: len(texts)], np.bool_)
    column = pa.array(texts, pa.large_string())
    expected = [
        reference(text, end) if lives else text
        for text, lives, end in zip(texts, alive, ends, strict=True)
    ]
    found, counts = remove_c4_lines(column, alive, ends)
    assert found.to_pylist() == expected
    for before, after, lives, count in zip(texts, expected, alive, counts, strict=True):
        lines = [sum(line != "" for line in text.split("\n")) for text in (before, after)]
        assert count == (lines[0] - lines[1] if lives else 0)
