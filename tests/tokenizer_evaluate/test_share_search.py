"""The search on languages of known cost: tokens fall with the share by a power, to a floor."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer_evaluate.share_search import ALIKE, Search, Trial, search_shares


@dataclass
class World:
    """Languages beside English, each with its cost at a share of one, its power and its floor."""

    costs: dict[str, tuple[float, float, float]]
    asked: list[dict[str, float]] = field(default_factory=list)

    def measure(self, shares: dict[str, float]) -> Trial:
        self.asked.append(shares)
        tokens = {
            name: max(cost * shares[name] ** -power, floor)
            for name, (cost, power, floor) in self.costs.items()
        }
        premiums = {name: tokens[name] / tokens["en"] for name in tokens if name != "en"}
        counts = {name: round(1e6 * tokens[name]) for name in premiums}
        return Trial(shares, premiums, counts, round(1e6 * sum(tokens.values())))


def search(world: World, shares: dict[str, float], bound: float) -> Search:
    return search_shares(shares, world.measure, bound)


FOUR = {
    "en": (1.0, 0.08, 0.0), "hi": (1.25, 0.1, 0.0), "pl": (1.1, 0.15, 0.0), "zh": (0.8, 0.1, 0.0),
}  # fmt: skip
EVEN = dict.fromkeys(FOUR, 0.25)


def test_the_worst_comes_under_the_bound_in_a_few_trials() -> None:
    world = World(FOUR)
    found = search(world, EVEN, 1.2)
    best = found.trials[found.best]
    assert found.trials[0].worst == ("hi", pytest.approx(1.2852, abs=1e-4))
    assert found.reached and best.worst[1] <= 1.2 and len(found.trials) <= 5
    # Hindi is given more, but not more than needed; cheap Chinese only gives way, like English.
    assert best.shares["hi"] > 0.25 > best.shares["zh"]
    assert best.shares["zh"] == pytest.approx(best.shares["en"])
    assert best.worst[1] > 1.15
    assert [trial.shares for trial in found.trials] == world.asked


def test_nothing_is_changed_where_nothing_is_over_the_bound() -> None:
    found = search(World(FOUR), EVEN, 1.5)
    assert (len(found.trials), found.best, found.reached) == (1, 0, True)
    assert found.trials[0].shares == EVEN


def test_a_language_that_weight_does_not_help_is_named_and_left() -> None:
    world = World(FOUR | {"ro": (1.9, 0.0, 0.0)})
    found = search(world, dict.fromkeys(world.costs, 0.2), 1.25)
    best = found.trials[found.best]
    assert found.saturated == ["ro"] and not found.reached
    assert best.worst[0] == "ro"
    # The others are brought under the bound nevertheless.
    assert max(best.premiums[name] for name in ("hi", "pl", "zh")) <= 1.25
    assert max(found.trials[0].premiums[name] for name in ("hi", "pl", "zh")) > 1.25
    # What it was given in vain is taken back.
    assert max(trial.shares["ro"] for trial in found.trials) > 0.5
    assert found.trials[-1].shares["ro"] < 0.2 and best.shares["ro"] < 0.2
    assert len(found.trials) < 8


def test_a_language_keeps_the_weight_that_helped() -> None:
    world = World(FOUR | {"ro": (2.0, 0.1, 2.0)})  # no fewer tokens above a share of one half
    found = search(world, {"en": 0.3, "hi": 0.3, "pl": 0.2, "zh": 0.19, "ro": 0.01}, 1.3)
    assert found.saturated in ([], ["ro"])
    assert found.trials[found.best].worst[1] < 1.01 * found.trials[0].worst[1]


def test_the_search_ends_when_weight_helps_no_language() -> None:
    world = World({"en": (1.0, 0.1, 0.0), "hi": (1.5, 0.1, 2.5), "th": (1.5, 0.1, 2.4)})
    found = search(world, {"en": 0.8, "hi": 0.1, "th": 0.1}, 1.01)
    assert not found.reached and found.saturated == ["hi", "th"]
    assert len(found.trials) == 3


@given(
    st.dictionaries(
        st.sampled_from(["hi", "pl", "th", "ro", "zh", "ar"]),
        st.tuples(st.floats(0.5, 3), st.floats(0.02, 0.5), st.floats(0, 2)),
        min_size=1,
    ),
    st.dictionaries(st.sampled_from(["hi", "pl", "th"]), st.floats(0.01, 1)),
    st.floats(1.01, 2),
)
def test_the_search_never_makes_the_worst_dearer(
    costs: dict[str, tuple[float, float, float]], weights: dict[str, float], bound: float
) -> None:
    world = World({"en": (1.0, 0.1, 0.1)} | costs)
    raw = {name: weights.get(name, 0.5) for name in world.costs}
    shares = {name: weight / sum(raw.values()) for name, weight in raw.items()}
    found = search(world, shares, bound)
    first, best = found.trials[0], found.trials[found.best]
    assert best.worst[1] <= first.worst[1] * ALIKE**2
    assert found.reached == (best.worst[1] <= bound)
    for trial in found.trials:
        assert sum(trial.shares.values()) == pytest.approx(1)
        # English is not moved: beside it no language's weight is below what it was.
        for name in costs:
            factor = trial.shares[name] / shares[name] / (trial.shares["en"] / shares["en"])
            assert factor >= 1 - 1e-9
    again = search(World(world.costs), shares, bound)
    assert again == found
