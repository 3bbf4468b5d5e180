"""A trained model as others load it: a folder of ``transformers``."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from formats.storage import filesystem
from trainer.checkpoints.checkpoint import latest_checkpoint, load_model
from trainer.config import ModelConfig
from trainer.errors import OutputError
from trainer.hf.shapes import hf_config, hf_weights, token_ids
from trainer.output import OutputFolder

FORMATS = ("hf",)
TOKENIZER_JSON = "tokenizer.json"


def export_hf(out: str | Path, target: str | Path) -> str:
    """Write the last checkpoint as a folder for ``AutoModelForCausalLM.from_pretrained``.

    The folder appears when it is whole. The tokenizer is copied from where the pipeline leaves it,
    ``tokenizer/`` beside the shards.

    Args:
        out: folder of the training run.
        target: folder to make.

    Returns:
        What was exported, in a sentence.

    Raises:
        OutputError: there is no checkpoint, the target is in use, or the tokenizer beside the
            shards is another than the one the shards were made with.
    """
    from safetensors.torch import save_file

    folder, target = OutputFolder(out), Path(target)
    run, checkpoint = folder.read_run(), latest_checkpoint(folder.checkpoints_path)
    if run is None or checkpoint is None:
        raise OutputError(f"{folder.path}: no checkpoint of a training run in it")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise OutputError(f"{target} is not empty; give a folder that is, or a new one")
    tokenizer = _tokenizer_files(run)
    temporary = target.parent / f".{target.name}.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    _write_json(temporary / "config.json", hf_config(run))
    _write_json(temporary / "generation_config.json", token_ids(run))
    config = ModelConfig.model_validate(run["config"]["model"])
    weights = hf_weights(load_model(checkpoint), config)
    save_file(weights, temporary / "model.safetensors", metadata={"format": "pt"})
    for name, contents in tokenizer.items():
        (temporary / name).write_bytes(contents)
    if target.exists():
        target.rmdir()
    temporary.rename(target)
    what = "with its tokenizer" if tokenizer else (
        f"without a tokenizer: there is none at {_tokenizer_folder(run)}"
    )  # fmt: skip
    return f"{checkpoint.name} of {folder.path} is in {target}, {what}"


def _tokenizer_folder(run: dict[str, Any]) -> str:
    return run["config"]["shards"].rstrip("/").rpartition("/")[0] + "/tokenizer"


def _tokenizer_files(run: dict[str, Any]) -> dict[str, bytes]:
    """Name -> contents of the run's tokenizer, empty where there is none."""
    files, folder = filesystem(_tokenizer_folder(run))
    if not files.isfile(f"{folder}/{TOKENIZER_JSON}"):
        return {}
    contents = {
        path.rpartition("/")[2]: files.cat_file(path)
        for path in sorted(files.ls(folder, detail=False))
        if files.isfile(path) and path.endswith((".json", ".txt", ".model", ".jinja"))
    }
    found = hashlib.sha256(contents[TOKENIZER_JSON]).hexdigest()
    if found != run["tokenizer_sha256"]:
        raise OutputError(
            f"{folder}/{TOKENIZER_JSON} has sha256 {found[:16]}…, and the shards were made with "
            f"{run['tokenizer_sha256'][:16]}…: put that tokenizer back, or make the shards again"
        )
    return contents


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
