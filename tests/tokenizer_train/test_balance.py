"""What languages count: exact integer weights for any shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer_train.balance import balance_groups
from tokenizer_train.counting.counts_file import Group
from tokenizer_train.settings import TokenizerOptions


def groups_of(sizes: dict[str, int], documents: int = 1000) -> list[Group]:
    return [
        Group(
            language=name, held_out=held_out, documents=documents,
            text_bytes=size // 50 if held_out else size,
        )
        for name, size in sorted(sizes.items()) for held_out in (False, True)
    ]  # fmt: skip


def weighted_shares(options: TokenizerOptions, sizes: dict[str, int]) -> dict[str, float]:
    groups = groups_of(sizes)
    weights = balance_groups(groups, {}, options).weights
    weighted = {
        g.language: int(w) * g.text_bytes for g, w in zip(groups, weights, strict=True) if w
    }
    return {name: value / sum(weighted.values()) for name, value in weighted.items()}


def test_natural_balance_scales_nothing() -> None:
    balance = balance_groups(
        groups_of({"en": 900, "th": 100}), {}, TokenizerOptions(language_temperature=None)
    )
    assert balance.weights.tolist() == [1, 0, 1, 0]  # held-out groups count nothing
    assert balance.held_out.tolist() == balance.measured.tolist() == [False, True, False, True]
    assert balance.learned_bytes == {"en": 900, "th": 100}


@given(
    st.dictionaries(
        st.sampled_from(["en", "th", "ja", "sw"]), st.integers(1000, 10**12), min_size=2
    ),
    st.floats(0, 1),
)
def test_weights_give_the_shares_to_a_thousandth(sizes: dict[str, int], power: float) -> None:
    raw = {name: size**power for name, size in sizes.items()}
    got = weighted_shares(TokenizerOptions(language_temperature=power), sizes)
    for name in sizes:
        assert got[name] == pytest.approx(raw[name] / sum(raw.values()), rel=2e-3)


def test_shares_that_are_given() -> None:
    sizes = {"en": 8000, "fr": 6000, "de": 2000, "th": 1000}
    got = weighted_shares(TokenizerOptions(language_shares={"en": 2, "th": 1, "*": 1}), sizes)
    assert got == pytest.approx({"en": 0.5, "th": 0.25, "fr": 0.1875, "de": 0.0625}, rel=2e-3)
    alone = weighted_shares(TokenizerOptions(language_shares={"en": 1, "th": 1}), sizes)
    assert set(alone) == {"en", "th"}
    with pytest.raises(ValueError, match=r"no text in 'the', only in .*; did you mean 'th'"):
        weighted_shares(TokenizerOptions(language_shares={"the": 1}), sizes)


def test_text_outside_the_sample_counts_for_the_shares() -> None:
    groups = groups_of({"en": 1000, "th": 1000})
    options = TokenizerOptions(language_temperature=1.0)
    assert balance_groups(groups, {"en": 8000}, options).shares["en"] == pytest.approx(0.9)


def test_a_language_of_few_documents_is_learned_from_whole() -> None:
    groups = groups_of({"en": 1000}) + groups_of({"lo": 1000}, documents=9)
    balance = balance_groups(groups, {}, TokenizerOptions())
    assert (balance.weights > 0).tolist() == [True, False, True, True]
    assert np.flatnonzero(balance.held_out).tolist() == [1]
    assert np.flatnonzero(balance.measured).tolist() == [1, 2, 3]
    assert balance.learned_bytes["lo"] == 1020
