"""Documents outside of a run: what stages make of them, their languages, their keys."""

import numpy as np
import pyarrow as pa

from pipeline.staged_documents import document_keys, languages_of, through_stages
from stages.language.langid import LangId

IDS = ["0123456789abcdef" * 2, "fedcba9876543210" * 2]


def documents(**columns: list[str | None]) -> pa.RecordBatch:
    return pa.record_batch({name: pa.array(values) for name, values in columns.items()})


def test_what_a_stage_drops_stays_and_is_marked() -> None:
    texts = pa.array(["A sentence that anybody can read.", "123"], pa.large_string())
    batch = pa.record_batch({"text": texts, "id": pa.array(IDS)})
    found = through_stages(batch, [LangId()])
    assert found.column("drop_stage").to_pylist() == [None, "langid"]


def test_a_language_is_what_was_found_or_else_what_was_declared() -> None:
    batch = documents(lang=["zh-Hant", None, None], declared_lang=["en", "pt_BR", None])
    assert languages_of(batch).to_pylist() == ["zh", "pt", "und"]


def test_a_key_depends_on_the_id_and_the_seed_alone() -> None:
    batch = documents(id=IDS)
    keys = document_keys(batch, seed=1)
    assert keys.dtype == np.uint64
    np.testing.assert_array_equal(document_keys(batch.slice(1), seed=1), keys[1:])
    assert not (document_keys(batch, seed=2) == keys).any()
