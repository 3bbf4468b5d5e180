"""``${VAR:-default}`` in settings: filled from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

# Capitals only: a lower-case ${lang} is a column of the document, not of the environment.
_VARIABLE = re.compile(r"\$\{([A-Z_][A-Z0-9_]*)(?::-((?:[^${}]|\$\{[^{}]*\})*))?\}")


def expand_variables(text: str, known: Mapping[str, str]) -> tuple[str, list[str]]:
    """Fill in variables.

    Args:
        text: with ``${NAME}`` or ``${NAME:-default}`` in it; a default may hold variables.
        known: values of what the environment does not have.

    Returns:
        The text, and the names that have neither value nor default: nothing stands in their place.
    """
    missing: list[str] = []

    def replacement(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        found = os.environ.get(name) or known.get(name)
        if found is None and default is None:
            missing.append(name)
            return ""
        return found if found is not None else _VARIABLE.sub(replacement, default or "")

    return _VARIABLE.sub(replacement, text), missing
