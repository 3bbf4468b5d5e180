"""What ``train-quality`` says when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.terminal import console_of_output, print_table

if TYPE_CHECKING:
    from pipeline.quality_training.settings import TrainQuality
    from pipeline.quality_training.train import Trained


def show_training(settings: TrainQuality, trained: list[Trained]) -> None:
    """The measures of each classifier, and what to open and to write next."""
    console = console_of_output()
    for one in trained:
        found = one.measures
        seen = "sources" if found["by_source"] else "documents (one source a label)"
        console.print(
            f"{one.name}: {found['positives']:,} good, {found['negatives']:,} bad examples of "
            f"{found['sources']} sources; AUC on unseen {seen} {found['auc']:.3f}"
        )
        rows = [
            [f"≥ {row['threshold']:g}"]
            + [f"{row[key]:.1%}" for key in ("positives_kept", "negatives_kept", "precision")]
            for row in found["kept"]
        ]
        print_table(console, f"kept by {one.name}", ["score", "good", "bad", "precision"], rows)
    out = settings.out.rstrip("/")
    console.print(f"  open {out}/report.html")
    console.print(f"  - quality_model: {{model: {out}}}    in the stages of a recipe")
