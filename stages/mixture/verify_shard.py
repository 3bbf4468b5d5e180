"""Checking a shard file against the manifest, row by row: what it says and what it holds.

Nothing but the file and what the manifest says of its phase is needed, so files are checked in any
order. What can only be told of all files together (epochs, sums) is handed back as counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from formats.manifest import Manifest, ManifestFile
from formats.shards import COMPONENT, INPUT_IDS, PADDING, RAGGED, ShardFile, shard_schema
from formats.storage import file_size
from formats.tokens import file_bytes
from stages.mixture.interleave import Schedule

HASHED_BYTES = 16 << 20
LARGEST_STRAY = 1.0
"""No prefix may be a row or more off (``stages.mixture.interleave``)."""
ROUNDING = 1e-6
MULTIPLIERS = tuple(
    np.uint64(number)
    for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93)
)
"""Odd 64-bit numbers (of splitmix64 and rrmxmx), to mix the parts of a fingerprint."""


@dataclass(frozen=True)
class PhaseFacts:
    """What the manifest says of a phase, ready to check its files."""

    manifest: Manifest
    name: str
    schedule: Schedule
    epoch_rows: np.ndarray
    """int64 [k]: rows that one pass over each component makes; at least 1."""
    first_drawn: np.ndarray
    """int64 [k]: number, in drawing order, of each component's first row in the phase."""
    pad_id: int
    eos_id: int | None
    """The token that stands nowhere but at the end of documents; None where that is not sure."""
    documents: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Component -> uint64, sorted: numbers of its documents, where the run still has them."""
    sampled: int = 1
    """``documents`` holds those whose number this divides."""


@dataclass
class FileFacts:
    """What was found in a file."""

    problems: list[str] = field(default_factory=list)
    padding: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """int64 [k]: tokens of padding of each component."""
    stray: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    """float64 [k, 2]: see ``Schedule.stray``."""
    epochs: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """(component, epoch) -> rows, and the sum of their fingerprints mod 2^64: two epochs of the
    same rows have the same sum in any order."""


def verify_shard(path: str, file: ManifestFile, first: int, phase: PhaseFacts) -> FileFacts:
    """Check one file.

    Args:
        path: of the file.
        file: what the manifest says of it.
        first: number of its first row in the phase.
        phase: what the manifest says of the phase.
    """
    facts = FileFacts()
    if file_size(path) is None:
        facts.problems.append("missing")
        return facts
    data = file_bytes(path)
    found = _sha256(data)
    if found != file.sha256:
        facts.problems.append(f"its bytes changed: sha256 {found}, the manifest says {file.sha256}")
    try:
        _verify_rows(ShardFile(data), file, first, phase, facts)
    except (pa.ArrowException, OSError, ValueError, IndexError, StopIteration) as error:
        kind = type(error).__name__
        facts.problems.append(f"cannot be read, is it truncated? {kind}: {error}")
    return facts


def _sha256(data: np.ndarray) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(data), HASHED_BYTES):
        digest.update(data[start : start + HASHED_BYTES].data)
    return digest.hexdigest()


def _verify_rows(
    shard: ShardFile, file: ManifestFile, first: int, phase: PhaseFacts, facts: FileFacts
) -> None:
    """Check what the file holds."""
    manifest = phase.manifest
    expected = shard_schema(manifest.sequence_length, np.dtype(manifest.dtype))
    if shard.schema != expected:
        facts.problems.append(f"its columns are {_in_words(shard.schema)}, not the contract's")
        return
    if shard.rows != file.rows:
        facts.problems.append(f"{shard.rows} rows, the manifest says {file.rows}")
    names = [component.name for component in manifest.phase(phase.name).components]
    facts.padding = np.zeros(len(names), np.int64)
    components = [np.zeros(0, np.uint16)]
    drawn = np.array(file.component_counts_before, np.int64)
    row = first
    for number in range(shard.batches):
        views = shard.views(number)
        component = views[COMPONENT]
        components.append(component)
        unknown = np.flatnonzero(component >= len(names))
        if len(unknown):
            facts.problems.append(
                f"row {row + unknown[0]}: component {component[unknown[0]]} of {len(names)}"
            )
            return
        problems = _piece_problems(views, row, phase) or _token_problems(views, row, phase)
        problems += _stranger_problems(views, row, phase, names)
        facts.problems += problems
        if not problems:
            facts.padding += _padding(views, len(names))
            _add_epochs(facts.epochs, views, drawn, phase)
        drawn += np.bincount(component, minlength=len(names))
        row += len(component)
    _verify_order(np.concatenate(components), file, first, phase, names, facts)


def _in_words(schema: pa.Schema) -> str:
    return ", ".join(f"{column.name}: {column.type}" for column in schema)


def _verify_order(
    component: np.ndarray,
    file: ManifestFile,
    first: int,
    phase: PhaseFacts,
    names: list[str],
    facts: FileFacts,
) -> None:
    """The rows' components against the shares: every prefix, and the very schedule."""
    before = np.array(file.component_counts_before, np.int64)
    facts.stray, _ = phase.schedule.stray(first, before, component)
    worst = np.unravel_index(np.abs(facts.stray).argmax(), facts.stray.shape)
    if abs(facts.stray[worst]) >= LARGEST_STRAY + ROUNDING:
        facts.problems.append(
            f"component {names[worst[0]]!r} is up to {facts.stray[worst]:+.3f} rows off its share "
            "in a prefix; less than one is promised"
        )
    if int(before.sum()) != first:
        facts.problems.append(f"the counts before it sum to {before.sum()}, not to {first}")
        return
    assigned, _ = phase.schedule.assign(first, before, file.rows)
    rows = min(len(assigned), len(component))
    other = np.flatnonzero(assigned[:rows] != component[:rows])
    if len(other):
        place = int(other[0])
        facts.problems.append(
            f"row {first + place} is of component {names[component[place]]!r} where the schedule "
            f"has {names[assigned[place]]!r} ({len(other):,} such rows)"
        )


