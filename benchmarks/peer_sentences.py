"""Cut texts with sentencex: run by ``sentences.py`` in an environment that has it.

Reads ``[language, text]`` pairs as JSON from standard input; writes the sentences of each text, and
the CPU seconds.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Cut all texts, on one core."""
    import sentencex

    texts = json.load(sys.stdin)
    started = time.process_time()
    found = [list(sentencex.segment(language, text)) for language, text in texts]
    json.dump({"seconds": time.process_time() - started, "sentences": found}, sys.stdout)


if __name__ == "__main__":
    main()
