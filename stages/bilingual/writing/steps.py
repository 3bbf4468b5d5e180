"""The last steps of pairing: what people keep of the pairs, and the parallel documents.

pairs        per part        pairs of documents and sentences as Parquet, parallel documents
annotations  per partition   (where the halves are not kept) which documents go
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.documents import split_by_text
from formats.storage import atomic_path, filesystem
from stages.barrier_files import Plan, task_plan, write_answers, write_table
from stages.base import ANNOTATION_SCHEMA, DROP_REASON
from stages.bilingual.finding import parts_of_plan
from stages.bilingual.repeats import with_repeats
from stages.bilingual.sentence_pairs import SCORED_FIELDS
from stages.bilingual.steps import text_rows
from stages.bilingual.writing.documents import parallel_documents
from stages.bilingual.writing.parallel import PARALLEL_SCHEMA, Parallel
from stages.shuffle import ipc_writer, open_ipc, read_shuffle

SENTENCE_SCHEMA = pa.schema(
    [
        pa.field("left_id", pa.string(), nullable=False),
        pa.field("right_id", pa.string(), nullable=False),
        pa.field("left_lang", pa.string(), nullable=False),
        pa.field("right_lang", pa.string(), nullable=False),
        *SCORED_FIELDS,
        pa.field("kept", pa.bool_(), nullable=False),
        pa.field("drop_reason", pa.string()),
    ]
)
"""A pair of sentences, kept or not, in the order of the left document. Starts and ends are bytes of
the documents' texts; ``score`` is the probability of being a translation."""

HISTOGRAM_BINS = 20
"""Of scores, from 0 to 1."""
BATCH_TEXT_BYTES = 16 << 20


def write_pairs(item: dict[str, Any]) -> dict[str, Any]:
    """Write one part.

    Returns:
        ``pairs``: per language pair what ``count_pairs`` gives.
    """
    plan, index = task_plan(item)
    matches = open_ipc(plan.path("matches", index)).read_all()
    judged = open_ipc(plan.path("judged", index)).read_all().combine_chunks()
    sentences = with_repeats(plan, index, open_ipc(plan.path("aligned", index)).read_all())
    texts = read_shuffle(plan.paths("texts", len(plan.partitions)), index).combine_chunks()
    _write_parquet(f"{plan.folder}/pairs/part-{index:05d}.parquet", judged)
    _write_parquet(
        f"{plan.folder}/sentence_pairs/part-{index:05d}.parquet", kept_columns(judged, sentences)
    )
    left, right = text_rows(matches, texts)
    numbers = matches.column("pair").to_numpy()
    parallel = Parallel(judged, numbers, sentences, texts.column("text"), left, right)
    written = np.zeros(judged.num_rows, np.bool_)
    documents = {"-".join(members): 0 for members in plan.settings["pairs"]}
    path = f"{plan.folder}/documents/part-{index:05d}.arrow"
    with atomic_path(path) as temporary, ipc_writer(temporary, PARALLEL_SCHEMA) as writer:
        for batch, rows in parallel_documents(parallel, plan.settings):
            written[rows] = True
            for name in batch.column("lang").to_pylist():
                documents[name] += 1
            for some in split_by_text(batch, BATCH_TEXT_BYTES):
                writer.write_batch(some)
    _tell_written(plan, index, matches, numbers, written)
    return {"pairs": count_pairs(plan, numbers, judged, sentences, documents)}


def kept_columns(judged: pa.Table, sentences: pa.Table) -> pa.Table:
    """The sentence pairs as ``SENTENCE_SCHEMA``."""
    owners = sentences.column("document_pair")
    columns = {
        name: judged.column(name).take(owners)
        for name in ("left_id", "right_id", "left_lang", "right_lang")
    }
    columns["kept"] = sentences.column("drop_reason").is_null()
    named = [columns.get(name, sentences.column(name) if name not in columns else None)
             for name in SENTENCE_SCHEMA.names]  # fmt: skip
    return pa.table(named, schema=SENTENCE_SCHEMA)


