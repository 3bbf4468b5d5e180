"""The curated documents of a recipe: those that its run kept, before there are tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from formats.run_folder import RunFolder
from formats.storage import file_size
from formats.variables import expand_variables
from tokenizer_train.documents import Documents, run_documents


def recipe_documents(recipe: str) -> Documents:
    """The documents in the run folder that a recipe names.

    Args:
        recipe: the YAML file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it names no run folder, or its run has not come to its end; the message says
            what to do.
    """
    out = _run_folder(recipe)
    folder = RunFolder(out)
    if not folder.exists() or not folder.has_documents():
        raise ValueError(
            f"{recipe}: there are no curated documents in {out} yet. Run the recipe first: "
            f"python -m pipeline run {recipe}. If it was run with --out, give the documents "
            "folder of that run instead of the recipe"
        )
    if file_size(folder.summary_path) is None:
        raise ValueError(
            f"{recipe}: the run in {out} has not come to its end, so some of its documents may be "
            f"missing. Give its command again: python -m pipeline run {recipe}; if it stops at the "
            "tokenizer, leave that out: --set tokenizer=null --set mixture=null"
        )
    return run_documents([folder.documents_path])


def _run_folder(recipe: str) -> str:
    """``run.out`` of a recipe."""
    import yaml

    try:
        content: Any = yaml.safe_load(Path(recipe).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{recipe} is not YAML: {error}") from error
    run = content.get("run") if isinstance(content, dict) else None
    out = run.get("out") if isinstance(run, dict) else None
    if not isinstance(out, str) or not out:
        raise ValueError(f"{recipe}: run.out: a recipe names its run folder there")
    expanded, missing = expand_variables(out, {})
    if missing:
        raise ValueError(f"{recipe}: run.out: ${{{missing[0]}}} is not set, and has no default")
    return expanded
