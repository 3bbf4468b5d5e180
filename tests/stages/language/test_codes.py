"""What the codes mean."""

import pytest

from stages.language.codes import code_of_iso, has_macro, languages, macro_code
from stages.language.fasttext_model import load_model, model_path


@pytest.mark.parametrize(
    ("code", "macro"),
    [("hr", "sh"), ("nn", "no"), ("yue", "zh"), ("arz", "ar"), ("id", "ms"), ("fr", "fr")],
)
def test_a_language_belongs_to_its_macrolanguage(code, macro):
    assert macro_code(code) == macro
    assert has_macro(code) == (code != macro)


def test_every_label_of_the_model_is_described_and_so_is_every_macrolanguage_it_answers():
    labels = load_model(model_path("lid.176")).labels
    assert set(labels) <= set(languages())
    assert all(len(names[0]) == 3 for names in languages().values())


def test_iso_639_3_leads_back():
    assert code_of_iso("fra") == "fr"
    assert code_of_iso("gsw") == "als"
    assert code_of_iso("xxx") is None
