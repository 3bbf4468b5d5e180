"""The quality rules as data: what is measured, which side is bad, where the line is drawn.

Rules are those of Gopher (Rae et al. 2021), C4 (Raffel et al. 2020) and FineWeb (Penedo et al.
2024), as datatrove computes them; thresholds are theirs unless a comment says otherwise. They were
set for English words between spaces. What is different here, and why:

* A word of ours is a run of letters and digits, punctuation is not counted (datatrove counts marks
  as words). In scripts without spaces a character with its marks is a part of a word
  (``sizes_kernels``), and counts, means and shares are of words so estimated: fifty words are about
  90 Chinese characters or 250 Thai code points. The mean length of a word is near the script's
  constant there, so the lower bound is off and the upper one, FineWeb-2's, is what finds Latin
  junk. n-grams are measured over 2n characters.
* A top n-gram counts where it repeats: datatrove's shares of short documents are those of their
  first n-gram. Shares are at most 1.
* Short documents, lists, verse and code have thresholds of their own (``kinds``).
* Lines and their duplicates are counted among lines with a word in them (``words_kernels``).
* C4 removes lines and then asks what is left. Here C4's tests of lines are shares of a document,
  so that a page about JavaScript or with a code sample stays (see each rule).
* Thai, Lao, Khmer and Tibetan end no sentence with a mark, so the rules on line ends and on the
  number of sentences are off; verse and short paragraphs are what they are, so are short lines in
  Chinese and Japanese.

``RULES`` is the order of judging: the first rule that fails is the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import numpy as np

Family = Literal["gopher", "repetition", "c4", "fineweb"]
FAMILIES: tuple[Family, ...] = ("gopher", "repetition", "c4", "fineweb")

AT_LEAST = 1
AT_MOST = -1

UNKNOWN = "und"
"""Language of documents without one: the defaults, no stop words."""
UNKNOWN_SPACELESS = "und-spaceless"
"""The same where most words are of a script without spaces."""


@dataclass(frozen=True)
class Rule:
    """A document stays while its signal is ``at least`` or ``at most`` the threshold."""

    name: str
    family: Family
    signal: str
    """One of the preset's (``signals``)."""
    side: int
    """AT_LEAST or AT_MOST; equality passes."""
    threshold: float | None
    """Where a language says nothing else; None: the rule is off."""


