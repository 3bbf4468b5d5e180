"""Embedding models by path: what is read, and what it adds to pairing by content."""

import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from stages.bilingual.bilingual import Bilingual
from stages.bilingual.pairing.embedding import (
    EXACT,
    centred,
    document_vectors,
    open_embedding,
    rounded,
)
from stages.bilingual.pairing.static_embedding import read_safetensors

from .made_up_site import LANGUAGES, WORDS, sentence, spoken
from .test_finding import kept, run, table


def write_safetensors(path, arrays):
    """The format by its page: length of the header, header, numbers."""
    names = {"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i1": "I8"}
    header, data = {"__metadata__": {"made": "here"}}, b""
    for name, array in arrays.items():
        raw = array.tobytes()
        header[name] = {"dtype": names[array.dtype.str[1:]], "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}  # fmt: skip
        data += raw
    said = json.dumps(header).encode()
    path.write_bytes(len(said).to_bytes(8, "little") + said + data)


def write_model(folder, words, vectors, settings=None, **tensors):
    """A folder as model2vec writes it: words apart by spaces, all others unknown."""
    folder.mkdir(exist_ok=True, parents=True)
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    unknown = np.full((1, vectors.shape[1]), 9, vectors.dtype)
    embeddings = np.concatenate([unknown, vectors]) if "mapping" not in tensors else vectors
    write_safetensors(folder / "model.safetensors", {"embeddings": embeddings} | tensors)
    if settings is not None:
        (folder / "config.json").write_text(json.dumps(settings))
    return str(folder)


def test_a_text_is_the_mean_of_its_known_tokens(tmp_path):
    folder = write_model(tmp_path, ["cat", "dog"], np.array([[1, 0], [0, 3]], np.float32))
    found = open_embedding(folder).encode(["cat", "Dog cat", "cat what dog dog", "", "what"])
    assert found.tolist() == [[1, 0], [0.5, 1.5], [pytest.approx(1 / 3), 2], [0, 0], [0, 0]]


def test_vectors_have_length_one_where_the_folder_says_so(tmp_path):
    vectors = np.array([[3, 4], [0, 2]], np.float16)
    folder = write_model(tmp_path, ["a", "b"], vectors, {"normalize": True})
    assert open_embedding(folder).encode(["a", "b", ""]).tolist() == [
        [pytest.approx(0.6), pytest.approx(0.8)], [0, 1], [0, 0]
    ]  # fmt: skip


def test_a_vocabulary_of_fewer_vectors_is_mapped_and_weighed(tmp_path):
    folder = write_model(
        tmp_path, ["a", "b"], np.array([[2, 0], [0, 4]], np.float32),
        mapping=np.array([0, 1, 0]), weights=np.array([1, 0.5, 3.0]),
    )  # fmt: skip
    assert open_embedding(folder).encode(["a", "b", "a b"]).tolist() == [[0, 2], [6, 0], [3, 1]]


def test_so_many_tokens_count(tmp_path):
    """Two tokens; and before that eight characters, four being the median of a token's."""
    vectors = np.array([[1, 0], [0, 1]], np.float32)
    folder = write_model(tmp_path, ["a", "long"], vectors, {"max_length": 2})
    found = open_embedding(folder).encode(["a long", "a a long long", "long      long"])
    assert found.tolist() == [[0.5, 0.5], [1, 0], [0, 1]]


@given(st.data())
def test_arrays_of_safetensors_come_back(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("safetensors") / "model.safetensors"
    kinds = data.draw(st.lists(st.sampled_from(["f8", "f4", "f2", "i8", "i4", "i1"]), max_size=3))
    arrays = {
        f"{number}": np.arange(data.draw(st.integers(0, 9))).astype(kind).reshape(-1, 1)
        for number, kind in enumerate(kinds)
    }  # fmt: skip
    write_safetensors(path, arrays)
    found = read_safetensors(path)
    assert list(found) == list(arrays)
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)


def test_sixteen_bits_of_a_float_are_widened(tmp_path):
    path = tmp_path / "model.safetensors"
    wide = np.array([1.5, -2.0], "<f4").view("<u2").reshape(-1, 2)[:, 1]
    said = json.dumps({"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    path.write_bytes(len(said).to_bytes(8, "little") + said + wide.tobytes())
    assert read_safetensors(path)["x"].tolist() == [1.5, -2.0]


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({}, "no embedding model: model2vec's has model.safetensors and tokenizer.json"),
        ({"model.safetensors": b"", "tokenizer.json": b"{}"}, "model.safetensors: no safetensors"),
        ({"model.safetensors": b"\x80\x04]q\x00.", "tokenizer.json": b"{}"}, "no safetensors file"),
        ({"modules.json": b"{}"}, "modules.json: no list of modules with a type"),
        ({"pytorch_model.bin": b"\x80\x04", "config.json": b"{}"}, "no embedding model"),
    ],
)
def test_a_wrong_folder_is_named_with_what_is_expected(tmp_path, files, match):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=match) as error:
        open_embedding(str(tmp_path))
    assert str(tmp_path) in str(error.value)


