"""What is known of a pair of sentences, what it is worth, and by which rule it goes."""

import math
import re

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.bilingual.scoring import describe_kernels as sides
from stages.bilingual.scoring import lexical_kernels as weighing
from stages.bilingual.scoring.copy_kernels import copy_ranges
from stages.bilingual.scoring.features import FEATURES, features
from stages.bilingual.scoring.habits import learned_habits
from stages.bilingual.scoring.probability import from_data, network, probabilities, to_data
from stages.bilingual.scoring.rules import SentenceLimits, SentenceSettings, drop_reasons

from .scoring_pairs import described

PAGE = [
    ("The first thing to do is to open the window.", "สิ่งแรกที่ต้องทำคือเปิดหน้าต่าง"),
    ("There are 12 apples and 3,000 pears in the garden.", "มีแอปเปิล ๑๒ ผลและลูกแพร์ 3000 ผลในสวน"),
    ("Why did nobody tell me about it?", "ทำไมไม่มีใครบอกฉันเรื่องนี้?"),
    ("It costs 1.2 million baht (about 30,000 euros).", "ราคา 1.2 ล้านบาท (ประมาณ 30,000 ยูโร)"),
    ("We have never seen the sea before that day.", "เราไม่เคยเห็นทะเลมาก่อนวันนั้น"),
]


def reasons_of(pairs, languages=("en", "th"), **limits):
    seen = described(pairs, languages)
    reasons = drop_reasons(seen, probabilities(seen), SentenceLimits(**limits)).to_pylist()
    return [reason and reason.split(":")[0] for reason in reasons]


def test_translations_are_kept():
    assert reasons_of(PAGE) == [None] * len(PAGE)


@pytest.mark.parametrize(
    ("pair", "rule"),
    [
        ((".", "ก"), "too_short"),
        (("word " * 500, "คำ " * 500), "too_long"),
        (("Nobody has translated this sentence yet.",) * 2, "copied"),
        (("We have never seen the sea.", "Wir haben das Meer nie gesehen."), "foreign"),
        (("In 1999 there were 12 of them.", "ในปี 1987 มี 45 คนอยู่ที่นั่น"), "numbers"),
        (("This is how they have always done it.", "เราไม่เคยเห็นทะเลมาก่อน " * 30), "length_ratio"),
    ],
)  # fmt: skip
def test_each_rule_speaks_and_names_value_and_limit(pair, rule):
    seen = described([*PAGE * 6, pair])
    reason = drop_reasons(seen, probabilities(seen), SentenceLimits()).to_pylist()[-1]
    assert re.fullmatch(rf"{rule}: [\d.]+ vs [\d.]+", reason)


def test_numbers_are_compared_by_value_and_as_often_as_they_stand_there():
    seen = described(PAGE)
    changed, missing, common = seen.numbers()
    assert changed.tolist() == missing.tolist() == [0] * 5
    assert common.tolist() == [0, 2, 0, 2, 0]
    changed, missing, common = described([("3 of 3", "๓ จาก 4"), ("3 of 3", "๓")]).numbers()
    assert (changed.tolist(), missing.tolist(), common.tolist()) == ([1, 0], [0, 1], [1, 1])


def test_a_wrong_number_costs_more_than_a_missing_one():
    left = "It costs 1200 baht to take the boat to the island."
    right = "ค่าเรือไปเกาะราคา {} บาท"
    same, spelt, wrong = probabilities(
        described([(left, right.format(text)) for text in ("1200", "หนึ่งพันสองร้อย", "1300")])
    )
    assert same > spelt > wrong
    assert wrong < 0.5 < spelt


def test_what_must_stay_as_it_is_counts_as_no_copy():
    pairs = [
        ("## Parameters {/*parameters-of-it*/}", "## พารามิเตอร์ {/*parameters-of-it*/}"),
        ("Call `useEffectEvent(callback)` first", "เรียก `useEffectEvent(callback)` ก่อน"),
    ]
    assert described(pairs).copied().max() < 0.2


def test_half_of_a_sentence_left_in_english_is_seen():
    left = "The printer is not connected to the network, so nothing can be printed from here today."
    half = "ไม่ได้เชื่อมต่อเครื่องพิมพ์กับเครือข่าย so nothing can be printed from here today."
    whole = "ไม่ได้เชื่อมต่อเครื่องพิมพ์กับเครือข่าย ดังนั้นวันนี้จึงไม่สามารถพิมพ์อะไรจากที่นี่ได้"
    seen = described([*PAGE, (left, whole), (left, half)])
    assert seen.copied()[-1] > 0.4 > seen.copied()[-2]
    good, bad = probabilities(seen)[-2:]
    assert bad < good


def test_limits_of_one_language_pair():
    settings = SentenceSettings(min_score=0.6, by_pair={"en-th": {"min_score": 0.2}})
    assert settings.of("en-th").min_score == 0.2
    assert settings.of("en-zh").min_score == 0.6
    assert settings.of("en-th").max_copied == SentenceLimits().max_copied
    with pytest.raises(ValidationError, match="no limit 'min_scor'"):
        SentenceSettings(by_pair={"en-th": {"min_scor": 0.2}})
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        SentenceSettings(by_pair={"en-th": {"min_score": 2}})


