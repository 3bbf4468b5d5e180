"""Exports hold the rows in training order, read back by each format's own rules and library."""

import contextlib
import importlib.util
import struct
from pathlib import Path

import numpy as np
import pytest

from formats.run_folder import RunFolder
from formats.shards import PADDING, TokenShards
from pipeline import cli
from pipeline.export import EXPORTERS, export
from pipeline.export import megatron as megatron_module
from pipeline.export import rows as rows_module
from pipeline.export.bitext import FORMATS

LENGTH = 128


@pytest.fixture(scope="module")
def shards(sample_run: RunFolder) -> TokenShards:
    return TokenShards(sample_run.shards_path)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch) -> None:
    """So that a phase has several batches, and an index several chunks."""
    monkeypatch.setattr(rows_module, "BATCH_TOKENS", 1000 * LENGTH)
    monkeypatch.setattr(megatron_module, "INDEX_CHUNK", 300)


def exported(path: Path, to: str, folder: Path, sequences: str = "rows") -> list[str]:
    return export(
        str(path), to, str(folder), sequences, lambda *_: contextlib.nullcontext(), lambda: None
    )


def phases(shards: TokenShards):
    """Name and all rows of each phase."""
    for phase in shards.manifest.every_phase:
        yield phase.name, shards.read(phase.name, 0, phase.rows)


def pieces_of(rows) -> list[np.ndarray]:
    """The tokens of every stretch of a document, row after row, without padding."""
    found = []
    for row, tokens in enumerate(rows["input_ids"]):
        own = slice(rows["row_offsets"][row], rows["row_offsets"][row + 1])
        starts = [*rows["document_starts"][own].tolist(), LENGTH]
        for number, document in enumerate(rows["document_ids"][own].tolist()):
            if document != PADDING:
                found.append(tokens[starts[number] : starts[number + 1]])
    return found


