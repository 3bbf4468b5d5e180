"""What each command does with its parsed options; it returns the exit code.

Everything is imported where it is used: ``--help`` and small commands start at once.
"""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pipeline.exit_codes import DONE, FAILED, USAGE, UsageError

if TYPE_CHECKING:
    from formats.run_folder import RunFolder
    from pipeline.recipe import Recipe


def _load(options: Namespace) -> Recipe:
    from pipeline.recipe_file import load_recipe

    overrides = list(options.set)
    if options.out:
        overrides.append(f"run.out={options.out}")
    return load_recipe(options.recipe, overrides)


def run(options: Namespace) -> int:
    """Run a recipe."""
    from pipeline.run import run

    outcome = run(
        _load(options),
        engine=options.engine,
        workers=options.workers,
        address=options.address,
        fresh=options.fresh,
    )
    if outcome.did_nothing:
        print(f"nothing to do: {outcome.folder.path} is complete and nothing it depends on changed")
    else:
        _say_what_next(outcome.folder)
    return DONE


def mix(options: Namespace) -> int:
    """Mix the tokens of a run anew."""
    from pipeline.mix import mix
    from pipeline.show import show_mix

    show_mix(
        mix(
            options.folder,
            options.set,
            mixture_file=options.mixture,
            to=options.to,
            engine=options.engine,
            workers=options.workers,
            address=options.address,
        )
    )
    return DONE


def _say_what_next(folder: RunFolder) -> None:
    from pipeline.show import closing_lines

    for line in closing_lines(folder, folder.read_summary()):
        print(line)


def plan(options: Namespace) -> int:
    """Print what a run would do."""
    from pipeline.plan import Plan
    from pipeline.show import show_plan

    show_plan(Plan(_load(options)))
    return DONE


def check(options: Namespace) -> int:
    """Print whether a recipe can be run."""
    from pipeline.check import check
    from pipeline.show import show_check

    report = check(_load(options))
    show_check(report)
    return DONE if report.feasible else USAGE


def settings(options: Namespace) -> int:
    """Print what can be set."""
    from pipeline.settings import page, print_settings

    if options.markdown:
        print(page(), end="")
        return DONE
    try:
        print_settings(options.name)
    except ValueError as error:
        complain(str(error))
        return USAGE
    return DONE


def calibrate(options: Namespace) -> int:
    """Write thresholds from trusted text."""
    from formats.units import parse_bytes
    from pipeline import progress
    from pipeline.calibrate import calibrate
    from pipeline.show_calibration import show_calibration

    recipe = _load(options)
    sample = int(parse_bytes(options.sample))
    with progress.Display() as display, ExitStack() as shown:

        def begin(files: int) -> Callable[[], None]:
            shown.enter_context(display.step("measure", files))
            return display.part_done

        found = calibrate(recipe, options.to, options.documents, sample, progress.advance, begin)
    show_calibration(found)
    return DONE


def train_quality(options: Namespace) -> int:
    """Train a quality model."""
    from pipeline.quality_training.recipe import load_training
    from pipeline.quality_training.show import show_training
    from pipeline.quality_training.train import train_quality

    overrides = list(options.set)
    settings, stages = load_training(options.recipe, overrides)
    if options.out:
        settings = settings.model_copy(update={"out": options.out})
    show_training(settings, train_quality(settings, stages))
    return DONE


def show(options: Namespace) -> int:
    """Print tables of a run."""
    from formats.run_folder import RunFolder
    from pipeline.clusters import show_clusters
    from pipeline.show import show_run
    from pipeline.show_pairs import show_pairs
    from pipeline.show_removed import show_removed

    folder = RunFolder(options.folder)
    if options.removed is None and options.lang is not None:
        raise UsageError("--lang needs --removed STAGE_OR_RULE")
    if options.clusters is not None:
        show_clusters(folder, options.clusters)
    elif options.pairs is not None:
        show_pairs(folder, options.pairs, options.count)
    elif options.removed is None:
        show_run(folder)
    else:
        show_removed(folder, options.removed, options.lang, options.count)
    return DONE


def report(options: Namespace) -> int:
    """Draw a report anew."""
    from formats.run_folder import RunFolder
    from pipeline.report import redraw

    against = RunFolder(options.against) if options.against else None
    print(redraw(RunFolder(options.folder), against, options.to))
    return DONE


def serve(options: Namespace) -> int:
    """Serve a run to a browser."""
    from formats.run_folder import RunFolder

    try:
        import duckdb  # noqa: F401 - told here, with what to do
        import jinja2  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        complain(f'serve needs {error.name}: pip install "polymill[serve]"')
        return USAGE
    from pipeline.explorer.app import HOST, serve

    print(f"http://{HOST}:{options.port}  (Ctrl-C stops it)", flush=True)
    serve(RunFolder(options.folder), options.port)
    return DONE


def trace(options: Namespace) -> int:
    """Print where a row came from, or a document went."""
    from formats.run_folder import RunFolder
    from pipeline.trace import show_document, show_row

    folder = RunFolder(options.folder)
    if options.row is not None:
        show_row(folder, options.row, options.phase)
        return DONE
    return DONE if show_document(folder, options.doc) else FAILED


def verify(options: Namespace) -> int:
    """Prove the shards of a run."""
    from pipeline.executors import usable_cpus
    from pipeline.progress import Display
    from pipeline.verify import summary_lines, verify

    with Display() as display:
        found = verify(
            options.folder.rstrip("/"), options.rows, options.workers or usable_cpus(),
            display.step, display.part_done, options.seed,
        )  # fmt: skip
    for line in summary_lines(found):
        print(line)
    return FAILED if found.problems else DONE


def export(options: Namespace) -> int:
    """Write shards or a parallel corpus for others."""
    from pipeline.export import export
    from pipeline.progress import Display

    with Display() as display:
        written = export(
            options.folder.rstrip("/"), options.to, options.target, options.sequences,
            display.step, display.part_done,
        )  # fmt: skip
    for path in written:
        print(path)
    return DONE


def complain(message: str) -> None:
    """Say on standard error what went wrong."""
    print(f"pipeline: {message}", file=sys.stderr)
