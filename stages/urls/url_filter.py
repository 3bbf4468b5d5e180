"""The stage ``url_filter``: documents go by the domain they come from, or by words in their URL.

Lists are files by path, named in the recipe, and the reason of a drop says which list and which
entry it was. Nothing is bundled.
"""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from formats.buffers import text_buffers
from stages.base import MapStage, alive, mark_dropped
from stages.urls.lists import Table, ascii_host, domain_table, word_table

URL = "url"


class UrlFilter(MapStage):
    """Drop documents whose ``url`` is on a list; those without one pass.

    A listed domain stands for itself and all below it: ``a.b.example.co.uk`` is dropped for
    ``example.co.uk``. User, port, case, a final dot and the spelling of names in other scripts do
    not matter. Reasons: ``domain: example.co.uk vs adult``, ``word: casino vs gambling``.
    """

    name: ClassVar[str] = "url_filter"

    block: dict[str, str] = Field(
        {}, description="Name of a list -> file with one domain a line (or a hosts file)."
    )
    allow: dict[str, str] = Field(
        {}, description="Lists of domains whose documents stay, whatever other lists say."
    )
    words: dict[str, str] = Field(
        {}, description="Lists of words, one a line; a URL that has one of them is dropped."
    )

    def assets(self) -> list[str]:
        """All lists."""
        return [*self.block.values(), *self.allow.values(), *self.words.values()]

    def check_settings(self) -> None:
        """Read all lists, so that a mistake in one stops the run before it begins."""
        self._domains()
        word_table(tuple(self.words.values()))

    def _domains(self) -> Table:
        """All domains; the allow-lists come first."""
        return domain_table((*self.allow.values(), *self.block.values()))

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with the reasons of what is dropped."""
        if URL not in batch.schema.names:
            return batch
        urls = batch.column(URL)
        looked_at = alive(batch) & pc.is_valid(urls).to_numpy(zero_copy_only=False)
        table = self._domains()
        hits, allowed = match_domains(urls, looked_at, table, len(self.allow))
        names = [*self.allow, *self.block]
        reasons = reasons_of("domain", hits, table, names)
        if self.words:
            table = word_table(tuple(self.words.values()))
            hits = match_words(urls, looked_at & ~allowed, table)
            reasons = pc.coalesce(reasons, reasons_of("word", hits, table, [*self.words]))
        if reasons.null_count == len(reasons):
            return batch
        return mark_dropped(batch, self.name, reasons)


def match_domains(
    urls: pa.Array, looked_at: np.ndarray, table: Table, allow_lists: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which entry blocks each URL.

    Args:
        urls: string [rows].
        looked_at: bool [rows].
        table: of domains.
        allow_lists: how many of the first lists allow.

    Returns:
        hits: int64 [rows], entry of the table or -1.
        allowed: bool [rows], whether an allow-list has the URL; it has no hit then.
    """
    from stages.urls import url_kernels as kernels

    allows = table.lists < allow_lists

    def match(column: pa.Array, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hits, allowed = np.empty(len(rows), np.int64), np.empty(len(rows), np.bool_)
        data, offsets = text_buffers(column)
        parts = (table.texts, table.offsets, allows, table.keys, table.places)
        kernels.match_domains(data, offsets, rows, *parts, hits, allowed)
        return hits, allowed

    hits, allowed = match(urls, looked_at)
    spelled = np.flatnonzero(hits == kernels.SPELLED)
    if len(spelled):
        hosts = [plain_host(url) for url in urls.take(pa.array(spelled)).to_pylist()]
        hosts_column = pa.array(hosts, pa.large_string())
        hits[spelled], allowed[spelled] = match(hosts_column, np.ones(len(hosts), np.bool_))
    hits[allowed | (hits == kernels.SPELLED)] = kernels.NONE
    return hits, allowed


def plain_host(url: str) -> str:
    """The ASCII form of a URL's host; empty where it has none that could be on a list."""
    from stages.urls.url_kernels import host

    data = np.frombuffer(url.encode(), np.uint8)
    begin, end, _ = host(data, 0, len(data))
    try:
        return ascii_host(unquote(data[begin:end].tobytes().decode()))
    except ValueError:
        return ""


def match_words(urls: pa.Array, looked_at: np.ndarray, table: Table) -> np.ndarray:
    """int64 [rows]: the first listed word of each URL, or -1."""
    from stages.urls import url_kernels as kernels

    hits = np.empty(len(looked_at), np.int64)
    data, offsets = text_buffers(urls)
    parts = (table.texts, table.offsets, table.keys, table.places)
    kernels.match_words(data, offsets, looked_at, *parts, hits)
    return hits


def reasons_of(rule: str, hits: np.ndarray, table: Table, names: list[str]) -> pa.Array:
    """``"rule: entry vs list"`` for each row that has a hit, else null, string [rows]."""
    entries, places = np.unique(hits[hits >= 0], return_inverse=True)
    lists = pa.array(names, pa.string()).take(pa.array(table.lists[entries]))
    texts = pc.binary_join_element_wise(rule, ": ", table.names(entries), " vs ", lists, "")
    where = np.full(len(hits), -1, np.int64)
    where[hits >= 0] = places
    return texts.take(pa.array(where, mask=where < 0))
