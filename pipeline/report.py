"""``report.html``: one self-contained page on what happened to the text and what the mixture is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formats import storage
from formats.units import format_bytes, format_count
from pipeline.clusters import clusters_section
from pipeline.report_html import bars, escape, excerpt, figures, fold, page, section, table
from pipeline.report_mixed import mixed_section
from pipeline.report_removed import removed_section

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

LANGUAGES_SHOWN = 40
SAMPLE_CHARACTERS = 600

Summary = dict[str, Any]


def write_report(folder: RunFolder, summary: Summary) -> None:
    """Draw the summary, with samples of what was removed, to ``report.html``."""
    sections = [
        _head(summary),
        _funnel(summary),
        _languages(summary),
        mixed_section(summary),
        removed_section(folder, summary),
        clusters_section(folder, summary),
        _repairs(summary),
        _quarantine(folder, summary),
        _parallel(summary),
        _tokenizer(summary),
        _mixture(summary),
        _timings(summary),
    ]
    text = page(f"{summary['name']}: report", [part for part in sections if part])
    storage.write_text(folder.report_path, text)


def _head(summary: Summary) -> str:
    read, kept = summary["input"], summary["kept"]
    numbers = [
        ("documents read", format_count(read["documents"])),
        ("text read", format_bytes(read["text_bytes"])),
        ("documents kept", format_count(kept["documents"])),
        ("text kept", format_bytes(kept["text_bytes"])),
        ("languages kept", str(len(summary["kept_by_language"]))),
    ]
    if "tokenizer" in summary:
        numbers.append(("vocabulary", f"{summary['tokenizer']['vocab_size']:,}"))
    if "mixture" in summary:
        tokens = sum(phase["tokens"] for phase in summary["mixture"]["phases"])
        numbers.append(("training tokens", format_count(tokens)))
    notes = "".join(f'<p class="lead">{escape(note)}</p>' for note in summary["notes"])
    return f"<h1>{escape(summary['name'])}</h1>{notes}{figures(numbers)}{_sources(summary)}"


def _sources(summary: Summary) -> str:
    """What became of every record of each source."""
    columns = ["source", "format", "files", "as stored", "records", "documents", "skipped",
               "quarantined", "licence"]  # fmt: skip
    rows = []
    for source in summary["sources"]:
        found = source["records"]
        lost = [f"{sum(found[what].values()):,}" for what in ("skipped", "quarantined")]
        rows.append(
            [source["name"], source["read"], source["files"], format_bytes(source["stored_bytes"]),
             f"{found['read']:,}", f"{found['documents']:,}", *lost, source["license"] or ""]
        )  # fmt: skip
    skipped = [[reason, f"{n:,}"] for reason, n in summary["input"]["skipped"].items()]
    why = fold("records skipped, by reason", table(["reason", "records"], skipped))
    return table(columns, rows) + (why if skipped else "")


def _funnel(summary: Summary) -> str:
    read = summary["input"]
    rows = [
        (
            "read",
            [float(read["text_bytes"])],
            f"{read['documents']:,} documents, {format_bytes(read['text_bytes'])}",
        )
    ]
    for entry in summary["funnel"]:
        out, dropped = entry["out"], entry["dropped"]["documents"]
        text = f"{out['documents']:,} documents, {format_bytes(out['text_bytes'])}"
        rows.append(
            (
                entry["stage"],
                [float(out["text_bytes"])],
                f"{text}, -{dropped:,}" if dropped else text,
            )
        )
    return section(
        "Funnel",
        bars(rows, ["text left"]),
        lead="Text left after each stage, in the recipe's order.",
    )


def _languages(summary: Summary) -> str:
    kept = summary["kept_by_language"]
    nothing = {"documents": 0, "text_bytes": 0}
    rows = []
    for lang, read in list(summary["read_by_language"].items())[:LANGUAGES_SHOWN]:
        left = kept.get(lang, nothing)
        text = (
            f"{read['documents']:,} -> {left['documents']:,} documents, "
            f"{left['text_bytes'] / max(read['text_bytes'], 1):.0%} of the text"
        )
        rows.append((lang, [float(read["text_bytes"]), float(left["text_bytes"])], text))
    lead = "Text read and kept per language found; 'und' is text whose language was not identified."
    return section("Languages before and after", bars(rows, ["read", "kept"]), lead=lead)


def _repairs(summary: Summary) -> str:
    parts = []
    for entry in summary["repairs"]:
        documents = sum(found["documents"] for found in entry["languages"].values())
        most = sorted(entry["languages"].items(), key=lambda item: -item[1]["documents"])
        rows = [[lang, f"{n['documents']:,}", f"{n['times']:,}"] for lang, n in most]
        samples = (_before_and_after(sample) for sample in entry["samples"])
        title = f"{entry['stage']}, {entry['kind']}: {documents:,} documents"
        parts.append(fold(title, table(["language", "documents", "times"], rows), *samples))
    lead = "What stages changed inside texts, per kind and language, with samples."
    return section("Repairs", *parts, lead=lead) if parts else ""


def _before_and_after(sample: dict[str, Any]) -> str:
    before = sample["before"]
    shown = "" if before is None else excerpt(f"before  ({sample['origin']})", before)
    return shown + excerpt(f"after  ({sample['origin']})", sample["after"])


def _quarantine(folder: RunFolder, summary: Summary) -> str:
    counted = summary["input"]["quarantined"]
    if not counted:
        return ""
    rows = [[error, f"{number:,}"] for error, number in counted.items()]
    samples = [
        excerpt(
            f"{row['path']}{'' if row['position'] is None else '#' + str(row['position'])}: "
            f"{row['error']}",
            row["raw"][:SAMPLE_CHARACTERS].decode("utf-8", "replace"),
        )
        for row in folder.quarantined(limit=10)
    ]
    lead = "What could not be read, with file and position, is in quarantine/."
    return section(
        "Quarantine", table(["error", "records"], rows), fold("samples", *samples), lead=lead
    )


def _parallel(summary: Summary) -> str:
    if not summary["parallel"]:
        return ""
    rows = [
        [pair, f"{total['documents']:,}", format_bytes(total["text_bytes"])]
        for pair, total in summary["parallel"].items()
    ]
    lead = "Translations joined to one document each, beside the documents they are made of."
    return section("Parallel documents", table(["pair", "documents", "text"], rows), lead=lead)


def _tokenizer(summary: Summary) -> str:
    if "tokenizer" not in summary:
        return ""
    tokenizer = summary["tokenizer"]
    rows = [
        (lang, [value], f"{value:.2f}")
        for lang, value in tokenizer.get("bytes_per_token", {}).items()
    ]
    lead = f"{tokenizer['vocab_size']:,} entries; bytes of text per token, per language."
    return section("Tokenizer", bars(rows, ["bytes per token"]) if rows else "", lead=lead)


def _mixture(summary: Summary) -> str:
    from stages.mixture.rehydration import in_words

    if "mixture" not in summary:
        return ""
    parts = []
    for phase in summary["mixture"]["phases"]:
        parts.append(f"<h3>{escape(phase['name'])}</h3>")
        rows = []
        for component in phase["components"]:
            got = component["rows"] / max(phase["rows"], 1)
            text = (
                f"{component['share_wanted']:.2%} -> {got:.2%}, "
                f"{format_count(component['tokens'])} tokens, {component['epochs']:.2f} epochs"
            )
            repeated = component.get("repetitions")
            if repeated:
                text += f" of documents {in_words({int(n): c for n, c in repeated.items()})}"
            rows.append((component["name"], [component["share_wanted"], got], text))
        parts.append(bars(rows, ["wanted", "got"]))
    lead = "Share of the training rows per component; in every prefix within one row of its share."
    return section("Mixture wanted and got", *parts, lead=lead)


def _timings(summary: Summary) -> str:
    rows = [
        [
            name,
            step["tasks"],
            f"{step['core_seconds']:.1f}",
            f"{step['wall_seconds']:.1f}",
            format_bytes(step["peak_memory_bytes"]),
        ]
        for name, step in summary["steps"].items()
    ]
    inside = [[name, f"{seconds:.2f}"] for name, seconds in summary["map_seconds"].items()]
    columns = ["step", "tasks", "core seconds", "wall seconds", "peak memory of a worker"]
    lead = f"{summary['seconds']:.1f} s with {summary['workers']} workers."
    return section(
        "Time and memory",
        table(columns, rows),
        "<h3>inside the map passes</h3>",
        table(["stage", "core seconds"], inside),
        lead=lead,
    )
