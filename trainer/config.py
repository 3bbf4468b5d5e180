"""The training configuration: one YAML, each field with what it counts; ``key=value`` over it."""

from __future__ import annotations

import dataclasses
import difflib
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

_VARIABLE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)(?::-([^{}]*))?\}")
DEVICES = ("auto", "cpu", "cuda")


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the key and what is valid."""


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the decoder."""

    layers: int = 4
    hidden_size: int = 256
    heads: int = 4
    kv_heads: int = 2
    """Key/value heads; each is shared by heads / kv_heads query heads."""
    feed_forward_size: int = 704
    norm_eps: float = 1e-5
    rope_theta: float = 10_000.0
    tie_embeddings: bool = True
    """The output head is the embedding, transposed."""
    init_std: float = 0.02

    @property
    def head_size(self) -> int:
        """Size of one attention head."""
        return self.hidden_size // self.heads


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW, and the warm-up-stable-decay schedule of its learning rate."""

    learning_rate: float = 1e-3
    """Of the stable part."""
    final_learning_rate: float = 1e-5
    """At the end of the last phase."""
    warmup_steps: int = 20
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-8
    weight_decay: float = 0.1
    """On matrices; norms have none."""
    gradient_clip: float = 1.0
    """Largest norm of the gradient; 0: no limit."""
    decay_share: float = 0.2
    """The share of steps, at the end, that decay where no last phase says when: the shards have
    one phase, or max_steps ends the run before the last one."""


@dataclass(frozen=True)
class TrainConfig:
    """A training run."""

    shards: str
    """Folder with manifest.json."""
    out: str
    """Where checkpoints, metrics and the loss curve are written."""
    model: ModelConfig = field(default_factory=ModelConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    global_batch_rows: int = 16
    """Rows (sequences) per optimizer step."""
    micro_batch_rows: int = 16
    """Rows per forward pass; gradients add up to the global batch."""
    max_steps: int = 0
    """Stop after so many steps; 0: when the rows end."""
    checkpoint_every: int = 50
    """Steps between checkpoints; the last step always has one."""
    keep_checkpoints: int = 2
    log_every: int = 10
    """Steps between lines of the log; metrics.jsonl has every step."""
    document_mask: bool = True
    """Attention stays within a document."""
    device: str = "auto"
    """auto: cuda where there is one, else cpu."""
    threads: int = 0
    """CPU threads; 0: torch's default."""
    seed: int = 17
    """Of the initial weights."""


FREE_TO_CHANGE = frozenset(
    ["shards", "out", "checkpoint_every", "keep_checkpoints", "log_every", "device", "threads",
     "micro_batch_rows"]
)  # fmt: skip
"""Keys that a run may be continued with other values of: what is learnt does not depend on them
(beyond rounding). Shards may move; that they are the same is told by their manifest's hash."""


def learning_settings(config: TrainConfig) -> dict[str, Any]:
    """The settings that decide what a run learns, by their keys: ``model.layers`` and so on."""
    return {
        key: value
        for key, value in _flat(dataclasses.asdict(config), "")
        if key not in FREE_TO_CHANGE
    }


def load_config(path: str | Path, overrides: list[str] | None = None) -> TrainConfig:
    """Read a YAML file, expand ``${VAR:-default}``, apply ``key=value`` (``model.layers=2``).

    Raises:
        ConfigError: the file cannot be read, or says something that is not valid.
    """
    data = _read_yaml(path)
    for override in overrides or []:
        _apply(override, data)
    config: TrainConfig = _build(TrainConfig, _expand(data, str(path)), str(path), "")
    _validate(config, str(path))
    return config


def _read_yaml(path: str | Path) -> dict[str, Any]:
    import yaml

    try:
        data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise ConfigError(f"{path}{line}: is not valid YAML: {problem}") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: is not a mapping of keys to values, such as out: runs/model")
    return data


def _apply(override: str, data: dict[str, Any]) -> None:
    """Set the key that ``key=value`` names."""
    import yaml

    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"{override}: write it as key=value, such as model.layers=2")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{override}: the value is not valid YAML") from error
    *parents, last = key.split(".")
    here = data
    for parent in parents:
        below = here.get(parent)
        if not isinstance(below, dict):
            below = here[parent] = {}
        here = below
    here[last] = value


