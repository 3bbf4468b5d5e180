"""Questions in the forms of known tasks, from the rows of their data sets as they are published.

Each form asks as lm-eval's task of that name does without examples, a blank before every choice, so
that accuracies are the same (``acc`` is right, ``acc_norm`` by character, ``acc_bytes`` by byte):

    arc         question, choices {text, label}, answerKey          allenai/ai2_arc
    boolq       passage, question, label                            super_glue
    hellaswag   activity_label, ctx_a, ctx_b, endings, label        Rowan/hellaswag
    piqa        goal, sol1, sol2, label                             piqa
    sciq        support, question, distractor1-3, correct_answer    allenai/sciq
    winogrande  sentence with _, option1, option2, answer           allenai/winogrande
    openbookqa  question_stem, choices {text, label}, answerKey     allenai/openbookqa
    belebele    flores_passage, question, mc_answer1-4, correct_answer_num, dialect
    xcopa       premise, choice1, choice2, question, label          cambridgeltl/xcopa
    ceval       question, A, B, C, D, answer                        ceval/ceval-exam
    mmlu        question, choices, answer, subject                  cais/mmlu
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainer.evaluation.questions import Question

Row = Mapping[str, Any]
Asked = tuple[str, Sequence[str], int]
"""Context, choices, number of the right one."""
LETTERS = ("A", "B", "C", "D")
CONNECTORS = {
    "et": ("sest", "seetõttu"),
    "ht": ("poukisa", "donk sa"),
    "id": ("karena", "maka"),
    "it": ("perché", "quindi"),
    "qu": ("imataq", "chaymi"),
    "sw": ("kwa sababu", "kwa hiyo"),
    "ta": ("காரணமாக", "எனவே"),
    "th": ("เพราะ", "ดังนั้น"),
    "tr": ("çünkü", "bu yüzden"),
    "vi": ("bởi vì", "vì vậy"),
    "zh": ("因为", "所以"),
}
"""xcopa: "because" and "therefore" of each language, as lm-eval's task has them."""


def question_of(form: str, row: Row, language: str | None = None) -> Question:
    """A row as a question.

    Args:
        form: of ``FORMS``.
        row: of the data set.
        language: of the row; None: as the form says, English if it does not.

    Raises:
        KeyError: the row lacks a column.
        ValueError: a column holds something else than it should.
    """
    if form == "winogrande":
        return _winogrande(row, language or "en")
    if form == "xcopa":
        asked: Asked = _xcopa(row, language)
    else:
        asked = FORMS[form](row)
    context, choices, answer = asked
    if not 0 <= answer < len(choices):
        raise ValueError(f"the answer is {answer}; valid: 0 to {len(choices) - 1}")
    return Question(
        contexts=(context,) * len(choices),
        continuations=tuple(f" {choice}" for choice in choices),
        answer=answer,
        language=language or _language(form, row),
        measured=tuple(choices),
    )


def _language(form: str, row: Row) -> str:
    if form == "belebele":
        return str(row.get("dialect", "und"))
    return "zh" if form == "ceval" else "en"


def _arc(row: Row) -> Asked:
    answer = list(row["choices"]["label"]).index(row["answerKey"])
    return f"Question: {row['question']}\nAnswer:", row["choices"]["text"], answer


def _boolq(row: Row) -> Asked:
    context = f"{row['passage']}\nQuestion: {row['question']}?\nAnswer:"
    return context, ("no", "yes"), int(row["label"])


def _hellaswag(row: Row) -> Asked:
    context = f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"
    return _unmarked(context), [_unmarked(each) for each in row["endings"]], int(row["label"])


def _unmarked(text: str) -> str:
    """Without the marks that WikiHow's articles left: [title], [step], [substeps]."""
    text = re.sub(r"\[.*?\]", "", text.strip().replace(" [title]", ". "))
    return text.replace("  ", " ")


def _piqa(row: Row) -> Asked:
    context = f"Question: {row['goal']}\nAnswer:"
    return context, (row["sol1"], row["sol2"]), int(row["label"])


def _sciq(row: Row) -> Asked:
    choices = [row[f"distractor{number}"] for number in (1, 2, 3)]
    context = f"{row['support'].lstrip()}\nQuestion: {row['question']}\nAnswer:"
    return context, [*choices, row["correct_answer"]], 3


def _winogrande(row: Row, language: str) -> Question:
    """The sentence up to the gap and each option in it; what follows is scored."""
    before, gap, after = row["sentence"].partition("_")
    if not gap:
        raise ValueError(f"there is no _ in {row['sentence']!r}")
    contexts = (before + row["option1"], before + row["option2"])
    answer = {"1": 0, "2": 1}[str(row["answer"])]
    return Question(contexts, (f" {after.strip()}",) * 2, answer, language, contexts)


def _openbookqa(row: Row) -> Asked:
    answer = list(row["choices"]["label"]).index(row["answerKey"].strip())
    return row["question_stem"], row["choices"]["text"], answer


def _belebele(row: Row) -> Asked:
    answers = [f"{letter}: {row[f'mc_answer{number}']}" for number, letter in enumerate(LETTERS, 1)]
    context = "\n".join(
        [f"P: {row['flores_passage']}", f"Q: {row['question'].strip()}", *answers, "Answer:"]
    )
    return context, LETTERS, int(row["correct_answer_num"]) - 1


def _xcopa(row: Row, language: str | None) -> Asked:
    """The premise without its full stop, a connector, and what may be cause or effect."""
    if language not in CONNECTORS:
        raise ValueError(
            f"xcopa is asked in the language of the rows, and {language or 'none'} was given; "
            f"valid: {', '.join(f'xcopa:{name}=FILE' for name in CONNECTORS)}"
        )
    connector = CONNECTORS[language][{"cause": 0, "effect": 1}[row["question"]]]
    choices = [choice[0].lower() + choice[1:] for choice in (row["choice1"], row["choice2"])]
    return f"{row['premise'].strip()[:-1]} {connector}", choices, int(row["label"])


def _ceval(row: Row) -> Asked:
    about = row.get("subject")
    told = f"以下是中国关于{about}的单项选择题，请选出其中的正确答案。\n\n" if about else ""
    listed = [f"{letter}. {row[letter]}" for letter in LETTERS]
    context = "\n".join([row["question"].strip(), *listed, "答案："])
    return told + context, LETTERS, LETTERS.index(row["answer"])


def _mmlu(row: Row) -> Asked:
    about = str(row.get("subject") or "").replace("_", " ")
    told = "The following are multiple choice questions (with answers)"
    listed = [f"{letter}. {choice}" for letter, choice in zip(LETTERS, row["choices"], strict=True)]
    context = "\n".join([row["question"].strip(), *listed, "Answer:"])
    return (f"{told} about {about}.\n\n" if about else "") + context, LETTERS, int(row["answer"])


FORMS: dict[str, Callable[[Row], Asked]] = {
    "arc": _arc,
    "boolq": _boolq,
    "hellaswag": _hellaswag,
    "piqa": _piqa,
    "sciq": _sciq,
    "openbookqa": _openbookqa,
    "belebele": _belebele,
    "ceval": _ceval,
    "mmlu": _mmlu,
}
"""Those that ask one thing, whatever the language; winogrande and xcopa are made otherwise."""
FORM_NAMES = tuple(sorted([*FORMS, "winogrande", "xcopa"]))
