"""The stage: bits per character by the language's model; a reason beyond a threshold."""

import re
import sys

import pyarrow as pa
import pytest
from pydantic import ValidationError

from stages.base import DROP_REASON, mark_dropped
from stages.perplexity.character_model import learn, save
from stages.perplexity.kenlm_model import sentences
from stages.perplexity.perplexity import Perplexity

ENGLISH = "The river rises in the hills and falls into the sea near the old town. "
GERMAN = "Der Fluss entspringt in den Hügeln und mündet bei der alten Stadt ins Meer. "


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("characters")
    save(learn(pa.array([ENGLISH * 3], pa.large_string()), 4), str(path / "en.npz"))
    save(learn(pa.array([GERMAN * 3], pa.large_string()), 4), str(path / "de.npz"))
    return path


def batch_of(texts, languages):
    rows = {"text": pa.array(texts, pa.large_string()), "lang": pa.array(languages, pa.string())}
    return pa.record_batch(rows)


def bits(batch):
    return batch.column("bits_per_character").to_pylist()


def test_each_language_has_its_own_model(folder):
    batch = batch_of([ENGLISH, ENGLISH, GERMAN, GERMAN], ["en", "de", "de-AT", "en"])
    found = Perplexity(folder=str(folder)).apply(batch)
    own, other, german, not_english = bits(found)
    assert own < 2 < other
    assert german < 2 < not_english
    assert found.schema.field("bits_per_character").type == pa.float32()
    assert DROP_REASON not in found.schema.names


def test_no_model_too_little_text_and_dropped_rows_have_none(folder):
    batch = batch_of([ENGLISH, "Short.", ENGLISH, ENGLISH, ""], ["fr", "en", None, "en", "en"])
    batch = mark_dropped(batch, "langid", [None, None, None, "language: en", None])
    found = Perplexity(folder=str(folder), max_bits={"en": 0.1}).apply(batch)
    assert bits(found) == [None] * 5
    assert found.column(DROP_REASON).to_pylist() == [None, None, None, "language: en", None]


def test_the_default_model_serves_the_others(folder):
    models = {"en": str(folder / "en.npz"), "default": str(folder / "de.npz")}
    batch = batch_of([ENGLISH, GERMAN, GERMAN], ["en", "fr", None])
    assert max(bits(Perplexity(models=models).apply(batch))) < 2


def test_reasons_say_value_and_threshold(folder):
    noise, stutter = "xq#zk%9vv&jj " * 4, ENGLISH * 9
    usual = "A river fell into a sea near two old hills; it rises in that town."
    stage = Perplexity(
        folder=str(folder), column="surprise", max_bits={"default": 5}, min_bits={"en": 0.6}
    )
    found = stage.apply(batch_of([usual, noise, stutter], ["en", "en", "en"]))
    reasons = found.column(DROP_REASON).to_pylist()
    assert reasons[0] is None
    assert re.fullmatch(r"surprise_max: [\d.]+ vs 5", reasons[1])
    assert re.fullmatch(r"surprise_min: 0\.\d+ vs 0\.6", reasons[2])


def test_no_rows(folder):
    found = Perplexity(folder=str(folder), max_bits={"en": 5}).apply(batch_of([], []))
    assert found.schema.field("bits_per_character").type == pa.float32()


def test_the_models_belong_to_the_fingerprint(folder):
    assert Perplexity(folder=str(folder)).assets() == [
        str(folder / "de.npz"), str(folder / "en.npz")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "give `models` .* or `folder`"),
        ({"folder": "x", "models": {"en": "a.npz"}}, "one of the two"),
        ({"models": {"en": "model.txt"}}, r"models.en: 'model.txt' ends in none of .npz, .arpa"),
    ],
)
def test_settings_that_make_no_sense(settings, said):
    with pytest.raises(ValidationError, match=said):
        Perplexity.model_validate(settings)


def test_mistakes_that_only_the_files_tell(folder, tmp_path):
    with pytest.raises(ValueError, match=r"no <language>.npz in "):
        Perplexity(folder=str(tmp_path)).check_settings()
    with pytest.raises(FileNotFoundError):
        Perplexity(models={"en": str(tmp_path / "en.npz")}).check_settings()
    with pytest.raises(ValueError, match=r"max_bits: there is no model for fr \(there are: de, en"):
        Perplexity(folder=str(folder), max_bits={"fr": 5}).check_settings()
    Perplexity(folder=str(folder), max_bits={"de": 5, "default": 6}).check_settings()


# KenLM.

ARPA = """\
\\data\\
ngram 1=5
ngram 2=3

\\1-grams:
-1.0\t<unk>
0\t<s>\t-0.3
-0.7\t</s>
-0.5\tthe\t-0.2
-0.9\triver

\\2-grams:
-0.2\t<s> the
-0.3\tthe river
-0.1\triver </s>

\\end\\
"""


def test_without_kenlm_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "kenlm", None)
    (tmp_path / "en.arpa").write_text(ARPA)
    with pytest.raises(ModuleNotFoundError, match="needs KenLM: pip install kenlm"):
        Perplexity(models={"en": str(tmp_path / "en.arpa")}).check_settings()


def test_kenlm_s_bits_are_its_scores_by_characters(tmp_path):
    pytest.importorskip("kenlm")
    path = tmp_path / "en.arpa"
    path.write_text(ARPA)
    texts = ["The RIVER\n\nthe river", "the lake"]
    stage = Perplexity(models={"en": str(path)}, min_characters=1)
    stage.check_settings()
    found = bits(stage.apply(batch_of(texts, ["en", "en"])))
    # log10: <s> the, the river, river </s>; each line is a sentence and ends in a character.
    assert found[0] == pytest.approx(2 * (0.2 + 0.3 + 0.1) / 20 * 3.321928, rel=1e-4)
    assert found[1] == pytest.approx((0.2 + (0.2 + 1.0) + 0.7) / 9 * 3.321928, rel=1e-4)


def test_sentences_are_lines():
    assert sentences("one two ¶ three ¶¶ four ", "words") == ["one two", "three", "four"]
    assert sentences("one two\n\n three\n", "none") == ["one two", "three"]
