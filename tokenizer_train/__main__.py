"""The command ``tokenizer-train``: a tokenizer from files, in one line.

tokenizer-train --vocab 100534 --out tokenizer corpus/*.jsonl.zst
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizer_train.settings import TokenizerOptions
    from tokenizer_train.train import TrainingReport

BALANCES = (
    "natural, equal, temperature:0.3 (any number from 0 to 1), parity or a YAML file of shares"
)
PARITY = {
    "parallel": "parallel",
    "pivot": "pivot",
    "parity_global_share": "global_share",
    "parity_window": "window",
    "parity_alpha": "alpha",
}
"""Arguments that only ``--balance parity`` reads, and the settings they are."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0, 1 for bad input, 2 for bad arguments."""
    parser = build_parser()
    given = parser.parse_args(arguments)
    try:
        options = _options(given)
    except (ValueError, OSError) as error:
        parser.error(_message(error))
    try:
        report = _train(given, options)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {_message(error)}", file=sys.stderr)
        return 1
    _show(report)
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(
        prog="tokenizer-train",
        description="Train a byte-level BPE tokenizer on multilingual text. The same documents "
        "give the same file, in whatever order they come.",
    )
    add = parser.add_argument
    add(
        "files",
        nargs="*",
        metavar="FILES",
        help="JSONL, Parquet, Arrow, CSV or text, also .gz and .zst; wildcards; or the "
        "documents folder of a run",
    )
    add(
        "--recipe",
        metavar="RECIPE",
        help="learn from the documents that a recipe's run kept (also beside FILES)",
    )
    add(
        "--out",
        default="tokenizer",
        metavar="DIR",
        help="folder for tokenizer.json and its companions (default: tokenizer)",
    )
    add("--vocab", type=int, metavar="N", help="entries of the vocabulary (default 100534)")
    add("--algorithm", choices=["bpe", "unigram"], help="unigram: with sentencepiece (default bpe)")
    add(
        "--backend",
        choices=["native", "tokenizers", "sentencepiece"],
        help="who learns (default: native); the others learn from the same counts",
    )
    add(
        "--merges",
        choices=["aligned", "plain"],
        help="aligned (default): no token joins a part of one character to another; plain: the "
        "usual rule",
    )
    add("--sample-bytes", metavar="SIZE", help="text to learn from, as 200GB (default: all)")
    add(
        "--balance",
        metavar="HOW",
        help=f"languages: {BALANCES}, which tokenizer-evaluate --suggest writes "
        "(default temperature:0.3); parity: each merge serves the language that takes most tokens "
        "for --parallel text, compared with the pivot's (arXiv 2508.04796)",
    )
    _add_parity(parser)
    add(
        "--pretokenizer",
        metavar="NAME",
        help="polymill (default), o200k, cl100k, llama3, qwen2, deepseek, gpt2, or a regular "
        "expression, which is counted at the speed of tokenizers: a thirtieth",
    )
    add("--digits", choices=["single", "triple", "free"], help="digits in one token at most")
    add(
        "--special",
        metavar="YAML",
        help="file with special tokens: eos, pad, bos, extra (a list), reserved (how many), place "
        "(first or last); default eos <|endoftext|>, pad <|pad|>",
    )
    add(
        "--pad-to-multiple",
        type=int,
        metavar="N",
        help="add reserved slots behind the vocabulary until its size is a multiple of this",
    )
    add("--model-max-length", type=int, metavar="TOKENS", help="longest text the model is made for")
    add("--chat-template", metavar="FILE", help="Jinja template, for transformers")
    add("--max-token-length", type=int, metavar="BYTES", help="longest token (default: no limit)")
    add("--min-frequency", type=int, metavar="N", help="least count of a pair (default 2)")
    add(
        "--min-piece-count",
        type=int,
        metavar="N",
        help="leave out pieces seen less often (default 1: none); what that loses is said",
    )
    add("--fail-when-short", action="store_true", help="fail if the vocabulary cannot be reached")
    add("--seed", type=int, default=0, help="chooses what is held out, and the sample (default 0)")
    add("--workers", type=int, metavar="N", help="processes that count (default: one per CPU)")
    add("--memory", metavar="SIZE", help="for counting, of each worker (default 512MB)")
    add(
        "--counts",
        nargs="+",
        default=[],
        metavar="FILE",
        help="counts.arrow of other trainings, learned from too: their text is not read again",
    )
    add("--text-column", metavar="NAME", help="input column with the text")
    add("--lang-column", metavar="NAME", help="input column with the language")
    add(
        "--skip-bad-input",
        action="store_true",
        help="go on where a record cannot be read, and count it; otherwise stop there",
    )
    return parser


def _add_parity(parser: argparse.ArgumentParser) -> None:
    """What ``--balance parity`` reads."""
    add = parser.add_argument_group("with --balance parity").add_argument
    add(
        "--parallel",
        nargs="+",
        metavar="FILES",
        help="documents that say the same in several languages, paired by pair_key or id; give "
        "others than those learned from",
    )
    add("--pivot", metavar="LANG", help="the language that others are compared with (default en)")
    add(
        "--parity-global-share",
        type=float,
        metavar="SHARE",
        help="share of the merges made first for all languages, as weighted (default 0)",
    )
    add(
        "--parity-window",
        type=int,
        metavar="N",
        help="merges looked back on, so that no language takes them all (default 100; 0: none)",
    )
    add(
        "--parity-alpha",
        type=float,
        metavar="A",
        help="a language waits that got more than A times an equal share of them (default 2)",
    )


