"""What stages changed in texts is counted by kind and language, and shown."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.documents import DOCUMENT_SCHEMA
from pipeline.audit import Audit, around_the_change, merged
from pipeline.map_pass import MapItem, map_partition
from stages.normalize.normalize import Normalize
from stages.pii.pii import Pii

TEXTS = [
    "Ein Caf\u00c3\u00a9 in M\u00c3\u00bcnchen, sch\u00c3\u00b6n.",
    "plain",
    "a\x07bell",
    "na\u0301h",
]
LANGUAGES = ["de", "en", None, "cs"]


def batch_of(texts: list[str], languages: list[str | None]) -> pa.RecordBatch:
    rows = [
        {"id": f"{n:032x}", "text": text, "source": "web", "origin": f"a#{n}", "lang": lang}
        for n, (text, lang) in enumerate(zip(texts, languages, strict=True))
    ]
    return pa.RecordBatch.from_pylist(rows, schema=DOCUMENT_SCHEMA)


@pytest.fixture
def audit() -> Audit:
    stage, batch, found = Normalize(), batch_of(TEXTS, LANGUAGES), Audit()
    after = stage.apply(batch)
    found.sample(stage.name, stage.repairs(after), batch.column("text"), after, stage.shows_before)
    found.count({stage.name: stage.repairs(after)}, after)
    return found


def test_repairs_are_counted_by_kind_and_language(audit: Audit) -> None:
    counted = {entry["kind"]: entry["languages"] for entry in audit.as_json()}
    assert counted == {
        "mojibake_repaired": {"de": {"documents": 1, "times": 1}},
        "controls_removed": {"und": {"documents": 1, "times": 1}},
        "composed": {"cs": {"documents": 1, "times": 1}},
    }


def test_a_sample_shows_before_and_after(audit: Audit) -> None:
    sample = next(e["sample"] for e in audit.as_json() if e["kind"] == "mojibake_repaired")
    assert sample["origin"] == "a#0"
    assert sample["before"] == TEXTS[0]
    assert sample["after"] == "Ein Café in München, schön."


def test_what_may_not_be_shown_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Normalize, "shows_before", False)
    stage, batch, found = Normalize(), batch_of(TEXTS, LANGUAGES), Audit()
    after = stage.apply(batch)
    found.sample(stage.name, stage.repairs(after), batch.column("text"), after, stage.shows_before)
    assert {sample["before"] for sample in found.samples.values()} == {None}


def test_personal_data_is_counted_and_never_shown() -> None:
    stage, found = Pii(), Audit()
    batch = batch_of(["Write to ana@example.org or to bo@example.org.", "none"], ["en", "en"])
    after = stage.apply(batch)
    found.sample(stage.name, stage.repairs(after), batch.column("text"), after, stage.shows_before)
    found.count({stage.name: stage.repairs(after)}, after)
    [entry] = found.as_json()
    assert entry["kind"] == "email"
    assert entry["languages"] == {"en": {"documents": 1, "times": 2}}
    assert entry["sample"]["before"] is None
    assert entry["sample"]["after"] == "Write to <EMAIL> or to <EMAIL>."


def test_partitions_add_up(audit: Audit) -> None:
    [mojibake] = [
        entry
        for entry in merged([audit.as_json()] * 5, samples=2)
        if entry["kind"] == "mojibake_repaired"
    ]
    assert mojibake["languages"] == {"de": {"documents": 5, "times": 5}}
    assert len(mojibake["samples"]) == 2


def test_a_map_task_reports_its_repairs(tmp_path) -> None:
    path = tmp_path / "in.arrow"
    batch = batch_of(TEXTS, LANGUAGES)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    item = MapItem(
        stages=(("normalize", {}),), barriers=(), documents=str(tmp_path / "out.arrow"), keys={},
        previous=str(path),
    )  # fmt: skip
    kinds = [entry["kind"] for entry in map_partition(item)["repairs"]]
    assert sorted(kinds) == ["composed", "controls_removed", "mojibake_repaired"]


@given(st.text(), st.text(), st.text(), st.text(min_size=1))
def test_the_excerpts_hold_the_change(head: str, old: str, new: str, tail: str) -> None:
    before, after = around_the_change(
        head[:30] + old[:50] + tail[:30], head[:30] + new[:50] + tail[:30]
    )
    assert old[:50] in before
    assert new[:50] in after
