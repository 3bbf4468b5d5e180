"""A finished run from a notebook: tables that agree with its files."""

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

import pipeline
from formats.run_folder import NotARunFolder


@pytest.fixture(scope="module")
def run(sample_run):
    return pipeline.open_run(sample_run.path)


def test_the_funnel_ends_with_what_was_kept(run):
    funnel = run.funnel()
    assert funnel["stage"][0].as_py() == "read"
    lost = pc.sum(funnel["dropped"]).as_py()
    assert funnel["documents"][0].as_py() - lost == run.summary["kept"]["documents"]
    assert pc.sum(run.reasons()["documents"]).as_py() == lost


def test_documents_by_column_language_source_and_condition(run):
    everything = run.documents()
    assert len(everything) == run.summary["kept"]["documents"]
    thai = run.documents(["id", "lang", "text"], lang="th")
    assert thai.schema.names == ["id", "lang", "text"]
    kept = run.languages().to_pylist()
    assert len(thai) == next(row["documents_kept"] for row in kept if row["lang"] == "th")
    assert set(run.documents(["lang"], lang=["th", "en"])["lang"].to_pylist()) == {"th", "en"}
    assert len(run.documents(["id"], source="nowhere")) == 0
    long = run.documents(["signal_words"], where=ds.field("signal_words") > 300)
    assert 0 < len(long) < len(everything)
    assert pc.min(long["signal_words"]).as_py() > 300
    assert len(run.documents(["id"], limit=5)) == 5


def test_parallel_documents_stand_apart(run):
    pairs = run.documents(["lang"], parallel=True)
    assert len(pairs) == sum(found["documents"] for found in run.summary["parallel"].values())
    assert all("-" in lang for lang in pairs["lang"].to_pylist())


def test_removed_documents_by_rule(run):
    removed = run.removed("quality", ["drop_reason"], rule="gopher_stop_words")["drop_reason"]
    counted = [r for r in run.reasons().to_pylist() if r["rule"] == "gopher_stop_words"]
    assert len(removed) == sum(row["documents"] for row in counted) > 0
    assert all(reason.startswith("gopher_stop_words:") for reason in removed.to_pylist())


def test_what_is_not_there_is_named(run, tmp_path):
    with pytest.raises(ValueError, match=r"no column 'quallity'; there are: .*quality"):
        run.documents(["quallity"])
    with pytest.raises(NotARunFolder, match=r"'pii' dropped nothing; those that did: .*quality"):
        run.removed("pii")
    with pytest.raises(NotARunFolder):
        pipeline.open_run(str(tmp_path))


def test_the_mixture_along_the_phase_sums_to_the_whole(run):
    mixture = {
        row["component"]: row for row in run.mixture().to_pylist() if row["phase"] == "pretrain"
    }
    along = run.mixture_along("pretrain", points=10)
    assert pc.max(along["position"]).as_py() == 1
    sums = along.group_by("component").aggregate([("rows", "sum")]).to_pylist()
    assert {row["component"]: row["rows_sum"] for row in sums} == {
        name: row["rows"] for name, row in mixture.items()
    }
    # Each piece's rows are within two of its share: one at either end.
    rows = sum(row["rows"] for row in mixture.values())
    for row in along.to_pylist():
        assert abs(row["share"] - row["wanted"]) <= 2 / (rows / 10) + 0.01


def test_tokens_and_timings(run):
    tokens = run.tokens().to_pylist()
    assert all(1 < row["bytes_per_token"] < 12 for row in tokens)
    assert run.tokenizer().get_vocab_size() == run.summary["tokenizer"]["vocab_size"]
    assert "shards" in " ".join(run.timings()["step"].to_pylist())
    assert run.shards().rows("pretrain") == sum(
        row["rows"] for row in run.mixture().to_pylist() if row["phase"] == "pretrain"
    )
