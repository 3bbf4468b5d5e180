"""Language identification beside fastText's own library: labels, speed, accuracy by language.

    python benchmarks/langid.py DATA [--speed] [--texts FILE ...] [--json OUT]

DATA is a folder of JSONL.zst files (``text``, ``lang``; ``lid_dev.jsonl.zst`` among them), FILES
are more labelled JSONL, codes as ``langid`` answers them (``langid_unknown.py`` makes one). Four
parts, each on the same texts in the same run: MB/s of one core (UTF-8 bytes of whole documents,
seconds of the process, the best of three) cold, each document once, and warm, four times over;
labels of the forward pass and of ``predict`` on every text; accuracy by language, those languages
in which the stage is right less often than the model alone on the whole text, what its score means,
also with the second model where the package heliport is installed; and documents joined from two
languages, found by ``lang_mix`` or not.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import orjson
import pyarrow as pa
import zstandard

from formats.buffers import text_buffers
from stages.language.fasttext_model import load_model, model_path
from stages.language.identify import best_labels
from stages.language.langid import LangId

PREFIX = "__label__"
MODEL_CODES = {"nb": "no", "zh-Hant": "zh", "lzh": "zh"}
"""What the model says for a path's label."""
WHOLE = 1 << 40
MOST_ENGLISH = 0.15
"""Documents with a larger share of untranslated lines have no label that can be judged."""
JOINED, SEED = 2000, 5
BINS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01)


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The documents of a file."""
    with zstandard.open(path, "rb") if path.suffix == ".zst" else path.open("rb") as stream:
        yield from map(orjson.loads, stream.read().splitlines())


def line(text: str) -> str:
    """A text as the library takes it: one line and its end."""
    return text.replace("\n", " ") + "\n"


def batch_of(texts: list[str]) -> pa.RecordBatch:
    """A column of texts."""
    return pa.record_batch({"text": pa.array(texts, pa.large_string())})


def own_labels(texts: list[str]) -> list[str]:
    """The forward pass alone, on whole texts."""
    data, offsets = text_buffers(batch_of(texts).column("text"))
    parts = np.column_stack([offsets[:-1], offsets[1:]]).ravel()
    model = load_model(model_path("lid.176"))
    numbers, _ = best_labels(data, parts, np.arange(len(texts) + 1), model)
    return [model.labels[number] for number in numbers]


def compare_labels(documents: list[str], peer: Any) -> dict[str, int]:
    """How many labels differ from ``predict``."""
    differ = 0
    for text, own in zip(documents, own_labels(documents), strict=True):
        [(_, label)] = peer.f.predict(line(text), 1, 0.0, "strict")
        differ += label != PREFIX + own
    print(f"labels: {differ} of {len(documents)} differ from fastText's predict")
    return {"texts": len(documents), "differ": differ}


def rate(size: int, work: Callable[[], Any], times: int = 3) -> float:
    """MB/s of the fastest of some runs."""
    best = np.inf
    for _ in range(times):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return size / 1e6 / best


def compare_speed(documents: list[str], peer: Any) -> dict[str, float]:
    """MB/s of one core: the library, the forward pass, the stage."""
    size = sum(len(text.encode()) for text in documents)
    lines = [line(text) for text in documents]
    bare = [text[:-1] for text in lines]
    found = {
        "fastText, one by one": rate(
            size, lambda: [peer.f.predict(text, 1, 0.0, "strict") for text in lines]
        ),
        "fastText, predict(list)": rate(size, lambda: peer.predict(bare)),
    }
    whole = {"script_shortcuts": False, "lang_mix": False, "windows": 1, "window_chars": WHOLE}
    stages = {
        "whole documents": LangId(**whole),
        "whole documents, scripts decide, lang_mix": LangId(windows=1, window_chars=WHOLE),
        "windows": LangId(script_shortcuts=False, lang_mix=False),
        "windows, scripts decide": LangId(lang_mix=False),
        "windows, scripts decide, lang_mix": LangId(reread_below=0),
        "unsure ones read again (the default)": LangId(),
    }
    if find_spec("heliport"):
        stages["the default and the second model"] = LangId(second_model="heliport")
    once, often = batch_of(documents), batch_of(documents[: len(documents) // 8] * 4)
    often_size = len(text_buffers(often.column("text"))[0])
    LangId().apply(batch_of(["Warm up the tables, please."]))
    for name, stage in stages.items():
        stage.apply(once.slice(0, 10))
        found[name] = rate(size, lambda stage=stage: stage.apply(once))
        found[f"{name}; warm"] = rate(often_size, lambda stage=stage: stage.apply(often))
    base = found["fastText, one by one"]
    print(f"MB/s of one core, {len(documents)} documents, {size / 1e6:.0f} MB:")
    for name, value in found.items():
        print(f"  {name}: {value:.1f} ({value / base:.1f} times fastText)")
    return found


def labelled_texts(data: Path, others: list[Path]) -> dict[str, list[tuple[str, str]]]:
    """Texts and labels by set: lid_dev, documents of the data by path, other files."""
    sets: dict[str, list[tuple[str, str]]] = {}
    sets["lid_dev"] = list(
        {r["text"]: r["lang"] for r in rows_of(data / "lid_dev.jsonl.zst")}.items()
    )
    documents: dict[str, str] = {}
    for path in sorted([*data.glob("mono_*.zst"), *data.glob("bilingual_*.zst")]):
        for row in rows_of(path):
            english = (row.get("meta") or {}).get("same_line_frac_vs_en") or 0
            if "freecodecamp" not in path.name and (row["lang"] == "en" or english < MOST_ENGLISH):
                documents[row["text"]] = row["lang"]
    sets["documents by path"] = list(documents.items())
    for path in others:
        sets[path.stem] = list({row["text"]: row["lang"] for row in rows_of(path)}.items())
    return sets


def compare_accuracy(sets: dict[str, list[tuple[str, str]]]) -> dict[str, Any]:
    """Share of right answers by set and language, of languages that the model knows."""
    known = set(load_model(model_path("lid.176")).labels)
    everything = {"min_score": {"default": 0.0}}
    stages = {
        "model": LangId(
            **everything, score="model", unknown_below=0, foreign_letters=1, lang_mix=False,
            script_shortcuts=False, windows=1, window_chars=WHOLE,
        ),
        "stage": LangId(**everything),
    }  # fmt: skip
    if find_spec("heliport"):
        stages["both models"] = LangId(**everything, second_model="heliport")
    table: dict[str, Any] = {}
    for name, pairs in sets.items():
        labels = np.array([MODEL_CODES.get(lang, lang) for _, lang in pairs])
        mine = np.isin(labels, list(known))
        batch = batch_of([text for text, _ in pairs])
        table[name] = {"texts": int(mine.sum()), "unknown": int((~mine).sum())}
        own = np.zeros(0, np.bool_)
        for stage_name, stage in stages.items():
            result = stage.apply(batch)
            answers = np.array(result.column("lang").to_pylist())
            right = answers == labels
            per = {lang: float(right[labels == lang].mean()) for lang in sorted(set(labels[mine]))}
            entry = {
                "right": float(right[mine].mean()),
                "mean of languages": float(np.mean([*per.values()])),
                "by language": per,
            }
            worst = sorted(per, key=lambda lang: per[lang])[:10]
            note = "; worst " + ", ".join(f"{lang} {per[lang]:.2f}" for lang in worst)
            if not mine.all():
                entry["unknown as und"] = float((answers[~mine] == "und").mean())
                note += f"; unknown as und {entry['unknown as und']:.3f} of {(~mine).sum()}"
            table[name][stage_name] = entry
            print(
                f"{name}, {stage_name}: right {entry['right']:.4f} of {mine.sum()}, mean of "
                f"{len(per)} languages {entry['mean of languages']:.4f}{note}"
            )
            if stage_name == "model":
                own = right
                continue
            entry["below the model"] = fewer_right(labels, own, right, answers == "und")
            scores = result.column("lang_score").to_numpy()
            entry["calibration"] = calibration(scores, right, answers != "und")
    return table


def fewer_right(
    labels: np.ndarray, own: np.ndarray, right: np.ndarray, und: np.ndarray
) -> dict[str, dict[str, int]]:
    """Languages in which fewer are right than the model alone had; of the lost, what became und."""
    found = {}
    for lang in sorted(set(labels)):
        of = labels == lang
        if (right & of).sum() < (own & of).sum():
            lost = own & ~right & of
            found[str(lang)] = {
                "texts": int(of.sum()),
                "fewer": int((own & of).sum() - (right & of).sum()),
                "lost as und": int((lost & und).sum()),
            }
    said = ", ".join(f"{k} -{v['fewer']} of {v['texts']}" for k, v in found.items())
    print(f"    below the model alone: {said or 'nowhere'}")
    return found


def calibration(
    scores: np.ndarray, right: np.ndarray, answered: np.ndarray
) -> dict[str, dict[str, float]]:
    """By bins of the score: how many answers, their mean score, the share that is right."""
    table = {}
    for low, high in itertools.pairwise(BINS):
        rows = answered & (scores >= low) & (scores < high)
        if rows.any():
            table[f"{low:.2f}"] = {
                "texts": int(rows.sum()),
                "score": float(scores[rows].mean()),
                "right": float(right[rows].mean()),
            }
    cells = [f"{k} {v['score']:.2f}: {v['right']:.3f} of {v['texts']}" for k, v in table.items()]
    print("    score, share right: " + "; ".join(cells))
    return table


def joined(pairs: list[tuple[str, str]]) -> list[tuple[str, set[str]]]:
    """Documents of lines of two languages, one after the other or by turns."""
    chance = random.Random(SEED)
    by: dict[str, list[list[str]]] = defaultdict(list)
    for text, lang in pairs:
        lines = [part for part in text.split("\n") if sum(map(str.isalpha, part)) >= 15]
        if len(lines) >= 6:
            by[MODEL_CODES.get(lang, lang)].append(lines)
    made = []
    while len(made) < JOINED:
        one, other = chance.sample(sorted(by), 2)
        first, second = chance.choice(by[one])[:30], chance.choice(by[other])[:30]
        share = sum(map(len, second)) / sum(map(len, first + second))
        if 0.2 <= share <= 0.8:
            turns = [part for pair in zip(first, second, strict=False) for part in pair]
            made.append(("\n".join(chance.choice([first + second, turns])), {one, other}))
    return made


def compare_mixed(pairs: list[tuple[str, str]]) -> dict[str, float]:
    """Joined documents found, and documents of one source flagged."""
    texts, truth = zip(*joined(pairs), strict=True)
    mixes = LangId().apply(batch_of(list(texts))).column("lang_mix").to_pylist()
    named = [{part.split(":")[0] for part in (mix or "").split(",")} for mix in mixes]
    alone = LangId().apply(batch_of([text for text, _ in pairs])).column("lang_mix")
    found = {
        "found": sum(mix is not None for mix in mixes) / len(mixes),
        "exactly named": sum(a == b for a, b in zip(named, truth, strict=True)) / len(mixes),
        "documents of one label flagged": 1 - alone.null_count / len(alone),
    }
    print("joined documents: " + ", ".join(f"{key} {value:.3f}" for key, value in found.items()))
    return found


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description="Language identification beside fastText.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--texts", type=Path, nargs="*", default=[])
    parser.add_argument("--speed", action="store_true", help="only that")
    parser.add_argument("--json", type=Path, help="write all figures here")
    options = parser.parse_args()
    sets = labelled_texts(options.data, options.texts)
    peer = fasttext.load_model(model_path("lid.176"))
    documents = [text for text, _ in sets["documents by path"]]
    random.Random(SEED).shuffle(documents)
    texts = documents + [
        text for name in sets if name != "documents by path" for text, _ in sets[name]
    ]
    results: dict[str, Any] = {"speed": compare_speed(documents, peer)}
    if options.speed:
        return
    results |= {
        "labels": compare_labels([text for text in texts if text.strip()], peer),
        "accuracy": compare_accuracy(sets),
        "mixed": compare_mixed(sets["documents by path"]),
    }
    if options.json:
        options.json.write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
