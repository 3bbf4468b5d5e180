"""The run as one page that needs nothing else: loss by component, mixture as consumed, held out."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from formats.storage import write_text
from formats.units import format_bytes, format_count
from trainer.output import OutputFolder
from trainer.seeing.curve import GREY, new_figure, phase_borders, smoothed

MOST_CURVES = 12
"""Components with a curve of their own, those with the most rows; the table has all."""
BINS = 120
"""Of the mixture's picture."""
UNITS = {"bits_per_byte": "bits per byte", "loss": "nats per token"}
COLORS = ("#1f5fa8", "#e07b00", "#2e8b3d", "#c62f2f", "#7b52ab", "#8a5a3c", "#d95fa6", "#6b7280",
          "#a8a800", "#12a3b4", "#0b2e59", "#f2a65a")  # fmt: skip
"""Of components, as many as have a curve: none is given twice."""
STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
svg{max-width:100%;height:auto;background:#fff;border-radius:6px}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #8884}
th:first-child,td:first-child{text-align:left}h2{margin-top:2rem;font-size:1.1rem}
pre{overflow-x:auto}
"""


def write_page(folder: OutputFolder) -> None:
    """Write ``OUT/report.html`` from the run's figures."""
    run, metrics = folder.read_run() or {}, folder.read_metrics()
    held_out, speed = folder.read_held_out(), folder.read_speed()
    parts = [
        f"<h1>{html.escape(folder.path.name)}</h1><p>{_facts(run, metrics, speed)}</p>",
        "<h2>Loss by component</h2>" + _losses(metrics),
        "<h2>Mixture as consumed</h2>" + _mixture(metrics),
    ]
    if held_out:
        parts.append("<h2>Held-out rows</h2>" + _held_out(held_out, component_names(metrics)))
    parts.append("<h2>Components</h2>" + _table(metrics, held_out))
    parts.append(_settings(run))
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(folder.path.name)}</title><style>{STYLE}</style>"
        f"{''.join(parts)}</html>\n"
    )
    write_text(str(folder.page_path), text)


def _settings(run: dict[str, Any]) -> str:
    """The configuration, and what the run was begun with."""
    if "config" not in run:
        return ""
    shown = {key: run[key] for key in ("config", "shards_sha256", "tokenizer_sha256") if key in run}
    text = html.escape(json.dumps(shown, indent=2, ensure_ascii=False))
    return f"<details><summary>Configuration</summary><pre>{text}</pre></details>"


