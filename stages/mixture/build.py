"""From tokenized components to training shards.

    pack        per component and selection: documents into rows, a plan on disk, in parts
    plan        shares and budgets of the phases, against what the packing made
    schedule    per phase: which component each row belongs to, kept as counts before each file
    shards      per shard file: gather tokens, write, hash
    manifest    last, so that its presence means that the shards are whole

Packing, scheduling and writing run on the engine and are recorded there item by item. All is
decided by the tokens, the settings and the seed: any number of workers writes the same bytes.

The budget of a phase is ``tokens // sequence_length`` rows (at least one), so a phase counts its
tokens with padding; the padding is reported beside them. Each phase may take all that its ``where``
selects, ``max_epochs`` times, less what is held out, what others reserve, and what the phase took
that it continues (``splits``).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from formats.manifest import (
    MANIFEST,
    SCHEDULE,
    Manifest,
    ManifestComponent,
    ManifestFile,
    ManifestPhase,
)
from formats.storage import atomic_path, file_size, filesystem
from formats.tokens import TokensReader, component_folder, component_name, file_bytes, token_dtype
from stages.base import Engine
from stages.mixture.interleave import component_counts_before, make_schedule
from stages.mixture.options import EVERY_COMPONENT, MixtureOptions, PhaseOptions, ShardOptions
from stages.mixture.pack import Packed, pack_components
from stages.mixture.plan import Supply
from stages.mixture.planned import PlannedPhase, phases_of, planned_phases, set_first_rows
from stages.mixture.rehydration import table_of
from stages.mixture.write_shard import write_shard
from stages.selectors import columns_of


def build_mixture(
    tokens_folder: str,
    shards_folder: str,
    work_folder: str,
    options: MixtureOptions,
    shard_options: ShardOptions,
    engine: Engine,
    seed: int,
    vocab_size: int,
    tokenizer_sha256: str,
    special_ids: Mapping[str, int],
    fit_to_supply: bool = False,
) -> dict[str, Any]:
    """Make the shards of all phases and their manifest.

    Args:
        tokens_folder: ``<component>/part-*.arrow`` (``formats.tokens``).
        shards_folder: where the shards go; other shard files in it are removed.
        work_folder: for packing plans and schedules; safe to delete afterwards.
        options: the recipe's ``mixture:``.
        shard_options: the recipe's ``shards:``.
        engine: where the tasks run.
        seed: of the row order.
        vocab_size: entries of the tokenizer; decides between uint16 and int32.
        tokenizer_sha256: goes into the manifest.
        special_ids: role (eos, pad, ...) -> id, goes into the manifest; see ``pad_id``.
        fit_to_supply: shrink budgets to what there is, with a note, instead of raising.

    Returns:
        ``notes`` (lines) and ``phases``: name, rows, tokens, padding, files, and components with
        name, share_wanted, rows, tokens, padding, documents, repetitions, epochs, supply_rows,
        supply_tokens.

    Raises:
        stages.mixture.plan.Infeasible: a phase asks for more than there is.
        ValueError: the mixture names what is not there.
    """
    settings: dict[str, Any] = {
        "sequence_length": options.sequence_length,
        "dtype": token_dtype(vocab_size).name,
        "tokenizer_sha256": tokenizer_sha256,
        "packing": options.packing,  # the same plan's name may mean other rows
    }
    files = component_files(tokens_folder)
    phases = phases_of(options)
    _check_columns(tokens_folder, files, phases)
    packed = pack_components(
        _selections(tokens_folder, files, phases, settings["dtype"]),
        f"{work_folder}/plans", options.sequence_length, options.packing, engine,
    )  # fmt: skip
    supplies = [
        {name: _supply(found) for (name, _), found in _of_phase(packed, phase).items()}
        for phase in phases
    ]
    planned = planned_phases(options, supplies, fit_to_supply)
    counts = _schedule(work_folder, planned, shard_options.sequences_per_shard, engine)
    set_first_rows(planned, [before[-1] for before in counts])
    phase_plans = [
        settings
        | {"name": phase.name, "order": phase.order, "seed": seed, "rows": phase.plan.rows}
        | {"pad_id": pad_id(special_ids)}
        | {
            "components": [
                {
                    "name": name,
                    "share": list(share),
                    "rows": phase.supply[name].rows,
                    "first_row": phase.first_rows[name],
                    "files": files[name],
                    "plan": plan_name(name, phase.options),
                    "parts": packed[name, plan_name(name, phase.options)]["parts"],
                }
                for name, share in zip(phase.plan.components, phase.plan.shares, strict=True)
            ]
        }
        for phase in planned
    ]
    _remove(f"{shards_folder}/{MANIFEST}")
    written = _write(
        tokens_folder, shards_folder, work_folder, phase_plans, counts, shard_options, engine
    )
    parts = [
        _manifest_phase(phase, before, shards, options.sequence_length)
        for phase, before, shards in zip(planned, counts, written, strict=True)
    ]
    manifest = Manifest(
        sequence_length=options.sequence_length,
        dtype=settings["dtype"],
        vocab_size=vocab_size,
        tokenizer_sha256=tokenizer_sha256,
        seed=seed,
        special_ids=dict(special_ids),
        phases=[part for part in parts if part.kind == "training"],
        held_out=next((part for part in parts if part.kind == "validation"), None),
    )
    _remove_other_shards(shards_folder, manifest)
    manifest.write(shards_folder)
    return _summary(planned, manifest)


def pad_id(special_ids: Mapping[str, int]) -> int:
    """The id that fills rows: the padding token, else the end of a document, else 0."""
    return special_ids.get("pad", special_ids.get("eos", 0))


def plan_name(component: str, phase: PhaseOptions) -> str:
    """The packing plan of a component in a phase; phases that select alike share it."""
    selection = json.dumps(phase.where, sort_keys=True, ensure_ascii=False)
    table = table_of(phase, component)
    if table:
        selection += json.dumps(table)
    return f"{component_folder(component)}-{hashlib.sha256(selection.encode()).hexdigest()[:12]}"


def component_files(folder: str) -> dict[str, list[str]]:
    """Component -> its files of tokens relative to the folder, both in name order."""
    files, inner = filesystem(folder)
    found: dict[str, list[str]] = {}
    for path in sorted(files.find(inner)):
        *_, component, name = path.split("/")
        if name.startswith("part-") and name.endswith(".arrow"):
            found.setdefault(component_name(component), []).append(f"{component}/{name}")
    if not found:
        raise ValueError(f"no tokens in {folder}: no document belongs to a component")
    return dict(sorted(found.items()))


def _check_columns(
    tokens_folder: str, files: Mapping[str, list[str]], phases: Sequence[PhaseOptions]
) -> None:
    """Refuse to select by a column that the tokens lack, before any work.

    Raises:
        ValueError: they do.
    """
    path = f"{tokens_folder}/{next(iter(files.values()))[0]}"
    there = TokensReader(path).selectors
    for phase in phases:
        for column in [*columns_of(phase.where), *table_of(phase, EVERY_COMPONENT)]:
            if column not in there:
                near = difflib.get_close_matches(column, there, 1)
                hint = f" (did you mean {near[0]!r}?)" if near else ""
                raise ValueError(
                    f"phase {phase.name!r} selects by unknown column {column!r}{hint}; the tokens "
                    f"keep: {', '.join(there) or 'none'}. `python -m pipeline run` keeps what the "
                    "recipe's phases name"
                )


def _selections(
    tokens_folder: str,
    files: Mapping[str, list[str]],
    phases: Sequence[PhaseOptions],
    dtype: str,
) -> dict[tuple[str, str], dict[str, Any]]:
    """What the phases take of each component: those that select alike share a packing plan."""
    return {
        (component, plan_name(component, phase)): {
            "dtype": dtype,
            "folder": tokens_folder,
            "files": parts,
            "where": dict(phase.where),
            "rehydrate": table_of(phase, component),
        }
        for phase in phases
        for component, parts in files.items()
    }


def _supply(found: Mapping[str, Any]) -> Supply:
    """What ``pack_components`` said, for the plan."""
    counts = {name: found[name] for name in ("rows", "documents", "tokens")}
    return Supply(**counts, repetitions=dict(found["repetitions"]))


def _of_phase(packed: Packed, phase: PhaseOptions) -> Packed:
    """What was packed for the phase's selection."""
    return {key: found for key, found in packed.items() if key[1] == plan_name(key[0], phase)}


