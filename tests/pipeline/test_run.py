"""A whole run: what becomes of every document, and that nothing but the recipe decides it.

All of it on the sample corpus, whose ``truth`` says of each line what should become of it.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from formats.quarantine import BadInput
from formats.run_folder import RunFolder
from formats.shards import TokenShards
from pipeline.recipe import Recipe, RunOptions
from pipeline.recipe_file import load_recipe
from pipeline.recipe_yaml import RecipeError
from pipeline.run import RunOutcome, run
from pipeline.sample import SAMPLE_CORPUS, truth

from .small_runs import (
    corpus_recipe,
    digests,
    kept_rows,
    removed_rows,
    run_inline,
    sample_recipe,
    write_corpus,
)

Place = tuple[str, int]
"""File below the corpus, line."""


def place(origin: str) -> Place:
    """``.../corpus/crawl/crawl.jsonl#25`` -> ``("crawl/crawl.jsonl", 25)``."""
    path, _, line = origin.rpartition("#")
    return str(Path(path).relative_to(SAMPLE_CORPUS)), int(line)


@pytest.fixture(scope="module")
def kept(sample_run: RunFolder) -> dict[Place, dict[str, Any]]:
    return {place(row["origin"]): row for row in kept_rows(sample_run)}


@pytest.fixture(scope="module")
def removed(sample_run: RunFolder) -> dict[Place, dict[str, Any]]:
    return {place(row["origin"]): row for row in removed_rows(sample_run)}


@pytest.fixture(scope="module")
def quarantined(sample_run: RunFolder) -> dict[Place, dict[str, Any]]:
    rows = sample_run.quarantined(limit=1000)
    return {place(f"{row['path']}#{row['position']}"): row for row in rows}


# What becomes of documents.


def test_nothing_is_lost_and_nothing_is_twice(sample_outcome, kept, removed, quarantined) -> None:
    lines = {(entry["file"], entry["line"]) for entry in truth()}
    assert len(kept) + len(removed) + len(quarantined) == len(lines)
    assert kept.keys() | removed.keys() | quarantined.keys() == lines
    counted = sample_outcome.summary["input"]
    assert counted["documents"] == len(kept) + len(removed)
    assert sum(counted["quarantined"].values()) == len(quarantined)


def test_every_expectation_of_the_truth_is_met(kept, removed, quarantined) -> None:
    became = {
        **dict.fromkeys(kept, "keep"),
        **dict.fromkeys(removed, "drop"),
        **dict.fromkeys(quarantined, "quarantine"),
    }
    copies = {"exact_copy", "near_copy"}
    copied = {entry["of"] for entry in truth() if entry["kind"] in copies}
    for entry in truth():
        if entry["kind"] in copies or entry["id"] in copied or entry["expect"] == "either":
            continue  # of copies: the next test
        wanted = {"repair": "keep"}.get(entry["expect"], entry["expect"])
        assert became[entry["file"], entry["line"]] == wanted, entry


def test_of_an_article_and_its_copies_exactly_one_stays(kept, removed) -> None:
    families = defaultdict(list)
    for entry in truth():
        if entry["kind"] in ("article", "exact_copy", "near_copy"):
            families[entry["of"] or entry["id"]].append((entry["file"], entry["line"]))
    assert max(map(len, families.values())) > 1
    for places in families.values():
        [survivor] = [kept[at]["id"] for at in places if at in kept]
        assert {removed[at]["duplicate_of"] for at in places if at in removed} <= {survivor}


def test_damaged_text_is_repaired(kept) -> None:
    """Wrong encodings and control characters; menus around a text stay, no stage cuts a page."""
    repaired = [entry for entry in truth() if entry["kind"] in ("mojibake", "control_characters")]
    assert len(repaired) > 20
    for entry in repaired:
        assert kept[entry["file"], entry["line"]]["text"] == entry["clean"], entry["id"]


def test_languages_are_those_of_the_truth_whatever_the_label_said(kept) -> None:
    wrong_labels = [entry for entry in truth() if entry["kind"] == "wrong_label"]
    assert wrong_labels
    for entry in truth():
        row = kept.get((entry["file"], entry["line"]))
        if row is not None and entry["lang"] != "und":
            assert row["lang"] == entry["lang"], entry
    for entry in wrong_labels:
        assert kept[entry["file"], entry["line"]]["declared_lang"] != entry["lang"]


