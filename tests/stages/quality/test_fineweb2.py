"""FineWeb-2's files of thresholds: what they set, which language they are of, what is wrong."""

import pyarrow as pa
import pytest

from stages.base import DROP_REASON
from stages.quality.fineweb2 import key_of, read_folder
from stages.quality.quality import Quality

from .test_quality import SENTENCES, SOUND, batch_of

FRENCH = """\
dup_line_frac: 0.264
dup_n_grams:
- - 5
  - 0.15
- - 10
  - 0.1
language_score: 0.824
line_punct_thr: 0.1
max_avg_word_length: 11
max_non_alpha_words_ratio: 0.812
min_avg_word_length: 2
new_line_ratio: 0.185
stopwords:
- de
- la
- "\\xE0"
- l'
top_n_grams:
- - 2
  - 0.161
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "fra_Latn.yml").write_text(FRENCH)
    (tmp_path / "README.md").write_text("no thresholds")
    return tmp_path


def test_a_file_as_it_is_published(folder):
    french = read_folder(str(folder))["fr"]
    assert french.stop_words == ("de", "la", "à", "l'")
    assert french.thresholds == {
        "repetition_lines": 0.264,
        "repetition_5_grams": 0.15,
        **{f"repetition_{n}_grams": None for n in (6, 7, 8, 9)},
        "repetition_10_grams": 0.1,
        "repetition_top_2_gram": 0.161,
        "repetition_top_3_gram": None,
        "repetition_top_4_gram": None,
        "fineweb_line_ends": 0.1,
        "fineweb_new_lines": 0.185,
        "gopher_below_avg_word_length": 2,
        "gopher_above_avg_word_length": 11,
        "gopher_letter_words": 0.812,
        # set by the pipeline, not by the file
        "repetition_paragraphs": None,
        "repetition_paragraph_size": None,
        "repetition_line_size": None,
        "fineweb_short_lines": None,
        "fineweb_duplicate_lines": 0.1,
    }


def test_zero_and_less_switch_the_rule_on_line_ends_off(tmp_path):
    for number in ("0.0", "-1"):
        folder = tmp_path / number
        folder.mkdir()
        (folder / "tha_Thai.yml").write_text(f"line_punct_thr: {number}\n")
        assert read_folder(str(folder))["th"].thresholds["fineweb_line_ends"] is None


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("cmn_Hani.yml", "zh"),
        ("arb_Arab.yml", "ar"),
        ("ekk_Latn.yml", "et"),
        ("arz_Arab.yml", "arz"),
        ("th.yaml", "th"),
    ],
)
def test_the_language_of_a_file(name, language):
    assert key_of(name) == language


def test_two_scripts_of_a_language_are_judged_by_the_more_lenient(tmp_path):
    (tmp_path / "srp_Cyrl.yml").write_text("line_punct_thr: 0.2\nstopwords: [и]\n")
    (tmp_path / "srp_Latn.yml").write_text(
        "line_punct_thr: 0.1\nnew_line_ratio: 0.3\nstopwords: [i]\n"
    )
    serbian = read_folder(str(tmp_path))["sr"]
    assert serbian.thresholds["fineweb_line_ends"] == 0.1
    assert serbian.thresholds["fineweb_new_lines"] is None  # one of them says nothing
    assert serbian.stop_words == ("и", "i")


def reasons(text, lang, **settings):
    batch = Quality(**settings).apply(batch_of(text, lang=pa.array([lang])))
    return batch[DROP_REASON][0].as_py() if DROP_REASON in batch.schema.names else None


@pytest.mark.parametrize("preset", ["own", "datatrove"])
def test_thresholds_and_stop_words_of_the_language_judge(folder, preset):
    text = "Le vieux pont fut bâti près du moulin, et nul ne sait plus son nom "
    text += " ".join(f"mot{a}{b} nouveau{b}{a}" for a in "abcdef" for b in "ghijk")
    settings = {"preset": preset, "rules": ["gopher"], "thresholds": str(folder)}
    assert reasons(text, "fr", **settings) == "gopher_stop_words: 0 vs 2"
    assert reasons(f"{text} la rue de", "fr", **settings) is None
    lines = SENTENCES.replace(".\n", "\n")
    settings["rules"] = ["fineweb"]
    assert reasons(lines, "fr", **settings).endswith("vs 0.1")
    assert reasons(lines, "en", **settings).endswith("vs 0.04" if preset == "own" else "vs 0.12")


def test_a_language_without_a_file_keeps_its_own(folder):
    assert reasons(SOUND["zh"], "zh", thresholds=str(folder)) is None


def test_marks_among_the_stop_words_are_no_words_of_ours(tmp_path):
    (tmp_path / "arb_Arab.yml").write_text('stopwords: ["،", "في"]\n', encoding="utf-8")
    for preset, count in (("own", 1), ("datatrove", 2)):
        batch = Quality(preset=preset, thresholds=str(tmp_path))
        batch = batch.apply(batch_of("في البيت ، في", lang=pa.array(["ar"])))
        assert batch["signal_stop_words"].to_pylist() == [count]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("line_punkt_thr: 0.1", "no key 'line_punkt_thr'; did you mean 'line_punct_thr'"),
        ("new_line_ratio: high", "new_line_ratio: expected a number, found 'high'"),
        ("new_line_ratio: true", "new_line_ratio: expected a number, found True"),
        ("dup_n_grams: [[2, 0.1]]", r"dup_n_grams: expected \[n, threshold\] with n one of 5, "),
        ("top_n_grams: 3", "top_n_grams: expected a list"),
        ("stopwords: [no]", "stopwords: expected a list of words, found False; quote it"),
        ("stopwords: de", "stopwords: expected a list of words, found 'de'"),
        ("- 1", "expected `key: value` lines"),
        ("a: [", "not YAML"),
    ],
)
def test_errors_name_the_file_and_the_key(tmp_path, text, message):
    (tmp_path / "xxx_Latn.yml").write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        Quality(thresholds=str(tmp_path)).check_settings()
    assert "xxx_Latn.yml: " in str(caught.value)


def test_a_folder_that_is_not_there_and_one_without_files(tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        Quality(thresholds=str(tmp_path / "nowhere")).check_settings()
    with pytest.raises(ValueError, match=r"no <language>\.yml"):
        Quality(thresholds=str(tmp_path)).check_settings()


def test_the_files_belong_to_the_fingerprint(folder):
    assert str(folder / "fra_Latn.yml") in Quality(thresholds=str(folder)).assets()
