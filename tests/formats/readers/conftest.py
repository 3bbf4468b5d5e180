"""Reading made short: content in, rows and quarantine entries out."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from formats.quarantine import Quarantine
from formats.readers import DEFAULT_BATCH_BYTES, SourceFile, read_file


@dataclass
class Outcome:
    """What came out of a file."""

    rows: list[dict[str, Any]]
    entries: list[dict[str, Any]]
    counts: dict[str, int]
    batches: list[Any]

    @property
    def texts(self):
        return [row["text"] for row in self.rows]

    @property
    def errors(self):
        return [(entry["position"], entry["error"].split(":")[0]) for entry in self.entries]


@pytest.fixture(scope="session")
def read(tmp_path_factory):
    """``read(content, "name.jsonl", columns=..., batch_bytes=...)`` -> ``Outcome``."""
    folder = tmp_path_factory.mktemp("read")
    numbers = count()

    def read_it(content, name="part.jsonl", batch_bytes=DEFAULT_BATCH_BYTES, **settings):
        if isinstance(content, bytes):
            path = folder / f"{next(numbers)}" / name
            path.parent.mkdir()
            path.write_bytes(content)
        else:
            path = content
        kinds = {".jsonl": "jsonl", ".parquet": "parquet", ".arrow": "arrow", ".txt": "text"}
        kinds |= {".csv": "csv", ".tsv": "csv"}
        kind = next(kinds[s] for s in path.suffixes if s in kinds)
        on_error = settings.pop("on_error", "quarantine")
        file = SourceFile("web", str(path), name, settings.pop("read", kind), **settings)
        quarantine = Quarantine(on_error=on_error)
        batches = list(read_file(file, quarantine, batch_bytes))
        for batch in batches:
            batch.validate(full=True)
        rows = [row for batch in batches for row in batch.to_pylist()]
        entries = quarantine.table().to_pylist()
        return Outcome(rows, entries, quarantine.counts(), batches)

    return read_it
