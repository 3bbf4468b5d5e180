"""Rows of known tasks as questions; that lm-eval asks the same is in ``test_harness``."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.errors import ConfigError
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.forms import FORM_NAMES, question_of
from trainer.evaluation.tasks import read_task

from .form_rows import ARC, CEVAL, ROWS

LETTERS = (" A", " B", " C", " D")
FIRST = {
    "arc": ("Question: Which of these melts first?\nAnswer:",
            (" iron", " ice", " a rock from the river"), 1, "en"),
    "boolq": ("The lake freezes in winter.\nQuestion: does the lake freeze?\nAnswer:",
              (" no", " yes"), 1, "en"),
    "hellaswag": ("Baking bread: A woman kneads dough. She",
                  (" puts it in the oven.", "  paints it.", " swims away.", " sings low."), 0,
                  "en"),
    "piqa": ("Question: Cool a drink\nAnswer:", (" Put it in the sun.", " Put ice into it."), 1,
             "en"),
    "sciq": ("Bees make honey.\nQuestion: What do bees make?\nAnswer:",
             (" milk", " silk", " a paper house", " honey"), 3, "en"),
    "openbookqa": ("The sun is", (" a star", " a lamp that was made", " a planet", " cold"), 0,
                   "en"),
    "belebele": ("P: ตลาดเปิดตอนเช้า\nQ: ตลาดเปิดเมื่อไร\nA: ตอนเย็น\nB: ตอนเช้า\n"
                 "C: กลางคืน\nD: ไม่เปิด\nAnswer:",
                 LETTERS, 1, "tha_Thai"),
    "xcopa": ("ฝนตกหนัก ดังนั้น", (" ถนนเปียก", " ถนนแห้งสนิททั้งสาย"), 0, "th"),
    "ceval": ("水在几度沸腾？\nA. 十度\nB. 五十度\nC. 一百度\nD. 零度\n答案：", LETTERS, 2, "zh"),
    "mmlu": ("The following are multiple choice questions (with answers) about anatomy.\n\n"
             "How many bones has a hand?\nA. 27\nB. 3\nC. 90\nD. 14\nAnswer:", LETTERS, 0, "en"),
}  # fmt: skip


@pytest.mark.parametrize("form", FIRST)
def test_forms(form):
    context, continuations, answer, language = FIRST[form]
    asked = question_of(form, ROWS[form][0], "th" if form == "xcopa" else None)
    assert set(asked.contexts) == {context}
    assert asked.continuations == continuations
    assert (asked.answer, asked.language) == (answer, language)
    assert tuple(f" {text}" for text in asked.lengths_of) == continuations


def test_winogrande_asks_what_follows_each_option():
    asked = question_of("winogrande", ROWS["winogrande"][0])
    start = "The cup fell on the stone because the "
    assert asked.contexts == (f"{start}handle", f"{start}stone")
    assert asked.continuations == (" was loose.",) * 2
    assert asked.answer == 0


def test_every_form_is_tried():
    assert set(ROWS) == set(FORM_NAMES)


def test_a_subject_of_ceval_is_told_where_a_row_has_one():
    asked = question_of("ceval", CEVAL[0] | {"subject": "物理"})
    assert asked.contexts[0].startswith("以下是中国关于物理的单项选择题")


def written(tmp_path, rows, name):
    path = tmp_path / name
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif name.endswith(".csv"):
        lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
        path.write_text("\n".join(lines) + "\n")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_files_of_three_kinds(tmp_path):
    paths = [written(tmp_path, CEVAL, f"law.{kind}") for kind in ("jsonl", "csv", "parquet")]
    found = [read_task(f"ceval={path}") for path in paths]
    assert found[0] == found[1] == found[2]
    assert found[0].name == "ceval law"
    assert [asked.answer for asked in found[0].questions] == [2, 0]
    other = read_task(f"ceval:zh-Hant={paths[0]}")
    assert other.questions[0].language == "zh-Hant"


def test_they_are_judged_as_other_files_are(model, tmp_path):
    files = {form: written(tmp_path, rows, f"{form}.jsonl") for form, rows in ROWS.items()}
    tasks = [f"{form}{':th' if form == 'xcopa' else ''}={path}" for form, path in files.items()]
    found = evaluate(model, tasks).choices
    assert {name: list(own) for name, own in found.items()} == {
        f"{form} {form}": [{"belebele": "tha_Thai", "xcopa": "th", "ceval": "zh"}.get(form, "en")]
        for form in ROWS
    }


@pytest.mark.parametrize(
    ("form", "rows", "message"),
    [
        ("arcc", ARC, r"no form 'arcc' \(valid: arc, belebele, boolq"),
        ("xcopa", ROWS["xcopa"], "rows.jsonl:1: is no row of xcopa: .* none was given; valid"),
        ("xcopa:en", ROWS["xcopa"], "and en was given; valid: xcopa:et=FILE"),
        ("piqa", ARC, r"rows.jsonl:1: as piqa it lacks 'goal'.* \(found: id, question, answerKey"),
        ("arc", [ARC[0], ARC[1] | {"answerKey": "Z"}], "rows.jsonl:2: is no row of arc"),
        ("boolq", [ROWS["boolq"][0] | {"label": -1}], "the answer is -1; valid: 0 to 1"),
        ("winogrande", [ROWS["winogrande"][0] | {"sentence": "No gap."}], "there is no _ in"),
        ("sciq", [], "rows.jsonl: is empty"),
    ],
)  # fmt: skip
def test_mistakes(form, rows, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        read_task(f"{form}={written(tmp_path, rows, 'rows.jsonl')}")


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match=r"none.parquet: .*No such file"):
        read_task(f"arc={tmp_path / 'none.parquet'}")
    (tmp_path / "bad.parquet").write_text("not that")
    with pytest.raises(ConfigError, match=r"bad.parquet: is no Parquet file"):
        read_task(f"arc={tmp_path / 'bad.parquet'}")
