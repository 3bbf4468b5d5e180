"""A change of mixture in mid-run: what goes on where, so that no row is seen twice.

A phase draws each component in an order that follows from the seed and the name of the phase, and a
phase that ``continues`` another goes on with that one's order from ``first_row`` on, in whatever
shares. So a run that leaves a phase at some row and goes on with other shards sees nothing twice if
they continue that order and begin, in each component both have, where ``TokenShards.cursors`` says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from formats.manifest import ManifestComponent

if TYPE_CHECKING:
    from formats.shards import TokenShards


@dataclass(frozen=True)
class Continuation:
    """What becomes of each component at a change of mixture."""

    goes_on: dict[str, int]
    """Component -> the row of its drawing order it goes on with."""
    skips: dict[str, int]
    """Component -> rows that neither mixture reads, where the later one begins further on."""
    begins: list[str]
    """Components that the earlier phase does not have."""
    ends: list[str]
    """Components that the later phase does not have."""
    others: list[str]
    """Components of the same name that select other documents: their rows cannot be compared, and
    a document may come in both."""


def continuation(
    before: TokenShards, phase: str, row: int, after: TokenShards, next_phase: str
) -> Continuation:
    """What goes on when row ``row`` of a phase would be next and other shards are read instead.

    Args:
        before: the shards that the run has read.
        phase: its phase.
        row: rows of the phase that have been read: the loader's state.
        after: the shards to go on with.
        next_phase: their phase, to be read from its first row.

    Raises:
        ValueError: rows would be seen twice, or the shards do not belong together; a line for each
            reason.
    """
    drawn = before.cursors(phase, row)
    earlier = {component.name: component for component in before.manifest.phase(phase).components}
    later = {component.name: component for component in after.manifest.phase(next_phase).components}
    problems = _settings_that_differ(before, after)
    orders = order_of(before, phase), order_of(after, next_phase)
    if orders[0] != orders[1]:
        problems.append(
            f"phase {phase!r} draws in the order of {orders[0]!r}, phase {next_phase!r} of "
            f"{after.path} in that of {orders[1]!r}: it should continue {orders[0]!r}"
        )
    goes_on, skips, others = {}, {}, []
    for name in earlier.keys() & later.keys():
        first = later[name].first_row
        if not _same_documents(earlier[name], later[name]):
            others.append(name)
        elif first < drawn[name]:
            problems.append(
                f"component {name!r}: rows {first} to {drawn[name] - 1} of its order would be seen "
                f"again: {before.path} has drawn {drawn[name]}, {after.path} begins at {first}"
            )
        else:
            goes_on[name] = first
            if first > drawn[name]:
                skips[name] = first - drawn[name]
    if problems:
        raise ValueError("\n".join(problems))
    return Continuation(
        goes_on=dict(sorted(goes_on.items())),
        skips=dict(sorted(skips.items())),
        begins=sorted(later.keys() - earlier.keys()),
        ends=sorted(earlier.keys() - later.keys()),
        others=sorted(others),
    )


def order_of(shards: TokenShards, phase: str) -> str:
    """The phase whose name orders the rows of another: the first of those it continues."""
    name, found = phase, shards.manifest.phase(phase)
    while found.continues is not None:
        name, found = found.continues, shards.manifest.phase(found.continues)
    return name


def _settings_that_differ(before: TokenShards, after: TokenShards) -> list[str]:
    """Where two folders of shards could not be read by one model in one order."""
    names = ("tokenizer_sha256", "sequence_length", "seed")
    values = [(name, getattr(before.manifest, name), getattr(after.manifest, name))
              for name in names]  # fmt: skip
    return [
        f"{name}: {before.path} has {old}, {after.path} has {new}"
        for name, old, new in values
        if old != new
    ]


def _same_documents(one: ManifestComponent, other: ManifestComponent) -> bool:
    """Whether both select the same documents, as far as their numbers tell."""
    return (one.documents, one.repetitions) == (other.documents, other.repetitions)
