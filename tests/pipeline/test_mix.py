"""Mixing a finished run anew: what is made, what stays, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from formats.loading.continuation import continuation
from formats.run_folder import NotARunFolder, RunFolder
from formats.shards import PADDING, TokenShards
from pipeline.cli import main
from pipeline.exit_codes import DONE, USAGE
from pipeline.mix import mix
from pipeline.plan import Plan
from pipeline.recipe_file import load_recipe
from pipeline.recipe_yaml import RecipeError
from stages.mixture.plan import Infeasible

from .small_runs import corpus_recipe, digests, kept_rows, run_inline, write_corpus

SECTIONS = """
stages: [langid]
tokenizer: {train: {vocab: 300, sample_bytes: 100KB}}
mixture:
  sequence_length: 64
  phases: [{name: pretrain, tokens: 2K, weights: {en: 0.5, fr: 0.5}}]
"""
ENGLISH = "On the {}th day the boat left the harbour at dawn and came back with the evening tide. "
FRENCH = "Le {}e jour le bateau quitta le port avant l'aube et revint avec la marée du soir. "


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A run of forty documents in two languages, in pairs. Not to be changed."""
    folder = tmp_path_factory.mktemp("mix")
    lines = [
        {"text": "".join(text.format(20 * n + i) for i in range(6)), "pair_key": f"day{n}"}
        for n in range(20)
        for text in (ENGLISH, FRENCH)
    ]
    write_corpus(folder / "corpus" / "a.jsonl", lines)
    run_inline(corpus_recipe(folder, SECTIONS))
    return folder / "run"


@pytest.fixture
def run(finished, tmp_path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def again(run: Path, *overrides: str, **options):
    return mix(str(run), list(overrides), engine="inline", live=False, **options)


def shares(run: Path, shards: str = "shards") -> dict[str, float]:
    phase = TokenShards(f"{run}/{shards}").manifest.phases[0]
    return {c.name: c.rows / phase.rows for c in phase.components}


def test_other_weights_need_no_text_and_no_packing(run) -> None:
    before = digests(run, "documents", "tokenizer", "tokens")
    shutil.rmtree(run / "documents")
    outcome = again(run, "mixture.phases.pretrain.weights={en: 0.75, fr: 0.25}")
    assert shares(run) == pytest.approx({"en": 0.75, "fr": 0.25}, abs=0.04)
    assert TokenShards(f"{run}/shards").verify() == []
    assert outcome.lines() == [
        "as they were: documents, tokenizer, tokens",
        "document counts: 0 made, 2 as they were",
        "packing plans: 0 made, 2 as they were",
        "schedules: 1 made, 0 as they were",
        "shard files: 1 made, 0 as they were",
    ]
    assert digests(run, "tokenizer", "tokens").items() <= before.items()


def test_the_run_tells_of_its_new_mixture(run) -> None:
    again(run, "mixture.phases.pretrain.tokens=1K")
    recipe = load_recipe(run / "recipe.yaml")
    assert recipe.mixture.phases[0].tokens == 1000
    plan = Plan(recipe.model_copy(update={"run": recipe.run.model_copy(update={"out": str(run)})}))
    assert plan.folder.read_summary()["mixture"]["phases"][0]["rows"] == 15


def test_running_the_changed_recipe_then_has_nothing_to_do(finished, run) -> None:
    shutil.copytree(finished, run, dirs_exist_ok=True)
    moved = (run / "recipe.yaml").read_text().replace(str(finished), str(run))
    (run / "recipe.yaml").write_text(moved)
    again(run, "mixture.phases.pretrain.tokens=1K")
    assert run_inline(load_recipe(run / "recipe.yaml")).did_nothing


def test_the_same_mixture_makes_nothing(run) -> None:
    before = digests(run, "shards")
    lines = again(run).lines()
    assert lines[1:] == [
        "document counts: 0 made, 2 as they were",
        "packing plans: 0 made, 2 as they were",
        "schedules: 0 made, 1 as they were",
        "shard files: 0 made, 1 as they were",
    ]
    assert digests(run, "shards") == before


def test_a_mixture_beside_leaves_the_run_alone(run, tmp_path) -> None:
    before = digests(run, "shards")
    file = tmp_path / "even.yaml"
    file.write_text("phases: [{name: even, tokens: 1K, weights: unimax}]\nsequence_length: 32\n")
    outcome = again(run, mixture_file=str(file), to="shards-even")
    assert outcome.shards_path == f"{run}/shards-even"
    assert TokenShards(outcome.shards_path).sequence_length == 32
    assert shares(run, "shards-even") == pytest.approx({"en": 0.5, "fr": 0.5}, abs=0.04)
    assert digests(run, "shards") == before
    assert load_recipe(f"{run}/shards-even/recipe.yaml").mixture.phases[0].name == "even"
    again(run, "mixture.phases.pretrain.tokens=1K", to="shards-even")
    with pytest.raises(RecipeError, match="is there, and is no mixture made anew"):
        again(run, to="tokens")


def test_held_out_translations_are_held_out_together(run) -> None:
    again(run, "mixture.held_out={share: 0.3}", "mixture.phases.pretrain.tokens=1K")
    shards = TokenShards(f"{run}/shards")
    numbers = {
        name: {
            f"{n:016x}"
            for n in shards.read(name, 0, shards.rows(name))["document_ids"].tolist()
            if n != PADDING
        }
        for name in ("pretrain", "held_out")
    }
    keys = {row["id"][:16]: row["pair_key"] for row in kept_rows(RunFolder(str(run)))}
    held_out = {keys[n] for n in numbers["held_out"]}
    assert held_out
    assert held_out.isdisjoint(keys[n] for n in numbers["pretrain"])
    assert sum(key in held_out for key in keys.values()) == len(numbers["held_out"])
    assert np.isin(list(numbers["held_out"]), list(keys)).all()


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("run.seed=3", "run: mixing anew changes phases, not what the tokens are"),
        ("mixture.components=[{name: all}]", "mixture.components: mixing anew"),
        ("stages=[]", "stages: mixing anew"),
        ("mixture.phases.pretrain.weigths=natural", "did you mean 'weights'"),
    ],
)
def test_what_only_a_run_can_do_is_refused(run, override, reason) -> None:
    before = digests(run, "shards")
    with pytest.raises(RecipeError, match=reason):
        again(run, override)
    assert digests(run, "shards") == before


