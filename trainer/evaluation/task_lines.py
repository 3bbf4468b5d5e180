"""Task files as text, and as JSON objects with where each stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from formats.readers.streams import open_bytes
from trainer.errors import ConfigError

READ_BYTES = 1 << 20


def read_text(path: str) -> str:
    """A file, packed (.gz, .zst) or not.

    Raises:
        ConfigError: it cannot be read.
    """
    found = bytearray()
    buffer = memoryview(bytearray(READ_BYTES))
    try:
        with open_bytes(path) as stream:
            while count := stream.readinto(buffer):
                found += buffer[:count]
        return found.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: {error}") from error
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{path}: {reason}") from error


def json_lines(path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """``file:line`` and object of every line that is not empty.

    Raises:
        ConfigError: the file cannot be read, or a line is no JSON object.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            found = json.loads(line)
        except ValueError as error:
            raise ConfigError(
                f"{where}: is not JSON: {error}. A JSON object a line is wanted, or a file .txt"
            ) from error
        if not isinstance(found, dict):
            raise ConfigError(f"{where}: is no JSON object")
        yield where, found
