"""Learned quality: how fast a classifier scores, and what it and perplexity tell apart.

    python benchmarks/quality_model.py DATA [--documents 400] [--only speed,unseen,perplexity]

DATA is a folder of ``mono_<language>_<source>.jsonl.zst`` files of good documents, with
``dirty/dirty_junk.jsonl.zst`` (``meta.kind``) and ``dirty/dirty_mojibake.jsonl.zst``
(``meta.changed``, ``meta.clean``). Needs fastText's own library, the peer.

speed       MB/s of raw text on one core: the stage, preparing the text included, beside
            fastText's ``predict`` on texts prepared already; same model, same documents, same run
unseen      AUC, and junk removed where 1, 2 and 5 % of the good documents go: sources and kinds
            seen in training, good sources left out, good sources and kinds of junk left out
perplexity  per language a model counted on one source; good documents of another source against
            junk in any language, and damaged texts against the same texts undamaged
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import zstandard

from pipeline.quality_training.classifier import out_of_fold, scores_of, train_classifier
from pipeline.quality_training.examples import Examples, read_examples
from pipeline.quality_training.folds import folds_of
from pipeline.quality_training.measures import auc
from pipeline.quality_training.settings import ClassifierOptions, ExampleSource
from stages.base import MapStage
from stages.language.langid import LangId
from stages.normalize.normalize import Normalize
from stages.perplexity.character_model import learn, save
from stages.perplexity.perplexity import Perplexity
from stages.quality_model.model_folder import PreparationSettings, load_labelled
from stages.quality_model.quality_model import score_with
from stages.quality_model.tokens import prepared

JUNK = [
    "log", "csv-table", "link-list", "ui-strings", "very-short", "html-with-boilerplate",
    "raw-html-as-text", "nav-toc-only", "repetition", "degenerate",
]  # fmt: skip
SPEED_LANGUAGES = ("en", "ru", "ar", "th", "zh")
SPEED_BYTES = 6_000_000
PAIRS = {
    "en": ("classic-books", "digitalgov"),
    "fr": ("gutenberg", "code-civil"),
    "de": ("gesetze", "mdn"),
    "ar": ("wiki-paragraphs", "classical"),
    "th": ("thaigov", "wiki-articles"),
    "zh": ("wiki-paragraphs", "oi-wiki"),
    "ja": ("wiki-paragraphs", "aozora"),
}
"""Language -> the source counted, the source measured."""
LOSSES = (0.01, 0.02, 0.05)
WHOLE = PreparationSettings()
WINDOWS = PreparationSettings(windows=8, window_bytes=250)


def rows_of(path: Path, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """The documents of a file, the first so many."""
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number == limit:
                return
            yield json.loads(line)


def good_files(data: Path) -> list[Path]:
    """Files of good documents in one language each; classical Chinese is left out."""
    files = sorted(data.glob("mono_*.jsonl.zst"))
    return [f for f in files if not f.name.startswith(("mono_multi", "mono_zh_poetry"))]


def examples_of(data: Path, documents: int, group_by: str) -> Examples:
    """Good documents and junk, prepared in windows."""
    good = [
        ExampleSource.model_validate(
            {"name": f.name.split(".")[0], "read": "jsonl", "paths": [str(f)],
             "max_documents": documents}
        )
        for f in good_files(data)
    ]  # fmt: skip
    bad = ExampleSource.model_validate(
        {"name": "junk", "read": "jsonl", "paths": [str(data / "dirty/dirty_junk.jsonl.zst")],
         "where": {"meta.meta.kind": JUNK}, "group_by": group_by}
    )  # fmt: skip
    stages: list[MapStage] = [Normalize.model_validate({}), LangId.model_validate({})]
    return read_examples(good, [bad], stages, WINDOWS, 17, lambda *_: None, lambda: None)


def best_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """CPU seconds of the fastest of a few runs: other people's work on the machine counts less."""
    seconds = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return min(seconds)


def speed(data: Path, documents: int) -> None:
    """The table of speeds; also counts documents whose scores differ from fastText's."""
    import fasttext

    path = Path(tempfile.mkdtemp()) / "model.bin"
    examples = examples_of(data, documents, "source")
    train_classifier(examples, ClassifierOptions(), 17, path)
    reference = fasttext.load_model(str(path))
    loaded = load_labelled(str(path), "positive")
    print("MB/s of raw text, one core    fastText  whole  ratio  windows  ratio   score differs")
    for lang in SPEED_LANGUAGES:
        texts, size = [], 0
        for file in [f for f in good_files(data) if f.name.startswith(f"mono_{lang}_")]:
            for row in rows_of(file):
                texts.append(row["text"])
                size += len(row["text"].encode())
                if size > SPEED_BYTES:
                    break
        column = pa.array(texts, pa.large_string())
        everything = np.ones(len(texts), np.bool_)
        ready = prepared(column).to_pylist()
        scores = np.empty(len(texts), np.float32)

        def ours(
            how: PreparationSettings, given: tuple[Any, ...] = (loaded, column, everything, scores)
        ) -> Callable[[], object]:
            return lambda: score_with(*given[:3], how, given[3])

        theirs = best_seconds(lambda texts=ready: reference.predict(texts, k=2), 1)
        windows = best_seconds(ours(WINDOWS))
        whole = best_seconds(ours(WHOLE))
        labels, probabilities = reference.predict(ready, k=2)
        expected = [
            min(1.0, dict(zip(names, values, strict=True))["__label__positive"])
            for names, values in zip(labels, probabilities, strict=True)
        ]
        differ = int((np.abs(scores - np.array(expected)) > 1e-4).sum())
        mb = size / 1e6
        print(f"{lang:4} {len(texts):6} documents {mb:5.1f} MB {mb / theirs:8.0f} "
              f"{mb / whole:6.0f} {theirs / whole:6.1f} {mb / windows:8.0f} "
              f"{theirs / windows:6.1f}   {differ}")  # fmt: skip


