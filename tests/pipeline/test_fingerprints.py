"""Equal work, equal fingerprint; anything that can change an output changes it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.fingerprints import file_hash, fingerprint, keys_fingerprint, stage_fingerprint
from pipeline.recipe import as_stage
from stages.base import BarrierStage


@dataclass(frozen=True)
class Settings:
    name: str
    path: Path


def test_equal_values_have_equal_fingerprints() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint((1, 2)) == fingerprint([1, 2])
    assert fingerprint(Settings("x", Path("a"))) == fingerprint({"name": "x", "path": "a"})
    assert len(fingerprint()) == 32


@pytest.mark.parametrize("other", [[1, "2"], ["1", 2], [12], [[1], 2], [1, 2, None], [1, 2.5]])
def test_other_values_have_other_fingerprints(other: list[object]) -> None:
    assert fingerprint(*other) != fingerprint(1, 2)


def test_names_that_utf8_cannot_hold_have_fingerprints_too() -> None:
    assert fingerprint("\udcff.jsonl") != fingerprint("\udcfe.jsonl")


def test_what_has_no_plain_values_is_refused() -> None:
    with pytest.raises(TypeError, match="a fingerprint cannot be made of object"):
        fingerprint(object())


def test_a_stage_depends_on_version_settings_and_the_contents_of_its_files(
    tmp_path, monkeypatch
) -> None:
    stage = as_stage("normalize", {})
    assert stage_fingerprint(stage) == stage_fingerprint(as_stage("normalize", {}))
    changed = as_stage("normalize", {"repair_encoding": False})
    assert stage_fingerprint(changed) != stage_fingerprint(stage)
    before = stage_fingerprint(stage)
    monkeypatch.setattr(type(stage), "version", 99)
    assert stage_fingerprint(stage) != before

    prints = set()
    for content in (b"one model", b"another"):
        model = tmp_path / "model.bin"
        model.write_bytes(content)
        file_hash.cache_clear()
        prints.add(stage_fingerprint(as_stage("langid", {"model": str(model)})))
    assert len(prints) == 2


def test_keys_depend_on_fewer_settings_than_their_barrier() -> None:
    """How duplicates are chosen among is no matter of signatures; their size is."""
    plain, longest, small = (
        as_stage("minhash_dedup", settings) for settings in ({}, {"keep": "longest"}, {"bins": 64})
    )
    assert isinstance(plain, BarrierStage)
    assert isinstance(longest, BarrierStage)
    assert isinstance(small, BarrierStage)
    assert keys_fingerprint(plain) == keys_fingerprint(longest) != keys_fingerprint(small)
    assert stage_fingerprint(plain) != stage_fingerprint(longest)
