"""``report.html``: the evaluation as one self-contained page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from formats.units import format_bytes, format_count
from pipeline.report_html import escape, figures, fold, page, section, table
from tokenizer_evaluate.drawings import dot_plot, rank_plot, stacked_bars
from tokenizer_evaluate.page_cuts import cut, cuts_section

LANGUAGES_SHOWN = 45
SCRIPTS_SHOWN = 14

Report = Mapping[str, Any]


def report_page(report: Report) -> str:
    """The page of a report (see ``evaluate.evaluate``)."""
    names = [one["name"] for one in report["tokenizers"]]
    style = files("tokenizer_evaluate").joinpath("report.css").read_text(encoding="utf-8")
    sections = [
        _head(report),
        _compression(report, names),
        _premium(report, names),
        _scripts(report, names),
        _tokens(report, names),
        _use(report),
        cuts_section(report),
        _lost(report, names),
        _speed(report, names),
        _method(report),
    ]
    return page(f"Tokenizers: {', '.join(names)}", [part for part in sections if part], style)


def main_figures(report: Report) -> tuple[list[str], list[list[str]]]:
    """The table that says most: its columns, and a row for each tokenizer."""
    columns = ["tokenizer", "entries", "bytes / token", "mean of languages", "tokens / word",
               "Rényi", "lost", "MB/s"]  # fmt: skip
    pairs = report["parallel"]
    if pairs:
        columns[4:4] = [f"worst premium over {pairs['pivot']}", "Gini"]
    rows = []
    for one in report["tokenizers"]:
        overall, lost = one["overall"], one["round_trip"]
        row = [
            one["name"],
            f"{one['vocabulary']['vocab_size']:,}",
            number(overall["bytes_per_token"]),
            number(overall["mean_bytes_per_token"]),
            number(overall["fertility"]),
            number(overall["renyi_efficiency"], 3),
            f"{lost['documents_lost'] + lost['code_point_texts_lost']:,}",
            number(overall["megabytes_per_second"], 1),
        ]
        if pairs:
            worst = one["parallel"]["worst"]
            shown = "-" if worst is None else f"{worst['premium']:.2f} ({worst['language']})"
            row[4:4] = [shown, number(one["parallel"]["gini"], 3)]
        rows.append(row)
    return columns, rows


def number(value: float | None, digits: int = 2) -> str:
    """A number for a table, a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def shown_languages(report: Report) -> list[str]:
    """Languages with enough text for a plot, the largest first."""
    least = report["constants"]["least_text_bytes"]
    languages = report["data"]["languages"]
    return [name for name, size in languages.items() if size["text_bytes"] >= least]


def _head(report: Report) -> str:
    whole = report["data"]["total"]
    cells = [
        ("tokenizers", str(len(report["tokenizers"]))),
        ("documents", format_count(whole["documents"])),
        ("text", format_bytes(whole["text_bytes"])),
        ("languages", str(len(report["data"]["languages"]))),
    ]
    if report["parallel"]:
        pairs = sum(one["pairs"] for one in report["parallel"]["languages"].values())
        cells.append(("pairs of translations", format_count(pairs)))
    lead = (
        "Bytes per token: the more, the fewer tokens a text takes; the mean of languages counts "
        "each language alike. Rényi: how evenly the vocabulary is used (0 to 1). Lost: documents "
        "and samples of Unicode that do not come back from their tokens."
    )
    if report["parallel"]:
        lead += (
            f" Premium: tokens for the same content, {report['parallel']['pivot']} = 1. "
            "Gini: how unequal that is over languages (0: all alike)."
        )
    title = "<h1>Tokenizers side by side</h1>"
    columns, rows = main_figures(report)
    return f'{title}<p class="lead">{escape(lead)}</p>{figures(cells)}{table(columns, rows)}'


def _compression(report: Report, names: Sequence[str]) -> str:
    shown = shown_languages(report)
    ours = report["tokenizers"][0]["languages"]
    order = sorted(shown[:LANGUAGES_SHOWN], key=lambda name: -ours[name]["bytes_per_token"])
    plot = dot_plot(_rows(report, order, "bytes_per_token"), names, "bytes per token")
    tables = [
        fold(title, _language_table(report, names, key, digits))
        for title, key, digits in (
            ("bytes per token, all languages", "bytes_per_token", 2),
            ("tokens per word (fertility)", "fertility", 2),
            ("characters per token", "characters_per_token", 2),
            ("Rényi efficiency", "renyi_efficiency", 3),
        )
    ]
    return section(
        "What each language costs",
        plot,
        *tables,
        lead="Bytes of text per token, to the right is cheaper. Compare dots within a language: "
        "scripts of three bytes a character (Thai, Hindi, Japanese) have more bytes to begin with.",
    )


