"""What a quality model is trained from, and how: the section ``train_quality``."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from pipeline.recipe import Section, Source
from stages.quality_model.model_folder import PreparationSettings


class ExampleSource(Source):
    """A source whose documents are all good, or all bad."""

    where: dict[str, str | list[str]] = Field(
        default={},
        description="Take only documents with these values: column -> value or values; "
        "`meta.kind` is a field of the input.",
    )
    group_by: str = Field(
        default="source",
        description="What counts as one source when sources are left out: `source`, a column, or "
        "a field of the input such as `meta.site`.",
    )
    max_documents: int = Field(
        default=20_000, ge=1, description="Take so many at most, chosen by the hash of their ids."
    )


class ClassifierOptions(Section):
    """fastText's own settings; the defaults are small, and were better on unseen sources."""

    dim: int = Field(default=16, ge=1, le=1024, description="Length of a word's vector.")
    word_ngrams: int = Field(default=2, ge=1, le=8, description="Longest n-gram of words.")
    bucket: int = Field(
        default=1 << 16, ge=1, le=1 << 26, description="Rows that n-grams are hashed to."
    )
    min_count: int = Field(default=5, ge=1, description="A rarer word has no row of its own.")
    epochs: int = Field(default=5, ge=1, le=1000, description="Passes over the examples.")
    learning_rate: float = Field(default=0.2, gt=0, le=10, description="At the beginning.")


class CharacterModelOptions(Section):
    """Models of characters for the stage ``perplexity``, one per language of the positives."""

    order: int = Field(default=4, ge=2, le=8, description="Characters of the longest n-gram.")
    characters: int = Field(
        default=5_000_000, ge=1000, description="Count so many of a language at most."
    )
    fewest_characters: int = Field(
        default=20_000, ge=1, description="A language with fewer gets no model."
    )


class TrainQuality(Section):
    """Positives, negatives, and what to make of them."""

    out: str = Field(description="The folder that the model is written to.")
    seed: int = Field(default=0, description="The same seed and input give the same model.")
    positives: list[ExampleSource] = Field(
        min_length=1, description="Good documents; in a recipe a source's name will do."
    )
    negatives: list[ExampleSource] = Field(
        default=[], description="Bad ones, likewise; a classifier needs some."
    )
    perplexity: CharacterModelOptions | None = Field(
        default=CharacterModelOptions(),
        description="Models of characters, counted on the positives; null: none.",
    )
    stages: list[dict[str, Any]] | None = Field(
        default=None,
        description="Map stages that examples go through; null: those before `quality_model` in "
        "the recipe, or normalize and langid. What a stage drops is an example all the same.",
    )
    shared: bool = Field(
        default=True, description="Train one classifier of all languages, the `default`."
    )
    per_language: list[str] = Field(
        default=[], description="Languages that get a classifier of their own beside it."
    )
    preparation: PreparationSettings = Field(
        default=PreparationSettings(windows=8, window_bytes=250),
        description="How texts are prepared, now and in the stage.",
    )
    classifier: ClassifierOptions = Field(
        default=ClassifierOptions(), description="How the classifier is trained."
    )
    folds: int = Field(
        default=5, ge=2, le=50, description="Parts of cross-validation; no source is in two."
    )
    calibration: Literal["auto", "platt", "isotonic", "none"] = Field(
        default="auto",
        description="The curve from scores to probabilities; auto: isotonic from 1,000 examples "
        "of either label.",
    )
    prior: float | None = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="Share of good documents for which a probability holds; null: the examples'.",
    )

    @model_validator(mode="after")
    def _something_to_train(self) -> Self:
        has_classifier = self.shared or bool(self.per_language)
        if not has_classifier and self.perplexity is None:
            raise ValueError(
                "nothing to train: set `shared`, name languages in `per_language`, or `perplexity`"
            )
        if has_classifier and not self.negatives:
            raise ValueError("`negatives` is missing (or set shared: false to train no classifier)")
        names = [source.name for source in (*self.positives, *self.negatives)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"source {twice[0]!r} is named twice")
        return self
