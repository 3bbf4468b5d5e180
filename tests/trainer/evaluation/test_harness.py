"""lm-eval asks our model and comes to our own figures; where it is installed."""

import json

import pytest

from trainer.errors import ConfigError
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.harness import evaluate_named, harness_model

pytest.importorskip("lm_eval", reason="lm-eval is not installed")
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
metric_list: [{{metric: acc}}, {{metric: acc_norm}}]
"""


def test_the_same_accuracies(model, tmp_path, monkeypatch):
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    path = tmp_path / "counting.jsonl"
    lines = [
        {"context": f"w{n}", "choices": [f"w{n + 1}", f"w{n * 7 % 60 + 2} w3"], "answer": n % 2}
        for n in range(5, 45)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "counting.yaml").write_text(CHOICES.format(questions=path))
    manager = TaskManager(include_path=str(tmp_path))
    found = simple_evaluate(
        harness_model(model), tasks=["counting"], task_manager=manager, bootstrap_iters=0
    )["results"]["counting"]
    ours = evaluate(model, [str(path)]).choices["counting"]["und"]
    assert found["acc,none"] == pytest.approx(ours.raw)
    assert found["acc_norm,none"] == pytest.approx(ours.by_character)


def test_a_name_that_is_no_task(model):
    with pytest.raises(ConfigError, match="hellaswagg: neither a file nor a task of lm-eval"):
        evaluate_named(model, ["hellaswagg"])