def test_every_dropped_document_has_a_reason_with_its_numbers(removed) -> None:
    for row in removed.values():
        rule, _, values = row["drop_reason"].partition(": ")
        assert rule
        assert " vs " in values, row["drop_reason"]


def test_the_quarantine_says_what_was_wrong(quarantined) -> None:
    errors = {line: row["error"].split(":")[0] for (_, line), row in quarantined.items()}
    assert errors == {25: "broken JSON", 90: "missing text", 150: "not UTF-8"}


# What becomes of tokens.


def test_every_training_row_traces_to_kept_documents(sample_run) -> None:
    numbers = {int(row["id"][:16], 16) for batch in sample_run.documents(["id"])
               for row in batch.to_pylist()}  # fmt: skip
    shards = TokenShards(sample_run.shards_path)
    for phase in shards.manifest.phases:
        for row in range(phase.rows):
            pieces = shards.trace_row(phase.name, row).pieces
            assert sum(piece.length for piece in pieces) == shards.sequence_length
            assert {piece.document for piece in pieces} - {None} <= numbers
            assert pieces[0].document is not None  # no row is all padding


def test_the_tokens_of_a_row_are_those_of_its_documents(sample_run) -> None:
    """A piece of a row is a stretch of its document's tokens, the end token counted."""
    texts = {int(row["id"][:16], 16): row["text"] for batch in sample_run.documents(["id", "text"])
             for row in batch.to_pylist()}  # fmt: skip
    tokenizer = Tokenizer.from_file(f"{sample_run.tokenizer_path}/tokenizer.json")
    shards = TokenShards(sample_run.shards_path)
    eos = shards.manifest.special_ids["eos"]
    for row in range(0, shards.rows("pretrain"), 50):
        ids = shards.row("pretrain", row)["input_ids"]
        for piece in shards.trace_row("pretrain", row).pieces:
            if piece.document is None:
                continue
            whole = [*tokenizer.encode(texts[piece.document], add_special_tokens=False).ids, eos]
            found = ids[piece.start : piece.start + piece.length]
            assert found.tolist() == whole[piece.offset : piece.offset + piece.length]


def test_in_every_prefix_a_component_is_within_one_row_of_its_share(sample_run) -> None:
    """The anneal phase has constant shares; so its wanted rows are share x rows so far."""
    shards = TokenShards(sample_run.shards_path)
    phase = shards.manifest.phase("anneal")
    order = shards.read("anneal", 0, phase.rows)["component"]
    so_far = np.arange(1, phase.rows + 1)
    for index, component in enumerate(phase.components):
        [(_, share)] = component.share
        assert np.abs(np.cumsum(order == index) - share * so_far).max() < 1, component.name


# The same bytes, however it runs.


def test_a_second_run_does_nothing(sample_run, sample_path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sample_path.rglob("*")}
    outcome = run_inline(sample_recipe(sample_path))
    assert outcome.did_nothing
    assert outcome.summary == sample_run.read_summary()
    assert {path: path.stat().st_mtime_ns for path in sample_path.rglob("*")} == before


def test_two_workers_write_the_bytes_that_one_process_writes(sample_path, tmp_path) -> None:
    outcome = run(sample_recipe(tmp_path / "run"), engine="ray", workers=2, live=False)
    assert outcome.summary["workers"] == 2
    assert digests(tmp_path / "run") == digests(sample_path)


DEATHS = {
    "while documents are read": ("records/read+normalize+langid+quality+pii", 4),
    "between an output and its record": ("records/exact_dedup-digests", 2),
    "in the documents pass": ("run/documents/part-", 3),
    "while shards are written": ("run/shards/", 2),
    "right before the end": ("summary.json", 1),
}


def die(out: Path, pattern: str, number: int) -> None:
    """A run in a process of its own that ends by SIGKILL; see ``dying_run``."""
    script = Path(__file__).with_name("dying_run.py")
    command = [sys.executable, str(script), str(out), pattern, str(number)]
    died = subprocess.run(command, capture_output=True)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert list(out.rglob("*.tmp"))  # it died with a file in its hands


