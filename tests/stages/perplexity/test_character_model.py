"""The hashed table gives the bits that the plain model gives."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.buffers import text_buffers
from stages.perplexity import character_kernels as kernels
from stages.perplexity.character_model import CharacterModelError, learn, load, save
from stages.perplexity.symbols import symbol_table

from ..language_texts import any_text
from .reference import Reference, symbols

TEXTS = [
    "The river rises. The river falls; the rivers rise again in 1987 and 2004.",
    "Der Fluss steigt, der Fluss fällt.\n\nDie Flüsse steigen im Jahr 1987.",
    "河流上涨，河流下降。河流又上涨了。", "แม่น้ำขึ้น แม่น้ำลง แม่น้ำขึ้นอีก", "ÀÉ \t x\u200dy  ΑΒΓ",
]  # fmt: skip


def column(texts):
    return pa.array(texts, pa.large_string())


def measured(model, texts, windows=0, size=0):
    bits, characters = np.full(len(texts), -1, np.float32), np.full(len(texts), -1, np.int64)
    kernels.bits_per_character(
        *text_buffers(column(texts)), np.ones(len(texts), np.bool_), windows, size,
        *symbol_table(), model.table, model.order, model.unseen, bits, characters,
    )  # fmt: skip
    return bits, characters


@pytest.mark.parametrize("order", [2, 3, 5, 8])
def test_known_and_unknown_texts_cost_what_the_formula_says(order):
    model, reference = learn(column(TEXTS), order), Reference(TEXTS, order)
    texts = [*TEXTS, "The lake rises.", "湖 x 河流", "", "  ", "Ж", "rrrr rrrr"]
    bits, characters = measured(model, texts)
    for text, mine, count in zip(texts, bits, characters, strict=True):
        expected, read = reference.bits(text)
        assert count == read
        # Each n-gram's cost is rounded to 1/1024 bit, and so is each step back.
        assert mine == pytest.approx(expected, abs=order / 1024, nan_ok=True), repr(text)


@given(st.lists(any_text, min_size=1, max_size=4), st.lists(any_text, max_size=3))
def test_any_texts_cost_what_the_formula_says(reference_texts, texts):
    if not any(symbols(text) for text in reference_texts):
        with pytest.raises(ValueError, match="no character"):
            learn(column(reference_texts), 3)
        return
    model, reference = learn(column(reference_texts), 3), Reference(reference_texts, 3)
    bits, characters = measured(model, [*reference_texts, *texts])
    for text, mine, count in zip([*reference_texts, *texts], bits, characters, strict=True):
        expected, read = reference.bits(text)
        assert count == read
        assert mine == pytest.approx(expected, abs=3 / 1024, nan_ok=True), repr(text)


def test_probabilities_of_all_symbols_sum_to_one():
    reference = Reference(TEXTS, 3)
    alphabet = {symbol for text in TEXTS for symbol in symbols(text)}
    for history in ([" ", "t"], ["h", "e"], ["x", "q"], []):
        seen = sum(reference.probability(history, symbol) for symbol in alphabet)
        unseen = reference.probability(history, "unseen") * (2**18 - len(alphabet))
        assert seen + unseen == pytest.approx(1)


def test_a_language_is_less_surprising_than_another():
    english = learn(column([TEXTS[0]] * 3), 4)
    own, other, noise = measured(english, ["The rivers fall again.", TEXTS[2], "xq#9$%zk"])[0]
    assert own < 5 < noise < other


def test_a_long_text_is_measured_in_windows():
    model = learn(column(TEXTS), 4)
    text = (TEXTS[0] + " ") * 40 + "#" * 3000
    whole, read = measured(model, [text])
    some, less = measured(model, [text], 8, 100)
    assert read == 3000 + 40 * 74
    assert 8 * 100 - 8 <= less <= 8 * 100
    assert some == pytest.approx(whole, rel=0.15)
    assert measured(model, [text], 8, 10_000)[0] == whole


def test_rows_that_are_not_wanted_stay_as_they_are():
    model = learn(column(TEXTS), 3)
    bits, characters = np.full(2, -1, np.float32), np.full(2, -1, np.int64)
    kernels.bits_per_character(
        *text_buffers(column(["one", "two"])), np.array([False, True]), 0, 0,
        *symbol_table(), model.table, model.order, model.unseen, bits, characters,
    )  # fmt: skip
    assert (bits[0], characters[0]) == (-1, -1)
    assert characters[1] == 3


# The file.


def test_a_model_is_read_back_as_it_was_written(tmp_path):
    model = learn(column(TEXTS), 5)
    paths = [str(tmp_path / name) for name in ("one.npz", "two.npz")]
    for path in paths:
        save(model, path)
    again = load(paths[0])
    assert (again.table == model.table).all()
    assert (again.order, again.unseen, again.characters) == (5, model.unseen, model.characters)
    digests = {hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths}
    assert len(digests) == 1
    assert (learn(column(TEXTS), 5).table == model.table).all()


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 broken"])
def test_what_is_no_model_is_refused(content, tmp_path):
    path = tmp_path / "en.npz"
    path.write_bytes(content)
    with pytest.raises(CharacterModelError, match=r"en\.npz: no model of characters"):
        load(str(path))


def test_arrays_that_do_not_fit_are_refused(tmp_path):
    save(learn(column(TEXTS), 2), str(tmp_path / "good.npz"))
    with np.load(tmp_path / "good.npz") as arrays:
        parts = dict(arrays)
    np.savez(tmp_path / "small.npz", **(parts | {"slots": np.array([64])}))
    with pytest.raises(CharacterModelError, match="in a table of 64"):
        load(str(tmp_path / "small.npz"))
    np.savez(tmp_path / "objects.npz", **(parts | {"facts": np.array([{}], object)}))
    with pytest.raises(CharacterModelError, match="allow_pickle"):
        load(str(tmp_path / "objects.npz"))
