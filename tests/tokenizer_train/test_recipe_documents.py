"""``--recipe``: a recipe's documents, once its run kept them."""

import json
from pathlib import Path

import pytest

from pipeline.recipe_file import load_recipe
from pipeline.run import run
from tokenizer_train.__main__ import main
from tokenizer_train.recipe_documents import recipe_documents


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lines = [json.dumps({"text": f"rain in Spain, plain number {n}"}) for n in range(300)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    monkeypatch.setenv("SOME_FOLDER", str(tmp_path))
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "run: {name: small, out: '${SOME_FOLDER}/run'}\n"
        f"sources: [{{name: a, paths: [{tmp_path}/a.jsonl], read: jsonl}}]\n"
    )
    return path


def test_the_documents_of_a_run(recipe: Path, tmp_path: Path) -> None:
    run(load_recipe(recipe), engine="inline")
    assert recipe_documents(str(recipe))[0].path.startswith(str(tmp_path / "run" / "documents"))
    out = tmp_path / "out"
    assert main(["--vocab", "270", "--recipe", str(recipe), "--out", str(out)]) == 0
    training = json.loads((out / "training.json").read_text())
    assert sum(found["documents"] for found in training["languages"].values()) == 300


def test_a_recipe_that_was_not_run(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--recipe", str(recipe)]) == 1
    assert f"python -m pipeline run {recipe}" in capsys.readouterr().err


def test_a_run_that_has_not_come_to_its_end(recipe: Path, tmp_path: Path) -> None:
    run(load_recipe(recipe), engine="inline")
    (tmp_path / "run" / "summary.json").unlink()
    with pytest.raises(ValueError, match="has not come to its end"):
        recipe_documents(str(recipe))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources: []", "run.out: a recipe names its run folder there"),
        ("run: {out: '${NOT_SET_ANYWHERE}'}", "NOT_SET_ANYWHERE. is not set"),
        ("{", "is not YAML"),
    ],
)
def test_what_is_no_recipe(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        recipe_documents(str(path))
