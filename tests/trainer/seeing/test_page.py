"""The page of a run: what stands in it comes from the run's figures, and from nowhere else."""

import re

import numpy as np
import pytest

from trainer.output import OutputFolder, as_line
from trainer.seeing.page import component_names, component_series, consumed, write_page


def step(number, rows):
    parts = {name: {"loss": 5 / number, "bits_per_byte": 2 / number, "targets": 9, "rows": count}
             for name, count in rows.items() if count}  # fmt: skip
    return {"step": number, "phase": "a" if number < 4 else "b", "loss": 5 / number,
            "bits_per_byte": 2 / number, "tokens": 100 * number, "skipped": 0,
            "components": parts}  # fmt: skip


METRICS = [step(1, {"en": 3, "th": 1}), step(2, {"en": 4}), step(3, {"en": 2, "th": 2}),
           step(4, {"en": 1, "<b>": 3})]  # fmt: skip


def test_the_mixture_is_of_the_rows_that_were_read():
    names = component_names(METRICS)
    assert names == ["en", "<b>", "th"]
    assert consumed(METRICS, names).tolist() == [[3, 4, 2, 1], [0, 0, 0, 3], [1, 0, 2, 0]]
    many = [step(number, {"en": 1}) for number in range(1, 1001)]
    assert consumed(many, ["en"]).sum() == 1000
    assert consumed(many, ["en"]).shape[1] <= 120


def test_a_component_has_the_steps_that_read_it():
    steps, series = component_series(METRICS, "th")
    assert steps.tolist() == [1, 3]
    np.testing.assert_allclose(series["bits_per_byte"], [2, 2 / 3])


@pytest.mark.parametrize("held_out", [[], [METRICS[1], METRICS[3]]])
def test_a_page_needs_nothing_else(tmp_path, held_out):
    folder = OutputFolder(tmp_path)
    folder.write_run({"parameters": 1_500_000, "steps": 9, "device": "cpu", "flops_formula": "6N"})
    folder.metrics_path.write_text("".join(map(as_line, METRICS)))
    folder.held_out_path.write_text("".join(map(as_line, held_out)))
    speed = {"step": 1, "tokens_per_second": 12_300, "memory_bytes": 5e8, "mfu": 0.412}
    folder.speed_path.write_text(as_line(speed))
    write_page(folder)
    page = folder.page_path.read_text()
    assert "1.5M parameters · step 4 of 9 · 400 tokens · cpu · 12.3K tokens/s" in page
    assert "MFU 41.2% (6N)" in page
    assert page.count("<svg") == (3 if held_out else 2)
    assert "<td>&lt;b&gt;</td><td>3</td>" in page
    assert not re.search(r'(src|href)="(http|/)', page)
    assert ("Held-out rows" in page) == bool(held_out)
