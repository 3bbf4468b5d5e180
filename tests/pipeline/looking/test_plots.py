"""Pictures of a run: what they show is read off their axes."""

import pytest

import pipeline
from pipeline.looking import plots

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def run(sample_run):
    return pipeline.open_run(sample_run.path)


def test_the_funnel_has_a_bar_a_stage(run):
    (axes,) = plots.funnel(run.funnel()).axes
    assert [bar.get_width() for bar in axes.patches] == run.funnel()["documents"].to_pylist()


def test_languages_and_reasons_are_named(run):
    (axes,) = plots.languages(run.languages()).axes
    assert axes.get_xlabel() == "MB of text"
    heat = plots.reasons(run.reasons()).axes[0]
    assert "gopher_stop_words" in [label.get_text() for label in heat.get_yticklabels()]
    assert "en" in [label.get_text() for label in heat.get_xticklabels()]


def test_a_histogram_draws_the_threshold_and_counts_all(run):
    groups = {"kept": run.documents(["signal_words"])["signal_words"],
              "removed": run.removed("quality", ["signal_words"])["signal_words"]}  # fmt: skip
    (axes,) = plots.histogram(groups, "words", threshold=50).axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [f"kept ({len(groups['kept'])})", f"removed ({len(groups['removed'])})",
                      "threshold 50"]  # fmt: skip
    assert sum(bar.get_height() for bar in axes.patches) == sum(map(len, groups.values()))


def test_the_mixture_is_drawn_whole(run):
    left, right = plots.mixture(run.mixture(), "pretrain").axes
    components = [row for row in run.mixture().to_pylist() if row["phase"] == "pretrain"]
    assert len(left.patches) == 2 * len(components)
    assert len(right.patches) == len(components)
    assert sum(bar.get_width() for bar in left.patches) == pytest.approx(2)
    (along,) = plots.mixture_along(run.mixture_along("pretrain", 10)).axes
    assert len(along.lines) == 2 * min(len(components), plots.MOST_LINES)


def test_bytes_per_token(run, tmp_path):
    figure = plots.bytes_per_token(run.tokens())
    figure.savefig(tmp_path / "tokens.png")
    assert (tmp_path / "tokens.png").stat().st_size > 5000