def count_pairs(
    plan: Plan, numbers: np.ndarray, judged: pa.Table, sentences: pa.Table,
    documents: dict[str, int],
) -> dict[str, Any]:  # fmt: skip
    """What became of each language pair, by its name (``en-zh``).

    Returns:
        Of pairs of documents ``found``, ``kept``, ``ambiguous`` and ``dropped`` by rule,
        ``methods`` of those kept, histograms ``scores`` of all and ``scores_kept``; ``documents``:
        parallel documents written; of pairs of sentences ``sentences`` with ``found``, ``kept``,
        ``dropped`` by rule, both histograms, and ``text_bytes`` (of both sides of those kept).
    """
    kept, ambiguous = judged.column("kept").to_numpy(), judged.column("ambiguous").to_numpy()
    rules = _rules(judged.column("drop_reason"))
    methods = judged.column("method").to_numpy(zero_copy_only=False)
    owners = numbers[sentences.column("document_pair").to_numpy()]
    sentence_rules = _rules(sentences.column("drop_reason"))
    good = sentences.column("drop_reason").is_null().to_numpy()
    document_scores = judged.column("score").to_numpy()
    scores = sentences.column("score").to_numpy()
    text_bytes = sum(
        pc.binary_length(sentences.column(f"{side}_text")).to_numpy() for side in ("left", "right")
    )
    counts = {}
    for i, members in enumerate(plan.settings["pairs"]):
        mine, own = numbers == i, owners == i
        name = "-".join(members)
        counts[name] = {
            "found": int(mine.sum()),
            "kept": int((mine & kept).sum()),
            "ambiguous": int((mine & ambiguous).sum()),
            "dropped": _tally(rules[mine & ~kept]),
            "methods": _tally(methods[mine & kept]),
            "scores": _histogram(document_scores[mine]),
            "scores_kept": _histogram(document_scores[mine & kept]),
            "documents": documents[name],
            "sentences": {
                "found": int(own.sum()),
                "kept": int((own & good).sum()),
                "dropped": _tally(sentence_rules[own & ~good]),
                "scores": _histogram(scores[own]),
                "scores_kept": _histogram(scores[own & good]),
                "text_bytes": int(np.asarray(text_bytes)[own & good].sum()),
            },
        }
    return counts


def total_counts(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The counts of all parts: numbers added, lists of them place by place."""
    total: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if isinstance(value, dict):
                total[name] = total_counts([total.get(name, {}), value])
            elif isinstance(value, list):
                before = total.get(name, [0] * len(value))
                total[name] = [a + b for a, b in zip(before, value, strict=True)]
            else:
                total[name] = total.get(name, 0) + value
    return total


def drop_halves(item: dict[str, Any]) -> dict[str, Any]:
    """Say which documents of one partition stand in parallel documents, as annotations."""
    plan, index = task_plan(item)
    said = read_shuffle(plan.paths("written", parts_of_plan(plan)), index)
    rows, first = np.unique(said.column("row").to_numpy(), return_index=True)
    names = pa.array(["-".join(members) for members in plan.settings["pairs"]], pa.string())
    pairs = names.take(said.column("pair").take(pa.array(first)).combine_chunks())
    reasons = pc.binary_join_element_wise("in_parallel", pairs, ": ")
    table = pa.table({"row": pa.array(rows), DROP_REASON: reasons})
    write_table(plan.path("annotations", index), table.cast(ANNOTATION_SCHEMA))
    return {"dropped": len(rows)}


def _tell_written(
    plan: Plan, index: int, matches: pa.Table, numbers: np.ndarray, written: np.ndarray
) -> None:
    """Tell the partitions which of their documents are in a parallel document now."""
    nodes = np.concatenate(
        [matches.column(f"{side}_node").to_numpy()[written] for side in ("left", "right")]
    )
    pairs = pa.table({"pair": pa.array(np.tile(numbers[written], 2), pa.int32())})
    write_answers(plan, index, nodes, pairs, "written")


def _rules(reasons: pa.ChunkedArray) -> np.ndarray:
    """The rule of each ``rule: value vs threshold``, None where there is none."""
    rules = pc.list_element(pc.split_pattern(reasons, ":", max_splits=1), 0)
    names: np.ndarray = rules.to_numpy(zero_copy_only=False)
    return names


def _histogram(scores: np.ndarray) -> list[int]:
    """How many scores are in each of ``HISTOGRAM_BINS``; 1 is in the last one."""
    bins = np.minimum(scores * HISTOGRAM_BINS, HISTOGRAM_BINS - 1).astype(np.int64)
    counts: list[int] = np.bincount(np.maximum(bins, 0), minlength=HISTOGRAM_BINS).tolist()
    return counts


def _tally(names: np.ndarray) -> dict[str, int]:
    values, counts = np.unique(names.astype(str), return_counts=True)
    return {str(value): int(count) for value, count in zip(values, counts, strict=True)}


def _write_parquet(path: str, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    with atomic_path(path) as temporary:
        files, inner = filesystem(temporary)
        with files.open(inner, "wb") as sink:
            pq.write_table(table, sink, compression="zstd", compression_level=1)
