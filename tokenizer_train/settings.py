"""What can be chosen when a tokenizer is trained."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from formats.pretokenizers.patterns import OWN, splits_of
from formats.units import parse_bytes

BYTE_ENTRIES = 256
"""Every tokenizer begins with an entry per byte, so that no text is ever unknown."""

UNKNOWN = "<|unk|>"
"""The entry that sentencepiece's format demands for what is unknown; nothing is."""

Bytes = Annotated[int, BeforeValidator(parse_bytes)]
"""A size: 200000000 or "200MB"."""


class SpecialTokens(BaseModel):
    """Tokens that stand for no text, in this order; they are part of the vocabulary's size.

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
    reserved: int = Field(
        default=0,
        ge=0,
        description="Slots without a meaning yet, <|reserved_0|> and so on: room to name tokens "
        "later without another size of the model.",
    )
    place: Literal["last", "first"] = Field(
        default="last", description="Whether they take the last ids of the vocabulary or the first."
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
        reserved = [f"<|reserved_{number}|>" for number in range(self.reserved)]
        return [*self.roles().values(), *self.extra, *reserved]

    def roles(self) -> dict[str, str]:
        """The tokens that mean something to us: ``{"eos": "<|endoftext|>", "pad": "<|pad|>"}``."""
        named = {"eos": self.eos, "pad": self.pad, "bos": self.bos}
        return {role: token for role, token in named.items() if token is not None}


class ParityOptions(BaseModel):
    """Merges that serve the dearest language (parity-aware BPE, arXiv 2508.04796).

    Its dearness is its premium: tokens that parallel text takes in it, by tokens of the same text
    in the pivot language.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    parallel: list[str] = Field(
        min_length=1,
        description="Files with documents that say the same in several languages, paired by "
        "pair_key or id; better none that is learned from.",
    )
    columns: dict[str, str] = Field(
        default={}, description="Our name -> the column of those files, as text: body."
    )
    pivot: str = Field(
        default="en", min_length=2, description="The language that premiums compare with."
    )
    global_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the merges that is made first, for all languages as they are "
        "weighted (the paper's hybrid form); 0: none.",
    )
    window: int = Field(
        default=100,
        ge=0,
        le=1_000_000,
        description="Merges that are looked back on, so that a language which merges no longer "
        "help does not take them all (the paper's moving window); 0: none.",
    )
    alpha: float = Field(
        default=2.0,
        ge=1,
        description="A language that got more than so many times an equal share of the window "
        "waits.",
    )


