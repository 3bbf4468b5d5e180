"""What files of questions and texts say, and how their mistakes are told."""

import gzip
import json

import pytest

from trainer.errors import ConfigError
from trainer.evaluation.questions import Text
from trainer.evaluation.tasks import read_task


def written(tmp_path, *lines, name="facts.jsonl"):
    path = tmp_path / name
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return str(path)


def test_questions(tmp_path):
    task = read_task(written(
        tmp_path,
        {"context": "Water boils at", "choices": ["100 °C.", "10 °C."], "answer": 0,
         "language": "en"},
        {"context": "水在", "choices": ["十度", "一百度"], "answer": "一百度", "lang": "zh-Hans"},
        {"context": "Water boils at 1", "choices": ["0 °C.", "00 °C."], "answer": 1,
         "separator": ""},
        {"contexts": ["Ann fell", "The cup fell"], "continuation": " and broke.", "answer": 1},
    ))  # fmt: skip
    english, chinese, joined, contexts = task.questions
    assert task.name == "facts"
    assert english.continuations == (" 100 °C.", " 10 °C.")
    assert english.contexts == ("Water boils at",) * 2
    assert (chinese.continuations, chinese.answer) == (("十度", "一百度"), 1)  # no space between
    assert joined.continuations == ("0 °C.", "00 °C.")
    assert contexts.contexts == ("Ann fell", "The cup fell")
    assert (contexts.answer, contexts.language) == (1, "und")


def test_texts(tmp_path):
    lines = [{"text": "สวัสดี", "lang": "th", "id": 3}, {"text": "Hello\u2028there"}]
    path = written(tmp_path, *lines)
    expected = [Text("สวัสดี", "th"), Text("Hello\u2028there", "und")]
    assert read_task(path).texts == expected
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "facts.jsonl").read_bytes()))
    assert read_task(str(packed)).texts == expected


@pytest.mark.parametrize(
    ("name", "language"),
    [("udhr_th.txt", "th"), ("fr.txt", "fr"), ("a-yue.txt", "yue"), ("Notes2.txt", "und")],
)
def test_the_name_of_a_txt_says_its_language(name, language, tmp_path):
    (tmp_path / name).write_text("one\ntwo\n")
    assert read_task(str(tmp_path / name)).texts == [Text("one\ntwo\n", language)]


ASKED = {"context": "a", "choices": ["b", "c"], "answer": 0}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([ASKED, ASKED | {"answer": 2}], ":2: answer is 2; valid: 0 to 1, or the right choice"),
        ([ASKED | {"answer": "d"}], ":1: answer is 'd'"),
        ([ASKED | {"answer": True}], ":1: answer is True"),
        ([ASKED | {"choices": ["b"]}], r":1: choices is \['b'\]; two or more texts"),
        ([ASKED | {"choices": "bc"}], ":1: choices is 'bc'"),
        ([{"choices": ["a", "b"], "answer": 0}], ":1: context is None; a text is wanted"),
        ([{"query": "a", "gold": 0}], ":1: has the keys query, gold; valid: context, choices, an"),
        ([ASKED, {"text": "a"}], ":2: a file holds questions or texts, and this has both"),
        ([["a"]], ":1: is no JSON object"),
        ([], "facts.jsonl: is empty"),
    ],
)
def test_mistakes(lines, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        read_task(written(tmp_path, *lines))


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match=r"none.jsonl: No such file"):
        read_task(str(tmp_path / "none.jsonl"))
    (tmp_path / "cut.jsonl").write_text('{"text": "a')
    with pytest.raises(ConfigError, match=r"cut.jsonl:1: is not JSON"):
        read_task(str(tmp_path / "cut.jsonl"))
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    with pytest.raises(ConfigError, match=r"latin.txt: is not UTF-8"):
        read_task(str(tmp_path / "latin.txt"))
