"""One file: a recipe that trains its quality model, scores with it, and anneals on the better half.

On the sample corpus: articles are good, the pages of the crawl are not.
"""

import numpy as np
import pytest

from formats.run_folder import RunFolder
from formats.shards import TokenShards
from pipeline.cli import main
from pipeline.exit_codes import DONE
from pipeline.recipe_file import load_recipe

from ..small_runs import kept_rows, run_inline

RECIPE = """\
run: {name: graded, out: FOLDER/run, partition_bytes: 100KB}
sources:
  - {name: articles, read: jsonl, paths: ["${SAMPLE_CORPUS}/articles/*.jsonl"]}
  - {name: crawl, read: jsonl, paths: ["${SAMPLE_CORPUS}/crawl/*.jsonl"]}
stages:
  - normalize
  - langid
  - quality_model: {model: FOLDER/model, min_score: {default: 0.15}}
  - perplexity: {folder: FOLDER/model/characters, max_bits: {en: 6.5}}
tokenizer: {train: {vocab: 600, sample_bytes: 100KB}}
mixture:
  sequence_length: 64
  phases:
    - {name: pretrain, tokens: 1M}
    - {name: anneal, tokens: 100K, where: {quality_model: ">=0.28", bits_per_character: "<6"}}
train_quality:
  out: FOLDER/model
  positives: [articles]
  negatives: [crawl]
  classifier: {bucket: 5000, min_count: 2, epochs: 40}
  perplexity: {fewest_characters: 500}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunFolder:
    folder = tmp_path_factory.mktemp("graded")
    path = folder / "recipe.yaml"
    path.write_text(RECIPE.replace("FOLDER", str(folder)), encoding="utf-8")
    assert main(["train-quality", str(path)]) == DONE
    return run_inline(load_recipe(path)).folder


def columns(rows, name):
    return np.array([np.nan if row[name] is None else row[name] for row in rows])


def test_kept_documents_carry_both_columns(run):
    rows = kept_rows(run)
    scores, bits = columns(rows, "quality_model"), columns(rows, "bits_per_character")
    from_articles = np.array([row["source"] == "articles" for row in rows])
    assert np.nanmedian(scores[from_articles]) > np.nanquantile(scores[~from_articles], 0.8)
    assert np.nanmin(scores) >= np.float32(0.15)
    assert np.isfinite(bits[from_articles]).mean() > 0.9


def test_dropped_documents_say_why(run):
    batches = list(run.removed("quality_model", ["drop_reason", "quality_model"]))
    assert batches
    for row in [row for batch in batches for row in batch.to_pylist()]:
        assert row["drop_reason"] == f"quality_model: {row['quality_model']:.4g} vs 0.15"


def test_the_anneal_phase_takes_the_better_half(run):
    """Every document of its rows meets both conditions; some document of the run does not."""
    shards = TokenShards(run.shards_path)
    rows = {int(row["id"][:16], 16): row for row in kept_rows(run)}
    used = {
        piece.document
        for number in range(shards.manifest.phase("anneal").rows)
        for piece in shards.trace_row("anneal", number).pieces
        if piece.document is not None
    }
    assert len(used) > 20
    for number in used:
        assert rows[number]["quality_model"] >= np.float32(0.28)
        assert rows[number]["bits_per_character"] < np.float32(6)
    assert len(used) < len(rows)
