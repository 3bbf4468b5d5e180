"""Records of archives: each once, in order, whatever the archive has been through."""

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.readers.warc_records import INSIDE_MEMBER, BadRecord, read_records

from .archives import ARC_1, ARC_2, PACKINGS, arc_record, packed, record


class Trickle(io.BytesIO):
    """A file that gives a few bytes at a time."""

    step = 7

    def read(self, size=-1):
        return super().read(self.step if size < 0 else min(size, self.step))


def read(content, limit=1 << 20, step=None):
    """Records as (kind or error class, block), and their positions."""
    source = io.BytesIO(content)
    if step is not None:
        source = Trickle(content)
        source.step = step
    found = list(read_records(source, limit))
    kinds = [
        (one.error.split(":")[0], one.raw) if isinstance(one, BadRecord) else (one.kind, one.block)
        for one in found
    ]
    return kinds, [one.position for one in found]


BLOCKS = [b"one", b"", b"x\r\n\r\ny" * 300, bytes(range(256)) * 9, b"last"]
EXPECTED = [("response", block) for block in BLOCKS]


@pytest.mark.parametrize("how", PACKINGS)
def test_every_packing(how):
    content = packed([record(block) for block in BLOCKS], how)
    kinds, positions = read(content)
    assert kinds == EXPECTED
    assert len(set(positions)) == len(BLOCKS)


def test_positions_lead_to_the_record():
    records = [record(block) for block in BLOCKS]
    _, positions = read(b"".join(records))
    assert positions == [sum(map(len, records[:k])) for k in range(len(records))]
    assert read(packed(records, "gzip whole"))[1] == positions
    content = packed(records, "gzip each")
    for position, block in zip(read(content)[1], BLOCKS, strict=True):
        assert read(content[position:])[0][0] == ("response", block)


def test_members_of_several_records_have_positions_of_their_own():
    records = [record(block) for block in BLOCKS]
    content = packed(records[:1], "gzip each") + packed(records, "gzip whole")
    kinds, positions = read(content)
    assert [block for _, block in kinds] == [BLOCKS[0], *BLOCKS]
    assert len(set(positions)) == 6
    assert [position >= INSIDE_MEMBER for position in positions] == [False] * 2 + [True] * 4


@pytest.mark.parametrize(("version", "extra"), [(ARC_1, ""), (ARC_2, " 200 - - 0 a.arc")])
@pytest.mark.parametrize("how", ["plain", "gzip each", "gzip whole"])
def test_arc(version, extra, how):
    records = [
        arc_record(version, "filedesc://a.arc", "text/plain"),
        arc_record(b"HTTP/1.0 200 OK\r\n\r\nhello", extra=extra),
        arc_record(b"line http://x 1.2.3.4\n", "http://a.example/a b", "no-type", extra),
    ]
    found = list(read_records(io.BytesIO(packed(records, how)), 1000))
    assert [one.kind for one in found] == ["arc header", "arc", "arc"]
    assert found[2].headers["warc-target-uri"] == "http://a.example/a b"
    assert found[2].headers["content-type"] == "no-type"


def test_a_truncated_archive_says_where():
    records = [record(block) for block in BLOCKS]
    for how in ("plain", "gzip each", "zstd each"):
        content = packed(records, how)
        kinds, positions = read(content[:-20])
        assert kinds[:-1] == EXPECTED[:-1], how
        assert kinds[-1][0] == "truncated"
        assert positions == read(content)[1]


def test_truncated_anywhere_nothing_is_lost():
    records = [record(b"abc" * 20) for _ in range(3)]
    for how in ("plain", "gzip each", "zstd each", "gzip whole"):
        content = packed(records, how)
        whole = read(content)[1]
        for size in range(1, len(content)):
            kinds, positions = read(content[:size])
            good = [kind for kind, _ in kinds if kind == "response"]
            assert all(
                kind in ("response", "truncated", "broken record", "corrupt") for kind, _ in kinds
            )
            begun = sum(position < size for position in whole)
            if how != "gzip whole":
                assert len(kinds) == begun, (how, size)
                assert positions == whole[:begun]
            assert kinds[-1][0] != "response" or len(good) == len(kinds)