def _expand(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return {key: _expand(inner, path) for key, inner in value.items()}
    if not isinstance(value, str):
        return value

    def replacement(match: re.Match[str]) -> str:
        found = os.environ.get(match.group(1)) or match.group(2)
        if found is None:
            raise ConfigError(f"{path}: ${{{match.group(1)}}} is not set, and has no default")
        return found

    return _VARIABLE.sub(replacement, value)


def _build(kind: Any, data: Any, path: str, prefix: str) -> Any:
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: {prefix.rstrip('.')} is {data!r}; a mapping of keys is wanted")
    fields = {f.name: f for f in dataclasses.fields(kind)}
    types = get_type_hints(kind)
    values = {}
    for key, value in data.items():
        if key not in fields:
            close = difflib.get_close_matches(str(key), fields, n=1)
            guess = f"did you mean {close[0]!r}? " if close else ""
            raise ConfigError(
                f"{path}: unknown key {prefix}{key} ({guess}valid: {', '.join(fields)})"
            )
        if dataclasses.is_dataclass(types[key]):
            values[key] = _build(types[key], value, path, f"{prefix}{key}.")
        else:
            values[key] = _convert(value, types[key], f"{path}: {prefix}{key}")
    missing = [
        name
        for name, f in fields.items()
        if name not in values
        and f.default is dataclasses.MISSING
        and f.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ConfigError(f"{path}: {prefix}{missing[0]} is missing")
    return kind(**values)


def _convert(value: Any, kind: type, where: str) -> Any:
    """The value as the type of its field.

    YAML reads 6e-4 and 1e3 as text, and so is what stands in a variable; beyond numbers that are
    written so nothing is converted.
    """
    if isinstance(value, kind) and (kind is bool or not _is_bool(value)):
        return value
    try:
        if kind in (int, float) and isinstance(value, int | float | str) and not _is_bool(value):
            number = float(value)
            if kind is float:
                return number
            if kind is int and number.is_integer() and abs(number) < 2**53:
                return int(number)
    except ValueError:
        pass
    raise ConfigError(f"{where} is {value!r}; a value of type {kind.__name__} is wanted")


def _is_bool(value: Any) -> bool:
    """Python counts True as an int; a configuration does not."""
    return isinstance(value, bool)


def _validate(config: TrainConfig, path: str) -> None:
    """Ranges first, then what one key demands of another."""
    values = dict(_flat(dataclasses.asdict(config), ""))
    for key, value in values.items():
        wanted = _wanted(key, value)
        if wanted:
            raise ConfigError(f"{path}: {key} is {value!r}; {wanted} is wanted")
    model = config.model
    rules = [
        (model.hidden_size, "model.hidden_size", model.heads, "model.heads"),
        (model.heads, "model.heads", model.kv_heads, "model.kv_heads"),
        (model.head_size, "the head size (model.hidden_size / model.heads)", 2, "rotated pairs"),
        (config.global_batch_rows, "global_batch_rows", config.micro_batch_rows,
         "micro_batch_rows"),
    ]  # fmt: skip
    for number, name, divisor, divisor_name in rules:
        if number % divisor:
            raise ConfigError(
                f"{path}: {name} is {number}; a multiple of {divisor} ({divisor_name}) is wanted"
            )


MAY_BE_ZERO = frozenset(
    ["max_steps", "threads", "seed", "optimizer.warmup_steps", "optimizer.weight_decay",
     "optimizer.gradient_clip", "optimizer.decay_share", "optimizer.final_learning_rate"]
)  # fmt: skip
BELOW_ONE = frozenset(["optimizer.beta1", "optimizer.beta2"])


def _wanted(key: str, value: Any) -> str:
    """What would be valid, empty where the value is."""
    if key == "device":
        return "" if value in DEVICES else f"one of {', '.join(DEVICES)}"
    if key == "out" and "://" in value:
        return "a local folder (only shards may be a URL)"
    if isinstance(value, str):
        return "" if value else "a path"
    if isinstance(value, bool):
        return ""
    if not math.isfinite(value):
        return "a finite number"
    if key in MAY_BE_ZERO and value < 0:
        return "a number from 0"
    if key not in MAY_BE_ZERO and value <= 0:
        return "a number above 0"
    if key in BELOW_ONE and value >= 1:
        return "a number below 1"
    if key == "optimizer.decay_share" and value > 1:
        return "a share from 0 to 1"
    return ""


def _flat(data: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Leaves of nested mappings with their dotted keys."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
