"""All that a run knows of one document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from formats.storage import file_size
from pipeline.explorer.shown import shown

if TYPE_CHECKING:
    from formats.shards import TokenShards
    from pipeline.explorer.search import Documents

MOST_CHARACTERS = 20_000
"""Of a text that are shown unless more is asked for."""
MOST_TOKENS = 4_000
MOST_ROWS = 100
ROWS_AT_ONCE = 256
"""So few stand in one record batch, and are looked at where they lie; more would be copied."""
PLAIN = ("id", "lang", "lang_score", "declared_lang", "source", "origin", "original_id", "url",
         "pair_key", "quality", "document_kind", "quality_flags", "drop_stage", "drop_reason",
         "duplicate_of", "cluster_id", "cluster_size", "lang_mix", "meta", "found_in", "error",
         "path", "position")  # fmt: skip
LEFT_OUT = ("text", "raw", "part_of", "cuts")


@dataclass(frozen=True)
class TrainingRow:
    """A row that holds a part of the document."""

    phase: str
    row: int
    component: str
    tokens: int
    from_token: int


@dataclass(frozen=True)
class Story:
    """A document and what became of it."""

    id: str
    text: str
    is_whole: bool
    plain: dict[str, Any]
    signals: dict[str, Any]
    cluster: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    cuts: list[dict[str, Any]]
    tokens: list[str] = field(default_factory=list)
    more_tokens: int = 0
    rows: list[TrainingRow] = field(default_factory=list)


class Stories:
    """Tells of documents; opens tokenizer and shards when first asked."""

    def __init__(self, documents: Documents) -> None:
        """Of the documents of a run."""
        self._documents = documents
        self._folder = documents.folder

    def tell(self, name: str, whole: bool = False) -> Story | None:
        """A document by id, number or origin; None where there is none.

        Args:
            name: its id, its number, or ``path#position``.
            whole: all of a long text, instead of its beginning.
        """
        row = self._documents.named(name)
        if row is None:
            return None
        text = row.get("text") or (row.get("raw") or b"").decode("utf-8", "replace")
        cut = text if whole else text[:MOST_CHARACTERS]
        identifier = row.get("id", "")
        tokens, more = self._tokens(text) if identifier else ([], 0)
        return Story(
            id=identifier,
            text=cut,
            is_whole=len(cut) == len(text),
            plain={key: row[key] for key in PLAIN if row.get(key) not in (None, "")},
            signals={
                key: value
                for key, value in row.items()
                if key not in PLAIN and key not in LEFT_OUT and value is not None
            },
            cluster=self._documents.cluster(row) if identifier else [],
            pairs=row.get("part_of") or [],
            cuts=row.get("cuts") or [],
            tokens=tokens,
            more_tokens=more,
            rows=self._rows(identifier) if identifier and not row.get("drop_stage") else [],
        )

    @cached_property
    def _tokenizer(self) -> Any:
        path = f"{self._folder.tokenizer_path}/tokenizer.json"
        if file_size(path) is None:
            return None
        from tokenizers import Tokenizer

        return Tokenizer.from_file(path)

    @cached_property
    def _shards(self) -> TokenShards | None:
        from formats.shards import TokenShards

        try:
            return TokenShards(self._folder.shards_path)
        except (OSError, ValueError):
            return None

    def _tokens(self, text: str) -> tuple[list[str], int]:
        """The first tokens as they stand in the text, and how many more there are.

        A token that holds a part of a character is shown with the rest of that character: places
        in the text are of characters.
        """
        if self._tokenizer is None:
            return [], 0
        offsets = self._tokenizer.encode(text[:MOST_CHARACTERS], add_special_tokens=False).offsets
        pieces = []
        for (start, end), (following, _) in zip(
            offsets, [*offsets[1:], (len(text), 0)], strict=True
        ):
            end = min(end, following) if following > start else end
            pieces.append(shown(text[start:end]) or "·")
        more = max(0, len(pieces) - MOST_TOKENS)
        return pieces[:MOST_TOKENS], more

    def _rows(self, identifier: str) -> list[TrainingRow]:
        """The training rows that a document went into: the ids of every row are looked through."""
        if self._shards is None:
            return []
        found: list[TrainingRow] = []
        for row in _rows_of(self._shards, int(identifier[:16], 16)):
            found.append(row)
            if len(found) == MOST_ROWS:
                break
        return found


def _rows_of(shards: TokenShards, number: int) -> Iterator[TrainingRow]:
    """The rows with a piece of a document, in training order."""
    length = shards.sequence_length
    for phase in shards.manifest.phases:
        for first in range(0, phase.rows, ROWS_AT_ONCE):
            rows = shards.read(phase.name, first, min(ROWS_AT_ONCE, phase.rows - first))
            for piece in np.flatnonzero(rows["document_ids"] == number).tolist():
                inside = int(np.searchsorted(rows["row_offsets"], piece, "right")) - 1
                is_last = piece + 1 == int(rows["row_offsets"][inside + 1])
                starts = rows["document_starts"]
                end = length if is_last else int(starts[piece + 1])
                yield TrainingRow(
                    phase.name,
                    first + inside,
                    phase.components[int(rows["component"][inside])].name,
                    end - int(starts[piece]),
                    int(rows["document_offsets"][piece]),
                )
