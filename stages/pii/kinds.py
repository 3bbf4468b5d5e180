"""What the stage ``pii`` looks for: the kinds, and the groups in which they are counted."""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

Group = Literal["email", "phone", "ip", "credit_card", "iban", "national_id"]
GROUPS: tuple[Group, ...] = get_args(Group)

PLACEHOLDERS: dict[Group, str] = {
    "email": "<EMAIL>",
    "phone": "<PHONE>",
    "ip": "<IP_ADDRESS>",
    "credit_card": "<CREDIT_CARD>",
    "iban": "<IBAN>",
    "national_id": "<NATIONAL_ID>",
}
"""Capitals in angle brackets, as StarCoder's data and Presidio write them: no invented address for
a model to learn by heart, nothing that the stage would find again, one string to make a special
token of."""


@cache
def groups_of_kinds() -> tuple[int, ...]:
    """Kind (position in ``shapes_kernels.KINDS``) -> position in ``GROUPS``."""
    from stages.pii.shapes_kernels import KINDS

    return tuple(min(number, len(GROUPS) - 1) for number in range(len(KINDS)))


def kind_numbers(names: list[str]) -> list[int]:
    """The kinds that groups and kinds stand for, in order: ``["iban"]`` -> ``[4]``.

    Raises:
        ValueError: a name is neither.
    """
    from difflib import get_close_matches

    from stages.pii.shapes_kernels import KINDS, NATIONAL

    chosen: set[int] = set()
    for name in names:
        if name in KINDS:
            chosen.add(KINDS.index(name))
        elif name in GROUPS:
            group = GROUPS.index(name)
            chosen.update(k for k, of in enumerate(groups_of_kinds()) if of == group)
        else:
            known = [*GROUPS, *NATIONAL]
            nearest = get_close_matches(name, known, 1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else f"; known: {', '.join(known)}"
            raise ValueError(f"kinds: there is no kind {name!r}{hint}")
    return sorted(chosen)