def component_series(
    metrics: Sequence[dict[str, Any]], name: str
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The steps in which a component had rows, and its figures in each."""
    found = [(step["step"], step["components"][name]) for step in metrics
             if name in step["components"]]  # fmt: skip
    keys = [key for key in (*UNITS, "targets", "rows") if found and key in found[0][1]]
    series = {key: np.array([each.get(key, np.nan) for _, each in found]) for key in keys}
    return np.array([step for step, _ in found]), series


def consumed(metrics: Sequence[dict[str, Any]], names: Sequence[str]) -> np.ndarray:
    """Rows of each component in each of up to ``BINS`` stretches of steps: [components, bins]."""
    bins = min(BINS, len(metrics))
    rows = np.zeros((len(names), bins))
    for number, step in enumerate(metrics):
        for place, name in enumerate(names):
            figures = step["components"].get(name)
            if figures:
                rows[place, number * bins // len(metrics)] += figures["rows"]
    return rows


def component_names(metrics: Sequence[dict[str, Any]]) -> list[str]:
    """All components that were read, those with the most rows first."""
    rows: dict[str, int] = {}
    for step in metrics:
        for name, figures in step["components"].items():
            rows[name] = rows.get(name, 0) + figures["rows"]
    return sorted(rows, key=lambda name: (-rows[name], name))


def _facts(
    run: dict[str, Any], metrics: Sequence[dict[str, Any]], speed: Sequence[dict[str, Any]]
) -> str:
    last = metrics[-1]
    facts = [
        f"{format_count(run['parameters'])} parameters",
        f"step {last['step']} of {run['steps']}",
        f"{format_count(last['tokens'])} tokens",
        str(run["device"]),
        f"{format_count(float(np.median([each['tokens_per_second'] for each in speed])))} tokens/s",
        f"{format_bytes(max(each['memory_bytes'] for each in speed))} of memory",
    ]
    shares = [each["mfu"] for each in speed if "mfu" in each]
    if shares:
        facts.append(f"MFU {np.median(shares):.1%} ({run['flops_formula']})")
    facts.append(f"{last['skipped']} steps skipped")
    return html.escape(" · ".join(facts))


def _losses(metrics: Sequence[dict[str, Any]]) -> str:
    figure, axis = new_figure()
    unit = _unit(metrics)
    names = component_names(metrics)
    for color, name in zip(COLORS, names[:MOST_CURVES], strict=False):
        steps, series = component_series(metrics, name)
        axis.plot(steps, smoothed(series[unit]), linewidth=1.5, label=name, color=color)
    if len(names) > 1:
        whole = smoothed(np.array([step[unit] for step in metrics]))
        numbers = [step["step"] for step in metrics]
        axis.plot(numbers, whole, linewidth=2.5, color="#111", linestyle=":", label="all")
    _finish(axis, metrics, UNITS[unit])
    return _svg(figure, "losses")


def _mixture(metrics: Sequence[dict[str, Any]]) -> str:
    figure, axis = new_figure()
    names = component_names(metrics)
    rows = consumed(metrics, names)
    if len(names) > MOST_CURVES:
        others = rows[MOST_CURVES - 1 :].sum(axis=0, keepdims=True)
        rows = np.concatenate([rows[: MOST_CURVES - 1], others])
        names = [*names[: MOST_CURVES - 1], f"{len(names) - MOST_CURVES + 1} others"]
    shares = rows / np.maximum(rows.sum(axis=0), 1)
    steps = np.linspace(metrics[0]["step"], metrics[-1]["step"], rows.shape[1])
    axis.stackplot(steps, shares, labels=names, colors=COLORS)
    axis.set_ylim(0, 1)
    _finish(axis, metrics, "share of the rows")
    return _svg(figure, "mixture")


def _held_out(held_out: Sequence[dict[str, Any]], trained_on: Sequence[str]) -> str:
    """Each component in the colour that it has while it is trained on."""
    figure, axis = new_figure()
    unit = _unit(held_out)
    there = component_names(held_out)
    names = [*filter(there.__contains__, trained_on)]
    names += [name for name in there if name not in names]
    order = [*trained_on, *(name for name in names if name not in trained_on)]
    for name in names[:MOST_CURVES]:
        color = COLORS[order.index(name) % len(COLORS)]
        steps, series = component_series(held_out, name)
        axis.plot(
            steps, series[unit], marker="o", markersize=3, linewidth=1.5, label=name, color=color
        )
    _finish(axis, [], UNITS[unit])
    return _svg(figure, "held-out")


def _finish(axis: Any, metrics: Sequence[dict[str, Any]], unit: str) -> None:
    top = axis.get_xaxis_transform()
    for step, phase in phase_borders(metrics)[1:]:
        axis.axvline(step, color=GREY, linewidth=0.8)
        axis.annotate(phase, (step, 1), xycoords=top, xytext=(3, 2), textcoords="offset points",
                      va="bottom", color=GREY, fontsize=8)  # fmt: skip
    axis.set_ylabel(unit)
    axis.set_xlabel("step")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8)


def _table(metrics: Sequence[dict[str, Any]], held_out: Sequence[dict[str, Any]]) -> str:
    """Every component: rows, targets, figures of its last steps, and those held out."""
    last = held_out[-1]["components"] if held_out else {}
    head = ["component", "rows", "targets", "nats per token", "bits per byte"]
    lines = [head + (["held out: nats", "bits per byte"] if held_out else [])]
    for name in component_names(metrics):
        _, series = component_series(metrics, name)
        recent = slice(-max(len(series["rows"]) // 20, 10), None)
        aside = last.get(name, {})
        figures = [_mean(series, unit, recent) for unit in ("loss", "bits_per_byte")]
        lines.append(
            [
                html.escape(name),
                f"{int(series['rows'].sum()):,}",
                format_count(int(series["targets"].sum())),
                *(_number(value) for value in figures),
                *(_number(aside.get(unit)) for unit in ("loss", "bits_per_byte") if held_out),
            ]
        )
    rows = [
        "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in line) + "</tr>"
        for tag, line in zip(["th"] + ["td"] * len(lines), lines, strict=False)
    ]
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _mean(series: dict[str, np.ndarray], unit: str, recent: slice) -> float | None:
    """By targets; None where the unit is not known."""
    if unit not in series or not series["targets"][recent].sum():
        return None
    return float(np.average(series[unit][recent], weights=series["targets"][recent]))


def _number(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.3f}"


def _unit(lines: Sequence[dict[str, Any]]) -> str:
    return "bits_per_byte" if "bits_per_byte" in lines[-1] else "loss"


def _svg(figure: Any, name: str) -> str:
    """The picture as text to stand in a page; names inside it differ from other pictures'."""
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    _, tag, rest = stream.getvalue().partition("<svg")
    return tag + rest
