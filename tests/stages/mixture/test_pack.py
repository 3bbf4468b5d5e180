"""Packing a component in parts: the same plan however it is cut into tasks."""

import tempfile

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.tokens import TokensWriter, tokens_in_file
from stages.mixture import pack as pack_module
from stages.mixture import packing
from stages.mixture.pack import pack_components, part_windows
from stages.mixture.pack_component import PackingPlan, stretches

ROW = 64
KEY = ("en", "en-plan")


class InOrder:
    """Tasks one after the other."""

    workers = 1

    def __init__(self):
        self.items = {}

    def map(self, step, function, items):
        self.items[step] = list(items)
        return [function(item) for item in items]


@pytest.fixture(autouse=True)
def small_windows(monkeypatch):
    """Windows of a thousand tokens."""
    monkeypatch.setattr(packing, "WINDOW_TOKENS", 1000)
    monkeypatch.setattr(packing, "WINDOW_ROWS", 4)


def write_files(folder, files):
    """Documents of these lengths; token k of document d is (131 d + k) mod 50,000."""
    number, names = 0, []
    for part, lengths in enumerate(files):
        names.append(f"en/part-{part:05d}.arrow")
        selectors = {"cluster_size": pa.int32()}
        with TokensWriter(f"{folder}/{names[-1]}", np.uint16, selectors) as writer:
            for some in np.array_split(np.array(lengths, np.int64), 2):
                ids = np.arange(number, number + len(some))
                number += len(some)
                tokens = [(131 * d + np.arange(n)) % 50_000 for d, n in zip(ids, some, strict=True)]
                writer.append(
                    ids,
                    np.concatenate([np.zeros(0, np.int64), *tokens]),
                    np.concatenate([[0], np.cumsum(some)]).astype(np.int64),
                    {"cluster_size": pa.array(ids % 4, pa.int32())},
                )
    return names


def make_plan(folder, files, rule, rehydrate=None, engine=None):
    names = write_files(folder, files)
    selection = {
        "folder": folder, "files": names, "where": {},
        "rehydrate": rehydrate or {}, "dtype": "uint16",
    }  # fmt: skip
    engine = engine or InOrder()
    found = pack_components({KEY: selection}, f"{folder}/plans", ROW, rule, engine)[KEY]
    return found, PackingPlan(f"{folder}/plans/{KEY[1]}", found["parts"]), names


def all_rows(found, plan):
    """The rows as lists of (document, offset, length), and all segments."""
    counts, segments = plan.segments(np.arange(found["rows"]))
    ends = np.cumsum(counts)
    plain = [(int(s["document_id"]), int(s["offset"]), int(s["length"])) for s in segments]
    return [plain[end - count : end] for end, count in zip(ends, counts, strict=True)], segments


