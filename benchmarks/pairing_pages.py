"""Pages in two languages for ``document_pairing.py``, and who translates whom.

A page is a dict: ``id``, ``set``, ``key`` (equal in one set: translations; None: no translation),
``lang``, ``text``, ``copied`` (which share of its long lines stands in the English page too).

* ``documents``: files of JSONL.zst;
* ``catalogue_pages``: messages of Python packages (wheels), twenty that follow on each other in a
  gettext catalogue, or all of one ``translations/<language>.json``;
* ``manual_pages``: ``usr/share/man`` of a system or of unpacked packages.
"""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import zstandard

MOST_MONO_MB = 4.0
"""Of pages without a translation, in each language."""
MESSAGES, LEAST_MESSAGES = 20, 10
LEAST_MANUAL = 400
"""Characters of a page of the manual: a shorter one names another page."""
PROSE_LINES, PROSE_CHARACTERS = 15, 40
MARKUP = re.compile(r"[`<>{}\[\]|=_#*]|https?:|::|\\")
CODES = {"zh": ("zh_Hans", "zh_CN", "zh_Hans_CN", "zh-Hans")}
"""What a language is called besides its own code, where packages differ."""
CATALOGUE = re.compile(r"(.*)/(?:locale|translations)/([\w-]+)/LC_MESSAGES/(.*)\.po")
TRANSLATIONS = re.compile(r"(.*)/translations/([\w-]+)\.json")

Page = dict[str, Any]


def rows_of(path: Path) -> Iterator[Page]:
    """The documents of a file."""
    with zstandard.open(path, "rb") as stream:
        yield from map(orjson.loads, stream.read().splitlines())


def prose(text: str) -> str:
    """The first lines of a text that are sentences and nothing else."""
    fenced, kept = False, []
    for line in text.split("\n"):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        wide = sum(2 if ord(c) > 0x2E80 else 1 for c in line)
        if not fenced and wide >= PROSE_CHARACTERS and not MARKUP.search(line):
            kept.append(line)
    return "\n".join(kept[:PROSE_LINES])


def documents(folder: Path, languages: list[str]) -> list[Page]:
    """All pages of the languages, keyed and not."""
    rows = []
    for path in sorted(folder.glob("bilingual_*.jsonl.zst")):
        for row in rows_of(path):
            if row["lang"] in languages:
                share = (row.get("meta") or {}).get("same_line_frac_vs_en") or 0.0
                rows.append({"set": path.name, "key": row["pair_key"], "copied": share} | row)
    for language in languages:
        files = sorted(folder.glob(f"mono_{language}_*.jsonl.zst"))
        for path in files:
            left = MOST_MONO_MB * 1e6 / len(files)
            for row in rows_of(path):
                left -= len(row["text"].encode())
                if left < 0:
                    break
                rows.append({"set": path.name, "key": None, "copied": 0.0} | row)
    return rows


def only_prose(rows: list[Page]) -> list[Page]:
    """The pages with nothing but their prose; those with less than three lines of it go."""
    rows = [row | {"text": prose(row["text"])} for row in rows]
    return count_copied([row for row in rows if row["text"].count("\n") >= 2])


def count_copied(rows: list[Page]) -> list[Page]:
    """Set anew which share of a page's lines stands in the English page."""
    english = {(row["set"], row["key"]): set(row["text"].split("\n")) for row in rows
               if row["lang"] == "en" and row["key"] is not None}  # fmt: skip
    for row in rows:
        lines = row["text"].split("\n")
        known = english.get((row["set"], row["key"]), set())
        row["copied"] = sum(line in known for line in lines) / len(lines)
    return rows


