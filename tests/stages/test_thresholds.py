"""Thresholds by language."""

import numpy as np

from stages.thresholds import limits_of, reasons_of, unserved


def test_a_language_s_own_limit_or_the_default():
    found = limits_of({"zh-Hant": 2, "default": 1, "EN": 3}, ["zh", "en", "fr"])
    assert found.tolist() == [2, 3, 1]
    assert np.isnan(limits_of({"zh": 2}, ["en"])).all()


def test_limits_of_languages_without_a_model():
    assert unserved({"en": 1, "default": 2, "fr_CA": 3}, {"en": ""}) == ["fr"]
    assert unserved({"fr": 1}, {"default": ""}) == []


def test_reasons_stand_where_something_is_wrong():
    values, limits = np.array([0.123456, 2, 3], np.float32), np.array([0.5, 1, 1], np.float32)
    reasons = reasons_of("score", np.array([True, False, True]), values, limits)
    assert reasons.to_pylist() == ["score: 0.1235 vs 0.5", None, "score: 3 vs 1"]