RULES = (
    # Gopher; word length, letters: lower than 3 and 0.8, which real tables, laws and Korean miss.
    Rule("gopher_short_doc", "gopher", "words", AT_LEAST, 50),
    # Ours, of texts of fewer than twelve words: titles and names of buttons (``short_kernels``).
    Rule("gopher_text_words", "gopher", "text_words", AT_LEAST, 3),
    Rule("gopher_long_doc", "gopher", "words", AT_MOST, 100_000),
    Rule("gopher_below_avg_word_length", "gopher", "mean_word_length", AT_LEAST, 2.5),
    Rule("gopher_above_avg_word_length", "gopher", "mean_word_length", AT_MOST, 10),
    Rule("gopher_hash_signs", "gopher", "hash_signs", AT_MOST, 0.1),
    Rule("gopher_ellipses", "gopher", "ellipses", AT_MOST, 0.1),
    Rule("gopher_bullet_lines", "gopher", "bullet_lines", AT_MOST, 0.9),
    Rule("gopher_ellipsis_lines", "gopher", "ellipsis_lines", AT_MOST, 0.3),
    Rule("gopher_letter_words", "gopher", "letter_words", AT_LEAST, 0.7),
    Rule("gopher_stop_words", "gopher", "stop_words", AT_LEAST, 2),
    # Gopher's repetition. Lines, paragraphs: 0.5 instead of 0.3, as code repeats short lines; their
    # size 0.3 instead of 0.2, as manuals and exercises repeat a step; copied text has 0.5 and more.
    Rule("repetition_paragraphs", "repetition", "duplicate_paragraphs", AT_MOST, 0.5),
    Rule("repetition_paragraph_size", "repetition", "duplicate_paragraph_characters", AT_MOST, 0.3),
    Rule("repetition_lines", "repetition", "duplicate_lines", AT_MOST, 0.5),
    Rule("repetition_line_size", "repetition", "duplicate_line_characters", AT_MOST, 0.3),
    Rule("repetition_top_2_gram", "repetition", "top_2_gram", AT_MOST, 0.2),
    Rule("repetition_top_3_gram", "repetition", "top_3_gram", AT_MOST, 0.18),
    Rule("repetition_top_4_gram", "repetition", "top_4_gram", AT_MOST, 0.16),
    # 0.15 ... 0.10 in Gopher; manuals and statutes need more, pages of copies have 0.7.
    Rule("repetition_5_grams", "repetition", "duplicate_5_grams", AT_MOST, 0.3),
    Rule("repetition_6_grams", "repetition", "duplicate_6_grams", AT_MOST, 0.27),
    Rule("repetition_7_grams", "repetition", "duplicate_7_grams", AT_MOST, 0.25),
    Rule("repetition_8_grams", "repetition", "duplicate_8_grams", AT_MOST, 0.23),
    Rule("repetition_9_grams", "repetition", "duplicate_9_grams", AT_MOST, 0.22),
    Rule("repetition_10_grams", "repetition", "duplicate_10_grams", AT_MOST, 0.21),
    # C4 on whole documents. Links: ours, in its spirit. Braces: off, a third of sound pages of
    # technical documentation have them on every third line. Sentences: 5 in C4.
    Rule("c4_lorem_ipsum", "c4", "lorem_ipsum_lines", AT_MOST, 0.05),
    Rule("c4_long_word", "c4", "longest_word", AT_MOST, 1000),
    Rule("c4_javascript_lines", "c4", "javascript_lines", AT_MOST, 0.4),
    Rule("c4_policy_lines", "c4", "policy_lines", AT_MOST, 0.15),
    Rule("c4_brace_lines", "c4", "brace_lines", AT_MOST, None),
    Rule("c4_link_lines", "c4", "link_lines", AT_MOST, 0.4),
    Rule("c4_link_bytes", "c4", "link_bytes", AT_MOST, 0.45),
    # Words, not lines: reference pages have many headings of one word.
    Rule("c4_few_word_lines", "c4", "few_word_lines", AT_MOST, 0.6),
    # Ours too: menus, of which not all have one word a line. Glossaries are below 0.8.
    Rule("c4_bare_lines", "c4", "bare_lines", AT_MOST, 0.93),
    # Pages and tables of settings as they are stored. Pages have 0.35 to 0.82, so their beginning
    # says more; sound documentation with captions in attributes has up to 0.73.
    Rule("c4_markup", "c4", "markup", AT_MOST, 0.75),
    Rule("c4_key_value_lines", "c4", "key_value_lines", AT_MOST, 0.25),
    Rule("c4_sentences", "c4", "sentences", AT_LEAST, 2),
    # FineWeb. Line ends: 0.12 of lines there; here lines or paragraphs with a sentence in them.
    # Short lines: 0.67 there, FineWeb 2 switched the rule off; ``c4_bare_lines`` finds the menus.
    # Copies of lines: 0.01 there, 0.1 in FineWeb 2; see Gopher's. New lines: 0.3 there.
    Rule("fineweb_line_ends", "fineweb", "terminal_lines", AT_LEAST, 0.04),
    Rule("fineweb_short_lines", "fineweb", "short_lines", AT_MOST, 0.95),
    Rule("fineweb_duplicate_lines", "fineweb", "duplicate_line_characters", AT_MOST, 0.3),
    Rule("fineweb_new_lines", "fineweb", "lines_per_word", AT_MOST, 0.4),
)

SPACELESS: dict[str, float | None] = {
    "gopher_below_avg_word_length": None,
    "gopher_above_avg_word_length": 6,
    "repetition_top_2_gram": 0.25,
    "repetition_top_3_gram": 0.25,
    "repetition_top_4_gram": 0.25,
    "fineweb_new_lines": 0.45,
}
"""Scripts whose words are characters; FineWeb 2 has 1 to 5 (zh), 1 to 6 (ja) for mean length. New
lines: five characters of verse are 2.8 words."""

NO_SENTENCE_MARKS: dict[str, float | None] = SPACELESS | {
    "gopher_above_avg_word_length": 10,
    "gopher_text_words": 1,
    "c4_sentences": None,
    "fineweb_line_ends": None,
}
"""Thai and its neighbours: FineWeb 2 has the rule on line ends off for th, lo, km, my and bo. There
nothing tells a label from a post, and words are estimates: only fewer than one go."""

