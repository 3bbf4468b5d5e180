"""Documents repeated by the size of their cluster: how often each stands in the shards."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from formats.tokens import TokensWriter
from stages.mixture.options import MixtureOptions, PhaseOptions
from stages.mixture.rehydration import (
    documents_by_repetition,
    in_words,
    most,
    repetitions,
    repetitions_in,
    table_of,
)

from .test_build import Engine, build, document_tokens, hashes

TABLE = {2: 2, 5: 3, 100: 1}
SIZES = [None, 1, 2, 4, 5, 99, 100, 70_000]
TIMES = [1, 1, 2, 2, 3, 3, 1, 1]


def phase(**changes):
    return {"name": "all", "tokens": 10**9, "max_epochs": 1} | changes


def write_clusters(folder, sizes, component="en"):
    """Documents 0, 1, ... with clusters of these sizes, in two files."""
    for part, own in enumerate(np.array_split(np.arange(len(sizes)), 2)):
        path = f"{folder}/tokens/{component}/part-{part:05d}.arrow"
        with TokensWriter(path, np.uint16, {"cluster_size": pa.int64()}) as writer:
            tokens = [document_tokens(n) for n in own.tolist()]
            writer.append(
                own,
                np.concatenate([np.zeros(0, np.int64), *tokens]),
                np.concatenate([[0], np.cumsum([len(t) for t in tokens])]).astype(int),
                {"cluster_size": pa.array([sizes[n] for n in own.tolist()], pa.int64())},
            )


def placed_tokens(shards, name="all"):
    """Document -> how many of its tokens the shards hold, and the rows that hold it twice."""
    tokens, twice = Counter(), []
    for number in range(shards.manifest.phase(name).rows):
        pieces = [p for p in shards.trace_row(name, number).pieces if p.document is not None]
        for piece in pieces:
            tokens[piece.document] += piece.length
        starts = Counter((p.document, p.offset) for p in pieces)
        twice += [number for count in starts.values() if count > 1]
    return tokens, twice


def test_a_table_says_from_which_size_on_how_often():
    table = sorted(TABLE.items())
    sizes = np.array([size or 1 for size in SIZES])
    assert repetitions(sizes, table).tolist() == TIMES
    batch = pa.record_batch({"cluster_size": pa.array(SIZES, pa.int64())})
    assert repetitions_in(batch, {"cluster_size": table}).tolist() == TIMES
    assert repetitions(sizes, []).tolist() == [1] * len(SIZES)


def test_quality_repeats_documents_too_and_tables_multiply():
    batch = pa.record_batch(
        {
            "quality": pa.array([None, 0.1, 0.7, 0.95, float("nan")], pa.float32()),
            "cluster_size": pa.array([3, 3, 1, 3, None]),
        }
    )
    quality = [[0.0, 1], [0.7, 2], [0.95, 3]]
    assert repetitions_in(batch, {"quality": quality}).tolist() == [1, 1, 2, 3, 1]
    both = {"quality": quality, "cluster_size": [[2, 2]]}
    assert repetitions_in(batch, both).tolist() == [2, 2, 2, 6, 1]
    assert most(both) == 6
    with pytest.raises(ValueError, match="no column 'qualty'; the columns are: cluster_size, qual"):
        repetitions_in(batch, {"qualty": quality})


def test_documents_are_told_by_how_often_they_stand():
    assert documents_by_repetition([9, 4, 4]) == {1: 5, 3: 4}
    assert in_words({3: 4, 1: 5000}) == "1x: 5,000, 3x: 4"


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.none() | st.integers(1, 40), min_size=2, max_size=30),
    table=st.dictionaries(st.integers(1, 40), st.integers(1, 5), min_size=1, max_size=4),
    epochs=st.integers(1, 2),
)
def test_every_token_stands_exactly_as_often_as_the_table_says(
    tmp_path_factory, sizes, table, epochs
):
    folder = tmp_path_factory.mktemp("counts")
    write_clusters(folder, sizes)
    summary, shards = build(folder, [phase(rehydrate=table, max_epochs=epochs)], fit_to_supply=True)
    tokens, twice = placed_tokens(shards)
    times = [slow_repetitions(size, table) for size in sizes]
    assert tokens == {n: epochs * count * len(document_tokens(n)) for n, count in enumerate(times)}
    assert twice == []
    (component,) = summary["phases"][0]["components"]
    assert component["epochs"] == epochs
    assert component["documents"] == len(sizes)
    assert {int(n): c for n, c in component["repetitions"].items()} == Counter(times)
    assert component["supply_tokens"] * epochs == sum(tokens.values())


def slow_repetitions(size, table):
    """The bucket with the largest bound that the size reaches."""
    reached = [bound for bound in table if bound <= (size or 1)]
    return table[max(reached)] if reached else 1


def test_workers_and_being_killed_change_no_byte(tmp_path):
    sizes = [n % 7 + 1 for n in range(200)]
    for name in ("one", "many", "killed"):
        write_clusters(tmp_path / name, sizes)
    phases = [phase(rehydrate=TABLE), phase(name="plain")]
    build(tmp_path / "one", phases, fit_to_supply=True)
    build(tmp_path / "many", phases, Engine(workers=4), fit_to_supply=True)
    engine = Engine(fail_after=3)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "killed", phases, engine, fit_to_supply=True)
    build(tmp_path / "killed", phases, engine, fit_to_supply=True)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "many") == hashes(tmp_path / "killed")


def test_a_phase_without_a_table_takes_every_document_once(tmp_path):
    write_clusters(tmp_path, SIZES * 4)
    _, shards = build(tmp_path, [phase(rehydrate=TABLE), phase(name="plain")], fit_to_supply=True)
    repeated, plain = (shards.manifest.phase(name).components[0] for name in ("all", "plain"))
    assert repeated.repetitions == {1: 16, 2: 8, 3: 8}
    assert plain.repetitions == {}
    assert repeated.documents == plain.documents == 32
    tokens, _ = placed_tokens(shards, "plain")
    assert tokens == {n: len(document_tokens(n)) for n in range(32)}


def test_a_component_has_its_own_table_or_that_for_all():
    options = PhaseOptions(name="p", tokens=1, rehydrate={"th": {2: 4}, "*": {2: 2, 9: 1}})
    assert table_of(options, "th") == {"cluster_size": [[2, 4]]}
    assert table_of(options, "en") == {"cluster_size": [[2, 2], [9, 1]]}
    assert table_of(PhaseOptions(name="p", tokens=1), "en") == {}
    upsampled = PhaseOptions(name="p", tokens=1, upsample={"quality": {0.95: 3, 0.8: 2}})
    assert table_of(upsampled, "en") == {"quality": [[0.8, 2], [0.95, 3]]}
    assert PhaseOptions(name="p", tokens=1, rehydrate={5: 3}).rehydrate == {"*": {5: 3}}


def test_tokenized_components_keep_the_cluster_size():
    options = MixtureOptions.model_validate({"phases": [phase(rehydrate=TABLE)]})
    assert options.selector_columns() == ["cluster_size"]
    assert MixtureOptions.model_validate({"phases": [phase()]}).selector_columns() == []


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({0: 2}, "cluster size 0: the least is 1"),
        ({2: 0}, "come 0 times in an epoch: it must be 1 to 100"),
        ({"en": {3: 101}}, "'en': documents of clusters of 3 come 101 times"),
        ({"en": 2}, "valid"),
        ({"x": {2: 2}, 3: 4}, "valid"),
    ],
)
def test_what_is_no_table_is_refused(table, reason):
    with pytest.raises(ValidationError, match=reason):
        PhaseOptions(name="p", tokens=1, rehydrate=table)
