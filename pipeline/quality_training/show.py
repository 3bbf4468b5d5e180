"""What ``train-quality`` says when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.quality_training.report import share
from pipeline.terminal import console_of_output, print_table

if TYPE_CHECKING:
    from pipeline.quality_training.results import Training
    from pipeline.quality_training.settings import TrainQuality


def show_training(settings: TrainQuality, result: Training) -> None:
    """The measures of each classifier, and what to open and to write next."""
    console = console_of_output()
    for one in result.classifiers:
        found = one.measures
        seen = "sources" if found["by_source"] else "documents (one source a label)"
        console.print(
            f"{one.name}: {found['positives']:,} good, {found['negatives']:,} bad examples of "
            f"{found['sources']} sources; AUC on unseen {seen} {found['auc']:.3f}"
        )
        rows = [
            [f"≥ {row['threshold']:g}"]
            + [share(row[key]) for key in ("positives_kept", "negatives_kept", "precision")]
            for row in found["kept"]
        ]
        print_table(console, f"kept by {one.name}", ["score", "good", "bad", "precision"], rows)
    for row in result.characters:
        bits = ", ".join(f"{value:.2f}" for value in row["held_out"][2:])
        unseen = f"; bits per character of unseen documents: {bits} (median, 90%, 99%)"
        console.print(f"characters of {row['lang']}: {row['characters']:,}{unseen if bits else ''}")
    out = settings.out.rstrip("/")
    console.print(f"  open {out}/report.html")
    if result.classifiers:
        console.print(f"  - quality_model: {{model: {out}}}    in the stages of a recipe")
    if result.characters:
        console.print(f"  - perplexity: {{folder: {out}/characters}}    likewise")
