"""``preset: datatrove``: a pair of documents for each rule, one on each side of its threshold."""

import pyarrow as pa
import pytest
from pydantic import ValidationError

from stages.base import DROP_REASON
from stages.quality.datatrove.definitions import RULES
from stages.quality.quality import PREFIX, Quality
from stages.quality.signals import DATATROVE

from ..test_quality import DIFFERENT, SENTENCES, batch_of

PAIRS = {
    "gopher_short_doc": (
        "one two three four five six seven , " * 7,
        "one two three four five six seven , " * 7 + "eight",
    ),
    "gopher_below_avg_word_length": ("a bcd ef " * 20, "abc def ghi " * 20),
    "gopher_above_avg_word_length": ("electroencephalography " * 60, "mouthpiece " * 60),
    "gopher_hash_signs": (
        "word #tag here " * 20,
        "one two three four five six seven eight #nine ten " * 5,
    ),
    "gopher_ellipses": ("and so... on " * 20, "one two three four five six seven... nine ten " * 5),
    "gopher_bullet_lines": ("- a line of it\n" * 10, "- a line of it\n" * 9 + "no item\n"),
    "gopher_ellipsis_lines": ("More of it...\n" * 4 + SENTENCES, "More of it...\n" * 2 + SENTENCES),
    "gopher_letter_words": ("word , " * 30, "word word word word , " * 10),
    "gopher_stop_words": (DIFFERENT + " the the The And", DIFFERENT + " the and"),
    "repetition_paragraphs": (
        "Again.\n\n" * 5 + SENTENCES,
        "Again.\n\nAgain.\n\n" + SENTENCES.replace("\n", "\n\n"),
    ),
    "repetition_paragraph_size": (
        (SENTENCES + "\n") * 2,
        SENTENCES + "\n" + SENTENCES[:75],
    ),
    "repetition_lines": ("Again.\n" * 5 + SENTENCES, "Again.\n" * 4 + SENTENCES),
    "repetition_line_size": (
        SENTENCES + SENTENCES[:200] + "\n" + SENTENCES,
        SENTENCES + "Again.\nAgain.\n",
    ),
    "repetition_top_2_gram": ("of the " * 20 + SENTENCES[:80], SENTENCES),
    "repetition_top_3_gram": ("one two three " * 20, SENTENCES),
    "repetition_top_4_gram": ("one two three four " * 20, SENTENCES),
    "repetition_5_grams": (SENTENCES + SENTENCES[:150], SENTENCES + SENTENCES[:30]),
    "repetition_6_grams": (SENTENCES + SENTENCES[:150], SENTENCES + SENTENCES[:30]),
    "repetition_7_grams": (SENTENCES + SENTENCES[:150], SENTENCES + SENTENCES[:30]),
    "repetition_8_grams": (SENTENCES + SENTENCES[:150], SENTENCES + SENTENCES[:30]),
    "repetition_9_grams": (SENTENCES + SENTENCES[:150], SENTENCES + SENTENCES[:30]),
    "repetition_10_grams": (
        SENTENCES + SENTENCES[:150],
        SENTENCES + SENTENCES[:30],
    ),
    "c4_lorem_ipsum": (
        SENTENCES + "Lorem Ipsum is text.\n",
        SENTENCES + "Lorem Ipsum is no sentence\n",
    ),
    "c4_brace_lines": (
        SENTENCES + "It is {set} in braces.\n",
        SENTENCES + "It is {set} in braces\nand {javascript} is left out.\n",
    ),
    "c4_sentences": (
        SENTENCES.replace(SENTENCES.splitlines()[3] + "\n", "No end of it here\n"),
        SENTENCES.replace("\n", " ").strip(),
    ),
    "fineweb_line_ends": (SENTENCES.replace(".\n", ",\n"), SENTENCES.replace(".\n", ")\n", 4)),
    "fineweb_short_lines": ("Short it is.\n" * 12 + SENTENCES, "Short it is.\n" * 10 + SENTENCES),
    "fineweb_duplicate_lines": (
        SENTENCES + "Again, all of it.\nAgain, all of it.\n",
        SENTENCES + "It.\nIt.\n",
    ),
    "fineweb_new_lines": ("one two\n" * 20, "one two three four\n" * 20),
}
"""Rule -> what datatrove 0.10.1 rejects with this rule alone, and what it keeps."""


def judged(text, lang="en", **settings):
    batch = Quality(preset="datatrove", **settings).apply(batch_of(text, lang=pa.array([lang])))
    return batch[DROP_REASON][0].as_py() if DROP_REASON in batch.schema.names else None


def alone(rule):
    """Every other rule off."""
    return {"en": {other.name: None for other in RULES if other.name != rule}}


@pytest.mark.parametrize("rule", PAIRS)
def test_rule(rule):
    rejected, kept = PAIRS[rule]
    assert judged(rejected, languages=alone(rule)).startswith(f"{rule}: ")
    assert judged(kept, languages=alone(rule)) is None


def test_a_document_of_too_many_words():
    text = "one two three , " * 33_334
    assert judged(text, languages=alone("gopher_long_doc")) == "gopher_long_doc: 100002 vs 100000"
    assert judged(text[:-16], languages=alone("gopher_long_doc")) is None


def test_every_rule_has_its_pair():
    assert {rule.name for rule in RULES} - set(PAIRS) == {"gopher_long_doc"}


def test_punctuation_counts_as_words():
    signals = Quality(preset="datatrove").apply(batch_of("Yes , no , yes !"))
    assert signals["signal_letter_words"].to_pylist() == [0.5]
    assert Quality().apply(batch_of("Yes , no , yes !"))["signal_letter_words"].to_pylist() == [1]


def test_stop_words_are_english_in_every_language_and_written_small():
    french = "Le chat et le chien sont dans la maison avec les enfants du village voisin."
    signals = Quality(preset="datatrove").apply(
        batch_of(french, "To be, THE And", "to be or", lang=pa.array(["fr", "en", "fr"]))
    )
    assert signals["signal_stop_words"].to_pylist() == [0, 1, 2]


def test_columns_are_the_signals_of_the_preset():
    batch = Quality(preset="datatrove").apply(batch_of(SENTENCES))
    names = [name for name in batch.schema.names if name.startswith(PREFIX)]
    assert names == [PREFIX + name for name in DATATROVE]


def test_rules_of_ours_are_unknown_to_it():
    with pytest.raises(ValidationError, match="there is no rule 'c4_link_lines'"):
        Quality(preset="datatrove", thresholds={"c4_link_lines": 0.5})


def test_empty_texts():
    assert judged("").startswith("gopher_short_doc: 0 vs 50")
    assert judged("\n \n").startswith("gopher_short_doc: 0 vs 50")
