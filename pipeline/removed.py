"""Samples of what was dropped: per stage, rule and language, with the value that decided.

The rows with the smallest ids, which are hashes: a sample by chance that is the same every time.
Ids, languages and reasons are searched first; texts are read of the chosen rows only.
"""

from __future__ import annotations

import difflib
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import UNKNOWN_LANGUAGE, document_files
from formats.storage import filesystem

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

ROWS_SEARCHED = 200_000
"""Dropped rows of a stage that are looked at before a sample is taken to be one of all."""
SHOWN = ("id", "text", "origin", "url", "lang", "drop_reason", "duplicate_of")
"""Columns of a sample, where the run has them."""


class UnknownRemoval(ValueError):  # noqa: N818 - the name a user reads: what it is, not what we do
    """Neither a stage nor a rule dropped anything under this name."""


class Reason(NamedTuple):
    """``"rule: value vs threshold"``, taken apart; what a reason lacks is empty."""

    rule: str
    value: str
    threshold: str


@dataclass(frozen=True)
class Sample:
    """A dropped document."""

    stage: str
    lang: str
    reason: Reason
    row: dict[str, Any]
    """``SHOWN``; null where the run has no such column."""


class Selection(NamedTuple):
    """Which rules of which stages are meant; no rules: all."""

    stages: tuple[str, ...]
    rules: tuple[str, ...]


def parse_reason(text: str) -> Reason:
    """Take a reason apart.

    >>> parse_reason("gopher_short_doc: 12 vs 50")
    Reason(rule='gopher_short_doc', value='12', threshold='50')
    >>> parse_reason("language: sw vs keep").value
    'sw'
    """
    rule, _, rest = text.partition(": ")
    value, versus, threshold = rest.rpartition(" vs ")
    return Reason(rule, value if versus else rest, threshold if versus else "")


def select(summary: dict[str, Any], name: str) -> Selection:
    """What a name means: a stage, a rule, or the beginning of several rules (``gopher``).

    Raises:
        UnknownRemoval: none of them; names those there are.
    """
    rules = {entry["stage"]: list(entry["reasons"]) for entry in summary["funnel"]}
    dropped = {stage: names for stage, names in rules.items() if names}
    if name in dropped:
        return Selection((name,), ())
    if name in rules:
        raise UnknownRemoval(f"stage {name!r} dropped nothing in this run")
    for matches in (
        {s: [rule for rule in names if rule == name] for s, names in dropped.items()},
        {s: [rule for rule in names if rule.startswith(name)] for s, names in dropped.items()},
    ):
        stages = tuple(stage for stage, names in matches.items() if names)
        if stages:
            return Selection(stages, tuple(rule for stage in stages for rule in matches[stage]))
    known = [*dropped, *(rule for names in dropped.values() for rule in names)]
    near = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    listed = "; ".join(f"{stage}: {', '.join(names)}" for stage, names in dropped.items())
    raise UnknownRemoval(
        f"nothing was dropped under the name {name!r} ({hint}stages and their rules: {listed})"
        if known
        else f"nothing was dropped in this run, under {name!r} or any other name"
    )


def samples(
    folder: RunFolder,
    stage: str,
    per_cell: int,
    rules: Sequence[str] = (),
    lang: str | None = None,
    rows_searched: int = ROWS_SEARCHED,
) -> list[Sample]:
    """A few dropped documents of each rule and language of a stage.

    Args:
        folder: the run.
        stage: its name.
        per_cell: how many of a rule in a language at most.
        rules: only these; none: all.
        lang: only this language.
        rows_searched: stop after the file in which so many rows were seen, if something was found.

    Returns:
        By rule, language and id.
    """
    best: dict[tuple[str, str], list[_Place]] = defaultdict(list)
    searched = 0
    for file in _spread(document_files(folder.removed_path(stage))):
        for group, light in _row_groups(file):
            searched += light.num_rows
            for cell, places in _smallest(light, file, group, per_cell, rules, lang).items():
                best[cell] = sorted(best[cell] + places)[:per_cell]
        if searched >= rows_searched and best:
            break
    wanted = [place for cell in sorted(best) for place in best[cell]]
    rows = _fetch(wanted)
    return [
        Sample(
            stage,
            rows[p]["lang"] or UNKNOWN_LANGUAGE,
            parse_reason(rows[p]["drop_reason"]),
            rows[p],
        )
        for p in wanted
    ]


class _Place(NamedTuple):
    """Where a row stands; compared by its id first."""

    id: str
    file: str
    group: int
    row: int


def _spread(files: list[str]) -> list[str]:
    """Files in an order by chance, the same every time: neighbours are of one source."""
    return sorted(files, key=lambda f: hashlib.sha256(f.rsplit("/", 1)[-1].encode()).digest())


def _row_groups(file: str) -> Any:
    """Number of each row group and its ids, languages and reasons."""
    import pyarrow.parquet as pq

    files, inner = filesystem(file)
    with files.open(inner, "rb") as stream:
        parquet = pq.ParquetFile(stream)
        for group in range(parquet.num_row_groups):
            yield group, parquet.read_row_group(group, ["id", "lang", "drop_reason"])


def _smallest(
    light: pa.Table, file: str, group: int, per_cell: int, rules: Sequence[str], lang: str | None
) -> dict[tuple[str, str], list[_Place]]:
    """The rows of smallest ids of each rule and language of a row group."""
    rule = pc.list_element(pc.split_pattern(light["drop_reason"], ": ", max_splits=1), 0)
    language = pc.fill_null(light["lang"], UNKNOWN_LANGUAGE)
    table = pa.table(
        {"rule": rule, "lang": language, "id": light["id"], "row": np.arange(light.num_rows)}
    )
    if rules:
        table = table.filter(pc.is_in(table["rule"], value_set=pa.array(rules, pa.string())))
    if lang is not None:
        table = table.filter(pc.equal(table["lang"], lang))
    table = table.sort_by([(name, "ascending") for name in ("rule", "lang", "id")])
    cells = pc.binary_join_element_wise(table["rule"], table["lang"], "\0").combine_chunks()
    codes = cells.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    first = np.searchsorted(codes, codes)  # sorted, so codes ascend
    chosen = table.take(np.flatnonzero(np.arange(len(codes)) - first < per_cell)).to_pylist()
    found: dict[tuple[str, str], list[_Place]] = defaultdict(list)
    for entry in chosen:
        place = _Place(entry["id"], file, group, entry["row"])
        found[entry["rule"], entry["lang"]].append(place)
    return found


def _fetch(places: Sequence[_Place]) -> dict[_Place, dict[str, Any]]:
    """The rows at these places; every row group is read once."""
    import pyarrow.parquet as pq

    groups: dict[tuple[str, int], list[_Place]] = defaultdict(list)
    for place in places:
        groups[place.file, place.group].append(place)
    found = {}
    for (file, group), here in groups.items():
        files, inner = filesystem(file)
        with files.open(inner, "rb") as stream:
            parquet = pq.ParquetFile(stream)
            names = [name for name in SHOWN if name in parquet.schema_arrow.names]
            table = parquet.read_row_group(group, names).take([place.row for place in here])
        for place, row in zip(here, table.to_pylist(), strict=True):
            found[place] = dict.fromkeys(SHOWN) | row
    return found
