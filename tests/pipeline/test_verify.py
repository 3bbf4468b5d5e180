"""``verify`` passes what a run wrote and names every fault that is planted in it."""

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from formats.shard_writer import ShardWriter
from formats.shards import PADDING, ShardFile
from formats.tokens import file_bytes
from pipeline import cli
from pipeline.verify import Verification, sample_rows, verify

COPIED = ("shards", "tokenizer", "documents", "tokens")
PRETRAIN = "pretrain/shard-00000.arrow"
ANNEAL = "anneal/shard-00000.arrow"


@pytest.fixture
def copy(sample_path: Path, tmp_path: Path) -> Path:
    """What ``verify`` reads of a run, to be damaged."""
    for name in COPIED:
        shutil.copytree(sample_path / name, tmp_path / name)
    return tmp_path


def verified(path: Path, rows: int = 40) -> Verification:
    return verify(str(path), rows, 2, lambda *_: contextlib.nullcontext(), lambda: None)


def faults(path: Path, rows: int = 40) -> str:
    """All faults, a line each."""
    return "\n".join(verified(path, rows).problems)


def change_manifest(folder: Path, change) -> None:
    path = folder / "shards" / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def rewrite(folder: Path, name: str, change) -> None:
    """Write a shard file anew with other contents, and its hash into the manifest."""
    path = folder / "shards" / name
    shard = ShardFile(file_bytes(str(path)))
    batches = [
        {key: values.copy() for key, values in shard.views(number).items()}
        for number in range(shard.batches)
    ]
    change(batches[0])
    length = batches[0]["input_ids"].shape[1]
    os.unlink(path)
    with ShardWriter(str(path), length, batches[0]["input_ids"].dtype) as writer:
        for batch in batches:
            writer.append(**batch)
    digest = writer.sha256

    def new_hash(manifest) -> None:
        for phase in manifest["phases"]:
            for file in phase["files"]:
                if file["path"] == name:
                    file["sha256"] = digest

    change_manifest(folder, new_hash)


def test_what_a_run_wrote_is_as_it_says(sample_path: Path) -> None:
    found = verified(sample_path, rows=60)
    assert found.problems == []
    assert found.not_checked == []
    assert found.rows_traced == 60
    assert found.documents_traced > 10
    assert found.tokens_traced > 30 * 128
    assert found.twins > 0
    assert [phase.name for phase in found.phases] == ["pretrain", "anneal"]
    assert all(0 < phase.largest_stray < 1 for phase in found.phases)


def test_a_folder_of_shards_alone_is_checked_as_far_as_it_goes(sample_path: Path) -> None:
    found = verified(sample_path / "shards")
    assert found.problems == []
    assert found.rows_traced == 0
    assert "folder of shards alone" in found.not_checked[0]


def test_a_flipped_bit(copy: Path) -> None:
    path = copy / "shards" / PRETRAIN
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    assert f"{PRETRAIN}: its bytes changed: sha256" in faults(copy)


def test_a_missing_file(copy: Path) -> None:
    (copy / "shards" / ANNEAL).unlink()
    assert faults(copy) == f"{ANNEAL}: missing"


def test_swapped_shards(copy: Path) -> None:
    one, other = copy / "shards" / PRETRAIN, copy / "shards" / ANNEAL
    held = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(held)
    found = faults(copy)
    assert f"{PRETRAIN}: its bytes changed" in found
    assert f"{ANNEAL}: its bytes changed" in found
    assert "rows, the manifest says" in found


def test_a_truncated_file(copy: Path) -> None:
    path = copy / "shards" / PRETRAIN
    data = path.read_bytes()[:-40_000]
    path.write_bytes(data)

    def new_hash(manifest) -> None:
        manifest["phases"][0]["files"][0]["sha256"] = hashlib.sha256(data).hexdigest()

    assert f"{PRETRAIN}: its bytes changed" in faults(copy)
    change_manifest(copy, new_hash)  # also where the hash was taken of the truncated file
    assert PRETRAIN in faults(copy)


