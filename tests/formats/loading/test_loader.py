"""The loader: every row once, in one order, whoever reads and wherever a run was left."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.loading.division import Division
from formats.loading.errors import ShardError

from .small_shards import LENGTH, VOCABULARY, write_shards

ROWS = 122
"""Of both phases together; row n begins with the token n."""


def rows_in(batches):
    """Numbers of the rows in batches, those of padding left out."""
    return [int(row) for batch in batches for row in batch.input_ids[: batch.rows, 0]]


def step_by_step(shards, steps, world, micro_batch, state, global_batch=16, **more):
    """The rows of each step as all ranks together read them, and the state after each."""
    loaders = [
        shards.loader(None, global_batch, micro_batch, rank, world, state, **more)
        for rank in range(world)
    ]
    per_step = global_batch // (world * micro_batch)
    readers = [iter(loader) for loader in loaders]
    for _ in range(steps):
        rows = [rows_in(next(reader) for _ in range(per_step)) for reader in readers]
        (after,) = {loader.state for loader in loaders}
        yield [row for own in rows for row in own], after


def test_a_rank_reads_its_part_of_each_step(shards):
    """Steps of 8 rows: rank 1 of 2 has rows 4 to 7, then 12 to 15, two at a time."""
    batches = list(shards.loader("pretrain", 8, 2, rank=1, world=2, end=16))
    assert [batch.input_ids[:, 0].tolist() for batch in batches] == [
        [4, 5],
        [6, 7],
        [12, 13],
        [14, 15],
    ]
    assert [batch.state for batch in batches] == [0, 8, 8, 16]


def test_batches_are_views_of_the_file(shards):
    """Nothing is copied unless a batch spans two files, as rows 36 to 43 do."""
    mapped = shards.read("pretrain", 0, 40)["input_ids"]
    batches = list(shards.loader("pretrain", 12, 12, end=48))
    shared = [np.shares_memory(batch.input_ids, mapped) for batch in batches]
    assert shared == [True, True, True, False]
    assert not batches[0].input_ids.flags.writeable


def test_saved_on_4_ranks_resumed_on_2_and_on_8(shards):
    """The issue's own example: three steps on four ranks, the rest on others."""
    *_, (_, state) = step_by_step(shards, steps=3, world=4, micro_batch=2, state=0)
    assert state == 48
    rest = list(range(48, ROWS))
    for world, micro_batch in ((2, 4), (8, 1), (1, 16), (4, 4)):
        steps = list(step_by_step(shards, 5, world, micro_batch, state))
        assert [row for rows, _ in steps for row in rows] == rest
        assert [after for _, after in steps] == [64, 80, 96, 112, ROWS]


DIVISORS = st.sampled_from(
    [(1, 1), (1, 4), (1, 12), (2, 1), (2, 3), (3, 2), (4, 3), (6, 1), (12, 1)]
)


