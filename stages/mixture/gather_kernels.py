"""The kernel of ``stages.mixture.write_shard``: copying stretches of tokens."""

from __future__ import annotations

from typing import Any

from formats.compile import array_types, kernel

t = array_types()


@kernel(
    (t["u16"], t["i64"], t["i64"], t["i64"], t["w_u16"]),
    (t["i32"], t["i64"], t["i64"], t["i64"], t["w_i32"]),
)
def copy_stretches(tokens: Any, sources: Any, lengths: Any, targets: Any, out: Any) -> None:
    """``out[targets[i] : + lengths[i]] = tokens[sources[i] : + lengths[i]]`` for every i.

    Args:
        tokens: uint16 or int32, a whole file seen as tokens.
        sources: int64 [n].
        lengths: int64 [n].
        targets: int64 [n]; no two stretches overlap.
        out: as ``tokens``.
    """
    for i in range(len(sources)):
        source = sources[i]
        target = targets[i]
        for k in range(lengths[i]):
            out[target + k] = tokens[source + k]