def test_a_half_that_is_missing_is_seen_by_its_length_and_its_end():
    left = "The printer is not connected to the network, so nothing can be printed from here today."
    whole = "ไม่ได้เชื่อมต่อเครื่องพิมพ์กับเครือข่าย ดังนั้นวันนี้จึงไม่สามารถพิมพ์อะไรจากที่นี่ได้"
    seen = described([*PAGE * 6, (left, whole), (left, whole[: len(whole) // 3])])
    assert seen.deviations()[-1] < seen.deviations()[-2] - 1
    good, bad = probabilities(seen)[-2:]
    assert bad < good


def test_either_side_may_be_the_english_one():
    """A network that has only seen English on the left takes copies on the right for good ones."""
    english = "The printer is not connected to the network, so nothing can be printed from here."
    turned = [(right, left) for left, right in PAGE]
    scores = probabilities(described([*turned, (english, english)], ("th", "en")))
    assert scores[:-1].min() > 0.5 > scores[-1]


def test_numbers_of_lists_and_addresses_are_no_numbers_of_the_text():
    pairs = [
        ("1. Open the window on the left.", "4. เปิดหน้าต่างทางซ้าย"),
        ("See [the guide](../../2-farm/7.md) first", "ดู [คู่มือ](../../3/th.md) ก่อน"),
        ("It rained on 3 March 2020 there", "ฝนตกที่นั่นเมื่อวันที่ 3 มีนาคม 2563"),
        ("1. March 2020 was cold", "1 มีนาคม 2563 อากาศหนาว"),
    ]
    changed, missing, common = described(pairs).numbers()
    assert changed.tolist() == missing.tolist() == [0, 0, 0, 0]
    assert common.tolist() == [0, 0, 3, 3]
    changed, _, _ = described([("4.2. Installing, step by step", "4.7. ติดตั้งทีละขั้น")]).numbers()
    assert changed.tolist() == [1]  # the number of a section is its name


def counts_of(lengths):
    """Counts of pairs of which only the letters of both sides are known, and a full stop."""
    counts = np.zeros((len(lengths), sides.COLUMNS), np.float32)
    counts[:, [sides.TEXT, sides.SIDE + sides.TEXT]] = lengths
    counts[:, sides.STOPS] = 1
    return counts


def test_what_is_usual_is_learned_from_the_pairs_and_of_few_hardly():
    """Chinese has a third of the letters, and here never ends with a full stop."""
    pairs = [(letters, letters // 3) for letters in range(30, 230)]
    many, few = learned_habits(counts_of(pairs), 0.0), learned_habits(counts_of(pairs[:2]), 0.0)
    assert many.ratio == pytest.approx(math.log(1 / 3), abs=0.15)
    assert abs(few.ratio) < 0.2
    odd = counts_of([(90, 30), (90, 90)])
    assert abs(many.deviations(odd)[0]) < 0.6 < 3 < many.deviations(odd)[1]
    stops = 3
    assert abs(many.mark_scores(odd)[0, stops]) < 0.2  # tells nothing in this language
    assert few.mark_scores(odd)[0, stops] < -0.5


def test_the_network_is_the_same_in_its_file():
    found = network()
    again = from_data(yaml.safe_load(yaml.safe_dump(to_data(found))))
    rows = np.random.default_rng(3).normal(size=(50, len(FEATURES)))
    assert again.probabilities(rows) == pytest.approx(found.probabilities(rows), abs=1e-3)
    assert found.deviations.min() > 0


SHORT = st.text(st.sampled_from("abcXYZ 12?？().,é水ก"), min_size=1, max_size=40)
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
COUNTED = [sides.CHARACTERS, sides.LETTERS, sides.QUESTIONS, sides.BRACKETS]


def plain_counts(text):
    """Characters, letters and digits, question marks, brackets, in plain Python."""
    word = sum(c.isalnum() for c in text)
    return [len(text), word, sum(c in "?？" for c in text), sum(c in "()[]" for c in text)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SHORT, SHORT), min_size=1, max_size=5))
def test_counts_equal_plain_python(pairs):
    counts = described(pairs).counts
    for row, pair in zip(counts, pairs, strict=True):
        for side, text in enumerate(pair):
            at = side * sides.SIDE
            found = row[
                [at + c for c in (sides.CHARACTERS, sides.LETTERS, sides.QUESTIONS, sides.BRACKETS)]
            ]
            assert found.tolist() == plain_counts(text)


def plain_grams(text):
    """Runs of four letters and digits in lower case, whatever stands between."""
    letters = [c.lower() for c in text if c.isalnum()]
    return ["".join(letters[i : i + 4]) for i in range(len(letters) - 3)]


@settings(max_examples=60, deadline=None)
@given(*[st.text(st.sampled_from("abcdEF 1水ก"), min_size=1, max_size=60)] * 2)
def test_common_grams_equal_plain_python(left, right):
    counts = described([(left, right)]).counts[0]
    one, other = plain_grams(left), plain_grams(right)
    flags = [gram in one for gram in other]
    runs = "".join("x" if flag else " " for flag in flags).split()
    assert counts[sides.LEFT_GRAMS] == len(one)
    assert counts[sides.RIGHT_GRAMS] == len(other)
    assert counts[sides.COMMON_GRAMS] == sum(flags)
    assert counts[sides.LONGEST_COPY] == max(map(len, runs), default=0)
    assert counts[sides.REPEATED] == len(one) - len(set(one))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(ANY, ANY), min_size=1, max_size=6))
def test_any_text_has_a_probability(pairs):
    seen = described(pairs)
    assert np.isfinite(features(seen)).all()
    scores = probabilities(seen)
    assert ((scores >= 0) & (scores <= 1)).all()


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=40), st.data())
def test_ranges_are_copied_one_behind_the_other(data, draw):
    places = st.tuples(st.integers(0, len(data)), st.integers(0, len(data))).map(sorted)
    ranges = draw.draw(st.lists(places, max_size=6))
    borders = np.cumsum([0, *(end - start for start, end in ranges)], dtype=np.int64)
    out = np.zeros(borders[-1], np.uint8)
    starts = np.array([start for start, _ in ranges], np.int64)
    copy_ranges(np.frombuffer(data, np.uint8), starts, borders, out)
    assert out.tobytes() == b"".join(data[start:end] for start, end in ranges)


