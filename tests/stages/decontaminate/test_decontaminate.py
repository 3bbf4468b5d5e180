"""Documents in which test items stand are found, others left alone."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.decontaminate.decontaminate import Decontaminate

from .items import (
    ITEMS,
    SPACELESS,
    one_word_changed,
    recased,
    respaced,
    write_items,
)

AROUND = {
    "en": "Last week we walked through the old town and saw the market, the river and the mill. ",
    "zh": "上个星期我们走过老城，看到了市场、河流和磨坊，天气非常好。",
    "th": "เมื่อสัปดาห์ที่แล้วเราเดินผ่านเมืองเก่าและเห็นตลาด แม่น้ำ และโรงสี อากาศดีมาก ",
}


def page(text, lang):
    around = AROUND.get(lang, AROUND["en"])
    return around * 3 + text + around * 2


def run(stage, texts):
    rows = {
        "id": [f"{n:032x}" for n in range(len(texts))],
        "text": pa.array(texts, pa.large_string()),
    }
    return stage.apply(pa.record_batch(rows))


def found(stage, *texts):
    return run(stage, texts).column("contaminated_by").to_pylist()


@pytest.fixture
def stage(tmp_path):
    return Decontaminate(against=[write_items(tmp_path / "sums.jsonl")])


@pytest.mark.parametrize("lang", ITEMS)
def test_an_item_is_found_as_it_stands_respaced_recased_and_with_a_word_changed(stage, lang):
    item = ITEMS[lang]
    changed = [item, respaced(item, lang), recased(item, lang), one_word_changed(item, lang)]
    assert found(stage, *(page(text, lang) for text in changed)) == [[f"sums:{lang}"]] * 4


@pytest.mark.parametrize("lang", ITEMS)
def test_whichever_word_is_changed(stage, lang):
    places = sum(c.isalpha() for c in ITEMS[lang]) if lang in SPACELESS else ITEMS[lang].count(" ")
    pages = [page(one_word_changed(ITEMS[lang], lang, place), lang) for place in range(places)]
    assert found(stage, *pages) == [[f"sums:{lang}"]] * places


def test_other_documents_are_left_alone(stage):
    texts = [
        page("", "en"), page("", "zh"), page("", "th"), "",
        "A gardener plants seven rows of tulips in spring. How many bulbs does she have?",
    ]  # fmt: skip
    assert found(stage, *texts) == [None] * 5
    assert "drop_stage" not in run(stage, texts).schema.names


def test_pieces_scattered_over_a_long_document_are_no_item(stage):
    words = ITEMS["en"].split(" ")
    runs = [" ".join(words[at : at + 5]) for at in range(0, len(words), 5)]
    assert found(stage, (AROUND["en"] * 5).join(runs)) == [None]
    assert found(stage, " ".join(runs)) == [["sums:en"]]


def test_removed_documents_say_what_is_in_them(stage):
    batch = run(stage, [page(ITEMS["fr"] + ITEMS["ru"], "fr"), "clean", page(ITEMS["en"], "en")])
    assert batch.column("drop_reason").to_pylist() == ["sums: 1 vs 0.6", None, "sums: 1 vs 0.6"]
    assert batch.column("contaminated_by").to_pylist() == [
        ["sums:fr", "sums:ru"],
        None,
        ["sums:en"],
    ]
    assert batch.column("contaminated_share").to_pylist() == [1, None, 1]


def test_flagged_documents_stay(stage):
    batch = run(stage.model_copy(update={"action": "flag"}), [page(ITEMS["zh"], "zh")])
    assert "drop_stage" not in batch.schema.names
    assert batch.column("contaminated_by").to_pylist() == [["sums:zh"]]


def test_dropped_rows_are_not_looked_at(stage):
    batch = pa.record_batch(
        {
            "text": pa.array([page(ITEMS["en"], "en")] * 2, pa.large_string()),
            "drop_stage": ["langid", None],
            "drop_reason": ["score: 0 vs 1", None],
        }
    )
    after = stage.apply(batch)
    assert after.column("contaminated_by").to_pylist() == [None, ["sums:en"]]
    assert after.column("drop_stage").to_pylist() == ["langid", "decontaminate"]


def test_choices_are_parts_and_short_items_are_counted(tmp_path):
    table = pa.table(
        {
            "question": ["Which is right?", "What now?"],
            "choices": [
                ["Yes", "The committee shall meet in public at least twice in every calendar year"],
                ["No", "Perhaps"],
            ],
        }
    )
    pq.write_table(table, tmp_path / "quiz.parquet")
    stage = Decontaminate(against=[{"paths": [f"{tmp_path}/*.parquet"], "name": "quiz"}])
    assert stage.index().too_short.tolist() == [False, True]
    text = "It says: the committee shall meet in public at least twice in every calendar year."
    assert found(stage, text) == [["quiz:0"]]


def test_a_saved_dataset_is_read_and_fields_can_be_named(tmp_path):
    datasets = pytest.importorskip("datasets")
    rows = {"passage": [ITEMS["th"]], "question": [ITEMS["en"]]}
    datasets.DatasetDict({"test": datasets.Dataset.from_dict(rows)}).save_to_disk(tmp_path / "set")
    one = {"paths": [str(tmp_path / "set")], "read": "hf", "name": "one"}
    stage = Decontaminate(against=[one | {"fields": ["passage"]}])
    assert found(stage, page(ITEMS["th"], "th"), page(ITEMS["en"], "en")) == [["one:0"], None]
    assert found(Decontaminate(against=[one]), page(ITEMS["en"], "en")) == [["one:0"]]


def test_a_phrase_of_the_whole_test_set_finds_nothing(tmp_path):
    task = "Answer the following question with a number and explain every step of your reasoning."
    items = {
        str(n): f"{task} What is {n * 7919} plus {n * 104729} and then {n}?" for n in range(80)
    }
    stage = Decontaminate(against=[write_items(tmp_path / "sums.jsonl", items)])
    assert found(stage, page(task, "en"), page(items["41"], "en")) == [None, None]
    stage = Decontaminate(
        against=[write_items(tmp_path / "few.jsonl", dict(list(items.items())[:60]))], min_share=1
    )
    assert found(stage, page(task, "en"), page(items["41"], "en")) == [None, ["few:41"]]


def test_mistakes_are_told_with_what_is_there(tmp_path):
    path = write_items(tmp_path / "sums.jsonl")
    with pytest.raises(ValueError, match=r"no record of .*sums.jsonl has a text in 'quiz'"):
        Decontaminate(against=[{"paths": [path], "fields": ["quiz"]}]).check_settings()
    with pytest.raises(ValueError, match="two test sets are called 'sums'"):
        Decontaminate(against=[path, path]).check_settings()
    with pytest.raises(ValueError, match="questionable"):
        Decontaminate(against=[{"paths": [path], "questionable": 1}])
    assert Decontaminate(against=[path]).assets() == [path]


WORDS = st.sampled_from(["a", "b", "c", "d", "e", "f"])


def plain_share(item, text, n):
    """Plain Python: the most of an item's words that runs of n cover within twice its length."""
    item, text = item.split(), text.split()
    hits = [
        (at, place)
        for at in range(len(text) - n + 1)
        for place in range(len(item) - n + 1)
        if text[at : at + n] == item[place : place + n]
    ]
    best = 0
    for first, _ in hits:
        covered = {
            place + k
            for at, place in hits
            if first <= at <= first + 2 * len(item)
            for k in range(n)
        }
        best = max(best, len(covered))
    return best


