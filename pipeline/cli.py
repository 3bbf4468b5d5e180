"""The command line: a thin shell over functions that a notebook can call."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from pipeline import commands
from pipeline.commands import complain
from pipeline.exit_codes import DONE, INTERRUPTED, exit_code, kind_of

DESCRIPTION = """\
From raw multilingual text to training-ready token shards, with one recipe.

  python -m pipeline run configs/mix_2T.yaml
  python -m pipeline settings minhash_dedup
  python -m pipeline show runs/mix_2T
  python -m pipeline show runs/mix_2T --removed quality --lang th
  python -m pipeline report runs/mix_2T --against runs/other
  python -m pipeline trace runs/mix_2T --row 0
  python -m pipeline verify runs/mix_2T
"""
EPILOG = """\
A run that stops, for whatever reason, goes on where it stopped when the same command is given
again. Exit codes: 0 done, 1 failed, 2 bad usage or recipe, 130 stopped by Ctrl-C.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, do what it says, return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.INFO, stream=sys.stderr
    )
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        complain("stopped. What is finished is kept: give the same command again to go on.")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; the interpreter must not try to flush again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # the last line of defence: a sentence, not a stack
        if options.debug:
            raise
        complain(f"{kind_of(error)}{error}")
        return exit_code(error)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show the stack of an error")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _recipe_command(
        subparsers, "run", commands.run, "run a recipe, or go on where it stopped"
    )
    _execution_options(run)
    run.add_argument("--fresh", action="store_true", help="throw the run folder away first")
    mix = subparsers.add_parser(
        "mix", help="other weights, budgets or phases for a finished run, from its tokens"
    )
    mix.description = (
        "Write the shards of another mixture from the tokens of a run, without touching text. "
        "`run` with a changed recipe does the same, and what else has to be done."
    )
    mix.add_argument("folder", metavar="RUN", help="a run folder; its recipe.yaml is read")
    mix.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                     help="override: mixture.phases.0.tokens=1T")  # fmt: skip
    mix.add_argument("--mixture", metavar="FILE", help="a YAML file with another `mixture:`")
    mix.add_argument("--to", metavar="NAME",
                     help="a folder in RUN beside `shards` (default: in its place)")  # fmt: skip
    _execution_options(mix)
    mix.set_defaults(command=commands.mix)
    _recipe_command(
        subparsers, "plan", commands.plan, "what would run and what is done, without working"
    )
    _recipe_command(
        subparsers, "check", commands.check, "validate recipe, paths and the mixture's supply"
    )
    show = subparsers.add_parser(
        "show", help="tables of a run: funnel, mixture, tokenizer, timings"
    )
    show.add_argument("folder", metavar="RUN", help="a run folder")
    show.add_argument("--removed", metavar="NAME",
                      help="samples of what a stage or a rule dropped, and why")  # fmt: skip
    show.add_argument("--lang", metavar="CODE", help="with --removed: of this language only")
    show.add_argument("-n", "--count", "--samples", type=_positive, default=5, metavar="N",
                      help="with --removed, --pairs: how many samples (5)")  # fmt: skip
    show.add_argument("--clusters", type=_positive, metavar="N",
                      help="the N largest clusters of near-duplicates instead")  # fmt: skip
    show.add_argument("--pairs", metavar="NAME", help="translations side by side: en-th")
    show.set_defaults(command=commands.show)
    report = subparsers.add_parser(
        "report", help="draw a run's report anew; beside another run, say what is different"
    )
    report.add_argument("folder", metavar="RUN", help="a run folder")
    report.add_argument("--against", metavar="RUN2",
                        help="another run: what is different in recipe, funnel, languages, "
                        "mixture, tokenizer and time comes first")  # fmt: skip
    report.add_argument("--to", metavar="FILE", help="the page (default: RUN/report.html)")
    report.set_defaults(command=commands.report)
    settings = subparsers.add_parser("settings", help="every key of a recipe, explained")
    settings.add_argument("name", nargs="?", metavar="NAME",
                          help="a stage or a section, as mixture (default: list them)")  # fmt: skip
    settings.add_argument("--markdown", action="store_true", help="all of them as one page")
    settings.set_defaults(command=commands.settings)
    calibrate = _recipe_command(subparsers, "calibrate", commands.calibrate,
                                "thresholds by language from trusted text")  # fmt: skip
    calibrate.description = (
        "Measure trusted text (sources with `reference: true`, else all), write what is usual in "
        "each language as one YAML, and show what its thresholds would remove. Stages read it: "
        "langid: {thresholds: FILE}, quality: {thresholds: FILE}, unusual: {reference: FILE}."
    )
    calibrate.add_argument("--to", metavar="FILE", default="thresholds.yaml",
                           help="where the YAML goes (thresholds.yaml)")  # fmt: skip
    calibrate.add_argument("--documents", type=_positive, default=1000, metavar="N",
                           help="of a kind of text in a language, at most (1000)")  # fmt: skip
    calibrate.add_argument("--sample", default="1GB", metavar="SIZE",
                           help="text to read, about (1GB)")  # fmt: skip
    train = _recipe_command(subparsers, "train-quality", commands.train_quality,
                            "train a quality model on labelled sources")  # fmt: skip
    train.description = (
        "Train the model of the stage quality_model, judge it on unseen sources, calibrate it."
    )
    trace = subparsers.add_parser(
        "trace", help="where a training row came from; where a document went"
    )
    trace.add_argument("folder", metavar="RUN", help="a run folder")
    browse = subparsers.add_parser(
        "serve", help="look at a run's documents in a browser",
        description="Serve a finished run on the loopback address: search documents by text, "
        "language, source, reason and signal, and see all that is known of one. Read-only; needs "
        'the extra: pip install "polymill[serve]".',
    )  # fmt: skip
    browse.add_argument("folder", metavar="RUN", help="a run folder")
    browse.add_argument("--port", type=_positive, default=8765, metavar="N", help="(8765)")
    browse.set_defaults(command=commands.serve)
    what = trace.add_mutually_exclusive_group(required=True)
    what.add_argument("--row", type=int, metavar="N", help="training row N (counted from 0)")
    what.add_argument("--doc", metavar="ID", help="a document's id, its number, or path#position")
    trace.add_argument("--phase", metavar="NAME", help="phase of --row (default: the first)")
    trace.set_defaults(command=commands.trace)
    _shard_commands(subparsers)
    return parser


