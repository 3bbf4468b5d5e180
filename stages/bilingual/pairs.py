"""Who is paired with whom, and whether the pair is kept.

Pure functions over Arrow tables; ``steps`` brings the rows and the texts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers

PAIR_SCHEMA = pa.schema(
    [
        pa.field("left_id", pa.string(), nullable=False),
        pa.field("right_id", pa.string(), nullable=False),
        pa.field("left_lang", pa.string(), nullable=False),
        pa.field("right_lang", pa.string(), nullable=False),
        pa.field("score", pa.float32(), nullable=False),
        pa.field("method", pa.string(), nullable=False),
        pa.field("kept", pa.bool_(), nullable=False),
        pa.field("drop_reason", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("pair_key", pa.string()),
        pa.field("length_ratio", pa.float32(), nullable=False),
        pa.field("copy_share", pa.float32()),
        pa.field("ambiguous", pa.bool_(), nullable=False),
        pa.field("aligned_share", pa.float32()),
    ]
)
"""A pair found, kept or not. ``method`` is how it was found and ``reason`` what spoke for it.
``pair_key`` is what both sides share, null where only their content is. ``length_ratio`` is the
length of the longer side (``lengths``) by that of the shorter; ``copy_share`` is null where the
length decided before the texts were read; ``ambiguous`` says that one side had several candidates.
``aligned_share`` is the share of both sides' sentences that have a translation on the other side,
null where none was looked for."""


WIDEST = 4.0
"""No usual ratio of two languages' lengths is further from 1."""


def pair_hashes(sources: pa.Array, keys: pa.Array, wanted: np.ndarray | None = None) -> pa.Array:
    """A hash of source and key (uint64), 0 where the row is not wanted or has no key."""
    from stages.bilingual.bilingual_kernels import hash_keys

    usable = pc.is_valid(keys).to_numpy(zero_copy_only=False)
    usable = np.ascontiguousarray(usable if wanted is None else usable & wanted)
    hashes = np.empty(len(keys), np.uint64)
    hash_keys(*text_buffers(sources), *text_buffers(keys), usable, hashes)
    return pa.array(hashes)


def speaks(languages: pa.Array, member: str) -> pa.Array:
    """Bool [rows]: is it this language, or one of its scripts or regions (zh: zh-Hans)?"""
    return pc.or_(pc.equal(languages, member), pc.starts_with(languages, f"{member}-"))


def find_pairs(rows: pa.Table, number: int, left: str, right: str) -> pa.Table:
    """The pairs of two languages among rows sorted by key and preference.

    A key with several rows of one language takes the first: one whose declared language agrees
    with the one found, then the smallest id.

    Returns:
        ``pair`` (the given number), ``source``, ``pair_key``, ``ambiguous``, and of each side
        ``id``, ``lang``, ``characters``, ``node``.
    """
    sides = {
        side: _first_of_key(rows, member) for side, member in (("left", left), ("right", right))
    }
    keys = ["source", "pair_key"]
    joined = sides["left"].join(
        sides["right"], keys, join_type="inner", use_threads=False,
        left_suffix="_left", right_suffix="_right",
    )  # fmt: skip
    columns: dict[str, Any] = {
        "pair": pa.array(np.full(joined.num_rows, number, np.int32)),
        "source": joined.column("source"),
        "pair_key": joined.column("pair_key"),
        "ambiguous": pc.or_(joined.column("several_left"), joined.column("several_right")),
    }
    for side in ("left", "right"):
        for name in ("id", "lang", "characters", "node"):
            columns[f"{side}_{name}"] = joined.column(f"{name}_{side}")
    table = pa.table(columns)
    return table.sort_by([("left_id", "ascending"), ("right_id", "ascending")])


def _first_of_key(rows: pa.Table, member: str) -> pa.Table:
    """The first row of each (source, pair_key) in a language; ``several``: it had more."""
    table = rows.filter(speaks(rows.column("lang"), member)).combine_chunks()
    new = np.ones(table.num_rows, np.bool_)
    if table.num_rows:
        same = [
            pc.equal(table.column(name).slice(1), table.column(name).slice(0, table.num_rows - 1))
            for name in ("source", "pair_key")
        ]
        new[1:] = ~pc.and_(*same).to_numpy(zero_copy_only=False)
    firsts = np.flatnonzero(new)
    sizes = np.diff(np.append(firsts, table.num_rows))
    table = table.select(["source", "pair_key", "id", "lang", "characters", "node"])
    return table.take(pa.array(firsts)).append_column("several", pa.array(sizes > 1))


def lengths(texts: pa.Array) -> np.ndarray:
    """How long texts are (int64 [texts]): characters, those of kana, Han and Hangul twice."""
    from stages.bilingual.lengths_kernels import count_columns

    data, offsets = text_buffers(texts)
    columns = np.empty(len(offsets) - 1, np.int64)
    count_columns(data, offsets, columns)
    return columns