def test_the_lexicon_weighs_either_side_as_plain_python_does():
    """Units 0 and 1 on the left, 2 and 3 on the right; 0 translates 2, half of the time."""
    offsets = np.array([0, 1, 1, 1, 1], np.int64)
    arrays = (np.array([2], np.int32), np.array([0.5], np.float32), np.array([0.8], np.float32))
    coverage = [np.array(c, np.float32) for c in ([0.6, 0.4, 0, 0], [0, 0, 0.7, 0.3])]
    shares = [np.array(s, np.float32) for s in ([0.1, 0.1, 0, 0], [0, 0.3, 0.2, 0.2])]
    out = np.zeros(2 * weighing.COLUMNS)
    sentence, one = np.zeros(1, np.int64), np.ones(1, np.int64)
    units, places = np.array([0, 2], np.int64), np.array([0, 128], np.uint8)
    weighing.weigh_pairs(
        units, np.array([0, 1], np.int32), places, units, np.array([2, 3], np.int32), places,
        sentence, sentence, one, sentence, one, offsets, *arrays, *coverage, *shares, 0.1, 0.1, out,
    )  # fmt: skip

    def side(entries):
        total = gained = expected = foreign = 0.0
        variance = 1.0
        found, surprises, strange = [], [], []
        for share, cover, match, other in entries:
            base = max(math.log((1 - cover) / (1 - share)), -1.5)
            gain = math.log(cover / share) - base
            total, gained = total + base + gain * match, gained + gain * match
            expected += gain * cover
            found.append(base + gain * match)
            surprises.append(gain * (match - cover))
            variance += gain**2 * cover * (1 - cover)
            strange.append(min(max(math.log((other + 0.05) / (share - 0.1 + 0.05)), -2), 2))
            foreign += strange[-1]
        runs = [found, surprises, [-value for value in strange]]
        least = [min(0, *(sum(v[i:j]) for i in (0, 1) for j in (1, 2) if i < j)) for v in runs]
        ends = [min(0, v[1], v[0] + v[1]) for v in runs]
        scale = math.sqrt(variance)
        return [
            total, gained, expected, least[0], ends[0], foreign, -least[2],
            sum(surprises) / scale, least[1] / scale, ends[1] / scale, -2.0,
        ]  # fmt: skip

    left = side([(0.1, 0.6, 0.5, 0.0), (0.1, 0.4, 0, 0.3)])
    assert out == pytest.approx(left + side([(0.2, 0.7, 0.8, 0), (0.2, 0.3, 0, 0)]), rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(0, 3)), min_size=16, max_size=16))
def test_runs_ends_and_parts_equal_plain_python(places):
    values = np.array([value for value, _ in places], np.float64)
    counts = np.array([count for _, count in places], np.float64)
    ranges = [(i, j) for i in range(16) for j in range(i + 1, 17)]
    assert weighing.largest_run(values, 1.0) == max(0, *(values[i:j].sum() for i, j in ranges))
    assert weighing.least_end(values) == min(0, *(values[i:].sum() for i in range(16)))
    parts = [slice(at, at + weighing.PART) for at in range(17 - weighing.PART)]
    many = [p for p in parts if counts[p].sum() >= weighing.LEAST_UNITS]
    worst = max((values[p].sum() / counts[p].sum() for p in many), default=-9)
    assert weighing.worst_part(values, counts) == pytest.approx(max(worst, -weighing.MOST_FOREIGN))
