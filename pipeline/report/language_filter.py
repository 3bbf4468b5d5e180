"""The filter of languages, which applies to the whole page, in CSS alone.

What belongs to a language carries its number as a class, never its code, which a corpus may have
written. Two kinds of elements know it:

* a row of a table, a bar, a sample: seen with all languages, and with its own;
* a drawing of one language, one of many of the same thing: seen with its own only, while the
  drawing of all languages is seen with the rest.

A browser without ``:has`` shows everything but the drawings of one language.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.report_html import escape

MOST = 80
"""Languages to choose from; the others are one choice."""


class LanguageFilter:
    """Numbers of languages: 0 is all of them, the last one those that have no number of their own.

    >>> languages = LanguageFilter(["en", "th"])
    >>> languages.row("th"), languages.row("en", "th"), languages.row("sw")
    ('r l2', 'r l1 l2', 'r l3')
    >>> languages.drawing("en"), languages.drawing_of_all(["en"])
    ('only l1', 'only l0 l2 l3')
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._numbers = {name: number for number, name in enumerate(names[:MOST], 1)}
        self._others = len(self._numbers) + 1

    def number(self, lang: str) -> int:
        """Of a language."""
        return self._numbers.get(lang, self._others)

    def row(self, *langs: str) -> str:
        """Classes of what belongs to languages and is seen with all."""
        return " ".join(["r", *(f"l{n}" for n in dict.fromkeys(map(self.number, langs)))])

    def row_of(self, name: str) -> str:
        """The same for a name that may be a language, ``en``, or a pair, ``en-th``; else none."""
        parts = [name] if name in self._numbers else name.split("-")
        return self.row(*parts) if all(part in self._numbers for part in parts) else ""

    def drawing(self, lang: str) -> str:
        """Classes of a drawing of one language."""
        return f"only l{self.number(lang)}"

    def drawing_of_all(self, drawn: Iterable[str]) -> str:
        """Classes of the drawing of all languages, seen with those that have none of their own."""
        own = {self.number(lang) for lang in drawn}
        rest = [n for n in range(1, self._others + 1) if n not in own]
        return " ".join(["only", "l0", *(f"l{n}" for n in rest)])

    def control(self) -> str:
        """What a reader chooses with."""
        names = ["all", *self._numbers, "others"]
        choices = "".join(
            f'<label><input type="radio" name="language" id="lang-{n}"'
            f'{" checked" if n == 0 else ""}><span dir="ltr">{escape(name)}</span></label>'
            for n, name in enumerate(names)
        )
        now = "".join(
            f'<b class="now n{n}" dir="ltr">{escape(name if n else "all languages")}</b>'
            for n, name in enumerate(names)
        )
        return (
            f'<details class="filter"><summary>Language: {now}</summary><fieldset>'
            f"<legend>Show only what is of</legend>{choices}</fieldset></details>"
        )

    def style(self) -> str:
        """The rules that hide."""
        numbers = range(self._others + 1)
        chosen = [f"body:has(#lang-{n}:checked)" for n in numbers]
        hidden = ",\n".join(
            [f"{chosen[0]} .only:not(.l0)"]
            + [f"{chosen[n]} .r:not(.l{n}),{chosen[n]} .only:not(.l{n})" for n in numbers[1:]]
        )
        named = ",\n".join(f"{chosen[n]} .now.n{n}" for n in numbers)
        return (
            f"{hidden} {{ display: none !important; }}\n.now {{ display: none; }}\n"
            f"{named} {{ display: inline; }}\n"
            "@supports not selector(:has(a)) "
            "{ .only:not(.l0), .filter { display: none !important; } }\n"
        )
