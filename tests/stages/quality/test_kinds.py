"""Kinds of documents: told apart, judged by their own rules, flagged where those of prose fail."""

import pyarrow as pa
import pytest

from stages.base import DROP_REASON
from stages.quality.kinds import KINDS, NAMES, RULE_NAMES
from stages.quality.quality import FLAGS, KIND, Quality

from .test_quality import SENTENCES, SOUND, batch_of

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
    assert one(MENU)[2] == "gopher_short_doc: 13 vs 20"
    assert one(MENU + "\n".join(f"Topic {c}" for c in "abcdefghijk"))[2].startswith("c4_few_word")
    assert (
        one("Page not found. Please go back to the home page.")[2] == "gopher_short_doc: 10 vs 12"
    )


def test_a_threshold_of_the_recipe_below_that_of_the_kind_holds():
    few = "It is only seven words of it."
    assert one(few, thresholds={"gopher_short_doc": 7, "c4_sentences": 1})[2] is None
    assert one(few, thresholds={"gopher_short_doc": 8})[2] == "gopher_short_doc: 7 vs 8"


def test_datatrove_knows_no_kinds():
    batch = Quality(preset="datatrove").apply(batch_of(VERSE))
    assert KIND not in batch.schema.names


def test_kinds_name_rules_that_exist():
    assert set(KINDS) == set(NAMES) - {"prose"}
    assert all(set(own) <= set(RULE_NAMES) for own in KINDS.values())