def read_megatron(prefix: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """A reader from the format's description: sequences, and the bounds of documents."""
    index = prefix.with_suffix(".idx").read_bytes()
    magic, version, code, count, bounds = struct.unpack_from("<9sQBQQ", index)
    assert (magic, version) == (b"MMIDIDX\0\0", 1)
    dtype = {4: np.dtype("<i4"), 8: np.dtype("<u2")}[code]
    place = 9 + 8 + 1 + 8 + 8
    lengths = np.frombuffer(index, "<i4", count, place)
    pointers = np.frombuffer(index, "<i8", count, place + 4 * count)
    documents = np.frombuffer(index, "<i8", bounds, place + 12 * count)
    assert len(index) == place + 12 * count + 8 * bounds
    data = prefix.with_suffix(".bin").read_bytes()
    assert len(data) == int(lengths.sum()) * dtype.itemsize
    sequences = [
        np.frombuffer(data, dtype, length, pointer)
        for length, pointer in zip(lengths.tolist(), pointers.tolist(), strict=True)
    ]
    return sequences, documents


def test_megatron_rows(sample_path: Path, shards: TokenShards, tmp_path: Path) -> None:
    written = exported(sample_path, "megatron", tmp_path)
    assert [Path(path).name for path in written] == [
        "pretrain.bin", "pretrain.idx", "anneal.bin", "anneal.idx",
    ]  # fmt: skip
    for name, rows in phases(shards):
        sequences, documents = read_megatron(tmp_path / name)
        np.testing.assert_array_equal(np.stack(sequences), rows["input_ids"])
        assert documents.tolist() == list(range(len(sequences) + 1))


def test_megatron_documents(sample_path: Path, shards: TokenShards, tmp_path: Path) -> None:
    exported(sample_path, "megatron", tmp_path, "documents")
    for name, rows in phases(shards):
        sequences, documents = read_megatron(tmp_path / name)
        expected = pieces_of(rows)
        assert len(sequences) == len(expected) == documents[-1]
        assert all(np.array_equal(a, b) for a, b in zip(sequences, expected, strict=True))


@pytest.mark.filterwarnings("ignore")
def test_megatron_reads_it_too(sample_path: Path, shards: TokenShards, tmp_path: Path) -> None:
    indexed = pytest.importorskip("megatron.core.datasets.indexed_dataset")
    exported(sample_path, "megatron", tmp_path)
    for name, rows in phases(shards):
        dataset = indexed.IndexedDataset(str(tmp_path / name))
        assert len(dataset) == len(rows["input_ids"])
        for number in range(0, len(dataset), 50):
            np.testing.assert_array_equal(dataset[number], rows["input_ids"][number])


def test_nanotron_is_one_memory_map(sample_path: Path, shards: TokenShards, tmp_path: Path) -> None:
    exported(sample_path, "nanotron", tmp_path)
    for name, rows in phases(shards):
        path = tmp_path / name / "tokens.ds"
        tokens = np.memmap(path, shards.dtype, mode="r").reshape(-1, LENGTH)
        np.testing.assert_array_equal(tokens, rows["input_ids"])
        ends = np.fromfile(f"{path}.index", "<u8")
        starts = rows["document_starts"] + LENGTH * np.repeat(
            np.arange(len(tokens)), np.diff(rows["row_offsets"])
        )
        assert ends.tolist() == [*starts[1:].tolist(), tokens.size]
        tokenizer, count, _ = Path(f"{path}.metadata").read_text().split("\n")
        assert tokenizer.endswith("|2")
        assert int(count) == tokens.size


@pytest.mark.filterwarnings("ignore")
def test_datatrove_reads_it_too(sample_path: Path, shards: TokenShards, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    dataset = pytest.importorskip("datatrove.utils.dataset")
    exported(sample_path, "nanotron", tmp_path)
    for name, rows in phases(shards):
        path = str(tmp_path / name / "tokens.ds")
        found = dataset.DatatroveFileDataset(path, LENGTH - 1, token_size=2, return_positions=True)
        assert len(found) == len(rows["input_ids"])
        for number in range(0, len(found), 50):
            assert found[number]["input_ids"].tolist() == rows["input_ids"][number].tolist()
            starts = shards.row(name, number)["document_starts"]
            last = starts[np.searchsorted(starts, np.arange(LENGTH), "right") - 1]
            assert found[number]["positions"].tolist() == (np.arange(LENGTH) - last).tolist()


@pytest.mark.filterwarnings("ignore")
def test_mosaicml_reads_what_its_own_writer_wrote(
    sample_path: Path, shards: TokenShards, tmp_path: Path
) -> None:
    streaming = pytest.importorskip("streaming")
    exported(sample_path, "mds", tmp_path)
    for name, rows in phases(shards):
        dataset = streaming.LocalDataset(str(tmp_path / name))
        assert len(dataset) == len(rows["input_ids"])
        for number in range(0, len(dataset), 50):
            np.testing.assert_array_equal(dataset[number]["tokens"], rows["input_ids"][number])
    with pytest.raises(ValueError, match="is there already"):
        exported(sample_path, "mds", tmp_path)


@pytest.mark.skipif(
    importlib.util.find_spec("streaming") is not None, reason="the library is installed"
)
def test_what_is_not_installed_is_named(sample_path: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pip install mosaicml-streaming"):
        exported(sample_path, "mds", tmp_path)


@pytest.mark.parametrize("to", ["nanotron", "mds"])
def test_formats_of_rows_alone_refuse_documents(sample_path: Path, tmp_path: Path, to: str) -> None:
    with pytest.raises(ValueError, match="leave out --sequences documents"):
        exported(sample_path, to, tmp_path, "documents")


def test_an_export_that_fails_leaves_nothing(
    sample_path: Path, tmp_path: Path, monkeypatch
) -> None:
    real = rows_module._batch

    def failing(shards, phase, first, count):
        if first:
            raise OSError("the disk is full")
        return real(shards, phase, first, count)

    monkeypatch.setattr(rows_module, "_batch", failing)
    for to in ("megatron", "nanotron"):
        with pytest.raises(OSError, match="the disk is full"):
            exported(sample_path, to, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_command_names_the_files(sample_path: Path, tmp_path: Path, capsys) -> None:
    assert cli.main(["export", str(sample_path), "--to", "megatron", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{tmp_path}/pretrain.bin"
    with pytest.raises(SystemExit):
        cli.main(["export", str(sample_path), "--to", "webdataset", str(tmp_path)])


def test_every_format_can_be_asked_for(capsys) -> None:
    with pytest.raises(SystemExit):
        cli.main(["export", "--help"])
    assert f"{{{','.join([*EXPORTERS, *FORMATS])}}}" in capsys.readouterr().out
