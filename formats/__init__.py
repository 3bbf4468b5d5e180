"""The contracts on disk: documents, token shards, run folders. Imports nothing else of ours.

``from formats import TokenShards`` is all that a training loop needs; it is imported when asked
for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from formats.shards import TokenShards

__version__ = "0.1.0"
__all__ = ["TokenShards", "__version__"]


def __getattr__(name: str) -> Any:
    """``TokenShards``, whose imports (numpy, pyarrow) not every user of this package wants."""
    if name == "TokenShards":
        from formats.shards import TokenShards

        return TokenShards
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
