"""Kinds of values in a configuration: numbers as YAML and the command line write them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _as_number(value: Any) -> Any:
    """YAML reads 6e-4 and 1e3 as text, and so is what stands in a variable; true is no number."""
    if isinstance(value, bool):
        raise ValueError("a number is wanted")
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value
        return int(number) if number.is_integer() else number
    return value


Count = Annotated[int, BeforeValidator(_as_number), Field(ge=1)]
CountOrNone = Annotated[int, BeforeValidator(_as_number), Field(ge=0)]
Positive = Annotated[float, BeforeValidator(_as_number), Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, BeforeValidator(_as_number), Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, BeforeValidator(_as_number), Field(ge=0, le=1)]
Beta = Annotated[float, BeforeValidator(_as_number), Field(gt=0, lt=1)]


class Section(BaseModel):
    """A section of the configuration: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
