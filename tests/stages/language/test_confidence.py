"""What 0.9 means."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.language.confidence import (
    CASES,
    Evidence,
    believes_second,
    features,
    probabilities,
    weights,
)
from stages.language.langid import LangId

from ..language_texts import rows


def evidence(score=0.9, letters=100, margin=1.0, cost=4.0, second_known=True, first_known=True):
    columns = (score, letters, margin, cost, second_known, first_known)
    types = (np.float32, np.int32, np.float32, np.float32, np.bool_, np.bool_)
    return Evidence(*(np.array([c], t) for c, t in zip(columns, types, strict=True)))


seen = st.tuples(
    st.floats(0, 1, width=32), st.integers(0, 5000),
    st.floats(0, 8, width=32), st.floats(0, 8, width=32), st.booleans(), st.booleans(),
)  # fmt: skip


@given(st.sampled_from(CASES), seen)
def test_probabilities_are_the_logistic_function_of_the_features(case, columns):
    [found] = probabilities(case, evidence(*columns))
    [values] = features(evidence(*columns))
    weighed = sum(w * f for w, f in zip(weights()[case], values, strict=True))
    assert found == pytest.approx(1 / (1 + np.exp(-weighed)), abs=1e-5)
    assert 0 <= found <= 1


@pytest.mark.parametrize("letters", [20, 100, 400])
def test_a_higher_score_and_more_letters_are_surer(letters):
    scores = [probabilities("alone", evidence(s, letters))[0] for s in (0.2, 0.5, 0.8, 0.99)]
    assert scores == sorted(scores)
    assert probabilities("alone", evidence(0.8, letters * 2)) > scores[2]


def test_agreement_is_surer_than_one_model():
    assert probabilities("agree", evidence(0.6)) > probabilities("alone", evidence(0.6))


def test_the_second_model_must_be_surer_and_more_so_of_what_it_cannot_name():
    first, second = np.array([0.3]), np.array([0.5])
    assert believes_second(first, second, evidence())
    assert not believes_second(second, first, evidence())
    assert not believes_second(first, second, evidence(first_known=False))
    assert believes_second(first, second + 0.2, evidence(first_known=False))


def test_nine_of_ten_on_development_sentences_that_nothing_was_fitted_on(development_data):
    labelled = {row["text"]: row["lang"] for row in rows(development_data / "lid_dev.jsonl.zst")}
    unseen = [text for text in labelled if hashlib.md5(text.encode()).digest()[-1] % 2]
    batch = pa.record_batch({"text": pa.array(unseen, pa.large_string())})
    result = LangId(unknown_below=0, foreign_letters=1, script_shortcuts=False).apply(batch)
    scores = result.column("lang_score").to_numpy()
    model_label = {"nb": "no", "zh-Hant": "zh"}
    truth = [model_label.get(labelled[text], labelled[text]) for text in unseen]
    right = np.array(result.column("lang").to_pylist()) == np.array(truth)
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        some = (scores >= low) & (scores < high)
        assert some.sum() > 50
        assert right[some].mean() == pytest.approx(scores[some].mean(), abs=0.1)
    assert np.abs(right.mean() - scores.mean()) < 0.02
