"""The tasks of lm-eval (EleutherAI) by name, for models of ours as they are, without an export."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from trainer.draw import Draws
from trainer.errors import ConfigError
from trainer.evaluation.likelihood import score_continuations, score_texts
from trainer.generate import continuations
from trainer.loaded import LoadedModel

MOST_TOKENS = 256
"""Of an answer, where a task does not say: lm-eval's own default."""
LOOKED_AT = 64
"""Tokens at the end of an answer in which a text that ends it is looked for."""


def is_installed() -> bool:
    """Whether lm-eval is."""
    return find_spec("lm_eval") is not None


def evaluate_named(
    model: LoadedModel, names: list[str], limit: int | None = None, shots: int | None = None
) -> dict[str, dict[str, Any]]:
    """Metrics of tasks that lm-eval knows, as it calls them.

    Args:
        model: which one.
        names: of tasks; lm-eval downloads what they need. Or YAML files that describe tasks.
        limit: questions of each task; None: all.
        shots: answered questions before each; None: as the task says.

    Raises:
        ConfigError: lm-eval is not installed, or does not know a task.
    """
    if not is_installed():
        raise ConfigError(
            f"--tasks: {', '.join(names)}: no such file; tasks by name need lm-eval: "
            'pip install "polymill[eval]"'
        )
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    # To know lm-eval's own tasks takes it seconds: some 15,000 files are looked through.
    manager = TaskManager(include_defaults=not all(map(_is_file, names)))
    missing = [name for name in names if _is_file(name) and not os.path.exists(name)]
    if missing:
        raise ConfigError(f"--tasks: {missing[0]}: no such file")
    unknown = [name for name in names if not _is_file(name) and not manager.match_tasks([name])]
    if unknown:
        raise ConfigError(
            f"--tasks: {', '.join(unknown)}: neither a file nor a task of lm-eval (they are listed "
            "by: lm-eval ls tasks)"
        )
    found = simple_evaluate(
        harness_model(model), tasks=names, limit=limit, num_fewshot=shots, task_manager=manager
    )
    results: dict[str, dict[str, Any]] = found["results"]
    return results


def _is_file(name: str) -> bool:
    return name.endswith((".yaml", ".yml"))


def harness_model(model: LoadedModel) -> Any:
    """The model as lm-eval asks it."""
    from lm_eval.api.model import LM

    class Asked(LM):
        """Answers from our own likelihoods."""

        def loglikelihood(self, requests: list[Any]) -> list[tuple[float, bool]]:
            scored = score_continuations(model, [each.args for each in requests], greedy=True)
            return [(-found.nats, found.is_greedy) for found in scored]

        def loglikelihood_rolling(self, requests: list[Any]) -> list[float]:
            nats, _ = score_texts(model, [each.args[0] for each in requests])
            return [-cost for cost in nats]

        def generate_until(self, requests: list[Any]) -> list[str]:
            return _until(model, [each.args for each in requests])

    return Asked()


def _until(model: LoadedModel, requests: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    """What follows each context, up to a text that ends it; those asked alike at once."""
    said = [""] * len(requests)
    alike: dict[tuple[int, float], list[int]] = {}
    for number, (_, settings) in enumerate(requests):
        temperature = float(settings.get("temperature", 0)) if settings.get("do_sample") else 0.0
        most = int(settings.get("max_gen_toks", MOST_TOKENS))
        alike.setdefault((most, temperature), []).append(number)
    for (most, temperature), numbers in alike.items():
        stops = [_stops(requests[number][1]) for number in numbers]
        # Something has to come before: where the context is empty, the end of another text.
        starts = [
            [*model.beginning, *model.encode(requests[number][0])]
            or [model.special_ids.get("eos", 0)]
            for number in numbers
        ]

        def ends(row: int, ids: list[int], stops: list[list[str]] = stops) -> bool:
            # A stop may begin in a token that was there before: the last few are looked at again.
            tail = model.decode(ids[-LOOKED_AT:])
            return any(stop in tail for stop in stops[row])

        draws = Draws(temperature, top_p=1.0, seed=0)
        found = continuations(model, starts, most, draws, ends=ends)
        for number, own, ids in zip(numbers, stops, found, strict=True):
            text = model.decode(ids)
            said[number] = text[: min((text.index(s) for s in own if s in text), default=None)]
    return said


def _stops(settings: dict[str, Any]) -> list[str]:
    """Texts that end what is generated."""
    found = settings.get("until") or []
    return [found] if isinstance(found, str) else list(found)