def length_ratios(pairs: pa.Table) -> np.ndarray:
    """Characters of the right by those of the left side (float64 [pairs]); inf beside nothing."""
    left, right = (
        pairs.column(f"{side}_characters").to_numpy().astype(np.float64)
        for side in ("left", "right")
    )
    empty = (left == 0) | (right == 0)
    return np.where(empty, np.inf, right / np.where(empty, 1, left))


def judge(
    pairs: pa.Table, copied: np.ndarray, settings: dict[str, Any], usual_ratios: np.ndarray
) -> pa.Table:
    """Score each pair and say which are dropped and why, as ``PAIR_SCHEMA``.

    The score is the share not copied, times how usual the length ratio is for the two languages:
    1 at the median of the run, 1/2 where a side is twice as long as usual. Of a pair that was
    dropped for its length alone it is the second factor. What was found by content has its
    confidence (by how much it matches in order) in place of the length.

    The length limit is how many times as long as usual a side may be beside the other one.

    Args:
        pairs: as ``match`` writes them.
        copied: float64 [pairs], NaN where not known.
        settings: ``max_length_ratio`` and ``max_copy_share``.
        usual_ratios: float64 [language pairs].
    """
    ratio = pairs.column("ratio").to_numpy()
    deviation = ratio / usual_ratios[pairs.column("pair").to_numpy()]
    times_usual = np.maximum(deviation, 1 / deviation)
    far = ~pairs.column("close").to_numpy(zero_copy_only=False)
    far |= times_usual > settings["max_length_ratio"]
    untranslated = ~far & (copied > settings["max_copy_share"])
    fit = np.minimum(deviation, 1 / deviation)
    confidence = pairs.column("confidence").to_numpy()
    fit = np.where(np.isnan(confidence), fit, confidence)
    score = fit * np.where(far, 1, 1 - np.nan_to_num(copied))
    reasons = pc.coalesce(
        _reasons("length_ratio", times_usual, settings["max_length_ratio"], far),
        _reasons("copy_share", copied, settings["max_copy_share"], untranslated),
    )
    columns = {
        "score": pa.array(score, pa.float32()),
        "kept": pa.array(~far & ~untranslated),
        "drop_reason": reasons,
        "length_ratio": pa.array(np.maximum(ratio, 1 / ratio), pa.float32()),
        "copy_share": pa.array(copied, pa.float32(), mask=far),
        "aligned_share": pa.nulls(pairs.num_rows, pa.float32()),
    }
    named = [columns.get(name, pairs[name] if name not in columns else None)
             for name in PAIR_SCHEMA.names]  # fmt: skip
    return pa.table(named, schema=PAIR_SCHEMA)


def _reasons(
    rule: str, values: np.ndarray, threshold: float, failed: np.ndarray, up: bool = True
) -> pa.Array:
    """``rule: value vs threshold`` where failed; rounded away from the threshold."""
    values = np.where(failed, values, 0) * 100
    shown = (np.ceil(values - 1e-9) if up else np.floor(values + 1e-9)) / 100
    texts = [
        f"{rule}: {value:.2f} vs {threshold:.2f}" if fail else None
        for value, fail in zip(shown.tolist(), failed.tolist(), strict=True)
    ]
    return pa.array(texts, pa.string())


def with_alignment(
    judged: pa.Table, shares: np.ndarray, foreign: np.ndarray, settings: dict[str, Any]
) -> pa.Table:
    """Add what aligning the sentences told of the pairs, and drop some of them.

    Args:
        judged: as ``judge`` gives them.
        shares: float64 [pairs]: of both sides' sentences in good pairs; NaN where not known.
        foreign: float64 [pairs]: how surely a side is in another language.
        settings: ``min_aligned_share`` and ``max_foreign``.
    """
    kept = judged.column("kept").to_numpy()
    strange = kept & (foreign > settings["max_foreign"])
    few = kept & (shares < settings["min_aligned_share"])
    reasons = pc.coalesce(
        foreign_reasons(foreign, settings["max_foreign"], strange),
        _reasons("aligned_share", shares, settings["min_aligned_share"], few, up=False),
    )
    columns = {
        "kept": pa.array(kept & ~few & ~strange),
        "drop_reason": pc.coalesce(judged.column("drop_reason"), reasons),
        "aligned_share": pa.array(shares, pa.float32(), mask=np.isnan(shares)),
    }
    named = [columns.get(name, judged.column(name)) for name in PAIR_SCHEMA.names]
    return pa.table(named, schema=PAIR_SCHEMA)


def foreign_reasons(foreign: np.ndarray, most: float, failed: np.ndarray) -> pa.Array:
    """Why documents, or the sentences of documents, in another language go; null elsewhere."""
    return _reasons("foreign", foreign, most, failed)