def _piece_problems(views: Mapping[str, np.ndarray], row: int, phase: PhaseFacts) -> list[str]:
    """Boundaries that cannot be: a line for each kind, with its first row."""
    offsets, starts = views["row_offsets"], views["document_starts"].astype(np.int64)
    documents, positions = views["document_ids"], views["document_offsets"]
    counts = np.diff(offsets)
    if offsets[0] or (counts < 1).any():
        return [f"row {row + int((counts < 1).argmax())}: no boundary, not even at 0"]
    owner = np.repeat(np.arange(len(counts)), counts)
    is_first = np.zeros(len(starts), np.bool_)
    is_first[offsets[:-1]] = True
    is_last = np.zeros(len(starts), np.bool_)
    is_last[offsets[1:] - 1] = True
    rising = np.diff(starts, prepend=-1) > 0
    length = phase.manifest.sequence_length
    padding = documents == PADDING
    checks = {
        "its first boundary is not 0": is_first & (starts != 0),
        "its boundaries do not rise": ~is_first & ~rising,
        f"a boundary outside 0..{length - 1}": (starts < 0) | (starts >= length),
        "padding that is not last": padding & ~is_last,
        "an offset below 0, or one of padding": (positions < 0) | (padding & (positions != 0)),
    }
    return [
        f"row {row + int(owner[wrong.argmax()])}: {what} ({int(wrong.sum()):,} such boundaries)"
        for what, wrong in checks.items()
        if wrong.any()
    ]


