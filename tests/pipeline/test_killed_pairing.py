"""SIGKILL in the middle of finding translations by key, address and content; then go on."""

import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.recipe_file import load_recipe

from ..stages.bilingual.pairing.made_up_site import site
from .small_runs import digests, run_inline, write_corpus

RECIPE = """
run: {{name: small, out: "{folder}/{name}", partition_bytes: 4KB}}
sources:
  - {{name: web, read: jsonl, paths: ["{folder}/corpus/*.jsonl"]}}
stages:
  - bilingual:
      pairs: [[en, fr]]
      find: [pair_key, url, content]
      form: [documents, interleaved, pairs]
      monolingual: remove
"""
DEATHS = {
    "pairs by key are known": "bilingual/slots/part-00001",
    "translations are learned": "bilingual/space-1/right-00000",
    "documents are compared again": "bilingual/compared-2/part-00000",
    "sentences are aligned": "bilingual/aligned/part-00002",
    "sentence pairs are written": "bilingual/sentence_pairs/part-00001",
}
"""Killed while ...: right before the first file gets its name that has this in its path."""


def recipe(folder: Path, name: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(RECIPE.format(folder=folder, name=name))
    return path


def test_a_killed_run_finds_the_same_pairs(tmp_path: Path) -> None:
    """One run dies again and again, each time further on; keys and addresses are on some pages."""
    documents, mates = site(1)
    for part in range(3):
        lines = []
        for name, lang, text in documents[part::3]:
            page = {"id": name, "lang": lang, "text": text}
            if name[2:] < "010":
                page["pair_key"] = name[2:]
            elif name[2:] < "020":
                page["url"] = f"https://example.org/{lang}/{name[2:]}"
            lines.append(page)
        write_corpus(tmp_path / "corpus" / f"{part}.jsonl", lines)
    run_inline(load_recipe(recipe(tmp_path, "whole")))
    path = recipe(tmp_path, "killed")
    script = Path(__file__).with_name("dying_run.py")
    for moment, pattern in DEATHS.items():
        command = [sys.executable, str(script), str(tmp_path), pattern, "1", str(path)]
        died = subprocess.run(command, capture_output=True)
        assert died.returncode == -signal.SIGKILL, f"{moment}: {died.stderr.decode()[-2000:]}"
    run_inline(load_recipe(path))
    names = ("documents", "bilingual", "removed")
    assert digests(tmp_path / "killed", *names) == digests(tmp_path / "whole", *names)
    pairs = [
        row
        for part in sorted((tmp_path / "killed" / "bilingual" / "documents").rglob("*.parquet"))
        for row in pq.read_table(part).to_pylist()
    ]
    assert {pair["method"] for pair in pairs if pair["kept"]} == {"pair_key", "url", "content"}
    assert sum(pair["kept"] for pair in pairs) >= 0.9 * len(mates)
