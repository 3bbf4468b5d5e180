"""Proving a run's shards: the bytes, the mixture, the boundaries, and rows traced back to text.

    manifest     sums that must agree, shares that sum to one, special tokens
    tokenizer    the one in the run is the one the shards were made with
    files        in parallel: ``stages.mixture.verify_shard``
    epochs       whole epochs of a component hold the same rows
    rows         a sample: the same row in another epoch, and its documents encoded again

Every fault is told, not the first alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import xxhash

from formats.manifest import MANIFEST, SCHEDULE, Manifest, ManifestFile, ManifestPhase
from formats.run_folder import RunFolder
from formats.shards import TokenShards
from formats.storage import file_size, filesystem
from formats.tokenizer_files import TokenizerFiles, read_tokenizer_files
from formats.tokens import TokensReader, component_folder, token_dtype
from pipeline.verify_text import trace_to_text
from stages.mixture.build import pad_id
from stages.mixture.locate import RowLocator
from stages.mixture.verify_shard import FileFacts, PhaseFacts, row_fingerprints, verify_shard

MOST_DOCUMENTS = 1 << 26
"""Document numbers kept in memory, 8 bytes each: of more, every second, third ... is looked up."""
PROBLEMS_TOLD = 20
"""Of a file, or of the sampled rows: a broken file has the same fault in every row."""

Step = Callable[[str, int], AbstractContextManager[None]]


@dataclass
class PhaseVerified:
    """What was found of a phase."""

    name: str
    rows: int
    files: int
    largest_stray: float = 0.0
    """In rows, over all prefixes and components."""
    padding: int = 0
    tokens: int = 0


@dataclass
class Verification:
    """What was found; no problems: the shards are what the manifest says."""

    problems: list[str] = field(default_factory=list)
    phases: list[PhaseVerified] = field(default_factory=list)
    rows_traced: int = 0
    documents_traced: int = 0
    tokens_traced: int = 0
    twins: int = 0
    """Sampled rows that were compared with the same row of another epoch."""
    not_checked: list[str] = field(default_factory=list)
    """What could not be checked, and why."""


def verify(
    path: str,
    rows: int,
    workers: int,
    step: Step,
    part_done: Callable[[], None],
    seed: int = 0,
) -> Verification:
    """Check a run's shards, or a folder of shards alone.

    Args:
        path: a run folder, or a folder with a manifest.json.
        rows: how many to trace back to text.
        workers: files at a time.
        step: shows a step of so many parts.
        part_done: called after each part.
        seed: of the sample of rows.

    Raises:
        FileNotFoundError: there are no shards, or they were not finished.
        ValueError: the manifest cannot be read.
    """
    alone = file_size(f"{path}/{MANIFEST}") is not None
    folder = None if alone else RunFolder(path)
    shards = TokenShards(path if folder is None else folder.shards_path)
    found = Verification()
    found.problems += manifest_problems(shards.manifest)
    found.problems += _stray_files(shards)
    tokenizer = _tokenizer(folder, shards.manifest, found)
    documents, sampled = _documents_by_component(folder, shards.manifest, found)
    eos = _end_token(tokenizer)
    with ThreadPoolExecutor(workers) as pool:
        for phase in shards.manifest.every_phase:
            try:
                locator = RowLocator(shards.manifest, phase)
            except ValueError as error:
                found.problems.append(f"phase {phase.name}: {error}")
                continue
            facts = PhaseFacts(
                shards.manifest, phase.name, locator.schedule, locator.epoch_rows,
                locator.first_drawn, pad_id(shards.manifest.special_ids), eos, documents, sampled,
            )  # fmt: skip
            with step(f"verify {phase.name}", len(phase.files)):
                check = partial(_verify_file, shards.path, facts)
                results = []
                tasks = zip(phase.files, locator.first_rows.tolist(), strict=False)
                for result in pool.map(check, tasks):
                    results.append(result)
                    part_done()
            _conclude(phase, results, found)
    if not found.problems and rows:
        _sample(folder, shards, rows, workers, seed, step, part_done, found)
    elif rows:
        found.not_checked.append("rows were not traced to text: the shards have faults already")
    return found


def _verify_file(folder: str, facts: PhaseFacts, task: tuple[ManifestFile, int]) -> FileFacts:
    """Check a file, given with the number of its first row."""
    file, first = task
    return verify_shard(f"{folder}/{file.path}", file, first, facts)


def manifest_problems(manifest: Manifest) -> list[str]:
    """What cannot be true of a manifest, without looking at any file."""
    problems = []
    if manifest.dtype != token_dtype(manifest.vocab_size).name:
        problems.append(f"a vocabulary of {manifest.vocab_size} is not kept as {manifest.dtype}")
    for role, number in manifest.special_ids.items():
        if not 0 <= number < manifest.vocab_size:
            problems.append(f"special token {role!r} is {number}, beyond the vocabulary")
    names = [file.path for phase in manifest.every_phase for file in phase.files]
    listed: set[str] = set()
    for name in names:
        if name in listed:
            problems.append(f"file {name} is listed twice")
        listed.add(name)
    for phase in manifest.every_phase:
        problems += [f"phase {phase.name}: {what}" for what in _phase_problems(phase, manifest)]
    return [f"{MANIFEST}: {problem}" for problem in problems]


def _phase_problems(phase: ManifestPhase, manifest: Manifest) -> Iterator[str]:
    if phase.schedule != SCHEDULE:
        yield f"its rows follow the schedule {phase.schedule!r}; this is {SCHEDULE!r}"
    if phase.tokens != phase.rows * manifest.sequence_length:
        yield f"{phase.tokens} tokens in {phase.rows} rows"
    rows = [sum(file.rows for file in phase.files), sum(c.rows for c in phase.components)]
    for what, count in zip(("files", "components"), rows, strict=True):
        if count != phase.rows:
            yield f"its {what} have {count} rows, it has {phase.rows}"
    for component in phase.components:
        if component.tokens != component.rows * manifest.sequence_length:
            yield f"component {component.name!r}: {component.tokens} tokens, {component.rows} rows"
        if component.rows and not component.epochs > 0:
            epochs = component.epochs
            yield f"component {component.name!r}: {component.rows} rows in {epochs} epochs"
    first = 0
    for file in phase.files:
        if sum(file.component_counts_before) != first:
            yield f"the counts before {file.path} do not sum to its first row, {first}"
        first += file.rows


def _stray_files(shards: TokenShards) -> list[str]:
    """Shard files that the manifest does not list: a reader of the folder would take them."""
    listed = {file.path for phase in shards.manifest.every_phase for file in phase.files}
    files, inner = filesystem(shards.path)
    found = sorted("/".join(path.split("/")[-2:]) for path in files.find(inner))
    return [
        f"{shards.path}/{name}: not in the manifest"
        for name in found
        if name.endswith(".arrow") and name not in listed
    ]


def _tokenizer(
    folder: RunFolder | None, manifest: Manifest, found: Verification
) -> TokenizerFiles | None:
    """The run's tokenizer; what is wrong with it goes to the problems."""
    if folder is None:
        found.not_checked.append("the tokenizer and the text: this is a folder of shards alone")
        return None
    try:
        tokenizer = read_tokenizer_files(folder.tokenizer_path)
    except (FileNotFoundError, ValueError) as error:
        found.problems.append(f"{folder.tokenizer_path}: {error}")
        return None
    wrong = []
    if tokenizer.sha256 != manifest.tokenizer_sha256:
        wrong.append(f"sha256 {tokenizer.sha256}, the shards were made with "
                     f"{manifest.tokenizer_sha256}")  # fmt: skip
    if tokenizer.vocab_size != manifest.vocab_size:
        wrong.append(f"{tokenizer.vocab_size} tokens, the manifest says {manifest.vocab_size}")
    if dict(tokenizer.special_ids) != manifest.special_ids:
        wrong.append(f"special tokens {dict(tokenizer.special_ids)}, the manifest says "
                     f"{manifest.special_ids}")  # fmt: skip
    found.problems += [f"{tokenizer.path}: {problem}" for problem in wrong]
    return None if wrong else tokenizer


