"""The same steps with datatrove, one process, for ``end_to_end.py``; in an environment of its own.

    python -m venv peer && peer/bin/pip install "datatrove[processing,io]==0.10.1" spacy
    peer/bin/python benchmarks/peer_datatrove.py INPUT_FOLDER WORK_FOLDER TOKENIZER_JSON MODEL

Steps: JSONL reader, language filter (MODEL is a lid.176 file: nothing is downloaded), Gopher
repetition and quality, C4, FineWeb, MinHash (signatures, buckets, clusters, filter) and tokens. The
filters run with English's word tokenizer for all languages, datatrove's cheapest; its multilingual
tokenizers are slower by far. Prints one JSON object: seconds per step.
"""

import json
import sys
import time
from collections.abc import Sequence

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils import lid


def main(source: str, work: str, tokenizer: str, model: str) -> None:
    """Run all steps and print their seconds."""
    lid.FT176LID.MODEL_URL = model
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    steps: list[tuple[str, Sequence[object]]] = [
        (
            "read, language, quality",
            [
                JsonlReader(source, compression="infer", glob_pattern="*.jsonl.zst"),
                LanguageFilter(languages=None, language_threshold=0.5),
                GopherRepetitionFilter(),
                GopherQualityFilter(min_stop_words=0),
                C4QualityFilter(filter_no_terminal_punct=False),
                FineWebQualityFilter(),
                JsonlWriter(f"{work}/filtered", compression=None),
            ],
        ),
        (
            "MinHash signatures",
            [JsonlReader(f"{work}/filtered"), MinhashDedupSignature(f"{work}/signatures", config)],
        ),
        (
            "MinHash buckets and clusters",
            [MinhashDedupBuckets(f"{work}/signatures", f"{work}/buckets", config=config)],
        ),
        (
            "MinHash clusters",
            [MinhashDedupCluster(f"{work}/buckets", f"{work}/removed", config=config)],
        ),
        (
            "MinHash filter, tokens",
            [
                JsonlReader(f"{work}/filtered"),
                MinhashDedupFilter(f"{work}/removed"),
                DocumentTokenizer(
                    f"{work}/tokens", tokenizer_name_or_path=tokenizer, eos_token="<|endoftext|>"
                ),
            ],
        ),
    ]
    seconds = {}
    for name, pipeline in steps:
        tasks = config.num_buckets if name == "MinHash buckets and clusters" else 1
        started = time.perf_counter()
        LocalPipelineExecutor(
            list(pipeline), tasks=tasks, workers=1, logging_dir=f"{work}/log-{name}"
        ).run()
        seconds[name] = round(time.perf_counter() - started, 2)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:5])
