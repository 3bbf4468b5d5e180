import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.documents import document_ids
from tokenizer_train.balance import wanted_shares
from tokenizer_train.sample import (
    BINS,
    Supply,
    added,
    bins_of,
    choose,
    document_hashes,
    languages_of,
    measure_batch,
    plan_sample,
    share_out,
)
from tokenizer_train.settings import TokenizerOptions


def batch_of(texts_by_language: dict[str | None, list[str]]) -> pa.RecordBatch:
    rows = [(lang, text) for lang, texts in texts_by_language.items() for text in texts]
    return pa.record_batch(
        {
            "id": document_ids(7, np.arange(len(rows))),
            "text": pa.array([text for _, text in rows], pa.large_string()),
            "lang": pa.array([lang for lang, _ in rows], pa.string()),
        }
    )


def supplies_of(*batches: pa.RecordBatch, seed: int = 0) -> dict[str, Supply]:
    supplies: dict[str, Supply] = {}
    for batch in batches:
        measure_batch(batch, seed, supplies)
    return supplies


def planned(
    supplies: dict[str, Supply], sample_bytes: int, temperature: float | None
) -> dict[str, int]:
    options = TokenizerOptions(language_temperature=temperature)
    sizes = {name: supply.text_bytes for name, supply in supplies.items()}
    return plan_sample(supplies, wanted_shares(sizes, options), sample_bytes)


BIG = batch_of({"en": ["x" * 100] * 4000, "th": ["y" * 100] * 400, "ja": ["z" * 100] * 40})


def test_shares_follow_the_weights_and_overflow_goes_to_the_others() -> None:
    weights, supply = np.array([4.0, 1.0, 1.0]), np.array([1000.0, 1000.0, 10.0])
    np.testing.assert_allclose(share_out(weights, supply, 60.0), [40, 10, 10])
    np.testing.assert_allclose(share_out(weights, supply, 600.0), [472, 118, 10])
    np.testing.assert_allclose(share_out(weights, supply, 5000.0), supply)


@given(
    st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 1000)), min_size=1, max_size=8),
    st.floats(0, 10_000),
)
def test_shares_add_up_and_stay_within_the_supply(
    languages: list[tuple[float, float]], total: float
) -> None:
    weights, supply = (np.array(column) for column in zip(*languages, strict=True))
    shares = share_out(weights, supply, total)
    assert (shares <= supply + 1e-9).all()
    np.testing.assert_allclose(shares.sum(), min(total, supply.sum()), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (None, {"en": 0.900, "th": 0.090, "ja": 0.009}),
        (0.0, {"en": 0.333, "th": 0.333, "ja": 0.333}),
        (0.5, {"en": 0.706, "th": 0.223, "ja": 0.071}),
    ],
)
def test_a_sample_has_the_languages_in_proportion(
    temperature: float | None, expected: dict[str, float]
) -> None:
    plan = planned(supplies_of(BIG), 9_000, temperature)
    learned, _, languages = choose(BIG, 0, plan)
    names = np.array(languages.to_pylist())
    for name, share in expected.items():  # the cut falls between whole documents
        assert abs(learned[names == name].sum() * 100 - 9_000 * share) <= 250


def test_the_choice_does_not_depend_on_batches_or_their_order() -> None:
    parts = [BIG.slice(start, 500) for start in range(0, BIG.num_rows, 500)]
    whole = planned(supplies_of(BIG), 50_000, 0.3)
    assert planned(supplies_of(*reversed(parts)), 50_000, 0.3) == whole
    items = [
        {name: supply.as_item() for name, supply in supplies_of(part).items()} for part in parts
    ]
    assert planned(added(items), 50_000, 0.3) == whole
    learned = np.concatenate([choose(part, 0, whole)[0] for part in parts])
    np.testing.assert_array_equal(learned, choose(BIG, 0, whole)[0])


def test_another_seed_is_another_sample() -> None:
    plans = [planned(supplies_of(BIG, seed=seed), 50_000, 0.3) for seed in (0, 1)]
    first, second = (choose(BIG, seed, plan)[0] for seed, plan in enumerate(plans))
    assert (first != second).any()


@pytest.mark.parametrize("plan", [None, {"en": BINS, "th": BINS, "ja": BINS}])
def test_held_out_text_is_never_learned_from(plan: dict[str, int] | None) -> None:
    learned, held_out, languages = choose(BIG, 0, plan)
    assert not (learned & held_out).any()
    assert (learned | held_out).all()
    names = np.array(languages.to_pylist())
    assert 0.015 < held_out[names == "en"].mean() < 0.025


def test_however_small_the_sample_no_language_is_left_out() -> None:
    plan = planned(supplies_of(BIG), 1, None)
    learned, _, languages = choose(BIG, 0, plan)
    assert set(languages.filter(pa.array(learned)).to_pylist()) == {"en", "th", "ja"}


def test_the_language_found_goes_before_the_language_declared() -> None:
    batch = pa.record_batch(
        {
            "lang": pa.array(["th", None, None]),
            "declared_lang": pa.array(["en", "fr", None]),
        }
    )
    assert languages_of(batch).to_pylist() == ["th", "fr", "und"]
    assert languages_of(pa.record_batch({"id": ["a", "b"]})).to_pylist() == ["und", "und"]


@settings(max_examples=200)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=20))
def test_bins_rise_with_the_hash_and_are_narrow(hashes: list[int]) -> None:
    ordered = np.array(sorted(hashes), np.uint64)
    bins = bins_of(ordered)
    assert (np.diff(bins) >= 0).all()
    assert bins.min() >= 0 and bins.max() < BINS
    same = np.flatnonzero(np.diff(bins) == 0)
    floats = np.maximum(ordered.astype(float), 1)  # 0 counts as 1
    low, high = floats[same], floats[same + 1]
    assert (high - low <= low / 60).all()


def test_hashes_are_spread_evenly() -> None:
    hashes = document_hashes(document_ids(3, np.arange(100_000)), seed=5)
    counts = np.bincount((hashes >> np.uint64(60)).astype(np.int64), minlength=16)
    assert abs(counts - 6250).max() < 5 * 79  # five standard deviations
