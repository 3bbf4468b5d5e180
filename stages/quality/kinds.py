"""What kind of text a document is, and which rules suit it: ``document_kind``.

Rules for prose drop sound texts of other kinds for what they are: a statute of two sentences is
short, a poem has short lines, a list has no sentences, a program has neither. Told apart are

    code    three lines in ten look like a program's
    verse   lines of like length, of several words, short of a page's, with marks at their ends
    list    bullets on half of the lines, half of the words in links, or short lines that end no
            sentence
    short   fewer words than ``gopher_short_doc`` asks for
    prose   all else

in this order, from the signals alone. Shares of fifty words are accidents (one name said twice, one
hashtag), so a short text goes for little: fewer than three words outside labels
(``gopher_text_words``: titles, names of buttons, a word or two; in Thai and its neighbours fewer
than one), half of its words without letters, as many hash signs or ellipses, markup, copied lines.
How short it is is a flag, whatever its length.

A kind has rules of its own in ``KINDS``: a threshold that replaces the one for prose, or none. What
fails the rule for prose and not the one of its kind stays and has the rule's name in
``quality_flags``. Rules not named there judge all kinds alike: junk that looks like a list (a menu
of single words) or is short ("Terms of use") goes.
"""

from __future__ import annotations

import numpy as np

from stages.quality.rules import AT_LEAST, RULES
from stages.quality.signals import OWN

NAMES = ("prose", "short", "list", "verse", "code")
"""The kinds; an index is a kind's number."""
PROSE, SHORT, LIST, VERSE, CODE = range(5)

CODE_LINES = 0.3
VERSE_LENGTH = 55
"""Characters of a line on the average, at most; half of it in scripts without spaces."""
VERSE_VARIATION = 0.45
VERSE_MARKS = 0.25
LIST_SHARE = 0.5
"""Of bullets, of links, or of short lines."""
LIST_MARKS = 0.25
LIST_SENTENCES = 0.1
"""Share of lines or paragraphs in which a sentence ends; below, marks are those of forms."""
FEWEST_WORDS = 50
"""Where ``gopher_short_doc`` is off."""

RULE_NAMES = [rule.name for rule in RULES]
SIGNALS_OF_KINDS = (
    "words", "punctuated_lines", "terminal_lines", "code_lines", "bullet_lines", "link_lines",
    "short_lines", "mean_line_length", "line_length_variation", "few_word_lines", "letter_words",
)  # fmt: skip
"""What kinds are told by."""
LINE_RULES = ("fineweb_line_ends", "fineweb_short_lines", "fineweb_new_lines", "c4_sentences")
TOP_N_GRAMS = tuple(f"repetition_top_{n}_gram" for n in (2, 3, 4))
COPIES_OF_FORMS: dict[str, float | None] = {
    "repetition_paragraphs": 0.7,
    "repetition_paragraph_size": 0.5,
    "repetition_lines": 0.7,
    "repetition_line_size": 0.5,
    "fineweb_duplicate_lines": 0.5,
    **dict.fromkeys(TOP_N_GRAMS, 0.3),
    **{f"repetition_{n}_grams": 0.4 for n in range(5, 11)},
}
"""What repeats in a sound program or list is its form: the lines that close a block, the heading of
each entry. Half of it may; of a page that was printed twice it is more."""
KINDS: dict[str, dict[str, float | None]] = {
    "short": {
        **dict.fromkeys(
            (*LINE_RULES, "gopher_short_doc", "gopher_stop_words", "gopher_ellipsis_lines")
        ),
        **dict.fromkeys(TOP_N_GRAMS, 0.5),
        "gopher_letter_words": 0.5,
        "gopher_hash_signs": 0.5,
        "gopher_ellipses": 0.5,
    },
    "list": {
        **dict.fromkeys(
            (*LINE_RULES, "gopher_stop_words", "gopher_bullet_lines", "gopher_ellipsis_lines")
        ),
        **COPIES_OF_FORMS,
        "gopher_short_doc": 12,
    },
    "verse": {
        **dict.fromkeys(
            (*LINE_RULES, "gopher_ellipsis_lines", "c4_few_word_lines", "c4_bare_lines")
        ),
        "gopher_short_doc": 10,
        "gopher_stop_words": 1,
        "repetition_lines": 0.7,
    },
    "code": {
        **dict.fromkeys(
            (
                *LINE_RULES, "gopher_below_avg_word_length", "gopher_hash_signs",
                "gopher_stop_words", "gopher_bullet_lines", "c4_javascript_lines",
                "c4_brace_lines", "c4_few_word_lines", "c4_bare_lines",
            )
        ),
        **COPIES_OF_FORMS,
        "gopher_short_doc": 20,
        "gopher_above_avg_word_length": 20,
        "gopher_letter_words": 0.4,
    },
}  # fmt: skip
"""Kind -> rule -> its own threshold, or None where the rule says nothing of the kind."""


def kinds_of(signals: np.ndarray, spaceless: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The kind of each document.

    Args:
        signals: float32 [signals, rows] of our own definitions, NaN where one has no meaning.
        spaceless: float32 [rows], share of words that are characters of spaceless scripts.
        thresholds: float32 [rows, rules], those for prose.

    Returns:
        int64 [rows], positions in ``NAMES``.
    """
    named = dict(zip(OWN, signals, strict=True))
    fewest_words = thresholds[:, RULE_NAMES.index("gopher_short_doc")]
    fewest = np.where(np.isnan(fewest_words), FEWEST_WORDS, fewest_words)
    marks = named["punctuated_lines"]
    code = named["code_lines"] >= CODE_LINES
    bullets = (named["bullet_lines"] >= LIST_SHARE) | (named["link_lines"] >= LIST_SHARE)
    unfinished = (marks < LIST_MARKS) | (named["terminal_lines"] < LIST_SENTENCES)
    short_lines = (named["short_lines"] >= LIST_SHARE) & unfinished
    verse = (
        (named["mean_line_length"] <= np.where(spaceless >= 0.5, VERSE_LENGTH / 2, VERSE_LENGTH))
        & (named["line_length_variation"] <= VERSE_VARIATION)
        & (marks >= VERSE_MARKS)
        & (named["few_word_lines"] < 0.5)
        & (named["letter_words"] >= 0.95)
        & ~bullets
    )
    short = named["words"] < fewest
    return np.select(
        [code, verse, bullets | short_lines, short], [CODE, VERSE, LIST, SHORT], PROSE
    ).astype(np.int64)


def thresholds_of_kinds(thresholds: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """The thresholds by which documents of these kinds go.

    Args:
        thresholds: float32 [rows, rules], those for prose, NaN where a rule is off.
        kinds: int64 [rows].

    Returns:
        float32 [rows, rules]: a kind's own where it has one and it is the more lenient; NaN where
        the rule is off, for the document's language or for its kind.
    """
    result = thresholds.copy()
    for kind, own in KINDS.items():
        rows = np.flatnonzero(kinds == NAMES.index(kind))
        for name, value in own.items():
            number = RULE_NAMES.index(name)
            before = thresholds[rows, number]
            if value is None:
                result[rows, number] = np.nan
            elif RULES[number].side == AT_LEAST:
                result[rows, number] = np.minimum(before, np.float32(value))
            else:
                result[rows, number] = np.maximum(before, np.float32(value))
    return result