CHINESE: dict[str, float | None] = SPACELESS | {
    "fineweb_short_lines": None,  # verse
    "repetition_5_grams": 0.33,  # statutes: 98 % are below 0.30
}
FEW_MARKS: dict[str, float | None] = {"c4_sentences": None}
"""Sound paragraphs of one sentence are common (Arabic encyclopedia, Indonesian reviews)."""

LANGUAGES: dict[str, dict[str, float | None]] = {
    UNKNOWN_SPACELESS: NO_SENTENCE_MARKS,
    "th": NO_SENTENCE_MARKS
    | {  # government news repeat their head lines: 98 % are below 0.41, 0.34 for n = 10
        "repetition_5_grams": 0.45,
        "repetition_6_grams": 0.43,
        "repetition_7_grams": 0.41,
        "repetition_8_grams": 0.39,
        "repetition_9_grams": 0.38,
        "repetition_10_grams": 0.37,
    },
    "lo": NO_SENTENCE_MARKS,
    "km": NO_SENTENCE_MARKS,
    "my": NO_SENTENCE_MARKS,
    "bo": {"c4_sentences": None, "fineweb_line_ends": None, "gopher_below_avg_word_length": None},
    "dz": {"c4_sentences": None, "fineweb_line_ends": None, "gopher_below_avg_word_length": None},
    "zh": CHINESE,
    "lzh": CHINESE,
    "yue": CHINESE,
    "wuu": CHINESE,
    "ja": SPACELESS | {"gopher_stop_words": 1, "fineweb_short_lines": None},
    "ar": FEW_MARKS,
    "fa": FEW_MARKS,
    "ur": FEW_MARKS,
    "id": FEW_MARKS,
    "ms": FEW_MARKS,
    # Particles stand at the word, so few words are stop words.
    "ko": {"gopher_below_avg_word_length": 2, "gopher_stop_words": 1},
    # Plays and verse.
    "ru": {"gopher_ellipsis_lines": 0.5},
    # Statutes: numbers of sections, tables, lists of amendments.
    "de": {
        "gopher_letter_words": 0.62,
        "fineweb_line_ends": 0.02,
    },
}
"""Language -> rule -> threshold (None: off); what is not named here is as in ``RULES``."""


def check_rule_names(
    names: Mapping[str, object] | Sequence[str], where: str, rules: Sequence[Rule] = RULES
) -> None:
    """Raise ``ValueError`` naming the first unknown rule and the nearest known one."""
    known = [rule.name for rule in rules]
    for name in names:
        if name not in known:
            raise ValueError(f"{where}: there is no rule {name!r}{nearest(name, known)}")


def nearest(name: str, known: Sequence[str]) -> str:
    """What a message says after a wrong name: the name that was meant, or all there are."""
    found = get_close_matches(name, known, 1)
    return f"; did you mean {found[0]!r}?" if found else f"; known: {', '.join(known)}"


def language_key(language: str | None) -> str:
    """What thresholds and stop words are listed under: ``"zh-Hant"`` -> ``"zh"``."""
    if not language:
        return UNKNOWN
    return language.replace("_", "-").split("-")[0].lower()


def thresholds_of(
    language: str,
    families: Sequence[Family] = FAMILIES,
    thresholds: Mapping[str, float] | None = None,
    languages: Mapping[str, Mapping[str, float | None]] | None = None,
    rules: Sequence[Rule] = RULES,
    built_in: Mapping[str, Mapping[str, float | None]] = LANGUAGES,
) -> np.ndarray:
    """The thresholds that judge documents of a language.

    From weak to strong: the rule's default, the language's entry in ``built_in``, the caller's
    ``thresholds`` (which leave alone what is off for the language), the caller's ``languages``.

    Args:
        language: a ``language_key``.
        families: rules of other families are off.
        thresholds: rule -> threshold, for all languages.
        languages: language -> rule -> threshold, None to switch it off.
        rules: the rules.
        built_in: language -> rule -> threshold, None where the rule is off for the language.

    Returns:
        float32 [rules]: NaN where a rule is off.
    """
    ours = built_in.get(language, {})
    theirs = (languages or {}).get(language, {})
    result = np.full(len(rules), np.nan, np.float32)
    for number, rule in enumerate(rules):
        value = ours.get(rule.name, rule.threshold)
        off_here = rule.name in ours and value is None
        if thresholds and rule.name in thresholds and not off_here:
            value = thresholds[rule.name]
        value = theirs.get(rule.name, value)
        if rule.family in families and value is not None:
            result[number] = value
    return result