def parse_balance(how: str) -> dict[str, Any]:
    """The settings that ``--balance`` stands for.

    ``"equal"`` is temperature 0, ``"natural"`` 1, ``"temperature:0.3"`` 0.3; a file gives shares.
    ``"parity"`` leaves the weights as they are by default.

    Raises:
        ValueError: it is none of these.
        OSError: the file cannot be read.
    """
    if how.endswith((".yaml", ".yml")):
        return {"language_shares": _read_yaml(how, "languages and their shares")}
    if how == "parity":
        return {}
    named = {"natural": 1.0, "equal": 0.0}
    kind, _, number = how.partition(":")
    try:
        value = named[how] if how in named else float(number)
    except ValueError:
        value = -1.0
    if not (how in named or kind == "temperature") or not 0 <= value <= 1:
        raise ValueError(f"--balance: {how!r} is not {BALANCES}")
    return {"language_temperature": value}


def _options(given: argparse.Namespace) -> TokenizerOptions:
    """The settings; what was not given keeps its default, which lives in the model alone."""
    from tokenizer_train.settings import TokenizerOptions

    values: dict[str, Any] = {
        "vocab": given.vocab,
        "sample_bytes": given.sample_bytes,
        "algorithm": given.algorithm,
        "backend": given.backend,
        "merges": given.merges,
        "pretokenizer": given.pretokenizer,
        "digits": given.digits,
        "special": None
        if given.special is None
        else _read_yaml(given.special, "eos, pad, bos, extra, reserved, place"),
        "max_token_length": given.max_token_length,
        "min_frequency": given.min_frequency,
        "min_piece_count": given.min_piece_count,
        "when_short": "fail" if given.fail_when_short else None,
        "pad_to_multiple": given.pad_to_multiple,
        "model_max_length": given.model_max_length,
        "chat_template": None if given.chat_template is None else _read(given.chat_template),
    }
    if given.balance is not None:
        values |= parse_balance(given.balance)
    values["parity"] = _parity(given)
    return TokenizerOptions(**{name: value for name, value in values.items() if value is not None})


def _parity(given: argparse.Namespace) -> dict[str, Any] | None:
    """The settings of ``--balance parity``.

    Raises:
        ValueError: there is no parallel text, or something for it without that balance.
    """
    found = {ours: getattr(given, name) for name, ours in PARITY.items()}
    found = {name: value for name, value in found.items() if value is not None}
    if given.balance == "parity":
        if "parallel" not in found:
            raise ValueError("--balance parity needs --parallel FILES, to see who is dearest")
        return found | {"columns": _columns(given)}
    if found:
        unused = next(name for name in PARITY if PARITY[name] in found).replace("_", "-")
        raise ValueError(f"--{unused} is of no use without --balance parity")
    return None


def _columns(given: argparse.Namespace) -> dict[str, str]:
    """Our name -> the input's column."""
    asked = {"text": given.text_column, "lang": given.lang_column}
    return {name: column for name, column in asked.items() if column}


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def _read_yaml(path: str, keys: str) -> Any:
    import yaml

    with open(path, encoding="utf-8") as stream:
        try:
            content = yaml.safe_load(stream)
        except yaml.YAMLError as error:
            raise ValueError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must be a mapping: {keys}")
    return content


def _train(given: argparse.Namespace, options: TokenizerOptions) -> TrainingReport:
    """Train with a progress line that renews itself on a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from formats.units import parse_bytes
    from tokenizer_train.documents import input_documents
    from tokenizer_train.engine import LocalEngine, usable_cpus
    from tokenizer_train.progress import STEPS
    from tokenizer_train.recipe_documents import recipe_documents
    from tokenizer_train.train import COUNTS_FOLDER, DEFAULT_MEMORY, train

    documents = list(input_documents(given.files, _columns(given))) if given.files else []
    if given.recipe is not None:
        documents += recipe_documents(given.recipe)
    display = Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(), console=Console(stderr=True), transient=True,
    )  # fmt: skip
    with display:
        lines: dict[str, Any] = {}

        def show(step: str, done: float) -> None:
            if step in STEPS and step not in lines:
                lines[step] = display.add_task(STEPS[step], total=1.0)
            if step in lines:
                display.update(lines[step], completed=done)

        folder = f"{given.out}/{COUNTS_FOLDER}"
        report = train(
            documents, given.out, options, seed=given.seed, counts=given.counts,
            engine=LocalEngine(f"{folder}/records", given.workers or usable_cpus(), show),
            memory_bytes=parse_bytes(given.memory) if given.memory else DEFAULT_MEMORY,
            on_error="quarantine" if given.skip_bad_input else "fail",
        )  # fmt: skip
    if report.unreadable:
        counts = ", ".join(f"{number} {error}" for error, number in report.unreadable.items())
        print(f"records not read: {counts}", file=sys.stderr)
    return report


def _show(report: TrainingReport) -> None:
    """A table of the languages, what was reached, and what to know."""
    from rich.console import Console
    from rich.table import Table

    from tokenizer_train.train import languages_of_report

    console = Console()
    table = Table("language", "text", "learned from", "share", "bytes per token")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in languages_of_report(report.training):
        table.add_row(*row)
    console.print(table)
    console.print(f"{report.folder}: {report.vocab_size:,} entries", highlight=False)
    for note in report.notes:
        console.print(f"note: {note}", style="yellow", highlight=False, markup=False)


def _message(error: Exception) -> str:
    """One line per mistake; pydantic's own messages name the setting."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    lines = []
    for mistake in error.errors():
        place = ".".join(str(part) for part in mistake["loc"])
        text = mistake["msg"].removeprefix("Value error, ")
        lines.append(f"{place}: {text}" if place and not text.startswith(place) else text)
    return "; ".join(lines)


if __name__ == "__main__":
    sys.exit(main())
