"""Conditions on columns: which documents a component or a phase takes.

A condition is ``{column: value}``; several columns must all agree. A value is

    "en"             this text
    "*"              anything but null
    ["en", "fr"]     one of these texts
    ">=0.8", "<3"    a comparison on a number; ">=0.5 <0.8" asks for both
    3, 0.5, true     this number or truth value

``not`` holds conditions of which none may hold, all columns of one together: ``{not: {lang: en,
source: web}}`` leaves out what is both English and from the web; a list of such leaves out each.

A null (or a number that is none) agrees with nothing. ``matches`` answers for a batch,
``assign_components`` names the first component of a list that takes a row.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Condition = bool | int | float | str | list[str]
Where = Mapping[str, Any]
"""Column -> ``Condition``; ``NOT`` -> a where, or a list of them."""
NOT = "not"

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_COMPARISON = re.compile(rf"(>=|<=|==|!=|>|<)\s*({_NUMBER})")
_COMPARISONS = re.compile(rf"\s*(?:(?:>=|<=|==|!=|>|<)\s*{_NUMBER}\s*)+")
_TEMPLATE = re.compile(r"\$\{([^}]+)\}")
_COMPARE = {
    ">=": pc.greater_equal,
    "<=": pc.less_equal,
    ">": pc.greater,
    "<": pc.less,
    "==": pc.equal,
    "!=": pc.not_equal,
}


class Component(Protocol):
    """What ``assign_components`` needs to know of a component."""

    @property
    def name(self) -> str:
        """The component's name; ``${column}`` is filled from the row."""

    @property
    def where(self) -> Where:
        """Which rows it takes."""


def columns_of(where: Where, name: str = "") -> list[str]:
    """Columns that a condition reads, and the ``${column}`` parts of a name; each once, in order.

    >>> columns_of({"lang": "*"}, "${source}-${lang}")
    ['lang', 'source']
    """
    columns: list[str] = []
    for column, condition in where.items():
        inner = exceptions(condition) if column == NOT else []
        columns += [c for other in inner for c in columns_of(other)] if column == NOT else [column]
    return list(dict.fromkeys([*columns, *_TEMPLATE.findall(name)]))


def exceptions(condition: Any) -> list[Where]:
    """What stands under ``not``, as a list."""
    return list(condition) if isinstance(condition, list) else [condition]


def valid_where(where: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions, if they are such.

    Raises:
        ValueError: one has the wrong type.
    """
    for column, condition in where.items():
        if column == NOT:
            for inner in exceptions(condition):
                if not isinstance(inner, Mapping) or not inner:
                    raise ValueError(f"`not` takes conditions such as {{lang: en}}, not {inner!r}")
                valid_where(inner)
            continue
        texts = isinstance(condition, list) and all(isinstance(text, str) for text in condition)
        if not texts and not isinstance(condition, bool | int | float | str):
            raise ValueError(
                f"condition {condition!r} on {column!r}: give a text, a list of texts, a number, "
                'a truth value, or a comparison such as ">=0.8"'
            )
    return dict(where)


def matches(batch: pa.RecordBatch, where: Where) -> np.ndarray:
    """Tell where every condition holds; an empty ``where`` takes all rows.

    Returns:
        bool [rows].

    Raises:
        ValueError: when a column is not there or a condition does not suit its type.
    """
    found = np.ones(batch.num_rows, np.bool_)
    for column, condition in where.items():
        if column == NOT:
            for inner in exceptions(condition):
                found &= ~matches(batch, inner)
            continue
        found &= _as_numpy(_matches_column(_column(batch, column), column, condition))
    return found


def assign_components(batch: pa.RecordBatch, components: Sequence[Component]) -> pa.StringArray:
    """Name the first component whose ``where`` takes the row.

    A row whose ``${column}`` is null goes on to the next component.

    Returns:
        string [rows], null where no component takes the row.

    Raises:
        ValueError: when a column is not there or a condition does not suit its type.
    """
    assigned = pa.nulls(batch.num_rows, pa.string())
    for component in components:
        taken = pa.array(matches(batch, component.where))
        names = _filled(batch, component.name)
        free = pc.and_(pc.is_null(assigned), taken)
        assigned = pc.if_else(free, names, assigned)
    return assigned


def _filled(batch: pa.RecordBatch, template: str) -> pa.Array | pa.Scalar:
    """The name for every row: ``"web-${lang}" -> ["web-en", null, ...]``."""
    parts = _TEMPLATE.split(template)  # text, column, text, column, ..., text
    if len(parts) == 1:
        return pa.scalar(template, pa.string())
    values = [
        _column(batch, part).cast(pa.string()) if number % 2 else pa.scalar(part, pa.string())
        for number, part in enumerate(parts)
    ]
    return pc.binary_join_element_wise(*values, pa.scalar("", pa.string()))


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """The column, dictionaries decoded, or an error that names those there are."""
    index = batch.schema.get_field_index(name)
    if index < 0:
        near = difflib.get_close_matches(name, batch.schema.names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"condition on unknown column {name!r}{hint} "
            f"The columns are: {', '.join(sorted(batch.schema.names))}"
        )
    column = batch.column(index)
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _matches_column(column: pa.Array, name: str, condition: Condition) -> pa.Array:
    """Where the condition holds: bool [rows], null where the column is null."""
    kind = column.type
    if condition == "*":
        return pc.is_valid(column)
    if isinstance(condition, bool):
        if not pa.types.is_boolean(kind):
            raise _unsuited(name, kind, condition)
        return pc.equal(column, condition)
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if isinstance(condition, int | float):
        condition = f"=={condition!r}"
    if isinstance(condition, str) and _COMPARISONS.fullmatch(condition):
        if not is_number:
            raise _unsuited(name, kind, condition)
        found = pc.is_valid(column)
        for operator, threshold in _COMPARISON.findall(condition):
            found = pc.and_(found, _compared(column, operator, threshold))
        return found
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise _unsuited(name, kind, condition)
    wanted = [condition] if isinstance(condition, str) else list(condition)
    return pc.is_in(column, value_set=pa.array(wanted, kind), skip_nulls=True)


def _compared(column: pa.Array, operator: str, threshold: str) -> pa.Array:
    """The comparison in the column's own type: float32 0.7 is not below 0.7."""
    kind = column.type
    if pa.types.is_floating(kind):
        compared = _COMPARE[operator](column, pa.scalar(float(threshold), pa.float64()).cast(kind))
        return pc.and_(compared, pc.invert(pc.is_nan(column)))
    if re.fullmatch(r"[-+]?\d+", threshold):
        return _COMPARE[operator](column, pa.scalar(int(threshold)))
    return _COMPARE[operator](column.cast(pa.float64()), pa.scalar(float(threshold)))


def _unsuited(name: str, kind: pa.DataType, condition: Condition) -> ValueError:
    return ValueError(
        f"condition {condition!r} does not suit column {name!r} of type {kind}: texts take a text, "
        'a list of texts or "*"; numbers take a comparison such as ">=0.8"'
    )


def _as_numpy(mask: pa.Array) -> np.ndarray:
    """The mask with nulls as False: bool [rows]."""
    filled = pc.fill_null(mask, False)
    result: np.ndarray = filled.to_numpy(zero_copy_only=False)
    return result