def test_lengths_that_are_wrong():
    good = record(b"good")
    for length in (0, 3, 5, 7, 50, 10**6, 10**15):
        kinds, _ = read(good + record(b"wrong", length=length) + good * 3, limit=1000)
        assert kinds[0] == ("response", b"good")
        if length not in (7, 5):  # one line end less is no reason to lose a record
            assert kinds[1][0] in ("broken record", "truncated"), length
        assert kinds[2:] == [("response", b"good")] * 3, length
        content = packed([good, record(b"wrong", length=length), good, good], "gzip each")
        kinds, _ = read(content, limit=1000)
        assert kinds[2:] == [("response", b"good")] * 2, length


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (b"rubbish\r\n\r\n", "its bytes begin no record"),
        (b"WARC/1.0\r\nWARC-Type: response\r\n\r\n\r\n", "it has no Content-Length"),
        (b"WARC/1.0\r\nWARC-Type: x\r\nContent-Length: -4\r\n\r\n\r\n", "Content-Length is '-4'"),
        (b"WARC/1.0\r\nContent-Length: 0\r\n\r\n\r\n", "it has no WARC-Type"),
        (b"WARC/1.0\r\n" + b"A: b\r\n" * 20_000, "its headers do not end"),
    ],
)
@pytest.mark.parametrize("how", ["plain", "gzip each", "gzip whole"])
def test_heads_that_make_no_sense(bad, error, how):
    content = packed([record(b"good"), bad, record(b"good")], how)
    found = list(read_records(io.BytesIO(content), 1000))
    assert [isinstance(one, BadRecord) for one in found] == [False, True, False]
    assert found[1].error == f"broken record: {error}"
    assert found[1].raw.startswith(bad[:10])


def test_flipped_bytes_cost_the_records_they_are_in():
    rng = random.Random(5)
    records = [record(rng.randbytes(3000)) for _ in range(12)]
    content = packed(records, "gzip each")
    whole, starts = read(content)
    for seed in range(60):
        rng = random.Random(seed)
        broken = bytearray(content)
        for damaged in (4, 5):  # two in a row: each has an entry of its own
            broken[rng.randrange(starts[damaged] + 1500, starts[damaged + 1])] ^= 0xFF
        kinds, positions = read(bytes(broken))
        assert positions == starts
        assert kinds[:4] + kinds[6:] == whole[:4] + whole[6:]
        assert {kind for kind, _ in kinds[4:6]} <= {"corrupt", "truncated"}
        # wherever it is hit, in a head too, the others are not
        broken = bytearray(content)
        for _ in range(30):
            broken[rng.randrange(starts[4], starts[6])] = rng.randrange(256)
        kinds, positions = read(bytes(broken))
        found = dict(zip(positions, kinds, strict=True))
        for index in (0, 1, 2, 3, 6, 7, 8, 9, 10, 11):
            assert found[starts[index]] == whole[index]


def test_a_damaged_archive_goes_on_at_the_next_record():
    for how in ("gzip each", "zstd each"):
        content = bytearray(packed([record(block) for block in BLOCKS], how))
        starts = read(bytes(content))[1]
        content[starts[2] + 40 : starts[2] + 60] = b"\xff" * 20
        kinds, positions = read(bytes(content))
        assert positions == starts
        assert [kind for kind, _ in kinds] == ["response", "response", "corrupt"] + ["response"] * 2


def test_long_blocks_are_passed_over():
    records = [record(b"good"), record(b"x" * 5_000_000), record(b"good")]
    for how in ("plain", "gzip each", "gzip whole"):
        found = list(read_records(io.BytesIO(packed(records, how)), 1000))
        assert [len(one.block) for one in found] == [4, 1000, 4]
        assert found[1].length == 5_000_000
    inner = b"x" * 3_000_000 + b"\r\n" + record(b"inner")
    kinds, _ = read(record(inner) + record(b"good"), limit=1000)
    assert [kind for kind, _ in kinds] == ["broken record", "response", "response"]


def test_nothing_and_rubbish():
    assert read(b"") == ([], [])
    assert read(b"\r\n\r\n") == ([], [])
    for rubbish in (b"hello", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x1f\x8b" + b"x" * 50):
        kinds, positions = read(rubbish)
        assert len(kinds) == 1
        assert positions == [0]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=6),
    st.sampled_from(PACKINGS),
    st.integers(1, 50),
)
def test_wherever_the_bytes_are_cut(blocks, how, step):
    content = packed([record(block) for block in blocks], how)
    kinds, positions = read(content, step=step)
    assert kinds == [("response", block) for block in blocks]
    assert positions == read(content)[1]
    assert len(set(positions)) == len(positions)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_is_accounted_for(data):
    how = data.draw(st.sampled_from(PACKINGS))
    content = bytearray(packed([record(b"block %d" % k * 9) for k in range(6)], how))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    found = list(read_records(io.BytesIO(bytes(content)), 1000))  # it ends, and nothing is raised
    assert found
