"""lm-eval asks our model and comes to our own figures; where it is installed."""

import json
from pathlib import Path

import pytest

from trainer.errors import ConfigError
from trainer.evaluation.choices import choose
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.harness import evaluate_named, harness_model
from trainer.evaluation.tasks import read_task

from .form_rows import ROWS

lm_eval = pytest.importorskip("lm_eval", reason="lm-eval is not installed")
pytestmark = pytest.mark.filterwarnings("default")

CHOICES = """\
task: counting
dataset_path: json
dataset_kwargs: {{data_files: {{test: {questions}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{context}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: "{{{{answer}}}}"
metric_list: [{{metric: acc}}, {{metric: acc_norm}}, {{metric: acc_bytes}}]
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def written(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_task_described_by_a_file(model, tmp_path):
    questions = written(
        tmp_path / "counting.jsonl",
        [{"context": f"w{n}", "choices": [f"w{n + 1}", f"w{n * 7 % 60 + 2} w3"], "answer": n % 2}
         for n in range(5, 45)],
    )  # fmt: skip
    described = tmp_path / "counting.yaml"
    described.write_text(CHOICES.format(questions=questions))
    found = evaluate(model, [str(described), str(questions)])
    theirs, ours = found.named["counting"], found.choices["counting"]["und"]
    assert theirs["acc,none"] == pytest.approx(ours.raw)
    assert theirs["acc_norm,none"] == pytest.approx(ours.by_character)
    assert theirs["acc_bytes,none"] == pytest.approx(ours.by_byte)


DESCRIBED = {
    "arc": "arc/arc_easy.yaml",
    "boolq": "super_glue/boolq/default.yaml",
    "hellaswag": "hellaswag/hellaswag.yaml",
    "piqa": "piqa/piqa.yaml",
    "sciq": "sciq/sciq.yaml",
    "winogrande": "winogrande/default.yaml",
    "openbookqa": "openbookqa/openbookqa.yaml",
    "belebele": "belebele/belebele_tha_Thai.yaml",
    "xcopa": "xcopa/default_th.yaml",
    "ceval": "ceval/ceval-valid_law.yaml",
    "mmlu": "mmlu/default/mmlu_anatomy.yaml",
}
"""Where lm-eval describes the task of each form."""


@pytest.mark.parametrize("form", DESCRIBED)
def test_forms_ask_what_lm_eval_asks(form, model, tmp_path):
    """Its own task on our rows: the same pairs, and the same accuracies."""
    from lm_eval.tasks import TaskManager

    described = Path(lm_eval.__file__).parent / "tasks" / DESCRIBED[form]
    subject = {"subject": "法学"} if form == "ceval" else {}
    rows = written(tmp_path / "rows.jsonl", [row | subject for row in ROWS[form]])
    splits = "".join(f"{split}_split: test\n" for split in ("training", "validation", "test"))
    metrics = ["acc"] if form == "winogrande" else ["acc", "acc_norm", "acc_bytes"]
    (tmp_path / "task.yaml").write_text(
        f"include: {described}\ntask: ours_{form}\ndataset_path: json\ndataset_name: null\n"
        f"dataset_kwargs: {{data_files: {{test: {rows}}}}}\n{splits}fewshot_split: test\n"
        f"metric_list: [{', '.join(f'{{metric: {name}}}' for name in metrics)}]\n"
    )
    asked = []
    asking = recording(model, asked)
    theirs = lm_eval.simple_evaluate(
        asking,
        tasks=[str(tmp_path / "task.yaml")],
        bootstrap_iters=0,
        task_manager=TaskManager(include_defaults=False),
    )["results"][f"ours_{form}"]
    given = f"{form}:th={rows}" if form == "xcopa" else f"{form}={rows}"
    questions = read_task(given).questions
    pairs = [
        pair for own in questions for pair in zip(own.contexts, own.continuations, strict=True)
    ]
    assert sorted(asked) == sorted(pairs)
    (ours,) = choose(model, questions).values()
    figures = {"acc": ours.raw, "acc_norm": ours.by_character, "acc_bytes": ours.by_byte}
    for name in metrics:
        assert theirs[f"{name},none"] == pytest.approx(figures[name])


def recording(model, asked):
    """The model as lm-eval asks it, with what was asked."""
    found = harness_model(model)
    answer = found.loglikelihood

    def loglikelihood(requests):
        asked.extend(each.args for each in requests)
        return answer(requests)

    found.loglikelihood = loglikelihood
    return found


def test_a_file_that_is_not_there(model):
    with pytest.raises(ConfigError, match=r"nowhere.yaml: no such file"):
        evaluate_named(model, ["nowhere.yaml"])


def test_a_name_that_is_no_task(model):
    with pytest.raises(ConfigError, match="hellaswagg: neither a file nor a task of lm-eval"):
        evaluate_named(model, ["hellaswagg"])
