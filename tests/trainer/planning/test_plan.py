"""What a run takes, predicted from its configuration."""

import pytest

from trainer.cli import main
from trainer.config_file import load_config
from trainer.errors import ConfigError
from trainer.model.size import matrix_parameters
from trainer.planning.memory import GIB
from trainer.planning.plan import GPUS, Data, describe_plan, make_plan, remedies

H100, H200 = GPUS[1], GPUS[2]
SEVEN = Data.given(vocab_size=100_534, length=8192, tokens=10**12)

SEVEN_B = [
    "model={layers: 32, hidden_size: 4096, heads: 32, kv_heads: 32, feed_forward_size: 11008,"
    " tie_embeddings: false}", "global_batch_rows=64", "micro_batch_rows=2",
]  # fmt: skip


@pytest.fixture
def seven(config_path):
    """A Llama of 7 B parameters; 64 rows a step."""
    return load_config(config_path, SEVEN_B)


@pytest.fixture
def with_settings(config_path):
    """The same with further settings."""
    return lambda settings: load_config(config_path, [*SEVEN_B, *settings])


def test_the_least_that_is_computed_again_is_advised(seven):
    plan = make_plan(seven, SEVEN, world=8)
    third_less = plan.recomputed["pointwise"].peak
    changes = " ".join(remedies(seven, SEVEN, 8, room=third_less))
    assert "speed.recompute=1 speed.recompute_of=pointwise" in changes
    changes = " ".join(remedies(seven, SEVEN, 8, room=plan.recomputed["block"].peak))
    assert "speed.recompute_of=block" in changes


def test_counts_and_time(config_path):
    plan = make_plan(load_config(config_path), Data(64, 16, (70, 26)))
    assert (plan.steps, plan.tokens, plan.tokens_per_step) == (24, 96 * 16, 64)
    assert plan.passes == 2  # 4 rows a step, 2 at a time
    model = plan.config.model
    attention = 6 * model.layers * model.hidden_size * 16
    assert plan.flops_per_token == 6 * matrix_parameters(model, 64) + attention
    assert plan.seconds(H100, 0.5) == pytest.approx(96 * 16 * plan.flops_per_token / (0.5 * 989e12))


def test_states_of_a_model_are_16_bytes_for_each_parameter(seven):
    plan = make_plan(seven, SEVEN)
    memory = plan.memory
    assert memory.weights + memory.gradients + memory.optimizer == 16 * plan.parameters
    assert memory.weights == 4 * plan.parameters
    shared = make_plan(seven, SEVEN, world=64).memory
    assert shared.weights == 4 * plan.parameters // 64


def test_gradients_stay_whole_between_the_passes_of_several_gpus(seven):
    of_one_pass = seven.model_copy(update={"micro_batch_rows": 8})
    whole = 4 * make_plan(seven, SEVEN).parameters
    assert make_plan(of_one_pass, SEVEN, world=8).memory.gradients == whole // 8
    assert make_plan(seven, SEVEN, world=8).memory.gradients == whole // 8 + whole


def test_recomputed_blocks_keep_their_input_alone(seven):
    plan = make_plan(seven, SEVEN)
    whole = plan.recomputed["block"]
    assert whole.activations < plan.memory.activations / 8
    of_a_block = plan.memory.activations / 32
    assert whole.block == pytest.approx(of_a_block, rel=0.05)


def test_norms_and_activations_computed_again_save_a_third(seven):
    plan = make_plan(seven, SEVEN)
    pointwise = plan.recomputed["pointwise"]
    assert 0.6 < pointwise.activations / plan.memory.activations < 0.67
    assert pointwise.block < plan.memory.block + plan.memory.activations / 32 / 2


def test_gradients_added_up_each_pass_are_never_whole(seven):
    each = seven.model_copy(
        update={"speed": seven.speed.model_copy(update={"reduce_each_pass": True})}
    )
    memory = make_plan(each, SEVEN, world=8).memory
    assert memory.gradients == 4 * make_plan(seven, SEVEN).parameters // 8
    assert memory.peak < make_plan(seven, SEVEN, world=8).memory.peak - 25 * GIB
    assert "speed.reduce_each_pass=true" in remedies(
        seven, SEVEN, 8, room=memory.peak + GIB
    )  # fmt: skip


def test_muon_keeps_one_number_where_adamw_keeps_two(seven):
    muon = seven.model_copy(
        update={"optimizer": seven.optimizer.model_copy(update={"kind": "muon"})}
    )
    adamw, less = make_plan(seven, SEVEN).memory, make_plan(muon, SEVEN).memory
    around = 2 * 100_534 * 4096  # embedding and head stay with AdamW
    norms = (2 * 32 + 1) * 4096
    matrices = make_plan(seven, SEVEN).parameters - around - norms
    assert adamw.optimizer - less.optimizer == 4 * matrices


def test_what_to_change_where_it_does_not_fit(seven, with_settings):
    assert not make_plan(seven, SEVEN, world=8).fits(H100)
    changes = remedies(seven, SEVEN, 8, H100.memory)
    assert changes
    for change in changes:
        if "GPUs" not in change:
            settings = [setting for setting in change.split() if "=" in setting]
            assert make_plan(with_settings(settings), SEVEN, world=8).fits(H100), change
    assert remedies(seven, SEVEN, 1, room=8 * GIB) == []


def test_it_is_told_part_by_part(seven):
    said = "\n".join(describe_plan(make_plan(seven, SEVEN, world=8), mfu=0.45))
    for part in ("7,299,846,144", "6 * matrix parameters", "weights", "optimizer", "activations",
                 "logits", "recompute=1", "H200 141 GB", "at 45% MFU", "not fit"):  # fmt: skip
        assert part in said


def test_steps_that_cannot_be_shared(seven):
    with pytest.raises(ConfigError, match="64 rows cannot be shared by 7 processes; 63 or 70"):
        make_plan(seven, SEVEN, world=7)


def test_the_command_reads_shards_or_is_told_of_them(config_path, capsys):
    assert main(["plan", str(config_path)]) == 0
    assert "steps           24 of 64 tokens, 1.54K in all" in capsys.readouterr().out
    given = ["--vocab", "65280", "--length", "4096", "--tokens", "2T"]
    assert main(["plan", str(config_path), "shards=none", *given, "--gpus", "4"]) == 0
    assert "4 rows on 4 GPUs, 1 pass of 1 row" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shards=none"], "no none/manifest.json"),
        (["--tokens", "2T"], "--vocab, --length: missing"),
        (["--tokens", "many"], "--tokens: 'many' is not a count such as 4096, 100M"),
        (["--gpus", "0"], "--gpus: 0 was given; 1 or more"),
        (["--mfu", "40"], "--mfu: 40.0 was given; more than 0 and at most 1"),
    ],
)
def test_mistakes(arguments, message, config_path, capsys):
    assert main(["plan", str(config_path), *arguments]) == 2
    assert message in capsys.readouterr().err
