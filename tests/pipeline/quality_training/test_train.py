"""The whole way: labelled files in, a calibrated model and its report out."""

import hashlib
import json
import re
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.cli import main
from pipeline.exit_codes import DONE, USAGE
from pipeline.quality_training.examples import ExampleError
from pipeline.quality_training.recipe import load_training
from pipeline.quality_training.train import train_quality
from stages.perplexity.perplexity import Perplexity
from stages.quality_model.quality_model import QualityModel

from ..test_report import Page, check_self_contained
from .corpora import training_yaml, write_corpora


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """The folder that a training wrote in; the model is in ``model``."""
    folder = tmp_path_factory.mktemp("training")
    write_corpora(folder)
    assert (
        main(
            [
                "train-quality",
                str(
                    training_yaml(
                        folder, "per_language: [de]\nperplexity: {fewest_characters: 1000}\n"
                    )
                ),
            ]
        )
        == DONE
    )
    return folder


def measured(folder: Path) -> dict:
    return json.loads((folder / "model" / "training.json").read_text())["classifiers"]


def test_unseen_sites_are_told_from_unseen_kinds_of_junk(trained):
    found = measured(trained)
    assert list(found) == ["default", "de"]
    for name, one in found.items():
        assert one["by_source"], name
        assert 0.9 < one["auc"] <= one["auc_seen"] + 1e-9
        assert {row["name"].split("/")[0] for row in one["by_group"]} == {"sites", "junk"}
    kept = {row["threshold"]: row for row in found["default"]["kept"]}
    assert kept[0.5]["positives_kept"] > 0.8
    assert kept[0.5]["negatives_kept"] < 0.2


def test_the_stage_reads_what_was_written(trained):
    texts = ["The old bridge remembers many stories, boats. The river is older than the village.",
             "Login\nCart\nHelp\nHome\nSearch\nNext",
             "Der Fluss erinnert an das Dorf. Das Museum ist älter als der Krieg.",
             "10.0.0.7 GET /4.html 200\n10.0.0.8 GET /5.html 200"]  # fmt: skip
    languages = pa.array(["en", "en", "de", "de"])
    batch = pa.record_batch({"text": pa.array(texts, pa.large_string()), "lang": languages})
    stage = QualityModel(model=str(trained / "model"), min_score={"default": 0.5})
    stage.check_settings()
    found = stage.apply(batch)
    scores = found.column("quality_model").to_pylist()
    assert scores[0] > 0.7 > 0.3 > scores[1]
    assert scores[2] > 0.7 > 0.3 > scores[3]
    reasons = found.column("drop_reason").to_pylist()
    assert [reason is None for reason in reasons] == [True, False, True, False]
    assert re.fullmatch(r"quality_model: [\d.e-]+ vs 0.5", reasons[1])


def test_the_report_is_one_page_with_its_drawing(trained):
    text = (trained / "model" / "report.html").read_text(encoding="utf-8")
    found = Page(text)
    check_self_contained(found)
    assert found.tags.count("svg") == 2
    assert "AUC on unseen sources" in found.text
    assert "sites/gardens.example" in found.text
    drawing = (trained / "model" / "reliability-de.svg").read_text()
    assert drawing.startswith("<svg ")
    assert drawing.count("<circle") >= 4


def test_models_of_characters_know_their_language(trained):
    found = json.loads((trained / "model" / "training.json").read_text())["characters"]
    assert [row["lang"] for row in found] == ["de", "en"]
    models = [p.name for p in sorted((trained / "model" / "characters").iterdir())]
    assert models == ["de.npz", "en.npz"]
    stage = Perplexity(folder=str(trained / "model" / "characters"))
    texts = ["The old bridge remembers many stories, boats.", "Die Brücke erinnert an das Dorf."]
    for languages, low in ((["en", "de"], True), (["de", "en"], False)):
        rows = {"text": pa.array(texts, pa.large_string()), "lang": pa.array(languages)}
        bits = stage.apply(pa.record_batch(rows)).column("bits_per_character").to_pylist()
        assert all((value < 3) == low for value in bits)
    for row in found:
        assert row["documents"] + 24 == 240  # one of ten is held out
        assert row["held_out"] == sorted(row["held_out"])
        assert row["held_out"][-1] < 3


def test_models_of_characters_alone_need_no_bad_documents(tmp_path, capsys):
    write_corpora(tmp_path, documents=10)
    path = training_yaml(tmp_path, "shared: false\nperplexity: {fewest_characters: 1000}\n")
    path.write_text(re.sub(r"negatives:\n.*\n", "", path.read_text()))
    assert main(["train-quality", str(path)]) == DONE
    said = capsys.readouterr().out
    assert "characters of de: " in said
    assert f"- perplexity: {{folder: {tmp_path}/model/characters}}" in said
    assert "quality_model" not in said
    assert not (tmp_path / "model" / "model.json").exists()
    check_self_contained(Page((tmp_path / "model" / "report.html").read_text()))


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_examples_give_the_same_bytes(trained, tmp_path):
    settings, stages = load_training(trained / "quality.yaml")
    again = settings.model_copy(update={"out": str(tmp_path / "again")})
    train_quality(again, stages, live=False)
    assert digest(tmp_path / "again") == digest(trained / "model")
    other = settings.model_copy(update={"out": str(tmp_path / "other"), "seed": 5})
    train_quality(other, stages, live=False)
    assert digest(tmp_path / "other")["default.bin"] != digest(trained / "model")["default.bin"]


def test_what_a_source_s_documents_alone_can_say(tmp_path, capsys):
    write_corpora(tmp_path, documents=20)
    path = training_yaml(tmp_path)
    path.write_text(path.read_text().replace(", group_by: meta.site", ""))
    assert main(["train-quality", str(path), "--out", str(tmp_path / "elsewhere")]) == DONE
    said = capsys.readouterr().out
    assert "AUC on unseen documents (one source a label)" in said
    assert f"- quality_model: {{model: {tmp_path}/elsewhere}}" in said
    assert (tmp_path / "elsewhere" / "model.json").exists()
    report = (tmp_path / "elsewhere" / "report.html").read_text()
    assert "say nothing about unseen sources" in report


def test_too_few_examples_are_counted(tmp_path):
    write_corpora(tmp_path, documents=2)
    settings, stages = load_training(training_yaml(tmp_path, "per_language: [fi]\n"))
    with pytest.raises(ExampleError, match=r"'default': 24 positives and 12 negatives; 20 of each"):
        train_quality(settings, stages, live=False)


def test_a_mistake_is_2(tmp_path, capsys):
    path = tmp_path / "quality.yaml"
    path.write_text("out: x\npositives: []\nnegatives: [a]\n")
    assert main(["train-quality", str(path)]) == USAGE
    err = capsys.readouterr().err
    assert f"{path}:2: positives" in err
    assert f"{path}:3: negatives.0: no such source" in err
    assert "Traceback" not in err
