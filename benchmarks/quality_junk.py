"""How much junk goes and how much good text with it; beside datatrove's rules.

    python benchmarks/quality_junk.py DATA [--documents 100]

DATA has good text in ``mono_*`` and ``bilingual_*`` files, and ``dirty/dirty_junk.jsonl.zst`` whose
``meta.kind`` says what is wrong with each document. For every file of good text a calibration is
learned from the other files (in every language), and the stages ``quality`` and ``unusual`` judge
the file by it. Junk is judged by a calibration of all good text, which it is no part of.
datatrove's rules are ``preset: datatrove`` (``quality_decisions.py`` beside this compares it with
the original). Good documents whose text is in the junk too are left out; a document that has a flag
and stays counts as flagged.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
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
from stages.quality.quality import FLAGS
from stages.quality.rules import language_key
from stages.quality.short_kernels import LABEL_WORDS

NO_JUNK = {
    "code-heavy-doc": "to be flagged",
    "mixed-language": "langid's lang_mix flags it",
    "pii-synthetic": "rows of invented numbers",
    "very-long": "whole books",
    "control-chars": "normalize repairs it",
    "html-with-boilerplate": "pages whose main text is good",
    "link-list: guides": "prose of that repository: codes of conduct, how to contribute",
    "very-short: 12 words +": "sentences and paragraphs: to be flagged",
}
"""Kinds of ``dirty_junk`` whose documents need not go, and why; the last two are parts of kinds
whose label says where a document stood, not what it is."""
GUIDES = ("CODE_OF_CONDUCT", "CONTRIBUTING", "HOWTO", "PULL_REQUEST_TEMPLATE")
"""What the names of files begin with that are no lists in the repository of link lists."""
FEWEST, NOISY = 20, 100
"""Documents of a row; below the second a share says little, and the count has a question mark."""
BOTH = "source and language"
SHOWN = 0.03
"""Of the table by both only what loses more."""


def main() -> None:
    """Judge all, and print four tables."""
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
    wanted = ~np.isin(kinds_of_junk(junk), list(NO_JUNK))
    listed = set(junk.filter(pa.array(wanted))["text"].to_pylist())
    good = good.filter(pa.array([text not in listed for text in good["text"].to_pylist()]))
    sources = np.array(good["source"].to_pylist(), object)
    languages = np.array([language_key(key) for key in good["lang"].to_pylist()], object)
    rows = len(sources)
    ours, theirs = Verdict.empty(rows), judged(good, [("quality", PEER)])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/thresholds.yaml"
        for source in sorted(set(sources)):
            inside = sources == source
            calibrate(good.filter(pa.array(~inside)), path)
            ours.put(inside, judged(good.filter(pa.array(inside)), stages(path)))
        calibrate(good, path)
        print_junk(junk, judged(junk, stages(path)), judged(junk, [("quality", PEER)]))
    for title, keys in (
        ("language", languages),
        ("source", sources),
        (BOTH, sources + " " + languages),
    ):
        print_good(title, keys, ours, theirs)


COLUMNS = ["id", "text", "source", "declared_lang", "lang", "lang_score", "meta"]
PEER: dict[str, object] = {"preset": "datatrove"}


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


@dataclass(frozen=True)
class Verdict:
    """What became of documents."""

    dropped: np.ndarray
    """bool [rows]"""
    flagged: np.ndarray
    """bool [rows]: stayed, with a flag."""
    rules: np.ndarray
    """object [rows]: the rule that dropped it, or None."""

    @classmethod
    def empty(cls, rows: int) -> Verdict:
        """Of rows that are not judged yet."""
        return cls(np.zeros(rows, np.bool_), np.zeros(rows, np.bool_), np.full(rows, None))

    def put(self, where: np.ndarray, other: Verdict) -> None:
        """Take over another verdict for the rows ``where``, bool [rows]."""
        self.dropped[where] = other.dropped
        self.flagged[where] = other.flagged
        self.rules[where] = other.rules


def judged(table: pa.Table, settings: list[tuple[str, dict[str, object]]]) -> Verdict:
    """What stages with these settings do with documents."""
    [batch] = table.combine_chunks().to_batches()
    batch = mark_dropped(batch, "", pa.nulls(batch.num_rows, pa.string()))
    for name, values in settings:
        batch = load_stage(name).model_validate(values).apply(batch)  # type: ignore[attr-defined]
    rules = [reason and reason.partition(":")[0] for reason in batch[DROP_REASON].to_pylist()]
    gone = np.array([rule is not None for rule in rules])
    flags = np.array([bool(names) for names in batch[FLAGS].to_pylist()])
    return Verdict(gone, flags & ~gone, np.array(rules, object))


def kinds_of_junk(junk: pa.Table) -> np.ndarray:
    """What is wrong with each document: its label, or the part of one that is no junk."""
    codes, names = language_codes(junk.combine_chunks().to_batches()[0])
    [batch] = junk.combine_chunks().to_batches()
    signals, _ = measure(batch["text"], np.ones(batch.num_rows, np.bool_), codes, names)
    long = signals[SIGNALS.index("words")] >= LABEL_WORDS
    kinds = []
    for row, meta in enumerate(map(json.loads, junk["meta"].to_pylist())):
        kind = meta["meta"]["kind"]
        if kind == "link-list" and Path(meta["path"]).name.startswith(GUIDES):
            kind = "link-list: guides"
        elif kind == "very-short" and long[row]:
            kind = "very-short: 12 words +"
        kinds.append(kind)
    return np.array(kinds, object)


def print_junk(junk: pa.Table, ours: Verdict, theirs: Verdict) -> None:
    """Share of each kind that goes, and that is flagged."""
    kinds = kinds_of_junk(junk)
    wanted = ~np.isin(kinds, list(NO_JUNK))
    print(f"{'junk removed':24}{'documents':>10}{'ours':>8}{'flagged':>9}{'datatrove':>11}")

    def line(name: str, rows: np.ndarray, note: str = "") -> None:
        shares = (ours.dropped[rows], ours.flagged[rows], theirs.dropped[rows])
        ours_share, flagged, peer = (float(share.mean()) for share in shares)
        print(f"{name:24}{rows.sum():10}{ours_share:8.1%}{flagged:9.1%}{peer:11.1%}{note}")

    for kind in sorted(set(kinds), key=lambda kind: (kind in NO_JUNK, kind)):
        line(kind, kinds == kind, f"  ({NO_JUNK[kind]})" if kind in NO_JUNK else "")
    line("all that should go", wanted)
    means = [ours.dropped[kinds == kind].mean() for kind in sorted(set(kinds[wanted]))]
    print(f"{'mean of those kinds':24}{'':10}{np.mean(means):8.1%}")
    labelled = np.array([kind.partition(":")[0] not in NO_JUNK for kind in kinds])
    line("as labelled", labelled)


def print_good(title: str, keys: np.ndarray, ours: Verdict, theirs: Verdict) -> None:
    """Share of good documents that goes wrongly, the worst first, and the rules that took them."""
    print(
        f"\n{'good lost, ' + title:40}{'documents':>10}{'ours':>8}{'flagged':>9}{'datatrove':>11}"
    )
    present = sorted(set(keys), key=lambda key: -ours.dropped[keys == key].mean())
    for key in present:
        rows = keys == key
        lost, flagged, peer = (
            float(share[rows].mean()) for share in (ours.dropped, ours.flagged, theirs.dropped)
        )
        if rows.sum() < FEWEST or (title == BOTH and lost <= SHOWN):
            continue
        count = f"{rows.sum()}{' ' if rows.sum() >= NOISY else '?'}"
        rules = Counter(ours.rules[rows & ours.dropped]).most_common(3)
        said = ", ".join(f"{rule} {number}" for rule, number in rules)
        print(f"{key:40}{count:>10}{lost:8.1%}{flagged:9.1%}{peer:11.1%}  {said}")
    print(f"{'all':40}{len(keys):9} {ours.dropped.mean():8.1%}{ours.flagged.mean():9.1%}"
          f"{theirs.dropped.mean():11.1%}")  # fmt: skip


if __name__ == "__main__":
    main()
