"""The recipe's ``mixture:`` and ``shards:`` sections."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from formats.units import parse_count
from stages.selectors import Condition, columns_of

TEMPERATURE = "temperature"
"""The one key of ``weights`` that is no component."""
WEIGHTS_TOLERANCE = 1e-6
NON_ENGLISH = "non_english"
"""The one group of a curriculum that is no component: see ``is_non_english``."""
EVERY_COMPONENT = "*"
"""In ``rehydrate``, the components that have no table of their own."""
CLUSTER_SIZE = "cluster_size"
"""The column that ``rehydrate`` reads; ``minhash_dedup`` adds it."""
MOST_REPETITIONS = 100
"""FineWeb-2 publishes 10 at most; each is a pass over the component's lengths."""

Count = Annotated[int, BeforeValidator(parse_count)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ComponentRule(_Section):
    """A component of the mixture: a name and the documents it takes."""

    name: str = Field(
        min_length=1, description="Its name; `${column}` is filled from the document, as `${lang}`."
    )
    where: dict[str, Condition] = Field(
        {}, description="Conditions on columns, all of which must hold; none takes every document."
    )


class PhaseOptions(_Section):
    """A stretch of training with a budget and a mixture of its own."""

    name: str = Field(min_length=1, description="Its name, and that of its folder of shards.")
    tokens: Count = Field(description="Its budget: 2T, 100B or a number.", gt=0)
    where: dict[str, Condition] = Field(
        {}, description="Conditions on columns: which documents of every component it takes."
    )
    weights: dict[str, float] = Field(
        {TEMPERATURE: 1.0},
        description="The share of each component, summing to 1; or `temperature: t`, 0 to 1: "
        "shares in proportion to tokens ** t (1: as they come, 0: all alike), none beyond "
        "max_epochs of what there is.",
    )
    max_epochs: float = Field(
        4, gt=0, description="How often a document may come at most, on average over a component."
    )
    curriculum: dict[str, list[Share]] = Field(
        {},
        description="The total share of a group of components over the phase, at equally spaced "
        "positions from its beginning to its end: `non_english: [0.3, 0.6]` rises. A group is a "
        "component or `non_english`; `weights` divide it, and what is left, among components.",
    )

    rehydrate: dict[str, dict[int, int]] = Field(
        {},
        description="How often a document stands in one epoch, by its `cluster_size`: "
        "`{1: 1, 2: 2, 5: 3, 100: 1}` says from which size on how often, sizes below the first "
        'once; `{th: {2: 4}, "*": {2: 2}}` gives components tables of their own. Supply and '
        "epochs count the repeated documents. Empty: every document once.",
    )

    @property
    def is_by_temperature(self) -> bool:
        """True where the weights follow from the supply, and so give way to it."""
        return TEMPERATURE in self.weights

    @field_validator("weights")
    @classmethod
    def _weights_are_shares(cls, weights: dict[str, float]) -> dict[str, float]:
        if TEMPERATURE in weights:
            if len(weights) > 1:
                others = ", ".join(repr(name) for name in weights if name != TEMPERATURE)
                raise ValueError(f"give `temperature` alone, or a share for each of {others}")
            if not 0 <= weights[TEMPERATURE] <= 1:
                raise ValueError(
                    f"temperature is {weights[TEMPERATURE]:g}: it lies between 0 and 1"
                )
            return weights
        negative = [name for name, share in weights.items() if not share >= 0]
        if negative:
            raise ValueError(f"the share of {negative[0]!r} is {weights[negative[0]]:g}")
        total = sum(weights.values())
        if abs(total - 1) > WEIGHTS_TOLERANCE:
            raise ValueError(f"the weights sum to {total:.9g}, not to 1")
        return weights

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

    @field_validator("curriculum")
    @classmethod
    def _groups_have_points(cls, curriculum: dict[str, list[float]]) -> dict[str, list[float]]:
        for group, shares in curriculum.items():
            if not shares:
                raise ValueError(f"curriculum of {group!r} is empty: give one share or more")
        return curriculum


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

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [phase.name for phase in self.phases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"phase {twice[0]!r} is named twice")
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
        return list(columns)


class ShardOptions(_Section):
    """How the shards are written."""

    compression: Literal["none", "lz4", "zstd"] = Field(
        "none",
        description="`none` can be memory-mapped; bytes of `zstd` depend on the Arrow version.",
    )
    sequences_per_shard: Count = Field(65_536, gt=0, description="Rows of a shard file.")
