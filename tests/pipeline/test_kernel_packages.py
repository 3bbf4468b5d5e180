"""A run compiles what it uses, and uses nothing that was not compiled."""

import json
import subprocess
import sys
from pathlib import Path

from formats.precompile import kernel_groups
from pipeline.recipe_file import load_recipe

RECIPE = "configs/mix_2T.yaml"
ROOT = Path(__file__).parents[2]


def test_every_package_named_has_kernels() -> None:
    packages = load_recipe(str(ROOT / RECIPE)).kernel_packages()
    with_kernels = {group[0].rpartition(".")[0] for group in kernel_groups()}
    assert packages & {"stages.pii", "stages.quality", "tokenizer_train.merging"}
    assert "stages.decontaminate" not in packages
    assert packages - with_kernels <= {"stages.dedup"}


def test_the_quality_stage_names_its_preset() -> None:
    recipe = load_recipe(str(ROOT / RECIPE))
    [quality] = [stage for stage in recipe.stages if stage.name == "quality"]
    assert "stages.quality.datatrove" not in quality.kernel_packages()
    chosen = type(quality)(preset="datatrove")
    assert chosen.kernel_packages() == {"stages.quality", "stages.quality.datatrove"}


def test_a_run_uses_no_kernels_of_other_packages(tmp_path: Path) -> None:
    """In a process of its own, where nothing else has imported any."""
    code = (
        "import json, sys\n"
        "from pipeline.recipe_file import load_recipe\n"
        "from pipeline.run import run\n"
        f"recipe = load_recipe({RECIPE!r}, ['run.out={tmp_path}/run'])\n"
        "run(recipe, engine='inline', live=False)\n"
        "used = {n.rpartition('.')[0] for n in sys.modules if n.endswith('_kernels')}\n"
        "ours = {n for n in used if n.startswith(('formats', 'stages', 'tokenizer_train'))}\n"
        "json.dump(sorted(ours - recipe.kernel_packages()), sys.stdout)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    # What modules of a package import is compiled with it: ``exact_dedup`` knows URLs, and the
    # units and scores of sentences read numbers, of which there are steps alone.
    known = {"stages.urls", "stages.bilingual.numbers"}
    assert set(json.loads(finished.stdout.splitlines()[-1])) <= known
