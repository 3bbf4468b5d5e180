"""The recipe: one YAML file that says what is read, what is done to it and what comes out.

Each section is a pydantic model next to the code it configures; this file holds the frame and the
sections that belong to the pipeline itself. ``pipeline.recipe_file`` reads one from disk.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    model_validator,
)

from formats.readers.charset_labels import codec_of
from formats.readers.html_text import ExtractSetting
from formats.units import parse_bytes
from stages.base import BarrierStage, MapStage, Stage
from stages.mixture.options import MixtureOptions, ShardOptions
from tokenizer_train.settings import TokenizerOptions


def _known_encoding(name: str) -> str:
    """An encoding's name as it was given, if there is such an encoding."""
    if name != "auto" and codec_of(name) is None:
        raise ValueError(f"{name!r} is no encoding; valid: auto, utf-8, windows-1251, …")
    return name


Encoding = Annotated[str, AfterValidator(_known_encoding)]
"""``auto``, or a name that ``formats.readers.charset_labels`` knows."""

Bytes = Annotated[int, BeforeValidator(parse_bytes)]
"""A size: 268435456 or "256MB"."""


class Section(BaseModel):
    """A section of the recipe: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RunOptions(Section):
    """Where the run is written and what holds for all of it."""

    name: str = Field(description="Name of the run; shown in the report.")
    out: str = Field(description="The run folder.")
    seed: int = Field(0, description="Seed of every choice; the same seed gives the same bytes.")
    on_error: Literal["quarantine", "fail"] = Field(
        "quarantine", description="What a record that cannot be read does: set aside, or stop."
    )
    partition_bytes: Bytes | Literal["auto"] = Field(
        "auto",
        description="Input (estimated, decompressed) per partition; auto: a 64th of it all, "
        "between 16 MB and 256 MB. Changing it changes the partitions, not the documents.",
    )
    fit_to_supply: Literal["auto", "always", "never"] = Field(
        "auto",
        description="Scale token budgets, vocabulary and sequence length down to what there is; "
        "auto: only where the sample corpus is read.",
    )


class Source(Section):
    """A named set of files of one format."""

    name: str = Field(description="The `source` of its documents.", pattern=r"^[\w.-]+$")
    read: Literal["jsonl", "parquet", "arrow", "csv", "text", "warc", "hf"] = Field(
        description="The format; hf: a dataset of the library `datasets`, saved or cached here."
    )
    paths: list[str] = Field(
        description="Files, folders, wildcards (`**` for any depth) or URLs; for `read: hf` "
        "folders, or names of datasets in the cache."
    )
    columns: dict[str, str | None] = Field(
        {}, description="Our column -> the input's column; null ignores it."
    )
    reference: bool = Field(
        False, description="Trusted text: `calibrate` learns from these sources alone."
    )
    license: str | None = Field(None, description="Noted in the report; nothing depends on it.")
    optional: bool = Field(
        False, description="A pattern that matches no file is not an error, nor are all of them."
    )
    max_record_bytes: Bytes = Field(64 << 20, description="A longer record is quarantined.")
    split: Literal["file", "paragraph", "line"] = Field(
        "file", description="For `read: text`: what one document is."
    )
    encoding: Encoding = Field(
        "auto",
        description="For `read: text`: the encoding; auto: UTF-8, or what the bytes say.",
    )
    hf_split: str = Field("train", description="For `read: hf`: the split to read.")
    extract: ExtractSetting = Field(
        "resiliparse", description="For `read: warc`: what takes the main text out of pages."
    )


class TokenizerSection(Section):
    """A tokenizer to train on what was kept, or one that exists."""

    train: TokenizerOptions | None = None
    path: str | None = Field(None, description="Folder with a tokenizer.json.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.train is None) == (self.path is None):
            raise ValueError("give either `train:` or `path:`")
        return self


class Recipe(Section):
    """A whole recipe. Sections after ``stages`` may be left out from the end."""

    run: RunOptions
    sources: list[Source] = Field(min_length=1)
    stages: list[SerializeAsAny[Stage]] = []
    tokenizer: TokenizerSection | None = None
    mixture: MixtureOptions | None = None
    shards: ShardOptions = Field(default_factory=lambda: ShardOptions.model_validate({}))
    train_quality: dict[str, Any] | None = Field(
        None, description="What `train-quality` trains from; a run does not depend on it."
    )

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        if self.mixture is not None and self.tokenizer is None:
            raise ValueError("`mixture` needs a `tokenizer` section before it")
        for what, names in (
            ("source", [source.name for source in self.sources]),
            ("stage", [stage.name for stage in self.stages]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is named twice")
        return self

    def as_yaml(self) -> str:
        """The recipe with variables expanded and every default written out; it loads again."""
        import yaml

        data = self.model_dump(mode="json", exclude={"stages"})
        stages = [{stage.name: stage.model_dump(mode="json")} for stage in self.stages]
        ordered = {"run": data.pop("run"), "sources": data.pop("sources"), "stages": stages, **data}
        present = {key: value for key, value in ordered.items() if value is not None}
        text: str = yaml.safe_dump(present, sort_keys=False, allow_unicode=True, width=100)
        return text

    def kernel_packages(self) -> set[str]:
        """The packages whose kernels a run of it uses."""
        packages = {"formats", "formats.readers", "stages"}
        for stage in self.stages:
            packages |= stage.kernel_packages()
        if self.tokenizer is not None:
            packages |= {"formats.pretokenizers", "stages.tokens"}
            if self.tokenizer.train is not None:
                packages |= {"tokenizer_train.counting", "tokenizer_train.merging"}
        if self.mixture is not None:
            packages.add("stages.mixture")
        return packages

    def segments(self) -> list[Segment]:
        """The stages as the runner walks them: map stages fused, then the barriers after them.

        A barrier that cuts text ends its segment: keys of later ones are of what it left.
        """
        segments = [Segment([], [])]
        for stage in self.stages:
            if isinstance(stage, BarrierStage):
                if any(before.cuts_text for before in segments[-1].barriers):
                    segments.append(Segment([], []))
                segments[-1].barriers.append(stage)
                continue
            assert isinstance(stage, MapStage)
            if segments[-1].barriers:
                segments.append(Segment([], []))
            segments[-1].maps.append(stage)
        return segments


class Segment:
    """Map stages that run fused in one pass, and the barriers that use what the pass wrote."""

    def __init__(self, maps: list[MapStage], barriers: list[BarrierStage]) -> None:
        """Keep both lists."""
        self.maps = maps
        self.barriers = barriers


def as_stage(name: str, settings: dict[str, Any]) -> Stage:
    """The stage of that name with its settings.

    Raises:
        KeyError: there is no such stage.
        pydantic.ValidationError: a setting is wrong.
    """
    from stages import load_stage

    return load_stage(name).model_validate(settings)