def catalogue_pages(wheels: list[Path], languages: list[str]) -> list[Page]:
    """Messages of packages, in English and as translated, a message a line."""
    names = {code: lang for lang in languages for code in (lang, *CODES.get(lang, ()))}
    rows: dict[tuple[str, str, str], Page] = {}
    for wheel in wheels:
        archive = zipfile.ZipFile(wheel)
        for place, said in _messages(archive, names).items():
            english = said.get("en", {})
            for lang, messages in sorted(said.items()):
                size = MESSAGES if place.endswith(".po") else max(len(english), 1)
                for number, name in enumerate(english):
                    key = f"{place}/{number // size}"
                    row = {"id": f"{wheel.name}:{lang}:{key}", "set": wheel.name, "key": key,
                           "lang": lang, "lines": []}  # fmt: skip
                    line = messages.get(name)
                    rows.setdefault((wheel.name, lang, key), row)["lines"] += [line] if line else []
    pages = [row | {"text": "\n".join(row.pop("lines"))} for row in rows.values()]
    return count_copied([page for page in pages if page["text"].count("\n") >= LEAST_MESSAGES])


def _messages(
    archive: zipfile.ZipFile, names: dict[str, str]
) -> dict[str, dict[str, dict[str, str]]]:
    """Catalogue -> language -> name of a message -> what it says."""
    from babel.messages.pofile import read_po

    result: dict[str, dict[str, dict[str, str]]] = {}
    for file in sorted(archive.namelist()):
        if (found := CATALOGUE.fullmatch(file)) and found[2] in names:
            catalogue = read_po(archive.open(file))
            messages = {_first(m.id): _first(m.string) for m in catalogue if m.id}
            said = result.setdefault(f"{found[1]}/{found[3]}.po", {})
            if names[found[2]] != "en":
                said[names[found[2]]] = messages
            if len(messages) > len(said.get("en", {})):
                said["en"] = {name: name for name in messages}
        elif (found := TRANSLATIONS.fullmatch(file)) and found[2] in names:
            said = result.setdefault(f"{found[1]}.json", {})
            said[names[found[2]]] = dict(_leaves(orjson.loads(archive.read(file)), ""))
    return result


def _first(text: str | tuple[str, ...] | list[str] | None) -> str:
    """A message, or its singular."""
    return text if isinstance(text, str) else text[0] if text else ""


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """The texts of a nested dict, with their paths."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}/{key}")


def manual_pages(folders: list[Path], languages: list[str]) -> list[Page]:
    """Pages of manuals, without their markup."""
    names = {code: lang for lang in languages for code in (lang, *CODES.get(lang, ()))}
    rows: dict[tuple[str, str], Page] = {}
    for folder in folders:
        for path in sorted(folder.glob("**/man/**/man[1-9]/*.gz")):
            place = path.parent.parent.name
            lang = "en" if place == "man" else names.get(place)
            if lang is None or path.is_symlink():  # another name of the same page
                continue
            text = unmarked(gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))
            if len(text) < LEAST_MANUAL:
                continue
            key = f"{path.parent.name}/{path.name.removesuffix('.gz')}"
            rows.setdefault((lang, key), {"id": f"{lang}:{key}", "set": "manual", "key": key,
                                          "lang": lang, "text": text})  # fmt: skip
    return count_copied(list(rows.values()))


def unmarked(text: str) -> str:
    """A page of the manual as plain lines: one for each paragraph."""
    lines: list[str] = []
    paragraph: list[str] = []
    for line in text.split("\n"):
        macro = re.match(r"[.']\s*([A-Za-z\\\"]+)\s*(.*)", line)
        if macro and macro[1] in ("B", "I", "BR", "IR", "RB", "RI", "BI", "IB", "SM", "SB"):
            line = macro[2].replace('"', "")
        elif macro:
            lines.append(" ".join(paragraph))
            paragraph = []
            line = macro[2].replace('"', "") if macro[1] in ("SH", "SS") else ""
        line = re.sub(r"\\f(?:\(..|\[\w*\]|.)|\\s[-+]?\d|\\[&|^/,c%]|^\.$", "", line)
        line = re.sub(r"\\\((?:aq|lq|rq|dq|oq|cq|em|en|bu|co|mu|ha|ti|hy)", " ", line)
        line = line.replace("\\-", "-").replace("\\ ", " ").replace("\\e", "\\").strip()
        if line:
            paragraph.append(line)
    return "\n".join(filter(None, [*lines, " ".join(paragraph)]))
