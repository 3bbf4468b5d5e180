"""Tracing: from a training row back to its documents, and from a document to where it ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

EXCERPT_CHARACTERS = 200
STORY_COLUMNS = ("declared_lang", "lang", "lang_score", "lang_mix", "quality",
                 "cluster_id", "cluster_size", "duplicate_of", "url", "pair_key", "original_id",
                 "meta")  # fmt: skip


def trace_row(folder: RunFolder, row: int, phase: str | None = None) -> dict[str, Any]:
    """The documents of a training row, and what happened to each.

    Raises:
        ValueError: there is no such phase or row.
    """
    from formats.shards import TokenShards

    shards = TokenShards(folder.shards_path)
    names = [p.name for p in shards.manifest.every_phase]
    phase = phase or names[0]
    if phase not in names:
        raise ValueError(f"no phase {phase!r}; the shards have: {', '.join(names)}")
    rows = shards.rows(phase)
    if not 0 <= row < rows:
        raise ValueError(f"row {row} is not there; phase {phase!r} has rows 0 to {rows - 1}")
    traced = shards.trace_row(phase, row)
    pieces: list[dict[str, Any]] = []
    for piece in traced.pieces:
        if piece.document is None:
            pieces.append({"padding": piece.length})
            continue
        story = trace_document(folder, f"{piece.document:016x}")
        pieces.append(
            {
                "tokens": piece.length,
                "from_token": piece.offset,
                "document_number": f"{piece.document:016x}",
                "document": story,
            }
        )
    return {"phase": phase, "row": row, "component": traced.component, "pieces": pieces}


def trace_document(folder: RunFolder, name: str) -> dict[str, Any] | None:
    """Where a document ended and why: kept, removed by a stage, or quarantined; None: unknown.

    Args:
        folder: the run.
        name: its id, the first 16 digits of it (the number in the shards), or ``path#position``,
            which is the only name of what could not be read.

    Returns:
        Its columns and ``found_in``; of a kept one ``part_of``, the pairs it is a side of, and
        ``cuts``, the passages that were taken out of it; of a quarantined one ``source``,
        ``path``, ``position``, ``error`` and ``raw``.
    """
    found = folder.find_document(name)
    if found is None:
        entry = folder.find_quarantined(name)
        return None if entry is None else entry | {"found_in": "quarantine"}
    if not found.get("drop_stage"):
        found["part_of"] = folder.pairs_of(found["id"])
        found["cuts"] = folder.cut_from(found["id"])
    return found


def show_row(folder: RunFolder, row: int, phase: str | None) -> None:
    """Print ``trace_row`` for a person."""
    traced = trace_row(folder, row, phase)
    _say(f"row {row} of {traced['phase']}, component {traced['component']}")
    for piece in traced["pieces"]:
        if "padding" in piece:
            _say(f"\n{piece['padding']} tokens of padding")
            continue
        begins = "from its beginning" if piece["from_token"] == 0 else (
            f"from its token {piece['from_token']}"
        )  # fmt: skip
        _say(f"\n{piece['tokens']} tokens, {begins}, of document {piece['document_number']}")
        if piece["document"] is None:
            _say("  not found in documents/ or removed/: were they moved or made again?")
        else:
            _say_document(piece["document"])


def show_document(folder: RunFolder, name: str) -> bool:
    """Print ``trace_document`` for a person; False where the document is unknown."""
    document = trace_document(folder, name)
    if document is None:
        _say(f"no document {name!r} in {folder.path}; ids have 32 hexadecimal digits")
        return False
    if document["found_in"] == "quarantine":
        _say_quarantined(document)
        return True
    _say(f"document {document['id']}")
    _say_document(document)
    return True


def _say_document(document: dict[str, Any]) -> None:
    _say(f"  read from {document['origin']} (source {document['source']})")
    for column in STORY_COLUMNS:
        if document.get(column) is not None:
            _say(f"  {column}: {document[column]}")
    signals = {k: v for k, v in document.items() if k.startswith("signal_") and v is not None}
    if signals:
        _say("  signals: " + ", ".join(f"{k[7:]} {v:.3g}" for k, v in signals.items()))
    if document.get("drop_stage"):
        _say(f"  dropped by {document['drop_stage']}: {document['drop_reason']}")
    else:
        _say("  kept")
    for pair in document.get("part_of", []):
        _say(f"  paired: {pair['left_id']} ({pair['left_lang']}) with {pair['right_id']} "
             f"({pair['right_lang']}), score {pair['score']:.2f}")  # fmt: skip
    for cut in document.get("cuts", []):
        kept = f", kept in {cut['kept_in']}" if cut["kept_in"] else ""
        _say(f"  {cut['stage']} cut bytes {cut['begin']} to {cut['end']}, found in "
             f"{cut['documents']} documents{kept}: {_excerpt(cut['text'])}")  # fmt: skip
    _say(f"  text ({len(document['text']):,} characters): {_excerpt(document['text'])}")


def _say_quarantined(entry: dict[str, Any]) -> None:
    place = "" if entry["position"] is None else f"#{entry['position']}"
    _say(f"quarantined, no document: {entry['path']}{place} (source {entry['source']})")
    _say(f"  {entry['error']}")
    raw = entry["raw"].decode("utf-8", "replace")
    _say(f"  as read ({len(entry['raw']):,} bytes kept): {_excerpt(raw)}")


def _excerpt(text: str) -> str:
    """The beginning of a text on one line."""
    shown = json.dumps(text[:EXCERPT_CHARACTERS], ensure_ascii=False)
    return shown + ("…" if len(text) > EXCERPT_CHARACTERS else "")


def _say(line: str) -> None:
    import sys

    sys.stdout.write(line + "\n")