def _rows(
    report: Report, languages: Sequence[str], key: str
) -> list[tuple[str, list[float | None]]]:
    return [
        (name, [one["languages"][name][key] for one in report["tokenizers"]]) for name in languages
    ]


def _language_table(report: Report, names: Sequence[str], key: str, digits: int) -> str:
    sizes = report["data"]["languages"]
    rows = [
        [name, format_bytes(sizes[name]["text_bytes"]), *(number(v, digits) for v in values)]
        for name, values in _rows(report, list(sizes), key)
    ]
    return table(["language", "text", *names], rows)


def _premium(report: Report, names: Sequence[str]) -> str:
    pairs = report["parallel"]
    if not pairs:
        return ""
    premiums = [one["parallel"]["premium"] for one in report["tokenizers"]]
    order = sorted(pairs["languages"], key=lambda name: -(premiums[0][name] or 0))
    least = report["constants"]["least_text_bytes"]
    plot = dot_plot(
        [
            (name, [premium[name] for premium in premiums])
            for name in order
            if pairs["languages"][name]["text_bytes"] >= least
        ],
        names,
        f"tokens for the same content, {pairs['pivot']} = 1",
        reference=1.0,
    )
    rows = [
        [name, f"{one['pairs']:,}", format_bytes(one["text_bytes"]), pairs["copied"].get(name, 0),
         number(one["bytes_premium"]), *(number(premium[name]) for premium in premiums)]
        for name in order
        for one in [pairs["languages"][name]]
    ]  # fmt: skip
    columns = ["language", "pairs", "text", "copies left out", "bytes", *names]
    return section(
        f"Premium over {pairs['pivot']}",
        plot,
        fold("all languages", table(columns, rows)),
        lead="How many tokens a translation takes for each token of the original. Further right is "
        "dearer: more to compute, and less of a text in a model's window. Code and names that "
        "translations share draw it towards 1. Pairs whose long lines are mostly the same were "
        "left out as untranslated.",
    )


def _scripts(report: Report, names: Sequence[str]) -> str:
    counts = [one["vocabulary"]["by_script"] for one in report["tokenizers"]]
    together: dict[str, int] = {}
    for own in counts:
        for kind, n in own.items():
            together[kind] = together.get(kind, 0) + n
    order = sorted(together, key=lambda kind: -together[kind])
    top, rest = order[:SCRIPTS_SHOWN], order[SCRIPTS_SHOWN:]
    bars = [
        (
            name,
            [float(own.get(kind, 0)) for kind in top] + [float(sum(own.get(k, 0) for k in rest))],
        )
        for name, own in zip(names, counts, strict=True)
    ]
    rows = [[kind, *(f"{own.get(kind, 0):,}" for own in counts)] for kind in order]
    return section(
        "What the vocabulary is spent on",
        stacked_bars(bars, [*top, "all others"], "tokens"),
        fold("all scripts", table(["tokens of", *names], rows)),
        lead="Tokens by the script of their first letter.",
    )


TOKEN_ROWS: tuple[tuple[str, Callable[[Report], object]], ...] = (
    ("entries", lambda v: f"{v['vocab_size']:,}"),
    ("special tokens", lambda v: f"{v['special']:,}"),
    ("ids without a token", lambda v: f"{v['without_text']:,}"),
    ("never used in this text", lambda v: _of_all(v, "never_used")),
    ("rarely used in this text", lambda v: _of_all(v, "rarely_used")),
    ("do not come from their own text", lambda v: f"{v['unreachable']:,}"),
    ("… and never used in this text", lambda v: f"{v['unreachable_and_never_used']:,}"),
    ("bytes alone that are no character", lambda v: f"{v['single_byte_parts']:,}"),
    ("several bytes of one character", lambda v: f"{v['parts_of_one_character']:,}"),
    ("a broken character joined to others", lambda v: f"{v['parts_joined_to_others']:,}"),
    ("several words, with a break between them", lambda v: f"{v['several_words']:,}"),
    ("the same bytes as another token", lambda v: f"{v['equal_bytes']:,}"),
    ("digits with letters", lambda v: f"{v['digits_with_letters']:,}"),
    ("most digits in a token", lambda v: v["longest_digits"]),
)


def _of_all(vocabulary: Report, key: str) -> str:
    count, ordinary = vocabulary[key], vocabulary["ordinary"]
    return f"{count:,} ({count / max(ordinary, 1):.0%})"


