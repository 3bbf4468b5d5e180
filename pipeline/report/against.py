"""Two runs beside each other: what the recipes say differently, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from formats import storage
from formats.units import format_bytes, format_count
from pipeline.report.language_filter import LanguageFilter
from pipeline.report.timings import stage_costs
from pipeline.report_html import escape, section, table

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

LANGUAGES_SHOWN = 40
NO_MATTER = ("run.out", "run.name")
"""What two runs always say differently."""
ABSENT = "—"

Summary = dict[str, Any]


def against_section(
    folder: RunFolder, summary: Summary, other: RunFolder, languages: LanguageFilter
) -> str:
    """The section.

    Raises:
        NotARunFolder: the other is no finished run.
    """
    before = other.read_summary()
    parts = []
    for title, drawn in (
        ("Recipe", _recipes(folder, other)),
        ("Funnel", _funnel(summary, before)),
        ("Languages kept", _languages(summary, before, languages)),
        ("Mixture", _mixture(summary, before, languages)),
        ("Tokenizer", _tokenizer(summary, before, languages)),
        ("Core seconds", _times(summary, before)),
    ):
        if drawn:
            parts.append(f"<h3>{title}</h3>{drawn}")
    lead = f"This run beside {other.path}, which the columns 'before' are of."
    return section("Beside another run", *parts, lead=lead)


def recipe_differences(
    now: Mapping[str, Any], before: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Settings that are not the same: key with dots, value before, value now.

    >>> recipe_differences({"stages": [{"pii": {"mask": True}}]}, {"stages": []})
    [('stages.pii.mask', '—', 'True')]
    """
    ours, theirs = dict(_leaves(now)), dict(_leaves(before))
    return [
        (key, theirs.get(key, ABSENT), ours.get(key, ABSENT))
        for key in dict.fromkeys([*ours, *theirs])
        if ours.get(key, ABSENT) != theirs.get(key, ABSENT) and key not in NO_MATTER
    ]


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every value with its key; items of lists are named as in ``--set`` (``load_recipe``)."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            if "name" in item:
                yield from _leaves(item, f"{key}.{item['name']}")
            elif len(item) == 1:
                yield from _leaves(item, key)
            else:
                yield from _leaves(item, f"{key}.{number}")
    else:
        yield key, str(value)


def _recipes(folder: RunFolder, other: RunFolder) -> str:
    import yaml

    recipes = []
    for run in (folder, other):
        with storage.open_input(run.recipe_path) as stream:
            recipes.append(yaml.safe_load(stream.read()))
    changed = recipe_differences(*recipes)
    if not changed:
        return '<p class="lead">The recipes say the same.</p>'
    rows = "".join(
        f'<tr><th scope="row">{escape(key)}</th><td><del>{escape(was)}</del></td>'
        f"<td><ins>{escape(now)}</ins></td></tr>"
        for key, was, now in changed
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("setting", "before", "now"))
    return (
        f'<div class="wide" tabindex="0"><table class="settings"><tr>{head}</tr>{rows}'
        "</table></div>"
    )


def _funnel(summary: Summary, before: Summary) -> str:
    ours = {"read": summary["input"]} | {e["stage"]: e["out"] for e in summary["funnel"]}
    theirs = {"read": before["input"]} | {e["stage"]: e["out"] for e in before["funnel"]}
    rows = []
    for stage in dict.fromkeys([*ours, *theirs]):
        was, now = theirs.get(stage), ours.get(stage)
        rows.append([stage, *_both(was, now, "documents"), *_both(was, now, "text_bytes")])
    columns = ["left after", "documents before", "now", "change", "text before", "now", "change"]
    return table(columns, rows)


def _languages(summary: Summary, before: Summary, languages: LanguageFilter) -> str:
    ours, theirs = summary["kept_by_language"], before["kept_by_language"]
    names = list(dict.fromkeys([*ours, *theirs]))[:LANGUAGES_SHOWN]
    rows = [
        [name, *_both(theirs.get(name), ours.get(name), "documents"),
         *_both(theirs.get(name), ours.get(name), "text_bytes")]
        for name in names
    ]  # fmt: skip
    columns = ["language", "documents before", "now", "change", "text before", "now", "change"]
    return table(columns, rows, [languages.row(name) for name in names])


def _mixture(summary: Summary, before: Summary, languages: LanguageFilter) -> str:
    ours, theirs = _components(summary), _components(before)
    rows, classes = [], []
    for phase, name in dict.fromkeys([*ours, *theirs]):
        was, now = theirs.get((phase, name)), ours.get((phase, name))
        cells = zip(_part_cells(was), _part_cells(now), strict=True)
        rows.append([f"{phase}, {name}", *(cell for pair in cells for cell in pair)])
        classes.append(languages.row_of(name))
    columns = ["component", "share before", "now", "epochs before", "now", "tokens before", "now"]
    return table(columns, rows, classes) if rows else ""


def _part_cells(part: tuple[float, float, int] | None) -> list[str]:
    if part is None:
        return [ABSENT] * 3
    share, epochs, tokens = part
    return [f"{share:.2%}", f"{epochs:.2f}", format_count(tokens)]


def _components(summary: Summary) -> dict[tuple[str, str], tuple[float, float, int]]:
    """(phase, component) -> share of the rows, epochs, tokens."""
    return {
        (phase["name"], part["name"]): (
            part["rows"] / max(phase["rows"], 1), part["epochs"], part["tokens"],
        )
        for phase in summary.get("mixture", {}).get("phases", [])
        for part in phase["components"]
    }  # fmt: skip


def _tokenizer(summary: Summary, before: Summary, languages: LanguageFilter) -> str:
    ours, theirs = summary.get("tokenizer"), before.get("tokenizer")
    if ours is None and theirs is None:
        return ""
    both = [found or {} for found in (theirs, ours)]
    sizes = [f"{found['vocab_size']:,}" if found else ABSENT for found in both]
    same = " They are the same." if len({found.get("sha256") for found in both}) == 1 else ""
    rates = [found.get("bytes_per_token", {}) for found in both]
    names = list(dict.fromkeys([*rates[1], *rates[0]]))[:LANGUAGES_SHOWN]
    rows = []
    for name in names:
        was, now = (found.get(name) for found in rates)
        change = f"{now / was - 1:+.1%}" if was and now else ""
        rows.append([name, *(f"{v:.2f}" if v else ABSENT for v in (was, now)), change])
    drawn = table(["bytes per token", "before", "now", "change"], rows,
                  [languages.row_of(name) for name in names])  # fmt: skip
    return f'<p class="lead">{sizes[0]} entries before, {sizes[1]} now.{same}</p>{drawn}'


def _times(summary: Summary, before: Summary) -> str:
    ours, theirs = ({n: s for n, s, _ in stage_costs(one)} for one in (summary, before))
    rows = [
        [name, *(f"{found[name]:,.1f}" if name in found else ABSENT for found in (theirs, ours))]
        for name in dict.fromkeys([*ours, *theirs])
    ]
    return table(["stage", "before", "now"], rows)


def _both(was: Mapping[str, int] | None, now: Mapping[str, int] | None, key: str) -> list[str]:
    """Before, now, and the change in per cent."""
    numbers = [None if total is None else total[key] for total in (was, now)]
    shown = [
        ABSENT if n is None else format_bytes(n) if key == "text_bytes" else f"{n:,}"
        for n in numbers
    ]
    old, new = numbers
    change = f"{new / old - 1:+.1%}" if old and new is not None and new != old else ""
    return [*shown, change]
