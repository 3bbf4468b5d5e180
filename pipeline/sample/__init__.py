"""The sample corpus: text to run and check the whole pipeline on, with nothing downloaded.

Every word was written for this project and is under its licence, Apache-2.0.

* ``corpus/articles/<lang>.jsonl``: 12 articles in 14 languages (ar, de, en, es, fr, hi, id, ja,
  ko, pt, ru, th, vi, zh), 168 documents. All languages hold the same articles, translated paragraph
  by paragraph; translations of each other share ``pair_key``.
* ``corpus/crawl/crawl.jsonl``: some 190 pages of what a crawl is full of: copies, near-copies,
  menus, site frames, spam, wrong encodings, wrong language labels, invented personal data, logs,
  three lines that cannot be read, and short documents that deserve to be kept.
* ``truth.jsonl``: what each line of both is, and what should become of it (``truth``).
* ``snippets/*.yaml``: what the pages of the crawl are made from, beside the articles.

``python -m pipeline.sample.build_crawl`` writes the crawl and the truth from the articles and the
snippets, the same bytes every time.
"""

import json
from pathlib import Path
from typing import Any

SAMPLE: Path = Path(__file__).parent
"""The corpus with what is known about it."""

SAMPLE_CORPUS: Path = SAMPLE / "corpus"
"""The corpus alone: what a pipeline reads."""

TRUTH_FILE = "truth.jsonl"


def truth() -> list[dict[str, Any]]:
    """What is known about every line of ``articles/`` and ``crawl/``.

    Returns:
        One dict per line, with the keys

        * ``file`` (relative to ``SAMPLE_CORPUS``), ``line`` (from 1), ``id``
        * ``kind``: article, exact_copy, near_copy, related, boilerplate, menu, spam, mojibake,
          wrong_label, personal_data, short, repetitive, lorem, links, log, code,
          control_characters, mixed, good or broken
        * ``lang``: the true language (ISO 639-1), or ``und`` where there is none or more than one
        * ``of``: id of the article the page was made from, or None
        * ``jaccard``: similarity to that article (``build_crawl.jaccard``), or None; of ``clean``
          where characters are damaged (mojibake, control_characters)
        * ``personal_data``: the strings that are personal data
        * ``expect``: keep; drop (of copies: one of the original and its copies is to stay);
          repair (keep, with its damage undone); quarantine; either (a matter of policy)
        * ``clean``: the text without its damage; only on pages that have some
    """
    with open(SAMPLE / TRUTH_FILE, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
