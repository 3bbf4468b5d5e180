"""Documents repeated by the size of their cluster, from a recipe to the shards' manifest."""

from pathlib import Path

import pytest

from formats.shards import TokenShards
from pipeline.recipe import Recipe

from .small_runs import corpus_recipe, kept_rows, run_inline, write_corpus

SECTIONS = """
stages: [%s]
tokenizer: {train: {vocab: 300, sample_bytes: 100KB}}
mixture:
  sequence_length: 64
  components: [{name: all, where: {source: web}}]
  phases: [{name: pretrain, tokens: 1B, max_epochs: 1, rehydrate: {2: 2, 4: 3}}]
"""


def crawl(folder: Path, stages: str) -> Recipe:
    """Twelve pages that stand once, four twice and two five times, with small differences."""
    lines = []
    for page, copies in enumerate([1] * 12 + [2] * 4 + [5] * 2):
        words = [f"page{page}word{i}" for i in range(60)]
        lines += [{"text": " ".join([*words, f"copy{copy}"])} for copy in range(copies)]
    write_corpus(folder / "corpus" / "pages.jsonl", lines)
    return corpus_recipe(folder, SECTIONS % stages, "run.fit_to_supply=always")


def test_what_was_repeated_a_little_is_repeated_again(tmp_path) -> None:
    outcome = run_inline(crawl(tmp_path, "minhash_dedup: {}"))
    assert sorted(row["cluster_size"] or 1 for row in kept_rows(outcome.folder)) == (
        [1] * 12 + [2] * 4 + [5] * 2
    )
    (component,) = TokenShards(f"{tmp_path}/run/shards").manifest.phases[0].components
    assert component.documents == 18
    assert component.repetitions == {1: 12, 2: 4, 3: 2}
    assert component.epochs == 1
    assert "1x: 12, 2x: 4, 3x: 2" in Path(outcome.folder.report_path).read_text()


def test_without_near_duplicates_there_are_no_clusters(tmp_path) -> None:
    with pytest.raises(ValueError, match="no document has a column 'cluster_size'"):
        run_inline(crawl(tmp_path, "normalize: {}"))
