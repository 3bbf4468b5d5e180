"""The stage: a score per document, by its language's classifier; a reason below a threshold."""

import fasttext
import numpy as np
import pyarrow as pa
import pytest

from stages.base import DROP_REASON, mark_dropped
from stages.quality_model.calibration import Calibration
from stages.quality_model.model_folder import (
    Classifier,
    ModelDescription,
    ModelFolderError,
    PreparationSettings,
    describe,
    describe_as_json,
)
from stages.quality_model.quality_model import QualityModel, slices
from stages.quality_model.tokens import prepared

GOOD = ["The river rises slowly.", "She wrote a long letter.", "Rain fell all day."]
BAD = ["Home | Login | Cart", "Click here !!! $$$", "404 404 404"]
WORDS = PreparationSettings(tokens="words", windows=4, window_bytes=200)


def train(path, good, bad, how="words"):
    """A classifier of two labels, trained on texts as the stage will prepare them."""
    texts = prepared(pa.array([*good, *bad], pa.large_string()), how).to_pylist()
    labels = ["positive"] * len(good) + ["negative"] * len(bad)
    lines = [f"__label__{label} {text}\n" for label, text in zip(labels, texts, strict=True)]
    corpus = path.with_suffix(".txt")
    corpus.write_text("".join(lines * 30))
    fasttext.train_supervised(
        str(corpus), dim=8, bucket=500, wordNgrams=2, minn=0, maxn=0, epoch=20, lr=0.5,
        thread=1, verbose=0,
    ).save_model(str(path))  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model for English, and one for all other languages whose labels are the other way round."""
    path = tmp_path_factory.mktemp("model")
    train(path / "en.bin", GOOD, BAD)
    train(path / "default.bin", BAD, GOOD)
    models = {
        "en": Classifier(file="en.bin", positive="positive"),
        "default": Classifier(file="default.bin", positive="positive"),
    }
    description = ModelDescription(preparation=WORDS, models=models)
    (path / "model.json").write_text(describe_as_json(description))
    return path


def batch_of(texts, languages):
    rows = {"text": pa.array(texts, pa.large_string()), "lang": pa.array(languages, pa.string())}
    return pa.record_batch(rows)


def test_each_language_is_scored_by_its_own_classifier(folder):
    batch = batch_of([GOOD[0], BAD[0], GOOD[0], BAD[0], ""], ["en", "en", "de", None, "en"])
    found = QualityModel(model=str(folder)).apply(batch)
    scores = found.column("quality_model").to_pylist()
    assert found.schema.field("quality_model").type == pa.float32()
    assert scores[0] > 0.9 > 0.1 > scores[1]
    assert scores[2] < 0.1 < 0.9 < scores[3]
    assert scores[4] is None
    assert DROP_REASON not in found.schema.names


def test_the_reason_says_value_and_threshold(folder):
    batch = batch_of([GOOD[0], BAD[0], BAD[0], BAD[1]], ["en", "en", "de", "en-GB"])
    stage = QualityModel(model=str(folder), column="grade", min_score={"en": 0.5})
    found = stage.apply(batch)
    reasons = found.column(DROP_REASON).to_pylist()
    assert reasons[0] is reasons[2] is None  # good; a language without a threshold
    score = found.column("grade")[1].as_py()
    assert reasons[1] == f"grade: {score:.4g} vs 0.5"
    assert reasons[3].endswith(" vs 0.5")


def test_a_dropped_row_and_a_text_without_words_are_left_alone(folder):
    batch = mark_dropped(batch_of([BAD[0], " "], ["en", "en"]), "langid", ["language: en", None])
    found = QualityModel(model=str(folder), min_score={"default": 1.0}).apply(batch)
    assert found.column("quality_model").to_pylist() == [None, None]
    assert found.column(DROP_REASON).to_pylist() == ["language: en", None]


def test_the_calibration_is_applied_unless_it_is_not_wanted(folder, tmp_path):
    curve = Calibration(kind="isotonic", scores=[0.0, 1.0], probabilities=[0.25, 0.5])
    part = Classifier(file="en.bin", positive="positive", calibration=curve)
    description = ModelDescription(preparation=WORDS, models={"default": part})
    (tmp_path / "model.json").write_text(describe_as_json(description))
    (tmp_path / "en.bin").write_bytes((folder / "en.bin").read_bytes())
    batch = batch_of([GOOD[0]], ["en"])
    own = QualityModel(model=str(folder)).apply(batch).column("quality_model")[0].as_py()
    for calibrated, expected in ((True, 0.25 + 0.25 * own), (False, own)):
        stage = QualityModel(model=str(tmp_path), calibrated=calibrated)
        assert stage.apply(batch).column("quality_model")[0].as_py() == pytest.approx(expected)


def test_a_lone_file_reads_texts_as_they_stand(tmp_path):
    train(tmp_path / "any.bin", GOOD, BAD, "none")
    reference = fasttext.load_model(str(tmp_path / "any.bin"))
    stage = QualityModel(model=str(tmp_path / "any.bin"), positive="__label__negative")
    texts = [*GOOD, *BAD, "Login\nto read a letter."]
    scores = stage.apply(batch_of(texts, ["en"] * 7)).column("quality_model").to_pylist()
    for text, score in zip(texts, scores, strict=True):
        labels, probabilities = reference.predict(text.replace("\n", " "), k=2)
        expected = dict(zip(labels, probabilities, strict=True))["__label__negative"]
        assert score == pytest.approx(min(1, expected), abs=1e-5)


def test_the_same_score_however_rows_are_cut(folder):
    texts = [" ".join(GOOD + BAD) * n for n in (1, 400, 2, 3000, 5)]  # windows, slices of 1 MB
    stage = QualityModel(model=str(folder))
    together = stage.apply(batch_of(texts, ["en"] * 5)).column("quality_model").to_pylist()
    alone = [stage.apply(batch_of([t], ["en"])).column("quality_model")[0].as_py() for t in texts]
    assert together == alone


def test_slices_cover_every_row_once():
    column = pa.array(["a" * n for n in (0, 5, 30, 1, 1, 0)], pa.large_string())
    assert slices(column, 10) == [(0, 2), (2, 3), (3, 6)]
    assert slices(column[1:3], 10) == [(0, 1), (1, 2)]
    assert slices(column[:0], 10) == []


def test_no_rows(folder):
    found = QualityModel(model=str(folder), min_score={"default": 0.5}).apply(batch_of([], []))
    assert found.schema.field("quality_model").type == pa.float32()


def test_the_files_belong_to_the_fingerprint(folder):
    names = [path.rsplit("/", 1)[1] for path in QualityModel(model=str(folder)).assets()]
    assert names == ["model.json", "default.bin", "en.bin"]
    assert QualityModel(model="any.bin", positive="x").model == "any.bin"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "nowhere"}, r"neither a fastText file .* train-quality"),
        ({"model": "nowhere.bin"}, "there is no such file"),
        ({"positive": "good"}, r"quality_model.positive: .*model.json says it"),
        ({"preparation": {}}, r"quality_model.preparation: .*model.json says it"),
    ],
)
def test_a_mistake_is_named(settings, said, folder):
    with pytest.raises(ValueError, match=said):
        QualityModel.model_validate({"model": str(folder)} | settings).check_settings()


def test_a_label_that_is_not_there_is_named(folder):
    stage = QualityModel(model=str(folder / "en.bin"), positive="positiv")
    with pytest.raises(ModelFolderError, match=r"did you mean 'positive'\? it has: "):
        stage.check_settings()


def test_a_threshold_for_a_language_without_a_classifier_is_a_mistake(folder, tmp_path):
    (tmp_path / "en.bin").write_bytes((folder / "en.bin").read_bytes())
    parts = {"en": Classifier(file="en.bin", positive="positive")}
    (tmp_path / "model.json").write_text(describe_as_json(ModelDescription(models=parts)))
    with pytest.raises(ValueError, match=r"no classifier for de \(it has: en\)"):
        QualityModel(model=str(tmp_path), min_score={"de": 0.5}).check_settings()
    batch = batch_of([GOOD[0]], ["de"])
    found = QualityModel(model=str(tmp_path)).apply(batch)
    assert found.column("quality_model").to_pylist() == [None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ('{"models": {}}', "models is empty"),
        ('{"models": {"en": {"file": "a.bin"}}}', r"models.en.positive: Field required"),
        ('{"models": {}, "versoin": 1}', "versoin"),
    ],
)
def test_a_broken_description_is_named(text, said, tmp_path):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ModelFolderError, match=f"model.json: .*{said}"):
        describe(str(tmp_path), None)


def test_scores_are_numbers_between_0_and_1(folder):
    texts = [*GOOD, *BAD, "x", "ภาษาไทย", "中文"]
    batch = batch_of(texts, ["en"] * len(texts))
    scores = QualityModel(model=str(folder)).apply(batch).column("quality_model").to_numpy()
    assert ((scores >= 0) & (scores <= 1)).all()
    assert not np.isnan(scores).any()
