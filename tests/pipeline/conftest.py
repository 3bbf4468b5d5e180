"""One finished run of the sample corpus, for every test that only looks at it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from formats.run_folder import RunFolder
from pipeline.run import RunOutcome

from .small_runs import run_inline, sample_recipe


@pytest.fixture(scope="session", autouse=True)
def _own_corpus() -> Iterator[None]:
    """Recipes read the sample corpus whatever the environment says, in subprocesses too."""
    with pytest.MonkeyPatch.context() as patch:
        for name in {"CORPUS", "RUNS"} & set(os.environ):
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def sample_outcome(tmp_path_factory: pytest.TempPathFactory) -> RunOutcome:
    """The sample corpus, run inline in several partitions. Not to be changed."""
    return run_inline(sample_recipe(tmp_path_factory.mktemp("sample") / "run"))


@pytest.fixture(scope="session")
def sample_run(sample_outcome: RunOutcome) -> RunFolder:
    """The folder of that run. Not to be changed."""
    return sample_outcome.folder


@pytest.fixture(scope="session")
def sample_path(sample_run: RunFolder) -> Path:
    """The same, as a path."""
    return Path(sample_run.path)
