"""Small shards for every test of this folder."""

import pytest

from formats.shards import TokenShards

from .small_shards import write_shards


@pytest.fixture(scope="session")
def shards(tmp_path_factory) -> TokenShards:
    """96 rows in a phase of two files, then 26 in another."""
    return write_shards(tmp_path_factory.mktemp("shards"), {"pretrain": [40, 56], "anneal": [26]})
