"""How numbers are written."""

import numpy as np
import pytest

from stages.pii import shapes_kernels as shapes
from stages.pii.layouts import LAYOUTS, shape_of, shapes_of, size_bits, tables


def kernel_shape(sizes, gaps, opened=False, letter=False):
    padded = [np.array([*values, *[0] * 8], np.int64) for values in (sizes, gaps)]
    return int(shapes.shape(*padded, 0, len(sizes), opened, letter))


def test_a_form_and_the_kernel_pack_the_same_shape():
    assert shape_of("3-2-4") == kernel_shape([3, 2, 4], [shapes.HYPHEN, shapes.HYPHEN])
    assert shape_of("(3)3-4") == kernel_shape([3, 3, 4], [shapes.CLOSE, shapes.HYPHEN], opened=True)
    assert shape_of("8L") == kernel_shape([9], [0], letter=True)
    assert shape_of("8-L") == kernel_shape([8, 1], [shapes.HYPHEN], letter=True)


def test_a_tilde_is_one_sign_throughout():
    assert shapes_of("4~4") == [shape_of("4 4"), shape_of("4-4"), shape_of("4.4")]


def test_too_many_groups_are_refused():
    with pytest.raises(ValueError, match="more than 7 groups"):
        shape_of("1 1 1 1 1 1 1 1")


def test_every_layout_is_found_by_its_shape_in_the_order_written():
    known = tables()
    for layout in LAYOUTS:
        kind, check = shapes.KINDS.index(layout.kind), shapes.CHECKS.index(layout.check)
        for shape in shapes_of(layout.forms):
            slot = shapes.find_shape(known.keys, np.uint64(shape))
            first, count = known.places[slot] & 0xFFFF, known.places[slot] >> 16
            rows = known.layouts.reshape(-1, 3)[first : first + count]
            assert [kind, check] in rows[:, :2].tolist()
    assert shapes.find_shape(known.keys, np.uint64(shape_of("1.1.1"))) == -1


def test_lengths_are_bits():
    assert size_bits("8-10") == 0b111_0000_0000
    assert size_bits("6, 8-9") == 0b11_0100_0000
    assert size_bits(9) == 1 << 9
    assert tables().phone_digits[49] & 1 << 11


def test_a_number_and_its_calling_code_have_at_most_fifteen_digits():
    for code in np.flatnonzero(tables().phone_digits).tolist():
        sizes = [n for n in range(1, 32) if tables().phone_digits[code] >> n & 1]
        assert min(sizes) >= 6 and max(sizes) + len(str(code)) <= 15, code


def test_a_language_that_no_layout_names_shares_the_last_bit():
    languages = tables().languages
    assert languages["az"] >= shapes.LAST_LANGUAGE_BIT > languages["es"] > 0
    assert len(tables().trunk_digits) == max(languages.values()) + 1
    for _, _, free in tables().layouts.reshape(-1, 3).tolist():
        assert free == (1 << 64) - 1 or not free >> shapes.LAST_LANGUAGE_BIT


def test_most_of_the_table_of_shapes_is_empty():
    assert 0 < np.count_nonzero(tables().keys) < shapes.SLOTS / 2
