"""Arrow columns written as JSON text, a column at a time.

Numbers, truth values and strings that need no escape never become Python objects.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_MUST_ESCAPE = r'["\\\x00-\x1f]'
"""The characters JSON strings cannot hold as they are (RFC 8259, section 7)."""


def json_objects(columns: Mapping[str, pa.Array]) -> pa.Array:
    """One JSON object a row.

    Args:
        columns: name -> values [rows], one column at least; strings are valid UTF-8.

    Returns:
        string [rows]; a null of the input is ``null`` in the object.
    """
    import orjson

    pieces: list[Any] = []
    for index, (name, column) in enumerate(columns.items()):
        key = ("{" if index == 0 else ",") + orjson.dumps(name).decode() + ":"
        pieces += [pa.scalar(key, pa.large_string()), json_values(column)]
    pieces.append(pa.scalar("}", pa.large_string()))
    empty = pa.scalar("", pa.large_string())
    return pc.binary_join_element_wise(*pieces, empty).cast(pa.string())


def json_values(column: pa.Array) -> pa.Array:
    """Every value as JSON text.

    Floats that are not finite are ``null``; dates and times are ISO 8601 strings; decimals are
    strings; bytes are Base64 strings.

    Returns:
        large_string [rows], no nulls.
    """
    kind = column.type
    if pa.types.is_large_string(kind):
        text = _quoted(column)
    elif pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        text = column.cast(pa.large_string())
    elif pa.types.is_floating(kind):
        finite = pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
        text = finite.cast(pa.large_string())
    else:
        text = pa.array([_dump(value) for value in column.to_pylist()], pa.large_string())
    return pc.fill_null(text, "null")


def _quoted(column: pa.Array) -> pa.Array:
    """Strings between quotes, escaped where they must be."""
    import orjson

    quote, empty = pa.scalar('"', pa.large_string()), pa.scalar("", pa.large_string())
    quoted = pc.binary_join_element_wise(quote, column, quote, empty)
    special = pc.fill_null(pc.match_substring_regex(column, _MUST_ESCAPE), False)
    if not pc.any(special).as_py():
        return quoted
    escaped = [orjson.dumps(value).decode() for value in column.filter(special).to_pylist()]
    return pc.replace_with_mask(quoted, special, pa.array(escaped, pa.large_string()))


def _dump(value: Any) -> str | None:
    """One value of any type as JSON text."""
    import orjson

    if value is None:
        return None
    return orjson.dumps(value, default=_plain_value, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain_value(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
