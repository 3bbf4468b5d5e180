"""datatrove's removal of repeated lines, for ``passages.py``; in an environment of its own.

    python -m venv peer && peer/bin/pip install "datatrove[processing,io]==0.10.1" spacy
    peer/bin/python benchmarks/peer_passages.py INPUT_FOLDER WORK_FOLDER

The three steps of its sentence deduplication, set to single lines (``split_sentences=False``,
``n_sentences=1``), the cheapest it does. Prints one JSON object: seconds and peak memory.
"""

import json
import resource
import sys
import time

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    SentDedupConfig,
    SentenceDedupFilter,
    SentenceDedupSignature,
    SentenceFindDedups,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter


def main(source: str, work: str) -> None:
    """Run the steps in one process each."""
    config = SentDedupConfig(
        n_sentences=1, split_sentences=False, only_dedup_in_index=False,
        min_doc_words=0, min_num_sentences=0, min_words_to_remove_span=8,
    )  # fmt: skip
    steps = [
        [JsonlReader(source), SentenceDedupSignature(f"{work}/signatures", 1, config)],
        [SentenceFindDedups(f"{work}/signatures", f"{work}/duplicates", config=config)],
        [
            JsonlReader(source),
            SentenceDedupFilter(f"{work}/duplicates", config),
            JsonlWriter(f"{work}/out", compression=None),
        ],
    ]
    started = time.process_time()
    for number, step in enumerate(steps):
        LocalPipelineExecutor(step, tasks=1, workers=1, logging_dir=f"{work}/log-{number}").run()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() - started + children.ru_utime + children.ru_stime
    peak = max(usage.ru_maxrss, children.ru_maxrss) * 1024
    print(json.dumps({"seconds": seconds, "peak_memory_bytes": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
