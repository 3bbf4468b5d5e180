"""Tokenized components: written once, read back as views."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.tokens import (
    TokensReader,
    TokensWriter,
    component_folder,
    component_name,
    token_dtype,
    tokens_in_file,
)


def test_a_folder_name_is_the_component_made_safe():
    assert component_folder("zh-Hans") == "zh-Hans"
    assert component_folder("web/en") == "web%2Fen"
    assert component_folder("..") == "%2E."
    assert component_folder("ภาษา").isascii()


@given(st.text(min_size=1, max_size=20).filter(lambda name: name.isprintable()))
def test_a_folder_leads_back_to_its_component(name):
    folder = component_folder(name)
    assert "/" not in folder and not folder.startswith(".")
    assert component_name(folder) == name


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_names_without_a_folder_are_refused(name):
    with pytest.raises(ValueError, match="folder name"):
        component_folder(name)


def test_small_vocabularies_take_two_bytes_a_token():
    assert token_dtype(65_536) == np.uint16
    assert token_dtype(65_537) == np.int32


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_what_is_written_comes_back_batch_by_batch(tmp_path, dtype):
    path = str(tmp_path / "en" / "part-00000.arrow")
    with TokensWriter(path, dtype, {"lang": pa.string(), "quality": pa.float32()}) as writer:
        writer.append(
            np.array([7, 2**64 - 2], np.uint64),
            np.array([1, 2, 3, 4, 5], np.uint32),
            np.array([0, 3, 5]),
            {"lang": pa.array(["en", None]), "quality": pa.array([0.5, 1], pa.float32())},
        )
        writer.append(  # an empty document, a dictionary, tokens that begin later in the buffer
            np.array([9], np.uint64),
            np.array([0, 0, 6], np.int64),
            np.array([2, 2]),
            {
                "lang": pa.array(["fr"]).dictionary_encode(),
                "quality": pa.array([None], pa.float32()),
            },
        )
        assert (writer.rows, writer.tokens) == (3, 5)

    reader = TokensReader(path)
    first, second = reader.batches()
    assert reader.dtype == dtype
    assert reader.selectors == ["lang", "quality"]
    assert first.document_ids.tolist() == [7, 2**64 - 2]
    assert first.input_ids.tolist() == [1, 2, 3, 4, 5]
    assert first.offsets.tolist() == [0, 3, 5]
    assert first.table.column("lang").to_pylist() == ["en", None]
    assert second.first_row == 2
    assert second.input_ids.tolist() == []
    assert second.offsets.tolist() == [0, 0]
    assert not first.input_ids.flags.writeable


def test_a_position_in_the_file_leads_to_the_tokens(tmp_path):
    path = str(tmp_path / "part-00000.arrow")
    with TokensWriter(path, np.int32) as writer:
        for first in (1, 2, 3):
            writer.append(np.array([first]), np.arange(first, 9), np.array([0, 9 - first]))
    whole = tokens_in_file(path, np.dtype(np.int32))
    for batch in TokensReader(path).batches():
        stretch = whole[batch.file_position : batch.file_position + len(batch.input_ids)]
        assert stretch.tolist() == batch.input_ids.tolist()


def test_a_file_without_documents_can_be_read(tmp_path):
    path = str(tmp_path / "part-00000.arrow")
    with TokensWriter(path, np.uint16) as writer:
        writer.append(np.zeros(0, np.uint64), np.zeros(0, np.uint16), np.zeros(1, np.int64))
    assert list(TokensReader(path).batches()) == []


def test_nothing_is_left_when_writing_fails(tmp_path):
    with (
        pytest.raises(ValueError, match="do not fit uint16"),
        TokensWriter(str(tmp_path / "part.arrow"), np.uint16) as writer,
    ):
        writer.append(np.array([1]), np.array([65_536]), np.array([0, 1]))
    assert list(tmp_path.iterdir()) == []


def test_the_same_documents_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        with TokensWriter(str(tmp_path / name), np.int32) as writer:
            writer.append(np.array([1, 2]), np.arange(10), np.array([0, 4, 10]))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_selectors_than_declared_are_refused(tmp_path):
    columns = {"source": pa.array(["web"])}
    with (
        TokensWriter(str(tmp_path / "a"), np.int32, {"lang": pa.string()}) as writer,
        pytest.raises(ValueError, match=r"\['source'\] given, \['lang'\] declared"),
    ):
        writer.append(np.array([1]), np.arange(2), np.array([0, 2]), columns)


def test_remote_files_are_read_whole():
    path = "memory://tokens/en/part-00000.arrow"
    with TokensWriter(path, np.uint16) as writer:
        writer.append(np.array([1]), np.arange(3), np.array([0, 3]))
    (batch,) = TokensReader(path).batches()
    assert batch.input_ids.tolist() == [0, 1, 2]
