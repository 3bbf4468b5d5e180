"""The mixture: what was wanted, what there was, what was made of it, and its course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formats.units import format_count
from pipeline.report.drawings import shares_along
from pipeline.report.language_filter import LanguageFilter
from pipeline.report_html import bars, escape, fold, legend, section, table

if TYPE_CHECKING:
    from formats.run_folder import RunFolder
    from formats.shards import TokenShards

PARTS_DRAWN = 11
"""Components with a colour of their own; the others are one grey."""
POINTS = 60

Summary = dict[str, Any]


def mixture_section(folder: RunFolder, summary: Summary, languages: LanguageFilter) -> str:
    """The section; empty where the recipe makes no mixture."""
    if "mixture" not in summary:
        return ""
    shards = _shards(folder)
    parts = []
    for phase in summary["mixture"]["phases"]:
        parts.append(f"<h3>{escape(phase['name'])}: {format_count(phase['tokens'])} tokens</h3>")
        parts.append(_shares(phase, languages))
        if shards is not None and phase["name"] in {p.name for p in shards.manifest.phases}:
            parts.append(_course(shards, phase))
        parts.append(fold("supply and epochs", _supply(phase, languages)))
    lead = "Share of the training rows per component; in every prefix within one row of its share."
    return section("Mixture wanted and got", *parts, lead=lead)


def _shares(phase: Summary, languages: LanguageFilter) -> str:
    components = sorted(phase["components"], key=lambda part: -part["share_wanted"])
    rows, classes = [], []
    for part in components:
        got = part["rows"] / max(phase["rows"], 1)
        text = (
            f"{part['share_wanted']:.2%} -> {got:.2%}, {format_count(part['tokens'])} tokens, "
            f"{part['epochs']:.2f} epochs of {format_count(part['supply_tokens'])}"
        )
        rows.append((part["name"], [part["share_wanted"], got], text))
        classes.append(languages.row_of(part["name"]))
    return bars(rows, ["wanted", "got"], classes)


def _supply(phase: Summary, languages: LanguageFilter) -> str:
    from stages.mixture.rehydration import in_words

    columns = ["component", "documents", "supply", "used", "epochs", "padding", "repeated"]
    rows = [
        [
            part["name"], f"{part['documents']:,}", format_count(part["supply_tokens"]),
            format_count(part["tokens"]), f"{part['epochs']:.2f}",
            f"{part['padding'] / max(part['tokens'], 1):.1%}",
            in_words({int(n): c for n, c in (part.get("repetitions") or {}).items()}),
        ]
        for part in phase["components"]
    ]  # fmt: skip
    classes = [languages.row_of(part["name"]) for part in phase["components"]]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return table(columns, rows, classes)


def _shards(folder: RunFolder) -> TokenShards | None:
    """The training rows, where they are still there."""
    from formats.shards import TokenShards

    try:
        return TokenShards(folder.shards_path)
    except (FileNotFoundError, ValueError):
        return None


def _course(shards: TokenShards, phase: Summary) -> str:
    """Shares along the phase, as they lie in the shards; the largest components, then the rest."""
    from pipeline.looking.along import component_counts

    rows = component_counts(shards, phase["name"], POINTS).to_pylist()
    order = sorted(phase["components"], key=lambda part: (-part["rows"], part["name"]))
    names = [part["name"] for part in order[:PARTS_DRAWN]]
    positions = list(dict.fromkeys(row["position"] for row in rows))
    place = {position: number for number, position in enumerate(positions)}
    shares = {name: [0.0] * len(positions) for name in [*names, "others"]}
    for row in rows:
        name = row["component"] if row["component"] in names else "others"
        shares[name][place[row["position"]]] += row["share"]
    if len(order) <= PARTS_DRAWN:
        del shares["others"]
    # Each piece is a step: its share holds from where the piece before it ended.
    along = [edge for a, b in zip([0.0, *positions], positions, strict=False) for edge in (a, b)]
    steps = [[value for value in values for _ in "ab"] for values in shares.values()]
    words = f"shares along {phase['name']}: " + ", ".join(
        f"{name} {values[0]:.0%} to {values[-1]:.0%}" for name, values in shares.items()
    )
    return (
        '<figure class="course"><figcaption>Shares of the rows as they lie in the shards, from the '
        f"first to the last of the phase</figcaption>{shares_along(along, steps, words)}"
        '<div class="axis"><span>0%</span><b>position in the phase</b><span>100%</span></div>'
        f"{legend(list(shares), 'part')}</figure>"
    )
