"""What can be chosen when a tokenizer is trained."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from formats.units import parse_bytes
from tokenizer_train.patterns import pattern_of

BYTE_ENTRIES = 256
"""Every tokenizer begins with an entry per byte, so that no text is ever unknown."""

Bytes = Annotated[int, BeforeValidator(parse_bytes)]
"""A size: 200000000 or "200MB"."""


class SpecialTokens(BaseModel):
    """Tokens that stand for no text; they take the last ids of the vocabulary, in this order.

    There is no beginning-of-document token unless one is asked for: documents are packed one
    after the other and the end token alone parts them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    eos: str = Field(default="<|endoftext|>", min_length=1, description="Ends every document.")
    pad: str = Field(
        default="<|pad|>", min_length=1, description="Fills rows that documents do not."
    )
    bos: str | None = Field(
        default=None, min_length=1, description="Begins a text, if a model wants it."
    )
    extra: list[str] = Field(
        default=[],
        description="Further tokens with an id of their own, for chat or tools later on.",
    )

    @model_validator(mode="after")
    def _all_different(self) -> Self:
        tokens = self.in_order()
        twice = sorted({token for token in tokens if tokens.count(token) > 1})
        if twice:
            raise ValueError(f"special tokens given twice: {', '.join(twice)}")
        if "" in tokens:
            raise ValueError("a special token cannot be empty")
        return self

    def in_order(self) -> list[str]:
        """All of them, in the order of their ids."""
        return [*self.roles().values(), *self.extra]

    def roles(self) -> dict[str, str]:
        """The tokens that mean something to us: ``{"eos": "<|endoftext|>", "pad": "<|pad|>"}``."""
        named = {"eos": self.eos, "pad": self.pad, "bos": self.bos}
        return {role: token for role, token in named.items() if token is not None}


class TokenizerOptions(BaseModel):
    """How a tokenizer is trained: ``tokenizer: {train: {...}}`` in a recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vocab: int = Field(
        default=100_534, description="Entries of the vocabulary: bytes, merges and special tokens."
    )
    sample_bytes: Bytes = Field(
        default=200_000_000,
        gt=0,
        description='Text to learn from, such as "200MB"; the rest is not read.',
    )
    language_temperature: float | None = Field(
        default=0.3,
        ge=0,
        le=1,
        description="A language's share of the sample is its share of the text to this power: "
        "1 or null as found, 0 all alike, 0.3 in between.",
    )
    pretokenizer: str = Field(
        default="o200k",
        description="How text is cut before merging: o200k, cl100k, llama3, qwen2, gpt2 or a "
        "regular expression.",
    )
    digits: Literal["single", "triple", "free"] | None = Field(
        default=None,
        description="Digits in one token at most: 1, 3 or any; null: what the pattern says.",
    )
    special: SpecialTokens = Field(
        default=SpecialTokens(), description="Tokens that stand for no text."
    )
    max_token_length: int | None = Field(
        default=None, ge=2, le=65_535, description="Bytes of the longest token; null: no limit."
    )
    min_frequency: int = Field(
        default=2, ge=1, description="A pair seen less often in the sample is not merged."
    )
    when_short: Literal["accept", "fail"] = Field(
        default="accept",
        description="When the sample has too few pairs for `vocab`: take what there is and say "
        "so, or fail.",
    )

    @field_validator("pretokenizer")
    @classmethod
    def _known_pattern(cls, value: str) -> str:
        pattern_of(value)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        pattern_of(self.pretokenizer, self.digits)
        least = BYTE_ENTRIES + len(self.special.in_order())
        if self.vocab < least:
            raise ValueError(
                f"vocab: {self.vocab:,} is too small; 256 bytes and "
                f"{least - BYTE_ENTRIES} special tokens already make {least:,}"
            )
        return self
