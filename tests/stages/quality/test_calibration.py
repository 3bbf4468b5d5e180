"""Calibration: ranks against a reference, cuts that no source pays for, a file people can read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.quality.calibration import (
    GROUPS,
    as_yaml,
    calibration_of,
    load_calibration,
    write_calibration,
)
from stages.quality.calibration_fit import (
    fit_reference,
    min_lang_scores,
    tabulate,
    with_findings,
)

FREQUENT = ["ที่", "และ", "ของ", "ใน", "การ", "เป็น", "ไม่", "มี"]
NAMES = ("words", "markup", "duplicate_lines", "stop_words")


def reference(seed=0, sources=("news", "law", "verse"), languages=("en", "th"), each=80):
    """Invented signals: law has more markup, Thai fewer stop words."""
    random = np.random.default_rng(seed)
    rows, kinds, keys = [], [], []
    for language in languages:
        for source in sources:
            markup = random.beta(2, 60 if source != "law" else 20, each)
            copies = random.beta(1, 40, each)
            stops = random.beta(20, 40 if language == "en" else 200, each)
            rows.append(np.stack([random.integers(20, 900, each), markup, copies, stops]))
            kinds += [source] * each
            keys += [language] * each
    return np.concatenate(rows, axis=1).astype(np.float32), keys, kinds


def fitted(**changes):
    signals, languages, sources = reference(**changes)
    return fit_reference(signals, NAMES, languages, sources)


def documents(*rows):
    return np.array(rows, np.float32).T


def test_what_stands_out_has_a_high_score_and_its_signal_is_named() -> None:
    signals = documents([200, 0.03, 0.01, 0.3], [200, 0.9, 0.01, 0.3], [200, 0.03, 0.8, 0.3])
    scores, strongest = fitted().score(signals, NAMES, ["en"] * 3)
    assert scores[0] < 1 < scores[1:].min()
    assert (scores > fitted().cuts(["en"] * 3)).tolist() == [False, True, True]
    assert [NAMES[number] for number in strongest[1:]] == ["markup", "duplicate_lines"]


def test_a_language_is_compared_with_itself() -> None:
    few_stop_words = documents([200, 0.03, 0.01, 0.08])
    calibration = fitted(each=800)
    as_english, _ = calibration.score(few_stop_words, NAMES, ["en"])
    as_thai, _ = calibration.score(few_stop_words, NAMES, ["th"])
    assert as_thai[0] < as_english[0]


def test_short_documents_and_signals_without_a_value_are_not_judged() -> None:
    signals = documents([19, 0.9, 0.9, 0.0], [200, np.nan, np.nan, np.nan])
    scores, _ = fitted().score(signals, NAMES, ["en", "en"])
    assert np.isnan(scores[0])
    assert scores[1] == 0


def test_an_unknown_language_is_compared_with_all() -> None:
    calibration = fitted()
    assert "sw" not in calibration.languages
    scores, _ = calibration.score(documents([200, 0.9, 0.01, 0.3]), NAMES, ["sw"])
    assert scores[0] > calibration.cuts(["sw"])[0] == np.float32(calibration.cut)


def test_a_language_of_few_kinds_of_text_has_no_ranks_of_its_own() -> None:
    calibration = fitted(sources=("news", "law"))
    assert calibration.languages["en"].tables == {}
    assert calibration.languages["en"].sources == 2
    assert fitted().languages["en"].tables


def test_no_source_loses_more_than_a_twentieth_without_itself_in_the_reference() -> None:
    signals, languages, sources = reference(each=200)
    calibration = fit_reference(signals, NAMES, languages, sources)
    keys, kinds = np.array(languages), np.array(sources)
    for source in set(sources):
        inside = kinds == source
        others = tabulate(signals[:, ~inside], NAMES, keys[~inside], kinds[~inside])
        scores, _ = others.score(signals[:, inside], NAMES, keys[inside].tolist())
        lost = scores > calibration.cuts(keys[inside].tolist())
        for language in ("en", "th"):
            assert lost[keys[inside] == language].mean() <= 0.05


@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40),
    st.lists(st.floats(-1, 2, width=32), min_size=1, max_size=10),
)
def test_a_rank_is_at_least_the_true_share(values, asked) -> None:
    signals = np.array([[50.0] * len(values), values], np.float32)
    few = np.array(["en"] * len(values), object)
    table = tabulate(signals, ("words", "markup"), few, few).tables["markup"]
    held = np.array(values, np.float64)
    for value in asked:
        high, low = (table.rank(np.array([value]), side)[0] for side in ("high", "low"))
        smallest = 0.5 / (len(values) + 1)
        if value <= held.max():
            assert high >= max((held >= value).mean() - 1e-9, smallest)
        else:
            assert 0 < high <= smallest
        if value >= held.min():
            assert low >= max((held <= value).mean() - 1e-9, smallest)
        else:
            assert 0 < low <= smallest


def test_the_file_reads_back_and_scores_the_same(tmp_path) -> None:
    calibration = with_findings(
        fitted(),
        {"th": FREQUENT, "en": ["the", "of"]},
        {"th": 0.71, "en": 0.9},
        {"en": {"c4_sentences": 1}},
    )
    path = str(tmp_path / "thresholds.yaml")
    write_calibration(calibration, path)
    again = load_calibration(path)
    assert again.languages["th"].stop_words == tuple(FREQUENT)
    assert again.languages["en"].stop_words == ()  # two are no list
    assert again.languages["en"].min_lang_score == 0.9
    assert again.languages["en"].thresholds == {"c4_sentences": 1.0}
    assert as_yaml(again) == as_yaml(calibration)
    signals, languages, _ = reference(seed=1)
    before, _ = calibration.score(signals, NAMES, languages)
    after, _ = again.score(signals, NAMES, languages)
    np.testing.assert_allclose(before, after, rtol=2e-3, atol=2e-3)
    assert calibration_of(path) is calibration_of(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (("version: 2", "version: 1"), "no calibration of version 2"),
        (("cut:", "cuts:"), "the key 'cut' is missing"),
        (
            ("quantiles: [", "quantiles: [9, "),
            "quantiles must be 23 rising numbers",
        ),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, damage, message) -> None:
    path = tmp_path / "thresholds.yaml"
    path.write_text(as_yaml(fitted()).replace(*damage), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load_calibration(str(path))


def test_thresholds_of_language_identification() -> None:
    scores = np.array([0.99] * 100 + [0.2, 0.8] * 50 + [0.5] * 10, np.float32)
    found = min_lang_scores(["en"] * 100 + ["th"] * 100 + ["sw"] * 10, scores)
    assert found == {"en": 0.9, "th": pytest.approx(0.3)}


def test_groups_name_a_signal_once_for_each_side() -> None:
    members = [member for group in GROUPS.values() for member in group]
    assert len(members) == len(set(members))


def test_a_reference_without_text_is_refused() -> None:
    with pytest.raises(ValueError, match="no document of 20 words"):
        fit_reference(documents([3, 0, 0, 0]), NAMES, ["en"], ["news"])
