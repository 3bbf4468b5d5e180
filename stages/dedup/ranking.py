"""Which document of a cluster stays: an order in which no two documents are equal."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Keep = Literal["first", "longest", "best_quality", "newest", "source_order"]

RANKED_BY = ("quality", "length", "date", "id")
"""Columns of the barrier's keys that an order needs."""

LONGEST = [("length", "descending"), ("id", "ascending"), ("node", "ascending")]
ORDERS = {
    "best_quality": [("quality", "descending"), *LONGEST],
    "longest": LONGEST,
    "newest": [("date", "descending"), *LONGEST],
    "first": LONGEST[1:],
    "source_order": LONGEST[2:],
}
"""A node is a document's place in the order of reading: sources as the recipe names them, files by
name, then positions. Before it two documents are equal only where even their ids are."""

UNKNOWN_DATE = -1


def survivor_order(known: pa.Table, nodes: np.ndarray, keep: Keep) -> np.ndarray:
    """The documents from the one that rather stays to the one that rather goes.

    An unknown quality (null, NaN) is below every known one, an unknown date before every other.

    Args:
        known: [documents], the columns ``RANKED_BY``.
        nodes: int64 [documents].
        keep: the rule.

    Returns:
        int64 [documents]: the row of the best document, of the next one, and so on.
    """
    quality = pc.fill_null(known.column("quality"), float("nan")).to_numpy()
    quality = np.where(np.isnan(quality), -np.inf, quality + np.float32(0))  # -0 is 0
    known = known.set_column(known.schema.get_field_index("quality"), "quality", pa.array(quality))
    known = known.select(RANKED_BY).append_column("node", pa.array(nodes))
    return pc.sort_indices(known, sort_keys=ORDERS[keep]).to_numpy().astype(np.int64)


def dates(batch: pa.RecordBatch, fields: tuple[str, ...]) -> pa.Array:
    """When documents were made: int64 [rows] yyyymmddHHMMSS, ``UNKNOWN_DATE`` where nobody says.

    Args:
        batch: may have a column of one of the names; else ``meta`` is searched for such a field.
        fields: names, the first that is there counts. ISO 8601 is read (``2024-05-01T12:30:00Z``,
            ``20240501123000``); time zones are passed over.
    """
    said: pa.Array = pa.nulls(batch.num_rows, pa.string())
    for field in fields:
        if field in batch.schema.names:
            said = pc.coalesce(said, pc.cast(batch.column(field), pa.string()))
    if "meta" in batch.schema.names and said.null_count:
        meta = pc.cast(batch.column("meta"), pa.string())
        for field in fields:
            found = pc.extract_regex(meta, rf'"{field}"\s*:\s*"?(?P<date>\d[0-9T:\- ]+)')
            said = pc.coalesce(said, pc.struct_field(found, "date"))
    parts = pc.extract_regex(
        said,
        r"^(?P<y>\d{4})-?(?P<m>\d{2})-?(?P<d>\d{2})"
        r"(?:[T ]?(?P<H>\d{2}):?(?P<M>\d{2}):?(?P<S>\d{2}))?",
    )
    text = pc.binary_join_element_wise(*(pc.struct_field(parts, n) for n in "ymdHMS"), "")
    digits = pc.utf8_rpad(pc.fill_null(text, "0"), 14, "0")
    return pc.if_else(pc.is_valid(text), pc.cast(digits, pa.int64()), UNKNOWN_DATE)