@given(
    st.lists(
        st.lists(WORDS, min_size=4, max_size=8).map(" ".join), min_size=1, max_size=3, unique=True
    ),
    st.lists(st.lists(WORDS, max_size=40).map(" ".join), min_size=1, max_size=3),
)
def test_it_agrees_with_plain_python(tmp_path_factory, items, texts):
    named = {str(number): item for number, item in enumerate(items)}
    path = write_items(tmp_path_factory.mktemp("sets") / "set.jsonl", named)
    stage = Decontaminate(against=[path], ngram_words=3, min_words=4, min_share=0.7)
    expected = []
    for text in texts:
        here = [
            f"set:{name}"
            for name, item in named.items()
            if plain_share(item, text, 3) >= max(4, -(-7 * len(item.split()) // 10))
        ]
        expected.append(here or None)
    assert found(stage, *texts) == expected


@given(st.lists(st.text("aB ก้ข中, é\u0301", max_size=15), min_size=1, max_size=3))
def test_tokens_are_words_or_letters(texts):
    from stages.decontaminate.index import Limits, part_sizes

    _, tokens = part_sizes(pa.array(texts, pa.large_string()), Limits((2, 2), (1, 1), 1.0))
    pattern = "[ก-ฮ中]\u0e49?|[aBé](?:[aBé]|\u0301|\u0e49)*"
    assert tokens.tolist() == [len(re.findall(pattern, text)) for text in texts]