def test_too_much_is_refused_and_can_be_asked_for_less(run) -> None:
    before = digests(run, "shards"), (run / "summary.json").read_text()
    with pytest.raises(Infeasible) as raised:
        again(run, "mixture.phases.pretrain.tokens=1M")
    assert (digests(run, "shards"), (run / "summary.json").read_text()) == before
    assert load_recipe(run / "recipe.yaml").mixture.phases[0].tokens == 2000
    largest = raised.value.phases[0].largest_budget
    again(run, f"mixture.phases.pretrain.tokens={largest}")
    assert TokenShards(f"{run}/shards").manifest.phases[0].tokens == largest


def test_a_run_without_tokens_has_nothing_to_mix(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Any."}])
    run_inline(corpus_recipe(tmp_path, ""))
    with pytest.raises(NotARunFolder, match="has no tokens"):
        again(tmp_path / "run")


def test_the_command_says_what_was_done_again(run, capsys) -> None:
    command = ["mix", str(run), "--engine", "inline", "--set", "mixture.phases.0.weights=natural"]
    assert main(command) == DONE
    said = capsys.readouterr().out
    assert "mixture of pretrain" in said
    assert "as they were: documents, tokenizer, tokens" in said
    assert f"shards: {run}/shards" in said
    assert main(["mix", str(run), "--set", "run.name=x"]) == USAGE


def test_a_training_goes_on_with_another_mixture_and_sees_nothing_twice(run, tmp_path) -> None:
    """Stopped after half of the phase, it goes on with more French."""
    before = TokenShards(f"{run}/shards")
    read = before.rows("pretrain") // 2
    file = tmp_path / "more.yaml"
    file.write_text(
        f"sequence_length: 64\nphases:\n"
        f"  - {{name: pretrain, tokens: {read * 64}, weights: {{en: 0.5, fr: 0.5}}}}\n"
        f"  - {{name: more, continues: pretrain, tokens: 640, weights: {{en: 0.2, fr: 0.8}}}}\n"
    )
    after = TokenShards(again(run, mixture_file=str(file), to="shards-more").shards_path)
    assert continuation(before, "pretrain", read, after, "more").goes_on == before.cursors(
        "pretrain", read
    )

    def pieces(shards, phase, rows):
        found = shards.read(phase, 0, rows)
        return {
            *zip(found["document_ids"].tolist(), found["document_offsets"].tolist(), strict=True)
        }

    seen, to_come = pieces(before, "pretrain", read), pieces(after, "more", after.rows("more"))
    padding = {(PADDING, 0)}
    assert seen - padding
    assert not (seen & to_come) - padding
    with pytest.raises(ValueError, match="would be seen again"):
        continuation(before, "pretrain", read + 6, after, "more")