class TokenizerOptions(BaseModel):
    """How a tokenizer is trained: ``tokenizer: {train: {...}}`` in a recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vocab: int = Field(
        default=100_534, description="Entries of the vocabulary: bytes, merges and special tokens."
    )
    algorithm: Literal["bpe", "unigram"] = Field(
        default="bpe",
        description="bpe: merges of pairs; unigram: the likeliest pieces, with sentencepiece only.",
    )
    backend: Literal["native", "tokenizers", "sentencepiece"] = Field(
        default="native",
        description="Who learns: ours, or a library's trainer on the same counts. sentencepiece "
        "writes its tokenizer.model, and tokenizer.json only where that gives the same ids.",
    )
    sample_bytes: Bytes | None = Field(
        default=None,
        gt=0,
        description='Text to learn from at most, such as "200GB"; null: all of it.',
    )
    language_temperature: float | None = Field(
        default=0.3,
        ge=0,
        le=1,
        description="A language's share of what is learned from is its share of the text to this "
        "power: 1 or null as found, 0 all alike, 0.3 in between.",
    )
    language_shares: dict[str, Annotated[float, Field(ge=0)]] | None = Field(
        default=None,
        description='Shares by language instead, in any unit; "*" is shared by all others as they '
        "are found, and without it they are left out.",
    )
    parity: ParityOptions | None = Field(
        default=None,
        description="Serve the language that is dearest on parallel text at each merge; weights "
        "then matter to the merges for all and among the languages without such text.",
    )
    pretokenizer: str = Field(
        default=OWN,
        description="How text is cut before merging: polymill (o200k, and scripts without spaces "
        "cut too), o200k, cl100k, llama3, qwen2, deepseek, gpt2 or a regular expression.",
    )
    digits: Literal["single", "triple", "free"] | None = Field(
        default=None,
        description="Digits in one token at most: 1, 3 or any; null: what the pattern says.",
    )
    merges: Literal["aligned", "plain"] | None = Field(
        default=None,
        description="aligned: no token joins a part of one character to another character; plain: "
        "the usual rule. null: aligned where the backend is ours.",
    )
    special: SpecialTokens = Field(
        default=SpecialTokens(), description="Tokens that stand for no text."
    )
    max_token_length: int | None = Field(
        default=None, ge=2, le=65_535, description="Bytes of the longest token; null: no limit."
    )
    min_frequency: int = Field(
        default=2, ge=1, description="A pair seen less often in the text is not merged."
    )
    min_piece_count: int = Field(
        default=1,
        ge=1,
        description="A piece seen less often in all languages together is left out: most pieces "
        "of hundreds of gigabytes were seen once, and memory is for the others.",
    )
    when_short: Literal["accept", "fail"] = Field(
        default="accept",
        description="When the sample has too few pairs for `vocab`: take what there is and say "
        "so, or fail.",
    )
    pad_to_multiple: int = Field(
        default=1,
        ge=1,
        le=1 << 16,
        description="Add reserved slots behind the vocabulary until its size, the rows of a "
        "model's embedding, is a multiple of this.",
    )
    model_max_length: int | None = Field(
        default=None,
        ge=1,
        description="Longest text in tokens that the model is made for, for `transformers`; null: "
        "no limit.",
    )
    chat_template: str | None = Field(
        default=None,
        min_length=1,
        description="Jinja template that writes a conversation as text, for `transformers`.",
    )

    @field_validator("pretokenizer")
    @classmethod
    def _known_pattern(cls, value: str) -> str:
        splits_of(value)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        splits_of(self.pretokenizer, self.digits)
        least = BYTE_ENTRIES + len(self.special_tokens)
        if self.vocab < least:
            raise ValueError(
                f"vocab: {self.vocab:,} is too small; 256 bytes and "
                f"{least - BYTE_ENTRIES} special tokens already make {least:,}"
            )
        if self.backend != "native" and self.merges == "aligned":
            raise ValueError(f"merges: aligned needs the backend native, not {self.backend}")
        if self.backend != "native" and self.parity is not None:
            raise ValueError(f"parity needs the backend native, not {self.backend}")
        self._check_sentencepiece()
        return self

    def _check_sentencepiece(self) -> None:
        """What only sentencepiece can do, and what it cannot.

        Raises:
            ValueError: the one without it, or the other with it.
        """
        if self.backend != "sentencepiece":
            if self.algorithm == "unigram":
                raise ValueError("algorithm: unigram needs the backend sentencepiece")
            return
        if self.special.place == "first":
            raise ValueError("special.place: with sentencepiece special tokens take the last ids")
        if self.max_token_length is not None:
            raise ValueError(
                "max_token_length: sentencepiece counts characters, not bytes: leave it out"
            )
        if self.min_frequency != 2:
            raise ValueError("min_frequency: sentencepiece has no such limit: leave it out")

    @property
    def special_tokens(self) -> list[str]:
        """The special tokens in the order of their ids; sentencepiece needs one of its own."""
        own = [UNKNOWN] if self.backend == "sentencepiece" else []
        return [*own, *self.special.in_order()]

    @property
    def splits(self) -> tuple[str, ...]:
        """The expressions that cut text."""
        return splits_of(self.pretokenizer, self.digits)

    @property
    def aligned(self) -> bool:
        """Whether tokens keep to whole characters or parts of one."""
        return self.merges == "aligned" or (self.merges is None and self.backend == "native")