def _schedule(
    work_folder: str, planned: Sequence[PlannedPhase], rows_per_file: int, engine: Engine
) -> list[np.ndarray]:
    """Of each phase, the rows of each component before each file: int64 [files + 1, k]."""
    items: list[dict[str, Any]] = [
        {
            "rows": phase.plan.rows,
            "shares": [list(share) for share in phase.plan.shares],
            "rows_per_file": rows_per_file,
            "path": f"{work_folder}/schedules/{component_folder(phase.name)}.counts",
        }
        for phase in planned
    ]
    engine.map("mixture-schedule", write_schedule, items)
    return [
        file_bytes(item["path"]).view(np.int64).reshape(-1, len(item["shares"])) for item in items
    ]


def write_schedule(item: Mapping[str, Any]) -> dict[str, Any]:
    """Run a phase's schedule once and keep the counts before each file; an engine task."""
    schedule = make_schedule(item["rows"], item["shares"])
    counts = component_counts_before(schedule, item["rows_per_file"])
    _write_bytes(item["path"], counts.astype("<i8").tobytes())
    return {"rows": counts[-1].tolist()}


def _write(
    tokens_folder: str,
    shards_folder: str,
    work_folder: str,
    phase_plans: Sequence[Mapping[str, Any]],
    counts: Sequence[np.ndarray],
    options: ShardOptions,
    engine: Engine,
) -> list[list[dict[str, Any]]]:
    """Write all shard files; of each phase, its files' items with ``sha256`` and ``padding``."""
    items: list[list[dict[str, Any]]] = []
    for plan, before in zip(phase_plans, counts, strict=True):
        folder = component_folder(plan["name"])
        text = json.dumps(plan, ensure_ascii=False).encode()
        path = f"{work_folder}/phases/{folder}.json"
        _write_bytes(path, text)
        items.append(
            [
                {
                    "phase_plan": path,
                    "phase_plan_sha256": hashlib.sha256(text).hexdigest(),
                    "tokens_folder": tokens_folder,
                    "plans_folder": f"{work_folder}/plans",
                    "path": f"{shards_folder}/{folder}/shard-{number:05d}.arrow",
                    "first": first,
                    "rows": min(options.sequences_per_shard, plan["rows"] - first),
                    "counts_before": before[number].tolist(),
                    "compression": options.compression,
                }
                for number, first in enumerate(range(0, plan["rows"], options.sequences_per_shard))
            ]
        )
    flat = [item for phase in items for item in phase]
    results = iter(engine.map("mixture-shards", write_shard, flat))
    return [[item | next(results) for item in phase] for phase in items]