@settings(deadline=None, max_examples=60)
@given(
    start=st.integers(0, ROWS),
    stops=st.lists(st.tuples(DIVISORS, st.integers(0, 4))),
    data=st.data(),
)
def test_however_often_a_run_moves_it_reads_every_row_once(shards, start, stops, data):
    """Some steps on some ranks, then on others, then to the end; the global batch stays 12."""
    end = data.draw(st.integers(start, ROWS))
    state, seen = start, []
    for (world, micro_batch), steps in [*stops, ((1, 12), ROWS)]:
        left = -(-(end - state) // 12)
        found = step_by_step(
            shards, min(steps, left), world, micro_batch, state, global_batch=12, end=end, ahead=1
        )
        for rows, after in found:
            seen += rows
            state = after
            assert state == start + len(seen)
    assert seen == list(range(start, end))


@given(
    start=st.integers(0, 50),
    rows=st.integers(0, 50),
    micro=st.integers(1, 4),
    world=st.integers(1, 4),
    times=st.integers(1, 3),
)
def test_a_division_is_its_rule_said_slowly(start, rows, micro, world, times):
    """Deal the rows of each step out in order, a micro batch at a time, rank by rank."""
    global_batch, end = micro * world * times, start + rows
    expected = {rank: [] for rank in range(world)}
    for begin in range(start, end, global_batch):
        places = list(range(begin, begin + global_batch))
        for rank in range(world):
            for number in range(times):
                own = [places.pop(0) for _ in range(micro)]
                after = min(begin + global_batch, end) if number == times - 1 else begin
                expected[rank].append(([row for row in own if row < end], after))
    for rank in range(world):
        division = Division(start, end, global_batch, micro, rank, world)
        spans = [division.span(number) for number in range(division.batches)]
        found = [(list(range(span.first, span.first + span.rows)), span.state) for span in spans]
        assert found == expected[rank]


def test_the_last_step_is_filled_with_padding(shards):
    """Rows 120 and 121 are left of 122: each of four ranks has a batch of two, one has rows."""
    for rank in range(4):
        (batch,) = shards.loader(None, 8, 2, rank=rank, world=4, state=120)
        assert batch.input_ids.shape == (2, LENGTH)
        assert (batch.rows, batch.state) == (2 if rank == 0 else 0, 122)
        if rank:
            assert (batch.labels() == -100).all()
            assert (batch.input_ids == 1).all()


def test_stopping_in_the_middle_of_a_step_begins_it_again(shards):
    loader = shards.loader("pretrain", 8, 2, rank=0, world=1)
    for batch, _ in zip(loader, range(6), strict=False):
        assert batch.first_row // 8 in (0, 1)
    assert loader.state == 8
    assert next(iter(loader)).first_row == 8


def test_components_are_counted_over_all_phases(shards):
    """zh is 2 in the first phase and 0 in the second."""
    loader = shards.loader(None, 2, 2, state=94)
    assert loader.components == ["en", "fr", "zh", "code"]
    found = [loader.components[number] for batch in loader for number in batch.component]
    assert found[:6] == ["fr", "zh", "zh", "code", "zh", "code"]
    assert shards.loader("anneal", 2, 2).components == ["zh", "code"]


def test_what_does_not_divide_is_refused(shards):
    with pytest.raises(
        ValueError,
        match="global_batch 10 is no multiple of world 2 x micro_batch 4; near it: 8 or 16",
    ):
        shards.loader("pretrain", 10, 4, world=2)
    with pytest.raises(ValueError, match="rank 2 is not one of world 2"):
        shards.loader("pretrain", 8, 4, rank=2, world=2)
    with pytest.raises(ValueError, match="state 97 is not one of the rows 0 to 96"):
        shards.loader("pretrain", 8, 4, state=97)
    with pytest.raises(ValueError, match=r"no phase 'tune'.*pretrain, anneal"):
        shards.loader("tune", 8, 4)
    with pytest.raises(ValueError, match="end 200 is not one of the rows 0 to 122"):
        shards.loader(None, 8, 4, end=200)


def test_an_error_of_the_thread_reaches_the_loop(tmp_path):
    """The second file is cut; the rows before it are delivered, then the file is named."""
    shards = write_shards(tmp_path, {"pretrain": [40, 56]})
    path = tmp_path / "pretrain" / "shard-00001.arrow"
    path.write_bytes(path.read_bytes()[:500])
    loader = shards.loader("pretrain", 8, 8)
    with pytest.raises(ShardError, match=r"shard-00001.arrow: cannot be read"):
        for _ in loader:
            pass
    assert loader.state == 40


def test_rows_are_numbered_across_phases(shards):
    order = shards.loader(None, 8, 8).order
    assert len(order) == 122
    assert [order.phase_of(row) for row in (0, 95, 96, 121)] == ["pretrain"] * 2 + ["anneal"] * 2
    assert order.read(94, 4)["input_ids"][:, 0].tolist() == [94, 95, 96, 97]
    with pytest.raises(IndexError, match=r"rows 120..129 of rows 0..121"):
        order.read(120, 10)


def test_a_token_beyond_the_vocabulary_is_named(tmp_path):
    shards = write_shards(tmp_path, {"pretrain": [40]})
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(
        text.replace(f'"vocab_size": {VOCABULARY}', '"vocab_size": 20')
    )
    shards = type(shards)(str(tmp_path))
    with pytest.raises(ShardError, match=r"row 13 has token ids from 13 to 20, .* vocab_size 20"):
        list(shards.loader("pretrain", 8, 8))


def test_a_component_beyond_the_phase_is_named(tmp_path):
    """The manifest of one phase with the rows of another that has more components."""
    shards = write_shards(tmp_path, {"anneal": [40]})
    write_shards(tmp_path / "other", {"pretrain": [40]})
    (tmp_path / "other/pretrain/shard-00000.arrow").replace(tmp_path / "anneal/shard-00000.arrow")
    with pytest.raises(ShardError, match=r"row 2 is of component 2, .* has 2 in phase 'anneal'"):
        list(shards.loader("anneal", 8, 8))


def test_shards_travel_to_another_process(shards):
    other = pickle.loads(pickle.dumps(shards))
    assert rows_in(other.loader("pretrain", 8, 8)) == list(range(96))


def test_only_who_asks_for_tensors_imports_torch():
    code = (
        "import sys\nfrom formats import TokenShards\n"
        "import formats.loading.loader, formats.loading.cache, formats.loading.continuation\n"
        "assert TokenShards.loader and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
