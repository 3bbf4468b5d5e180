"""What a batch tells of its rows: targets, positions, boundaries."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.loading.batch import IGNORE, Batch, filled
from formats.shards import PADDING


def batch_of(input_ids, pieces):
    """A batch of rows whose pieces are (start, document) pairs."""
    return Batch(
        first_row=0,
        rows=len(pieces),
        state=0,
        input_ids=np.array(input_ids, np.uint16),
        component=np.zeros(len(pieces), np.uint16),
        row_offsets=np.cumsum([0, *map(len, pieces)]),
        document_starts=np.array([start for row in pieces for start, _ in row], np.int32),
        document_ids=np.array([document for row in pieces for _, document in row], np.uint64),
        document_offsets=np.zeros(sum(map(len, pieces)), np.int32),
    )


def test_a_row_with_two_documents_and_padding():
    """The first token of a document and the padding are predicted by nobody."""
    batch = batch_of([[10, 11, 12, 20, 21, 1, 1]], [[(0, 7), (3, 8), (5, PADDING)]])
    no = IGNORE
    assert batch.labels().tolist() == [[11, 12, no, 21, no, no, no]]
    assert batch.positions().tolist() == [[0, 1, 2, 0, 1, 0, 1]]
    assert batch.pieces().tolist() == [[0, 0, 0, 1, 1, 2, 2]]
    assert batch.cu_seqlens(room=4).tolist() == [0, 3, 5, 7, 7]


def test_boundaries_go_on_from_row_to_row():
    """Two rows of four tokens are one line of eight: the second row's pieces begin at 4 and 6."""
    batch = batch_of([[5, 6, 7, 8], [9, 5, 6, 7]], [[(0, 1)], [(0, 2), (2, 3)]])
    assert batch.cu_seqlens(room=5).tolist() == [0, 4, 6, 8, 8, 8]
    assert batch.labels().tolist() == [[6, 7, 8, IGNORE], [5, IGNORE, 7, IGNORE]]


def test_boundaries_keep_their_shape_unless_documents_are_very_short():
    """Room for 16 a row; 20 pieces get twice of it rather than attend to each other."""
    few = batch_of([range(20)], [[(0, 1)]])
    assert few.cu_seqlens().shape == (17,)
    many = batch_of([range(20)], [[(place, place) for place in range(20)]])
    assert many.cu_seqlens().shape == (33,)
    assert many.cu_seqlens()[:21].tolist() == list(range(21))


def test_rows_of_padding_have_one_piece():
    batch = batch_of([[5, 6, 7, 8]], [[(0, 1), (2, 2)]])
    names = ("input_ids", "component", "row_offsets",
             "document_starts", "document_ids", "document_offsets")  # fmt: skip
    more = filled({name: getattr(batch, name) for name in names}, rows=3, pad_id=1)
    found = Batch(0, 1, 0, **more)
    assert found.input_ids.tolist() == [[5, 6, 7, 8], [1] * 4, [1] * 4]
    assert found.row_offsets.tolist() == [0, 2, 3, 4]
    assert found.labels().tolist() == [[6, IGNORE, 8, IGNORE], [IGNORE] * 4, [IGNORE] * 4]
    assert found.cu_seqlens(room=6).tolist() == [0, 2, 4, 8, 12, 12, 12]


ROWS = st.lists(
    st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=5),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(ROWS)
def test_all_agree_with_the_rules_said_slowly(pieces_of_rows):
    """Rows of random pieces; the last of a row may be padding."""
    length = max(sum(size for size, _ in pieces) for pieces in pieces_of_rows)
    ids = np.arange(len(pieces_of_rows) * length).reshape(-1, length)
    pieces = []
    labels = np.full(ids.shape, IGNORE)
    positions, numbers = np.zeros_like(ids), np.zeros_like(ids)
    lengths = []
    for row, sizes in enumerate(pieces_of_rows):
        place, own = 0, []
        for number, (size, padded) in enumerate(sizes):
            last = number == len(sizes) - 1
            end = length if last else place + size
            own.append((place, PADDING if last and padded else number))
            lengths.append(end - place)
            for position in range(place, end):
                numbers[row, position], positions[row, position] = number, position - place
                if position + 1 < end and not (last and padded):
                    labels[row, position] = ids[row, position + 1]
            place = end
        pieces.append(own)
    batch = batch_of(ids, pieces)
    np.testing.assert_array_equal(batch.labels(), labels)
    np.testing.assert_array_equal(batch.positions(), positions)
    np.testing.assert_array_equal(batch.pieces(), numbers)
    boundaries = batch.cu_seqlens()
    assert [size for size in np.diff(boundaries).tolist() if size] == lengths
    assert boundaries[-1] == ids.size
