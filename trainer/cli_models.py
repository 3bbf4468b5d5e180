"""Commands about what a run will take, and about what came of it: plan, generate, evaluate."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

log = logging.getLogger("trainer")
RULE = "-" * 20
Say = Callable[[str], object]
PLAN_DESCRIPTION = """\
Predict what training CONFIG takes, without a GPU: parameters, FLOPs per token, steps, memory on
each GPU part by part, and the time on known devices; and what to change where it does not fit.
Shards that are not made yet are described by --vocab, --length and --tokens.

  python -m trainer plan configs/train/sample.yaml
  python -m trainer plan configs/train/xverse_7b.yaml --gpus 32 --tokens 2.6T --vocab 100534 \\
      --length 8192
  python -m trainer plan configs/train/bench_1b.yaml micro_batch_rows=4 speed.recompute=0.5
"""
GENERATE_DESCRIPTION = """\
Go on with texts. MODEL is the folder of a run (its last checkpoint is taken), one of its
checkpoints, or a folder of transformers. The same seed gives the same text, whatever else is asked
for beside it. Several texts stand under each other with a line between them.

  python -m trainer generate runs/mix_2T-model --prompt "The first"
  python -m trainer generate runs/mix_2T-hf --prompt "昔々" "Once" --temperature 0 --tokens 40
  python -m trainer generate runs/mix_2T-model --prompts prompts.txt --samples 4 --json
"""
EVALUATE_DESCRIPTION = """\
Judge a model by files of questions or texts, by what its shards hold out, or by tasks of lm-eval.
MODEL is the folder of a run (its last checkpoint is taken), one of its checkpoints, or a folder of
transformers.

  python -m trainer evaluate runs/mix_2T-model --tasks held_out texts/th.txt questions.jsonl
  python -m trainer evaluate runs/mix_2T-model --tasks hellaswag arc_easy --limit 200

A file has one JSON object a line:
  {"context": "Water boils at", "choices": ["100 °C.", "10 °C."], "answer": 0, "language": "en"}
  {"contexts": ["Ann fell", "The cup fell"], "continuation": " and broke.", "answer": 1}
  {"text": "a document, for bits per byte", "lang": "th"}
or is a .txt, which is one text. FORM=FILE takes rows of a known task as they are published (JSON
lines, CSV, Parquet) and asks as lm-eval does: arc, belebele, boolq, ceval, hellaswag, mmlu,
openbookqa, piqa, sciq, winogrande, and xcopa:LANGUAGE:

  python -m trainer evaluate runs/mix_2T-model --tasks arc=arc_easy/test.parquet xcopa:th=th.jsonl

A .yaml describes a task to lm-eval (pip install "polymill[eval]"). A "separator" between context
and choice is a space where it is not said, nothing in languages written without spaces. Answers are
compared by likelihood as they are, divided by characters, and divided by bytes. Bits per byte stand
beside those of gzip -9 and xz -9e on the same texts; where a model knows no token that begins a
text, the first one is charged as if all were equally likely.
"""


COMPARE_DESCRIPTION = """\
Put runs beside each other: what each began with, and its losses on the rows held out, by component.
Two annealing mixtures of one run:

  python -m pipeline mix RUN --to shards-b --set mixture.phases.1.weights.en=0.5
  python -m trainer run config.yaml phases=[pretrain] out=runs/stem
  python -m trainer run config.yaml init=run:runs/stem phases=[anneal] out=runs/a
  python -m trainer run config.yaml init=run:runs/stem phases=[anneal] out=runs/b \\
      shards=RUN/shards-b
  python -m trainer compare runs/stem runs/a runs/b

