"""Columns without texts: all of a small run, the same part of a large one every time."""

import numpy as np
import pyarrow.compute as pc

from pipeline.recipe_file import load_recipe
from pipeline.report.sampling import sample_rows
from pipeline.report.signals import thresholds


def test_a_small_run_is_read_whole(sample_run) -> None:
    found, summary = sample_rows(sample_run), sample_run.read_summary()
    assert found.whole
    assert found.kept.num_rows == summary["kept"]["documents"]
    dropped = summary["input"]["documents"] - summary["kept"]["documents"]
    assert found.removed.num_rows == dropped
    assert "text" not in found.kept.column_names
    kept, removed = found.values("signal_words", "th")
    assert len(kept) == pc.sum(pc.equal(found.kept["lang"], "th")).as_py()
    assert kept.min() < 200 < kept.max()
    assert len(removed) < found.removed.num_rows


def test_a_part_is_the_same_part_and_says_so(sample_run) -> None:
    first, second = sample_rows(sample_run, 50), sample_rows(sample_run, 50)
    assert not first.whole
    assert 50 <= first.kept.num_rows < sample_rows(sample_run).kept.num_rows
    assert first.kept.equals(second.kept)


def test_thresholds_are_those_by_which_documents_went(sample_run) -> None:
    marks = thresholds(load_recipe(sample_run.recipe_path), ["en", "th"])
    assert [(m.limit, m.side) for m in marks["lang_score"]["th"]] == [(0.5, "≥")]
    [shortest] = [m for m in marks["signal_words"]["en"] if m.rule == "gopher_short_doc"]
    assert (shortest.limit, shortest.side) == (50, "≥")
    assert "th" not in marks["signal_terminal_lines"]  # off in Thai
    kept, _ = sample_rows(sample_run).values("signal_hash_signs", "en")
    [most] = [m.limit for m in marks["signal_hash_signs"]["en"]]
    assert np.all(kept <= most)