def expected_rows(lengths, rule):
    """Windows of the whole component in one go, each packed alone."""
    size = packing.window_tokens(ROW, rule)
    parts = [(d, 0, n) for d, n in enumerate(lengths) if n]
    if rule == packing.CONCAT:
        parts = [tuple(part) for part in np.transpose(packing.cut_at(np.array(lengths), 0, size))]
    rows, before, windows = [], 0, {}
    for part in parts:
        windows.setdefault(before // size, []).append(part)
        before += part[2]
    for window in windows.values():
        packed = packing.PACKERS[rule](np.array([n for _, _, n in window]), ROW)
        for row in range(len(packed.row_offsets) - 1):
            own = range(packed.row_offsets[row], packed.row_offsets[row + 1])
            rows.append(
                [
                    (
                        window[packed.document[i]][0],
                        window[packed.document[i]][1] + packed.start[i],
                        packed.length[i],
                    )
                    for i in own
                ]
            )
    return rows


lengths_of_files = st.lists(
    st.lists(st.one_of(st.integers(0, 90), st.integers(200, 1500)), max_size=25), max_size=5
).filter(lambda files: sum(map(sum, files)) > 0)


@settings(deadline=None, max_examples=40)
@given(lengths_of_files, st.sampled_from(["best_fit", "concat"]), st.sampled_from([1, 2, 64]))
def test_the_plan_does_not_depend_on_how_it_is_cut_into_tasks(files, rule, least):
    engine = InOrder()
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(pack_module, "LEAST_WINDOWS", least)
        patch.setattr(pack_module, "FILES_COUNTED", 2)
        found, plan, names = make_plan(folder, files, rule, engine=engine)
        rows, segments = all_rows(found, plan)
        lengths = [n for file in files for n in file]
        assert rows == expected_rows(lengths, rule)
        assert found["tokens"] == sum(lengths)
        assert found["documents"] == sum(n > 0 for n in lengths)
        windows = -(-sum(lengths) // packing.window_tokens(ROW, rule))
        assert len(engine.items["mixture-pack"]) == -(-windows // least)
        for segment in segments[:5]:  # they lead to the tokens
            tokens = tokens_in_file(f"{folder}/{names[segment['file']]}", np.dtype(np.uint16))
            first = 131 * int(segment["document_id"]) + int(segment["offset"])
            assert tokens[segment["position"]] == first % 50_000


def test_rows_are_looked_up_in_any_order_and_more_than_once(tmp_path, monkeypatch):
    monkeypatch.setattr(pack_module, "LEAST_WINDOWS", 1)
    found, plan, _ = make_plan(str(tmp_path), [[300, 20, 900], [5000, 30]], "best_fit")
    assert len(found["parts"]) > 3
    rows, _ = all_rows(found, plan)
    places = np.array([7, 0, 7, found["rows"] - 1, 3])
    counts, segments = plan.segments(places)
    expected = [segment for place in places for segment in rows[place]]
    assert counts.tolist() == [len(rows[place]) for place in places]
    assert segments["document_id"].tolist() == [document for document, _, _ in expected]
    assert segments["offset"].tolist() == [offset for _, offset, _ in expected]


@pytest.mark.parametrize("rule", ["best_fit", "concat"])
def test_a_row_never_holds_two_rounds_of_repeated_documents(tmp_path, monkeypatch, rule):
    monkeypatch.setattr(pack_module, "LEAST_WINDOWS", 1)
    files = [[30] * 50, [700, 40] * 10]
    found, plan, _ = make_plan(str(tmp_path), files, rule, rehydrate={"cluster_size": [[2, 3]]})
    rows, _ = all_rows(found, plan)
    placed = {}
    for row in rows:
        tokens = [(d, offset + k) for d, offset, n in row for k in range(n)]
        assert len(set(tokens)) == len(tokens), "nothing stands twice in a row"
        for document, offset, length in row:
            placed.setdefault(document, []).extend(range(offset, offset + length))
    lengths = [n for file in files for n in file]
    for document, length in enumerate(lengths):
        times = 3 if document % 4 >= 2 else 1
        assert sorted(placed[document]) == sorted(list(range(length)) * times)
    assert found["repetitions"] == [(1, 36), (3, 34)]
    assert found["documents"] == 70


def test_parts_have_a_least_size_and_a_component_a_most_number():
    assert part_windows([5 * 10**6], 1 << 22) == [
        {"windows": [0, 2], "files": [0, 1], "tokens_before": 0}
    ]
    trillions = part_windows(np.full(30_000, 64_000_000), 1 << 22)
    assert len(trillions) == 64
    assert trillions[1]["windows"][0] == trillions[0]["windows"][1]
    # A part reads only the files that its windows reach into.
    assert max(part["files"][1] - part["files"][0] for part in trillions) < 30_000 / 64 + 3
    assert part_windows([0, 0], 1 << 22) == []


def test_stretches_of_numbers():
    assert stretches(np.array([10, 3, 7]), np.array([2, 0, 3])).tolist() == [10, 11, 7, 8, 9]
    assert stretches(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []
