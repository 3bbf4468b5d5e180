"""Packing all components: counting, then tasks of equal size over each one's windows.

A component is cut into at most ``MOST_PARTS`` parts of at least ``LEAST_WINDOWS`` windows each.
Both follow from the number of its tokens, so that the plan is the same for any number of workers,
and no task holds more than a window in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from stages.base import Engine
from stages.mixture.pack_component import pack_part, part_path
from stages.mixture.packing import Rule, window_tokens
from stages.mixture.rehydration import documents_by_repetition
from stages.mixture.select_documents import count_documents

LEAST_WINDOWS = 64
"""In a part: some 270 million tokens, less than a second of packing."""
MOST_PARTS = 64
"""Of a component in a round: a shard file looks its rows up in all of them."""
FILES_COUNTED = 256
"""Files of tokens that a task counts."""

Selection = tuple[str, str]
"""(component, name of its packing plan)."""
Packed = dict[Selection, dict[str, Any]]
"""What ``pack_components`` says of each."""


def pack_components(
    selections: Mapping[Selection, Mapping[str, Any]],
    plans_folder: str,
    sequence_length: int,
    packing: Rule,
    engine: Engine,
) -> Packed:
    """Pack every component once for each selection that a phase makes of it.

    Args:
        selections: what ``count_documents`` takes, with all files of the component.
        plans_folder: where the packing plans go.
        sequence_length: tokens in a row.
        packing: the rule.
        engine: where the tasks run.

    Returns:
        Of each ``rows``, ``documents``, ``tokens`` (without padding), ``parts`` (rows of each
        part of the plan); and of ``rehydrate`` ``repetitions``: pairs of times in an epoch and
        documents. Rows and tokens count repeats.
    """
    counted = _count(selections, engine)
    window = window_tokens(sequence_length, packing)
    items: dict[Selection, list[dict[str, Any]]] = {}
    for key, (_, tokens) in counted.items():
        base = dict(selections[key]) | {"sequence_length": sequence_length, "packing": packing}
        stretches = [
            {"round": number} | stretch
            for number, of_files in enumerate(tokens)
            for stretch in part_windows(of_files, window)
        ]
        items[key] = [
            base
            | {"plan": part_path(f"{plans_folder}/{key[1]}", number)}
            | {name: stretch[name] for name in ("round", "windows", "tokens_before")}
            | {"first_file": stretch["files"][0], "files": base["files"][slice(*stretch["files"])]}
            for number, stretch in enumerate(stretches)
        ]
    flat = [item for parts in items.values() for item in parts]
    results = iter(engine.map("mixture-pack", pack_part, flat))
    packed: Packed = {}
    for key, parts in items.items():
        made = [next(results) for _ in parts]
        rounds = counted[key][0].sum(axis=1).tolist()
        repeated = documents_by_repetition(rounds) if selections[key]["rehydrate"] else {}
        packed[key] = {
            "rows": sum(part["rows"] for part in made),
            "documents": rounds[0],
            "tokens": sum(part["tokens"] for part in made),
            "repetitions": list(repeated.items()),
            "parts": [part["rows"] for part in made],
        }
    return packed


def part_windows(tokens: Sequence[int] | np.ndarray, window: int) -> list[dict[str, Any]]:
    """Cut a round of a component into parts.

    Args:
        tokens: int64 [files], of the selected documents in each file.
        window: tokens in a window.

    Returns:
        Of each part ``windows`` (first and end), ``files`` (first and end of those it reads) and
        ``tokens_before`` the first of them.
    """
    ends = np.cumsum(tokens, dtype=np.int64)
    windows = -(-int(ends[-1]) // window) if len(ends) else 0
    each = max(LEAST_WINDOWS, -(-windows // MOST_PARTS))
    parts = []
    for first in range(0, windows, each):
        end = min(first + each, windows)
        first_file = int(np.searchsorted(ends, first * window, "right"))
        end_file = min(int(np.searchsorted(ends, end * window, "left")) + 1, len(ends))
        before = int(ends[first_file] - tokens[first_file])
        parts.append(
            {"windows": [first, end], "files": [first_file, end_file], "tokens_before": before}
        )
    return parts


def _count(
    selections: Mapping[Selection, Mapping[str, Any]], engine: Engine
) -> dict[Selection, tuple[np.ndarray, np.ndarray]]:
    """Documents and tokens of each selection: int64 [rounds, files] both."""
    items: dict[Selection, list[dict[str, Any]]] = {
        key: [
            dict(item) | {"files": item["files"][first : first + FILES_COUNTED]}
            for first in range(0, len(item["files"]), FILES_COUNTED)
        ]
        for key, item in selections.items()
    }
    flat = [item for groups in items.values() for item in groups]
    results = iter(engine.map("mixture-count", count_documents, flat))
    counted = {}
    for key, groups in items.items():
        found = [next(results) for _ in groups]
        documents, tokens = (
            np.concatenate([np.array(part[name], np.int64) for part in found], axis=1)
            for name in ("documents", "tokens")
        )
        counted[key] = documents, tokens
    return counted
