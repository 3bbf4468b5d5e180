"""The training configurations of ``configs/train``: shapes as published, and they train."""

import math
from pathlib import Path

import pytest
import yaml

from trainer.config_file import load_config
from trainer.model.size import flops_per_token, parameters
from trainer.planning.plan import GPUS, Data, make_plan
from trainer.train import train

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = sorted((ROOT / "configs" / "train").glob("*.yaml"))
PUBLISHED = {
    # name: vocabulary, length, parameters in billions, GFLOP a token, recipe of the shards
    "xmodel_1b": (65_280, 4096, 1.324, 8.35, "xmodel_lm15"),
    "aquila_135m": (49_152, 2048, 0.135, 1.019, "aquila_135m"),
    "xverse_7b": (100_534, 8192, 7.300, 47.8, "xverse_7b"),
    "polylm_1b7": (256_000, 2048, 1.737, 11.0, "polylm"),
    "polylm_13b": (256_000, 2048, 13.905, 85.9, "polylm"),
    "lingowhale_8b": (96_000, 8192, 8.072, 53.3, "lingowhale_8b"),
    "bench_135m": (49_152, 2048, 0.135, 1.019, "mix_2T"),
    "bench_1b": (65_280, 4096, 1.324, 8.35, "mix_2T"),
}
GPUS_OF = {"xmodel_1b": 7, "aquila_135m": 8, "xverse_7b": 32, "polylm_1b7": 8, "polylm_13b": 128,
           "lingowhale_8b": 32, "bench_135m": 1, "bench_1b": 1}  # fmt: skip
"""As the files say to start them."""
SHRUNK = [
    "model.layers=2", "model.hidden_size=32", "model.feed_forward_size=48", "model.heads=4",
    "global_batch_rows=4", "micro_batch_rows=2", "max_steps=3", "device=cpu", "threads=1",
]  # fmt: skip


def named(name):
    return ROOT / "configs" / "train" / f"{name}.yaml"


def test_every_system_has_one():
    assert {path.stem for path in CONFIGS} == {*PUBLISHED, "sample"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_shapes_are_the_published_ones(name, monkeypatch):
    monkeypatch.delenv("RUNS", raising=False)
    vocabulary, length, billions, gigaflops, recipe = PUBLISHED[name]
    config = load_config(named(name))
    assert parameters(config.model, vocabulary) / 1e9 == pytest.approx(billions, abs=0.002)
    assert flops_per_token(config.model, vocabulary, length) / 1e9 == pytest.approx(
        gigaflops, rel=0.002
    )
    assert config.shards == f"runs/{recipe}/shards"


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_recipe_makes_shards_of_that_vocabulary_and_length(name):
    vocabulary, length, *_, recipe = PUBLISHED[name]
    if recipe == "mix_2T":
        return  # the benchmarks take any shards
    said = yaml.safe_load((ROOT / "configs" / f"{recipe}.yaml").read_text(encoding="utf-8"))
    assert said["run"]["out"] == f"${{RUNS:-runs}}/{recipe}"
    assert said["tokenizer"]["train"]["vocab"] == vocabulary
    assert said["mixture"]["sequence_length"] == length


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_fits_gpus_of_80_gb(name):
    vocabulary, length, *_ = PUBLISHED[name]
    data = Data.given(vocabulary, length, 10**12)
    plan = make_plan(load_config(named(name)), data, GPUS_OF[name])
    assert plan.fits(GPUS[1])


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_it_trains_when_shrunk(path, shards, tmp_path):
    said = load_config(path).model
    kv_heads = 4 if said.kv_heads == said.heads else 2
    config = load_config(
        path, [f"shards={shards}", f"out={tmp_path / 'out'}", f"model.kv_heads={kv_heads}", *SHRUNK]
    )
    outcome = train(config)
    assert outcome.step == 3
    assert math.isfinite(outcome.last_loss)
