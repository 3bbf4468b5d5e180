"""Pictures of a run, drawn with matplotlib: needs ``pip install "polymill[notebooks]"``.

Each function takes a table of ``Run`` and returns a figure; nothing is shown and no global state of
pyplot is touched, so that a script and a notebook use them alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pipeline.looking.training import TrainingLog

READ, KEPT = "#b9c6d6", "#2f6fb0"
WANTED, GOT = "#e0953a", "#2f6fb0"
GREY = "#5b6675"
MOST_LINES = 10
"""Components with a colour of their own; the others are one grey."""


def funnel(table: pa.Table) -> Figure:
    """Documents left after each stage (``Run.funnel``)."""
    figure, axes = _figure(height=0.36 * len(table) + 0.9)
    stages, left = table["stage"].to_pylist(), table["documents"].to_numpy()
    bars = axes.barh(stages, left, color=KEPT, height=0.7)
    axes.bar_label(bars, [f"{n:,}" for n in left], padding=4, color=GREY, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("documents")
    axes.margins(x=0.14)
    return figure


def languages(table: pa.Table, most: int = 30) -> Figure:
    """Text read and kept of each language (``Run.languages``), on a logarithmic axis."""
    table = table.slice(0, most)
    figure, axes = _figure(height=0.24 * len(table) + 1)
    names = table["lang"].to_pylist()
    read, kept = (table[name].to_numpy() / 1e6 for name in ("bytes_read", "bytes_kept"))
    axes.hlines(names, kept, read, color=READ, linewidth=4)
    axes.plot(read, names, "o", color=READ, label="read")
    axes.plot(kept, names, "o", color=KEPT, label="kept")
    axes.set_xscale("log")
    axes.set_xlabel("MB of text")
    axes.invert_yaxis()
    axes.legend(frameon=False)
    return figure


def reasons(table: pa.Table, most: int = 25) -> Figure:
    """Documents dropped by rule and language (``Run.reasons``), as a heat map."""
    rules = _largest(table, "rule", "documents", most)
    names = _largest(table, "lang", "documents", most)
    counts = np.zeros((len(rules), len(names)))
    for rule, lang, documents in zip(
        *(table[name].to_pylist() for name in ("rule", "lang", "documents")), strict=True
    ):
        if rule in rules and lang in names:
            counts[rules.index(rule), names.index(lang)] += documents
    figure, axes = _figure(height=0.26 * len(rules) + 1.2)
    image = axes.imshow(np.where(counts, counts, np.nan), cmap="YlOrBr", norm="log", aspect="auto")
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(rules)), rules)
    figure.colorbar(image, ax=axes, label="documents dropped", shrink=0.8)
    return figure


def histogram(
    values: dict[str, Any], title: str, threshold: float | None = None, bins: int = 50
) -> Figure:
    """A quality signal, a distribution for each group, with the threshold drawn in.

    Args:
        values: group -> numbers, as ``{"kept": run.documents(["signal_words"])["signal_words"]}``.
        title: of the axis.
        threshold: where a rule cuts.
        bins: of equal width, between the first and the last percentile of all.
    """
    arrays = {name: _numbers(part) for name, part in values.items()}
    everything = np.concatenate(list(arrays.values()))
    low, high = np.percentile(everything, [0.5, 99.5]) if len(everything) else (0, 1)
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    figure, axes = _figure(height=3)
    for (name, part), colour in zip(arrays.items(), (KEPT, WANTED, GREY, READ) * 9, strict=False):
        label = f"{name} ({len(part):,})"
        axes.hist(
            np.clip(part, edges[0], edges[-1]),
            edges.tolist(),
            alpha=0.65,
            color=colour,
            label=label,
        )
    if threshold is not None:
        axes.axvline(threshold, color="#b3261e", linewidth=1.2, label=f"threshold {threshold:g}")
    axes.set_xlabel(title)
    axes.set_ylabel("documents")
    axes.legend(frameon=False)
    return figure


def mixture(table: pa.Table, phase: str) -> Figure:
    """Shares wanted and realised of a phase (``Run.mixture``), and epochs beside them."""
    rows = [row for row in table.to_pylist() if row["phase"] == phase]
    rows.sort(key=lambda row: -row["wanted"])
    names = [row["component"] for row in rows]
    figure, (left, right) = _figures(2, height=0.26 * len(rows) + 1.1, widths=(3, 1))
    places = np.arange(len(rows))
    left.barh(places - 0.2, [row["wanted"] for row in rows], 0.4, color=WANTED, label="wanted")
    left.barh(places + 0.2, [row["got"] for row in rows], 0.4, color=GOT, label="realised")
    left.set_yticks(places, names)
    left.xaxis.set_major_formatter("{x:.0%}")
    left.set_xlabel("share of the rows")
    left.legend(frameon=False)
    right.barh(places, [row["epochs"] for row in rows], 0.6, color=READ)
    right.axvline(1, color=GREY, linewidth=0.8)
    right.set_yticks(places, [])
    right.set_xlabel("epochs")
    for axes in (left, right):
        axes.set_ylim(len(rows) - 0.4, -0.6)
    return figure


def mixture_along(table: pa.Table) -> Figure:
    """Shares along a phase (``Run.mixture_along``): realised as steps, wanted as a line."""
    names = _largest(table, "component", "rows", MOST_LINES)
    figure, axes = _figure(height=3.6)
    for name, colour in zip(names, _colours(len(names)), strict=True):
        rows = [row for row in table.to_pylist() if row["component"] == name]
        positions = [row["position"] for row in rows]
        shares = [row["share"] for row in rows]
        axes.plot(positions, shares, drawstyle="steps-pre", color=colour, linewidth=1, label=name)
        axes.plot(positions, [row["wanted"] for row in rows], "--", color=colour, linewidth=1.6)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.set_xlabel("position in the phase (dashed: wanted)")
    axes.legend(frameon=False, ncols=2, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def bytes_per_token(table: pa.Table, most: int = 40) -> Figure:
    """Bytes of text in a token, of each component (``Run.tokens``)."""
    rows = sorted(table.slice(0, most).to_pylist(), key=lambda row: -row["bytes_per_token"])
    figure, axes = _figure(height=0.22 * len(rows) + 0.9)
    axes.barh([row["component"] for row in rows], [row["bytes_per_token"] for row in rows],
              color=KEPT, height=0.7)  # fmt: skip
    axes.invert_yaxis()
    axes.set_xlabel("bytes per token")
    return figure


def training_loss(log: TrainingLog, window: int = 20) -> Figure:
    """Loss along the training, of all rows and, where it was logged, of each component."""
    steps = log.steps()
    figure, axes = _figure(height=3.8)
    number, loss = steps["step"].to_numpy(), steps["loss"].to_numpy()
    axes.plot(number, loss, color=READ, linewidth=0.6)
    axes.plot(number, _smooth(loss, window), color="black", linewidth=1.6, label="all")
    components = log.by_component()
    if len(components):
        names = _largest(components, "component", "loss", MOST_LINES)
        for name, colour in zip(names, _colours(len(names)), strict=True):
            rows = [row for row in components.to_pylist() if row["component"] == name]
            axes.plot([row["step"] for row in rows], _smooth([row["loss"] for row in rows], window),
                      color=colour, linewidth=1, label=name)  # fmt: skip
    axes.set_xlabel("step")
    axes.set_ylabel("loss, nats per token")
    axes.legend(frameon=False, ncols=2, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _figure(height: float) -> tuple[Figure, Axes]:
    figure, (axes,) = _figures(1, height)
    return figure, axes


def _figures(
    count: int, height: float, widths: tuple[float, ...] = (1,)
) -> tuple[Figure, list[Axes]]:
    """A figure with axes side by side, without a frame on top and right."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, count, squeeze=False, width_ratios=widths)[0].tolist()
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _largest(table: pa.Table, key: str, weight: str, most: int) -> list[str]:
    """The keys of the greatest sums."""
    sums = table.group_by(key).aggregate([(weight, "sum")])
    order = [(f"{weight}_sum", "descending"), (key, "ascending")]
    found: list[str] = sums.sort_by(order)[key].slice(0, most).to_pylist()
    return found


def _colours(count: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["tab10"](number % 10) for number in range(count)]


def _numbers(values: Any) -> np.ndarray:
    """Numbers of an Arrow column or of anything numpy takes, without what is missing."""
    if hasattr(values, "drop_null"):
        values = values.drop_null().to_numpy()
    found = np.asarray(values, np.float64)
    return found[np.isfinite(found)]


def _smooth(values: Any, window: int) -> np.ndarray:
    """Mean of up to so many values before and at each place."""
    numbers = np.asarray(values, np.float64)
    sums = np.cumsum(np.concatenate([[0.0], numbers]))
    places = np.arange(1, len(numbers) + 1)
    first = np.maximum(places - window, 0)
    found: np.ndarray = (sums[places] - sums[first]) / (places - first)
    return found
