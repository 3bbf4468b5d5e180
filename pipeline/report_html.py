"""The few building blocks of the report: escaped text, tables, bar charts, one page.

Everything from a corpus is hostile: every value passes ``escape`` on its way into the page, the
page loads nothing from anywhere, and a content security policy forbids scripts. Labels and numbers
are HTML, so that they can be read on a phone; a row may be given classes, by which a page hides it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
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
    """A titled part of the page, which has an address; ``lead`` is plain text."""
    intro = f'<p class="lead">{escape(lead)}</p>' if lead else ""
    name = anchor(title)
    return (
        f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(title)}</h2>'
        f"{intro}{''.join(parts)}</section>\n"
    )


def anchor(*names: str) -> str:
    """An address within a page, made of any text: letters and digits, and a hash of the rest.

    >>> anchor("Time and memory"), anchor("<b>").startswith("b-")
    ('time-and-memory', True)
    """
    plain = "-".join(names).lower()
    found = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in plain).split())
    if found == plain.replace(" ", "-"):
        return found
    return f"{found or 'x'}-{sha256(repr(names).encode()).hexdigest()[:6]}"


def contents(sections: Sequence[str]) -> str:
    """Links to the sections of a page."""
    heads = (part.partition("<h2 id=")[2].partition("</h2>")[0] for part in sections)
    links = (f'<a href="#{head.split(">")[0][1:-1]}">{head.split(">")[1]}</a>'
             for head in heads if head)  # fmt: skip
    return f'<nav class="contents" aria-label="sections">{"".join(links)}</nav>'


def figures(pairs: Sequence[tuple[str, str]]) -> str:
    """Large numbers with a word below each."""
    cells = (f"<div><b>{escape(n)}</b><span>{escape(word)}</span></div>" for word, n in pairs)
    return f'<div class="figures">{"".join(cells)}</div>'


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], classes: Sequence[str] = ()
) -> str:
    """A table; the first column to the left, numbers to the right.

    Args:
        columns: names.
        rows: values.
        classes: of each row; none: no row has any.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f"<tr{_class(name)}>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row, name in zip(rows, classes or [""] * len(rows), strict=True)
    )
    return f'<div class="wide" tabindex="0"><table><tr>{head}</tr>{body}</table></div>'


def bars(
    rows: Sequence[tuple[str, Sequence[float], str]],
    kinds: Sequence[str],
    classes: Sequence[str] = (),
) -> str:
    """A horizontal bar chart, several bars a row.

    Args:
        rows: (label, one value per kind, text at the end of the row).
        kinds: name of each bar of a row, shown in the legend.
        classes: of each row; none: no row has any.
    """
    largest = max((value for _, values, _ in rows for value in values), default=0.0) or 1.0
    body = []
    for (label, values, text), name in zip(rows, classes or [""] * len(rows), strict=True):
        drawn = "".join(
            f'<i class="bar{number}" style="width:{100 * value / largest:.2f}%"></i>'
            for number, value in enumerate(values)
        )
        body.append(
            f'<div class="row {name}"><div class="label">{escape(label)}</div>'
            f'<div class="track">{drawn}</div><div class="value">{escape(text)}</div></div>'
        )
    key = legend(kinds) if len(kinds) > 1 else ""
    return f'{key}<div class="bars">{"".join(body)}</div>'


def legend(kinds: Sequence[str], prefix: str = "bar") -> str:
    """Names and their colours: classes ``bar0``, ``bar1`` and so on."""
    cells = "".join(
        f'<span><i class="{prefix}{number}"></i>{escape(kind)}</span>'
        for number, kind in enumerate(kinds)
    )
    return f'<div class="legend">{cells}</div>'


