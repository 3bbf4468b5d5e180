"""What a language counts: integer weights on its counts, so that any balance is exact.

A weight is the language's wanted share divided by the share it has, times a unit that leaves the
smallest weight three digits. In natural balance every weight is 1 and nothing is scaled.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tokenizer_train.counting.counts_file import Group
from tokenizer_train.settings import TokenizerOptions

LEAST_WEIGHT = 1000
FEWEST_DOCUMENTS = 50
"""A language of fewer documents needs them all to learn from: hardly one of them is held out."""
LARGEST_HELD_OUT = 10
"""Where more than one byte in so many is held out (most of a book, say), it is learned from too."""
OTHERS = "*"


@dataclass(frozen=True)
class Balance:
    """How groups count."""

    weights: np.ndarray
    """int64 [groups]: 0 for those that are not learned from."""
    held_out: np.ndarray
    """bool [groups]: those that measure the result and are not learned from."""
    measured: np.ndarray
    """bool [groups]: the same, and all groups of a language that spares none."""
    learned_bytes: dict[str, int]
    """Language -> text learned from."""
    shares: dict[str, float]
    """Language -> its share of what is learned from, as weighted."""


def balance_groups(
    groups: Sequence[Group], unread_bytes: Mapping[str, int], options: TokenizerOptions
) -> Balance:
    """Weigh the groups of counts.

    Args:
        groups: what was counted.
        unread_bytes: language -> text outside the sample: shares are of all there is.
        options: which balance.

    Raises:
        ValueError: shares are given of a language that there is no text in.
    """
    few = {group.language for group in groups if _has_few(group.language, groups)}
    learns = [not group.held_out or group.language in few for group in groups]
    learned_bytes: dict[str, int] = {}
    for group, learned in zip(groups, learns, strict=True):
        if learned:
            before = learned_bytes.get(group.language, 0)
            learned_bytes[group.language] = before + group.text_bytes
    supply = {name: size + unread_bytes.get(name, 0) for name, size in learned_bytes.items()}
    shares = wanted_shares(supply, options)
    weights = _weights(learned_bytes, shares, options)
    return Balance(
        np.array(
            [weights[g.language] if x else 0 for g, x in zip(groups, learns, strict=True)], np.int64
        ),
        np.array([g.held_out and g.language not in few for g in groups]),
        np.array([g.held_out or g.language in few for g in groups]),
        learned_bytes,
        shares,
    )


def _has_few(language: str, groups: Sequence[Group]) -> bool:
    """Whether a language cannot spare what is held out."""
    mine = [group for group in groups if group.language == language]
    held_out = sum(group.text_bytes for group in mine if group.held_out)
    return sum(
        group.documents for group in mine
    ) < FEWEST_DOCUMENTS or held_out * LARGEST_HELD_OUT > sum(group.text_bytes for group in mine)


def wanted_shares(text_bytes: Mapping[str, int], options: TokenizerOptions) -> dict[str, float]:
    """Each language's share, all together 1.

    Raises:
        ValueError: shares are given of a language that there is no text in.
    """
    if options.language_shares is not None:
        given = options.language_shares
        _check_names(given, text_bytes)
        others = [name for name in text_bytes if name not in given]
        rest = sum(text_bytes[name] for name in others) or 1
        raw = {
            name: given[name] if name in given
            else given.get(OTHERS, 0.0) * text_bytes[name] / rest
            for name in text_bytes
        }  # fmt: skip
    else:
        power = options.language_temperature
        raw = {
            name: float(size) ** (1.0 if power is None else power) if size else 0.0
            for name, size in text_bytes.items()
        }
    total = sum(raw.values()) or 1.0
    return {name: value / total for name, value in raw.items()}


def _weights(
    text_bytes: Mapping[str, int], shares: Mapping[str, float], options: TokenizerOptions
) -> dict[str, int]:
    natural = options.language_shares is None and options.language_temperature in (None, 1.0)
    total = sum(text_bytes.values()) or 1
    ratios = {
        name: shares[name] * total / size
        for name, size in text_bytes.items()
        if size and shares[name] > 0
    }
    if natural or len(ratios) <= 1:
        return {name: int(name in ratios) for name in text_bytes}
    unit = LEAST_WEIGHT / min(ratios.values())
    return {name: round(unit * ratios[name]) if name in ratios else 0 for name in text_bytes}


def _check_names(given: Mapping[str, float], text_bytes: Mapping[str, int]) -> None:
    for name in given:
        if name != OTHERS and name not in text_bytes:
            near = difflib.get_close_matches(name, text_bytes, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"language_shares: there is no text in {name!r}, only in "
                f"{', '.join(sorted(text_bytes))}{hint}"
            )
