"""Tables for a terminal: a plan, a check, a finished run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formats.units import format_bytes, format_count
from pipeline.check import check_plan
from pipeline.partitions import count_files
from pipeline.terminal import console_of_output, print_table
from pipeline.translations import show_translations, translation_lines

if TYPE_CHECKING:
    from rich.console import Console

    from formats.run_folder import RunFolder
    from pipeline.check import CheckReport
    from pipeline.mix import MixOutcome
    from pipeline.plan import Plan

LANGUAGES_SHOWN = 20


def show_plan(plan: Plan) -> None:
    """What would run and what is done already."""
    stored = sum(p.stored_bytes for p in plan.partitions)
    files = count_files(plan.partitions)
    rows = []
    for step in plan.steps:
        done = plan.is_done(step)
        if step.tasks:
            finished = len(step.tasks) if done else plan.done_tasks(step)
            rows.append([step.name, f"{len(step.tasks)}", f"{finished}", _state(done, finished)])
        else:
            rows.append([step.name, "", "", _state(done, 0)])
    console = console_of_output()
    console.print(
        f"{plan.recipe.run.name}: {files} files, {format_bytes(stored)} as stored, "
        f"{len(plan.partitions)} partitions -> {plan.folder.path}"
    )
    print_table(console, "plan", ["step", "tasks", "done", "state"], rows)
    if plan.recipe.mixture is not None:
        show_mixture_check(console, check_plan(plan))
    if plan.is_complete():
        console.print("complete: a run would do nothing")


def _state(done: bool, finished: int) -> str:
    if done:
        return "done"
    return "goes on" if finished else "to do"


def show_check(report: CheckReport) -> None:
    """What the recipe would read, and whether the mixture can be made of it."""
    console = console_of_output()
    rows = [
        [s.name, str(s.files), format_bytes(s.stored_bytes), f"about {format_bytes(s.text_bytes)}"]
        for s in report.sources
    ]
    print_table(console, "sources", ["source", "files", "stored", "text"], rows)
    show_mixture_check(console, report)
    console.print("the recipe is valid" + ("" if report.feasible else ", but it cannot be met"))


def show_mixture_check(console: Console, report: CheckReport) -> None:
    """What the mixture wants of each component, what there is, and whether that is enough."""
    about = "" if report.counted else "about "
    counted = "counted in the run's tokens" if report.counted else "estimated, before any filter"
    if report.components:
        rows = [
            [c.name, f"{about}{c.documents:,}", f"{about}{format_count(c.tokens)}",
             f"{c.share:.2%}"]
            for c in report.components
        ]  # fmt: skip
        columns = ["component", "documents", "tokens", "share"]
        print_table(console, f"supply, {counted}", columns, rows)
    for phase in report.phases:
        rows = [
            [
                c.name,
                f"{about}{c.documents:,}",
                f"{about}{format_count(c.tokens)}",
                f"{c.share:.2%}",
                format_count(c.tokens_wanted),
                f"{c.epochs:.2f}",
                c.verdict,
            ]
            for c in phase.components
        ]
        scaled = phase.tokens_planned < phase.tokens_asked
        budget = f"{format_count(phase.tokens_asked)} tokens" + (
            f", scaled to {about}{format_count(phase.tokens_planned)}" if scaled else ""
        )
        columns = ["component", "documents", "tokens", "weight", "wanted", "epochs", "verdict"]
        print_table(console, f"{phase.name}: {budget}; {counted}", columns, rows)
    for line in report.messages:
        console.print(line)


def show_mix(outcome: MixOutcome) -> None:
    """The mixture that was made anew, and what was made for it."""
    console = console_of_output()
    _show_mixture(console, outcome.mixture)
    for line in [*outcome.mixture["notes"], *outcome.lines(), f"shards: {outcome.shards_path}"]:
        console.print(line)


def show_run(folder: RunFolder) -> None:
    """Funnel per stage and language, mixture, tokenizer, timings."""
    console = console_of_output()
    summary = folder.read_summary()
    console.print(f"{summary['name']}  ({folder.path})")
    for note in summary["notes"]:
        console.print(f"  {note}")
    _show_funnel(console, summary)
    _show_languages(console, summary)
    _show_mixed(console, summary)
    _show_reasons(console, summary)
    _show_repairs(console, summary)
    show_translations(console, summary)
    if "tokenizer" in summary:
        _show_tokenizer(console, summary["tokenizer"])
    if "mixture" in summary:
        _show_mixture(console, summary["mixture"])
    _show_timings(console, summary)


def _show_funnel(console: Console, summary: dict[str, Any]) -> None:
    read = summary["input"]
    rows = [["read", f"{read['documents']:,}", format_bytes(read["text_bytes"]), "", "", ""]]
    for entry in summary["funnel"]:
        out, dropped = entry["out"], entry["dropped"]
        share = dropped["documents"] / max(entry["in"]["documents"], 1)
        rows.append(
            [
                entry["stage"],
                f"{out['documents']:,}",
                format_bytes(out["text_bytes"]),
                f"{dropped['documents']:,}",
                f"{share:.1%}",
                f"{entry['core_seconds']:.1f}",
            ]
        )
    columns = ["stage", "documents left", "text left", "dropped", "share", "core s"]
    print_table(console, "funnel", columns, rows)
    for what in ("skipped", "quarantined"):
        if read[what]:
            listed = ", ".join(f"{number:,} {reason}" for reason, number in read[what].items())
            console.print(f"{what}: {listed}")


def _show_languages(console: Console, summary: dict[str, Any]) -> None:
    stages = [entry["stage"] for entry in summary["funnel"]]
    rows = []
    nothing = {"documents": 0, "text_bytes": 0}
    for lang, read in list(summary["read_by_language"].items())[:LANGUAGES_SHOWN]:
        left = [
            entry["languages"].get(lang, {}).get("out", nothing)["documents"]
            for entry in summary["funnel"]
        ]
        kept = summary["kept_by_language"].get(lang, nothing)
        share = kept["text_bytes"] / max(read["text_bytes"], 1)
        row = [lang, f"{read['documents']:,}", *(f"{n:,}" for n in left)]
        rows.append([*row, format_bytes(kept["text_bytes"]), f"{share:.0%}"])
    columns = ["language", "read", *stages, "text kept", "share"]
    print_table(console, "documents left per language", columns, rows)


def _show_mixed(console: Console, summary: dict[str, Any]) -> None:
    rows = []
    for lang, found in list(summary["mixed_languages"]["languages"].items())[:LANGUAGES_SHOWN]:
        kept = summary["kept_by_language"].get(lang, {"documents": 0})["documents"]
        others = ", ".join(f"{other} {n:,}" for other, n in list(found["with"].items())[:5])
        share = f"{found['kept'] / max(kept, 1):.1%}"
        rows.append([lang, f"{found['read']:,}", f"{found['kept']:,}", share, others])
    columns = ["language", "read", "kept", "of those kept", "beside it (kept)"]
    if rows:
        print_table(console, "documents in several languages (lang_mix)", columns, rows)


def _show_reasons(console: Console, summary: dict[str, Any]) -> None:
    rows = [
        [entry["stage"], rule, f"{total['documents']:,}", format_bytes(total["text_bytes"])]
        for entry in summary["funnel"]
        for rule, total in entry["reasons"].items()
    ]
    if rows:
        print_table(console, "why documents went", ["stage", "rule", "documents", "text"], rows)


def _show_repairs(console: Console, summary: dict[str, Any]) -> None:
    rows = []
    for entry in summary["repairs"]:
        languages = entry["languages"]
        most = sorted(languages, key=lambda lang: -languages[lang]["documents"])[:5]
        documents = sum(found["documents"] for found in languages.values())
        times = sum(found["times"] for found in languages.values())
        rows.append(
            [entry["stage"], entry["kind"], f"{documents:,}", f"{times:,}", ", ".join(most)]
        )
    columns = ["stage", "kind", "documents", "times", "mostly in"]
    if rows:
        print_table(console, "repairs", columns, rows)


def _show_tokenizer(console: Console, tokenizer: dict[str, Any]) -> None:
    console.print(f"tokenizer: {tokenizer['vocab_size']:,} entries")
    rows = [
        [lang, f"{bytes_per_token:.2f}"]
        for lang, bytes_per_token in list(tokenizer.get("bytes_per_token", {}).items())
    ]
    if rows:
        print_table(console, "bytes per token", ["language", "bytes"], rows[:LANGUAGES_SHOWN])


def _show_mixture(console: Console, mixture: dict[str, Any]) -> None:
    from stages.mixture.rehydration import in_words

    for phase in mixture["phases"]:
        rows = [
            [
                c["name"],
                f"{c['share_wanted']:.2%}",
                f"{c['rows'] / max(phase['rows'], 1):.2%}",
                f"{c['rows']:,}",
                format_count(c["tokens"]),
                f"{c['epochs']:.2f}",
                in_words({int(n): count for n, count in c.get("repetitions", {}).items()}),
            ]
            for c in phase["components"]
        ]
        title = f"mixture of {phase['name']}: {phase['rows']:,} rows"
        columns = ["component", "wanted", "got", "rows", "tokens", "epochs", "repeated"]
        if not any(row[-1] for row in rows):
            columns, rows = columns[:-1], [row[:-1] for row in rows]
        print_table(console, title, columns, rows)


def _show_timings(console: Console, summary: dict[str, Any]) -> None:
    rows = [
        [
            name,
            f"{step['tasks']}",
            f"{step['core_seconds']:.1f}",
            f"{step['wall_seconds']:.1f}",
            format_bytes(step["peak_memory_bytes"]),
        ]
        for name, step in summary["steps"].items()
    ]
    columns = ["step", "tasks", "core s", "wall s", "peak memory"]
    print_table(
        console, f"time: {summary['seconds']:.1f} s, {summary['workers']} workers", columns, rows
    )
    spent = ", ".join(f"{name} {seconds}" for name, seconds in summary["map_seconds"].items())
    console.print(f"inside the map passes, core s: {spent}")


def closing_lines(folder: RunFolder, summary: dict[str, Any]) -> list[str]:
    """What a run says when it ends: what there is, and what to open next."""
    read, kept = summary["input"], summary["kept"]
    lines = [
        f"done in {summary['seconds']:.1f} s: kept {kept['documents']:,} documents "
        f"({format_bytes(kept['text_bytes'])}) of {read['documents']:,} read"
    ]
    lines += translation_lines(summary)
    if "mixture" in summary:
        for phase in summary["mixture"]["phases"]:
            tokens = format_count(phase["tokens"])
            lines.append(f"  {phase['name']}: {phase['rows']:,} rows, {tokens} tokens")
    lines += [
        "next:",
        f"  open {folder.report_path}",
        f"  python -m pipeline show {folder.path}",
    ]
    if "mixture" in summary:
        lines.append(f"  python -m pipeline trace {folder.path} --row 0")
    return lines
