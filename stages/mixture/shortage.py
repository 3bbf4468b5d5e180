"""What a mixture asks for beyond its supply, and what would be feasible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from formats.units import format_count

if TYPE_CHECKING:
    from stages.mixture.options import PhaseOptions
    from stages.mixture.phase_plan import PhasePlan


@dataclass(frozen=True)
class Supply:
    """What there is of a component for a phase."""

    rows: int
    """Rows that one pass over its documents makes."""
    tokens: int
    """Without padding."""
    documents: int = 0
    repetitions: Mapping[int, int] = field(default_factory=dict)
    """Where documents are repeated: times in an epoch -> documents; rows and tokens count them."""


@dataclass(frozen=True)
class Shortage:
    """A component of which a phase wants more than there is."""

    component: str
    rows_wanted: int
    rows_available: int
    """Supply times the largest number of epochs, less what a phase took that this one continues."""
    supply: Supply
    share: float
    largest_share: float
    """Of this component, at the budget asked for."""


@dataclass(frozen=True)
class PhaseShortage:
    """A phase that asks for more than its supply."""

    phase: PhaseOptions
    rows_wanted: int
    largest_rows: int
    """Of the largest phase with this mixture."""
    sequence_length: int
    components: list[Shortage]

    @property
    def largest_budget(self) -> int:
        """Tokens of the largest phase with this mixture."""
        return self.largest_rows * self.sequence_length

    def lines(self) -> list[str]:
        """What is short, component by component, and what would be feasible."""
        length = self.sequence_length
        left = f", of which {self.phase.continues!r} took its part" if self.phase.continues else ""
        lines = [
            f"phase {self.phase.name!r} asks for {format_count(self.rows_wanted * length)} tokens, "
            f"more than its supply in {self.phase.epochs_in_words()}{left}:"
        ]
        for short in self.components:
            wanted = format_count(short.rows_wanted * length)
            available = format_count(short.rows_available * length)
            epochs = short.rows_wanted / max(short.supply.rows, 1)
            lines.append(
                f"  {short.component}: {wanted} tokens wanted ({short.share:.2%} of the phase, "
                f"{epochs:.3g} epochs), {available} available; "
                f"its share can be {short.largest_share:.2%} at most"
            )
        lines.append(
            f"  feasible: tokens of at most {self.largest_budget:,} with this mixture, or smaller "
            "shares of these components, or a larger max_epochs"
        )
        return lines


class Infeasible(ValueError):  # noqa: N818 - the name a user reads: what the mixture is
    """A mixture asks for more than its supply; the message says what would be feasible."""

    def __init__(self, phases: Sequence[PhaseShortage], plans: Sequence[PhasePlan] = ()) -> None:
        self.phases = list(phases)
        self.plans = list(plans)
        """Of all phases, as they were asked for."""
        super().__init__("\n".join(line for phase in phases for line in phase.lines()))