Where the phase anneal says `continues: pretrain` in the recipe, no row is read twice. A checkpoint
on the way is init=run:runs/stem@STEP; keep_every keeps some.
"""


def add_commands(commands: Any, say: Say) -> None:
    """Put the four among the others.

    Args:
        commands: argparse's.
        say: where lines for the person go.
    """
    _add_plan(commands).set_defaults(command=partial(_plan, say))
    _add_generate(commands).set_defaults(command=partial(_generate, say))
    _add_evaluate(commands).set_defaults(command=partial(_evaluate, say))
    compare = _parser(commands, "compare", "runs beside each other", COMPARE_DESCRIPTION)
    compare.add_argument("runs", nargs="+", metavar="OUT", help="folders of runs")
    compare.set_defaults(command=partial(_compare, say))


def _parser(commands: Any, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return added


def _add_plan(commands: Any) -> argparse.ArgumentParser:
    plan = _parser(commands, "plan", "predict memory and time of a run", PLAN_DESCRIPTION)
    plan.add_argument("config", metavar="CONFIG", help="a YAML file: configs/train/sample.yaml")
    plan.add_argument("overrides", nargs="*", default=[], metavar="KEY=VALUE",
                      help="instead of what CONFIG says")  # fmt: skip
    plan.add_argument("--gpus", type=int, default=1, help="how many train together (default: 1)")
    plan.add_argument("--mfu", type=float, default=0.4,
                      help="share of the devices' FLOP/s that is used (default: 0.4)")  # fmt: skip
    for name, what in (("vocab", "entries"), ("length", "tokens of a row"), ("tokens", "2.6T")):
        plan.add_argument(f"--{name}", default="0", metavar="COUNT",
                          help=f"{what}: of shards that are not made yet")  # fmt: skip
    return plan


def _add_generate(commands: Any) -> argparse.ArgumentParser:
    generate = _parser(commands, "generate", "go on with a text", GENERATE_DESCRIPTION)
    generate.add_argument("model", metavar="MODEL")
    generate.add_argument("--prompt", nargs="+", default=[], metavar="TEXT",
                          help="how texts begin")  # fmt: skip
    generate.add_argument("--prompts", metavar="FILE",
                          help='more, one a line; .jsonl: {"prompt": ...}')  # fmt: skip
    generate.add_argument("--samples", type=int, default=1,
                          help="texts of each prompt, by the next seeds (default: 1)")  # fmt: skip
    generate.add_argument("--tokens", type=int, default=100, help="the most added (default: 100)")
    generate.add_argument("--temperature", type=float, default=0.8,
                          help="0: the likeliest token each time (default: 0.8)")  # fmt: skip
    generate.add_argument("--top-k", type=int, default=0,
                          help="drawn from so many of the likeliest; 0: all (default)")  # fmt: skip
    generate.add_argument("--top-p", type=float, default=0.95,
                          help="drawn from the likeliest that have this share together "
                          "(default: 0.95)")  # fmt: skip
    generate.add_argument("--seed", type=int, default=17, help="of the draws (default: 17)")
    generate.add_argument("--json", action="store_true",
                          help="a line of JSON a text: prompt, text, tokens")  # fmt: skip
    generate.add_argument("--no-cache", action="store_true",
                          help="each token from the whole text: slow, to compare")  # fmt: skip
    generate.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    return generate


def _add_evaluate(commands: Any) -> argparse.ArgumentParser:
    evaluate = _parser(commands, "evaluate", "judge a model", EVALUATE_DESCRIPTION)
    evaluate.add_argument("model", metavar="MODEL")
    evaluate.add_argument("--tasks", nargs="+", required=True, metavar="FILE_OR_NAME",
                          help="files, FORM=FILE, held_out, names of lm-eval's tasks")  # fmt: skip
    evaluate.add_argument("--limit", type=int, help="questions or texts of each task")
    evaluate.add_argument("--shots", type=int, help="of named tasks: answers shown before each")
    evaluate.add_argument("--json", metavar="FILE", help="write the figures there too")
    evaluate.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    return evaluate


def _plan(say: Say, options: argparse.Namespace) -> int:
    from trainer.config_file import load_config
    from trainer.planning.plan import data_of, describe_plan, make_plan

    config = load_config(options.config, options.overrides)
    vocab, length, tokens = (_count(options, name) for name in ("vocab", "length", "tokens"))
    _at_least("--gpus", options.gpus, 1)
    if not 0 < options.mfu <= 1:
        raise _usage(f"--mfu: {options.mfu} was given; more than 0 and at most 1 is wanted")
    plan = make_plan(config, data_of(config, vocab, length, tokens), options.gpus)
    for line in describe_plan(plan, options.mfu):
        say(line)
    return 0


def _generate(say: Say, options: argparse.Namespace) -> int:
    from trainer.draw import Draws
    from trainer.generate import generate
    from trainer.loaded import open_model

    prompts = [*options.prompt, *(_prompts(options.prompts) if options.prompts else [])]
    if not prompts:
        raise _usage("--prompt TEXT or --prompts FILE is wanted")
    draws = Draws(options.temperature, options.top_p, options.top_k, options.seed)
    draws.check()
    model = open_model(options.model, options.device)
    began = time.perf_counter()
    tokens = 0
    found = generate(
        model, prompts, options.tokens, draws, options.samples, cache=not options.no_cache
    )
    for number, made in enumerate(found):
        if options.json:
            say(json.dumps(dataclasses.asdict(made), ensure_ascii=False))
        else:
            say(f"{RULE}\n{made.text}" if number else made.text)
        tokens += made.tokens
    seconds = time.perf_counter() - began
    log.info("%d tokens in %.1f s, %.0f a second", tokens, seconds, tokens / max(seconds, 1e-9))
    return 0


def _prompts(path: str) -> list[str]:
    """Of a file: lines, or the key ``prompt`` of JSON lines."""
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _usage(f"--prompts: {path}: {getattr(error, 'strerror', None) or error}") from error
    if not path.endswith(".jsonl"):
        return [line for line in lines if line.strip()]
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                prompt = json.loads(line)["prompt"]
            except (ValueError, KeyError, TypeError):
                prompt = None
            if not isinstance(prompt, str):
                raise _usage(f'--prompts: {path}:{number}: {{"prompt": "a text"}} is wanted')
            found.append(prompt)
    return found


def _evaluate(say: Say, options: argparse.Namespace) -> int:
    from trainer.evaluation.evaluate import describe, evaluate
    from trainer.loaded import open_model

    if options.limit is not None:
        _at_least("--limit", options.limit, 1)
    model = open_model(options.model, options.device)
    findings = evaluate(model, options.tasks, options.limit, options.shots)
    for line in describe(findings):
        say(line)
    if options.json:
        text = json.dumps(findings.as_json(), indent=2, ensure_ascii=False, default=str)
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    return 0


def _compare(say: Say, options: argparse.Namespace) -> int:
    from trainer.seeing.compare import describe_comparison

    for line in describe_comparison(options.runs):
        say(line)
    return 0


def _count(options: argparse.Namespace, name: str) -> int:
    from formats.units import parse_count

    try:
        return parse_count(getattr(options, name))
    except ValueError as error:
        raise _usage(f"--{name}: {error}") from error


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise _usage(f"{name}: {value} was given; {least} or more is wanted")


def _usage(message: str) -> Exception:
    from trainer.errors import ConfigError

    return ConfigError(message)
