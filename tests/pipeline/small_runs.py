"""The sample corpus run small, corpora of a few lines, and what to compare of two runs."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from formats.run_folder import RunFolder
from pipeline.recipe import Recipe
from pipeline.recipe_file import load_recipe
from pipeline.run import RunOutcome, run

ROOT = Path(__file__).parents[2]
SAMPLE_RECIPE = ROOT / "configs" / "mix_2T.yaml"
SMALL = (
    "tokenizer.train.vocab=600",
    "tokenizer.train.sample_bytes=100KB",
    "mixture.sequence_length=128",
    "run.partition_bytes=100KB",  # seven partitions instead of one
)
PROMISED = (
    "documents", "removed", "cut", "contamination", "quarantine", "bilingual", "tokenizer",
    "tokens", "shards",
)  # fmt: skip
"""The folders of a run that have the same bytes however the run was made."""


def sample_recipe(out: Path, *overrides: str) -> Recipe:
    """The recipe of the sample corpus, small."""
    return load_recipe(SAMPLE_RECIPE, [*SMALL, f"run.out={out}", *overrides])


def run_inline(recipe: Recipe) -> RunOutcome:
    """Run a recipe in this process, without bars."""
    return run(recipe, engine="inline", live=False)


def digests(folder: Path | str, *names: str) -> dict[str, str]:
    """Path -> SHA-256 of every file below these folders of a run; of all ``PROMISED`` ones."""
    root = Path(folder)
    files = (p for name in names or PROMISED for p in (root / name).rglob("*") if p.is_file())
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
    }


def kept_rows(folder: RunFolder) -> list[dict[str, Any]]:
    """The kept documents that were read, in order: without those made of translations."""
    rows = [row for batch in folder.documents() for row in batch.to_pylist()]
    return [row for row in rows if row["source"] != "bilingual"]


def removed_rows(folder: RunFolder) -> Iterator[dict[str, Any]]:
    """The dropped documents, with their reasons."""
    for stage in folder.removed_stages():
        for batch in folder.removed(stage):
            yield from batch.to_pylist()


def write_corpus(path: Path, lines: Sequence[dict[str, Any] | bytes]) -> Path:
    """A JSONL file of these documents; bytes stand as they are, broken ones too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = [
        line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()
        for line in lines
    ]
    path.write_bytes(b"\n".join(encoded) + b"\n")
    return path


def corpus_recipe(folder: Path, sections: str, *overrides: str) -> Recipe:
    """A recipe that reads ``folder/corpus`` and writes ``folder/run``."""
    path = folder / "recipe.yaml"
    path.write_text(
        f"run: {{name: small, out: {folder}/run}}\n"
        f'sources:\n  - {{name: web, read: jsonl, paths: ["{folder}/corpus/*.jsonl"]}}\n{sections}',
        encoding="utf-8",
    )
    return load_recipe(path, list(overrides))
