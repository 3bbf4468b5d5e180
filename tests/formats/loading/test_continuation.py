"""A change of mixture: where components stand, and whether other shards go on there."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.loading.continuation import continuation

from .small_shards import write_shards


@given(row=st.integers(0, 96))
def test_cursors_count_the_rows_of_each_component(shards, row):
    """Counted in every row before it."""
    components = shards.read("pretrain", 0, 96)["component"][:row]
    counts = np.bincount(components, minlength=3).tolist()
    assert shards.cursors("pretrain", row) == dict(zip(["en", "fr", "zh"], counts, strict=True))


def test_cursors_begin_where_the_mixture_did(tmp_path):
    shards = write_shards(
        tmp_path, {"pretrain": [40]}, first_rows={"pretrain": {"en": 1000, "zh": 7}}
    )
    assert shards.cursors("pretrain", 0) == {"en": 1000, "fr": 0, "zh": 7}
    assert shards.cursors("pretrain", 40) == {"en": 1014, "fr": 13, "zh": 20}
    with pytest.raises(IndexError, match="row 41 asked of phase 'pretrain', which has 40 rows"):
        shards.cursors("pretrain", 41)


def test_cursors_between_files_need_no_file(tmp_path):
    """The counts before each file are in the manifest."""
    shards = write_shards(tmp_path, {"pretrain": [40, 56]})
    for path in (tmp_path / "pretrain").iterdir():
        path.unlink()
    assert shards.cursors("pretrain", 96) == {"en": 32, "fr": 32, "zh": 32}
    with pytest.raises(FileNotFoundError):
        shards.cursors("pretrain", 50)


@pytest.fixture
def after(tmp_path):
    """Makes shards whose second phase goes on with the first; its components begin at rows."""

    def make(phase="more", first_rows=None, seed=17, continues="pretrain"):
        phases = {"pretrain": [50], phase: [26]}
        rows = {phase: first_rows or {}}
        return write_shards(tmp_path / "after", phases, rows, seed, {phase: continues})

    return make


def test_a_mixture_made_with_the_cursors_goes_on(shards, after):
    cursors = shards.cursors("pretrain", 50)
    found = continuation(shards, "pretrain", 50, after(first_rows=cursors), "more")
    assert found.goes_on == cursors == {"en": 17, "fr": 17, "zh": 16}
    assert (found.skips, found.begins, found.ends, found.others) == ({}, [], [], [])


def test_rows_that_would_come_twice_are_refused(shards, after):
    later = after(first_rows={"en": 10, "fr": 17, "zh": 16})
    with pytest.raises(ValueError, match=r"'en': rows 10 to 16 of its order would be seen again"):
        continuation(shards, "pretrain", 50, later, "more")


def test_rows_left_out_and_components_that_come_and_go_are_told(shards, after):
    found = continuation(shards, "pretrain", 50, after("anneal", {"zh": 20}), "anneal")
    assert found.goes_on == {"zh": 20}
    assert found.skips == {"zh": 4}
    assert (found.begins, found.ends) == (["code"], ["en", "fr"])


def test_other_documents_have_other_rows(shards, after):
    """An annealing phase that selects good documents packs them into rows of their own."""
    later = after("anneal")
    path = Path(later.path, "manifest.json")
    path.write_text(path.read_text().replace('"documents": 100', '"documents": 30'))
    found = continuation(shards, "pretrain", 50, type(later)(later.path), "anneal")
    assert found.others == ["zh"]
    assert found.goes_on == {}


def test_another_order_cannot_be_gone_on_with(shards, after):
    """The seed, and the phase that an order is named by, make it."""
    with pytest.raises(ValueError, match=r"seed: .* has 17, .* has 18"):
        continuation(shards, "pretrain", 0, after(seed=18), "more")
    with pytest.raises(ValueError, match=r"in that of 'more': it should continue 'pretrain'"):
        continuation(shards, "pretrain", 0, after(continues=None), "more")
