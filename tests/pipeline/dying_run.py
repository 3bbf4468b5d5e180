"""Run a recipe inline and die of SIGKILL, as a run whose machine is taken away does.

    python tests/pipeline/dying_run.py OUT PATTERN NUMBER [RECIPE]

Of the sample corpus, small, into OUT; or of a recipe, wherever it writes. The process kills itself
right before the ``NUMBER``-th file whose path contains ``PATTERN`` gets
its name: the file is written whole, but under its temporary name.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
sys.path.insert(0, str(TESTS.parents[1]))

from pipeline.recipe_file import load_recipe  # noqa: E402
from tests.pipeline.small_runs import run_inline, sample_recipe  # noqa: E402


def main(out: str, pattern: str, number: int, path: str | None = None) -> None:
    seen = 0

    def die_at_the_rename(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event != "os.rename":
            return
        seen += pattern in str(arguments[1])
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    recipe = load_recipe(path) if path else sample_recipe(Path(out))
    sys.addaudithook(die_at_the_rename)
    run_inline(recipe)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
