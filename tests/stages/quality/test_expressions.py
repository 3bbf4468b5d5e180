"""Rules of the recipe: what they may say, what they mean, what is wrong with others."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.base import DROP_REASON
from stages.quality.expressions import parse
from stages.quality.quality import FLAGS, Quality

from .test_quality import SENTENCES, batch_of

COLUMNS = {
    "words": np.array([10.0, 50.0, math.nan]),
    "hash_signs": np.array([0.2, 0.0, 0.0]),
    "sentences": np.array([1.0, 5.0, 0.0]),
    "lang": np.array(["en", "th", None], object),
}
NAMES = ("words", "hash_signs", "sentences")


def holds(text):
    return parse("rule", text, NAMES).holds(COLUMNS).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("words >= 50", [False, True, True]),  # unknown: the document stays
        ("words >= 50 and hash_signs < 0.1", [False, True, True]),
        ("words >= 50 and hash_signs > 0.1", [False, False, False]),  # one false part decides
        ("words >= 50 or hash_signs < 0.1", [False, True, True]),
        ("not words >= 50", [True, False, True]),
        ("5 < words < 20", [True, False, True]),
        ("words / sentences > 10 - 1", [True, True, True]),
        ("words * 2 + 1 == 21", [True, False, True]),
        ("-words < -20", [False, True, True]),
        ("(words < 20 or sentences < 2) and hash_signs < 1", [True, False, True]),
        ('lang == "th"', [False, True, True]),
        ("lang != 'th'", [True, False, True]),
        ('lang == "en" or words > 20', [True, True, True]),
        ("sentences / 0 > 1", [True, True, True]),  # infinite, infinite, unknown
    ],
)
def test_meaning(text, expected):
    assert holds(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wordz > 5", r"'wordz > 5' at character 1 \('wordz'\): there is no signal 'wordz'; did"),
        ("words > 5 and xyz < 1", r"at character 15 \('xyz'\): .*; known: words, hash_signs"),
        ("words >", "not an expression"),
        ("1 < 2", "names no signal"),
        ("words", "expected a condition, found a number"),
        ("words and hash_signs < 1", r"at character 1 \('words'\): expected a condition"),
        ("1 + (words > 2) > 3", "expected a number, found a condition"),
        ('words == "many"', "a number is compared with a text"),
        ('lang < "th"', "texts are compared with == and !="),
        ("lang in ('th', 'en')", "allowed are numbers"),
        ("words in hash_signs", "compare with < <= > >= == !="),
        ("__import__('os').system('true') == 0", "allowed are numbers, signals"),
        ("words.real > 1", "allowed are numbers, signals"),
        ("(lambda: 1)() > 0", "allowed are numbers, signals"),
        ("words ** 9 > 1", "allowed are numbers, signals"),
        ("True", "allowed are numbers, signals"),
        ("words > 1 if True else words < 1", "allowed are numbers, signals"),
        ("[w for w in words] > 1", "allowed are numbers, signals"),
        ("words > 1" + " or words > 1" * 90, "characters, at most"),
        ("(" * 400 + "words" + ")" * 400 + " > 1", "not an expression"),
    ],
)
def test_what_is_wrong_is_named(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        parse("rule", text, NAMES)
    assert str(caught.value).startswith("expressions.rule: ")


numbers = st.sampled_from(["words", "hash_signs", "sentences", "1", "2.5", "0"])
conditions = st.recursive(
    st.tuples(numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers).map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        inner.map(lambda part: f"not ({part})"),
    ),
    max_leaves=6,
)


def three_valued(text, row):
    """True, False or None: Kleene's logic, one document at a time."""
    if text.startswith("not ("):
        inside = three_valued(text[5:-1], row)
        return None if inside is None else not inside
    if text.startswith("("):
        depth = 0
        place = -1
        while place < 0 or depth > 0:
            place += 1
            depth += {"(": 1, ")": -1}.get(text[place], 0)
        word = text[place + 2 :].split(" ")[0]
        first = three_valued(text[1:place], row)
        second = three_valued(text[place + 4 + len(word) : -1], row)
        decisive = word == "or"
        if decisive in (first, second):
            return decisive
        return None if None in (first, second) else not decisive
    left, sign, right = text.split(" ")
    left, right = (row[x] if x in row else float(x) for x in (left, right))
    if math.isnan(left) or math.isnan(right):
        return None
    return {
        "<": left < right, "<=": left <= right, ">": left > right,
        ">=": left >= right, "==": left == right, "!=": left != right,
    }[sign]  # fmt: skip