def removed_at(scores: np.ndarray, positive: np.ndarray) -> list[float]:
    """Share of junk below the score under which 1, 2 and 5 % of the good documents lie."""
    bounds = np.quantile(scores[positive], LOSSES)
    return [float((scores[~positive] < bound).mean()) for bound in bounds]


def unseen(data: Path, documents: int) -> None:
    """The table of what a classifier does with what it has seen and with what it has not."""
    kinds = examples_of(data, documents, "meta.meta.kind")
    positive = kinds.positive
    groups = np.array(kinds.table["group"].to_pylist())
    keys = kinds.table["key"].to_numpy()
    one_kind = np.where(positive, groups, "junk")
    documents_only = np.where(positive, "good", "junk")
    ways = {
        "documents unseen": folds_of(documents_only, positive, keys, 5),
        "good sources unseen": folds_of(one_kind, positive, keys, 5),
        "sources and kinds unseen": folds_of(groups, positive, keys, 10),
    }
    options = ClassifierOptions()
    print(f"{int(positive.sum()):,} good, {int((~positive).sum()):,} junk         AUC   junk gone "
          "where 1, 2, 5 % of good go   mean AUC of a source, of a kind")  # fmt: skip
    path = Path(tempfile.mkdtemp()) / "seen.bin"
    train_classifier(kinds.to_learn_from(), options, 17, path)
    scored = {"seen in training": scores_of(path, kinds.table["tokens"].combine_chunks())}
    for name, folds in ways.items():
        scored[name] = out_of_fold(kinds, folds, options, 17, lambda: None)
    for name, scores in scored.items():
        scores = np.nan_to_num(scores, nan=0.5)
        shares = "  ".join(f"{share:6.1%}" for share in removed_at(scores, positive))
        per = {label: [] for label in (True, False)}
        for group in np.unique(groups):
            here = groups == group
            label = bool(positive[here][0])
            against = here | (positive != label)
            per[label].append(auc(scores[against], positive[against]))
        print(f"{name:26} {auc(scores, positive):.3f}   {shares}     "
              f"{np.mean(per[True]):.3f}  {np.mean(per[False]):.3f}")  # fmt: skip


def perplexity(data: Path, documents: int) -> None:
    """The table of separations by perplexity."""
    junk = [r for r in rows_of(data / "dirty/dirty_junk.jsonl.zst") if r["meta"]["kind"] in JUNK]
    junk = [row for row in junk if len(row["text"]) >= 100]
    damaged = defaultdict(list)
    for row in rows_of(data / "dirty/dirty_mojibake.jsonl.zst"):
        if row["meta"]["changed"] and row["lang"] in PAIRS:
            damaged[row["lang"]].append((row["text"], row["meta"]["clean"]))
    print("     counted MB/s   bits of: own  other source  junk  damaged   AUC: junk  damaged")
    folder = Path(tempfile.mkdtemp())
    for lang, (counted, measured) in PAIRS.items():
        own = [r["text"] for r in rows_of(data / f"mono_{lang}_{counted}.jsonl.zst", 4 * documents)]
        rows = rows_of(data / f"mono_{lang}_{measured}.jsonl.zst", 4 * documents)
        other = [text for text in (row["text"] for row in rows) if len(text) >= 100]
        path = str(folder / f"{lang}.npz")
        save(learn(pa.array(own, pa.large_string())), path)
        stage = Perplexity.model_validate({"models": {"default": path}})

        def bits(texts: list[str], stage: Perplexity = stage) -> np.ndarray:
            column = pa.array(texts, pa.large_string())
            nothing = np.zeros(len(texts), np.int64)
            return stage.measure(column, np.ones(len(texts), np.bool_), nothing, ["und"])

        good, bad = bits(other), bits([row["text"] for row in junk])
        pairs = damaged[lang]
        broken, whole = bits([text for text, _ in pairs]), bits([clean for _, clean in pairs])
        size = sum(len(text.encode()) for text in other) / 1e6
        seconds = best_seconds(lambda texts=other: bits(texts))
        print(f"{lang:4} {counted:16} {size / seconds:5.0f}   "
              f"{np.nanmedian(bits(own)):5.2f} {np.nanmedian(good):8.2f} {np.nanmedian(bad):10.2f} "
              f"{np.nanmedian(broken) if pairs else np.nan:7.2f} "
              f"{separation(bad, good):12.3f} {separation(broken, whole):8.3f}")  # fmt: skip


def separation(above: np.ndarray, below: np.ndarray) -> float:
    """AUC of some bits being above others."""
    above, below = above[~np.isnan(above)], below[~np.isnan(below)]
    labels = np.repeat([True, False], [len(above), len(below)])
    return auc(np.concatenate([above, below]), labels)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--documents", type=int, default=400, help="of a source at most")
    parser.add_argument("--only", default="speed,unseen,perplexity")
    options = parser.parse_args()
    for name in options.only.split(","):
        {"speed": speed, "unseen": unseen, "perplexity": perplexity}[name](
            options.data, options.documents
        )
        print()


if __name__ == "__main__":
    main()