@pytest.mark.parametrize("moment", DEATHS)
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(
    moment: str, sample_outcome: RunOutcome, sample_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    die(out, *DEATHS[moment])
    records = [path.parent.name for path in (out / "work" / "records").rglob("0*.json")]
    # Counts of text that are whole are taken as they are: nobody asks for the tasks behind them.
    counting = {f"tokenizer-{step}" for step in ("measure", "count", "combine", "join")}
    finished = sum(name not in counting for name in records)
    assert finished > 0

    outcome = run_inline(sample_recipe(out))
    assert not outcome.did_nothing
    skipped = sum(step["tasks_skipped"] for step in outcome.summary["steps"].values())
    assert skipped == finished  # what was finished is not done again
    whole = {name: found for name, found in digests(out).items() if not name.endswith(".tmp")}
    assert whole == digests(sample_path)
    assert counts(outcome.summary) == counts(sample_outcome.summary)


def test_what_a_killed_run_was_writing_is_swept_by_the_next(sample_path, tmp_path) -> None:
    out = tmp_path / "run"
    shutil.copytree(sample_path, out)
    for name in ("shards/anneal/shard-00000.arrow", "tokenizer/tokenizer.json", "work/part.arrow"):
        (out / f"{name}.0123abcd.tmp").write_bytes(b"the beginning of")
    run_inline(sample_recipe(out, "shards.sequences_per_shard=1000"))
    assert not list(out.rglob("*.tmp"))


def counts(summary: dict[str, Any]) -> dict[str, Any]:
    """What of a summary must be the same for the same recipe and input: all but costs."""
    funnel = [entry | {"core_seconds": None} for entry in summary["funnel"]]
    same = ("lineage", "sources", "input", "kept", "read_by_language", "parallel", "mixture")
    return {"funnel": funnel} | {key: summary[key] for key in same}


def test_partitions_are_a_matter_of_work_not_of_documents(kept, removed, tmp_path) -> None:
    outcome = run_inline(sample_recipe(tmp_path / "run", "run.partition_bytes=auto"))
    assert outcome.summary["input"]["partitions"] == 1
    assert {place(row["origin"]): row for row in kept_rows(outcome.folder)} == kept
    assert {place(row["origin"]): row for row in removed_rows(outcome.folder)} == removed


# What a change of the recipe costs.

CHANGES = {
    "stages.quality.rules=[gopher,repetition]": "read+normalize+langid+quality+pii",
    "stages.minhash_dedup.keep=first": "minhash_dedup/",
    "stages.bilingual.pairs=[[en, de]]": "bilingual/",
    "tokenizer.train.vocab=500": "tokenizer",
    "mixture.components=[{name: all}]": "tokens",
    "mixture.phases=[{name: only, tokens: 10K, where: {quality: '>=0.5'}}]": "mixture-",
}
"""Setting -> the first of the steps that work again, those of a stage by their beginning."""


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_setting_re_runs_its_step_and_what_follows(
    change: str, sample_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shutil.copytree(sample_path, out)
    outcome = run_inline(sample_recipe(out, change))
    steps = outcome.summary["steps"]
    names = list(steps)
    first = next(i for i, name in enumerate(names) if name.startswith(CHANGES[change]))
    assert all(steps[name]["tasks_skipped"] == steps[name]["tasks"] for name in names[:first])
    assert all(steps[name]["tasks_skipped"] == 0 for name in names[first:]), steps
    fresh = run_inline(sample_recipe(tmp_path / "fresh", change))
    assert digests(out) == digests(fresh.folder.path)


def test_a_copied_run_goes_on_in_the_copy_alone(sample_path, tmp_path) -> None:
    """Records name files below their own run folder, wherever that is."""
    original, copy = tmp_path / "original", tmp_path / "copy"
    shutil.copytree(sample_path, original)
    shutil.copytree(original, copy)
    before = digests(original)
    (copy / "documents" / "part-00002.parquet").unlink()
    outcome = run_inline(sample_recipe(copy, "tokenizer.train.vocab=500"))
    assert outcome.summary["steps"]["documents"]["tasks_skipped"] > 0
    assert digests(copy, "documents", "removed") == digests(original, "documents", "removed")
    assert digests(original) == before


def test_fresh_begins_again(sample_path, tmp_path) -> None:
    out = tmp_path / "run"
    shutil.copytree(sample_path, out)
    (out / "mine.txt").write_text("not the run's")
    outcome = run(sample_recipe(out), engine="inline", fresh=True, live=False)
    assert all(step["tasks_skipped"] == 0 for step in outcome.summary["steps"].values())
    assert (out / "mine.txt").exists()


def test_without_its_work_folder_a_finished_run_still_counts_as_done(sample_path, tmp_path) -> None:
    out = tmp_path / "run"
    shutil.copytree(sample_path, out)
    shutil.rmtree(out / "work")
    assert run_inline(sample_recipe(out)).did_nothing


# Parts of a recipe, and input that cannot be used.

LINES = [{"id": str(n), "text": f"The {word} story stands alone."} for n, word in enumerate(
    ["first", "second", "third", "fourth"]
)]  # fmt: skip


def test_a_recipe_without_its_tail_ends_at_documents(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [*LINES, LINES[0]])
    outcome = run_inline(corpus_recipe(tmp_path, "stages: [normalize, exact_dedup]\n"))
    made = {path.name for path in (tmp_path / "run").iterdir()}
    assert made == {"recipe.yaml", "summary.json", "report.html", "documents", "removed", "work"}
    assert len(kept_rows(outcome.folder)) == 4
    assert not {"tokenizer", "tokens", "mixture"} & outcome.summary.keys()


def test_a_recipe_may_end_at_the_tokenizer(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", LINES)
    outcome = run_inline(corpus_recipe(tmp_path, "tokenizer: {train: {vocab: 300}}\n"))
    assert outcome.summary["tokenizer"]["vocab_size"] <= 300
    assert (tmp_path / "run" / "tokenizer" / "tokenizer.json").exists()
    assert not (tmp_path / "run" / "tokens").exists()


def test_a_recipe_trains_by_parity(tmp_path) -> None:
    words = {"en": "the rain falls on the plain", "de": "der Regen fällt auf die Ebene"}
    rows = [
        {"id": f"{lang}{n}", "pair_key": str(n), "lang": lang, "text": f"{text} {n}. " * 12}
        for n in range(80)
        for lang, text in words.items()
    ]
    write_corpus(tmp_path / "corpus" / "a.jsonl", rows)
    write_corpus(tmp_path / "parallel.jsonl", rows)
    parity = f"parity: {{parallel: ['{tmp_path}/*.jsonl'], window: 50}}"
    tail = f"tokenizer: {{train: {{vocab: 300, {parity}}}}}\n"
    outcome = run_inline(corpus_recipe(tmp_path, tail))
    training = json.loads((tmp_path / "run" / "tokenizer" / "training.json").read_text())
    assert set(training["parity"]["languages"]) == {"de", "en"}
    assert any("dearest" in note for note in outcome.summary["tokenizer"]["notes"])
    assert run_inline(load_recipe(outcome.folder.recipe_path)).did_nothing


def test_parallel_text_that_is_not_there_is_missed_before_any_work(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", LINES)
    tail = "tokenizer: {train: {vocab: 300, parity: {parallel: [absent.jsonl]}}}\n"
    with pytest.raises(RecipeError, match=r"tokenizer\.train\.parity\.parallel.*absent\.jsonl"):
        run_inline(corpus_recipe(tmp_path, tail))
    assert not (tmp_path / "run").exists()


def test_without_stages_everything_that_can_be_read_is_kept(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [*LINES, b"{broken"])
    outcome = run_inline(corpus_recipe(tmp_path, ""))
    assert [row["original_id"] for row in kept_rows(outcome.folder)] == ["0", "1", "2", "3"]
    assert outcome.summary["input"]["quarantined"] == {"broken JSON": 1}


def test_a_corpus_of_which_nothing_is_left(tmp_path) -> None:
    """Every document is removed; the run ends well, with a report that says so."""
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": " "}, {"text": "\t"}])
    outcome = run_inline(corpus_recipe(tmp_path, "stages: [normalize, langid, exact_dedup]\n"))
    assert outcome.summary["kept"] == {"documents": 0, "text_bytes": 0}
    assert outcome.summary["funnel"][0]["dropped"]["documents"] == 2


def test_on_error_fail_stops_at_the_line_and_goes_on_once_it_is_mended(tmp_path) -> None:
    path = write_corpus(tmp_path / "corpus" / "a.jsonl", [*LINES[:2], b'{"text": "cut', *LINES[2:]])
    recipe = corpus_recipe(tmp_path, "", "run.on_error=fail")
    with pytest.raises(BadInput, match=rf"{path}:3: broken JSON"):
        run_inline(recipe)
    assert not (tmp_path / "run" / "summary.json").exists()
    write_corpus(path, LINES)
    assert len(kept_rows(run_inline(recipe).folder)) == 4


def test_a_source_that_changed_is_read_again(tmp_path) -> None:
    path = write_corpus(tmp_path / "corpus" / "a.jsonl", LINES)
    recipe = corpus_recipe(tmp_path, "stages: [exact_dedup]\n")
    run_inline(recipe)
    write_corpus(path, LINES[:2])
    outcome = run_inline(recipe)
    assert [row["original_id"] for row in kept_rows(outcome.folder)] == ["0", "1"]


def test_a_corpus_that_was_mended_leaves_nothing_of_its_faults(tmp_path) -> None:
    """What an earlier state of a partition left in removed/ and quarantine/ goes."""
    path = write_corpus(tmp_path / "corpus" / "a.jsonl", [*LINES, LINES[0], b"broken"])
    recipe = corpus_recipe(tmp_path, "stages: [exact_dedup]\n")
    folder = run_inline(recipe).folder
    assert sorted(digests(folder.path)) == [
        "documents/part-00000.parquet",
        "quarantine/part-00000.parquet",
        "removed/exact_dedup/part-00000.parquet",
    ]
    write_corpus(path, LINES)
    run_inline(recipe)
    assert sorted(digests(folder.path)) == ["documents/part-00000.parquet"]


def test_a_file_that_is_gone_leaves_nothing_behind(tmp_path) -> None:
    """Fewer partitions than before; what a fresh run would not have made is not there."""
    for name in ("a", "b"):
        write_corpus(tmp_path / "corpus" / f"{name}.jsonl", [*LINES, LINES[0], b"broken"])
    recipe = corpus_recipe(tmp_path, "stages: [exact_dedup]\n", "run.partition_bytes=1")
    assert len(kept_rows(run_inline(recipe).folder)) == 4
    (tmp_path / "corpus" / "b.jsonl").unlink()
    run_inline(recipe)
    fresh = run_inline(recipe.model_copy(update={"run": out_of(recipe, tmp_path / "fresh")}))
    assert digests(tmp_path / "run") == digests(fresh.folder.path)


def test_a_shorter_recipe_leaves_nothing_of_the_longer_one(sample_path, tmp_path) -> None:
    out = tmp_path / "run"
    shutil.copytree(sample_path, out)
    recipe = sample_recipe(out)
    run_inline(recipe.model_copy(update={"tokenizer": None, "mixture": None}))
    assert not [name for name in ("tokenizer", "tokens", "shards") if (out / name).exists()]


def out_of(recipe: Recipe, out: Path) -> RunOptions:
    """The recipe's ``run`` section with another folder."""
    return recipe.run.model_copy(update={"out": str(out)})


def test_a_mixture_that_cannot_be_met_is_refused_before_any_work(tmp_path) -> None:
    write_corpus(tmp_path / "corpus" / "a.jsonl", [line | {"lang": "en"} for line in LINES])
    tail = """\
tokenizer: {train: {vocab: 300}}
mixture:
  sequence_length: 16
  components: [{name: all}]
  phases: [{name: pretrain, tokens: 1M}]
"""
    with pytest.raises(RecipeError, match=r"all: 1M tokens wanted"):
        run_inline(corpus_recipe(tmp_path, tail))
    assert not (tmp_path / "run").exists()


def test_the_recipe_as_run_loads_again_and_means_the_same_run(sample_run) -> None:
    recipe = load_recipe(sample_run.recipe_path)
    assert run_inline(recipe).did_nothing
