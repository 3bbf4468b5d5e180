"""The command line: a thin shell over functions that a notebook can call."""

from __future__ import annotations

import argparse
import logging
import sys
import textwrap
from collections.abc import Sequence
from importlib.util import find_spec

from trainer.errors import TrainingError, UsageError
from trainer.threads import wait_without_spinning

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
NEEDED = ("torch", "safetensors", "matplotlib")
"""What the extra ``train`` installs."""

DESCRIPTION = """\
Train a language model on token shards, and hand it to other libraries.

  python -m trainer run configs/train/sample.yaml
  python -m trainer run configs/train/sample.yaml model.layers=8 out=runs/deeper
  python -m trainer export runs/mix_2T-model --to hf runs/mix_2T-hf
"""
EPILOG = """\
A run that stops, for whatever reason, goes on after its last checkpoint when the same command is
given again; Ctrl-C writes one first. Exit codes: 0 done, 1 failed, 2 bad usage, configuration or
shards, 130 stopped by Ctrl-C.
"""
RUN_DESCRIPTION = """\
Train the model that CONFIG describes on its shards. Into the folder `out` of the configuration go
metrics.jsonl and speed.jsonl (a line per step), checkpoints/, run.json and loss.png.
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
    run.set_defaults(command=_run)
    export = commands.add_parser(
        "export", help="write a trained model for other libraries",
        description=EXPORT_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    export.add_argument("out", metavar="OUT", help="the folder of a training run")
    export.add_argument("--to", nargs=2, metavar=("FORMAT", "DIR"), required=True,
                        help="hf, and a new or empty folder")  # fmt: skip
    export.set_defaults(command=_export)
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

    outcome = train(load_config(options.config, options.overrides), fresh=options.fresh)
    folder = outcome.folder
    if outcome.did_nothing:
        print(f"nothing to do: {folder.path} is complete, {outcome.steps} steps")
    elif outcome.step < outcome.steps:
        _complain(
            f"stopped after step {outcome.step} of {outcome.steps}, checkpoint "
            f"{outcome.checkpoint}. Give the same command again to go on."
        )
        return INTERRUPTED
    print(
        f"loss        {outcome.first_loss:.3f} at first, {outcome.last_loss:.3f} at last "
        f"(unigram entropy {outcome.unigram_entropy:.3f}), nats per token\n"
        f"curve       {folder.curve_path}\n"
        f"checkpoint  {outcome.checkpoint}\n"
        f"export      python -m trainer export {folder.path} --to hf {folder.path}-hf"
    )
    return DONE


def _export(options: argparse.Namespace) -> int:
    from trainer.export import FORMATS, export_hf

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
