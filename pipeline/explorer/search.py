"""Searching documents: DuckDB over the run's Parquet files, every value a bound parameter."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from formats.documents import PARALLEL_SOURCE, document_files

if TYPE_CHECKING:
    import duckdb

    from formats.run_folder import RunFolder

PAGE_SIZE = 50
SNIPPET = 320
"""Characters of a text in a list."""
KEPT, REMOVED, PARALLEL = "kept", "removed", "parallel"
NUMBERS = ("FLOAT", "DOUBLE", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT",
           "UINTEGER", "UBIGINT", "HUGEINT")  # fmt: skip


class BadSearch(ValueError):  # noqa: N818 - the name a user reads: what it is, not what we do
    """A search that cannot be made; the message says what would be valid."""


@dataclass(frozen=True)
class Search:
    """What is looked for; empty fields ask for nothing."""

    place: str = KEPT
    """``kept``, ``parallel``, ``removed``, or the stage that removed it."""
    text: str = ""
    """Words as they stand in the text, whatever their case."""
    lang: str = ""
    source: str = ""
    rule: str = ""
    """Of removed documents: the rule of their ``drop_reason``."""
    signal: str = ""
    """A column of numbers, for ``least`` and ``most``, and to sort by."""
    least: float | None = None
    most: float | None = None
    order: str = ""
    """``up`` or ``down`` by the signal; else as the files are."""
    page: int = 0

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Search:
        """From the query of a URL.

        Raises:
            BadSearch: a bound or the page is no number.
        """
        words = {name: query.get(name, "").strip()
                 for name in ("text", "lang", "source", "rule", "signal", "order")}  # fmt: skip
        bounds = {name: _number(name, query.get(name, "")) for name in ("least", "most")}
        page = _number("page", query.get("page", "")) or 0
        place = query.get("place", "") or KEPT
        return cls(place=place, **words, **bounds, page=max(0, int(page)))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Found:
    """A page of results."""

    rows: list[dict[str, Any]]
    """id, lang, source, origin, start (of the text), characters, drop_stage, drop_reason, value."""
    total: int


@dataclass(frozen=True)
class Choices:
    """What a search may ask for in this run."""

    stages: list[str]
    languages: list[str]
    sources: list[str]
    rules: list[str]
    signals: list[str] = field(default_factory=list)


class Documents:
    """The documents of a run, kept and removed, as one table."""

    def __init__(self, folder: RunFolder) -> None:
        """Look at the files' schemas; no rows are read.

        Raises:
            NotARunFolder: there is no run, or it has no summary.
        """
        import duckdb

        self.folder = folder
        self.summary = folder.read_summary()
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect()
        # Nothing but this run's files may be read, and no extension fetched.
        self._connection.execute("SET autoinstall_known_extensions = false")
        self._connection.execute("SET autoload_known_extensions = false")
        self._places = self._make_views()
        types: dict[str, str] = {}
        for place in self._places:
            types |= dict(self._query(f"SELECT column_name, column_type FROM (DESCRIBE {place})"))
        self.columns = list(types)
        self.choices = self._choices([name for name, kind in types.items() if kind in NUMBERS])

    def find(self, search: Search) -> Found:
        """A page of documents.

        Raises:
            BadSearch: there is no such place or signal; names those there are.
        """
        table = self._table(search.place)
        conditions, values = self._conditions(search)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        value = f'"{search.signal}"' if search.signal else "NULL"
        order = {"up": f"ORDER BY {value}, id", "down": f"ORDER BY {value} DESC NULLS LAST, id"}
        start = self._start(search)
        names = ["id", "lang", "source", "origin", "start", "characters", "drop_stage",
                 "drop_reason", "value"]  # fmt: skip
        total = self._query(f"SELECT count(*) FROM {table} {where}", values)[0][0]
        if not total:
            return Found([], 0)
        rows = self._query(
            f"SELECT id, lang, source, origin, {start} AS start, length(text) AS characters, "
            f"drop_stage, drop_reason, {value} AS value FROM {table} {where} "
            f"{order.get(search.order, '') if search.signal else ''} "
            f"LIMIT {PAGE_SIZE} OFFSET {search.page * PAGE_SIZE}",
            ([search.text] * 2 if search.text else []) + values,
        )
        return Found([dict(zip(names, row, strict=True)) for row in rows], total)

    def named(self, name: str) -> dict[str, Any] | None:
        """A document by its id, the first 16 digits of it, or ``path#position``."""
        from pipeline.trace import trace_document

        return trace_document(self.folder, name)

    def cluster(self, document: Mapping[str, Any], most: int = 50) -> list[dict[str, Any]]:
        """The other documents of a document's cluster of near-duplicates."""
        identifier = document.get("cluster_id")
        if not identifier or "cluster_id" not in self.columns:
            return []
        names = ["id", "lang", "origin", "drop_stage", "drop_reason"]
        found = []
        for place in self._places:
            found += self._query(
                f"SELECT {', '.join(names)} FROM {place} WHERE cluster_id = ? AND id <> ? "
                f"LIMIT {most}",
                [identifier, document["id"]],
            )
        return [dict(zip(names, row, strict=True)) for row in found[:most]]

    def _make_views(self) -> list[str]:
        """Views of the kept, the parallel, and what each stage removed, of the same columns."""
        files = {KEPT: document_files(self.folder.documents_path)}
        for stage in self.folder.removed_stages():
            files[f"removed_{stage}"] = document_files(self.folder.removed_path(stage))
        schemas = {}
        for name, paths in files.items():
            if not paths:
                continue
            self._connection.read_parquet(paths, union_by_name=True).create_view(f"raw_{name}")
            schemas[name] = dict(
                self._query(f'SELECT column_name, column_type FROM (DESCRIBE "raw_{name}")')
            )
        names = dict.fromkeys(["drop_stage", "drop_reason", "cluster_id"])
        names |= dict.fromkeys(column for schema in schemas.values() for column in schema)
        places = []
        for name, schema in schemas.items():
            listed = ", ".join(
                f'"{column}"' if column in schema else f'NULL AS "{column}"' for column in names
            )
            for view, where in _views_of(name):
                self._query(f'CREATE VIEW "{view}" AS SELECT {listed} FROM "raw_{name}" {where}')
                places.append(f'"{view}"')
        removed = [place for place in places if place.startswith('"removed_')]
        if removed:
            parts = " UNION ALL BY NAME ".join(f"SELECT * FROM {place}" for place in removed)
            self._query(f'CREATE VIEW "{REMOVED}" AS {parts}')
        return places

    def _choices(self, signals: list[str]) -> Choices:
        removed = self.summary["removed"]
        languages = [*self.summary["read_by_language"], *self.summary["parallel"]]
        return Choices(
            stages=self.folder.removed_stages(),
            languages=languages,
            sources=[source["name"] for source in self.summary["sources"]],
            rules=sorted({row["rule"] for row in removed}),
            signals=sorted(signals),
        )

    def _table(self, place: str) -> str:
        name = place if place in (KEPT, PARALLEL, REMOVED) else f"removed_{place}"
        if f'"{name}"' not in self._places and not (name == REMOVED and self.choices.stages):
            valid = ", ".join([KEPT, PARALLEL, REMOVED, *self.choices.stages])
            raise BadSearch(f"no documents under {place!r}; there are: {valid}")
        return f'"{name}"'

    def _conditions(self, search: Search) -> tuple[list[str], list[Any]]:
        """SQL with a mark for each value."""
        conditions: list[str] = []
        values: list[Any] = []
        if search.text:
            # Half the time of comparing lower-cased texts, which would have to be made first.
            conditions.append("regexp_matches(text, regexp_escape(?), 'i')")
            values.append(search.text)
        for column in ("lang", "source"):
            if getattr(search, column):
                conditions.append(f"{column} = ?")
                values.append(getattr(search, column))
        if search.rule:
            conditions.append("split_part(drop_reason, ':', 1) = ?")
            values.append(search.rule)
        if search.signal and search.signal not in self.choices.signals:
            valid = ", ".join(self.choices.signals)
            raise BadSearch(f"no column of numbers is called {search.signal!r}; there are: {valid}")
        for bound, sign in ((search.least, ">="), (search.most, "<=")):
            if bound is not None and search.signal:
                conditions.append(f'"{search.signal}" {sign} ?')
                values.append(bound)
        return conditions, values

    def _start(self, search: Search) -> str:
        """What is shown of a text: from its beginning, or around what was looked for."""
        if not search.text:
            return f"substr(text, 1, {SNIPPET})"
        place = "greatest(1, instr(lower(text), lower(?)) - 80)"
        more = "CASE WHEN instr(lower(text), lower(?)) > 81 THEN '… ' ELSE '' END"
        return f"{more} || substr(text, {place}, {SNIPPET})"

    def _query(self, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with self._lock:
            result = self._connection.execute(sql, values or [])
            return result.fetchall() if result.description else []


def _views_of(name: str) -> list[tuple[str, str]]:
    """Kept documents stand apart from the parallel ones that were made of them."""
    if name != KEPT:
        return [(name, "")]
    return [
        (KEPT, f"WHERE source <> '{PARALLEL_SOURCE}'"),
        (PARALLEL, f"WHERE source = '{PARALLEL_SOURCE}'"),
    ]


def _number(name: str, given: str) -> float | None:
    if not given.strip():
        return None
    try:
        return float(given)
    except ValueError as error:
        raise BadSearch(f"{name} is {given!r}: a number is wanted") from error
