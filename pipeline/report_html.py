"""The few building blocks of the report: escaped text, tables, bar charts, one page.

Everything from a corpus is hostile: every value passes ``escape`` on its way into the page, the
page loads nothing from anywhere, and a content security policy forbids scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as html_escape
from importlib.resources import files


def escape(value: object) -> str:
    """Any value as text that is safe in HTML and in attributes; control characters shown."""
    text = "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in str(value))
    return html_escape(text, quote=True)


def page(title: str, sections: Sequence[str], more_style: str = "") -> str:
    """One self-contained page; ``more_style`` is CSS of its own."""
    style = files("pipeline").joinpath("report.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}{more_style}</style></head>\n"
        f"<body><main>\n{''.join(sections)}</main></body></html>\n"
    )


def section(title: str, *parts: str, lead: str = "") -> str:
    """A titled part of the page; ``lead`` is plain text."""
    intro = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    return f"<section><h2>{escape(title)}</h2>{intro}{''.join(parts)}</section>\n"


def figures(pairs: Sequence[tuple[str, str]]) -> str:
    """Large numbers with a word below each."""
    cells = (f"<div><b>{escape(n)}</b><span>{escape(word)}</span></div>" for word, n in pairs)
    return f'<div class="figures">{"".join(cells)}</div>'


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; the first column to the left, numbers to the right."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def bars(rows: Sequence[tuple[str, Sequence[float], str]], kinds: Sequence[str]) -> str:
    """A horizontal bar chart, several bars a row.

    Args:
        rows: (label, one value per kind, text at the end of the row).
        kinds: name of each bar of a row, shown in the legend.
    """
    largest = max((value for _, values, _ in rows for value in values), default=0.0) or 1.0
    legend = "".join(
        f'<span><i class="bar{number}"></i>{escape(kind)}</span>'
        for number, kind in enumerate(kinds)
    )
    body = []
    for label, values, text in rows:
        drawn = "".join(
            f'<i class="bar{number}" style="width:{100 * value / largest:.2f}%"></i>'
            for number, value in enumerate(values)
        )
        body.append(
            f'<div class="label">{escape(label)}</div><div class="track">{drawn}</div>'
            f'<div class="value">{escape(text)}</div>'
        )
    key = f'<div class="legend">{legend}</div>' if len(kinds) > 1 else ""
    return f'{key}<div class="bars">{"".join(body)}</div>'


def heat_map(
    columns: Sequence[str], rows: Sequence[tuple[str, Sequence[tuple[float, str]]]]
) -> str:
    """A table of shares, the darker the larger; a pointer over a cell shows its text.

    Args:
        columns: names.
        rows: (label, (share from 0 to 1, text) per column).
    """
    head = "".join(f"<th>{escape(column)}</th>" for column in ("", *columns))
    body = []
    for label, cells in rows:
        drawn = "".join(
            f'<td class="{"hot" if share >= 0.4 else "cell"}" title="{escape(text)}" '
            f'style="--heat:{_heat(share):.0f}%">{_percent(share)}</td>'
            for share, text in cells
        )
        body.append(f"<tr><td>{escape(label)}</td>{drawn}</tr>")
    return f'<div class="wide"><table class="heat"><tr>{head}</tr>{"".join(body)}</table></div>'


def _heat(share: float) -> float:
    """Percent of colour: the root, since most shares are small and their differences matter."""
    return 100 * min(1.0, share) ** 0.5


def _percent(share: float) -> str:
    """``12%``, ``3.1%``, ``<0.1%``; nothing for nothing."""
    if share == 0:
        return ""
    if share < 0.001:
        return "&lt;0.1%"
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def fold(summary: str, *parts: str) -> str:
    """Something that opens on a click."""
    return f"<details><summary>{escape(summary)}</summary>{''.join(parts)}</details>"


def excerpt(title: str, text: str) -> str:
    """A piece of a document, in the direction it is written."""
    shown = f'<pre dir="auto">{escape(text)}</pre>'
    return f"<figure><figcaption>{escape(title)}</figcaption>{shown}</figure>"
