"""SIGKILL in the middle of what cuts, decontaminates and compares with an index; then go on."""

import signal
import subprocess
import sys
from pathlib import Path

from pipeline.recipe_file import load_recipe

from .small_runs import digests, removed_rows, run_inline, write_corpus

ITEM = "A gardener plants seven rows of tulips with twelve bulbs in each row, and waters them."
BANNER = "We use cookies to give you the best experience on every page of our website."
LICENCE = " ".join(f"licence{i}" for i in range(90))
RECIPE = """
run: {{name: small, out: "{folder}/{name}/run{month}", partition_bytes: 4KB}}
sources:
  - {{name: web, read: jsonl, paths: ["{folder}/corpus{month}/*.jsonl"]}}
stages:
  - minhash_dedup: {{index: "{folder}/{name}/index", index_name: month{month}}}
  - paragraph_dedup: {{max_documents: 2}}
  - substring_dedup: {{}}
  - decontaminate: {{against: ["{folder}/evals/sums.jsonl"]}}
"""
DEATHS = {
    "documents are compared with the index": "minhash_dedup/indexed/part-00001",
    "survivors are chosen": "minhash_dedup/answers/part-00000",
    "the index is added to": "index/month2/bands",
    "paragraphs are cut": "paragraph_dedup/annotations/part-00001",
    "passages are sought": "substring_dedup/matches/part-00001",
    "what is left is decontaminated": "records/decontaminate/",
}
"""Killed while ...: right before the first file gets its name that has this in its path."""


def crawl(folder: Path, month: int) -> None:
    """A month's pages, which change a little, with banners, a licence and test items."""
    for part in range(3):
        lines = []
        for page in range(part, 60, 3):
            new = month if page % 17 < 5 else 0
            words = [f"page{page % 17}new{new}word{i}" for i in range(80)]
            text = " ".join([*words, f"seen{month}x{page}"])
            text += f"\n\n{BANNER}" if page % 2 else ""
            text += f"\n\nnote {page} {month} {LICENCE} end {page}" if page % 5 == 0 else ""
            text += f" {ITEM}" if page % 19 == 0 else ""
            lines.append({"id": f"{month}-{page}", "text": text})
        write_corpus(folder / f"corpus{month}" / f"{part}.jsonl", lines)


def recipe(folder: Path, name: str, month: int) -> Path:
    """The recipe of a month, whose runs and index are below a name."""
    path = folder / f"{name}{month}.yaml"
    path.write_text(RECIPE.format(folder=folder, name=name, month=month))
    return path


def written(folder: Path) -> dict[str, str]:
    """What the second month left: path -> digest."""
    found = digests(folder / "run2") | digests(folder, "index")
    return {path: digest for path, digest in found.items() if ".tmp" not in path}


def test_a_killed_run_ends_with_the_same_bytes(tmp_path: Path) -> None:
    """One run dies again and again, each time further on."""
    for month in (1, 2):
        crawl(tmp_path, month)
    write_corpus(tmp_path / "evals" / "sums.jsonl", [{"question": ITEM, "id": "x"}])
    for month in (1, 2):
        outcome = run_inline(load_recipe(recipe(tmp_path, "whole", month)))
    stages = {row["drop_stage"] for row in removed_rows(outcome.folder)}
    assert stages >= {"minhash_dedup", "decontaminate"}
    cuts = {path.split("/")[1] for path in digests(outcome.folder.path, "cut")}
    assert cuts == {"paragraph_dedup", "substring_dedup"}

    run_inline(load_recipe(recipe(tmp_path, "killed", 1)))
    path = recipe(tmp_path, "killed", 2)
    script = Path(__file__).with_name("dying_run.py")
    for moment, pattern in DEATHS.items():
        command = [sys.executable, str(script), str(tmp_path), pattern, "1", str(path)]
        died = subprocess.run(command, capture_output=True)
        assert died.returncode == -signal.SIGKILL, f"{moment}: {died.stderr.decode()[-2000:]}"
    outcome = run_inline(load_recipe(path))
    assert sum(step["tasks_skipped"] for step in outcome.summary["steps"].values()) > 10
    assert written(tmp_path / "killed") == written(tmp_path / "whole")
