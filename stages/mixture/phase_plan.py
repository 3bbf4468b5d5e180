"""What a phase will be made of: rows, components, shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stages.mixture.interleave import Share, average_share


@dataclass(frozen=True)
class PhasePlan:
    """What a phase will be made of."""

    name: str
    rows: int
    components: list[str]
    """Sorted by name; none with a share of zero throughout."""
    shares: list[Share]
    """Of each component; together they sum to one everywhere."""
    notes: list[str] = field(default_factory=list)
    """What was changed to fit the supply, a line each."""
    held: Mapping[str, str] = field(default_factory=dict)
    """Components at a bound -> which, in words."""

    @property
    def average_shares(self) -> list[float]:
        """Of each component, over the whole phase."""
        return [average_share(share) for share in self.shares]
