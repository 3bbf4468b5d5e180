"""The translations of two languages on a terminal: counts, scores, and a sample side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from formats.units import format_bytes, format_count
from pipeline.pairs import sample_pairs, sample_sentences
from pipeline.terminal import console_of_output, print_side_by_side, print_table
from pipeline.translations import known_pair, language_pairs, languages_of, listed, share_in_words

if TYPE_CHECKING:
    from rich.console import Console

    from formats.run_folder import RunFolder

BAR = 24
"""Characters of the longest bar."""
BARS = 10
EXCERPT = 500
"""Characters of a document that are shown."""
MOST_DOCUMENTS = 3


def show_pairs(folder: RunFolder, name: str, count: int) -> None:
    """Print counts, scores, sentences kept and dropped, and some whole pairs of documents.

    Raises:
        UnknownPair: there are no such pairs; names those there are.
    """
    summary = folder.read_summary()
    name = known_pair(summary, name)
    pair = language_pairs(summary)[name]
    console = console_of_output()
    _show_counts(console, name, pair)
    _show_scores(console, pair)
    left, right = languages_of(name)
    columns = [("score", False), (left, True), (right, True)]
    samples = sample_sentences(folder, [name], count)[name]
    if samples.kept:
        rows = [[f"{row['score']:.2f}", row["left_text"], row["right_text"]]
                for row in samples.kept]  # fmt: skip
        print_side_by_side(console, f"sentences kept, {len(rows)} by chance", columns, rows)
    if samples.dropped:
        rows = [[f"{row['score']:.2f}", row["left_text"], row["right_text"], row["drop_reason"]]
                for row in samples.dropped]  # fmt: skip
        print_side_by_side(console, f"sentences dropped, {len(rows)} by chance",
                           [*columns, ("why", False)], rows)  # fmt: skip
    _show_documents(folder, console, name, min(count, MOST_DOCUMENTS))


def _show_counts(console: Console, name: str, pair: dict[str, Any]) -> None:
    rows = [
        [what, f"{counts['found']:,}", f"{counts['kept']:,}", listed(counts["dropped"])]
        for what, counts in (("documents", pair), ("sentences", pair["sentences"]))
    ]
    print_table(console, f"{name}: pairs", ["of", "found", "kept", "dropped"], rows)
    made = [f"{pair['documents']:,} parallel documents", format_bytes(pair.get("text_bytes", 0))]
    if "tokens" in pair:
        made.append(f"{format_count(pair['tokens'])} tokens")
    made += [f"{share_in_words(share)} of {phase}"
             for phase, share in pair.get("phases", {}).items()]  # fmt: skip
    console.print(f"found by: {listed(pair['methods']) or 'nothing'}", markup=False)
    console.print(f"written: {', '.join(made)}", markup=False)
    forms = {form: counts["documents"] for form, counts in pair.get("forms", {}).items()}
    if forms:
        console.print(f"forms: {listed(forms)}", markup=False)


def _show_scores(console: Console, pair: dict[str, Any]) -> None:
    """Histograms of documents and of sentences, with what each is kept from."""
    columns, counts = ["score"], []
    for what, scores in (("documents", pair["scores"]), ("sentences", pair["sentences"]["scores"])):
        if sum(scores):
            least = pair["least"][what]
            columns += [what, "" if least is None else f"least {least:g}"]
            step = len(scores) // BARS
            counts.append([sum(scores[at : at + step]) for at in range(0, len(scores), step)])
    rows = []
    for at in range(BARS if counts else 0):
        row = [f"{at / BARS:.1f}"]
        for bins in counts:
            drawn = "█" * -(-bins[at] * BAR // max(bins))
            row += [f"{bins[at]:,}", drawn]
        rows.append(row)
    if rows:
        title = "scores of all that were found, from 0 to 1"
        print_table(console, title, columns, rows, left=(0, 2, 4))


def _show_documents(folder: RunFolder, console: Console, name: str, count: int) -> None:
    """The beginnings of both texts of some pairs."""
    columns = [(language, True) for language in languages_of(name)]
    for pair in sample_pairs(folder, [name], count)[name]:
        row = pair.row
        title = f"documents, score {row['score']:.2f}: {row['reason']}"
        texts = []
        for side, found in (("left", pair.left), ("right", pair.right)):
            about = row[f"{side}_id"]
            if found is None:
                texts.append(f"{about}\n(its text was thrown away)")
            else:
                texts.append(f"{about}\n{found['origin']}\n\n{_beginning(found['text'])}")
        print_side_by_side(console, title, columns, [texts])


def _beginning(text: str) -> str:
    lines = [line for line in text[:EXCERPT].split("\n") if line.strip()]
    return "\n".join(lines) + ("…" if len(text) > EXCERPT else "")