def heat_map(
    columns: Sequence[str],
    rows: Sequence[tuple[str, Sequence[tuple[float, str]]]],
    classes: Sequence[str] = (),
    targets: Sequence[Sequence[str]] = (),
    row_classes: Sequence[str] = (),
) -> str:
    """A table of shares, the darker the larger; a pointer over a cell shows its text.

    Args:
        columns: names.
        rows: (label, (share from 0 to 1, text) per column).
        classes: of each column; none: no column has any.
        targets: of each row and column an address to go to on a click, or nothing.
        row_classes: of each row; none: no row has any.
    """
    named = list(zip(columns, classes or [""] * len(columns), strict=True))
    head = "".join(f'<th scope="col"{_class(name)}>{escape(c)}</th>' for c, name in named)
    body = []
    for place, (label, cells) in enumerate(rows):
        drawn = []
        for number, (share, text) in enumerate(cells):
            kind = f"{'hot' if share >= 0.4 else 'cell'} {named[number][1]}".strip()
            target = targets[place][number] if targets else ""
            words = escape(percent(share))
            if target:
                words = f'<a href="#{target}" aria-label="{escape(text)}">{words}</a>'
            drawn.append(
                f'<td class="{kind}" title="{escape(text)}" style="--heat:{_heat(share):.0f}%">'
                f"{words}</td>"
            )
        name = _class(row_classes[place]) if row_classes else ""
        body.append(f'<tr{name}><th scope="row">{escape(label)}</th>{"".join(drawn)}</tr>')
    return (
        '<div class="wide" tabindex="0"><table class="heat"><tr><th></th>'
        f"{head}</tr>{''.join(body)}</table></div>"
    )


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _heat(share: float) -> float:
    """Percent of colour: the root, since most shares are small and their differences matter."""
    return 100 * min(1.0, share) ** 0.5


def percent(share: float) -> str:
    """``12%``, ``3.1%``, ``<0.1%``; nothing for nothing."""
    if share == 0:
        return ""
    if share < 0.001:
        return "<0.1%"
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def fold(summary: str, *parts: str, classes: str = "", name: str = "") -> str:
    """Something that opens on a click; ``name`` is its address."""
    address = f' id="{name}"' if name else ""
    return (
        f"<details{address}{_class(classes)}><summary>{escape(summary)}</summary>"
        f"{''.join(parts)}</details>"
    )


FROM_RIGHT = frozenset(
    {"ar", "arc", "arz", "ckb", "dv", "fa", "he", "ks", "lrc", "mzn", "nqo", "pnb", "prs", "ps",
     "sd", "sdh", "syr", "ug", "ur", "yi"}
)  # fmt: skip
"""Languages written from right to left: those of CLDR's ``characterOrder`` right-to-left."""
_NO_LANGUAGE = ("und", "mul", "zxx")
_SCRIPTS_FROM_RIGHT = frozenset({"adlm", "arab", "hebr", "nkoo", "rohg", "syrc", "thaa"})


def direction(lang: str) -> str:
    """``rtl`` or ``ltr``, or ``auto`` where the language is not known.

    >>> [direction(lang) for lang in ("fa", "uz-Arab", "en", "")]
    ['rtl', 'rtl', 'ltr', 'auto']
    """
    base, _, rest = lang.lower().partition("-")
    if not _is_code(lang) or base in _NO_LANGUAGE:
        return "auto"
    return "rtl" if base in FROM_RIGHT or rest in _SCRIPTS_FROM_RIGHT else "ltr"


def _is_code(lang: str) -> bool:
    return lang.replace("-", "").isalpha() and lang.isascii()


def spoken(lang: str) -> str:
    """The attributes of an element whose text is in a language.

    They tell a screen reader how to read it, and a browser from which side, whatever the text
    begins with, and which glyphs Han characters have.
    """
    code = f' lang="{lang}"' if _is_code(lang) else ""
    return f' dir="{direction(lang)}"{code}'


def excerpt(title: str, text: str, classes: str = "", lang: str = "") -> str:
    """A piece of a document, in the direction it is written."""
    shown = f"<pre{spoken(lang)}>{escape(text)}</pre>"
    return f"<figure{_class(classes)}><figcaption>{escape(title)}</figcaption>{shown}</figure>"
