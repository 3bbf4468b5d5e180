"""Decompression: whole files, several frames, and where a file breaks off."""

import gzip
import io

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.readers.streams import Damaged, open_bytes
from formats.readers.zstandard_frames import FrameWatch

CONTENT = b"".join(b"line %d\n" % k for k in range(50_000))


def read_all(path, step=70_001):
    """All bytes, and the damage they end in or None."""
    out, buffer = b"", bytearray(step)
    try:
        with open_bytes(str(path)) as stream:
            while size := stream.readinto(memoryview(buffer)):
                out += buffer[:size]
    except Damaged as damage:
        return out, str(damage)
    return out, None


def packed(suffix, content):
    if suffix == "gz":
        return gzip.compress(content)
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_several_frames_are_one_file(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(packed(suffix, CONTENT) + packed(suffix, b"") + packed(suffix, b"end"))
    assert read_all(path) == (CONTENT + b"end", None)


def test_the_first_bytes_tell_not_the_name(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(packed("zst", CONTENT))
    assert read_all(tmp_path / "a.jsonl") == (CONTENT, None)


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_cut_anywhere_is_noticed(tmp_path, suffix):
    whole = packed(suffix, CONTENT)
    path = tmp_path / f"a.{suffix}"
    for cut in (len(whole) - 1, len(whole) - 5, len(whole) // 2, 20, 5):
        path.write_bytes(whole[:cut])
        content, damage = read_all(path)
        assert CONTENT.startswith(content)
        assert damage.startswith("truncated: "), cut


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_flipped_bytes_are_noticed(tmp_path, suffix):
    whole = bytearray(packed(suffix, CONTENT))
    whole[len(whole) // 2] ^= 0xFF
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(whole)
    assert read_all(path)[1].startswith("corrupt: ")


def test_bytes_behind_a_gzip_stream(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(packed("gz", b"x") + bytes(1000))
    assert read_all(path) == (b"x", None)  # zeros are padding
    path.write_bytes(packed("gz", b"x") + b"more")
    assert read_all(path) == (b"x", "corrupt: bytes that are no gzip follow the gzip stream")


def test_a_zstandard_file_may_begin_with_a_skippable_frame(tmp_path):
    path = tmp_path / "a.zst"
    path.write_bytes(b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + packed("zst", b"x"))
    assert read_all(path) == (b"x", None)


def test_what_is_not_read_is_said(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(b"BZh91AY")
    assert read_all(path)[1] == "unknown compression: the file is bzip2; .gz and .zst are read"
    path.write_bytes(b"plain")
    assert "the name ends in .gz" in read_all(path)[1]


def test_an_empty_file_has_no_bytes(tmp_path):
    (tmp_path / "a.zst").write_bytes(b"")
    assert read_all(tmp_path / "a.zst") == (b"", None)


def reference_is_whole(data):
    """Slowly: every frame decompresses on its own and nothing is left."""
    while data:
        if data[:4] == b"\x50\x2a\x4d\x18":
            size = 8 + int.from_bytes(data[4:8], "little")
            if len(data) < max(size, 8):
                return False
            data = data[size:]
            continue
        decoder = zstandard.ZstdDecompressor().decompressobj()
        decoder.decompress(data)
        if not decoder.eof:
            return False
        data = decoder.unused_data
    return True


frames = st.lists(
    st.tuples(st.binary(max_size=300), st.booleans(), st.booleans(), st.sampled_from([1, 9, 700])),
    min_size=1,
    max_size=3,
)


@settings(max_examples=200, deadline=None)
@given(frames, st.data())
def test_a_watch_knows_whether_frames_are_whole(made, data):
    whole = b""
    for content, checksum, known_size, repeat in made:
        compressor = zstandard.ZstdCompressor(write_checksum=checksum).compressobj(
            size=len(content) * repeat if known_size else -1
        )
        whole += compressor.compress(content * repeat) + compressor.flush()
    whole += b"\x50\x2a\x4d\x18\x02\x00\x00\x00ab" if data.draw(st.booleans()) else b""
    cut = data.draw(st.integers(0, len(whole)))
    step = data.draw(st.integers(1, 100))
    watch = FrameWatch()
    stream = io.BytesIO(whole[:cut])
    while piece := stream.read(step):
        watch.feed(piece)
    assert watch.whole == reference_is_whole(whole[:cut])
