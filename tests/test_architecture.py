"""The rules of the house: who may import whom, and what an import may cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    "formats", "stages", "tokenizer_train", "pipeline", "tokenizer_evaluate", "trainer",
)  # fmt: skip
MAY_IMPORT = {
    "formats": set(),
    "stages": {"formats"},
    "tokenizer_train": {"formats"},
    "pipeline": {"formats", "stages", "tokenizer_train"},
    "tokenizer_evaluate": {"formats", "stages", "tokenizer_train", "pipeline"},
    "trainer": {"formats"},
}
NEVER = {"stages": {"ray", "torch"}, "trainer": {"ray"}, "formats": {"ray", "torch"}}


def imported_packages(path: Path) -> set[str]:
    """Top-level names that a file imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        ours = imported_packages(path) & set(PACKAGES) - {package}
        assert ours <= MAY_IMPORT[package], f"{path.relative_to(ROOT)} imports {ours}"


@pytest.mark.parametrize("package", sorted(NEVER))
def test_forbidden_imports(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        if path.name.startswith("torch_"):  # imported by who asks for tensors, and by nobody else
            continue
        assert not imported_packages(path) & NEVER[package], path.relative_to(ROOT)


def test_kernels_live_in_kernel_files() -> None:
    """The compile cache is named by a hash of the ``*_kernels.py`` files, so no kernel may hide."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name.endswith("_kernels.py") or path.name == "compile.py":
                continue
            assert "numba" not in imported_packages(path), path.relative_to(ROOT)


def test_kernels_freeze_no_constant_of_another_kind_of_file() -> None:
    """Numba freezes constants into the code; the hash must see every file that they come from."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*_kernels.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGES):
                    module = str(node.module)
                    allowed = module.endswith("_kernels") or module == "formats.compile"
                    assert allowed, f"{path.relative_to(ROOT)} imports {module}"


def test_importing_the_pipeline_loads_nothing_heavy() -> None:
    """What makes an import slow is what it pulls in; the time itself is a benchmark's matter."""
    code = "import sys, pipeline; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    heavy = {"numba", "pyarrow", "ray", "numpy", "pydantic", "torch", "tokenizers", "pandas"}
    assert not heavy & set(run.stdout.split())
