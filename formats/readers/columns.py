"""Which input columns become which fields of a document."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

FIELDS = ("text", "id", "lang", "url", "pair_key", "quality")
"""What a recipe's ``columns`` may name, beside ``meta``."""

GUESSES: dict[str, tuple[str, ...]] = {
    "text": ("text", "content", "raw_content"),
    "id": ("id",),
    "lang": ("lang", "language"),
    "url": ("url", "link"),
    "pair_key": ("pair_key",),
    "quality": (),
}
"""Where a field is looked for when the recipe does not say; the first that has a value counts."""

DOCUMENT_COLUMNS = {
    "id": "original_id",
    "lang": "declared_lang",
    "url": "url",
    "pair_key": "pair_key",
}
"""The document columns that the fields fill, beside ``text`` and ``quality``."""


@dataclass(frozen=True)
class ColumnChoice:
    """Names of input columns, each for one field."""

    names: tuple[str, ...]
    """Those of one field stand together, by falling rank."""
    fields: tuple[int, ...]
    """[names] index into ``FIELDS``."""
    required: tuple[str, ...]
    """Columns the recipe asks for by name."""
    has_quality: bool
    """Documents get a column ``quality``."""
    keep_meta: bool
    """All other columns go to ``meta``; False where the recipe says ``meta: null``."""

    def of(self, field: str) -> tuple[str, ...]:
        """The names of one field."""
        index = FIELDS.index(field)
        return tuple(n for n, f in zip(self.names, self.fields, strict=True) if f == index)

    @cached_property
    def key_bytes(self) -> np.ndarray:
        """uint8: the names as they stand between the quotes of canonical JSON, joined."""
        return np.frombuffer(b"".join(self._keys), np.uint8)

    @cached_property
    def key_offsets(self) -> np.ndarray:
        """int64 [names + 1]: where each name begins in ``key_bytes``."""
        return np.cumsum([0, *map(len, self._keys)], dtype=np.int64)

    @cached_property
    def key_fields(self) -> np.ndarray:
        """int64 [names]: ``fields`` as an array."""
        return np.array(self.fields, np.int64)

    @property
    def _keys(self) -> list[bytes]:
        import orjson

        return [orjson.dumps(name)[1:-1] for name in self.names]


def choose_columns(columns: Mapping[str, str | None]) -> ColumnChoice:
    """Complete a recipe's ``columns`` with the guesses.

    Args:
        columns: our name -> input column; null: the field stays empty (the input's column of
            that name then goes to ``meta`` like any other). ``meta: null``: other columns are
            not read at all.

    Raises:
        ValueError: a name that is not ours, an input column used twice, no column for the text.
    """
    for ours, theirs in columns.items():
        if ours not in FIELDS and (ours != "meta" or theirs is not None):
            valid = ", ".join(FIELDS)
            near = difflib.get_close_matches(ours, FIELDS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"columns: {ours!r} is not one of {valid}, meta: null{hint}")
    if "text" in columns and columns["text"] is None:
        raise ValueError("columns: text cannot be null: a document is its text")
    asked = [theirs for theirs in columns.values() if theirs is not None]
    for theirs in asked:
        if asked.count(theirs) > 1:
            raise ValueError(f"columns: input column {theirs!r} is used twice")
    names: list[str] = []
    fields: list[int] = []
    for index, field in enumerate(FIELDS):
        if field in columns:
            theirs = columns[field]
            candidates: tuple[str, ...] = () if theirs is None else (theirs,)
        else:
            candidates = tuple(name for name in GUESSES[field] if name not in asked)
        names += candidates
        fields += [index] * len(candidates)
    return ColumnChoice(
        names=tuple(names),
        fields=tuple(fields),
        required=tuple(asked),
        has_quality=columns.get("quality") is not None,
        keep_meta="meta" not in columns,
    )
