"""From pairs found to parallel documents, each step a task over plain paths.

    texts    per partition   the needed texts, in one pass over the documents -> parts
    aligned  per part        texts of a pair meet: copies are dropped, the rest is cut into
                             sentences and aligned, every pair of them judged -> buckets
    repeats  per bucket      (``repeats``) what is there twice, or with many translations -> parts
    pairs    per part        (``writing.steps``) what is kept, and the parallel documents

Texts are moved and not looked up, because documents lie compressed in batches: a look-up would
unpack 16 MB for one of them. There are no more buckets than partitions, and a document goes to one
part for each pair of languages, so that a task holds about a partition's worth of text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers
from stages.barrier_files import Plan, keys_of_buckets, task_plan, write_table
from stages.bilingual.finding import parts_of_plan
from stages.bilingual.pairs import foreign_reasons, judge, with_alignment
from stages.bilingual.repeats import send_sentences
from stages.bilingual.scoring.rules import settings_of
from stages.shuffle import open_ipc, read_shuffle, write_shuffle

LONG_LINE = 20
"""A line that counts as copied has more characters than this: shorter ones are names and code."""

GROUP_TEXT_BYTES = 32 << 20
"""Of both sides of the documents that are aligned at once: about fifteen times as much memory."""


# --- texts ---------------------------------------------------------------------------------------


def shuffle_texts(item: dict[str, Any]) -> dict[str, Any]:
    """Read one partition's documents once and send the texts asked for to their parts."""
    plan, index = task_plan(item)
    parts = parts_of_plan(plan)
    asked = read_shuffle(plan.paths("requests", parts), index)
    asked = asked.sort_by([("node", "ascending"), ("part", "ascending")])
    nodes = asked.column("node").to_numpy()
    texts = list(_texts_of(plan, index, nodes - plan.first_nodes()[index]))
    text = pa.chunked_array(texts, pa.large_string())
    table = pa.table({"node": asked.column("node"), "text": text})
    keys = keys_of_buckets(parts)[asked.column("part").to_numpy()]
    write_shuffle(plan.path("texts", index), table, keys, parts)
    return {"texts": table.num_rows, "text_bytes": sum(part.nbytes for part in texts)}


def _texts_of(plan: Plan, index: int, rows: np.ndarray) -> Iterator[pa.Array]:
    """The texts of some rows of a partition, ascending, batch by batch."""
    reader = open_ipc(plan.partitions[index].documents)
    start, taken = 0, 0
    for number in range(reader.num_record_batches):
        if taken == len(rows):
            return
        batch = reader.get_batch(number)
        end = int(np.searchsorted(rows, start + batch.num_rows))
        if taken < end:
            yield batch.column("text").take(pa.array(rows[taken:end] - start))
        start, taken = start + batch.num_rows, end


# --- aligned -------------------------------------------------------------------------------------


def align_pairs(item: dict[str, Any]) -> dict[str, Any]:
    """Judge the pairs of documents of one part, and the pairs of sentences of those kept.

    Args:
        item: also ``usual_ratios``, per language pair the median of right by left characters.
    """
    plan, index = task_plan(item)
    pairs = open_ipc(plan.path("matches", index)).read_all()
    texts = read_shuffle(plan.paths("texts", len(plan.partitions)), index).combine_chunks()
    sides = text_rows(pairs, texts)
    copied = _copied_shares(pairs, texts, sides)
    judged = judge(pairs, copied, plan.settings, np.array(item["usual_ratios"], np.float64))
    sentences, shares, foreign = _aligned(plan, pairs, judged, texts, sides)
    judged = with_alignment(judged, shares, foreign, plan.settings)
    write_table(plan.path("judged", index), judged)
    write_table(plan.path("aligned", index), sentences)
    send_sentences(plan, index, sentences)
    return {"pairs": judged.num_rows, "sentence_pairs": sentences.num_rows}