def test_a_wrong_weight(copy: Path) -> None:
    def change(manifest) -> None:
        first, second = manifest["phases"][0]["components"][:2]
        for share, by in ((first["share"], 0.02), (second["share"], -0.02)):
            for point in share:
                point[1] += by

    change_manifest(copy, change)
    found = faults(copy)
    assert "rows off its share in a prefix; less than one is promised" in found
    assert "where the schedule has" in found


def test_shares_that_do_not_sum_to_one(copy: Path) -> None:
    def change(manifest) -> None:
        for point in manifest["phases"][0]["components"][0]["share"]:
            point[1] += 0.1

    change_manifest(copy, change)
    assert "phase pretrain: the shares sum to 1.1, not 1" in faults(copy)


def test_a_wrong_tokenizer(copy: Path) -> None:
    path = copy / "tokenizer" / "tokenizer.json"
    path.write_text(path.read_text() + " ")
    found = faults(copy)
    assert "tokenizer.json: sha256" in found
    assert "the shards were made with" in found


def test_a_row_said_to_be_of_another_component(copy: Path) -> None:
    def change(batch) -> None:
        own = batch["component"]
        own[5] = own[own != own[5]][0]

    rewrite(copy, PRETRAIN, change)
    assert "row 5 is of component" in faults(copy)


def test_a_row_with_documents_of_another_component(copy: Path) -> None:
    def change(batch) -> None:
        """Give a row the contents of one of another component, with as many pieces."""
        counts, component = np.diff(batch["row_offsets"]), batch["component"]
        other = np.flatnonzero((component != component[3]) & (counts == counts[3]))[0]
        batch["input_ids"][3] = batch["input_ids"][other]
        here, there = (
            slice(batch["row_offsets"][row], batch["row_offsets"][row + 1]) for row in (3, other)
        )
        for name in ("document_starts", "document_ids", "document_offsets"):
            batch[name][here] = batch[name][there]

    rewrite(copy, PRETRAIN, change)
    found = faults(copy)
    assert "row 3: document" in found
    assert "is not of component" in found


def test_a_row_that_stands_twice_in_an_epoch(copy: Path) -> None:
    shutil.rmtree(copy / "tokens")  # without them nobody knows whose the documents are

    def change(batch) -> None:
        counts, component = np.diff(batch["row_offsets"]), batch["component"]
        offsets = batch["row_offsets"]
        for row in range(len(component)):
            alike = np.flatnonzero((component == component[row]) & (counts == counts[row]))
            if alike[-1] > row:
                other = alike[-1]
                batch["input_ids"][row] = batch["input_ids"][other]
                for name in ("document_starts", "document_ids", "document_offsets"):
                    batch[name][offsets[row] : offsets[row + 1]] = batch[name][
                        offsets[other] : offsets[other + 1]
                    ]
                return

    rewrite(copy, PRETRAIN, change)
    assert "do not hold the same rows" in faults(copy)


def test_a_token_beyond_the_vocabulary(copy: Path) -> None:
    def change(batch) -> None:
        batch["input_ids"][7, 9] = 65_535

    rewrite(copy, ANNEAL, change)
    assert f"{ANNEAL}: row 7: token 65535 at 9 of a vocabulary of 600" in faults(copy)


def test_a_token_that_the_text_does_not_give(copy: Path) -> None:
    def change(batch) -> None:
        whole = batch["input_ids"]
        whole[:, 0] = np.where(whole[:, 0] == 300, 301, 300)

    rewrite(copy, ANNEAL, change)
    found = faults(copy, rows=3000)
    assert "differs: the row reads" in found
    assert "the document" in found


def test_documents_that_are_no_longer_there(copy: Path) -> None:
    first = sorted((copy / "documents").iterdir())[0]
    first.unlink()
    assert "no kept document has the number" in faults(copy, rows=3000)


BROKEN_BOUNDARIES = {
    "its first boundary is not 0": lambda starts: np.add(starts, [1, 0]),
    "its boundaries do not rise": lambda starts: starts * [1, 0],
    "a boundary outside 0..127": lambda starts: starts * [1, 0] + [0, 128],
    "where no boundary follows": lambda starts: np.add(starts, [0, 1]),
}