def test_a_transformer_is_read_by_what_reads_transformers(tmp_path, monkeypatch):
    """It has files of the same names; which of both it is says modules.json."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    folder = write_model(tmp_path, ["a"], np.ones((1, 2), np.float32))
    modules = tmp_path / "modules.json"
    modules.write_text(json.dumps([{"type": "sentence_transformers.models.StaticEmbedding"}]))
    assert open_embedding(folder).dimensions == 2
    open_embedding.cache_clear()
    modules.write_text(json.dumps([{"type": "sentence_transformers.models.Transformer"}]))
    with pytest.raises(ValueError, match="takes sentence-transformers, which is not installed"):
        open_embedding(folder)


def test_other_tensors_are_named(tmp_path):
    folder = write_model(tmp_path, ["a"], np.ones((1, 2), np.float32))
    write_safetensors(tmp_path / "model.safetensors", {"layer": np.ones((2, 2), np.float32)})
    with pytest.raises(ValueError, match="holds layer; a static embedding holds embeddings or"):
        open_embedding(folder)


def test_vectors_are_missing_for_some_tokens(tmp_path):
    folder = write_model(tmp_path, ["a", "b", "c"], np.ones((1, 2), np.float32))
    with pytest.raises(ValueError, match="2 vectors for the 4 tokens of"):
        open_embedding(folder)


def test_a_recipe_hears_of_a_wrong_folder_before_any_work(tmp_path):
    stage = Bilingual(find=["content"], embedding=str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="nowhere: there is no such folder"):
        stage.check_settings()
    with pytest.raises(ValueError, match="embedding: it helps to find pairs by content"):
        Bilingual(find=["url"], embedding=str(tmp_path))


@given(st.integers(1, 900), st.integers(0, 99))
def test_products_of_rounded_vectors_are_exact_in_any_order(dimensions, seed):
    rng = np.random.default_rng(seed)
    one, other = rounded(rng.normal(size=(2, dimensions))).astype(np.float32)
    products = one * other
    assert np.abs(products).sum() <= EXACT
    exact = int(one.astype(np.int64) @ other.astype(np.int64))
    assert exact == one @ other == products[rng.permutation(dimensions)].sum(dtype=np.float32)


def test_what_all_documents_of_a_language_share_is_taken_away(tmp_path):
    """ "menu" is on every page: by itself it makes them alike."""
    words = ["menu", "cat", "dog"]
    folder = write_model(tmp_path, words, np.eye(3, dtype=np.float32))
    pages = ["menu\nmenu\nmenu\ncat", "menu\nmenu\nmenu\ndog", ""]
    vectors = document_vectors(open_embedding(folder), pages)
    centre = vectors[:2].astype(np.float64).mean(axis=0, keepdims=True)
    alike, apart = (
        rounded(vectors)[:2] / 4000.0,
        centred(vectors, centre, np.zeros(3, int)) / 4000.0,
    )
    assert alike[0] @ alike[1] > 0.8 and apart[0] @ apart[1] < -0.9
    assert not apart[2].any()


def prose(seed, pages=40, lines=4):
    """Short pages without names: nothing looks the same in two languages."""
    rng = np.random.default_rng(seed)
    documents, mates = [], set()
    for page in range(pages):
        sentences = [(sentence(rng)[0], None) for _ in range(lines)]
        for language in ("en", "fr"):
            documents.append((f"{language}{page:03d}", language, spoken(sentences, language)))
        mates.add((f"en{page:03d}", f"fr{page:03d}"))
    return documents, mates


def test_an_embedding_finds_what_shares_no_token(tmp_path):
    documents, mates = prose(1)
    rng = np.random.default_rng(0)
    words = [word for language in LANGUAGES[:2] for word in WORDS[language]]
    known = sorted(set(words))
    meaning = dict(zip(words, np.tile(rng.normal(size=(600, 32)), (2, 1)), strict=True))
    vectors = np.array([meaning[word] for word in known], np.float32)
    folder = write_model(tmp_path / "model", known, vectors)
    parts = [table(documents[0::2]), table(documents[1::2])]
    without = kept(run(parts, tmp_path / "without", find=["content"]))
    pairs = run(parts, tmp_path / "with", find=["content"], embedding=folder)
    assert len(without & mates) < 0.2 * len(mates)
    assert len(kept(pairs) & mates) >= 0.95 * len(mates)
    assert len(kept(pairs) - mates) <= 1
    assert all(pair["reason"].startswith("order and embedding ") for pair in pairs)
