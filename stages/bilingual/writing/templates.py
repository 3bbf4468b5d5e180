"""What stands around the two sides of parallel text: a few templates, in the languages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

TABLE = Path(__file__).with_name("templates.yaml")
DOCUMENTS, INTERLEAVED, PAIRS = "documents", "interleaved", "pairs"
FORMS = (DOCUMENTS, INTERLEAVED, PAIRS)
DEFAULT_TEMPLATES = {
    DOCUMENTS: ("plain",),
    INTERLEAVED: ("named", "coded"),
    PAIRS: ("named", "coded"),
}
"""Interleaved text with tags of the languages taught most in Kondo et al. (2024, arXiv 2407.03145,
ja-en): of eight formats, those that alternate and name the direction."""


class Around(NamedTuple):
    """What stands before the first side, between the two, and behind the second."""

    before: str
    between: str
    behind: str


def template_names(form: str) -> list[str]:
    """The templates of a form."""
    return list(_table()["forms"][form])


def around(form: str, name: str, first: str, second: str) -> Around:
    r"""A template for two languages, by their codes, in the order they are written.

    >>> around("pairs", "named", "en", "th")
    Around(before='English: ', between='\nไทย: ', behind='')
    """
    table = _table()
    text = table["forms"][form][name]
    for place, code in (("first", first), ("second", second)):
        text = text.replace(f"{{{place}_name}}", _said(table["names"], code))
        text = text.replace(f"{{{place}_code}}", code)
    text = text.replace("{translation}", _said(table["translation"], second, "Translation"))
    before, _, rest = text.partition("{first}")
    between, _, behind = rest.partition("{second}")
    return Around(before, between, behind)


def _said(names: dict[str, str], code: str, otherwise: str | None = None) -> str:
    base = code.partition("-")[0]
    return names.get(code) or names.get(base) or otherwise or code


@cache
def _table() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return content