def _manifest_phase(
    phase: PlannedPhase,
    counts: np.ndarray,
    files: Sequence[Mapping[str, Any]],
    sequence_length: int,
) -> ManifestPhase:
    plan, supply = phase.plan, phase.supply
    padding = np.sum([file["padding"] for file in files], axis=0).tolist()
    return ManifestPhase(
        name=plan.name,
        kind="validation" if phase.is_held_out else "training",
        continues=phase.options.continues,
        rows=plan.rows,
        tokens=plan.rows * sequence_length,
        schedule=SCHEDULE,
        components=[
            ManifestComponent(
                name=name,
                share=list(plan.shares[number]),
                first_row=phase.first_rows[name],
                rows=int(counts[-1][number]),
                tokens=int(counts[-1][number]) * sequence_length,
                padding=padding[number],
                documents=supply[name].documents,
                repetitions=dict(supply[name].repetitions),
                epochs=int(counts[-1][number]) / supply[name].rows,
            )
            for number, name in enumerate(plan.components)
        ],
        files=[
            ManifestFile(
                path="/".join(file["path"].split("/")[-2:]),
                rows=file["rows"],
                sha256=file["sha256"],
                component_counts_before=file["counts_before"],
            )
            for file in files
        ],
    )


def _summary(planned: Sequence[PlannedPhase], manifest: Manifest) -> dict[str, Any]:
    """What the report and ``show`` tell of the mixture."""
    phases = []
    for own, phase in zip(planned, manifest.every_phase, strict=True):
        components = [
            component.model_dump(mode="json")
            | {
                "share_wanted": wanted,
                "supply_rows": own.supply[component.name].rows,
                "supply_tokens": own.supply[component.name].tokens,
            }
            for component, wanted in zip(phase.components, own.plan.average_shares, strict=True)
        ]
        phases.append(
            {
                "name": phase.name,
                "kind": phase.kind,
                "rows": phase.rows,
                "tokens": phase.tokens,
                "padding": sum(component.padding for component in phase.components),
                "files": len(phase.files),
                "components": components,
            }
        )
    return {"notes": [note for own in planned for note in own.plan.notes], "phases": phases}


def _remove_other_shards(folder: str, manifest: Manifest) -> None:
    """Remove shard files that an earlier mixture left: whoever lists the folder finds this one."""
    wanted = {file.path for phase in manifest.every_phase for file in phase.files}
    files, inner = filesystem(folder)
    for path in files.find(inner):
        name = "/".join(path.split("/")[-2:])
        if re.fullmatch(r".*/shard-\d+\.arrow", name) and name not in wanted:
            files.rm(path)


def _remove(path: str) -> None:
    if file_size(path) is not None:
        files, inner = filesystem(path)
        files.rm(inner)


def _write_bytes(path: str, data: bytes) -> None:
    with atomic_path(path) as temporary:
        files, inner = filesystem(temporary)
        files.pipe_file(inner, data)
