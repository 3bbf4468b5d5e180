"""Which shares of languages bring every premium under a bound: a search that tries and measures.

A language over the bound is learned from more, times a factor; no language's factor falls below 1,
so what was not too dear only gives way by what the others take of the whole. How far a factor has
to go is told by how the language's premium followed its share so far: tokens follow a share by a
power near -0.1, and the power differs by language, so it is measured again after each trial (the
secant rule, in logarithms).

A language whose own tokens do not get fewer by a larger share, twice in a row, has what it can
have: it goes back to the smallest share that gave as much, and its aim is what it cost then, so
that it takes from the others only what holds that. (Its premium might still fall with a larger
share, but only because the pivot gets dearer.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MOST_TRIALS = 8
AIM = 0.99
"""Of the bound: what is aimed at, so that a trial that comes near is a trial that is done."""
FIRST_POWER = -0.15
"""Premium by share, before it is measured: a share twice as large makes a language 10 % cheaper."""
STRONGEST_POWER, WEAKEST_POWER = -1.0, -0.04
LARGEST_STEP = 4.0
"""A factor grows by so much in a trial."""
TOLD = 1.2
"""A share that grew by so much tells how the premium follows."""
NO_USE = -0.02
"""Tokens that follow by less than this power do not follow: twice the share, 1.4 %."""
CHANCES = 2
"""Times in a row that a larger share may be of no use: a language of next to none may need both."""
LEAST_GAIN = 0.95
"""What is left over the bound must shrink below this, or the trial has not helped."""
ALIKE = 1.01
"""Premiums that differ by less are alike: of two trials the one that costs other text less is
better, and a saturated language may cost so much more than it could."""
PATIENCE = 2
"""Trials in a row that do not help, after which the search ends."""


@dataclass(frozen=True)
class Trial:
    """What shares gave."""

    shares: dict[str, float]
    """Language -> its share of what is learned from, together 1."""
    premiums: dict[str, float]
    """Language -> tokens by tokens of the pivot for the same content; those that can be moved."""
    tokens: dict[str, int]
    """Language -> tokens of its own side of the parallel text."""
    held_out_tokens: int
    """What all held-out text costs, every language as much of it as there is."""

    @property
    def worst(self) -> tuple[str, float]:
        """The dearest language and its premium."""
        name = max(self.premiums, key=lambda name: (self.premiums[name], name))
        return name, self.premiums[name]

    def excess(self, bound: float) -> tuple[float, float]:
        """How far premiums are above the bound, in logarithms: the worst, and all together."""
        each = [max(math.log(premium / bound), 0.0) for premium in self.premiums.values()]
        return max(each), sum(each)


@dataclass(frozen=True)
class Search:
    """What was tried."""

    bound: float
    trials: list[Trial]
    """The first as things were."""
    best: int
    """The trial to take, see ``_best``."""
    saturated: list[str]
    """Languages that more weight does not make cheaper."""

    @property
    def reached(self) -> bool:
        """Whether every premium came under the bound."""
        return self.trials[self.best].worst[1] <= self.bound


def search_shares(
    shares: Mapping[str, float],
    measure: Callable[[dict[str, float]], Trial],
    bound: float,
    most_trials: int = MOST_TRIALS,
) -> Search:
    """Try shares until every premium is under the bound or nothing helps any more.

    Args:
        shares: as things are.
        measure: what given shares lead to; the same for the same shares.
        bound: of every premium.
        most_trials: the first one included.
    """
    trials = [measure(dict(shares))]
    names = sorted(trials[0].premiums)
    history: list[dict[str, float]] = [dict.fromkeys(names, 1.0)]
    factors, powers = dict.fromkeys(names, 1.0), dict.fromkeys(names, FIRST_POWER)
    aims, useless = dict.fromkeys(names, bound * AIM), dict.fromkeys(names, 0)
    saturated: list[str] = []
    idle = 0
    while len(trials) < most_trials and idle < PATIENCE:
        last = trials[-1]
        if all(last.premiums[name] <= bound for name in names if name not in saturated):
            break
        for name in names:
            too_dear = last.premiums[name] / aims[name]
            factors[name] = _next_factor(factors[name], too_dear, powers[name])
        trials.append(measure(_with_factors(shares, factors)))
        history.append(dict(factors))
        for name in names:
            grown = trials[-1].shares[name] / last.shares[name]
            if grown < TOLD:
                continue
            power = _power(grown, last.premiums[name], trials[-1].premiums[name])
            powers[name] = min(max(power, STRONGEST_POWER), WEAKEST_POWER)
            helped = _power(grown, last.tokens[name], trials[-1].tokens[name]) < NO_USE
            useless[name] = 0 if helped else useless[name] + 1
            if useless[name] == CHANCES and name not in saturated:
                saturated.append(name)
                factors[name], reached = _smallest_of_use(name, trials, history)
                aims[name] = max(bound, reached * ALIKE)
        left = [trial.excess(bound) for trial in trials]
        worst, total = (LEAST_GAIN * min(before) for before in zip(*left[:-1], strict=True))
        idle = 0 if left[-1][0] < worst or left[-1][1] < total else idle + 1
    limits = {name: aims[name] if name in saturated else bound for name in names}
    return Search(bound, trials, _best(trials, limits), sorted(saturated))


def _best(trials: Sequence[Trial], limits: Mapping[str, float]) -> int:
    """The trial to take: one within the limits, else nearest to them; of those alike the cheapest.

    Args:
        trials: all of them.
        limits: language -> the bound, or what a saturated language could be brought to.
    """
    over = [max(trial.premiums[n] / limits[n] for n in limits) for trial in trials]
    most = min(over) * ALIKE if min(over) > 1 else 1.0
    alike = [number for number, value in enumerate(over) if value <= most]
    return min(alike, key=lambda number: trials[number].held_out_tokens)


def _smallest_of_use(
    name: str, trials: Sequence[Trial], history: Sequence[Mapping[str, float]]
) -> tuple[float, float]:
    """The smallest factor that gave a language about as few tokens as any, and its premium then."""
    most = ALIKE * min(trial.tokens[name] for trial in trials)
    return min(
        (factors[name], trial.premiums[name])
        for factors, trial in zip(history, trials, strict=True)
        if trial.tokens[name] <= most
    )


def _next_factor(factor: float, too_dear: float, power: float) -> float:
    """The factor that should bring a premium, ``too_dear`` times what is aimed at, down to it."""
    step = min(max(too_dear ** (-1 / power), 1 / LARGEST_STEP), LARGEST_STEP)
    return max(factor * step, 1.0)


def _with_factors(shares: Mapping[str, float], factors: Mapping[str, float]) -> dict[str, float]:
    raised = {name: share * factors.get(name, 1.0) for name, share in shares.items()}
    total = sum(raised.values())
    return {name: share / total for name, share in raised.items()}


def _power(grown: float, before: float, after: float) -> float:
    """By which power something followed a share that grew."""
    return math.log(after / before) / math.log(grown)
