"""How much junk goes and how much good text with it; beside datatrove's rules.

    python benchmarks/quality_junk.py DATA [--documents 100]

DATA has good text in ``mono_*`` and ``bilingual_*`` files, and ``dirty/dirty_junk.jsonl.zst`` whose
``meta.kind`` says what is wrong with each document. For every file of good text a calibration is
learned from the other files (in every language), and the stages ``quality`` and ``unusual`` judge
the file by it. Junk is judged by a calibration of all good text, which it is no part of.
datatrove's rules are ``preset: datatrove`` (``quality_decisions.py`` beside this compares it with
the original).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from formats.quarantine import Quarantine
from formats.readers import SourceFile, read_file
from pipeline.calibrate import learn
from pipeline.recipe import Recipe
from pipeline.reference import Measured
from stages import load_stage
from stages.base import DROP_REASON, alive, mark_dropped
from stages.quality.calibration import write_calibration
from stages.quality.measuring import SIGNALS, language_codes, measure
from stages.quality.rules import language_key

NO_JUNK = {
    "code-heavy-doc": "to be flagged",
    "mixed-language": "langid's lang_mix flags it",
    "pii-synthetic": "rows of invented numbers",
    "very-long": "whole books",
    "control-chars": "normalize repairs it",
    "html-with-boilerplate": "pages whose main text is good",
}
"""Kinds of ``dirty_junk`` whose documents need not go, and why."""


def main() -> None:
    """Judge all, and print two tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--documents", type=int, default=100, help="of a file and language")
    options = parser.parse_args()
    files = sorted([*options.data.glob("mono_*.zst"), *options.data.glob("bilingual_*.zst")])
    good = pa.Table.from_batches(
        [batch for file in files for batch in sample(file, options.documents)]
    )
    junk = pa.Table.from_batches(list(batches(options.data / "dirty" / "dirty_junk.jsonl.zst")))
    sources = np.array(good["source"].to_pylist(), object)
    languages = np.array([language_key(key) for key in good["lang"].to_pylist()], object)
    ours, theirs = np.zeros(len(sources), np.bool_), dropped(good, [("quality", PEER)])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/thresholds.yaml"
        for source in sorted(set(sources)):
            inside = sources == source
            calibrate(good.filter(pa.array(~inside)), path)
            ours[inside] = dropped(good.filter(pa.array(inside)), stages(path))
        calibrate(good, path)
        print_junk(junk, dropped(junk, stages(path)), dropped(junk, [("quality", PEER)]))
    print_good(sources, languages, ours, theirs)


COLUMNS = ["id", "text", "source", "declared_lang", "lang", "lang_score", "meta"]
PEER = {"preset": "datatrove"}


def stages(path: str) -> list[tuple[str, dict[str, object]]]:
    """Our stages with a calibration."""
    return [("quality", {"thresholds": path}), ("unusual", {"reference": path})]


def batches(path: Path) -> Iterable[pa.RecordBatch]:
    """A file's documents, normalised, their language identified; none dropped."""
    first = [load_stage("normalize")(), load_stage("langid").model_validate(
        {"min_score": {"default": 0.0}})]  # fmt: skip
    file = SourceFile(path.name.partition(".")[0], str(path), path.name, "jsonl")
    for batch in read_file(file, Quarantine()):
        batch = mark_dropped(batch, "", pa.nulls(batch.num_rows, pa.string()))
        for stage in first:
            batch = stage.apply(batch)  # type: ignore[attr-defined]
        yield pa.RecordBatch.from_arrays([batch[name] for name in COLUMNS], names=COLUMNS)


def sample(path: Path, documents: int) -> Iterable[pa.RecordBatch]:
    """So many documents of each language whose label the model confirms; smallest ids first."""
    table = pa.Table.from_batches(list(batches(path))).sort_by("id")
    said = [language_key(key) for key in table["declared_lang"].to_pylist()]
    found = [language_key(key) for key in table["lang"].to_pylist()]
    same = {("lzh", "zh"), ("nb", "no"), ("nn", "no")}
    seen: dict[str, int] = defaultdict(int)
    rows = []
    for row, (label, language) in enumerate(zip(said, found, strict=True)):
        if (label == language or (label, language) in same) and seen[language] < documents:
            seen[language] += 1
            rows.append(row)
    return table.take(pa.array(rows, pa.int64())).combine_chunks().to_batches()


def calibrate(good: pa.Table, path: str) -> None:
    """Learn from good text, and write the file."""
    [batch] = good.combine_chunks().to_batches()
    batch = mark_dropped(batch, "", pa.nulls(batch.num_rows, pa.string()))
    codes, names = language_codes(batch)
    signals, spaceless = measure(batch["text"], alive(batch), codes, names)
    found = Measured(
        signals=signals,
        spaceless=spaceless,
        languages=[names[code] for code in codes],
        kinds=batch["source"].to_pylist(),
        lang_scores=batch["lang_score"].to_numpy(zero_copy_only=False),
        excerpts=[text[:2000] for text in batch["text"].to_pylist()],
    )
    assert len(SIGNALS) == len(signals)
    write_calibration(learn(found, Recipe.model_validate(RECIPE)), path)


RECIPE = {
    "run": {"name": "junk", "out": "nowhere"},
    "sources": [{"name": "good", "read": "jsonl", "paths": ["nowhere"]}],
}


def dropped(table: pa.Table, settings: list[tuple[str, dict[str, object]]]) -> np.ndarray:
    """Which documents some stage drops: bool [rows]."""
    [batch] = table.combine_chunks().to_batches()
    batch = mark_dropped(batch, "", pa.nulls(batch.num_rows, pa.string()))
    for name, values in settings:
        batch = load_stage(name).model_validate(values).apply(batch)  # type: ignore[attr-defined]
    return np.array([reason is not None for reason in batch[DROP_REASON].to_pylist()])


def print_junk(junk: pa.Table, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Share of each kind that goes."""
    kinds = np.array([json.loads(meta)["meta"]["kind"] for meta in junk["meta"].to_pylist()])
    print(f"{'junk removed':24}{'documents':>10}{'ours':>8}{'datatrove':>11}")
    wanted = ~np.isin(kinds, list(NO_JUNK))
    for kind in sorted(set(kinds), key=lambda kind: (kind in NO_JUNK, kind)):
        rows = kinds == kind
        note = f"  ({NO_JUNK[kind]})" if kind in NO_JUNK else ""
        print(f"{kind:24}{rows.sum():10}{ours[rows].mean():8.1%}{theirs[rows].mean():11.1%}{note}")
    print(f"{'all that should go':24}{wanted.sum():10}{ours[wanted].mean():8.1%}"
          f"{theirs[wanted].mean():11.1%}")  # fmt: skip


def print_good(
    sources: np.ndarray, languages: np.ndarray, ours: np.ndarray, theirs: np.ndarray
) -> None:
    """Share of good documents that goes wrongly, by language and by source."""
    for title, keys in (("good lost, language", languages), ("good lost, source", sources)):
        print(f"\n{title:32}{'documents':>10}{'ours':>8}{'datatrove':>11}")
        present = sorted(set(keys), key=lambda key: -ours[keys == key].mean())
        for key in present:
            rows = keys == key
            if rows.sum() >= 20:
                print(f"{key:32}{rows.sum():10}{ours[rows].mean():8.1%}{theirs[rows].mean():11.1%}")
    print(f"{'all':32}{len(ours):10}{ours.mean():8.1%}{theirs.mean():11.1%}")


if __name__ == "__main__":
    main()
