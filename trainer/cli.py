"""The command line: a thin shell over functions that a notebook can call."""

from __future__ import annotations

import argparse
import logging
import sys
import textwrap
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from trainer.cli_models import add_commands
from trainer.errors import TrainingError, UsageError
from trainer.machine.threads import wait_without_spinning

if TYPE_CHECKING:
    from trainer.output import OutputFolder

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
NEEDED = ("torch", "safetensors", "matplotlib")
"""What the extra ``train`` installs."""

DESCRIPTION = """\
Train a language model on token shards, and hand it to other libraries.

  python -m trainer plan configs/train/sample.yaml
  python -m trainer run configs/train/sample.yaml
  python -m trainer run configs/train/sample.yaml model.layers=8 out=runs/deeper
  torchrun --nproc-per-node 8 -m trainer run configs/train/sample.yaml
  python -m trainer trace runs/mix_2T-model --step 100
  python -m trainer verify-resume configs/train/sample.yaml
  python -m trainer generate runs/mix_2T-model --prompt "The first"
  python -m trainer evaluate runs/mix_2T-model --tasks held_out questions.jsonl
  python -m trainer export runs/mix_2T-model --to hf runs/mix_2T-hf

Each command says more: python -m trainer run --help lists every key of a configuration.
"""
EPILOG = """\
A run that stops, for whatever reason, goes on after its last checkpoint when the same command is
given again; Ctrl-C, SIGTERM and a time limit write one first. Exit codes: 0 done, or stopped so;
1 failed; 2 bad usage, configuration or shards; 130 stopped by a second Ctrl-C.
"""
RUN_DESCRIPTION = """\
Train the model that CONFIG describes on its shards. Into the folder `out` of the configuration go
metrics.jsonl and speed.jsonl (a line per step), held_out.jsonl, checkpoints/, run.json, loss.png
and report.html. Under torchrun all processes train one model, each with a part of its weights.
"""
TRACE_DESCRIPTION = """\
Name what a step of a run read: components, documents and, where the shards lie in a run folder of
the pipeline, their languages and origins.
"""
VERIFY_DESCRIPTION = """\
Train a few steps unbroken, then once more with the process killed on the way, and compare every
loss and every byte of the last checkpoint. Nothing is left behind.
"""
EXPORT_DESCRIPTION = """\
Write the last checkpoint of a run in another format. hf: a folder that
transformers.AutoModelForCausalLM.from_pretrained loads, with the tokenizer of the shards.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, do what it says, return the exit code."""
    options = _parse(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("trainer").setLevel(logging.INFO)  # ours alone
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        _complain(f'{", ".join(missing)} not installed: pip install "polymill[train]"')
        return FAILED
    wait_without_spinning()
    try:
        code: int = options.command(options)
    except KeyboardInterrupt:
        _complain("stopped at once. The same command goes on after the last checkpoint.")
        return INTERRUPTED
    except BrokenPipeError:
        return DONE
    except Exception as error:  # the last line of defence: a sentence, not a stack
        if options.debug:
            raise
        return _fail(error)
    return code


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    # argparse takes CONFIG and key=value only as neighbours; people put --fresh between them.
    for argument in rest:
        if "overrides" not in options or argument.startswith("-"):
            parser.error(f"unrecognized argument: {argument}")
        options.overrides.append(argument)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show the stack of an error")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")
    run = commands.add_parser(
        "run", help="train, or go on where a run stopped", description=RUN_DESCRIPTION,
        epilog=_keys(), formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    run.add_argument("config", metavar="CONFIG", help="a YAML file: configs/train/sample.yaml")
    run.add_argument("overrides", nargs="*", default=[], metavar="KEY=VALUE",
                     help="instead of what CONFIG says: model.layers=2, max_steps=100")  # fmt: skip
    run.add_argument("--fresh", action="store_true", help="throw away what `out` holds of a run")
    run.add_argument("--time-limit", type=float, metavar="MINUTES",
                     help="then a checkpoint is written and the run ends")  # fmt: skip
    run.set_defaults(command=_run)
    verify = commands.add_parser(
        "verify-resume", help="prove that a killed run goes on bit for bit",
        description=VERIFY_DESCRIPTION,
    )  # fmt: skip
    verify.add_argument("config", metavar="CONFIG")
    verify.add_argument("overrides", nargs="*", default=[], metavar="KEY=VALUE")
    verify.add_argument("--steps", type=int, default=12, help="of the short runs (default: 12)")
    verify.add_argument("--kills", type=int, default=2, help="default: 2")
    verify.set_defaults(command=_verify)
    trace = commands.add_parser(
        "trace", help="name the documents of a step", description=TRACE_DESCRIPTION
    )
    trace.add_argument("out", metavar="OUT", help="folder of a run, or one of its checkpoints")
    trace.add_argument("--step", type=int, required=True, help="counted from 1")
    trace.set_defaults(command=_trace)
    export = commands.add_parser(
        "export", help="write a trained model for other libraries",
        description=EXPORT_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    export.add_argument("out", metavar="OUT", help="the folder of a training run")
    export.add_argument("--to", nargs=2, metavar=("FORMAT", "DIR"), required=True,
                        help="hf, and a new or empty folder")  # fmt: skip
    export.set_defaults(command=_export)
    add_commands(commands, print)
    return parser


def _keys() -> str:
    """Every key of a configuration with its default and meaning."""
    from trainer.config import describe_settings

    lines = ["keys of CONFIG, with their defaults:"]
    for key, default, meaning in describe_settings():
        lines.append(f"  {key}={default}" if default else f"  {key} (must be given)")
        lines += textwrap.wrap(meaning, 90, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)


def _run(options: argparse.Namespace) -> int:
    from trainer.config_file import load_config
    from trainer.train import train

    overrides = [*options.overrides]
    if options.time_limit is not None:
        overrides.append(f"time_limit={options.time_limit}")
    config = load_config(options.config, overrides)
    outcome = train(config, fresh=options.fresh, may_exit=True)
    folder = outcome.folder
    if not outcome.is_first:
        return DONE
    if outcome.did_nothing:
        print(f"nothing to do: {folder.path} is complete, {outcome.steps} steps")
    elif outcome.step < outcome.steps:
        _complain(
            f"stopped after step {outcome.step} of {outcome.steps}, checkpoint "
            f"{outcome.checkpoint}. Give the same command again to go on."
        )
        return DONE
    print(
        f"loss        {outcome.first_loss:.3f} at first, {outcome.last_loss:.3f} at last "
        f"(unigram entropy {outcome.unigram_entropy:.3f}), nats per token\n"
        f"{_held_out_line(folder)}"
        f"curve       {folder.curve_path}\n"
        f"report      {folder.page_path}\n"
        f"checkpoint  {outcome.checkpoint}\n"
        f"export      python -m trainer export {folder.path} --to hf {folder.path}-hf"
    )
    return DONE


def _held_out_line(folder: OutputFolder) -> str:
    lines = folder.read_held_out()
    if not lines or "loss" not in lines[-1]:
        return ""
    bits = lines[-1].get("bits_per_byte")
    told = "" if bits is None else f", {bits:.3f} bits per byte"
    return f"held out    {lines[-1]['loss']:.3f}{told}\n"


def _verify(options: argparse.Namespace) -> int:
    from trainer.config_file import load_config
    from trainer.verify_resume import verify_resume

    for name, value in (("--steps", options.steps), ("--kills", options.kills)):
        if value < 1:
            _complain(f"{name}: {value} was given; 1 or more is wanted")
            return USAGE
    load_config(options.config, options.overrides)  # its mistakes, before anything is run
    verdict = verify_resume(
        options.config, options.overrides, options.steps, options.kills, say=_complain
    )
    for line in verdict.differences:
        print(line)
    if verdict.differences:
        print("not bit-exact: unbroken / broken runs differ as above")
        return FAILED
    print(f"bit-exact: {verdict.steps} steps, killed {len(verdict.killed_after)} times")
    return DONE


def _trace(options: argparse.Namespace) -> int:
    from trainer.seeing.trace import config_of, describe_trace, trace_step

    config = config_of(options.out)
    for line in describe_trace(trace_step(config, options.step), config.shards):
        print(line)
    return DONE


def _export(options: argparse.Namespace) -> int:
    from trainer.hf.export import FORMATS, export_hf

    kind, target = options.to
    if kind not in FORMATS:
        _complain(f"--to: unknown format {kind!r} (valid: {', '.join(FORMATS)})")
        return USAGE
    print(export_hf(options.out, target))
    return DONE


def _fail(error: Exception) -> int:
    """Say what is wrong; what the person who asked can mend is 2, anything else 1."""
    if isinstance(error, UsageError):
        _complain(str(error))
        return USAGE
    known = isinstance(error, TrainingError)
    _complain(str(error) if known else f"{type(error).__name__}: {error} (--debug shows the stack)")
    return FAILED


def _complain(message: str) -> None:
    for line in message.splitlines():
        print(f"trainer: {line}", file=sys.stderr)
