"""What can be said of a recipe before any work."""

from pathlib import Path

import pytest

from formats.listing import NoFiles
from pipeline.check import CheckReport, check
from pipeline.recipe import Recipe

from .small_runs import corpus_recipe, run_inline, sample_recipe, write_corpus

ENGLISH = "The boat leaves the harbour at dawn and comes back with the evening tide. "
THAI = "เรือออกจากท่าในยามเช้าและกลับมาพร้อมน้ำขึ้นในตอนเย็นของทุกวัน "
TAIL = """\
stages: [langid]
tokenizer: {{train: {{vocab: 300}}}}
mixture:
  sequence_length: 64
  phases: [{{name: pretrain, tokens: {tokens}, max_epochs: 2, weights: {weights}}}]
"""


@pytest.fixture
def two_languages(tmp_path: Path) -> Path:
    """About 30 kB of English, of which 1 in 20 documents is Thai."""
    texts = [ENGLISH * 4 if n % 20 else THAI * 2 for n in range(100)]
    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": text} for text in texts])
    return tmp_path


def mixed(folder: Path, tokens: str, weights: str, *overrides: str) -> Recipe:
    return corpus_recipe(folder, TAIL.format(tokens=tokens, weights=weights), *overrides)


def test_the_supply_is_estimated_per_component(two_languages) -> None:
    report = check(mixed(two_languages, "1000", "{temperature: 1}"))
    [source] = report.sources
    size = (two_languages / "corpus" / "a.jsonl").stat().st_size
    assert (source.name, source.files, source.stored_bytes) == ("web", 1, size)
    shares = {component.name: component.share for component in report.components}
    assert shares.keys() == {"en", "th"}
    thai = 5 * 2 * len(THAI.encode())
    assert shares["th"] == pytest.approx(thai / (thai + 95 * 4 * len(ENGLISH)), rel=0.01)
    assert report.feasible
    assert report.messages == ["phase 'pretrain' wants 1K tokens: there is enough before filtering"]


def test_too_much_of_a_component_names_it_and_the_remedy(two_languages) -> None:
    report = check(mixed(two_languages, "20K", "{en: 0.5, th: 0.5}"))
    assert not report.feasible
    [message] = report.messages
    assert "phase 'pretrain' asks for 20" in message
    assert "  th: " in message
    assert "  en: " not in message  # of which there is enough
    assert "its share can be " in message
    assert "feasible: tokens of at most " in message
    assert "run.fit_to_supply=always" in message


def test_the_remedies_work(two_languages) -> None:
    """Each of the ways out that the message names leads out."""
    [message] = check(mixed(two_languages, "20K", "{en: 0.5, th: 0.5}")).messages
    largest = message.partition("tokens of at most ")[2].split(" ")[0].replace(",", "")
    assert check(mixed(two_languages, largest, "{en: 0.5, th: 0.5}")).feasible
    share = float(message.partition("its share can be ")[2].split("%")[0]) / 100
    assert check(mixed(two_languages, "20K", f"{{en: {1 - share}, th: {share}}}")).feasible
    for setting in ("run.fit_to_supply=always", "mixture.phases.0.max_epochs=100"):
        assert check(mixed(two_languages, "20K", "{en: 0.5, th: 0.5}", setting)).feasible


def test_what_only_the_run_can_tell_is_not_guessed(two_languages) -> None:
    """Stages make columns and documents; a check must not refuse what they may bring."""
    report = check(mixed(two_languages, "1T", "{en: 0.5, parallel: 0.5}"))
    assert report.feasible
    assert "not checked, since stages of the run may make parallel" in report.messages[0]
    report = check(
        mixed(two_languages, "1T", "{temperature: 1}", "mixture.phases.0.where={quality: '>0.5'}")
    )
    assert report.feasible
    assert "not checked, since it selects by quality" in report.messages[0]


