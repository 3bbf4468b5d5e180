"""Shards as batches: every row once, in order, from any row; what is a target and what is not."""

import json
from pathlib import Path

import numpy as np
import pytest

from trainer.data import NO_TARGET, batches, open_rows, unigram_entropy
from trainer.errors import ShardsError


@pytest.fixture
def rows(shards):
    return open_rows(shards)


def tokens_of(found):
    return np.concatenate([batch.input_ids for batch in found])


def test_rows_are_numbered_across_phases(rows):
    assert len(rows) == 96
    assert [rows.phase_of(row) for row in (0, 69, 70, 95)] == ["pretrain"] * 2 + ["anneal"] * 2


def test_every_row_once_and_in_order(rows):
    """Batches of 7 cross the border of files (row 40), of phases (70), and the last has 5 rows."""
    found = list(batches(rows, 0, 96, batch_rows=7))
    assert [len(batch.input_ids) for batch in found] == [7] * 13 + [5]
    shards = rows.shards
    expected = [shards.read(phase, 0, shards.rows(phase))["input_ids"] for phase in rows.phases]
    np.testing.assert_array_equal(tokens_of(found), np.concatenate(expected))


@pytest.mark.parametrize("start", [0, 1, 39, 69, 70, 95])
def test_reading_goes_on_at_any_row(rows, start):
    whole = tokens_of(batches(rows, 0, 96, 4))
    np.testing.assert_array_equal(tokens_of(batches(rows, start, 96, 4)), whole[start:])


def test_nothing_left_to_read(rows):
    assert list(batches(rows, 96, 96, 4)) == []


def test_a_batch_is_what_the_model_takes(rows):
    """Row 0: a document of 6 tokens, one of 7, and 3 of padding, as integers torch can index by."""
    (batch,) = batches(rows, 0, 1, 4)
    assert batch.documents.tolist() == [[0] * 6 + [1] * 7 + [2] * 3]
    ids, no = batch.input_ids[0].tolist(), NO_TARGET
    assert batch.targets.tolist() == [[*ids[1:6], no, *ids[7:13], no, no, no, no]]
    assert {array.dtype for array in batch} == {np.dtype(np.int64)}


def test_unigram_entropy_is_that_of_the_targets(rows):
    targets = np.concatenate([batch.targets for batch in batches(rows, 0, 96, 8)])
    _, counts = np.unique(targets[targets != NO_TARGET], return_counts=True)
    shares = counts / counts.sum()
    assert unigram_entropy(rows, 96) == pytest.approx(-(shares * np.log(shares)).sum())
    assert 0 < unigram_entropy(rows, 96, most_tokens=1) < np.log(64)


def test_shards_without_rows(tmp_path, make_shards):
    with pytest.raises(ShardsError, match="has no rows"):
        open_rows(make_shards(tmp_path / "none", {"pretrain": []}))


def test_a_folder_without_shards(tmp_path):
    with pytest.raises(ShardsError, match=r"no .*manifest.json: .* python -m pipeline run RECIPE"):
        open_rows(str(tmp_path))
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(ShardsError, match=r"/manifest.json: cannot be read: "):
        open_rows(str(tmp_path))


def test_a_missing_file_is_noticed_before_the_run_begins(shards):
    Path(shards, "pretrain", "shard-00001.arrow").unlink()
    with pytest.raises(ShardsError, match=r"shard-00001.arrow: is missing \(missing: 1 of the 3"):
        open_rows(shards)


def test_a_damaged_file_is_named(shards):
    """Rows 36 to 43 of the phase stand in two files, the second of which is cut."""
    path = Path(shards, "pretrain", "shard-00001.arrow")
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(ShardsError, match=r"shard-00000.arrow, .*shard-00001.arrow: cannot be"):
        list(batches(open_rows(shards), 36, 44, 8))


def test_a_token_beyond_the_vocabulary_is_named(shards):
    path = f"{shards}/manifest.json"
    with open(path, encoding="utf-8") as file:
        manifest = json.load(file)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(manifest | {"vocab_size": 10}, file)
    with pytest.raises(ShardsError, match=r"row 0 has token ids from .*, .* vocab_size 10"):
        unigram_entropy(open_rows(shards), 96)
