"""The recipe's ``mixture:`` and ``shards:`` sections."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from formats.units import parse_count
from stages.mixture.curriculum import valid_curve
from stages.mixture.members import value_of
from stages.mixture.weight_language import ALPHA, budget_of, tokens_stated, valid_weights
from stages.selectors import columns_of, valid_where

EVERY_COMPONENT = "*"
"""In ``rehydrate``, the components that have no table of their own."""
CLUSTER_SIZE = "cluster_size"
"""The column that ``rehydrate`` reads; ``minhash_dedup`` adds it."""
MOST_REPETITIONS = 100
"""FineWeb-2 publishes 10 at most; each is a pass over the component's lengths."""
MAX_EPOCHS = 4.0
"""Up to four, repeated tokens are nearly worth new ones (Muennighoff et al. 2023)."""
HELD_OUT = "held_out"
"""The phase of ``held_out``."""
SELECTING = ("where", "rehydrate", "upsample", "reserve")
"""Settings of a phase that decide which documents it takes, and how often."""
ALWAYS_KEPT = ("quality", "cluster_size")
"""Columns that tokens keep where documents have them: re-mixing asks for these most."""

Count = Annotated[int, BeforeValidator(parse_count)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ComponentRule(_Section):
    """A component of the mixture: a name and the documents it takes."""

    name: str = Field(
        min_length=1, description="Its name; `${column}` is filled from the document, as `${lang}`."
    )
    where: dict[str, Any] = Field(
        {}, description="Conditions on columns, all of which must hold; none takes every document."
    )

    @field_validator("where")
    @classmethod
    def _conditions_are_known(cls, where: dict[str, Any]) -> dict[str, Any]:
        return valid_where(where)


class PhaseOptions(_Section):
    """A stretch of training with a budget and a mixture of its own.

    Keys of ``weights``, ``floors``, ``caps``, ``max_epochs`` and ``curriculum`` mean components as
    ``stages.mixture.members`` tells: a name, a part of names, ``non_english``, or a wildcard.
    """

    name: str = Field(min_length=1, description="Its name, and that of its folder of shards.")
    tokens: Count = Field(
        description="Its budget: 2T, 100B or a number; left out, the sum of `weights` in tokens.",
        gt=0,
    )
    where: dict[str, Any] = Field(
        {}, description="Conditions on columns: which documents of every component it takes."
    )
    weights: dict[str, Any] = Field(
        {ALPHA: 1.0},
        description="`natural`; `{alpha: 0.3}` (in proportion to tokens ** 0.3) or `{temperature: "
        "t}`; `unimax`; the share of each component, summing to 1; their tokens (`{en: 300B}`); "
        "groups within shares (`{share: 0.2, weights: ...}`); or `{axes: ...}`. "
        "See `stages.mixture.weight_language`.",
    )
    floors: dict[str, Share] = Field(
        {}, description="The least share of a component, where `weights` do not state it."
    )
    caps: dict[str, Share] = Field(
        {}, description="The largest share of a component, where `weights` do not state it."
    )
    max_epochs: Annotated[float, Field(gt=0)] | dict[str, Annotated[float, Field(gt=0)]] = Field(
        4.0,
        description="How often a document may come at most, on average over a component: a number, "
        'or one for each, as `{parallel: 1, "*": 4}` (4 where none is given).',
    )
    curriculum: dict[str, list[tuple[float, float]]] = Field(
        {},
        description="The total share of a group of components over the phase: `non_english: [0.3, "
        "0.6]` rises, `{steps: [0.3, 0.6]}` jumps, `[[0, 0.3], [0.8, 0.6]]` states positions; "
        "`weights` divide it, and what is left, among components.",
    )
    rehydrate: dict[str, dict[int, int]] = Field(
        {},
        description="How often a document stands in one epoch, by its `cluster_size`: "
        "`{1: 1, 2: 2, 5: 3, 100: 1}` says from which size on how often, sizes below the first "
        'once; `{th: {2: 4}, "*": {2: 2}}` gives components tables of their own. Supply and '
        "epochs count the repeated documents. Empty: every document once.",
    )
    upsample: dict[str, dict[float, int]] = Field(
        {},
        description="The same by any column of numbers: `{quality: {0.8: 2, 0.95: 3}}`; a document "
        "without the number stands once, and tables for several columns multiply.",
    )
    reserve: float = Field(
        0,
        ge=0,
        lt=1,
        description="The share of the documents it selects that are kept for this phase: it takes "
        "only these, and no other phase takes any of them. 0: it shares them with all.",
    )
    continues: str | None = Field(
        None,
        description="An earlier phase whose documents it goes on drawing where that one stopped: "
        "nothing comes again before all has come. It selects what that one selects, and "
        "`max_epochs` counts both.",
    )

    def epochs_of(self, component: str) -> float:
        """How often the documents of a component may come at most."""
        if isinstance(self.max_epochs, dict):
            return value_of(self.max_epochs, component, MAX_EPOCHS)
        return self.max_epochs

    def epochs_in_words(self, component: str | None = None) -> str:
        """``4 epochs``; without a component, where each has a number of its own, no number."""
        if component is None and isinstance(self.max_epochs, dict):
            return "max_epochs"
        return f"{self.epochs_of(component or ''):g} epochs"

    @model_validator(mode="before")
    @classmethod
    def _weights_may_be_the_budget(cls, data: Any) -> Any:
        tokens = tokens_stated(data.get("weights")) if isinstance(data, dict) else None
        return data if tokens is None else data | {"tokens": budget_of(tokens, data.get("tokens"))}

    @field_validator("weights", mode="before")
    @classmethod
    def _weights_are_known(cls, weights: Any) -> dict[str, Any]:
        return valid_weights(weights)

    @field_validator("where")
    @classmethod
    def _conditions_are_known(cls, where: dict[str, Any]) -> dict[str, Any]:
        return valid_where(where)

    @field_validator("curriculum", mode="before")
    @classmethod
    def _curves_are_known(cls, curriculum: Any) -> Any:
        if not isinstance(curriculum, dict):
            return curriculum
        return {str(group): valid_curve(group, given) for group, given in curriculum.items()}

    @field_validator("rehydrate", mode="before")
    @classmethod
    def _one_table_is_for_all(cls, given: Any) -> Any:
        if not isinstance(given, dict) or any(isinstance(v, dict) for v in given.values()):
            return given
        return {EVERY_COMPONENT: given} if given else given

    @field_validator("rehydrate")
    @classmethod
    def _repetitions_are_counts(cls, tables: dict[str, dict[int, int]]) -> Any:
        for component, table in tables.items():
            for size, times in table.items():
                if size < 1:
                    raise ValueError(f"{component!r}: cluster size {size}: the least is 1")
                if not 1 <= times <= MOST_REPETITIONS:
                    raise ValueError(
                        f"{component!r}: documents of clusters of {size} come {times} times in an "
                        f"epoch: it must be 1 to {MOST_REPETITIONS} (`where` leaves documents out)"
                    )
        return tables

    @field_validator("upsample")
    @classmethod
    def _factors_are_counts(cls, tables: dict[str, dict[float, int]]) -> Any:
        for column, table in tables.items():
            for value, times in table.items():
                if not 1 <= times <= MOST_REPETITIONS:
                    raise ValueError(
                        f"{column!r}: documents from {value:g} on come {times} times in an epoch: "
                        f"it must be 1 to {MOST_REPETITIONS} (`where` leaves documents out)"
                    )
        return tables

    @model_validator(mode="after")
    def _rounds_are_few(self) -> Self:
        tables: list[list[int]] = [list(table.values()) for table in self.upsample.values()]
        tables.append([times for table in self.rehydrate.values() for times in table.values()])
        rounds = math.prod(max([1, *times]) for times in tables)
        if rounds > MOST_REPETITIONS:
            raise ValueError(
                f"phase {self.name!r}: rehydrate and upsample together repeat a document up to "
                f"{rounds} times: it must be {MOST_REPETITIONS} at most"
            )
        return self

    @model_validator(mode="after")
    def _continuing_phases_select_nothing(self) -> Self:
        own = [name for name in SELECTING if getattr(self, name)]
        if self.continues is not None and own:
            raise ValueError(
                f"phase {self.name!r} continues {self.continues!r} and takes its documents: "
                f"{', '.join(own)} cannot be its own"
            )
        return self


class HeldOutOptions(_Section):
    """Documents that no training phase takes, to evaluate on: a phase ``held_out`` of its own.

    A document is held out by a hash of what it shares with its near-copies: its cluster of near
    duplicates, and the key of its translations. See ``stages.tokens.split_keys``.
    """

    share: float = Field(
        0.001, gt=0, lt=1, description="The share of documents, of every component."
    )
    max_tokens: Count = Field(
        1_000_000,
        gt=0,
        description="Tokens of each component that are written; more are held out, yet not used.",
    )
    min_documents: int = Field(
        0, ge=0, description="Say so of every component that has fewer held-out documents."
    )


class MixtureOptions(_Section):
    """How tokenized components become training rows."""

    sequence_length: int = Field(4096, ge=16, le=1 << 20, description="Tokens in a training row.")
    components: list[ComponentRule] = Field(
        [ComponentRule(name="${lang}", where={"lang": "*"})],
        min_length=1,
        description="The components; a document belongs to the first that takes it.",
    )
    phases: list[PhaseOptions] = Field(min_length=1, description="The phases, in training order.")
    packing: Literal["best_fit", "concat"] = Field(
        "best_fit",
        description="How documents come into rows: `best_fit` cuts few of those that fit a row; "
        "`concat` lays them end to end and chops at every row's end.",
    )
    held_out: HeldOutOptions | None = Field(
        None, description="Documents that no phase takes, to evaluate on."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [phase.name for phase in self.phases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"phase {twice[0]!r} is named twice")
        if self.held_out is not None and HELD_OUT in names:
            raise ValueError(f"phase {HELD_OUT!r}: that is the name of what is held out")
        return self

    @model_validator(mode="after")
    def _continued_phases_come_before(self) -> Self:
        before: list[str] = []
        for phase in self.phases:
            if phase.continues is not None and phase.continues not in before:
                raise ValueError(
                    f"phase {phase.name!r} continues {phase.continues!r}, which is no phase before "
                    f"it; before it: {', '.join(before) or 'none'}"
                )
            twice = [p.name for p in self.phases if p.continues == phase.name]
            if len(twice) > 1:
                raise ValueError(f"phase {phase.name!r} is continued twice: {', '.join(twice)}")
            before.append(phase.name)
        return self

    @model_validator(mode="after")
    def _parts_leave_something(self) -> Self:
        parts = math.fsum(phase.reserve for phase in self.phases)
        parts += self.held_out.share if self.held_out else 0
        if parts >= 1:
            raise ValueError(f"what phases reserve, and what is held out, is {parts:.9g} of it all")
        return self

    def component_columns(self) -> list[str]:
        """The columns that tell a document's component, each once."""
        columns: dict[str, Any] = {}
        for component in self.components:
            columns |= dict.fromkeys(columns_of(component.where, component.name))
        return list(columns)

    def selector_columns(self) -> list[str]:
        """The columns that phases select by, and so tokenized components keep; each once."""
        columns: dict[str, Any] = {}
        for phase in self.phases:
            columns |= dict.fromkeys(columns_of(phase.where))
            columns |= dict.fromkeys([CLUSTER_SIZE] if phase.rehydrate else [])
            columns |= dict.fromkeys(phase.upsample)
        return list(columns)


class ShardOptions(_Section):
    """How the shards are written."""

    compression: Literal["none", "lz4", "zstd"] = Field(
        "none",
        description="`none` can be memory-mapped; bytes of `zstd` depend on the Arrow version.",
    )
    sequences_per_shard: Count = Field(65_536, gt=0, description="Rows of a shard file.")