def _tokens(report: Report, names: Sequence[str]) -> str:
    all_of = [one["vocabulary"] for one in report["tokenizers"]]
    rows = [[title, *(value(v) for v in all_of)] for title, value in TOKEN_ROWS]
    folds = []
    for name, own in zip(names, all_of, strict=True):
        longest = [[_visible(e["text"]), e["bytes"], f"{e['uses']:,}"] for e in own["longest"]]
        parts = [table(["longest tokens", "bytes", "uses in this text"], longest)]
        for title, key in (("several words, the most used", "several_words_examples"),
                           ("not from their own text", "unreachable_examples")):  # fmt: skip
            if own[key]:
                parts.append(
                    f"<p>{escape(title)}</p>{cut([repr(text)[1:-1] for text in own[key]])}"
                )
        folds.append(fold(f"{name}: longest and odd tokens", *parts))
    rare = report["constants"]["rare_uses"]
    return section(
        "Tokens that serve badly",
        table(["tokens", *names], rows),
        *folds,
        lead=f"Never and rarely used (fewer than {rare} times) depend on the text at hand: a "
        "vocabulary for a hundred languages is not used up by thirty. A token that holds a broken "
        "character and part of its neighbour is one that models hardly learn.",
    )


def _visible(token: str) -> str:
    """A token on one line, its spaces as dots."""
    return repr(token)[1:-1].replace(" ", "·")


def _use(report: Report) -> str:
    curves = [(one["name"], one["frequency_curve"]) for one in report["tokenizers"]]
    return section(
        "How tokens are used",
        rank_plot(curves, "tokens by falling use", "uses in this text"),
        lead="Where a curve ends, the rest of the vocabulary was not used. A flatter curve wastes "
        "less of it.",
    )


def _lost(report: Report, names: Sequence[str]) -> str:
    rows = [
        [one["name"], f"{lost['documents_lost']:,} of {lost['documents']:,}",
         f"{lost['code_point_texts_lost']:,} of {lost['code_point_texts']:,}",
         ", ".join(f"{lang} {own['documents_lost']:,}" for lang, own in one["languages"].items()
                   if own["documents_lost"]) or "-"]
        for one in report["tokenizers"] for lost in [one["round_trip"]]
    ]  # fmt: skip
    return section(
        "What does not come back",
        table(["tokenizer", "documents", "texts of 16 code points", "languages"], rows),
        lead="Every document is encoded, decoded and compared byte for byte, and so is every code "
        "point of Unicode. A normalizer (NFC, say) changes text before it is encoded.",
    )


def _speed(report: Report, names: Sequence[str]) -> str:
    rows = [
        [one["name"], one["encoder"], number(one["overall"]["megabytes_per_second"], 1),
         one["encoder_reason"] or "-"]
        for one in report["tokenizers"]
    ]  # fmt: skip
    columns = ["tokenizer", "encoder", "MB/s", "why not our own"]
    return section(
        "Encoding speed",
        table(columns, rows),
        fold("by language", _language_table(report, names, "megabytes_per_second", 1)),
        lead="Megabytes of text per second of this process's time, one pass over the text, with "
        "the fastest encoder that gives the ids of the library tokenizers. It is the encoder's "
        "speed on this vocabulary, not that of the package a tokenizer comes from. Cuts that have "
        "no name here (tekken's) are made by that library, and slow our own encoder to its pace.",
    )


def _method(report: Report) -> str:
    data = report["data"]
    held_out = (
        "all documents of the files"
        if data["held_out_seed"] is None
        else f"only documents held out of training with seed {data['held_out_seed']}"
    )
    rows: list[list[object]] = [["judged on", held_out]]
    rows += [[one["name"], one["origin"]] for one in report["tokenizers"]]
    if data["unreadable"]:
        rows.append(
            ["records not read", ", ".join(f"{n} {k}" for k, n in data["unreadable"].items())]
        )
    notes = (
        "Words are counted as the stage quality counts them: runs of letters, marks and digits; in "
        "scripts without spaces between words (Thai, Chinese, Japanese, Khmer, Lao, Burmese) their "
        "number is estimated from characters. Languages are those that documents declare, and some "
        "declare wrongly. Languages with less than "
        f"{format_bytes(report['constants']['least_text_bytes'])} of text are in the tables and in "
        f"no plot, mean or worst case. Rényi entropy of order {report['constants']['renyi_alpha']} "
        "over the logarithm of the vocabulary's size. Special tokens written out in text are text."
    )
    return section(
        "How this was measured",
        table(["what", "where from"], rows),
        fold("files", table(["file"], [[path] for path in data["files"]])),
        lead=notes,
    )