def _shard_commands(subparsers: Any) -> None:
    """Commands on finished shards."""
    verify = subparsers.add_parser(
        "verify", help="prove the shards: bytes, mixture, boundaries, rows traced back to text"
    )
    verify.description = (
        "Check every file of a run's shards against the manifest, and the manifest against itself "
        "and the tokenizer; trace rows back to text. Every fault is named; exit code 1 if any."
    )
    verify.add_argument("folder", metavar="RUN", help="a run folder, or a folder of shards alone")
    verify.add_argument("--rows", type=int, default=100, metavar="N",
                        help="rows traced back to text (100)")  # fmt: skip
    verify.add_argument("--seed", type=int, default=0, metavar="N",
                        help="another sample of rows (0)")  # fmt: skip
    verify.add_argument("--workers", type=_positive, metavar="N",
                        help="files at a time (default: one per CPU)")  # fmt: skip
    verify.set_defaults(command=commands.verify)
    export = subparsers.add_parser("export", help="shards for another trainer; a parallel corpus")
    export.description = (
        "Write the rows of every phase, in training order, as Megatron-LM's indexed dataset, as "
        "nanotron's flat tokens or MosaicML's MDS; or kept sentence pairs as Moses text or TMX."
    )
    export.add_argument("folder", metavar="RUN", help="a run folder, or a folder of shards alone")
    export.add_argument("--to", required=True, help="the format",
                        choices=["megatron", "nanotron", "mds", "moses", "tmx"])  # fmt: skip
    export.add_argument("target", metavar="DIR", help="where the files go")
    export.add_argument("--sequences", choices=["rows", "documents"], default="rows",
                        help="megatron: a sequence is a training row, padding included (default), "
                        "or a stretch of a document, without padding")  # fmt: skip
    export.set_defaults(command=commands.export)


def _execution_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--engine", choices=["ray", "inline"], default="ray",
                         help="ray (default), or inline: everything in one process")  # fmt: skip
    command.add_argument("--workers", type=_positive, metavar="N",
                         help="tasks at a time (default: one per CPU)")  # fmt: skip
    command.add_argument("--address", metavar="ADDR", help="of a Ray cluster, such as auto")


def _recipe_command(
    subparsers: Any, name: str, function: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = subparsers.add_parser(name, help=text, description=text)
    command.add_argument(
        "recipe", metavar="RECIPE", help="a YAML file, such as configs/mix_2T.yaml"
    )
    command.add_argument("--out", metavar="DIR", help="the run folder, instead of run.out")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                         help="override: run.seed=7, stages.langid.windows=3")  # fmt: skip
    command.set_defaults(command=function)
    return command


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number
