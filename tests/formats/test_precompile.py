"""Kernels are compiled once, by whoever comes first."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from formats import precompile
from formats.compile import kernel_files


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    precompile._stamp.cache_clear()
    yield tmp_path
    precompile._stamp.cache_clear()


def test_every_kernel_file_is_in_one_group() -> None:
    modules = [module for group in precompile.kernel_groups() for module in group]
    assert len(set(modules)) == len(modules) == len(kernel_files())
    assert "formats.identifiers_kernels" in modules


def test_only_the_packages_asked_for_are_compiled(empty_cache: Path) -> None:
    assert precompile.missing_groups({"stages.urls"}) == [["stages.urls.url_kernels"]]
    precompile.compile_kernels(packages={"stages.urls"})
    assert precompile.missing_groups({"stages.urls"}) == []
    assert ["stages.urls.url_kernels"] not in precompile.missing_groups()
    assert len(precompile.missing_groups()) == len(precompile.kernel_groups()) - 1


def test_another_installation_of_the_same_code_compiles_its_own(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precompile.compile_kernels(packages={"stages.urls"})
    monkeypatch.setattr(precompile, "_installation", lambda: "elsewhere")
    precompile._stamp.cache_clear()
    assert precompile.missing_groups({"stages.urls"}) == [["stages.urls.url_kernels"]]


def test_a_filled_cache_is_loaded_and_not_compiled_again(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = ["formats.identifiers_kernels"]
    monkeypatch.setattr(precompile, "kernel_groups", lambda packages: [group])
    parts: list[int] = []
    assert precompile.missing_groups() == [group]
    precompile.compile_kernels(part_done=lambda: parts.append(1))
    precompile.compile_kernels(part_done=lambda: parts.append(1))
    assert precompile.missing_groups() == []
    assert parts == [1]
    code = (
        "from formats.identifiers_kernels import *; import formats.identifiers_kernels as k\n"
        "kernels = [v for v in vars(k).values() if hasattr(v, 'stats') and v.signatures]\n"
        "print(sum(sum(v.stats.cache_misses.values()) for v in kernels), len(kernels))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(precompile.__file__).parents[1],
    )  # fmt: skip
    misses, kernels = map(int, loaded.stdout.split())
    assert misses == 0
    assert kernels > 0


def test_a_module_that_does_not_compile_is_named(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precompile, "kernel_groups", lambda packages: [["formats.no_such_kernels"]])
    with pytest.raises(RuntimeError, match=r"formats.no_such_kernels failed"):
        precompile.compile_kernels()
    assert precompile.missing_groups()
