"""All repeats of a text by its suffix array, for ``passages.py``; in an environment of its own.

    python -m venv peer && peer/bin/pip install pydivsufsort
    peer/bin/python benchmarks/peer_suffix_array.py TEXT LENGTH REPEATED

TEXT: documents one behind the other, each ended by a byte that no text has. Marks in REPEATED (a
NumPy file, bool, one per byte) every byte of a passage of LENGTH bytes that stands further ahead
too. Prints one JSON object: seconds and peak memory.
"""

import json
import resource
import sys
import time

import numpy as np
from pydivsufsort import divsufsort, kasai


def main(path: str, length: int, out: str) -> None:
    """Sort all suffixes, group those that agree in ``length`` bytes, mark all but the first."""
    text = np.fromfile(path, np.uint8)
    started = time.process_time()
    order = divsufsort(text)
    shared = np.asarray(kasai(text, order))  # with the next suffix in the order
    group = np.append(0, np.cumsum(shared[:-1] < length))
    order = np.asarray(order, np.int64)
    first = np.full(int(group[-1]) + 1, len(text))
    np.minimum.at(first, group, order)
    later = order[order != first[group]]
    steps = np.zeros(len(text) + 1, np.int64)
    later = later[later + length <= len(text)]
    np.add.at(steps, later, 1)
    np.add.at(steps, later + length, -1)
    repeated = np.cumsum(steps[:-1]) > 0
    seconds = time.process_time() - started
    ends = text == 0xFF
    near_end = np.zeros(len(text), np.bool_)
    near_end[ends] = True
    np.save(out, repeated & ~near_end)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak_memory_bytes": peak}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
