"""Codes of languages: what the models call them, ISO 639-3, and what they belong to."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

LANGUAGES = Path(__file__).with_name("languages.yaml")


@cache
def languages() -> dict[str, list[str]]:
    """Code -> ISO 639-3, then the code of its macrolanguage where it has one."""
    table: dict[str, list[str]] = yaml.safe_load(LANGUAGES.read_text(encoding="utf-8"))
    return table


def macro_code(code: str) -> str:
    """The code of the macrolanguage, or the code itself."""
    return languages().get(code, [code])[-1] if has_macro(code) else code


def has_macro(code: str) -> bool:
    """Does the language belong to another?"""
    return len(languages().get(code, ())) > 1


def code_of_iso(iso: str) -> str | None:
    """The code of a language by its ISO 639-3 code: ``fra`` is ``fr``."""
    return next((code for code, names in languages().items() if names[0] == iso), None)
