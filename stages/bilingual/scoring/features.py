"""What a pair of sentences is judged by, as numbers.

Each side is looked at by itself: what the lexicon does not find, and the worst stretch of it; what
looks like the other language; lengths, marks and numbers, and what is copied.
"""

from __future__ import annotations

import numpy as np

from stages.bilingual.scoring import describe_kernels as sides
from stages.bilingual.scoring import lexical_kernels as lexical
from stages.bilingual.scoring.describing import LEAST_GRAMS, Described

FEATURES = (
    "left_evidence", "right_evidence", "left_found", "right_found", "least_found",
    "lexicon_knows", "left_missing_run", "right_missing_run", "left_missing_end",
    "right_missing_end", "left_foreign_run", "right_foreign_run", "left_strange", "right_strange",
    "left_surprise", "right_surprise", "left_surprise_run", "right_surprise_run",
    "left_surprise_end", "right_surprise_end", "left_foreign_part", "right_foreign_part",
    "too_short", "too_long", "copied", "copied_run", "copied_of_left", "copied_of_right",
    "numbers_changed",
    "numbers_missing", "numbers_agree", "questions", "exclamations", "colons", "stops", "brackets",
    "brackets_differ", "left_foreign", "right_foreign", "repeated", "shortness",
)  # fmt: skip
MOST_EVIDENCE = 12.0
MOST_DEVIATION = 6.0
LONG_COPY = 40.0
"""4-grams in a row; names are shorter."""


def features(described: Described) -> np.ndarray:
    """float64 [pairs, FEATURES]: what the logistic function weighs."""
    counts = described.counts
    lexicon = described.lexical
    found = (lexicon[:, :, lexical.GAINED] + 1) / (lexicon[:, :, lexical.EXPECTED] + 1)
    found = np.minimum(found, 1.5)
    evidence = np.clip(lexicon[:, :, lexical.EVIDENCE], -MOST_EVIDENCE, MOST_EVIDENCE)
    missing_run = np.log1p(-lexicon[:, :, lexical.MISSING_RUN])
    missing_end = np.log1p(-lexicon[:, :, lexical.MISSING_END])
    foreign_run = np.log1p(lexicon[:, :, lexical.FOREIGN_RUN])
    strange = np.clip(lexicon[:, :, lexical.FOREIGN], -MOST_EVIDENCE, MOST_EVIDENCE)
    surprise = np.clip(
        lexicon[:, :, lexical.SURPRISE : lexical.SURPRISE_END + 1], -MOST_DEVIATION, MOST_DEVIATION
    )
    changed, missing, common = described.numbers()
    characters = described.characters()
    deviations = np.clip(described.deviations(), -MOST_DEVIATION, MOST_DEVIATION)
    marks = described.habits.mark_scores(counts)
    columns = {
        "left_evidence": evidence[:, 0],
        "right_evidence": evidence[:, 1],
        "left_found": found[:, 0],
        "right_found": found[:, 1],
        "least_found": found.min(axis=1),
        "lexicon_knows": np.log1p(lexicon[:, :, lexical.EXPECTED].sum(axis=1)),
        "left_missing_run": missing_run[:, 0],
        "right_missing_run": missing_run[:, 1],
        "left_missing_end": missing_end[:, 0],
        "right_missing_end": missing_end[:, 1],
        "left_foreign_run": foreign_run[:, 0],
        "right_foreign_run": foreign_run[:, 1],
        "left_strange": strange[:, 0],
        "right_strange": strange[:, 1],
        "left_surprise": surprise[:, 0, 0],
        "right_surprise": surprise[:, 1, 0],
        "left_surprise_run": surprise[:, 0, 1],
        "right_surprise_run": surprise[:, 1, 1],
        "left_surprise_end": surprise[:, 0, 2],
        "right_surprise_end": surprise[:, 1, 2],
        "left_foreign_part": lexicon[:, 0, lexical.FOREIGN_PART],
        "right_foreign_part": lexicon[:, 1, lexical.FOREIGN_PART],
        "too_short": np.maximum(-deviations, 0),
        "too_long": np.maximum(deviations, 0),
        "copied": described.copied(),
        "copied_run": np.minimum(counts[:, sides.LONGEST_COPY] / LONG_COPY, 1.0),
        "copied_of_left": _share(counts, sides.LEFT_GRAMS),
        "copied_of_right": _share(counts, sides.RIGHT_GRAMS),
        "numbers_changed": np.minimum(changed, 2),
        "numbers_missing": np.minimum(missing, 3),
        "numbers_agree": np.log1p(common),
        "questions": marks[:, 0],
        "exclamations": marks[:, 1],
        "colons": marks[:, 2],
        "stops": marks[:, 3],
        "brackets": marks[:, 4],
        "brackets_differ": np.log1p(
            np.abs(counts[:, sides.BRACKETS] - counts[:, sides.SIDE + sides.BRACKETS])
        ),
        "left_foreign": described.foreign[:, 0],
        "right_foreign": described.foreign[:, 1],
        "repeated": described.repeated(),
        "shortness": 1 / (1 + characters.min(axis=1) / 10),
    }
    return np.column_stack([columns[name] for name in FEATURES]).astype(np.float64)


def _share(counts: np.ndarray, column: int) -> np.ndarray:
    """Part of a side's 4-grams that both have."""
    share = counts[:, sides.COMMON_GRAMS] / np.maximum(counts[:, column], LEAST_GRAMS)
    return np.minimum(share, 1.0).astype(np.float64)
