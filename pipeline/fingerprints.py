"""Fingerprints: what a piece of work depends on, as 32 hexadecimal digits.

A record whose fingerprint still matches is work that need not be done again. Everything that can
change an output is in it: settings, stage versions, the contents of model files, the inputs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from formats import storage

if TYPE_CHECKING:
    from stages.base import BarrierStage, Stage


def fingerprint(*parts: Any) -> str:
    """Hash of plain values, dataclasses and pydantic models; equal values, equal hash."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a fingerprint cannot be made of {type(value).__name__}")


@cache
def file_hash(path: str) -> str:
    """SHA-256 of a file's contents (a model, a word list), read once per process."""
    digest = hashlib.sha256()
    with storage.open_input(path) as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def stage_fingerprint(stage: Stage) -> str:
    """Of a stage: its name, version, settings and the contents of the files it uses.

    Raises:
        FileNotFoundError: one of them is not there.
    """
    try:
        assets = [file_hash(path) for path in stage.assets()]
    except FileNotFoundError as error:
        if error.filename is None:  # the stage has said what is missing
            raise
        raise FileNotFoundError(
            f"stage {stage.name} reads {error.filename}, which is not there; thresholds are made "
            "by `python -m pipeline calibrate RECIPE --to FILE`"
        ) from error
    return fingerprint(stage.name, stage.version, stage, assets)


def keys_fingerprint(barrier: BarrierStage) -> str:
    """Of what a barrier's keys depend on: fewer settings than the barrier itself."""
    settings = barrier.model_dump(mode="json", include=_names(barrier.key_fields))
    return fingerprint(barrier.name, barrier.version, settings)


def _names(fields: tuple[str, ...] | None) -> set[str] | None:
    return None if fields is None else set(fields)
