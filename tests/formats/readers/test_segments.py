"""Segments: whatever a file is cut into, every record is read once, and no other."""

import gzip
import io
import itertools
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.quarantine import Quarantine
from formats.readers import SourceFile, read_file
from formats.readers.segments import SEGMENT_BYTES, ranges
from formats.readers.warc_records import read_records

from .archives import PACKINGS, packed, record


def in_members(data: bytes, places: list[int], pack) -> bytes:
    """Data compressed in pieces that end at these places."""
    bounds = [0, *sorted(place for place in places if place < len(data)), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(bounds)]
    return b"".join(pack(piece) for piece in pieces)


PACKS = {
    "jsonl": lambda data: data,
    "jsonl.gz": lambda data: gzip.compress(data, 1, mtime=0),
    "jsonl.zst": zstandard.ZstdCompressor(level=1).compress,
}


def segments_of(size: int, cuts: list[int]) -> list[tuple[int, int | None]]:
    """Ranges between these places of a file."""
    starts = [0, *sorted({cut for cut in cuts if 0 < cut < size})]
    return list(zip(starts, [*starts[1:], None], strict=True))


def read(path: Path, start: int = 0, end: int | None = None, **options):
    """Rows of a segment as read, and its quarantine's entries."""
    kind = options.pop("read", "jsonl")
    file = SourceFile("web", str(path), path.name, kind, start=start, end=end, **options)
    quarantine = Quarantine()
    batches = list(read_file(file, quarantine, batch_bytes=options.get("batch_bytes", 64)))
    rows = [row for batch in batches for row in batch.to_pylist()]
    return rows, quarantine.table().to_pylist()


def json_line(text: str) -> bytes:
    return b'{"text": "' + text.encode() + b'"}'


TEXTS = [f"{number} " + "é" * (number % 9) for number in range(40)]
JSON_LINES = b"\n".join(map(json_line, TEXTS))


