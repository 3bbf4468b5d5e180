"""Hidden characters are named; what a language needs stays."""

from pipeline.explorer.shown import marked, shown


def test_overrides_and_controls_are_named():
    assert shown("a\u202eb\x00c\u200bd") == "a⟨U+202E⟩b⟨U+0000⟩c⟨U+200B⟩d"


def test_joiners_tabs_and_newlines_stay():
    text = "می\u200cخواهم\tक\u094d\u200dष\n👩\u200d🚀"
    assert shown(text) == text


def test_what_was_looked_for_is_marked_whatever_its_case():
    assert marked("Bread and bread", "bread") == [
        (True, "Bread"), (False, " and "), (True, "bread"),
    ]  # fmt: skip
    assert marked("a.b", ".") == [(False, "a"), (True, "."), (False, "b")]
    assert marked("all", "") == [(False, "all")]
