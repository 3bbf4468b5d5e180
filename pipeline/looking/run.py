"""``open_run``: what a run left, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from formats.documents import PARALLEL_SOURCE, document_files
from formats.run_folder import NotARunFolder, RunFolder
from pipeline.looking import tables

if TYPE_CHECKING:
    import pyarrow as pa

    from formats.shards import TokenShards


def open_run(path: str) -> Run:
    """Open a finished run.

    >>> run = open_run("runs/mix_2T")                                       # doctest: +SKIP
    >>> run.languages().to_pandas()                                         # doctest: +SKIP
    >>> run.documents(["id", "text", "quality"], lang="th", limit=100)      # doctest: +SKIP

    Raises:
        NotARunFolder: there is no finished run.
    """
    run = Run(RunFolder(path))
    run.summary  # noqa: B018 - a wrong path is told at once
    return run


class Run:
    """A finished run. Every method reads what it needs, and keeps nothing but the summary."""

    def __init__(self, folder: RunFolder) -> None:
        """Of a run folder."""
        self.folder = folder

    def __repr__(self) -> str:
        kept = self.summary["kept"]["documents"]
        return f"<Run {self.folder.path}: {kept:,} documents kept>"

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All counts, as in ``summary.json``."""
        return self.folder.read_summary()

    def funnel(self) -> pa.Table:
        """What each stage let through: stage, documents, text_bytes, dropped."""
        return tables.funnel(self.summary)

    def languages(self) -> pa.Table:
        """Before and after: lang, documents_read, documents_kept, bytes_read, bytes_kept."""
        return tables.languages(self.summary)

    def reasons(self) -> pa.Table:
        """Why documents went: stage, rule, lang, documents, text_bytes."""
        return tables.reasons(self.summary)

    def mixture(self) -> pa.Table:
        """Wanted and realised shares: see ``tables.mixture``."""
        return tables.mixture(self.summary)

    def mixture_along(self, phase: str | None = None, points: int = 100) -> pa.Table:
        """Shares of the components in pieces of a phase: see ``along.component_counts``."""
        from pipeline.looking.along import component_counts

        return component_counts(self.shards(), phase, points)

    def tokens(self) -> pa.Table:
        """What the tokenizer made of each component: see ``tables.tokens``."""
        return tables.tokens(self.summary)

    def timings(self) -> pa.Table:
        """Where time went: see ``tables.timings``."""
        return tables.timings(self.summary)

    def documents(
        self,
        columns: Sequence[str] | None = None,
        *,
        lang: str | Sequence[str] | None = None,
        source: str | None = None,
        where: Any = None,
        limit: int | None = None,
        parallel: bool = False,
    ) -> pa.Table:
        """Kept documents, in the order of files.

        Args:
            columns: only these; all where None. A column that only some files have is null in
                the others.
            lang: only of this language or these.
            source: only of this source.
            where: a condition of ``pyarrow.dataset``: ``ds.field("quality") > 0.9``.
            limit: so many at most.
            parallel: the parallel documents that pairing made instead.

        Raises:
            ValueError: there is no such column.
        """
        import pyarrow.dataset as ds

        made = ds.field("source") == PARALLEL_SOURCE
        condition = made if parallel else ~made
        if source is not None:
            condition &= ds.field("source") == source
        where = condition if where is None else condition & where
        return self._read(self.folder.documents_path, columns, lang, where, limit)

    def removed(
        self,
        stage: str,
        columns: Sequence[str] | None = None,
        *,
        rule: str | None = None,
        lang: str | Sequence[str] | None = None,
        where: Any = None,
        limit: int | None = None,
    ) -> pa.Table:
        """What a stage dropped, with ``drop_reason``; arguments as of ``documents``.

        Raises:
            NotARunFolder: the stage dropped nothing; the message names those that did.
            ValueError: there is no such column.
        """
        import pyarrow.compute as pc
        import pyarrow.dataset as ds

        if stage not in self.folder.removed_stages():
            stages = ", ".join(self.folder.removed_stages()) or "none"
            raise NotARunFolder(f"stage {stage!r} dropped nothing; those that did: {stages}")
        if rule is not None:
            condition = pc.starts_with(ds.field("drop_reason"), f"{rule}:") | (
                ds.field("drop_reason") == rule
            )
            where = condition if where is None else condition & where
        return self._read(self.folder.removed_path(stage), columns, lang, where, limit)

    def shards(self) -> TokenShards:
        """The training rows: ``run.shards().row("pretrain", 0)``."""
        from formats.shards import TokenShards

        return TokenShards(self.folder.shards_path)

    def tokenizer(self) -> Any:
        """The run's tokenizer, as ``tokenizers.Tokenizer``."""
        from tokenizers import Tokenizer

        return Tokenizer.from_file(f"{self.folder.tokenizer_path}/tokenizer.json")

    def _read(
        self,
        path: str,
        columns: Sequence[str] | None,
        lang: str | Sequence[str] | None,
        where: Any,
        limit: int | None,
    ) -> pa.Table:
        import pyarrow as pa
        import pyarrow.dataset as ds

        parts = [ds.dataset(name) for name in document_files(path)]
        schema = pa.unify_schemas([part.schema for part in parts])
        unknown = [name for name in columns or () if name not in schema.names]
        if unknown:
            raise ValueError(
                f"{path} has no column {unknown[0]!r}; there are: {', '.join(schema.names)}"
            )
        if lang is not None:
            wanted = ds.field("lang").isin([lang] if isinstance(lang, str) else list(lang))
            where = wanted if where is None else where & wanted
        dataset = ds.dataset(parts, schema=schema)
        names = None if columns is None else list(columns)
        if limit is None:
            return dataset.to_table(columns=names, filter=where)
        return dataset.head(limit, columns=names, filter=where)
