"""Which components a key of the mixture means: a name, a part of names, a wildcard, a group.

    en            the component of that name
    en            else those with that part: web/en, wiki/en
    non_english   all but English, code and math, told by the name
    web/*         those that the wildcard takes (``*`` anything, ``?`` one character)

Where several keys of one mapping take a component, the most particular one has it: a name before a
part, a part before ``non_english``, that before a wildcard, a wildcard with more letters before one
with fewer. So ``{th: 1, "*": 4}`` reads as it looks, in any order.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence

NON_ENGLISH = "non_english"
"""The one group that is no component: see ``is_non_english``."""
ENGLISH = {"en", "eng", "english"}
NO_LANGUAGE = {"code", "math"}


def members_of(key: str, components: Collection[str]) -> list[str]:
    """The components a key means, in the order given."""
    return [name for name in components if _rank(key, name, components) is not None]


def assigned(keys: Collection[str], components: Collection[str]) -> dict[str, list[str]]:
    """The components of each key; none is in two.

    >>> assigned(["web", "*/en", "*"], ["web/en", "wiki/en", "wiki/fr"])
    {'web': ['web/en'], '*/en': ['wiki/en'], '*': ['wiki/fr']}

    Raises:
        ValueError: two keys take a component and neither is more particular.
    """
    found: dict[str, list[str]] = {key: [] for key in keys}
    for name in components:
        ranks = {key: _rank(key, name, components) for key in keys}
        taking = sorted((rank, key) for key, rank in ranks.items() if rank is not None)
        if len(taking) > 1 and taking[0][0] == taking[1][0]:
            raise ValueError(f"{name!r} belongs to {taking[0][1]!r} and to {taking[1][1]!r} alike")
        if taking:
            found[taking[0][1]].append(name)
    return found


def value_of(table: Mapping[str, float], name: str, default: float) -> float:
    """What a mapping from keys says of one component."""
    ranks = ((_rank(key, name, [name]), key) for key in table)
    taking = sorted((rank, key) for rank, key in ranks if rank is not None)
    return table[taking[0][1]] if taking else default


def is_non_english(component: str) -> bool:
    """True unless a part of the name says English, code or math.

    Parts are what stands between signs: ``en``, ``web-en`` and ``code/python`` are not
    ``non_english``; ``fr``, ``zh-Hans``, ``web/de`` and ``parallel`` are.
    """
    parts = set(re.split(r"[^a-z0-9]+", component.lower()))
    return not parts & (ENGLISH | NO_LANGUAGE)


def unknown(names: Sequence[str], there: Collection[str]) -> str:
    """Say which names are not there, the nearest that is, and all there are."""
    hints = []
    for name in names:
        near = difflib.get_close_matches(name, list(there), 1, 0.5)
        hints.append(f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    found = ", ".join(sorted(there))
    return f"no component with documents is called {', '.join(hints)}; there are: {found}"


def _rank(key: str, name: str, components: Collection[str]) -> tuple[int, int] | None:
    """How particularly a key takes a component, the least first; None: not at all."""
    if key == name:
        return 0, 0
    if key in components:  # a name means itself alone
        return None
    if key == NON_ENGLISH:
        return (2, 0) if is_non_english(name) else None
    if "*" in key or "?" in key:
        pattern = re.escape(key).replace(r"\*", ".*").replace(r"\?", ".")
        letters = len(key) - key.count("*")
        return (3, -letters) if re.fullmatch(pattern, name, re.DOTALL) else None
    return (1, 0) if key in name.split("/") else None
