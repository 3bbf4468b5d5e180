"""Fixtures every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples for everyone; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

DEVELOPMENT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def development_data() -> Path:
    """The folder of real multilingual data beside the checkout; the test is skipped without it."""
    if not DEVELOPMENT_DATA.is_dir():
        pytest.skip("the development data is not beside this checkout")
    return DEVELOPMENT_DATA
