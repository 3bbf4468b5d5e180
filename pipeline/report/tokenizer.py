"""The tokenizer: bytes per token, what languages pay beside others, scripts of its tokens."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from formats.documents import document_files
from formats.storage import filesystem, is_local
from pipeline.report.language_filter import LanguageFilter
from pipeline.report_html import bars, section

if TYPE_CHECKING:
    from formats.run_folder import RunFolder

logger = logging.getLogger(__name__)

LANGUAGES_SHOWN = 60
FEWEST_PAIRS = 20
"""Pairs of two languages from which a premium is told."""
MOST_PAIRS = 200_000
"""Pairs that it is measured on."""

Summary = dict[str, Any]


def tokenizer_section(folder: RunFolder, summary: Summary, languages: LanguageFilter) -> str:
    """The section; empty where the recipe names no tokenizer."""
    if "tokenizer" not in summary:
        return ""
    parts = []
    where, rates = _bytes_per_token(summary)
    if rates:
        rows = [(name, [rate], f"{rate:.2f}") for name, rate in rates.items()]
        classes = [languages.row_of(name) for name in rates]
        parts += ["<h3>Bytes of text in a token</h3>", f'<p class="lead">{where}</p>',
                  bars(rows, ["bytes per token"], classes)]  # fmt: skip
    premiums = token_premiums(folder)
    if premiums:
        pairs = [
            (name, [value], f"{value:.2f} times the tokens, in {count:,} pairs")
            for name, (value, count) in premiums.items()
        ]
        parts += [
            "<h3>Premium</h3>",
            '<p class="lead">Tokens of the second language for each token of the first, in '
            "documents that translate each other: 1 is parity.</p>",
            bars(pairs, ["premium"], [languages.row_of(name) for name in premiums]),
        ]
    scripts = vocabulary_by_script(folder)
    if scripts:
        total = sum(scripts.values())
        rows = [(name, [float(n)], f"{n:,} ({n / total:.1%})") for name, n in scripts.items()]
        parts += ["<h3>Vocabulary by script</h3>", bars(rows, ["tokens"])]
    lead = f"{summary['tokenizer']['vocab_size']:,} entries."
    return section("Tokenizer", *parts, lead=lead)


def _bytes_per_token(summary: Summary) -> tuple[str, dict[str, float]]:
    """Where it was measured, and the rates, the cheapest first."""
    found = summary["tokenizer"].get("bytes_per_token", {})
    where = "Of text held out from its training."
    if not found:
        where = "Of all text of each component of the mixture."
        found = {
            name: part["text_bytes"] / max(part["tokens"], 1)
            for name, part in summary.get("tokens", {}).get("components", {}).items()
        }
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return where, dict(ordered[:LANGUAGES_SHOWN])


def token_premiums(folder: RunFolder) -> dict[str, tuple[float, int]]:
    """Tokens of the right language over those of the left in paired documents, and how many pairs.

    Counted in the offsets of the token files, which are mapped; where they are not on a local disk
    nothing is told, since reading them means fetching all tokens.
    """
    pairs = _pairs(folder)
    if not pairs or not is_local(folder.tokens_path):
        return {}
    wanted = np.unique(np.concatenate([side for sides in pairs.values() for side in sides]))
    sizes = _token_counts(folder, wanted)
    found = {}
    for name, (left, right) in pairs.items():
        ours, theirs = (sizes[np.searchsorted(wanted, side)] for side in (left, right))
        both = (ours > 0) & (theirs > 0)
        if both.sum() >= FEWEST_PAIRS:
            found[name] = (float(theirs[both].sum() / ours[both].sum()), int(both.sum()))
    return dict(sorted(found.items(), key=lambda item: (-item[1][0], item[0])))


def _pairs(folder: RunFolder) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of two languages the numbers of left and right documents, uint64 [pairs]; kept pairs only."""
    import pyarrow.dataset as ds

    places, inner = filesystem(folder.bilingual_documents_path)
    if not places.isdir(inner):
        return {}
    columns = ["left_id", "right_id", "left_lang", "right_lang"]
    dataset = ds.dataset(document_files(folder.bilingual_documents_path))
    table = dataset.head(MOST_PAIRS, columns=columns, filter=ds.field("kept"))
    sides: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for row in table.to_pylist():
        left, right = sides[f"{row['left_lang']}-{row['right_lang']}"]
        left.append(int(row["left_id"][:16], 16))
        right.append(int(row["right_id"][:16], 16))
    return {n: (np.array(a, np.uint64), np.array(b, np.uint64)) for n, (a, b) in sides.items()}


def _token_counts(folder: RunFolder, wanted: np.ndarray) -> np.ndarray:
    """Tokens of each document, int64 [wanted]; 0 where it was not tokenized."""
    from formats.tokens import TokensReader, component_folder

    counts = np.zeros(len(wanted), np.int64)
    places, _ = filesystem(folder.tokens_path)
    for component in folder.components():
        inner = filesystem(f"{folder.tokens_path}/{component_folder(component)}")[1]
        for path in sorted(places.glob(f"{inner}/*.arrow")):
            for batch in TokensReader(path).batches():
                at = np.searchsorted(wanted, batch.document_ids)
                at = np.minimum(at, len(wanted) - 1)
                here = wanted[at] == batch.document_ids
                counts[at[here]] = np.diff(batch.offsets)[here]
    return counts


def vocabulary_by_script(folder: RunFolder) -> dict[str, int]:
    """Tokens by the script of their first letter, or what they are without one; the most first."""
    from formats.token_bytes import token_bytes
    from formats.token_kinds import SPECIAL, as_text, kind_of_token

    path = f"{folder.tokenizer_path}/tokenizer.json"
    places, inner = filesystem(path)
    if not places.isfile(inner):
        return {}
    try:
        found = token_bytes(places.cat_file(inner), path)
    except ValueError as error:
        logger.warning("report: the vocabulary is not drawn: %s", error)
        return {}
    kinds = Counter(
        SPECIAL if special else kind_of_token(spelled, as_text(spelled))
        for spelled, special in zip(found.spelled, found.special.tolist(), strict=True)
    )
    return dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0])))
