"""The stage ``pii``: personal data become placeholders.

What is found, and how: see ``layouts`` (numbers), ``email_kernels``, ``ip_kernels``. A batch in
which nothing is found keeps its column, not copied.
"""

from __future__ import annotations

from typing import ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from formats.buffers import text_buffers, text_column
from stages.base import MapStage, alive, set_column
from stages.pii.kinds import GROUPS, PLACEHOLDERS, Group, groups_of_kinds, kind_numbers

PREFIX = "pii_"
FIRST_ROOM = 4096
"""Findings that fit at first; room is doubled when they do not."""


class Findings(NamedTuple):
    """Places with personal data, in the order of the text."""

    rows: np.ndarray
    """int64 [findings]"""
    begins: np.ndarray
    """int64 [findings]: first byte in the column's data."""
    stops: np.ndarray
    """int64 [findings]: byte after the last."""
    kinds: np.ndarray
    """int64 [findings]: position in ``shapes_kernels.KINDS``."""


class Pii(MapStage):
    """Replace personal data by placeholders, and count them.

    Needs ``text``; reads ``lang`` (else ``declared_lang``) for the ways in which a country writes
    its telephone and national numbers. Adds an int32 column ``pii_<group>`` for each of
    ``kinds.GROUPS``: how many were replaced, null on rows dropped earlier.
    """

    name: ClassVar[str] = "pii"
    shows_before: ClassVar[bool] = False

    kinds: list[str] = Field(
        list(GROUPS),
        description="What is looked for: email, phone, ip, credit_card, iban, national_id (all "
        "national numbers) or single ones of those, such as us_ssn or br_cpf.",
    )
    ip_addresses: Literal["global", "public", "all"] = Field(
        "public",
        description="Which internet addresses: global ones; these and the ranges reserved for "
        "examples, which stand for them; or private, loopback and the like too.",
    )
    placeholders: dict[Group, str] = Field(
        {}, description="What is written instead, by group; the others keep their default."
    )

    def check_settings(self) -> None:
        """Known kinds, and placeholders in which nothing would be found again."""
        kind_numbers(self.kinds)
        for group, placeholder in self.placeholders.items():
            column = pa.array([placeholder], pa.large_string())
            found = find(column, np.ones(1, np.bool_), ["en"], list(GROUPS), "all")
            if len(found.rows):
                raise ValueError(
                    f"placeholders.{group}: {placeholder!r} is personal data itself: it would be "
                    f"counted again at every run; write something like {PLACEHOLDERS[group]!r}"
                )

    def assets(self) -> list[str]:
        """The telephone plans and context words."""
        from stages.pii.contexts import PATH
        from stages.pii.layouts import PHONES

        return [str(PHONES), str(PATH)]

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with placeholders and counts."""
        from stages.quality.measuring import language_codes

        living = alive(batch)
        codes, names = language_codes(batch)
        column = batch.column("text")
        found = find(column, living, names, self.kinds, self.ip_addresses, codes)
        if len(found.rows):
            replacements = [(PLACEHOLDERS | self.placeholders)[group] for group in GROUPS]
            batch = set_column(batch, "text", replaced(column, found, replacements))
        for group, values in zip(GROUPS, counts(found, batch.num_rows), strict=True):
            batch = set_column(batch, PREFIX + group, pa.array(values, pa.int32(), mask=~living))
        return batch

    def repairs(self, batch: pa.RecordBatch) -> dict[str, np.ndarray]:
        """How many of each group were replaced."""
        columns = {group: pc.fill_null(batch.column(PREFIX + group), 0) for group in GROUPS}
        return {group: column.to_numpy(zero_copy_only=False) for group, column in columns.items()}


def find(
    column: pa.Array,
    living: np.ndarray,
    names: list[str],
    kinds: list[str],
    ip_addresses: str = "public",
    codes: np.ndarray | None = None,
) -> Findings:
    """Find personal data in texts.

    Args:
        column: large_string [rows].
        living: bool [rows]; other rows are not looked at.
        names: languages.
        kinds: groups and kinds wanted.
        ip_addresses: as the setting of the stage.
        codes: int64 [rows], positions in ``names``; None: row i is in the i-th language.
    """
    from stages.pii import scan_kernels as kernels
    from stages.pii.characters_kernels import number_characters
    from stages.pii.contexts import context_words
    from stages.pii.layouts import tables

    data, offsets = text_buffers(column)
    known = tables()
    numbers = np.array([known.languages.get(name, 0) for name in names], np.int64)
    wanted = np.uint64(sum(1 << kind for kind in kind_numbers(kinds)))
    most = ["global", "public", "all"].index(ip_addresses)
    found = Findings(*(np.empty(FIRST_ROOM, np.int64) for _ in Findings._fields))
    state = np.zeros(2, np.int64)
    while True:
        kernels.scan(
            data, offsets, living, numbers if codes is None else numbers[codes], wanted, most,
            *number_characters(), *known[1:], *context_words(), *found, state,
        )  # fmt: skip
        if state[kernels.NEXT_ROW] == len(living):
            return Findings(*(values[: state[kernels.FOUND]] for values in found))
        found = Findings(*(np.concatenate([values, np.empty_like(values)]) for values in found))


def replaced(column: pa.Array, found: Findings, placeholders: list[str]) -> pa.Array:
    """The column with placeholders (one per group) where findings stand."""
    from stages.pii.replace_kernels import replace

    data, offsets = text_buffers(column)
    encoded = [placeholder.encode() for placeholder in placeholders]
    sizes = np.array([len(placeholder) for placeholder in encoded], np.int64)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    groups = np.array(groups_of_kinds(), np.int64)[found.kinds]
    growth = int(sizes[groups].sum() - (found.stops - found.begins).sum())
    out = np.empty(int(offsets[-1] - offsets[0]) + growth, np.uint8)
    out_offsets = np.empty(len(offsets), np.int64)
    texts = np.frombuffer(b"".join(encoded), np.uint8)
    replace(data, offsets, *found[:3], groups, texts, starts, out, out_offsets)
    return text_column(out, out_offsets)


def counts(found: Findings, rows: int) -> np.ndarray:
    """int32 [groups, rows]: how many findings each document has."""
    groups = np.array(groups_of_kinds(), np.int64)[found.kinds]
    flat = np.bincount(groups * rows + found.rows, minlength=len(GROUPS) * rows)
    return flat.reshape(len(GROUPS), rows).astype(np.int32)
