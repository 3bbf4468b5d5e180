"""The picture of a run: what it is drawn from."""

import numpy as np
import pytest

from trainer.errors import OutputError
from trainer.output import OutputFolder, as_line
from trainer.seeing.curve import draw_curve, phase_borders, smoothed


def step(number, phase):
    return {"step": number, "phase": phase, "loss": 5 / number, "learning_rate": 1e-3,
            "tokens": 100 * number}  # fmt: skip


def test_smoothing_is_a_mean_of_neighbours():
    np.testing.assert_allclose(smoothed(np.array([1.0, 2, 6, 1])), [1.5, 3, 3, 3.5])
    np.testing.assert_allclose(smoothed(np.full(1000, 2.5)), 2.5)
    np.testing.assert_allclose(smoothed(np.array([4.0])), [4])


def test_phases_begin_where_their_name_first_stands():
    metrics = [step(1, "a"), step(2, "a"), step(3, "b")]
    assert phase_borders(metrics) == [(1, "a"), (3, "b")]


@pytest.mark.parametrize("steps", [1, 50])
def test_a_picture(tmp_path, steps):
    folder = OutputFolder(tmp_path)
    metrics = [step(number, "a" if number < 30 else "b") for number in range(1, steps + 1)]
    folder.metrics_path.write_text("".join(map(as_line, metrics)))
    folder.write_run({"unigram_entropy": 4.0, "parameters": 1_000_000})
    draw_curve(folder)
    assert folder.curve_path.read_bytes().startswith(b"\x89PNG")


def test_nothing_to_draw(tmp_path):
    with pytest.raises(OutputError, match="no steps to draw"):
        draw_curve(OutputFolder(tmp_path))
