"""Words from counts: languages weighed and added up, laid out in blocks of one weight."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.byte_letters import printable
from tokenizer_train.counting import counts_file
from tokenizer_train.counting.counts_file import COUNTS_SCHEMA, CountsInfo, Group, write_counts
from tokenizer_train.merging.alphabet import id_of_byte
from tokenizer_train.merging.words import Words, lay_out, lost_pieces, read_words
from tokenizer_train.merging.words_kernels import BLOCK, BORDER

ROWS = [(b"ab", 0, 5), (b"ab", 1, 2), (b"c", 1, 1), (b"de", 2, 7), (b"dex", 0, 1), (b"dex", 1, 1)]


def write(path: Path, batch_rows: int) -> str:
    columns = [
        pa.array(np.arange(len(ROWS), dtype=np.uint64)),
        pa.array([piece for piece, _, _ in ROWS], pa.large_binary()),
        pa.array([group for _, group, _ in ROWS], pa.uint32()),
        pa.array([count for _, _, count in ROWS], pa.int64()),
    ]
    table = pa.Table.from_arrays(columns, schema=COUNTS_SCHEMA)
    groups = tuple(Group(language=name, held_out=False) for name in ("en", "fr", "th"))
    info = CountsInfo(splits=(".",), special=(), groups=groups)
    write_counts(str(path), table.to_batches(max_chunksize=batch_rows), info)
    return str(path)


def test_languages_are_weighed_and_added_up(tmp_path: Path) -> None:
    for batch_rows in (1, 2, 6):  # equal pieces may stand in two batches
        path = write(tmp_path / "counts.arrow", batch_rows)
        words = read_words(path, np.array([1, 10, 0]))  # Thai counts nothing
        assert words.data.tobytes() == b"abcdex" and words.ends.tolist() == [2, 3, 6]
        assert words.weighted.tolist() == [25, 10, 11]
        assert words.seen.tolist() == [7, 1, 2]


def test_what_is_left_out_is_told_by_language(tmp_path: Path) -> None:
    path = write(tmp_path / "counts.arrow", 2)
    weights = np.array([1, 10, 0])
    lost = lost_pieces(path, weights, read_words(path, weights), 3)
    assert lost == {"en": (1, 3), "fr": (2, 4), "th": (0, 0)}


@settings(max_examples=200)
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 3), st.integers(1, 2))))
def test_every_position_counts_what_its_word_does(rows: list[tuple[bytes, int, int]]) -> None:
    ends = np.cumsum([len(word) for word, _, _ in rows], dtype=np.int64)
    data = np.frombuffer(b"".join(word for word, _, _ in rows), np.uint8)
    weighted, seen = (np.array([row[i] for row in rows], np.int64) for i in (1, 2))
    laid_out = lay_out(Words(data, ends, weighted, seen), 1)
    byte_of = {int(number): byte for byte, number in enumerate(id_of_byte())}
    found, word = [], bytearray()
    for position, symbol in enumerate(laid_out.symbols.tolist()):
        if symbol != BORDER:
            word.append(byte_of[symbol])
            block = position // BLOCK
            counts = (int(laid_out.block_weights[block]), int(laid_out.block_seen[block]))
        elif word:
            found.append((bytes(word), *counts))
            word.clear()
    assert laid_out.symbols[-1] == BORDER
    assert sorted(found) == sorted(row for row in rows if len(row[0]) > 1)


def test_the_alphabet_is_that_of_byte_level_tokenizers() -> None:
    from tokenizers import pre_tokenizers

    assert sorted(printable()) == sorted(pre_tokenizers.ByteLevel.alphabet())
    assert printable()[32] == "Ġ" and printable()[10] == "Ċ"
    assert id_of_byte()[ord("!")] == 0 and counts_file.BATCH_ROWS > 0