def test_components_by_what_stages_tell_are_met_in_the_run(two_languages) -> None:
    buckets = (
        "mixture.components=[{name: '${lang}-good', where: {lang: '*', quality: '>=0.5'}},"
        " {name: '${lang}', where: {lang: '*'}}]"
    )
    stages = "stages=[{langid: {}}, {quality: {rules: [gopher]}}]"
    recipe = mixed(two_languages, "1K", "natural", buckets, stages)
    assert [c.name for c in check(recipe).components] == ["en", "th"]
    run_inline(recipe)
    assert {c.name for c in check(recipe).components} & {"en-good", "th-good"}


def test_a_recipe_without_a_mixture_has_only_sources(two_languages) -> None:
    report = check(corpus_recipe(two_languages, ""))
    assert report == CheckReport(report.sources)


def test_the_table_tells_of_every_component(two_languages) -> None:
    """A tenth of 2,000 tokens from Thai, of which there are some 2,000, once counted high."""
    [phase] = check(mixed(two_languages, "2K", "{en: 0.9, th: 0.1}")).phases
    english, thai = phase.components
    assert (english.name, english.share) == ("en", 0.9)
    assert (thai.name, thai.share) == ("th", 0.1)
    assert [english.documents, thai.documents] == pytest.approx([95, 5], rel=0.1)
    assert thai.tokens_wanted == pytest.approx(200, abs=8)  # whole rows of 64
    assert thai.epochs == pytest.approx(thai.tokens_wanted / thai.tokens, rel=0.2)
    assert (english.verdict, thai.verdict) == ("enough", "enough")
    [phase] = check(mixed(two_languages, "20K", "{en: 0.5, th: 0.5}")).phases
    english, thai = phase.components
    assert english.verdict == "enough"
    assert thai.verdict.startswith("short: ")
    assert phase.problem


def test_after_a_run_the_supply_is_counted(two_languages) -> None:
    recipe = mixed(two_languages, "1K", "{en: 0.9, th: 0.1}", "mixture.held_out={share: 0.1}")
    assert not check(recipe).counted
    summary = run_inline(recipe).summary
    report = check(recipe)
    assert report.counted
    held_out, pretrain = report.phases[1], report.phases[0]
    assert held_out.name == "held_out"
    tokens = {name: c["tokens"] for name, c in summary["tokens"]["components"].items()}
    assert {c.name: c.tokens for c in report.components} == tokens
    told = {c["name"]: c for c in summary["mixture"]["phases"][0]["components"]}
    for component in pretrain.components:
        assert component.documents == told[component.name]["documents"]
        assert component.tokens == told[component.name]["supply_tokens"]
        assert component.epochs == pytest.approx(told[component.name]["epochs"], rel=0.1, abs=0.1)
    # A phase that selects can be told of now.
    where = mixed(
        two_languages, "1K", "natural", "mixture.held_out={share: 0.1}",
        "mixture.phases.0.where={split_low: '>=0.5'}",
    )  # fmt: skip
    assert not check(where).counted, "its tokens would keep another column"


def test_a_path_that_matches_nothing_is_an_error(two_languages) -> None:
    with pytest.raises(NoFiles, match=r"no file matches .*nothing\.jsonl"):
        check(corpus_recipe(two_languages, "", "sources.web.paths=[nothing.jsonl]"))


def test_unreadable_input_does_not_stop_a_check(two_languages) -> None:
    write_corpus(two_languages / "corpus" / "b.jsonl", [b"{broken"] * 3)
    assert check(mixed(two_languages, "1000", "{temperature: 1}")).feasible


def test_the_sample_corpus_is_scaled_to(tmp_path) -> None:
    report = check(sample_recipe(tmp_path / "run"))
    assert report.feasible
    assert report.messages[0] == "phase 'pretrain' wants 2T tokens: will be scaled to the supply"
    assert not (tmp_path / "run").exists()


def test_what_only_the_run_can_make_is_named(two_languages) -> None:
    weights = "{en: 0.5, parallel: 0.5}"
    recipe = mixed(two_languages, "1000", weights, "run.fit_to_supply=always")
    [message] = check(recipe).messages
    assert message.endswith("; told without parallel, which the run may make")
