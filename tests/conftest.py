"""Fixtures every test may use."""

from pathlib import Path

import pytest

DEVELOPMENT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def development_data() -> Path:
    """The folder of real multilingual data beside the checkout; the test is skipped without it."""
    if not DEVELOPMENT_DATA.is_dir():
        pytest.skip("the development data is not beside this checkout")
    return DEVELOPMENT_DATA