def text_rows(pairs: pa.Table, texts: pa.Table) -> list[np.ndarray]:
    """For left and right, the row of ``texts`` that each pair needs (int64 [pairs])."""
    nodes = texts.column("node").to_numpy()
    return [
        np.searchsorted(nodes, pairs.column(f"{side}_node").to_numpy())
        for side in ("left", "right")
    ]


def _copied_shares(pairs: pa.Table, texts: pa.Table, sides: Sequence[np.ndarray]) -> np.ndarray:
    """The copied share of each pair (float64 [pairs]), NaN where the texts were not asked for."""
    from formats.copied_lines_kernels import copied_shares

    close = pairs.column("close").to_numpy(zero_copy_only=False)
    shares = np.empty(int(close.sum()), np.float64)
    left, right = (np.ascontiguousarray(rows[close]) for rows in sides)
    copied_shares(*text_buffers(texts.column("text")), left, right, LONG_LINE, shares)
    copied = np.full(len(close), np.nan)
    copied[close] = shares
    return copied


def _aligned(
    plan: Plan, pairs: pa.Table, judged: pa.Table, texts: pa.Table, sides: Sequence[np.ndarray]
) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """The sentence pairs of the kept pairs, and what they tell of each pair of documents.

    Documents of a language pair are aligned in groups of ``GROUP_TEXT_BYTES``, in order; sentence
    pairs are sorted by their pair of documents.

    Returns:
        ``SENTENCE_TABLE``; the share of sentences in good ones, and how surely a side is in
        another language: float64 [pairs] each.
    """
    from stages.bilingual.sentence_pairs import SENTENCE_TABLE, sentence_pairs
    from stages.bilingual.side_languages import foreign_sides

    shares, foreign = np.full(pairs.num_rows, np.nan), np.zeros(pairs.num_rows)
    tables = [SENTENCE_TABLE.empty_table()]
    if not plan.settings["align"]:
        return tables[0], shares, foreign
    number, kept = pairs.column("pair").to_numpy(), judged.column("kept").to_numpy()
    column = texts.column("text").chunk(0) if texts.num_rows else pa.array([], pa.large_string())
    lengths = np.diff(text_buffers(column)[1])
    limits = settings_of(plan.settings["sentences"])
    for i, members in enumerate(plan.settings["pairs"]):
        rows = np.flatnonzero((number == i) & kept)
        ends = np.cumsum(lengths[sides[0][rows]] + lengths[sides[1][rows]])
        for group in np.split(rows, np.flatnonzero(np.diff(ends // GROUP_TEXT_BYTES)) + 1):
            if not len(group):
                continue
            found = sentence_pairs(
                column, sides[0][group], sides[1][group], tuple(members),
                limits.of("-".join(members)),
            )  # fmt: skip
            foreign[group] = foreign_sides(found.table, len(group), tuple(members))
            most = plan.settings["max_foreign"]
            table = _without_foreign(found.table, foreign[group], most)
            good = table.column("drop_reason").is_null().to_numpy()
            own = table.column("document_pair").to_numpy()
            counted = np.where(good, table.column("sentences").to_numpy(), 0)
            matched = np.bincount(own, counted, len(group))
            shares[group] = matched / np.maximum(found.sentences, 1)
            tables.append(table.set_column(0, SENTENCE_TABLE.field(0), pa.array(group[own])))
    found_all = pa.concat_tables(tables)
    # What was found by content is not sorted by its languages, as these tables are.
    order = np.argsort(found_all.column("document_pair").to_numpy(), kind="stable")
    return found_all.take(pa.array(order)), shares, foreign


def _without_foreign(table: pa.Table, foreign: np.ndarray, most: float) -> pa.Table:
    """The sentence pairs, those of documents in another language dropped."""
    of_each = foreign[table.column("document_pair").to_numpy()]
    reasons = pc.coalesce(
        table.column("drop_reason"), foreign_reasons(of_each, most, of_each > most)
    )
    place = table.schema.get_field_index("drop_reason")
    return table.set_column(place, table.schema.field(place), reasons)