def _end_token(tokenizer: TokenizerFiles | None) -> int | None:
    """The end token, where text can never give it because it is special."""
    import orjson

    if tokenizer is None:
        return None
    added = orjson.loads(tokenizer.json_bytes).get("added_tokens") or []
    special = {token["id"] for token in added if token["special"]}
    return tokenizer.eos_id if tokenizer.eos_id in special else None


def _documents_by_component(
    folder: RunFolder | None, manifest: Manifest, found: Verification
) -> tuple[dict[str, np.ndarray], int]:
    """The numbers of every component's documents, sorted, and of how many each one is kept."""
    if folder is None:
        return {}, 1
    names = {c.name: c.documents for phase in manifest.every_phase for c in phase.components}
    there = set(folder.components())
    if any(component_folder(name) not in there for name in names):
        found.not_checked.append(
            "which component a document is of: the run has no tokens/ any more"
        )
        return {}, 1
    sampled = max(1, -(-sum(names.values()) // MOST_DOCUMENTS))
    documents = {}
    for name in names:
        files, inner = filesystem(f"{folder.tokens_path}/{component_folder(name)}")
        numbers = [np.zeros(0, np.uint64)]
        for path in sorted(files.find(inner)):
            if path.endswith(".arrow"):
                for batch in TokensReader(
                    str(files.unstrip_protocol(path)).removeprefix("file://")
                ).batches():
                    own = batch.document_ids
                    numbers.append(own[own % np.uint64(sampled) == 0])
        documents[name] = np.unique(np.concatenate(numbers))
    return documents, sampled


def _conclude(phase: ManifestPhase, results: list[FileFacts], found: Verification) -> None:
    """What only all files of a phase together can tell."""
    told = PhaseVerified(phase.name, phase.rows, len(phase.files), tokens=phase.tokens)
    found.phases.append(told)
    whole = True
    for file, result in zip(phase.files, results, strict=True):
        found.problems += [f"{file.path}: {line}" for line in result.problems[:PROBLEMS_TOLD]]
        if len(result.problems) > PROBLEMS_TOLD:
            more = len(result.problems) - PROBLEMS_TOLD
            found.problems.append(f"{file.path}: and {more} more faults")
        whole &= not result.problems
        if len(result.stray):
            told.largest_stray = max(told.largest_stray, float(np.abs(result.stray).max()))
    if not whole:
        return
    padding = np.sum([result.padding for result in results], axis=0).tolist()
    told.padding = sum(padding)
    for component, places in zip(phase.components, padding, strict=True):
        if places != component.padding:
            found.problems.append(
                f"phase {phase.name}: component {component.name!r} has {places} tokens of padding, "
                f"the manifest says {component.padding}"
            )
    found.problems += _epoch_problems(phase, results)


def _epoch_problems(phase: ManifestPhase, results: list[FileFacts]) -> Iterator[str]:
    """Whole epochs of a component that do not hold the same rows."""
    sums: dict[int, dict[int, tuple[int, int]]] = {}
    for result in results:
        for (component, epoch), (rows, total) in result.epochs.items():
            before = sums.setdefault(component, {}).get(epoch, (0, 0))
            sums[component][epoch] = before[0] + rows, (before[1] + total) % 2**64
    for component, epochs in sorted(sums.items()):
        whole = max(rows for rows, _ in epochs.values())
        full = {epoch: total for epoch, (rows, total) in epochs.items() if rows == whole}
        if len(epochs) > 1 and len(set(full.values())) > 1:
            yield (
                f"phase {phase.name}: epochs {', '.join(map(str, sorted(full)))} of component "
                f"{phase.components[component].name!r} do not hold the same rows"
            )


def _sample(
    folder: RunFolder | None,
    shards: TokenShards,
    rows: int,
    workers: int,
    seed: int,
    step: Step,
    part_done: Callable[[], None],
    found: Verification,
) -> None:
    """Look at some rows in full."""
    chosen = sample_rows(shards.manifest, rows, seed)
    found.problems += _twin_problems(shards, chosen, found)[:PROBLEMS_TOLD]
    if folder is None or not folder.has_documents():
        if folder is not None:
            found.not_checked.append("rows were not traced to text: the run has no documents/")
        return
    traced = trace_to_text(folder, shards, chosen, workers, step, part_done)
    found.problems += traced.problems[:PROBLEMS_TOLD]
    if len(traced.problems) > PROBLEMS_TOLD:
        found.problems.append(f"and {len(traced.problems) - PROBLEMS_TOLD} more such differences")
    found.rows_traced = len(chosen)
    found.documents_traced, found.tokens_traced = traced.documents, traced.tokens


def sample_rows(manifest: Manifest, count: int, seed: int) -> list[tuple[str, int]]:
    """Rows of all phases, drawn by hashing: each row as likely as any other, none twice."""
    ends = np.cumsum([phase.rows for phase in manifest.every_phase]).tolist()
    total = ends[-1] if ends else 0
    if count >= total:
        numbers = set(range(total))
    else:
        numbers = set()
        draw = 0
        while len(numbers) < count:
            numbers.add(xxhash.xxh3_64_intdigest(f"{seed}\0verify\0{draw}".encode()) % total)
            draw += 1
    chosen = []
    for number in sorted(numbers):
        phase = int(np.searchsorted(ends, number, "right"))
        before = ends[phase - 1] if phase else 0
        chosen.append((manifest.every_phase[phase].name, number - before))
    return chosen


def _twin_problems(
    shards: TokenShards, chosen: list[tuple[str, int]], found: Verification
) -> list[str]:
    """Sampled rows of later epochs that differ from the same row of the first."""
    problems = []
    locators = {
        phase.name: RowLocator(shards.manifest, phase) for phase in shards.manifest.every_phase
    }
    for phase, row in chosen:
        locator = locators[phase]
        located = locator.locate(row)
        drawn = locator.first_drawn[located.component]
        first_epoch = int(drawn // locator.epoch_rows[located.component])
        for epoch in (first_epoch, first_epoch + 1):
            twin = None if epoch >= located.epoch else locator.twin(located, epoch)
            if twin is None:
                continue
            found.twins += 1
            one, other = shards.read(phase, row, 1), shards.read(phase, twin, 1)
            same = np.array_equal(one["input_ids"], other["input_ids"])
            if not same or row_fingerprints(one) != row_fingerprints(other):
                problems.append(f"{phase} row {row}: row {twin}, the same of an earlier epoch, "
                                "holds something else")  # fmt: skip
            break
    return problems


def summary_lines(found: Verification) -> list[str]:
    """What was found, for a person."""
    lines = [
        f"{phase.name}: {phase.rows:,} rows in {phase.files:,} files, no prefix more than "
        f"{phase.largest_stray:.4f} rows off the mixture, "
        f"{phase.padding / phase.tokens:.3%} padding"
        for phase in found.phases
    ]
    if found.rows_traced:
        lines.append(
            f"traced {found.rows_traced:,} rows to {found.documents_traced:,} documents: "
            f"{found.tokens_traced:,} tokens encoded again"
        )
    if found.twins:
        lines.append(f"compared {found.twins:,} rows with the same rows of an earlier epoch")
    lines += [f"not checked: {what}" for what in found.not_checked]
    lines += [f"FAULT {problem}" for problem in found.problems]
    faults = len(found.problems)
    lines.append("all as the manifest says" if not faults else f"{faults} faults")
    return lines
