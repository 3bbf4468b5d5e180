"""Sentence pairs that repeat, and sentences with many translations, over the whole corpus.

A pair whose two sides, by letters and digits alone, were seen in an earlier one is a duplicate. A
sentence with many different translations is boilerplate of pages that were not translated alike
(a menu, "Read more"): each of its pairs was aligned by chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.barrier_files import Plan, keys_of_buckets, task_plan
from stages.bilingual.finding import buckets_of_plan, parts_of_plan
from stages.bilingual.scoring.rules import DUPLICATE, MANY_PARTNERS, settings_of
from stages.shuffle import open_ipc, read_shuffle, write_shuffle


def send_sentences(plan: Plan, index: int, sentences: pa.Table) -> None:
    """Send both sides of each good pair of a part to the bucket of the side's hash."""
    numbers = open_ipc(plan.path("matches", index)).read_all().column("pair").to_numpy()
    rows = np.flatnonzero(sentences.column("drop_reason").is_null().to_numpy())
    pair = numbers[sentences.column("document_pair").to_numpy()[rows]]
    hashes = [sentences.column(f"{side}_hash").to_numpy()[rows] for side in ("left", "right")]
    table = pa.table(
        {
            "pair": pa.array(np.tile(pair, 2), pa.int32()),
            "side": pa.array(np.repeat(np.arange(2), len(rows)), pa.int8()),
            "own": pa.array(np.concatenate(hashes)),
            "other": pa.array(np.concatenate(hashes[::-1])),
            "part": pa.array(np.full(2 * len(rows), index), pa.int64()),
            "row": pa.array(np.tile(rows, 2), pa.int64()),
        }
    )
    write_shuffle(plan.path("sentences", index), table, np.concatenate(hashes),
                  buckets_of_plan(plan))  # fmt: skip


def find_repeats(item: dict[str, Any]) -> dict[str, Any]:
    """Tell the parts which of their sentence pairs go, and why."""
    plan, bucket = task_plan(item)
    parts = parts_of_plan(plan)
    rows = read_shuffle(plan.paths("sentences", parts), bucket)
    limits = settings_of(plan.settings["sentences"])
    most = [limits.of("-".join(members)).max_partners for members in plan.settings["pairs"]]
    found = repeated(rows, np.array(most, np.int64))
    keys = keys_of_buckets(parts)[found.column("part").to_numpy()]
    write_shuffle(plan.path("repeats", bucket), found, keys, parts)
    return {"rows": rows.num_rows, "repeats": found.num_rows}


def repeated(rows: pa.Table, most: np.ndarray) -> pa.Table:
    """The pairs that go, with a ``reason``.

    Args:
        rows: as ``send_sentences`` sends them; those with one ``own`` are all here.
        most: int64 [language pairs]: most different partners of a sentence.

    Returns:
        ``part``, ``row`` and ``reason``; a pair may be named once by either side.
    """
    names = ("pair", "side", "own", "other", "part", "row")
    columns = {name: rows.column(name).to_numpy() for name in names}
    order = np.lexsort([columns[name] for name in reversed(names)])
    pair, side, own, other, part, row = (columns[name][order] for name in names)
    new_sentence = _changes(pair, side, own)
    new_partner = new_sentence | _changes(other)
    sentence = np.cumsum(new_sentence) - 1
    partners = np.bincount(sentence, new_partner).astype(np.int64)[sentence]
    firsts = np.flatnonzero(new_partner)
    copy = np.arange(len(order)) - np.repeat(firsts, np.diff(np.append(firsts, len(order)))) + 1
    many = partners > most[pair]
    again = (side == 0) & (copy > 1) & ~many
    reasons = [f"{MANY_PARTNERS}: {n} vs {m}" for n, m in zip(
        partners[many].tolist(), most[pair[many]].tolist(), strict=True)]  # fmt: skip
    reasons += [f"{DUPLICATE}: {n} vs 1" for n in copy[again].tolist()]
    chosen = np.concatenate([np.flatnonzero(many), np.flatnonzero(again)])
    return pa.table(
        {"part": pa.array(part[chosen]), "row": pa.array(row[chosen]),
         "reason": pa.array(reasons, pa.string())}
    )  # fmt: skip


def with_repeats(plan: Plan, index: int, sentences: pa.Table) -> pa.Table:
    """The sentence pairs of a part with what was found of them among all."""
    said = read_shuffle(plan.paths("repeats", buckets_of_plan(plan)), index)
    # many partners before duplicates, the left side before the right one
    said = said.sort_by([("row", "ascending"), ("reason", "descending")])
    rows, first = np.unique(said.column("row").to_numpy(), return_index=True)
    places = np.full(sentences.num_rows, -1, np.int64)
    places[rows] = first
    reasons = said.column("reason").take(pa.array(places, mask=places < 0))
    at = sentences.schema.get_field_index("drop_reason")
    merged = pc.coalesce(sentences.column("drop_reason"), reasons)
    return sentences.set_column(at, sentences.schema.field(at), merged)


def _changes(*columns: np.ndarray) -> np.ndarray:
    """Bool [rows]: does any of the columns differ from the row before?"""
    changed = np.ones(len(columns[0]), np.bool_)
    if len(changed):
        changed[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return changed
