"""What may stand under ``weights:`` of a phase, and the one form it is brought into.

    natural                              in proportion to tokens, as they come
    {alpha: 0.3}                         in proportion to tokens ** 0.3
    {temperature: 3.3}                   the same: tokens ** (1 / 3.3)
    unimax                               evenly, none beyond max_epochs of what there is
    {en: 0.6, fr: 0.4}                   shares that sum to one
    {en: 300B, fr: 200B}                 tokens; they are the phase's budget, too
    {"web/*": {share: 0.8, weights: {"*/en": 0.6, "*": {share: 0.4, weights: {alpha: 0.5}}}},
     code: 0.2}                          nested: any of these forms again, within a share
    {axes: {type: {web: 0.8, code: 0.2}, lang: {en: 0.6, zh: 0.4}}}
                                         on two or more axes at once (``raking``)

Keys mean components as ``members`` tells. Several components under a plain number divide it as they
come. **Alpha and temperature**: papers write the exponent as alpha (XLM: Conneau and Lample 2019,
0.5; XLM-R and mT5 0.3) or as 1 / T with a temperature T of 1 or more (Arivazhagan et al. 2019,
T = 5). ``temperature`` above 1 is that T. Up to 1 it is the exponent itself, which no T of the
field is, and which is how the tokenizer's ``language_temperature`` counts.
"""

from __future__ import annotations

from typing import Any

from formats.units import format_count, parse_count

ALPHA = "alpha"
TEMPERATURE = "temperature"
AXES = "axes"
NAMED = {"natural": {ALPHA: 1.0}, "unimax": {ALPHA: 0.0}}
TOLERANCE = 1e-6
"""By how much shares may miss one."""
BUDGET_TOLERANCE = 0.01
"""By how much weights in tokens may miss a budget that is stated besides."""
GROUP_KEYS = ("share", "weights")


def tokens_stated(weights: Any) -> dict[str, int] | None:
    """The tokens of each component, where that is how the weights are stated.

    Texts such as ``"300B"`` are tokens, and so are whole numbers of which one is above 1.
    """
    if not isinstance(weights, dict) or not weights or {ALPHA, TEMPERATURE, AXES} & weights.keys():
        return None
    values = list(weights.values())
    whole = all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in values)
    if not any(isinstance(value, str) for value in values) and not (whole and max(values) > 1):
        return None
    return {str(name): parse_count(value) for name, value in weights.items()}


def budget_of(tokens: dict[str, int], stated: Any) -> int:
    """The phase's budget where weights are tokens: their sum, or what is stated close to it.

    Raises:
        ValueError: what is stated is another number.
    """
    total = sum(tokens.values())
    if stated is None:
        return total
    budget = parse_count(stated)
    if abs(total - budget) > BUDGET_TOLERANCE * budget:
        raise ValueError(
            f"weights: they sum to {format_count(total)} tokens, the phase has "
            f"{format_count(budget)}: leave `tokens` out, or give shares that sum to 1"
        )
    return budget


def valid_weights(given: Any) -> dict[str, Any]:
    """The weights in the form that ``weights.pools_of`` reads.

    ``natural``, ``unimax`` and ``temperature`` become ``alpha``; tokens become shares.

    Raises:
        ValueError: they are none.
    """
    if isinstance(given, str):
        if given not in NAMED:
            raise ValueError(f"{given!r}: give `natural`, `unimax` or a mapping")
        return dict(NAMED[given])
    if not isinstance(given, dict):
        raise ValueError(f"{given!r}: give `natural`, `unimax` or a mapping")
    for alone in (ALPHA, TEMPERATURE, AXES):
        if alone in given and len(given) > 1:
            others = ", ".join(repr(name) for name in given if name != alone)
            raise ValueError(f"give `{alone}` alone, or a share for each of {others}")
    if ALPHA in given or TEMPERATURE in given:
        return {ALPHA: _exponent(given)}
    if AXES in given:
        return {AXES: _axes(given[AXES])}
    tokens = tokens_stated(given)
    if tokens is not None:
        total = sum(tokens.values())
        return {name: count / total for name, count in tokens.items()}
    return _shares(given)


def keys_of(weights: dict[str, Any]) -> list[str]:
    """The keys that mean components and have a share, at all depths.

    Args:
        weights: as ``valid_weights`` leaves them.
    """
    if ALPHA in weights:
        return []
    if AXES in weights:
        return [key for axis in weights[AXES].values() for key, share in axis.items() if share > 0]
    keys = []
    for key, value in weights.items():
        if isinstance(value, dict):
            keys += [key, *keys_of(value["weights"])]
        elif value > 0:
            keys.append(key)
    return keys


def _exponent(given: dict[str, Any]) -> float:
    [(name, value)] = given.items()
    number = _number(value, name)
    if name == TEMPERATURE and number > 1:
        return 1.0 / number
    if not 0 <= number <= 1:
        more = ", or above 1 as a temperature" if name == TEMPERATURE else ""
        raise ValueError(f"{name} is {number:g}: it lies between 0 and 1{more}")
    return number


def _axes(given: Any) -> dict[str, dict[str, float]]:
    """Axes of shares; each is divided by its sum, so that rounded percentages may stand."""
    if not isinstance(given, dict) or not given:
        raise ValueError("axes: give the shares of each, as {type: {web: 0.8, ...}, lang: {...}}")
    axes = {}
    for axis, shares in given.items():
        if not isinstance(shares, dict) or not shares:
            raise ValueError(f"axes: {axis!r} has no shares")
        numbers = {str(v): _number(share, f"{axis}.{v}") for v, share in shares.items()}
        negative = [v for v, share in numbers.items() if not share >= 0]
        if negative:
            raise ValueError(f"the share of {negative[0]!r} is {numbers[negative[0]]:g}")
        total = sum(numbers.values())
        if not 0 < total < float("inf"):
            raise ValueError(f"axes: the shares of {axis!r} sum to {total:g}")
        axes[str(axis)] = {v: share / total for v, share in numbers.items()}
    return axes


def _shares(given: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    total = 0.0
    for key, value in given.items():
        name = str(key)
        share = value
        if isinstance(value, dict):
            wrong = [k for k in value if k not in GROUP_KEYS]
            if wrong or "share" not in value:
                raise ValueError(
                    f"{name!r}: a group is {{share: 0.2, weights: ...}}"
                    + (f", {wrong[0]!r} is no key of it" if wrong else "; its share is missing")
                )
            share = value["share"]
        number = _number(share, name)
        if not number >= 0:
            raise ValueError(f"the share of {name!r} is {number:g}")
        total += number
        if isinstance(value, dict):
            try:
                inner = valid_weights(value.get("weights", "natural"))
            except ValueError as error:
                raise ValueError(f"{name!r}: {error}") from error
            found[name] = {"share": number, "weights": inner}
        else:
            found[name] = number
    if abs(total - 1) > TOLERANCE:
        raise ValueError(f"the weights sum to {total:.9g}, not to 1")
    return found


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"the share of {name!r} is {value!r}, which is no number")
    return float(value)
