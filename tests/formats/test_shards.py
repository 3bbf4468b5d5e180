"""Shards: written deterministically, read at any row, opened by others."""

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from formats.manifest import (
    SCHEDULE,
    Manifest,
    ManifestComponent,
    ManifestFile,
    ManifestPhase,
    read_manifest,
)
from formats.shard_writer import ShardWriter, rows_per_batch
from formats.shards import PADDING, Piece, TokenShards, shard_schema

LENGTH = 8192


def make_rows(first, count, dtype):
    """Rows of two pieces, or of three where padding is one: all told by the row's number."""
    numbers = np.arange(first, first + count)
    tokens = (numbers[:, None] + np.arange(LENGTH)).astype(dtype)
    padded = numbers % 2 == 0
    counts = np.where(padded, 3, 2)
    starts, documents, offsets = [], [], []
    for number in numbers.tolist():
        starts += [0, 100, 8000][: 3 if number % 2 == 0 else 2]
        documents += [2 * number, 2 * number + 1, PADDING][: 3 if number % 2 == 0 else 2]
        offsets += [7, 0, 0][: 3 if number % 2 == 0 else 2]
    return {
        "input_ids": tokens,
        "component": numbers % 3,
        "row_offsets": np.concatenate([[0], np.cumsum(counts)]),
        "document_starts": np.array(starts),
        "document_ids": np.array(documents, np.uint64),
        "document_offsets": np.array(offsets),
    }


