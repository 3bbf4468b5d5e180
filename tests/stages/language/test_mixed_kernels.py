"""Segments of documents, and the most probable sequence of languages."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.buffers import text_buffers
from formats.compile import array_types, kernel
from stages.language import mixed_kernels as kernels
from stages.language.fasttext_model import load_model, model_path
from stages.language.identify import identify, read

from ..language_texts import LETTERS

t = array_types()
I64, F32 = t["i64"].dtype, t["f32"].dtype

ENGLISH = (
    "All human beings are born free and equal in dignity and rights, and are endowed with reason."
)
GERMAN = "Alle Menschen sind frei und gleich an Würde und Rechten geboren und mit Vernunft begabt."
RUSSIAN = "Все люди рождаются свободными и равными в своем достоинстве и правах."


@kernel((t["f32"], I64, I64, F32, t["w_f32"], t["w_i64"], t["w_i64"]))
def sequence(logs, count, picked, cost, score, back, path):
    kernels.best_sequence(logs, count, picked, cost, score, back, path)


@settings(max_examples=60)
@given(st.integers(1, 5), st.integers(1, 3), st.floats(0, 5, width=32), st.data())
def test_the_sequence_is_the_best_of_all(count, picked, cost, data):
    cells = st.floats(-10, 0, width=32)
    logs = np.zeros((count, kernels.CANDIDATES), np.float32)
    for place in itertools.product(range(count), range(picked)):
        logs[place] = data.draw(cells)
    path, back = np.zeros(count, np.int64), np.zeros(count * kernels.CANDIDATES, np.int64)
    score = np.zeros(2 * kernels.CANDIDATES, np.float32)
    sequence(logs.ravel(), count, picked, np.float32(cost), score, back, path)

    def total(candidates):
        changes = sum(a != b for a, b in itertools.pairwise(candidates))
        return sum(logs[i, c] for i, c in enumerate(candidates)) - cost * changes

    best = max(map(total, itertools.product(range(picked), repeat=count)))
    assert total(path.tolist()) == pytest.approx(best, abs=1e-4)


def segments_of(text, cutting=True):
    data = np.frombuffer(text.encode(), np.uint8)
    parts, letters = np.zeros(2 * len(data) + 2, np.int64), np.zeros(len(data) + 1, np.int64)
    first = np.zeros(2, np.int64)
    windows, of = np.array([0, len(data)]), np.array([0, 1])
    kernels.split_lines(data, windows, of, cutting, parts, first, letters)
    count = first[1]
    bounds = parts[: 2 * count].reshape(-1, 2)
    return [bytes(data[a:b]).decode() for a, b in bounds], letters[:count].tolist()


def letters_in(text):
    return sum((c.isascii() and c.isalpha()) or ord(c) > 127 for c in text)


texts = st.lists(
    st.sampled_from([*LETTERS, "word ", "\n"]).flatmap(lambda s: st.text(s, max_size=40)),
    max_size=20,
).map("".join)


@given(texts)
def test_segments_follow_each_other_and_have_letters_enough(text):
    segments, letters = segments_of(text)
    assert "".join(segments) == text
    assert letters == [letters_in(segment) for segment in segments]
    if len(segments) > 1:
        assert min(letters) >= kernels.LEAST_LETTERS
    assert segments_of(text, cutting=False) == ([text], [letters_in(text)])


def test_lines_are_segments_short_ones_together_long_ones_cut():
    lines = f"{ENGLISH}\nshort\n{GERMAN}\n{'word ' * 60}"
    segments, letters = segments_of(lines)
    assert segments[0] == f"{ENGLISH}\n"
    assert segments[1] == f"short\n{GERMAN}\n"
    assert [len(segment) for segment in segments[2:]] == [190, 110]
    assert letters[2:] == [152, 88]


def mixed(*texts, **settings_of_read):
    model = load_model(model_path("lid.176"))
    data, offsets = text_buffers(pa.array(texts, pa.large_string()))
    reading = read(data, offsets, np.ones(len(texts), np.bool_), 5, 200)
    answers = identify(reading, model, script_shortcuts=True, find_mixed=True)
    return [
        {model.labels[n]: round(float(s), 2) for n, s in zip(*row, strict=True) if n >= 0}
        for row in zip(answers.mixed, answers.shares, strict=True)
    ]


def test_a_document_in_two_languages_has_both_with_their_shares():
    [found] = mixed("\n".join([ENGLISH] * 3 + [GERMAN]))
    assert found == {"en": pytest.approx(0.75, abs=0.03), "de": pytest.approx(0.25, abs=0.03)}


def test_by_turns_and_three_languages():
    [found] = mixed("\n".join([ENGLISH, GERMAN, RUSSIAN] * 2))
    assert set(found) == {"en", "de", "ru"}


@pytest.mark.parametrize(
    "text",
    [
        "\n".join([ENGLISH] * 8),
        ENGLISH,
        "",
        f"{ENGLISH}\n{ENGLISH}\nsudo apt install zsh\n{ENGLISH}\n{ENGLISH}",
        f"{GERMAN}\n{GERMAN}\nHe said: yes\n{GERMAN} {GERMAN}",
    ],
)
def test_one_language_with_a_command_or_a_quotation_is_one(text):
    assert mixed(text) == [{}]


def test_a_long_document_is_judged_by_its_windows():
    [found] = mixed(f"{ENGLISH}\n" * 60 + f"{GERMAN}\n" * 60)
    assert found == {"en": pytest.approx(0.5, abs=0.15), "de": pytest.approx(0.5, abs=0.15)}
