"""What ``calibrate`` says when it is done: what was learned, and what it would remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.calibrate import FEWEST_SHOWN
from pipeline.terminal import console_of_output, print_table

if TYPE_CHECKING:
    from pipeline.calibrate import Calibrated

HIGH_LOSS = 0.05
NAME_CHARACTERS = 20


def show_calibration(found: Calibrated) -> None:
    """A row a language, then what to write in the recipe."""
    calibration = found.calibration
    console = console_of_output()
    by_score = any(own.min_lang_score is not None for own in calibration.languages.values())
    console.print(
        f"{calibration.documents:,} documents of {calibration.sources} kinds of text; cut at "
        f"{calibration.cut:.2f}"
    )
    rows = []
    for row in found.losses:
        known = calibration.languages.get(row["lang"])
        kind, share = row["most"]
        bound = row["min_lang_score"]
        rows.append(
            [
                row["lang"],
                f"{row['documents']:,}",
                str(row["kinds"]),
                f"{row['rules']:.1%}",
                row["rule"],
                f"{row['loosened']:.1%}",
                f"{row['unusual']:.1%}",
                f"{_short(kind)} {share:.1%}" if share else "",
                "" if bound is None else f"{row['unsure']:.1%} under {bound:.2f}",
                "own" if known is not None and known.tables else "of all",
            ]
        )
    columns = ["language", "documents", "kinds", "rules drop", "most of all",
               "with thresholds found", "unusual drops", "most of",
               "language unsure", "ranks"]  # fmt: skip
    title = "what would go of this text (unusual: each kind judged without itself)"
    if rows:
        print_table(console, title, columns, rows)
    else:
        console.print(
            f"no language has {FEWEST_SHOWN} documents: too few to say what would go of it"
        )
    if any(row["loosened"] > HIGH_LOSS for row in found.losses):
        console.print("languages that lose more than 5 %: read what goes before you drop it")
    if by_score:
        console.print(f"  - langid: {{thresholds: {found.path}}}")
    console.print(f"  - quality: {{thresholds: {found.path}}}")
    console.print(f"  - unusual: {{reference: {found.path}}}    behind it, in a recipe's stages")


def _short(kind: str) -> str:
    """The end of a kind's name, without extensions."""
    name = kind.rpartition("/")[2].partition(".")[0]
    return name if len(name) <= NAME_CHARACTERS else name[: NAME_CHARACTERS - 1] + "…"
