"""Align with galechurch: run by ``alignment.py`` in an environment that has it.

Reads ``[[left sentences], [right sentences]]`` pairs as JSON from standard input; writes the beads
of each, ``[left start, left end, right start, right end]``, and the seconds of the alignment.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Align all pairs, on one core."""
    import galechurch

    pairs = json.load(sys.stdin)
    started = time.process_time()
    aligned = [galechurch.align(left, right, max_block_size=1 << 40) for left, right in pairs]
    seconds = time.process_time() - started
    beads = [
        [[b.source_start, b.source_end, b.target_start, b.target_end] for b in block.beads]
        for block in aligned
    ]
    json.dump({"seconds": seconds, "beads": beads}, sys.stdout)


if __name__ == "__main__":
    main()