@given(conditions.filter(lambda text: any(name in text for name in NAMES)))
def test_conditions_agree_with_the_reference(text):
    expected = []
    for number in range(3):
        row = {name: float(COLUMNS[name][number]) for name in NAMES}
        expected.append(three_valued(text, row) is not False)
    found = parse("rule", text, NAMES).holds(COLUMNS)
    assert np.broadcast_to(found, 3).tolist() == expected


def judged(*texts, **settings):
    batch = Quality(rules=[], **settings).apply(
        batch_of(*texts, lang=pa.array(["en"] * len(texts)))
    )
    reasons = pa.nulls(len(texts), pa.string())
    if DROP_REASON in batch.schema.names:
        reasons = batch[DROP_REASON]
    return reasons.to_pylist(), batch[FLAGS].to_pylist()


def test_a_document_that_breaks_an_expression_goes():
    settings = {
        "expressions": {"enough": "words >= 50 and hash_signs < 0.1", "of_us": 'lang != "th"'}
    }
    reasons, flags = judged(SENTENCES, "ten words", **settings)
    assert reasons == [None, "enough: words 2, hash_signs 0 vs words >= 50 and hash_signs < 0.1"]
    assert flags == [[], []]


def test_it_flags_where_it_is_told_to():
    settings = {"expressions": {"enough": "words >= 50"}, "flag": ["enough"]}
    assert judged(SENTENCES, "ten words", **settings) == ([None, None], [[], ["enough"]])


def test_rules_and_families_flag_too():
    settings = {"rules": ["gopher"], "flag": ["gopher_stop_words", "repetition"]}
    batch = Quality(**settings, other_kinds="drop").apply(
        batch_of("spam " * 60, lang=pa.array(["en"]))
    )
    assert batch[FLAGS].to_pylist() == [["gopher_stop_words"]]
    assert DROP_REASON not in batch.schema.names


def test_columns_that_other_stages_bring_can_be_named():
    settings = {"rules": [], "expressions": {"sure": "lang_score >= 0.5"}}
    scores = pa.array([0.9, 0.1, None], pa.float32())
    batch = Quality(**settings).apply(batch_of("a", "b", "c", lang_score=scores))
    assert batch[DROP_REASON].to_pylist() == [
        None,
        "sure: lang_score 0.1 vs lang_score >= 0.5",
        None,
    ]
    toxic = Quality(rules=[], expressions={"decent": "signal_toxicity < 0.1"})
    batch = toxic.apply(batch_of("a", "b", signal_toxicity=pa.array([0.0, 0.5], pa.float32())))
    assert batch[DROP_REASON].to_pylist()[1].startswith("decent: signal_toxicity 0.5 vs ")
    message = r"expressions\.sure: the documents have no column 'lang_score'"
    with pytest.raises(ValueError, match=message):
        Quality(**settings).apply(batch_of("a"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"expressions": {"gopher": "words > 1"}}, "there is a rule of that name already"),
        ({"expressions": {"mine": "word > 1"}}, "there is no signal 'word'; did you mean 'words'"),
        ({"flag": ["gopher_short_docs"]}, "flag: there is no rule 'gopher_short_docs'; did you"),
    ],
)
def test_mistakes_in_the_recipe(settings, message):
    with pytest.raises(ValidationError, match=message):
        Quality(**settings)
