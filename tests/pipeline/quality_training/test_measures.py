"""The measures against plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.quality_training import measures

scored = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60)


@given(scored)
def test_auc_is_the_chance_that_a_good_one_scores_higher(pairs):
    scores = np.array([score for score, _ in pairs]) / 20
    positive = np.array([label for _, label in pairs])
    duels = [
        1.0 if above > below else 0.5 if above == below else 0.0
        for above in scores[positive]
        for below in scores[~positive]
    ]
    found = measures.auc(scores, positive)
    assert found == pytest.approx(np.mean(duels)) if duels else np.isnan(found)


def test_what_a_threshold_keeps():
    scores = np.array([0.05, 0.4, 0.6, 0.95])
    positive = np.array([False, False, True, True])
    rows = {r["threshold"]: r for r in measures.kept_shares(scores, positive, np.ones(4))}
    assert rows[0.5] == {
        "threshold": 0.5, "positives_kept": 1.0, "negatives_kept": 0.0, "precision": 1.0
    }  # fmt: skip
    assert rows[0.25]["precision"] == pytest.approx(2 / 3)
    weighted = measures.kept_shares(scores, positive, np.array([1, 4, 1, 1]))
    assert weighted[2]["precision"] == pytest.approx(1 / 3)


def test_reliability_of_honest_scores():
    chance = np.random.default_rng(5)
    scores = chance.random(20_000)
    rows = measures.reliability(scores, chance.random(20_000) < scores, np.ones(20_000))
    assert len(rows) == 10
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert measures.calibration_error(rows) < 0.02
    boast = measures.reliability(np.sqrt(scores), chance.random(20_000) < scores, np.ones(20_000))
    assert measures.calibration_error(boast) > 0.1


def test_by_name_sets_a_source_against_the_other_label():
    names = np.array(["a", "a", "b", "x"])
    scores = np.array([0.9, 0.8, 0.1, 0.5])
    rows = measures.by_name(names, scores, np.array([True, True, True, False]))
    assert [(r["name"], r["auc"]) for r in rows] == [("a", 1.0), ("b", 0.0), ("x", 2 / 3)]
    assert rows[0]["positives_kept"] == [1.0, 0.5]
    assert rows[0]["negatives_kept"] is None