@pytest.mark.parametrize("what", BROKEN_BOUNDARIES)
def test_boundaries_that_cannot_be(copy: Path, what: str) -> None:
    def change(batch) -> None:
        """In a row of two pieces, of which the first is the end of a document."""
        offsets, starts = batch["row_offsets"], batch["document_starts"]
        for row in np.flatnonzero(np.diff(offsets) == 2).tolist():
            own = slice(int(offsets[row]), int(offsets[row + 1]))
            second = int(starts[own][1])
            if batch["input_ids"][row, second - 1] == eos and second < 120:
                starts[own] = BROKEN_BOUNDARIES[what](starts[own])
                return
        raise AssertionError("no such row")

    eos = json.loads((copy / "shards" / "manifest.json").read_text())["special_ids"]["eos"]
    rewrite(copy, PRETRAIN, change)
    assert what in faults(copy)


def test_padding_in_the_middle_of_a_row(copy: Path) -> None:
    def change(batch) -> None:
        offsets = batch["row_offsets"]
        row = int(np.flatnonzero(np.diff(offsets) > 1)[0])
        batch["document_ids"][offsets[row]] = PADDING
        batch["document_offsets"][offsets[row]] = 0

    rewrite(copy, PRETRAIN, change)
    assert "padding that is not last" in faults(copy)


def test_padding_that_holds_text(copy: Path) -> None:
    def change(batch) -> None:
        last = batch["row_offsets"][1:] - 1
        row = int(np.flatnonzero(batch["document_ids"][last] == PADDING)[0])
        batch["input_ids"][row, -1] = 400

    rewrite(copy, PRETRAIN, change)
    assert "padding that is not token" in faults(copy)


def wrong_count(manifest) -> None:
    manifest["phases"][1]["components"][0]["padding"] += 1


def wrong_rows(manifest) -> None:
    manifest["phases"][0]["files"][0]["rows"] += 1


def wrong_counts_before(manifest) -> None:
    manifest["phases"][0]["files"][0]["component_counts_before"][0] = 3


def wrong_vocabulary(manifest) -> None:
    manifest["vocab_size"] += 1


def wrong_epochs(manifest) -> None:
    manifest["phases"][0]["components"][0]["epochs"] *= 1.5


def wrong_seed(manifest) -> None:
    manifest["seed"] += 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (wrong_count, "tokens of padding, the manifest says"),
        (wrong_rows, "phase pretrain: its files have"),
        (wrong_counts_before, "do not sum to its first row, 0"),
        (wrong_vocabulary, "600 tokens, the manifest says 601"),
        (wrong_epochs, "do not hold the same rows"),
        (wrong_seed, "the same of an earlier epoch, holds something else"),
    ],
)
def test_what_is_wrong_in_the_manifest(copy: Path, change, said: str) -> None:
    change_manifest(copy, change)
    assert said in faults(copy)


def test_a_shard_that_the_manifest_does_not_list(copy: Path) -> None:
    shutil.copy(copy / "shards" / ANNEAL, copy / "shards" / "anneal" / "shard-00001.arrow")
    assert "anneal/shard-00001.arrow: not in the manifest" in faults(copy)


def test_every_row_is_as_likely_to_be_looked_at(sample_path: Path) -> None:
    from formats.manifest import read_manifest

    manifest = read_manifest(str(sample_path / "shards"))
    total = sum(phase.rows for phase in manifest.every_phase)
    assert len(sample_rows(manifest, 10**6, 0)) == total
    some = sample_rows(manifest, 50, 0)
    assert len(set(some)) == 50
    assert some == sample_rows(manifest, 50, 0) != sample_rows(manifest, 50, 1)


def test_the_command_says_what_it_found(sample_path: Path, copy: Path, capsys) -> None:
    assert cli.main(["verify", str(sample_path), "--rows", "10"]) == 0
    said = capsys.readouterr().out
    assert "traced 10 rows" in said
    assert "all as the manifest says" in said
    (copy / "shards" / ANNEAL).unlink()
    assert cli.main(["verify", str(copy), "--rows", "10"]) == 1
    said = capsys.readouterr().out
    assert f"FAULT {ANNEAL}: missing" in said
    assert "1 fault" in said
