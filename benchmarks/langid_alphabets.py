"""Make ``stages/language/alphabets.yaml`` from Unicode's CLDR.

    npm pack cldr-misc-full && tar xzf cldr-misc-full-*.tgz
    python benchmarks/langid_alphabets.py package/main > stages/language/alphabets.yaml

An alphabet is what the exemplar characters of a locale (main and auxiliary, of all its scripts)
hold of letters, in lower case. Left out: languages whose script has no alphabet, and two (gn, yi)
that write letters with marks or as ligatures CLDR does not list.
"""

from __future__ import annotations

import argparse
import json
import re
import unicodedata
from pathlib import Path

import yaml

from stages.language.fasttext_model import load_model, model_path

LOCALES = {
    "no": ["nb"], "als": ["gsw"], "sh": ["sr", "sr-Latn", "hr", "bs"], "bh": ["bho"],
    "tl": ["fil"], "pnb": ["pa-Arab"], "azb": ["az-Arab"], "arz": ["ar-EG"],
}  # fmt: skip
"""Locales of a code where they have another name."""
LEFT_OUT = {"zh", "yue", "wuu", "ja", "ko", "gn", "yi"}


def characters(unicode_set: str) -> set[str]:
    """The characters of a set such as ``[a-c é {ch}]``, escapes included."""
    tokens = re.findall(r"\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\.|.", unicode_set[1:-1])
    found: set[str] = set()
    last, ranged = "", False
    for token in tokens:
        if token == "-" and last:
            ranged = True
        elif token.startswith("{"):
            found |= set(token[1:-1])
            last = ""
        elif not token.isspace():
            hexadecimal = re.fullmatch(r"\\[uU]([0-9A-Fa-f]+)", token)
            character = chr(int(hexadecimal[1], 16)) if hexadecimal else token[-1]
            first = ord(last) if ranged else ord(character)
            found |= {chr(point) for point in range(first, ord(character) + 1)}
            last, ranged = character, False
    return found


def alphabet(folder: Path, code: str) -> str:
    """The letters of a language, sorted; empty where CLDR has no such locale."""
    names = LOCALES.get(code) or [code, *(p.name for p in folder.glob(f"{code}-????"))]
    letters: set[str] = set()
    for name in names:
        path = folder / name / "characters.json"
        if path.exists():
            sets = json.loads(path.read_text(encoding="utf-8"))["main"][name]["characters"]
            for key in ("exemplarCharacters", "auxiliary"):
                letters |= characters(sets.get(key, "[]"))
    both = {part for c in letters for part in (*c.lower(), *unicodedata.normalize("NFD", c))}
    return "".join(sorted(c for c in both if unicodedata.category(c) in ("Ll", "Lo", "Lt")))


def main() -> None:
    """Print the file."""
    parser = argparse.ArgumentParser(description="Alphabets from CLDR's exemplar characters.")
    parser.add_argument("folder", type=Path, help="package/main of cldr-misc-full")
    folder = parser.parse_args().folder
    version = json.loads((folder.parent / "package.json").read_text(encoding="utf-8"))["version"]
    codes = sorted(set(load_model(model_path("lid.176")).labels) - LEFT_OUT)
    found = {code: letters for code in codes if (letters := alphabet(folder, code))}
    print(
        f"# Letters of each language: exemplar characters of CLDR {version} (Unicode License v3),"
    )
    print("# made by benchmarks/langid_alphabets.py.\n")
    print(yaml.safe_dump(found, allow_unicode=True, width=1000), end="")


if __name__ == "__main__":
    main()
