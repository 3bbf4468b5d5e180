"""Reading a training configuration: YAML with ``${VAR:-default}``, and ``key=value`` over it.

All mistakes are reported in one go, a line each: ``file:line: key: what is wrong``, with what was
found, what is valid, and the nearest key where one is unknown.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from formats.variables import expand_variables
from trainer.config import TrainConfig, describe_settings
from trainer.errors import ConfigError

Location = tuple[str | int, ...]
COMMAND_LINE = "command line: "


def load_config(path: str | Path, overrides: list[str] | None = None) -> TrainConfig:
    """Read, expand, override and validate a configuration.

    Args:
        path: the YAML file.
        overrides: ``["model.layers=2", "out=runs/other"]``.

    Raises:
        ConfigError: the file cannot be read, or says something that is not valid.
        CheckpointError: the model that it goes on from cannot be read.
    """
    text = _read(path)
    try:
        data = yaml.safe_load(text)
        places = _places(yaml.compose(text, Loader=yaml.SafeLoader), str(path))
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}{_line_of(error)}: is not valid YAML: {_short(error)}") from error
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}:1: is not a mapping of keys to values, such as out: runs/model")
    if {"sources", "stages"} & set(data):
        raise ConfigError(
            f"{path}: is a recipe of the pipeline, not a training configuration such as "
            "configs/train/sample.yaml"
        )
    for override in overrides or []:
        places[_apply(override, data)] = f"{COMMAND_LINE}{override}"
    places[()] = str(path)
    mistakes: list[str] = []
    data = _expand(data, (), places, mistakes)
    try:
        config = TrainConfig.model_validate(data)
    except ValidationError as error:
        mistakes += [_worded(mistake, places) for mistake in error.errors()]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    if config.init == "random":
        return config
    from trainer.hf.initial import with_initial_shape

    return with_initial_shape(config)


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error}") from error


def _line_of(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _short(error: yaml.YAMLError) -> str:
    return getattr(error, "problem", None) or " ".join(str(error).split())


def _places(node: yaml.Node | None, path: str, location: Location = ()) -> dict[Location, str]:
    """Location of every key -> ``file:line``."""
    places: dict[Location, str] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*location, key.value)
            places[here] = f"{path}:{key.start_mark.line + 1}"
            places |= _places(value, path, here)
    return places


def _where(location: Location, places: dict[Location, str]) -> str:
    """Where a key stands, or the nearest section around it that stands somewhere; and the key.

    ``train.yaml:3: model.layers``, or as typed: ``command line: model.layers=0``.
    """
    around = location
    while around not in places:
        around = around[:-1]
    place, key = places[around], _dotted(location)
    typed = place.startswith(f"{COMMAND_LINE}{key}=")
    return place if typed or not key else f"{place}: {key}"


def _apply(override: str, data: dict[str, Any]) -> Location:
    """Set the key that ``key=value`` names; returns its location."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(
            f"{COMMAND_LINE}{override}: write it as key=value, such as model.layers=2"
        )
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{COMMAND_LINE}{override}: the value is not valid YAML") from error
    *parents, last = key.split(".")
    here = data
    for parent in parents:
        below = here.get(parent)
        if not isinstance(below, dict):
            below = here[parent] = {}
        here = below
    here[last] = value
    return (*parents, last)


def _expand(value: Any, location: Location, places: dict[Location, str], out: list[str]) -> Any:
    """The value with its variables replaced; complaints go into ``out``."""
    if isinstance(value, dict):
        return {k: _expand(inner, (*location, k), places, out) for k, inner in value.items()}
    if isinstance(value, list):
        return [_expand(inner, (*location, i), places, out) for i, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    expanded, missing = expand_variables(value, {})
    for name in missing:
        where = _where(location, places)
        out.append(f"{where}: ${{{name}}} is not set, and has no default (${{{name}:-…}})")
    # What is missing is told once, and not again as a value that is too short.
    return expanded if not missing else value


def _worded(mistake: Any, places: dict[Location, str]) -> str:
    """One of pydantic's mistakes as ``file:line: key: what is wrong``."""
    location: Location = mistake["loc"]
    where = _where(location, places)
    if mistake["type"] == "extra_forbidden":
        return f"{where}: unknown key{_nearest(location)}"
    if mistake["type"] == "missing":
        return f"{where}: is missing"
    if mistake["type"] == "model_type":
        message = "a mapping of keys to values is wanted"
    else:
        message = _wanted(mistake)
    if isinstance(mistake["input"], dict):  # of what one key demands of another
        return f"{where}: {message}"
    return f"{where}: {message} (found: {mistake['input']!r})"


def _wanted(mistake: Any) -> str:
    """What would be valid, in our words where pydantic's are about Python."""
    told = mistake.get("ctx", {})
    kind = mistake["type"]
    if kind.startswith("int_"):
        return "a whole number is wanted"
    if kind.startswith("float_"):
        return "a number is wanted"
    if kind.startswith("bool_"):
        return "true or false is wanted"
    if kind in ("string_type", "list_type"):
        return f"a {'text' if kind == 'string_type' else 'list'} is wanted"
    if kind == "literal_error":
        return f"valid: {told['expected']}"
    for name, words in (("ge", "{} or more"), ("gt", "more than {}"), ("le", "at most {}"),
                        ("lt", "less than {}")):  # fmt: skip
        if name in told:
            return f"{words.format(told[name])} is wanted"
    return str(mistake["msg"]).removeprefix("Value error, ")


def _nearest(location: Location) -> str:
    """`` (did you mean 'model.layers'? valid: …)``: of the same section, else of any."""
    keys = [key for key, _, _ in describe_settings()]
    section = _dotted(location[:-1])
    start = f"{section}." if section else ""
    valid = list(dict.fromkeys(
        key.removeprefix(start).partition(".")[0] for key in keys if key.startswith(start)
    ))  # fmt: skip
    close = difflib.get_close_matches(str(location[-1]), valid, n=1)
    guess = [f"{start}{name}" for name in close] or _elsewhere(str(location[-1]), keys)
    meant = f"did you mean {guess[0]!r}? " if guess else ""
    return f" ({meant}valid: {', '.join(valid)})"


def _elsewhere(name: str, keys: list[str]) -> list[str]:
    """The key of another section whose last part is nearest: ``optimizer.beta1`` for ``beta1``."""
    by_name = {key.rpartition(".")[2]: key for key in keys}
    return [by_name[found] for found in difflib.get_close_matches(name, list(by_name), n=1)]


def _dotted(location: Location) -> str:
    return ".".join(map(str, location))
