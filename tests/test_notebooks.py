"""The notebooks run from top to bottom on a finished run, and show what they say."""

from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")

from pipeline.recipe_file import load_recipe  # noqa: E402
from pipeline.run import run  # noqa: E402

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The sample corpus, run with a small vocabulary."""
    out = tmp_path_factory.mktemp("notebooks") / "run"
    small = ["tokenizer.train.vocab=600", "mixture.sequence_length=128", f"run.out={out}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CORPUS", raising=False)
        run(load_recipe(ROOT / "configs" / "mix_2T.yaml", small), engine="inline", live=False)
    return out


@pytest.fixture(scope="session")
def trained(finished):
    """A few steps of a tiny model on its shards."""
    pytest.importorskip("torch")
    from trainer.config_file import load_config
    from trainer.train import train

    tiny = {"layers": 1, "hidden_size": 32, "heads": 2, "kv_heads": 1, "feed_forward_size": 48}
    overrides = [f"model.{name}={value}" for name, value in tiny.items()]
    overrides += [f"shards={finished}/shards", f"out={finished}-model", "max_steps=30",
                  "device=cpu", "threads=1"]  # fmt: skip
    train(load_config(ROOT / "configs" / "train" / "sample.yaml", overrides), live=False)
    return f"{finished}-model"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")  # of Jupyter's own packages
def test_a_notebook_runs(path, finished, monkeypatch, request):
    monkeypatch.setenv("RUN", str(finished))
    if "training" in path.stem:
        monkeypatch.setenv("TRAINING", request.getfixturevalue("trained"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(finished.parent / "ipython"))
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=180, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    shown = [data for out in outputs for data in out.get("data", {})]
    assert "image/png" in shown or "text/html" in shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_its_outputs(path):
    cells = nbformat.read(path, as_version=4).cells
    assert all(not cell.get("outputs") for cell in cells)
