"""Scaling a recipe down to what there is: a vocabulary and a row length that the text supports.

A recipe for two trillion tokens run on a sample of half a megabyte would ask for a vocabulary of
more entries than the text has words. Token budgets are scaled by the mixture's own plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.sample import SAMPLE_CORPUS

if TYPE_CHECKING:
    from pipeline.recipe import Recipe

TEXT_BYTES_PER_ENTRY = 128
"""Text per vocabulary entry: a merge is then seen some ten times or more in the sample corpus."""
TEXT_BYTES_PER_TOKEN = 3
ROWS_WANTED = 1024
SMALLEST_VOCABULARY = 1024
SHORTEST_SEQUENCE = 128


def fits_to_supply(recipe: Recipe) -> bool:
    """True where budgets are scaled down to what there is."""
    wish = recipe.run.fit_to_supply
    return wish == "always" or (wish == "auto" and uses_sample(recipe))


def uses_sample(recipe: Recipe) -> bool:
    """True where the packaged sample corpus is read."""
    root = str(SAMPLE_CORPUS)
    return any(path.startswith(root) for source in recipe.sources for path in source.paths)


def fit_to_supply(recipe: Recipe, text_bytes: int) -> tuple[Recipe, str]:
    """The recipe with vocabulary and sequence length fitted, and a line that says so.

    Args:
        recipe: as written.
        text_bytes: of the documents kept.
    """
    notes = []
    tokenizer, mixture = recipe.tokenizer, recipe.mixture
    if tokenizer is not None and tokenizer.train is not None:
        largest = max(_power_of_two(text_bytes // TEXT_BYTES_PER_ENTRY), SMALLEST_VOCABULARY)
        if largest < tokenizer.train.vocab:
            notes.append(f"vocabulary {tokenizer.train.vocab:,} -> {largest:,}")
            train = tokenizer.train.model_copy(update={"vocab": largest})
            tokenizer = tokenizer.model_copy(update={"train": train})
    if mixture is not None:
        rows = text_bytes // TEXT_BYTES_PER_TOKEN // ROWS_WANTED
        longest = max(_power_of_two(rows), SHORTEST_SEQUENCE)
        if longest < mixture.sequence_length:
            notes.append(f"sequence length {mixture.sequence_length:,} -> {longest:,}")
            mixture = mixture.model_copy(update={"sequence_length": longest})
    if not notes:
        return recipe, ""
    fitted = recipe.model_copy(update={"tokenizer": tokenizer, "mixture": mixture})
    return fitted, f"scaled to {text_bytes / 1e6:.1f} MB of kept text: {', '.join(notes)}"


def _power_of_two(number: int) -> int:
    """The largest power of two not above ``number`` (at least 1)."""
    return 1 << max(number.bit_length() - 1, 0)
