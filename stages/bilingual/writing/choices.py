"""How each pair of documents is written: form, template, which language first; by hash alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from formats.documents import PARALLEL_SOURCE
from stages.bilingual.writing.templates import DEFAULT_TEMPLATES


@dataclass(frozen=True)
class Choices:
    """One entry for each document to be written of each pair."""

    pairs: np.ndarray
    """int64: number of the pair of documents; each ``per_pair`` times."""
    ids: list[str]
    """Of the new document: 32 hexadecimal digits."""
    forms: np.ndarray
    """int64, into the settings' ``form``."""
    templates: np.ndarray
    """int64, into the form's templates."""
    left_first: np.ndarray
    """bool."""


def choose(pair_ids: Sequence[str], settings: dict[str, Any]) -> Choices:
    """Draw for every pair, from a hash of its id.

    The second document of a pair has the other direction than the first, and so on.

    Args:
        pair_ids: of the pairs of documents, see ``parallel_id``.
        settings: ``form``, ``templates``, ``per_pair``, ``direction``, ``seed``.
    """
    from xxhash import xxh3_64_intdigest

    forms = settings["form"]
    counts = np.array([len(templates_of(settings, form)) for form in forms], np.uint64)
    copies = settings["per_pair"]
    pairs = np.repeat(np.arange(len(pair_ids)), copies)
    draws = np.array(
        [
            xxh3_64_intdigest(
                f"{settings['seed']}\0{PARALLEL_SOURCE}\0{copy}\0{identifier}".encode()
            )
            for identifier in pair_ids
            for copy in range(copies)
        ],
        np.uint64,
    )
    chosen = (draws % np.uint64(len(forms))).astype(np.int64)
    templates = (draws >> np.uint64(8)) % counts[chosen]
    share = (draws >> np.uint64(32)).astype(np.float64) / 2.0**32
    first = (share < settings["direction"]).reshape(-1, copies)[:, :1] if copies else share
    other = np.arange(copies) % 2 == 1
    return Choices(
        pairs,
        [copy_id(identifier, copy) for identifier in pair_ids for copy in range(copies)],
        chosen,
        templates.astype(np.int64),
        (first != other[None, :]).ravel(),
    )


def templates_of(settings: dict[str, Any], form: str) -> Sequence[str]:
    """The templates that a form is written with."""
    templates: Sequence[str] = settings["templates"].get(form) or DEFAULT_TEMPLATES[form]
    return templates


def copy_id(identifier: str, copy: int) -> str:
    """The id of the n-th document of a pair; the first has that of the pair."""
    from xxhash import xxh3_128_hexdigest

    return xxh3_128_hexdigest(f"{identifier}\0{copy}".encode()) if copy else identifier


def parallel_id(left_id: str, right_id: str) -> str:
    """32 hexadecimal digits that follow from the two ids."""
    from xxhash import xxh3_128_hexdigest

    return xxh3_128_hexdigest(f"{PARALLEL_SOURCE}\0{left_id}\0{right_id}".encode())
