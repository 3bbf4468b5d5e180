"""How a command ends: 0 done, 1 failed, 2 a mistake of the recipe or the command, 130 stopped."""

from __future__ import annotations

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


class UsageError(ValueError):
    """Options that do not go together."""


def exit_code(error: Exception) -> int:
    """A mistake of the recipe or the command is 2; anything else that went wrong is 1."""
    from formats.listing import NoFiles
    from pipeline.recipe_yaml import RecipeError
    from pipeline.removed import UnknownRemoval
    from pipeline.translations import UnknownPair
    from stages.mixture.plan import Infeasible

    return (
        USAGE
        if isinstance(
            error, RecipeError | NoFiles | Infeasible | UnknownRemoval | UnknownPair | UsageError
        )
        else FAILED
    )


def kind_of(error: Exception) -> str:
    """What to write before an error's message: nothing where that was written for a user."""
    return "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
