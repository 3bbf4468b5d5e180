"""What a recipe means in steps, and what each of them depends on."""

import os
from pathlib import Path

import pytest

from pipeline.plan import Plan

from .small_runs import corpus_recipe, run_inline, sample_recipe, write_corpus

STEPS = [
    "read+normalize+langid+quality+pii",
    "exact_dedup",
    "minhash_dedup",
    "bilingual",
    "documents",
    "tokenizer",
    "tokens",
    "shards",
]


def lineages(out: Path, *overrides: str) -> dict[str, str]:
    return {step.name: step.lineage for step in Plan(sample_recipe(out, *overrides)).steps}


def test_map_stages_are_one_step_and_barriers_one_each(tmp_path) -> None:
    assert list(lineages(tmp_path)) == STEPS


def test_a_map_stage_after_a_barrier_begins_another_pass(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Any."}])
    recipe = corpus_recipe(tmp_path, "stages: [exact_dedup, normalize, quality, minhash_dedup]\n")
    names = [step.name for step in Plan(recipe).steps]
    assert names == ["read", "exact_dedup", "normalize+quality", "minhash_dedup", "documents"]
    run_inline(recipe)
    assert all(Plan(recipe).is_done(step) for step in Plan(recipe).steps)


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ("run.name=other", None),  # shown, but nothing depends on it
        ("run.out=elsewhere", None),
        ("sources.web.license=MIT", "read+normalize+langid+quality+pii"),
        ("run.on_error=fail", "read+normalize+langid+quality+pii"),
        ("stages.langid.windows=3", "read+normalize+langid+quality+pii"),
        ("stages.exact_dedup.by=normalized_text", "read+normalize+langid+quality+pii"),
        ("stages.minhash_dedup.keep=longest", "minhash_dedup"),
        ("stages.bilingual.pairs=[[en, de]]", "bilingual"),
        ("tokenizer.train.vocab=300", "tokenizer"),
        ("run.seed=18", "tokenizer"),
        ("mixture.components=[{name: all}]", "tokens"),
        ("mixture.phases.0.max_epochs=2", "shards"),
        ("shards.sequences_per_shard=100", "shards"),
    ],
)
def test_a_change_reaches_what_follows_and_nothing_before(tmp_path, change, first) -> None:
    before, after = lineages(tmp_path), lineages(tmp_path, change)
    changed = [name for name in STEPS if before[name] != after[name]]
    assert changed == ([] if first is None else STEPS[STEPS.index(first) :])


def test_planning_reads_names_and_sizes_never_contents(tmp_path) -> None:
    """The same name, size and time, and so the same plan, whatever is inside."""
    path = write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "One."}])
    recipe = corpus_recipe(tmp_path, "")
    os.utime(path, (1, 1))
    before = Plan(recipe).lineage
    path.write_bytes(path.read_bytes().replace(b"One", b"Two"))
    os.utime(path, (1, 1))
    assert Plan(recipe).lineage == before
    os.utime(path, (2, 2))
    assert Plan(recipe).lineage != before
    assert not (tmp_path / "run").exists()  # a plan makes nothing


def test_what_is_done_is_told_task_by_task(sample_path, tmp_path) -> None:
    plan = Plan(sample_recipe(sample_path))
    first = plan.steps[0]
    assert plan.is_complete()
    assert all(plan.is_done(step) for step in plan.steps)
    assert plan.done_tasks(first) == len(first.tasks) == len(plan.partitions) == 7

    other = Plan(sample_recipe(sample_path, "stages.minhash_dedup.keep=first"))
    assert not other.is_complete()
    assert [other.is_done(step) for step in other.steps] == [True, True] + [False] * 6

    empty = Plan(sample_recipe(tmp_path / "run"))
    assert not any(empty.is_done(step) for step in empty.steps)
    assert empty.done_tasks(empty.steps[0]) == 0


def test_budgets_are_fitted_where_the_sample_is_read_or_it_is_asked_for(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Any."}])
    assert Plan(sample_recipe(tmp_path)).fits_to_supply
    assert not Plan(sample_recipe(tmp_path, "run.fit_to_supply=never")).fits_to_supply
    assert not Plan(corpus_recipe(tmp_path, "")).fits_to_supply
    assert Plan(corpus_recipe(tmp_path, "", "run.fit_to_supply=always")).fits_to_supply


def test_the_contents_of_a_given_tokenizer_belong_to_the_plan(sample_path, tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Any."}])
    plans = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        text = (sample_path / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8")
        (folder / "tokenizer.json").write_text(text + ("\n" if name == "two" else ""))
        plans.append(Plan(corpus_recipe(tmp_path, f"tokenizer: {{path: {folder}}}\n")))
    first, second = ([step.lineage for step in plan.steps] for plan in plans)
    assert first[:-1] == second[:-1]
    assert first[-1] != second[-1]