def _token_problems(views: Mapping[str, np.ndarray], row: int, phase: PhaseFacts) -> list[str]:
    """Tokens that cannot be where they are."""
    tokens = views[INPUT_IDS]
    vocab_size, length = phase.manifest.vocab_size, tokens.shape[1]
    problems = []
    if int(tokens.max()) >= vocab_size or int(tokens.min()) < 0:
        wrong = np.argwhere((tokens < 0) | (tokens >= vocab_size))
        place = tuple(wrong[0].tolist())
        problems.append(
            f"row {row + place[0]}: token {tokens[place]} at {place[1]} of a vocabulary of "
            f"{vocab_size} ({len(wrong):,} such tokens)"
        )
    last = views["row_offsets"][1:] - 1
    for own in np.flatnonzero(views["document_ids"][last] == PADDING).tolist():
        padded = tokens[own, views["document_starts"][last[own]] :]
        if (padded != phase.pad_id).any():
            problems.append(f"row {row + own}: padding that is not token {phase.pad_id}")
            break
    if phase.eos_id is not None:
        owner = np.repeat(np.arange(len(tokens)), np.diff(views["row_offsets"]))
        begins = owner * length + views["document_starts"]
        ends_here = np.zeros(tokens.size + 1, np.bool_)
        ends_here[begins] = True
        ends_here[-1] = True
        ends = np.flatnonzero(tokens.reshape(-1) == phase.eos_id)
        piece = np.searchsorted(begins, ends, "right") - 1
        inside = ends[~ends_here[ends + 1] & (views["document_ids"][piece] != PADDING)]
        if len(inside):
            own, place = divmod(int(inside[0]), length)
            problems.append(
                f"row {row + own}: a document ends at {place} where no boundary follows "
                f"({len(inside):,} such places)"
            )
    return problems


def _stranger_problems(
    views: Mapping[str, np.ndarray], row: int, phase: PhaseFacts, names: list[str]
) -> list[str]:
    """Rows that hold a document of another component."""
    problems: list[str] = []
    if not phase.documents:
        return problems
    owner = np.repeat(np.arange(len(views[COMPONENT])), np.diff(views["row_offsets"]))
    documents = views["document_ids"]
    looked_up = (documents != PADDING) & (documents % np.uint64(phase.sampled) == 0)
    for number in np.unique(views[COMPONENT]).tolist():
        own = np.flatnonzero(looked_up & (views[COMPONENT][owner] == number))
        known = phase.documents.get(names[number], np.zeros(0, np.uint64))
        place = np.searchsorted(known, documents[own]).clip(max=max(len(known) - 1, 0))
        strange = own[known[place] != documents[own]] if len(known) else own
        if len(strange):
            problems.append(
                f"row {row + int(owner[strange[0]])}: document {documents[strange[0]]:016x} is not "
                f"of component {names[number]!r} ({len(strange):,} such places)"
            )
    return problems


def _padding(views: Mapping[str, np.ndarray], components: int) -> np.ndarray:
    last = views["row_offsets"][1:] - 1
    length = views[INPUT_IDS].shape[1]
    padded = views["document_ids"][last] == PADDING
    places = np.where(padded, length - views["document_starts"][last], 0)
    return np.bincount(views[COMPONENT], places, components).astype(np.int64)


def _add_epochs(
    epochs: dict[tuple[int, int], tuple[int, int]],
    views: Mapping[str, np.ndarray],
    drawn: np.ndarray,
    phase: PhaseFacts,
) -> None:
    """Add each row's fingerprint to the sum of its component's epoch."""
    component = views[COMPONENT].astype(np.int64)
    prints = row_fingerprints(views)
    for number in np.unique(component).tolist():
        own = np.flatnonzero(component == number)
        first = phase.first_drawn[number] + drawn[number]
        epoch = (first + np.arange(len(own))) // phase.epoch_rows[number]
        for which in np.unique(epoch).tolist():
            rows, total = epochs.get((number, which), (0, 0))
            some = prints[own[epoch == which]]
            added = int(np.add.reduce(some, dtype=np.uint64))
            epochs[number, which] = rows + len(some), (total + added) % 2**64


def row_fingerprints(views: Mapping[str, np.ndarray]) -> np.ndarray:
    """64 bits for every row that follow from its pieces: documents, offsets and places.

    Returns:
        uint64 [rows].
    """
    with np.errstate(over="ignore"):
        mixed = np.zeros(len(views["document_ids"]), np.uint64)
        for name, multiplier in zip(RAGGED, MULTIPLIERS, strict=False):
            mixed = (mixed ^ views[name].astype(np.uint64)) * multiplier
            mixed ^= mixed >> np.uint64(32)
        found: np.ndarray = np.add.reduceat(mixed, views["row_offsets"][:-1])
        found = found * MULTIPLIERS[3]
        return found ^ (found >> np.uint64(29))