def write_file(path, first, count, dtype, compression="none"):
    with ShardWriter(str(path), LENGTH, dtype, compression) as writer:
        for start in range(0, count, writer.batch_rows):
            rows = min(writer.batch_rows, count - start)
            writer.append(**make_rows(first + start, rows, dtype))
    return ManifestFile(
        path=f"pretrain/{path.name}",
        rows=count,
        sha256=writer.sha256,
        component_counts_before=[(first + 2) // 3, (first + 1) // 3, first // 3],
    )


def make_shards(folder, dtype=np.uint16, compression="none", counts=(1300, 500)):
    """Two files of a phase; with uint16 the first has two record batches."""
    (folder / "pretrain").mkdir(parents=True)
    files, rows = [], 0
    for number, count in enumerate(counts):
        path = folder / "pretrain" / f"shard-{number:05d}.arrow"
        files.append(write_file(path, rows, count, dtype, compression))
        rows += count
    component = {"share": [(0, 1 / 3)], "rows": rows // 3, "tokens": rows // 3 * LENGTH}
    component |= {"padding": rows // 6 * 192, "documents": rows, "epochs": 1.0}
    phase = ManifestPhase(
        name="pretrain",
        rows=rows,
        tokens=rows * LENGTH,
        schedule=SCHEDULE,
        components=[ManifestComponent(name=name, **component) for name in ("en", "fr", "zh")],
        files=files,
    )
    Manifest(
        sequence_length=LENGTH,
        dtype=np.dtype(dtype).name,
        vocab_size=60_000,
        tokenizer_sha256="0" * 64,
        seed=17,
        special_ids={"eos": 0, "pad": 1},
        phases=[phase],
    ).write(str(folder))
    return TokenShards(str(folder))


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return make_shards(tmp_path_factory.mktemp("shards"))


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_the_schema_is_the_contract():
    assert shard_schema(4096, np.dtype(np.uint16)) == pa.schema(
        [
            ("input_ids", pa.list_(pa.uint16(), 4096)),
            ("component", pa.uint16()),
            ("document_starts", pa.list_(pa.int32())),
            ("document_ids", pa.list_(pa.uint64())),
            ("document_offsets", pa.list_(pa.int32())),
        ]
    )


@pytest.mark.parametrize(
    ("start", "count"),
    [(0, 1), (5, 100), (1000, 100), (1299, 1), (1300, 1), (1290, 20), (900, 900), (0, 1800)],
)
def test_any_stretch_of_rows_can_be_read(shards, start, count):
    same(shards.read("pretrain", start, count), make_rows(start, count, np.uint16))


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_compressed_files_read_the_same(tmp_path, compression):
    shards = make_shards(tmp_path / "s", np.int32, compression, counts=(600, 10))
    same(shards.read("pretrain", 500, 110), make_rows(500, 110, np.int32))


def test_rows_within_a_batch_are_views_of_the_file(shards):
    first = shards.read("pretrain", 10, 5)["input_ids"]
    again = shards.read("pretrain", 12, 1)["input_ids"]
    assert np.shares_memory(first, again)
    assert not first.flags.writeable
    assert first.dtype == np.uint16


def test_one_row(shards):
    row = shards.row("pretrain", 3)
    assert row["input_ids"].shape == (LENGTH,)
    assert int(row["component"]) == 0
    assert row["document_ids"].tolist() == [6, 7]
    assert shards.rows("pretrain") == 1800


def test_a_row_is_traced_to_its_documents(shards):
    traced = shards.trace_row("pretrain", 4)
    assert traced.component == "fr"
    assert traced.pieces == [
        Piece(document=8, start=0, length=100, offset=7),
        Piece(document=9, start=100, length=7900, offset=0),
        Piece(document=None, start=8000, length=192, offset=0),
    ]


@pytest.mark.parametrize(("start", "count"), [(-1, 1), (1800, 1), (1799, 2), (0, 0)])
def test_rows_that_are_not_there_are_refused(shards, start, count):
    with pytest.raises(IndexError, match=r"has rows 0\.\.1799"):
        shards.read("pretrain", start, count)


def test_an_unknown_phase_is_named_with_those_there_are(shards):
    with pytest.raises(ValueError, match=r"no phase 'anneal'.*pretrain"):
        shards.read("anneal", 0, 1)


def test_the_same_rows_give_the_same_bytes_and_their_hash(tmp_path):
    first = write_file(tmp_path / "a.arrow", 0, 700, np.int32)
    second = write_file(tmp_path / "b.arrow", 0, 700, np.int32)
    data = (tmp_path / "a.arrow").read_bytes()
    assert data == (tmp_path / "b.arrow").read_bytes()
    assert first.sha256 == second.sha256 == hashlib.sha256(data).hexdigest()


def test_verify_says_what_is_wrong(tmp_path):
    shards = make_shards(tmp_path / "s", counts=(20, 10))
    assert shards.verify() == []
    first, second = sorted((tmp_path / "s" / "pretrain").iterdir())
    damaged = bytearray(first.read_bytes())
    damaged[5000] ^= 1
    first.write_bytes(damaged)
    second.unlink()
    problems = TokenShards(shards.path).verify()
    assert len(problems) == 2
    assert "the manifest says" in problems[0]
    assert "missing" in problems[1]


def test_batches_but_the_last_are_full(tmp_path):
    assert rows_per_batch(4096, np.dtype(np.int32)) == 1024
    assert rows_per_batch(1 << 20, np.dtype(np.int32)) == 4
    rows = make_rows(0, 10, np.uint16)
    with (
        ShardWriter(str(tmp_path / "a.arrow"), LENGTH, np.uint16) as writer,
        pytest.raises(ValueError, match="after one of 10"),
    ):
        writer.append(**rows)
        writer.append(**rows)


def test_unfinished_shards_are_told_from_whole_ones(tmp_path):
    with pytest.raises(FileNotFoundError, match="not finished"):
        TokenShards(str(tmp_path))
    (tmp_path / "manifest.json").write_text('{"version": 2}')
    with pytest.raises(ValueError, match="version 2"):
        TokenShards(str(tmp_path))


def test_the_manifest_round_trips(shards):
    assert read_manifest(shards.path) == shards.manifest


def test_remote_shards_read_the_same(shards, tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.put(shards.path, "/remote-shards", recursive=True)
    remote = TokenShards("memory://remote-shards")
    same(remote.read("pretrain", 1200, 150), make_rows(1200, 150, np.uint16))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_hugging_face_datasets_maps_a_shard(shards):
    datasets = pytest.importorskip("datasets")
    path = f"{shards.path}/pretrain/shard-00000.arrow"
    dataset = datasets.Dataset.from_file(path)
    assert len(dataset) == 1300
    assert dataset[1299]["input_ids"] == shards.row("pretrain", 1299)["input_ids"].tolist()
    assert dataset[4]["document_ids"] == [8, 9, PADDING]
    assert dataset.cache_files == [{"filename": path}], "mapped where it is, not copied"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_hugging_face_datasets_loads_all_shards(shards, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    files = [f"{shards.path}/{file.path}" for file in shards.manifest.phases[0].files]
    dataset = datasets.load_dataset(
        "arrow", data_files=files, cache_dir=str(tmp_path), split="train"
    )
    assert len(dataset) == 1800
    row = shards.row("pretrain", 1500)
    assert dataset[1500]["input_ids"] == row["input_ids"].tolist()
    assert dataset[1500]["document_starts"] == row["document_starts"].tolist()
