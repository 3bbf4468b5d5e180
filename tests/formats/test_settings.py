"""Settings models say what can be set, in the words that people read."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from formats.settings import Setting, describe_settings, explanation, summary
from formats.units import parse_bytes, parse_count


class Phase(BaseModel):
    """A stretch."""

    tokens: Annotated[int, BeforeValidator(parse_count)] = Field(description="Its budget.")


class Example(BaseModel):
    """What is read.

    Adds ``lang``.
    """

    folder: str = Field(description="Where.")
    memory: Annotated[int, BeforeValidator(parse_bytes)] | None = Field(
        1 << 26, description="Most."
    )
    by: tuple[Literal["text", "url"], ...] = Field(("text",), description="Keys.")
    pairs: Literal["all"] | list[tuple[str, str]] = Field("all", description="Which.")
    shares: dict[str, dict[int, float]] = Field({}, description="How much.")
    phases: list[Phase] = Field([], description="In order.")


def test_every_setting_in_order() -> None:
    assert list(describe_settings(Example)) == [
        Setting("folder", "text", None, "Where."),
        Setting("memory", "size | null", "64MiB", "Most."),
        Setting("by", "list of (text | url)", '["text"]', "Keys."),
        Setting("pairs", "all | list of [text, text]", "all", "Which."),
        Setting("shares", "{text: {number: number}}", "{}", "How much."),
        Setting("phases", "list of section", "[]", "In order."),
        Setting("phases[].tokens", "count", None, "Its budget."),
    ]


def test_a_size_is_written_as_one() -> None:
    class Sized(BaseModel):
        memory: Annotated[int, BeforeValidator(parse_bytes)] = Field(1 << 26, description="Most.")
        odd: Annotated[int, BeforeValidator(parse_bytes)] = Field(1500, description="Most.")

    assert [each.default for each in describe_settings(Sized)] == ["64MiB", "1500"]


def test_what_a_model_says_of_itself() -> None:
    assert summary(Example) == "What is read."
    assert explanation(Example) == "What is read.\n\nAdds `lang`."
