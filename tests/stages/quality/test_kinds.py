"""Kinds of documents: told apart, judged by their own rules, flagged where those of prose fail."""

import pyarrow as pa
import pytest

from stages.base import DROP_REASON
from stages.quality.kinds import KINDS, NAMES, RULE_NAMES
from stages.quality.quality import FLAGS, KIND, Quality

from .test_quality import SENTENCES, SOUND, batch_of, numbered

VERSE = """\
The mill was silent in the morning rain,
the river carried down the yellow leaves,
and nobody would ever ask again
who left the lamp beneath the broken eaves.

We walked along the water to the town,
we counted every window on the way,
and when at last the heavy night came down
the lamp was burning, as on any day.
"""
CHINESE_VERSE = (
    "床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。\n"
    "空山不见人，\n但闻人语响。\n返景入深林，\n复照青苔上。\n"
)
RECIPE = """\
What you need for the bread
- five hundred grams of flour
- a small spoon of dry yeast
- ten grams of fine salt
- three hundred grams of water
- a little oil for the bowl
How to bake it
- mix the flour with the yeast and the salt
- add the water and knead for ten minutes
- leave it in the bowl until it is twice as high
- bake it in a hot oven for forty minutes
"""
PROGRAM = """\
def read(path):
    with open(path) as file:
        lines = file.read().splitlines()
    return [parse(line) for line in lines if line.strip()]


def parse(line):
    key, value = line.split("=", 1)
    return key.strip(), int(value.strip())


class Table:
    def __init__(self, rows):
        self.rows = dict(rows)

    def get(self, key, default=None):
        return self.rows.get(key, default)
"""
ARTICLE = "The owner of the land keeps the water that falls on it, and may sell it to a neighbour."
MENU = "Home\nNews\nAbout us\nContact\nLegal notice\nPrivacy\nSearch\nSign in\nShop\nHelp\n"


def one(text, lang="en", **settings):
    """(kind, flags, reason) of a document."""
    batch = Quality(**settings).apply(batch_of(text, lang=pa.array([lang])))
    reason = batch[DROP_REASON][0].as_py() if DROP_REASON in batch.schema.names else None
    return batch[KIND][0].as_py(), batch[FLAGS][0].as_py(), reason


@pytest.mark.parametrize(
    ("kind", "text", "lang"),
    [
        ("prose", SENTENCES, "en"),
        ("prose", SOUND["ko"], "ko"),
        ("verse", VERSE, "en"),
        ("verse", CHINESE_VERSE, "zh"),
        ("list", RECIPE, "en"),
        ("list", MENU, "en"),
        ("code", PROGRAM, "en"),
        ("short", ARTICLE, "en"),
        ("short", SOUND["th"], "th"),
        ("short", "", "en"),
    ],
)
def test_kinds_are_told_apart(kind, text, lang):
    assert one(text, lang)[0] == kind


@pytest.mark.parametrize(
    ("text", "lang", "flags"),
    [
        (VERSE, "en", []),
        (CHINESE_VERSE, "zh", ["gopher_short_doc"]),
        (RECIPE, "en", ["fineweb_line_ends"]),
        (ARTICLE, "en", ["gopher_short_doc", "c4_sentences"]),
    ],
)
def test_what_only_prose_owes_is_a_flag(text, lang, flags):
    _, found, reason = one(text, lang)
    assert reason is None
    assert found == flags
    if flags:
        assert one(text, lang, other_kinds="drop")[2].startswith(f"{flags[0]}: ")


def test_a_program_stays_with_its_flags():
    _, flags, reason = one(PROGRAM)
    assert reason is None
    assert "fineweb_line_ends" in flags


def test_junk_that_looks_like_a_kind_goes():
    assert one(MENU)[2] == "c4_few_word_lines: 1 vs 0.6"
    assert one(numbered("The {} page", 30))[2].startswith("repetition_top_2_gram")
    assert one(numbered("{0}{0} go {0}", 30))[2].startswith("c4_bare_lines")
    assert one("\n".join(MENU.split("\n")[:3]))[2] == "gopher_text_words: 0 vs 3"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("buy it " * 9, "repetition_top_2_gram"),
        ("it happened 12345 67890 and 1029 3847 5665", "gopher_letter_words"),
        ("so #good #cheap and #new #now", "gopher_hash_signs"),
        ("<!DOCTYPE html>\n<p>What a day it was.</p>", "c4_markup"),
    ],
)
def test_a_short_text_goes_for_what_means_something_at_its_length(text, reason):
    kind, _, found = one(text)
    assert kind == "short"
    assert found.startswith(f"{reason}: ")


def test_a_name_said_three_times_is_no_repetition_in_a_short_text():
    said = "The Old Mill Inn is by the water, so the Old Mill Inn is the Old Mill Inn."
    assert one(said)[2] is None


def test_forms_repeat_in_programs_and_lists_and_copies_do_not_pass():
    blocks = [f"def {name}(self):\n    return None\n" for name in ("open", "close", "read", "seek")]
    assert one(PROGRAM + "".join(blocks))[::2] == ("code", None)
    assert one(PROGRAM * 3)[2].startswith("repetition_")
    assert one(RECIPE * 3)[2].startswith("repetition_")


def test_a_form_is_a_list_though_its_lines_end_with_marks():
    form = "Size:\n12 rows\nName:\nrivers\nLicence:\nnone known\nTask:\nto read\n"
    assert one(form)[0] == "list"
    assert one(form.replace("rows", "rows are all there is."))[0] != "list"


def test_a_recipe_can_ask_more_of_short_texts():
    few = "It is only seven words of it."
    assert one(few)[1:] == (["gopher_short_doc", "c4_sentences"], None)
    assert one(few, thresholds={"gopher_text_words": 7})[2] is None
    assert one(few, thresholds={"gopher_text_words": 8})[2] == "gopher_text_words: 7 vs 8"


def test_datatrove_knows_no_kinds():
    batch = Quality(preset="datatrove").apply(batch_of(VERSE))
    assert KIND not in batch.schema.names


def test_kinds_name_rules_that_exist():
    assert set(KINDS) == set(NAMES) - {"prose"}
    assert all(set(own) <= set(RULE_NAMES) for own in KINDS.values())
