"""The part of the page that shows how text is cut, token by token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report_html import escape, fold, section, table

_VISIBLE = {"\n": "⏎\n", "\t": "⇥   ", " ": "·"}


def cuts_section(report: Mapping[str, Any]) -> str:
    """Numbers, names, code and a line in each script, as each tokenizer cuts them."""
    tokenizers = report["tokenizers"]
    probes = [(one["name"], one["probes"]) for one in tokenizers]
    blanks = list(probes[0][1]["indentation"])
    rows: list[list[object]] = [
        [name, own["digits_at_most"], f"{own['code_bytes_per_token']:.2f}",
         *(own["indentation"][n] for n in blanks)]
        for name, own in probes
    ]  # fmt: skip
    columns = ["tokenizer", "digits in a token", "code: bytes / token"]
    columns += [f"indent {n}" for n in blanks]
    return section(
        "How text is cut",
        table(columns, rows),
        fold("numbers", _side_by_side(probes, "numbers")),
        fold("names in code", _side_by_side(probes, "names")),
        fold("a piece of code", _code(probes)),
        "<h3>One line in each script</h3>",
        _side_by_side(probes, "scripts"),
        lead="Each colour is a token, and each grey box one that holds a part of a character: a "
        "pointer over it shows its bytes. The lines hold rare letters and digits on purpose. "
        "Columns of the table: tokens that an indentation of so many blanks takes.",
    )


def cut(tokens: Sequence[str]) -> str:
    """Tokens one after the other, told apart by colour."""
    drawn = "".join(
        f'<b class="broken" title="{escape(token)}"></b>'
        if _is_broken(token)
        else f"<b>{_mark(token)}</b>"
        for token in tokens
    )
    return f'<div class="cut" dir="auto">{drawn}</div>'


def _side_by_side(probes: Sequence[tuple[str, Mapping[str, Any]]], key: str) -> str:
    parts = []
    for title in probes[0][1][key]:
        parts.append(f"<h4>{escape(title)}</h4>")
        for name, own in probes:
            tokens = own[key][title]
            parts.append(
                f'<div class="name">{escape(name)}</div><div class="count">{len(tokens)}</div>'
                + cut(tokens)
            )
    return f'<div class="cuts">{"".join(parts)}</div>'


def _code(probes: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    return "".join(
        f"<h4>{escape(name)}: {len(own['code'])} tokens</h4>{cut(own['code'])}"
        for name, own in probes
    )


def _is_broken(token: str) -> bool:
    """Whether ``probes.shown`` wrote bytes; no probe has such text of its own."""
    inner = token[1:-1].split(" ")
    return (
        token[:1] == "<"
        and token[-1:] == ">"
        and all(len(part) == 2 and not set(part) - set("0123456789ABCDEF") for part in inner)
    )


def _mark(token: str) -> str:
    return "".join(_VISIBLE.get(character) or escape(character) for character in token)
