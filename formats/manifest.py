"""``shards/manifest.json``: what the shards hold, written last, so that its presence means whole.

Tokens are counted the same way everywhere: ``tokens`` is rows x sequence length, padding included
(what a trainer steps through), and ``padding`` says how many of them are padding.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from formats.storage import atomic_path, filesystem, open_input

VERSION: Literal[1] = 1
SCHEDULE = "chairman-1"
"""Rows by the chairman assignment (``stages.mixture.interleave``), first version."""
MANIFEST = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ManifestComponent(_Part):
    """A component in a phase; its index in the list is the shards' ``component`` column."""

    name: str
    share: list[tuple[float, float]] = Field(
        description="(position 0..1, share of the rows), linear in between; one point is constant."
    )
    first_row: int = Field(
        default=0,
        description="Rows of it that were drawn before, by the phases that this one continues: its "
        "cursor in the drawing order.",
    )
    rows: int = Field(description="Training rows taken, over all epochs.")
    tokens: int = Field(description="Rows x sequence length.")
    padding: int = Field(description="How many of these tokens are padding.")
    documents: int = Field(description="Documents the phase selects from the component.")
    repetitions: dict[int, int] = Field(
        default_factory=dict,
        description="Where documents are repeated by cluster size: times in an epoch -> documents.",
    )
    epochs: float = Field(description="Rows taken / rows that one pass over the documents makes.")


class ManifestFile(_Part):
    """A shard file."""

    path: str = Field(description="Relative to the manifest.")
    rows: int
    sha256: str
    component_counts_before: list[int] = Field(
        description="Rows of each component in all files of the phase before this one."
    )


class ManifestPhase(_Part):
    """A phase; its rows in file order are its training order."""

    name: str
    kind: Literal["training", "validation"] = "training"
    continues: str | None = Field(
        default=None,
        description="The phase whose drawing order it goes on with, from `first_row` on.",
    )
    rows: int
    tokens: int = Field(description="Rows x sequence length.")
    schedule: str = Field(description="The rule that assigns rows to components.")
    components: list[ManifestComponent]
    files: list[ManifestFile]


class Manifest(_Part):
    """Everything a trainer and an auditor need to know of the shards."""

    version: Literal[1] = VERSION
    sequence_length: int
    dtype: Literal["uint16", "int32"]
    vocab_size: int
    tokenizer_sha256: str
    seed: int
    special_ids: dict[str, int]
    phases: list[ManifestPhase] = Field(description="What is trained on, in order.")
    held_out: ManifestPhase | None = Field(
        default=None,
        description="What no phase trains on, nor on near-copies of it; to evaluate on.",
    )

    @property
    def every_phase(self) -> list[ManifestPhase]:
        """The phases to train on, and last the one to evaluate on, if there is one."""
        return [*self.phases, *([self.held_out] if self.held_out else [])]

    def phase(self, name: str) -> ManifestPhase:
        """The phase of that name.

        Raises:
            ValueError: there is none.
        """
        for phase in self.every_phase:
            if phase.name == name:
                return phase
        names = ", ".join(phase.name for phase in self.every_phase)
        raise ValueError(f"no phase {name!r} in the shards; there are: {names}")

    def write(self, folder: str) -> None:
        """Write ``manifest.json`` into the folder of the shards."""
        text = json.dumps(self.model_dump(mode="json"), ensure_ascii=False) + "\n"
        with atomic_path(f"{folder}/{MANIFEST}") as temporary:
            files, inner = filesystem(temporary)
            files.pipe_file(inner, text.encode())


def read_manifest(folder: str) -> Manifest:
    """The manifest of a folder of shards.

    Raises:
        FileNotFoundError: the shards are not there, or were not finished.
        ValueError: the file is not a manifest this version understands.
    """
    path = f"{folder}/{MANIFEST}"
    try:
        with open_input(path) as stream:
            found: dict[str, Any] = json.loads(stream.read())
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"no {path}: the shards are not there, or making them was not finished"
        ) from error
    if found.get("version") != VERSION:
        raise ValueError(f"{path} has version {found.get('version')!r}, this is {VERSION}")
    return Manifest.model_validate(found)
