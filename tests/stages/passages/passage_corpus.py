"""Corpora for barriers that cut, and what is left of them."""

from pathlib import Path

import pyarrow as pa

from formats.documents import DOCUMENT_SCHEMA
from stages.base import CUT_BEGINS, CUT_ENDS, DROP_REASON
from stages.passages.cutting import cut_texts

from ..barrier_engine import run_barrier


def corpus(texts, **columns):
    """Documents with ids that rise with their position."""
    rows = [
        {"id": f"{n:016x}" * 2, "text": text, "source": "web", "origin": f"a#{n}", "lang": "en"}
        | {name: values[n] for name, values in columns.items()}
        for n, text in enumerate(texts)
    ]
    return pa.Table.from_pylist(rows, DOCUMENT_SCHEMA)


def cut(stage, parts, folder: Path, **more):
    """Run a barrier; return id number -> what is left of the text, or the reason it was dropped."""
    said = run_barrier(stage, parts, folder, **more)
    left = {}
    for table in parts:
        for row in table.to_pylist():
            answer = said.get(row["id"], {})
            left[int(row["id"][:16], 16)] = answer.get(DROP_REASON) or without(row["text"], answer)
    return left


def without(text, answer):
    """The text without the ranges of an annotation."""
    lists = (pa.array([answer.get(name)], pa.list_(pa.int64())) for name in (CUT_BEGINS, CUT_ENDS))
    column, _ = cut_texts(pa.array([text], pa.large_string()), *lists)
    return column[0].as_py()
