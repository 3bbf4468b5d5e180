"""Our score of a label is fastText's own, for every kind of supervised model."""

import random

import fasttext
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.language.fasttext_arrays_kernels import forward_scratch
from stages.quality_model.model_folder import load_labelled
from stages.quality_model.quality_model import score_prepared

from ..language_texts import LETTERS, any_text

FORMS = {
    "words": {"loss": "softmax", "minn": 0, "maxn": 0, "dim": 8},
    "pairs of words": {"loss": "softmax", "minn": 0, "maxn": 0, "wordNgrams": 2, "dim": 16},
    "five words": {"loss": "softmax", "minn": 0, "maxn": 0, "wordNgrams": 5, "dim": 20},
    "words and characters": {"loss": "softmax", "minn": 2, "maxn": 4, "wordNgrams": 3, "dim": 10},
    "tree": {"loss": "hs", "minn": 0, "maxn": 0, "wordNgrams": 2, "dim": 16},
}
LABELS = 5


@pytest.fixture(scope="module", params=FORMS)
def classifier(request, tmp_path_factory):
    """(fastText's model, path) of a small classifier, dense or pruned and quantised."""
    folder = tmp_path_factory.mktemp("model")
    chance = random.Random(3)
    lines = []
    for _ in range(400):
        number = chance.randrange(LABELS)
        letters = LETTERS[number].replace(" ", "")
        words = ["".join(chance.choices(letters, k=chance.randint(1, 3))) for _ in range(9)]
        lines.append(f"__label__l{number} {' '.join(words)}\n")
    corpus = folder / "train.txt"
    corpus.write_text("".join(lines))
    options = {"bucket": 3000, "epoch": 4, "minCount": 1, "thread": 1, "verbose": 0}
    model = fasttext.train_supervised(str(corpus), **options, **FORMS[request.param])
    model.save_model(str(folder / "dense.bin"))
    model.quantize(input=str(corpus), qnorm=True, cutoff=400, verbose=0)
    model.save_model(str(folder / "pruned.ftz"))
    return folder


def our_scores(path, label, texts):
    loaded = load_labelled(str(path), label)
    scores = np.zeros(len(texts), np.float32)
    everything = np.ones(len(texts), np.bool_)
    scratch = forward_scratch(loaded[0].arrays)
    score_prepared(loaded, pa.array(texts, pa.large_string()), everything, scores, scratch)
    return scores


def fasttext_scores(model, label, texts):
    """The probability that ``predict`` gives the label among all, at most 1."""
    found = []
    for text in texts:
        line = text.replace("\n", " ") + "\n"
        answers = model.f.predict(line, LABELS, -1.0, "strict")
        found.append(min(1.0, {name: p for p, name in answers}[f"__label__{label}"]))
    return found


@pytest.mark.parametrize("file", ["dense.bin", "pruned.ftz"])
def test_every_label_s_probability_is_fasttext_s(classifier, file):
    chance = random.Random(8)
    texts = [
        " ".join(
            "".join(chance.choices(chance.choice(LETTERS), k=chance.randint(1, 20)))
            for _ in range(chance.randint(1, 60))
        )
        for _ in range(80)
    ]
    texts = [text for text in texts if text.split()]
    reference = fasttext.load_model(str(classifier / file))
    for number in range(LABELS):
        ours = our_scores(classifier / file, f"l{number}", texts)
        assert ours == pytest.approx(fasttext_scores(reference, f"l{number}", texts), abs=2e-5)


@given(texts=st.lists(any_text, min_size=1, max_size=4))
def test_any_text_has_fasttext_s_probability(classifier, texts):
    reference = fasttext.load_model(str(classifier / "dense.bin"))
    ours = our_scores(classifier / "dense.bin", "l2", texts)
    expected = fasttext_scores(reference, "l2", texts)
    for text, mine, other in zip(texts, ours, expected, strict=True):
        if not np.isnan(mine):  # a text without a word: null, where fastText guesses
            assert mine == pytest.approx(other, abs=2e-5), repr(text)


def test_a_text_without_words_has_no_score(classifier):
    assert np.isnan(our_scores(classifier / "dense.bin", "l1", ["", " \n ", "</s>"])).all()


def test_only_wanted_rows_are_scored(classifier):
    loaded = load_labelled(str(classifier / "dense.bin"), "l1")
    texts = pa.array(["ab cd", "ab cd"], pa.large_string())
    scores = np.full(2, -1, np.float32)
    wanted = np.array([False, True])
    score_prepared(loaded, texts, wanted, scores, forward_scratch(loaded[0].arrays))
    assert scores[0] == -1
    assert 0 <= scores[1] <= 1
