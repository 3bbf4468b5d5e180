"""What is shown while a run trains."""

import logging

from trainer.seeing.progress import Progress, figures

METRICS = {"phase": "pretrain", "loss": 2.34567, "learning_rate": 1e-3, "gradient_norm": 0.5,
           "tokens_per_second": 12_345.6}  # fmt: skip


def test_the_figures_of_a_step():
    expected = "loss 2.346, learning rate 0.001, gradient norm 0.50, 12.3K tokens/s"
    assert figures(METRICS) == expected
    assert figures(METRICS | {"mfu": 0.412}) == expected + ", MFU 41.2%"


def test_a_line_every_few_steps(caplog):
    caplog.set_level(logging.INFO, logger="trainer")
    with Progress(steps=7, done=0, log_every=3, live=False) as progress:
        for step in range(1, 8):
            progress.step(METRICS | {"step": step})
    steps = [record.message.split(",")[0] for record in caplog.records]
    assert steps == ["step 1 of 7", "step 3 of 7", "step 6 of 7", "step 7 of 7"]


def test_a_bar_on_a_terminal(capsys):
    with Progress(steps=2, done=0, log_every=1, live=True) as progress:
        progress.note("a line that stays [not markup]")
        progress.step(METRICS | {"step": 2})
    said = capsys.readouterr().err
    assert "a line that stays [not markup]" in said
    assert "loss 2.346" in said