def test_a_big_file_is_cut_at_places_that_its_size_alone_tells() -> None:
    assert ranges(0) == ranges(2 * SEGMENT_BYTES - 1) == [(0, None)]
    middle = (SEGMENT_BYTES, 2 * SEGMENT_BYTES)
    assert ranges(3 * SEGMENT_BYTES + 1) == [(0, middle[0]), middle, (middle[1], None)]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(sorted(PACKS)),
    st.lists(st.integers(1, len(JSON_LINES) - 1), max_size=8),
    st.lists(st.integers(1, 2 * len(JSON_LINES)), max_size=5),
    st.booleans(),
)
def test_every_line_is_read_once(tmp_path_factory, suffix, members, cuts, ends_in_newline) -> None:
    data = JSON_LINES + b"\n" * ends_in_newline
    content = in_members(data, members, PACKS[suffix]) if suffix != "jsonl" else data
    path = tmp_path_factory.mktemp("segments") / f"a.{suffix}"
    path.write_bytes(content)
    rows, entries = [], []
    for start, end in segments_of(len(content), cuts):
        some_rows, some_entries = read(path, start, end)
        rows += some_rows
        entries += some_entries
    assert [row["text"] for row in rows] == TEXTS
    assert entries == []
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("suffix", sorted(PACKS))
def test_an_origin_tells_where_to_look(tmp_path, suffix) -> None:
    content = in_members(JSON_LINES, [len(JSON_LINES) // 3, len(JSON_LINES) // 2], PACKS[suffix])
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content)
    start = len(content) // 4
    rows, _ = read(path, start)
    place, line = rows[0]["origin"].split("#")
    assert place == f"{path}@{start}"
    if suffix == "jsonl":
        lines = content[start:].split(b"\n")
        assert lines[int(line) - 1] == json_line(rows[0]["text"])


def test_ids_of_a_segment_do_not_depend_on_where_it_ends(tmp_path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(JSON_LINES)
    to_the_end, _ = read(path, 100)
    rows, _ = read(path, 100, 300)
    assert rows == to_the_end[: len(rows)]


@pytest.mark.parametrize("suffix", ["jsonl.gz", "jsonl.zst"])
def test_one_member_is_read_by_the_first_segment(tmp_path, suffix) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(PACKS[suffix](JSON_LINES))
    middle = path.stat().st_size // 2
    assert [row["text"] for row in read(path, 0, middle)[0]] == TEXTS
    assert read(path, middle) == ([], [])


def test_a_damaged_member_costs_its_own_segment(tmp_path) -> None:
    lines = [json_line(text) + b"\n" for text in TEXTS]
    members = [gzip.compress(b"".join(lines[k : k + 10]), mtime=0) for k in range(0, 40, 10)]
    members[1] = members[1][:30] + b"\0\0\0\0" + members[1][34:]
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(b"".join(members))
    # Where the second segment would begin stands the damaged member: the first one tells of it.
    places = [0, len(members[0]), len(b"".join(members[:2])), len(b"".join(members[:3])), None]
    outcomes = [read(path, places[k], places[k + 1]) for k in range(4)]
    # The line feed before the third member's first line is lost in the damage, and the line too.
    assert [len(rows) for rows, _ in outcomes] == [10, 0, 10, 9]
    errors = [entry["error"].split(":")[0] for _, entries in outcomes for entry in entries]
    assert errors == ["corrupt"]


def test_a_line_longer_than_segments_is_read_where_it_begins(tmp_path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(json_line("a") + b"\n" + json_line("b" * 1000) + b"\n" + json_line("c"))
    texts = [[row["text"][:1] for row in read(path, k, k + 100)[0]] for k in range(0, 1000, 100)]
    assert texts == [["a", "b"], *[[]] * 9]
    assert [row["text"] for row in read(path, 1000)[0]] == ["c"]


def test_what_is_wrong_with_a_whole_file_is_said_once(tmp_path) -> None:
    for name, content in [
        ("a.jsonl", b"\xff\xfe" + "[]\n".encode("utf-16-le") * 50),
        ("b.jsonl.gz", b"plain after all\n" * 20),
        ("c.jsonl", b"BZh" + bytes(300)),
        ("d.parquet", b"PAR1" + bytes(300)),
    ]:
        path = tmp_path / name
        path.write_bytes(content)
        kind = "parquet" if name.endswith(".parquet") else "jsonl"
        entries = [read(path, k, k + 100, read=kind)[1] for k in range(0, 300, 100)]
        assert [len(some) for some in entries] == [1, 0, 0], name


def test_text_is_cut_by_lines_where_it_is_utf8(tmp_path) -> None:
    text = "".join(f"строка {number}\n" for number in range(60))
    for encoding in ("utf-8", "windows-1251"):
        path = tmp_path / f"{encoding}.txt"
        path.write_bytes(text.encode(encoding))
        parts = [read(path, k, k + 200, read="text", split="line")[0] for k in (0, 200, 400)]
        parts.append(read(path, 600, None, read="text", split="line")[0])
        assert [row["text"] for part in parts for row in part] == text.splitlines()
        assert all(parts) == (encoding == "utf-8")


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 6000), max_size=5), st.integers(1, 20))
def test_row_groups_keep_their_row_numbers(tmp_path_factory, cuts, rows_in_group) -> None:
    path = tmp_path_factory.mktemp("groups") / "a.parquet"
    table = pa.table({"text": TEXTS, "id": [str(k) for k in range(len(TEXTS))]})
    pq.write_table(table, path, row_group_size=rows_in_group)
    whole, _ = read(path, read="parquet")
    parts = [read(path, *r, read="parquet") for r in segments_of(path.stat().st_size, cuts)]
    assert [row for rows, _ in parts for row in rows] == whole
    assert [entry for _, entries in parts for entry in entries] == []


def records(content: bytes, start: int = 0, end: int | None = None):
    return list(read_records(io.BytesIO(content), 1 << 20, start, end))


BLOCKS = [bytes([65 + number]) * (number * 37 % 900) for number in range(30)]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(PACKINGS), st.lists(st.integers(1, 9000), max_size=4), st.integers(0, 400))
def test_every_record_of_an_archive_is_read_once(how, cuts, seed) -> None:
    content = packed([record(block) for block in BLOCKS], how)
    if seed % 2:  # ten times flipped, cut off, or both: what can be read is the same
        shuffled = random.Random(seed)
        damaged = bytearray(content)
        for _ in range(10):
            damaged[shuffled.randrange(len(damaged))] ^= 1 << shuffled.randrange(8)
        content = bytes(damaged[: len(damaged) - seed])
    parts = [records(content, *r) for r in segments_of(len(content), cuts)]
    assert [one for part in parts for one in part] == records(content)


def test_the_archives_of_the_development_data(development_data) -> None:
    for path in sorted((development_data / "warc").glob("*.gz")):
        content = path.read_bytes()
        size = len(content)
        parts = [records(content, *r) for r in segments_of(size, [size // 3, size // 2])]
        assert [one for part in parts for one in part] == records(content), path.name
