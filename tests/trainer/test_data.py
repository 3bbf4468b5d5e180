"""Shards as batches: every row once, in order, from any row; what is a target and what is not."""

import json
from pathlib import Path

import numpy as np
import pytest

from trainer.data import NO_TARGET, micro_batches, open_corpus, unigram_entropy
from trainer.errors import ConfigError, ShardsError


@pytest.fixture
def rows(shards):
    return open_corpus(shards).training


def tokens_of(steps):
    """Rows of the shards in the micro batches, in order."""
    return np.concatenate(
        [batch["input_ids"][: batch["rows"]].numpy() for step in steps for batch in step]
    )


def test_rows_are_numbered_across_phases(rows):
    assert len(rows) == 96
    assert [rows.phase_of(row) for row in (0, 69, 70, 95)] == ["pretrain"] * 2 + ["anneal"] * 2


def test_every_row_once_and_in_order(rows):
    """Batches of 7 cross the border of files (row 40), of phases (70), and the last has 5 rows."""
    found = list(micro_batches(rows, 7, 7))
    assert [step[0]["rows"] for step in found] == [7] * 13 + [5]
    shards = rows.shards
    expected = [shards.read(phase, 0, shards.rows(phase))["input_ids"] for phase in rows.phases]
    np.testing.assert_array_equal(tokens_of(found), np.concatenate(expected))


@pytest.mark.parametrize("start", [0, 1, 39, 69, 70, 95])
def test_reading_goes_on_at_any_row(rows, start):
    whole = tokens_of(micro_batches(rows, 2, 4))
    np.testing.assert_array_equal(tokens_of(micro_batches(rows, 2, 4, start)), whole[start:])


def test_processes_share_the_rows_of_a_step(rows):
    """Two of them, micro batches of 2: the first half of each eight rows, and the second."""
    whole = tokens_of(micro_batches(rows, 8, 8))
    halves = [list(micro_batches(rows, 2, 8, rank=rank, world=2)) for rank in (0, 1)]
    together = [tokens_of([half[step]]) for step in range(12) for half in halves]
    np.testing.assert_array_equal(np.concatenate(together), whole)


def test_nothing_left_to_read(rows):
    assert list(micro_batches(rows, 4, 4, 96)) == []


def test_rows_carry_what_losses_by_component_need(rows):
    """Row 94: documents of 6 and 7 tokens and 3 of padding; row 95: one of 16; then no rows."""
    (step,) = micro_batches(rows, 4, 4, 94, lengths=np.arange(64))
    figures = step[0]["row_figures"].numpy()
    labels = step[0]["labels"].numpy()
    assert figures[:, 0].tolist() == [11, 15, 0, 0]
    assert figures[:2, 1].tolist() == [row[row != NO_TARGET].sum() for row in labels[:2]]
    assert figures[:, 2].tolist() == [1, 1, 0, 0]
    (step,) = micro_batches(rows, 4, 4, 94)
    assert step[0]["row_figures"][:, 1].isnan().all(), "no tokenizer, no bytes"


def test_held_out_rows_are_not_trained_on(tmp_path, make_shards):
    path = make_shards(tmp_path / "s", {"held_out": [5], "pretrain": [8], "anneal": [4]})
    corpus = open_corpus(path)
    assert (corpus.training.phases, len(corpus.training)) == (["pretrain", "anneal"], 12)
    assert len(corpus.held_out) == 5
    found = tokens_of(micro_batches(corpus.held_out, 2, 2))
    np.testing.assert_array_equal(found, corpus.shards.read("held_out", 0, 5)["input_ids"])
    assert open_corpus(path, "anneal").training.phases == ["held_out", "pretrain"]
    with pytest.raises(ConfigError, match=r"no phase 'test' in .*; it has held_out, pretrain"):
        open_corpus(path, "test")


def test_unigram_entropy_is_that_of_the_targets(rows):
    targets = np.concatenate([step[0]["labels"] for step in micro_batches(rows, 8, 8)])
    _, counts = np.unique(targets[targets != NO_TARGET], return_counts=True)
    shares = counts / counts.sum()
    assert unigram_entropy(rows, 96) == pytest.approx(-(shares * np.log(shares)).sum())
    assert 0 < unigram_entropy(rows, 96, most_tokens=1) < np.log(64)


def test_shards_without_rows(tmp_path, make_shards):
    with pytest.raises(ShardsError, match="has no rows"):
        open_corpus(make_shards(tmp_path / "none", {"pretrain": []}))


def test_a_folder_without_shards(tmp_path):
    with pytest.raises(ShardsError, match=r"no .*manifest.json: .* python -m pipeline run RECIPE"):
        open_corpus(str(tmp_path))
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ShardsError, match=r"/manifest.json: cannot be read: "):
        open_corpus(str(tmp_path))


def test_a_missing_file_is_noticed_before_the_run_begins(shards):
    Path(shards, "pretrain", "shard-00001.arrow").unlink()
    with pytest.raises(ShardsError, match=r"shard-00001.arrow: is missing \(missing: 1 of the 3"):
        open_corpus(shards)


def test_a_damaged_file_is_named(shards):
    """Rows 36 to 43 of the phase stand in two files, the second of which is cut."""
    path = Path(shards, "pretrain", "shard-00001.arrow")
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(ShardsError, match=r"shard-00000.arrow, .*shard-00001.arrow: cannot be"):
        list(micro_batches(open_corpus(shards).training, 8, 8, 36, 44))


def test_a_token_beyond_the_vocabulary_is_named(shards):
    path = f"{shards}/manifest.json"
    with open(path, encoding="utf-8") as file:
        manifest = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(manifest | {"vocab_size": 10}, file)
    with pytest.raises(ShardsError, match=r"row 0 has token ids from .*, .* vocab_size 10"):
        unigram_entropy(open_corpus(shards).training, 96)
