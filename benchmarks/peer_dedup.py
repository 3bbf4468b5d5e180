"""Near-duplicates with other tools, one process each, for ``dedup.py``; in other environments.

    python -m venv peers && peers/bin/pip install datasketch==2.0.0 rensa==0.5.0 text-dedup==0.4.0
    python -m venv trove && trove/bin/pip install "datatrove[processing,io]==0.10.1" spacy
    peers/bin/python benchmarks/peer_dedup.py datasketch DOCUMENTS.jsonl WORK_FOLDER

All read the same JSONL (``id``, ``text``) and make word 5-grams. ``datasketch`` and ``rensa`` are
given the truth's own tokens (a regular expression in Python, as their examples do) and the loop of
their documentation: a document that the index knows goes, another is inserted. ``text_dedup`` and
``datatrove`` tokenise as they do. Prints one JSON object: seconds without imports, peak memory in
bytes, ids kept.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = re.compile(r"[^\W_]+")
PART = re.compile(rf"[{UNSPACED}]|[^{UNSPACED}]+")
PERMUTATIONS, BANDS, ROWS, THRESHOLD = 128, 18, 7, 0.8


def shingles(text: str) -> set[str]:
    """Word 5-grams; letters of scripts without spaces are words."""
    words = [word for run in WORD.findall(text.lower()) for word in _split(run)]
    return {" ".join(words[i : i + 5]) for i in range(max(len(words) - 4, 1))} if words else set()


def _split(run: str) -> list[str]:
    return PART.findall(run)


def documents(path: str) -> Iterator[tuple[str, str]]:
    """Ids and texts."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield record["id"], record["text"]


def with_datasketch(path: str, work: str) -> list[str]:
    """The loop of its documentation, with our bands."""
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, params=(BANDS, ROWS))
    kept = []
    for name, text in documents(path):
        signature = MinHash(num_perm=PERMUTATIONS)
        signature.update_batch([shingle.encode() for shingle in shingles(text)])
        like = (other for other in lsh.query(signature))
        if any(signatures[other].jaccard(signature) >= THRESHOLD for other in like):
            continue
        lsh.insert(name, signature)
        signatures[name] = signature
        kept.append(name)
    return kept


signatures: dict[str, Any] = {}


def with_rensa(path: str, work: str) -> list[str]:
    """Its deduplicator with an index, 16 bands of 8 rows (bands must divide the permutations)."""
    from rensa import RMinHash, RMinHashDeduplicator

    index = RMinHashDeduplicator(THRESHOLD, PERMUTATIONS, True, 16)
    kept = []
    for name, text in documents(path):
        signature = RMinHash(num_perm=PERMUTATIONS, seed=42)
        signature.update(list(shingles(text)))
        if index.add(name, signature):
            kept.append(name)
    return kept


def with_text_dedup(path: str, work: str) -> list[str]:
    """Its command, with our bands."""
    from datasets import load_from_disk
    from text_dedup.minhash import main

    arguments = (
        f"--path json --data_files {path} --split train --column text --output {work}/kept "
        f"--cache_dir {work}/cache --threshold {THRESHOLD} --num_perm {BANDS * ROWS} --b {BANDS} "
        f"--r {ROWS} --ngram 5 --min_length 1 --num_proc 1"
    )
    main.main(args=arguments.split(), standalone_mode=False)
    return list(load_from_disk(f"{work}/kept")["id"])


def with_datatrove(path: str, work: str) -> list[str]:
    """Its four steps, 14 buckets of 8, English words for all (its cheapest tokenizer)."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    source = Path(path)

    def reader() -> JsonlReader:
        return JsonlReader(str(source.parent), glob_pattern=source.name)

    steps: list[tuple[int, list[Any]]] = [
        (1, [reader(), MinhashDedupSignature(f"{work}/signatures", config)]),
        (14, [MinhashDedupBuckets(f"{work}/signatures", f"{work}/buckets", config=config)]),
        (1, [MinhashDedupCluster(f"{work}/buckets", f"{work}/removed", config=config)]),
        (
            1,
            [
                reader(),
                MinhashDedupFilter(f"{work}/removed"),
                JsonlWriter(f"{work}/kept", compression=None),
            ],
        ),
    ]
    for number, (tasks, pipeline) in enumerate(steps):
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=1, logging_dir=f"{work}/log-{number}"
        ).run()
    return [name for file in Path(f"{work}/kept").iterdir() for name, _ in documents(str(file))]


TOOLS: dict[str, Callable[[str, str], list[str]]] = {
    "datasketch": with_datasketch,
    "rensa": with_rensa,
    "text-dedup": with_text_dedup,
    "datatrove": with_datatrove,
}
IMPORTS = {
    "datasketch": "datasketch",
    "rensa": "rensa",
    "text-dedup": "text_dedup.minhash",
    "datatrove": "datatrove.pipeline.dedup",
}

if __name__ == "__main__":
    _, tool, source_path, work_folder = sys.argv
    __import__(IMPORTS[tool])
    started, before = time.perf_counter(), sum(os.times()[:4])
    kept_ids = TOOLS[tool](source_path, work_folder)
    seconds, cpu = time.perf_counter() - started, sum(os.times()[:4]) - before
    status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent's memory
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak, "kept": kept_ids}))
