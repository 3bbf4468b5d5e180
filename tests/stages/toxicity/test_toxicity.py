"""The stage ``toxicity``."""

import gzip

import pyarrow as pa
import pytest
from pydantic import ValidationError

from stages.base import mark_dropped
from stages.toxicity.toxicity import Toxicity


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "en.txt").write_text("bad\nvery bad  # a remark\n")
    (tmp_path / "zh.txt.gz").write_bytes(gzip.compress("坏话\n".encode()))
    (tmp_path / "default.txt").write_text("xxx\n")
    return tmp_path


def applied(stage, texts, languages):
    columns = {"text": pa.array(texts, pa.large_string()), "lang": pa.array(languages, pa.string())}
    return stage.apply(pa.RecordBatch.from_pydict(columns))


def test_signals_by_language(folder):
    stage = Toxicity(folder=str(folder))
    texts = ["a bad day, very bad", "bad xxx", "他说坏话", "", "bad"]
    after = applied(stage, texts, ["en", "fr", "zh-Hans", "en", None])
    share = after.column("signal_toxicity").to_pylist()
    assert share == pytest.approx([3 / 5, 1 / 2, 2 / 4, None, 0])
    density = after.column("signal_toxicity_per_1000_characters").to_pylist()
    assert density == pytest.approx([2000 / 19, 1000 / 7, 1000 / 4, None, 0])
    assert "drop_stage" not in after.schema.names


def test_a_language_without_a_list_has_no_signal(folder):
    stage = Toxicity(lists={"en": str(folder / "en.txt")}, max_share=0)
    after = applied(stage, ["bad", "bad"], ["en", "fr"])
    assert after.column("signal_toxicity").to_pylist() == [1, None]
    assert after.column("drop_reason").to_pylist() == ["share: 1 vs 0", None]


def test_thresholds_by_language(folder):
    stage = Toxicity(folder=str(folder), max_share={"default": 0.4, "en": 0.9})
    after = applied(stage, ["bad day", "xxx day"], ["en", "fr"])
    assert after.column("drop_reason").to_pylist() == [None, "share: 0.5 vs 0.4"]


def test_matches_per_1000_characters(folder):
    stage = Toxicity(folder=str(folder), max_per_1000_characters=20)
    after = applied(stage, ["bad " + "good " * 20, "bad bad " + "good " * 10], ["en", "en"])
    assert after.column("drop_reason").to_pylist() == [None, "per_1000_characters: 34.48 vs 20"]


def test_dropped_rows_are_skipped(folder):
    batch = pa.RecordBatch.from_pydict({"text": pa.array(["bad", "bad"], pa.large_string())})
    batch = mark_dropped(batch, "earlier", ["x: 1 vs 2", None])
    after = Toxicity(lists={"default": str(folder / "en.txt")}, max_share=0.5).apply(batch)
    assert after.column("signal_toxicity").to_pylist() == [None, 1]
    assert after.column("drop_stage").to_pylist() == ["earlier", "toxicity"]


def test_an_empty_batch(folder):
    assert applied(Toxicity(folder=str(folder)), [], []).num_rows == 0


def test_lists_are_assets(folder):
    assert [path.rsplit("/", 1)[1] for path in Toxicity(folder=str(folder)).assets()] == [
        "default.txt",
        "en.txt",
        "zh.txt.gz",
    ]


def test_mistakes(folder):
    with pytest.raises(ValidationError, match="one of the two"):
        Toxicity()
    with pytest.raises(ValidationError, match="one of the two"):
        Toxicity(folder=str(folder), lists={"en": "x"})
    with pytest.raises(ValueError, match=r"no <language>.txt in"):
        Toxicity(folder=str(folder / "none")).check_settings()
    (folder / "de.txt").write_text("böse\n--\n")
    with pytest.raises(ValueError, match=r"de.txt:2: no word in '--'"):
        Toxicity(folder=str(folder)).check_settings()
