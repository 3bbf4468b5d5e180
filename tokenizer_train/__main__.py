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

BALANCES = "natural, equal or temperature:0.3 (any number from 0 to 1)"


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
        nargs="+",
        metavar="FILES",
        help="JSONL, Parquet, Arrow, CSV or text, also .gz and .zst; wildcards; or the "
        "documents folder of a run",
    )
    add("--out", required=True, metavar="DIR", help="folder for tokenizer.json and its companions")
    add("--vocab", type=int, metavar="N", help="entries of the vocabulary (default 100534)")
    add(
        "--sample-bytes", metavar="SIZE", help="text to learn from, as 200MB or 2GB (default 200MB)"
    )
    add("--balance", metavar="HOW", help=f"languages: {BALANCES} (default temperature:0.3)")
    add(
        "--pretokenizer",
        metavar="NAME",
        help="o200k (default), cl100k, llama3, qwen2, gpt2, or a regular expression. Other "
        "expressions, and other --digits, encode at the speed of tokenizers: gigatoken, ten times "
        "as fast, knows the named patterns only",
    )
    add("--digits", choices=["single", "triple", "free"], help="digits in one token at most")
    add(
        "--special",
        metavar="YAML",
        help="file with special tokens: eos, pad, bos, extra (a list); default eos "
        "<|endoftext|>, pad <|pad|>",
    )
    add("--max-token-length", type=int, metavar="BYTES", help="longest token (default: no limit)")
    add("--min-frequency", type=int, metavar="N", help="least count of a pair (default 2)")
    add("--fail-when-short", action="store_true", help="fail if the vocabulary cannot be reached")
    add("--seed", type=int, default=0, help="chooses the sample (default 0)")
    add("--text-column", metavar="NAME", help="input column with the text")
    add("--lang-column", metavar="NAME", help="input column with the language")
    add(
        "--skip-bad-input",
        action="store_true",
        help="go on where a record cannot be read, and count it; otherwise stop there",
    )
    return parser


def parse_balance(how: str) -> float:
    """The temperature of ``--balance``: ``"equal"`` 0, ``"natural"`` 1, ``"temperature:0.3"`` 0.3.

    Raises:
        ValueError: it is none of these.
    """
    named = {"natural": 1.0, "equal": 0.0}
    kind, _, number = how.partition(":")
    try:
        value = named[how] if how in named else float(number)
    except ValueError:
        value = -1.0
    if not (how in named or kind == "temperature") or not 0 <= value <= 1:
        raise ValueError(f"--balance: {how!r} is not {BALANCES}")
    return value


def _options(given: argparse.Namespace) -> TokenizerOptions:
    """The settings; what was not given keeps its default, which lives in the model alone."""
    from tokenizer_train.settings import TokenizerOptions

    values: dict[str, Any] = {
        "vocab": given.vocab,
        "sample_bytes": given.sample_bytes,
        "language_temperature": None if given.balance is None else parse_balance(given.balance),
        "pretokenizer": given.pretokenizer,
        "digits": given.digits,
        "special": None if given.special is None else _read_yaml(given.special),
        "max_token_length": given.max_token_length,
        "min_frequency": given.min_frequency,
        "when_short": "fail" if given.fail_when_short else None,
    }
    return TokenizerOptions(**{name: value for name, value in values.items() if value is not None})


def _read_yaml(path: str) -> Any:
    import yaml

    with open(path, encoding="utf-8") as stream:
        try:
            content = yaml.safe_load(stream)
        except yaml.YAMLError as error:
            raise ValueError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} must be a mapping with the keys eos, pad, bos, extra")
    return content


def _train(given: argparse.Namespace, options: TokenizerOptions) -> TrainingReport:
    """Train with a progress line that renews itself on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from formats.quarantine import Quarantine
    from tokenizer_train.documents import input_documents
    from tokenizer_train.progress import STEPS
    from tokenizer_train.train import train

    asked = {"text": given.text_column, "lang": given.lang_column}
    quarantine = Quarantine(on_error="quarantine" if given.skip_bad_input else "fail")
    documents = input_documents(
        given.files, {name: column for name, column in asked.items() if column}, quarantine
    )
    with Progress(console=Console(stderr=True), transient=True) as display:
        lines: dict[str, Any] = {}

        def show(step: str, done: float) -> None:
            if step not in lines:
                lines[step] = display.add_task(STEPS[step], total=1.0)
            display.update(lines[step], completed=done)

        report = train(documents, given.out, options, seed=given.seed, progress=show)
    if quarantine.total:
        # Every part is read twice, and finds its bad records twice.
        counts = ", ".join(f"{n // 2} {error}" for error, n in quarantine.counts().items())
        print(f"records not read: {counts}", file=sys.stderr)
    return report


def _show(report: TrainingReport) -> None:
    """A table of the languages, what was reached, and what to know."""
    from rich.console import Console
    from rich.table import Table

    from formats.units import format_bytes

    console = Console()
    table = Table("language", "text", "learned from", "held out", "bytes per token")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, language in report.training["languages"].items():
        rate = language["bytes_per_token"]
        table.add_row(
            name,
            format_bytes(language["text_bytes"]),
            format_bytes(language["used_bytes"]),
            format_bytes(language["held_out_bytes"]),
            "-" if rate is None else f"{rate:.2f}",
        )
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
