"""Labelled documents: chosen by chance that repeats, grouped, each once."""

import json

import numpy as np
import pyarrow as pa
import pytest

from pipeline.quality_training.examples import ExampleError, Examples, field_values, read_examples
from pipeline.quality_training.folds import folds_of, is_by_source
from pipeline.quality_training.settings import ExampleSource
from stages.quality_model.model_folder import PreparationSettings


def source(path, **more):
    return ExampleSource.model_validate({"name": "s", "read": "jsonl", "paths": [str(path)]} | more)


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(positives, negatives, seed=1):
    done = []
    examples = read_examples(
        positives, negatives, [], PreparationSettings(), seed, lambda *_: None,
        lambda: done.append(1),
    )  # fmt: skip
    assert len(done) == len(positives) + len(negatives)
    return examples


@pytest.fixture
def files(tmp_path):
    good = [{"text": f"Good {chr(97 + i)}", "kind": "x" if i % 3 else "y"} for i in range(20)]
    bad = [{"text": f"Bad {chr(97 + i)}", "deep": {"er": i % 2}} for i in range(10)]
    return write(tmp_path / "good.jsonl", good), write(tmp_path / "bad.jsonl", bad)


def test_texts_are_prepared_and_labelled(files):
    table = read([source(files[0])], [source(files[1], name="b")]).table
    assert set(table["tokens"].to_pylist()) >= {"good a ", "bad j "}
    for row in table.to_pylist():
        assert row["positive"] == row["tokens"].startswith("good")
        assert row["group"] == ("s" if row["positive"] else "b")
        assert row["excerpt"].lower() == row["tokens"].strip()
    assert table["key"].to_pylist() == sorted(table["key"].to_pylist())


def test_a_few_are_chosen_and_the_same_ones_again(files):
    few = source(files[0], max_documents=5)
    bad = source(files[1], name="b")
    first = read([few], [bad]).table
    assert first.equals(read([few], [bad]).table)
    chosen = [row["excerpt"] for row in first.to_pylist() if row["positive"]]
    assert len(chosen) == 5
    every = read([source(files[0])], [bad]).table
    assert chosen == [row["excerpt"] for row in every.to_pylist() if row["positive"]][:5]
    other = read([few], [bad], seed=2).table
    assert chosen != [row["excerpt"] for row in other.to_pylist() if row["positive"]]


def test_documents_are_chosen_and_grouped_by_fields(files):
    good = source(files[0], where={"meta.kind": ["y", "z"]})
    bad = source(files[1], name="b", group_by="meta.deep.er")
    table = read([good], [bad]).table
    assert sorted(set(table["group"].to_pylist())) == ["b/0", "b/1", "s"]
    assert sum(table["positive"].to_pylist()) == 7


def test_equal_texts_count_once_and_contradictions_not_at_all(tmp_path):
    good = write(tmp_path / "good.jsonl", [{"text": t} for t in ["One 1", "one  2", "Two", "Both"]])
    bad = write(tmp_path / "bad.jsonl", [{"text": t} for t in ["both", "Three", "  "]])
    examples = read([source(good)], [source(bad, name="b")])
    assert sorted(examples.table["tokens"].to_pylist()) == ["one 0 ", "three ", "two "]
    assert examples.notes == [
        "3 examples equal another and were left out",
        "1 of these texts stand among positives and negatives: not used at all",
    ]


def test_a_source_without_documents_is_named(files):
    empty = source(files[0], where={"meta.kind": "none"})
    with pytest.raises(ExampleError, match=r"source 's' has no documents with .*good\.jsonl"):
        read([empty], [source(files[1], name="b")])
    wrong = source(files[0], group_by="site")
    with pytest.raises(ExampleError, match=r"no column 'site' .* there are: id, text"):
        read([wrong], [source(files[1], name="b")])


def test_fields_inside_meta():
    rows = {"meta": ['{"a": {"b": 3}}', '{"a": 4}', None], "lang": ["en", None, "de"]}
    batch = pa.record_batch(rows)
    assert field_values(batch, "meta.a.b").to_pylist() == ["3", None, None]
    assert field_values(batch, "lang").to_pylist() == ["en", None, "de"]


def example_table(labels, languages):
    return Examples(pa.table({"positive": labels, "lang": languages}), [])


def test_a_language_without_good_documents_is_not_learned_to_be_bad():
    labels = [True] * 10 + [False] * 6
    languages = ["en"] * 10 + ["en", "en", "fi", "fi", "und", "en"]
    learned = example_table(labels, languages).to_learn_from().table
    assert learned["lang"].to_pylist() == ["en"] * 12 + ["und", "en"]


# Folds.


def test_no_source_is_learned_from_and_judged():
    groups = np.array(["a", "b", "b", "c", "x", "x", "y", "z", "z", "z"])
    positive = np.array([True] * 4 + [False] * 6)
    folds = folds_of(groups, positive, np.arange(10, dtype=np.uint64), 3)
    for name in np.unique(groups):
        assert len(set(folds[groups == name])) == 1
    assert sorted(set(folds[positive])) == sorted(set(folds[~positive])) == [0, 1, 2]
    assert is_by_source(groups, positive)


def test_a_lone_source_is_divided_by_its_keys():
    groups = np.array(["a"] * 10 + ["x", "y"])
    positive = np.array([True] * 10 + [False] * 2)
    keys = np.arange(12, dtype=np.uint64)[::-1].copy()
    folds = folds_of(groups, positive, keys, 5)
    assert np.bincount(folds[:10]).tolist() == [2] * 5
    assert folds[9] == 0  # the smallest key
    assert not is_by_source(groups, positive)


def test_more_sources_than_folds_are_dealt_evenly():
    groups = np.repeat([f"s{i}" for i in range(12)], np.arange(1, 13))
    positive = np.ones(len(groups), np.bool_)
    positive[-1] = False
    folds = folds_of(groups, positive, np.arange(len(groups), dtype=np.uint64), 4)
    sizes = np.bincount(folds[positive])
    assert sizes.max() - sizes.min() <= 3
