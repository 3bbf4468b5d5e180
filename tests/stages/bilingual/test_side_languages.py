"""Sides that are in another language than their documents passed for."""

import numpy as np
import pyarrow as pa
import pytest

from stages.bilingual.bilingual import Bilingual
from stages.bilingual.sentence_pairs import SENTENCE_TABLE
from stages.bilingual.side_languages import foreign_sides

from .test_bilingual import run, table

ENGLISH = [
    "Bread rises slowly in a warm kitchen.", "The cook reads an old book about gardens.",
    "Nobody has opened the window since Monday.", "Her sister will visit us next summer.",
]  # fmt: skip
GERMAN = [
    "Brot geht in einer warmen Küche langsam auf.", "Die Köchin liest ein altes Gartenbuch.",
    "Seit Montag hat niemand das Fenster geöffnet.", "Ihre Schwester besucht uns im Sommer.",
]  # fmt: skip
CHINESE = ["面包在温暖的厨房里慢慢发起来。", "厨师在读一本关于花园的旧书。",
           "从星期一起没有人打开过窗户。", "她的姐姐明年夏天会来看我们。"]  # fmt: skip


def pairs_of(*documents, dropped=None) -> pa.Table:
    """Sentence pairs of documents of (left sentences, right sentences)."""
    rows = [
        {"document_pair": number, "left_text": left, "right_text": right,
         "drop_reason": dropped if number == 0 else None}
        for number, (lefts, rights) in enumerate(documents)
        for left, right in zip(lefts, rights, strict=True)
    ]  # fmt: skip
    nothing = {field.name: False if pa.types.is_boolean(field.type) else 0
               for field in SENTENCE_TABLE}  # fmt: skip
    return pa.Table.from_pylist([nothing | row for row in rows], SENTENCE_TABLE)


def test_a_side_in_another_language_is_told_from_all_its_sentences() -> None:
    given = pairs_of((ENGLISH, CHINESE), (GERMAN, CHINESE), (ENGLISH, GERMAN))
    found = foreign_sides(given, 4, ("en", "zh"))
    assert found[0] == 0
    assert found[1] > 0.5  # the left side
    assert found[2] > 0.5  # the right side
    assert found[3] == 0  # no sentences, nothing to tell


def test_two_sentences_or_dropped_ones_tell_nothing() -> None:
    assert foreign_sides(pairs_of((GERMAN[:2], CHINESE[:2])), 1, ("en", "zh"))[0] == 0
    assert foreign_sides(pairs_of((GERMAN, CHINESE), dropped="score: 0"), 1, ("en", "zh"))[0] == 0


def test_a_language_that_the_model_does_not_know_is_left_alone() -> None:
    assert np.all(foreign_sides(pairs_of((GERMAN, CHINESE)), 1, ("tlh", "zh")) == 0)


def test_a_pair_goes_with_its_sentences(tmp_path) -> None:
    """A page that says it is English, and has been translated to German."""
    parts = [
        table(
            *((f"{lang}{page}", lang, "\n".join(text), f"k{page}")
              for page in range(3)
              for lang, text in (("en", GERMAN if page == 1 else ENGLISH), ("zh", CHINESE)))
        )
    ]  # fmt: skip
    pairs, documents, counts = run(parts, tmp_path)
    reasons = {pair["left_id"]: pair["drop_reason"] for pair in pairs}
    assert reasons["en0"] is reasons["en2"] is None
    assert reasons["en1"] == "foreign: 1.00 vs 0.30"
    assert len(documents) == 2
    assert counts["en-zh"]["dropped"] == {"foreign": 1}
    assert counts["en-zh"]["sentences"]["dropped"]["foreign"] >= 3
    anything = Bilingual(pairs=[("en", "zh")], max_foreign=1)
    assert len(run(parts, tmp_path / "all", anything)[1]) == 3


@pytest.mark.parametrize("limit", [-0.1, 1.1])
def test_the_limit_is_a_probability(limit) -> None:
    with pytest.raises(ValueError, match="max_foreign"):
        Bilingual(max_foreign=limit)
