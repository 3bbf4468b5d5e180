"""The predicted time of a token: parts that follow the arithmetic and the memory they stand for."""

import pytest

from trainer.config import TrainConfig
from trainer.model.size import flops_per_token
from trainer.planning.plan import GPUS, Data, describe_plan, make_plan
from trainer.planning.roofline import Chip, predict_seconds

H100 = Chip(989e12, 3.35e12)
SEVEN = {"layers": 32, "hidden_size": 4096, "heads": 32, "kv_heads": 32,
         "feed_forward_size": 11008, "tie_embeddings": False}  # fmt: skip
SMALL = {"layers": 30, "hidden_size": 576, "heads": 9, "kv_heads": 3, "feed_forward_size": 1536}


def config(model=SEVEN, **changes):
    speed = changes.pop("speed", {})
    return TrainConfig.model_validate(
        {"shards": "a", "out": "b", "model": model, "global_batch_rows": 64,
         "micro_batch_rows": 4, "speed": speed, **changes}
    )  # fmt: skip


def seconds(length=4096, chip=H100, **changes):
    return predict_seconds(config(**changes), 100_534, length, chip)


def mfu(length=4096, model=SEVEN, **changes):
    flops = flops_per_token(config(model).model, 100_534, length)
    return flops / (H100.flops * seconds(length, model=model, **changes).total)


def test_wide_models_use_more_of_a_gpu_than_narrow_ones():
    """Published on H100 in this convention: 37.5 % at 124M (rows of 1,024), 35 to 45 % at 7B."""
    assert 0.25 < mfu(model=SMALL) < 0.45 < mfu(model=SEVEN) < 0.65


def test_longer_rows_take_more_attention_alone():
    short, long = seconds(4096), seconds(8192)
    assert long.attention == pytest.approx(2 * short.attention)
    assert long.products == pytest.approx(short.products, rel=0.01)


def test_memory_bounds_what_moves_and_arithmetic_what_is_multiplied():
    faster = seconds(chip=Chip(989e12, 2 * 3.35e12))
    assert faster.pointwise == pytest.approx(seconds().pointwise / 2)
    assert faster.products == seconds().products
    narrow = {"layers": 2, "hidden_size": 64, "heads": 4, "kv_heads": 4, "feed_forward_size": 96}
    slow = seconds(model=narrow).products
    assert seconds(model=narrow, chip=Chip(989e12, 2 * 3.35e12)).products < 0.6 * slow


def test_computing_again_costs_what_is_computed():
    plain, every = seconds(), {"recompute": 1.0}
    block = seconds(speed=every | {"recompute_of": "block"})
    pointwise = seconds(speed=every | {"recompute_of": "pointwise"})
    assert plain.again == 0
    assert block.again > plain.products / 3
    assert pointwise.again / plain.total < 0.03


def test_fp8_is_for_the_products_of_blocks():
    half, eight = seconds(), seconds(precision="fp8")
    assert eight.products < 0.8 * half.products
    assert eight.loss == half.loss
    assert 1.15 < half.total / eight.total < 1.3, "nanochat has 1.17 and torchtitan 1.28"


def test_the_plan_tells_it():
    plan = make_plan(config(), Data.given(100_534, 4096, 10**9))
    for gpu in GPUS[1:]:
        line = next(line for line in describe_plan(plan) if line.startswith(gpu.name))
        assert f"roofline {plan.predicted_mfu(gpu):.0%} with a document a row" in line
