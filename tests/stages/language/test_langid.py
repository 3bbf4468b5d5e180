"""The stage as a recipe uses it: languages, scores, what goes and why."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from stages.base import mark_dropped
from stages.language.heli_model import heli_paths
from stages.language.langid import LangId
from stages.quality.calibration import Calibration, LanguageReference, write_calibration

from ..language_texts import any_text, fasttext_answer, rows

ENGLISH = "All human beings are born free and equal in dignity and rights."
FRENCH = "Tous les êtres humains naissent libres et égaux en dignité et en droits."
GERMAN = "Alle Menschen sind frei und gleich an Würde und Rechten geboren und mit Vernunft begabt."
CROATIAN = "Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima."
KABIYE = "Palʋlʋʋ ɛyaa nɛ pa-tɩ yɔɔ wɛʋ kpaagbaa nɛ pɛwɛɛ kɩmaŋ wala ɛsɩndaa."
KICHE = (
    "Maj jun winaq ya'tal ta chech xaq k'ate' kachapatajik, xuq kokisax pa che' we maj umak "
    "ub'anom; xuqe kelesaxik, xuq koqatax b'i chupam pa ri utinamit."
)
UNSURE = "Watu wote wamezaliwa huru, hadhi na haki zao ni sawa. Wote wamejaliwa akili."
THAI = "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ"
SIMPLIFIED = "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，应以兄弟关系的精神相对待。"
TRADITIONAL = "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，應以兄弟關係的精神相對待。"


def batch(*texts, **columns):
    return pa.record_batch({"text": pa.array(texts, pa.large_string()), **columns})


def answers(result):
    return list(
        zip(*(result.column(name).to_pylist() for name in ("lang", "lang_score")), strict=True)
    )


def reasons(result):
    return result.column("drop_reason").to_pylist()


def test_every_row_gets_a_language_and_a_score():
    result = LangId().apply(batch(ENGLISH, FRENCH, THAI))
    assert [lang for lang, _ in answers(result)] == ["en", "fr", "th"]
    assert all(0.5 < score <= 1 for _, score in answers(result))
    assert reasons(result) == [None, None, None]
    assert result.schema.field("lang_score").type == pa.float32()


def test_a_language_not_asked_for_goes():
    result = LangId(keep=["en", "th"], min_score={"default": 0}).apply(batch(ENGLISH, FRENCH, THAI))
    assert reasons(result) == [None, "language: fr vs keep", None]
    assert result.column("drop_stage").to_pylist() == [None, "langid", None]


def test_an_answer_not_sure_enough_goes_and_the_reason_has_both_numbers():
    unsure = batch(ENGLISH, UNSURE, FRENCH)
    stage = LangId(score="model", unknown_below=0, min_score={"default": 0.5, "fr": 1.0})
    [first, second, third] = reasons(stage.apply(unsure))
    assert first is None
    assert second is not None
    assert second.startswith("lang_score: 0.")
    assert second.endswith(" vs 0.50")
    assert third.endswith(" vs 1.00")


def calibration(path, **least):
    """A file as ``calibrate`` writes it, with these least scores of languages."""
    known = {
        language: LanguageReference(60, 1, {}, cut=1.0, min_lang_score=score)
        for language, score in least.items()
    }
    write_calibration(Calibration(60, 1, {}, cut=1.0, languages=known), str(path))
    return str(path)


def test_calibrated_thresholds_hold_where_the_recipe_names_no_score(tmp_path):
    path = calibration(tmp_path / "thresholds.yaml", en=1.0, fr=1.0, zh=1.0, th=None)
    texts = batch(ENGLISH, FRENCH, GERMAN, THAI, SIMPLIFIED)
    stage = LangId(thresholds=path, min_score={"fr": 0.1, "default": 0.2}, chinese_scripts=True)
    stage.check_settings()
    english, french, german, thai, chinese = reasons(stage.apply(texts))
    assert (french, german, thai) == (None, None, None)  # the recipe's own, its default, twice
    for reason in (english, chinese):
        assert reason.startswith("lang_score: 0.9")
        assert reason.endswith(" vs 1.00")
    assert stage.assets()[-1] == path


def test_a_file_that_is_no_calibration_is_refused(tmp_path):
    path = calibration(tmp_path / "thresholds.yaml", en=1.5)
    with pytest.raises(ValueError, match=r"languages.en.min_lang_score: 1.5 is not a number from"):
        LangId(thresholds=path).check_settings()


def test_a_score_is_never_shown_as_high_as_the_threshold_it_missed():
    [(_, score)] = answers(LangId().apply(batch(UNSURE)))
    [reason] = reasons(LangId(min_score={"default": score + 1e-4}).apply(batch(UNSURE)))
    shown, _, threshold = reason.removeprefix("lang_score: ").partition(" vs ")
    assert float(shown) <= score < float(threshold)


@pytest.mark.parametrize("text", ["", " \n\t", "2024-11-21 12:30", "🎉 !!! ---"])
def test_a_text_without_letters_is_undetermined(text):
    result = LangId().apply(batch(text))
    assert answers(result) == [("und", 0.0)]
    assert reasons(result) == ["lang_score: 0.00 vs 0.50"]


def test_rows_dropped_before_keep_their_reason_and_get_no_language():
    dropped = mark_dropped(batch(ENGLISH, FRENCH), "quality", ["words: 3 vs 50", None])
    result = LangId(keep=["en"]).apply(dropped)
    assert answers(result)[0] == (None, None)
    assert answers(result)[1][0] == "fr"
    assert reasons(result) == ["words: 3 vs 50", "language: fr vs keep"]
    assert result.column("drop_stage").to_pylist() == ["quality", "langid"]


def test_chinese_scripts_are_told_apart_on_request():
    chinese = batch(SIMPLIFIED, TRADITIONAL, "人人皆生而平等，大家都有理性和良心")
    assert [lang for lang, _ in answers(LangId().apply(chinese))] == ["zh", "zh", "zh"]
    stage = LangId(chinese_scripts=True, keep=["zh"], min_score={"zh": 0.1})
    result = stage.apply(chinese)
    assert [lang for lang, _ in answers(result)] == ["zh-Hans", "zh-Hant", "zh"]
    assert reasons(result) == [None, None, None]
    only_traditional = LangId(chinese_scripts=True, keep=["zh-Hant"], min_score={"zh-Hant": 0.1})
    assert reasons(only_traditional.apply(chinese)) == [
        "language: zh-Hans vs keep",
        None,
        "language: zh vs keep",
    ]


def test_a_long_document_is_read_in_windows_not_by_its_head():
    page = ENGLISH * 3 + FRENCH * 200
    [(lang, score)] = answers(LangId().apply(batch(page)))
    assert lang == "fr"
    assert score > 0.9


def test_a_long_document_that_windows_do_not_tell_is_read_whole():
    """A phrase book: whatever the windows meet, each is in another language."""
    lines = [GERMAN, CROATIAN, UNSURE, FRENCH, THAI[:20], ENGLISH]
    page = "\n".join([*lines, ENGLISH, *lines, "Ne pas", ENGLISH] * 4)
    stage = {"score": "model", "unknown_below": 0, "foreign_letters": 1}
    whole = answers(LangId(**stage, windows=1, window_chars=100_000).apply(batch(page)))
    windows = answers(
        LangId(**stage, windows=3, window_chars=40, reread_below=0).apply(batch(page))
    )
    again = LangId(**stage, windows=3, window_chars=40).apply(batch(ENGLISH * 9, page, ENGLISH))
    assert windows[0][1] < 0.5
    assert windows != whole
    assert answers(again)[1] == (whole[0][0], pytest.approx(whole[0][1], abs=1e-5))
    assert [lang for lang, _ in answers(again)] == ["en", whole[0][0], "en"]


def test_vowelled_arabic_in_windows_is_what_it_is_as_a_whole(development_data):
    texts = [row["text"] for row in rows(development_data / "mono_ar_classical.jsonl.zst")]
    whole = LangId(windows=1, window_chars=1_000_000)
    found, expected, first = (
        [lang for lang, _ in answers(stage.apply(batch(*texts)))]
        for stage in (LangId(), whole, LangId(reread_below=0))
    )
    assert found == expected
    assert first.count("ar") < found.count("ar") - 10


def test_chinese_characters_without_kana_are_not_japanese():
    poem = "千山鳥飛絕，萬徑人蹤滅。孤舟簑笠翁，獨釣寒江雪。"
    line = "静岡県出身。"
    model = LangId(script_shortcuts=False, min_score={"default": 0})
    assert [lang for lang, _ in answers(model.apply(batch(poem, line)))] == ["ja", "ja"]
    stage = LangId(min_score={"default": 0})
    assert [lang for lang, _ in answers(stage.apply(batch(poem, line)))] == ["zh", "ja"]


@pytest.mark.parametrize(
    "text",
    [
        "ꊿꂷꃅꄿꐨꐥ，ꌅꅍꀂꏽꐯꒈꃅꐥꌐ。ꊿꊇꉪꍆꌋꆀꁨꉌꑌꐥ，ꄷꀋꁨꂛꊨꅫꃀꃅꐥꄡꑟ。",  # Yi
        "Ꭼꮒᏻꮙ ꮎꮝꭹ ꭴꮅꮝꭸꮫ ꮎꭲ ꭼꮒꭸꮢ ꮎꮕꮑꮂ ꮎꮝꭹ ꭴꮣꮕꮨ ꭴꮺꮃꮧꮝꮫ ꮪꮩꮇꮹꮫꮂ",  # Cherokee
    ],
)
def test_a_script_that_no_known_language_has_is_undetermined(text):
    [(guess, _)] = answers(LangId(foreign_letters=1, unknown_below=0).apply(batch(text)))
    assert guess in ("ja", "zh")
    assert answers(LangId().apply(batch(text))) == [("und", 0.0)]


def test_an_empty_batch_stays_empty_and_has_the_columns():
    result = LangId().apply(batch())
    assert result.num_rows == 0
    assert {"lang", "lang_score", "drop_stage", "drop_reason"} <= set(result.schema.names)


def test_other_columns_stay_and_a_slice_reads_its_own_rows():
    whole = batch(FRENCH, ENGLISH, THAI, id=pa.array(["a", "b", "c"]))
    result = LangId().apply(whole.slice(1, 1))
    assert result.column("id").to_pylist() == ["b"]
    assert answers(result)[0][0] == "en"


def test_a_language_the_model_never_answers_is_a_mistake():
    with pytest.raises(ValueError, match=r"keep names 'fra'.*near: .*fr"):
        LangId(keep=["en", "fra"]).apply(batch(ENGLISH))
    with pytest.raises(ValueError, match="min_score names 'eng'"):
        LangId(min_score={"eng": 0.5}).check_settings()
    with pytest.raises(ValueError, match="zh-Hans"):
        LangId(keep=["zh-Hans"]).check_settings()


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValidationError):
        LangId(min_score={"default": 1.5})
    with pytest.raises(ValidationError):
        LangId(windows=0)


def test_the_model_file_belongs_to_the_fingerprint():
    [path] = LangId().assets()
    assert path.endswith("lid.176.ftz")


@pytest.fixture(scope="module")
def reference():
    import fasttext

    [path] = LangId().assets()
    return fasttext.load_model(path)


def letters(text):
    return any(character.isalpha() for character in text)


@settings(max_examples=60, deadline=None)
@given(st.lists(any_text.filter(letters), min_size=1, max_size=4))
def test_without_shortcuts_whole_texts_get_fasttext_s_answer(reference, texts):
    stage = LangId(
        script_shortcuts=False, windows=1, window_chars=10_000,
        score="model", unknown_below=0, foreign_letters=1,
    )  # fmt: skip
    for text, (lang, score) in zip(texts, answers(stage.apply(batch(*texts))), strict=True):
        expected, probability = fasttext_answer(reference, text)
        assert lang == expected
        assert score == pytest.approx(probability, abs=1e-5)


def test_development_sentences(development_data):
    labelled = {row["text"]: row["lang"] for row in rows(development_data / "lid_dev.jsonl.zst")}
    result = LangId().apply(batch(*labelled))
    model_label = {"nb": "no", "zh-Hant": "zh"}
    labels = [model_label.get(label, label) for label in labelled.values()]
    right = [lang == label for (lang, _), label in zip(answers(result), labels, strict=True)]
    assert len(right) == 4964
    assert sum(right) / len(right) > 0.983


@pytest.mark.parametrize(
    ("file", "lang"),
    [("mono_th_social-posts", "th"), ("mono_ko_movie-reviews", "ko"), ("mono_ja_aozora", "ja")],
)
def test_shortcuts_agree_with_the_model_on_development_texts(development_data, file, lang):
    texts = [row["text"] for row in rows(development_data / f"{file}.jsonl.zst", 300)]
    fast = answers(LangId().apply(batch(*texts)))
    model = answers(LangId(script_shortcuts=False).apply(batch(*texts)))
    assert [a for (a, _) in fast] == [b for (b, _) in model]
    assert sum(answer == lang for answer, _ in fast) / len(fast) > 0.95


def test_the_model_s_own_score_is_there_for_the_asking(reference):
    own = LangId(score="model", unknown_below=0).apply(batch(ENGLISH, FRENCH, CROATIAN))
    for text, answer in zip((ENGLISH, FRENCH, CROATIAN), answers(own), strict=True):
        assert answer == pytest.approx(fasttext_answer(reference, text), abs=1e-5)
    calibrated = LangId().apply(batch(ENGLISH, FRENCH, CROATIAN))
    assert answers(calibrated)[0][1] > answers(own)[0][1]


def test_what_is_probably_in_no_known_language_is_undetermined():
    stage = LangId(min_score={"default": 0})
    assert answers(stage.apply(batch(KABIYE, KICHE)))[:2] == [("und", 0.0)] * 2
    guessing = LangId(unknown_below=0, foreign_letters=1).apply(batch(KABIYE, KICHE))
    assert all(lang != "und" for lang, _ in answers(guessing))


def test_a_short_text_is_a_guess_of_a_low_score_rather_than_in_no_language():
    [(lang, score)] = answers(LangId(min_score={"default": 0}).apply(batch("Xq zv")))
    assert lang != "und"
    assert score < 0.3


def test_letters_that_the_answer_does_not_write_make_it_undetermined():
    # The model takes it for French with a score above the threshold.
    written = "Les ŋens ɖe la ŋature sont ɛcrits avec des lettres qui ŋe sont pas d'ici, dit-il."
    assert answers(LangId(foreign_letters=1).apply(batch(written)))[0][0] == "fr"
    assert answers(LangId().apply(batch(written))) == [("und", 0.0)]


def test_macrolanguages_take_the_place_of_what_belongs_to_them():
    texts = batch(CROATIAN, ENGLISH)
    [(own, _), _] = answers(LangId(min_score={"default": 0}).apply(texts))
    assert own in ("hr", "sh", "bs", "sr")
    for macro in (True, ["sh", "no"]):
        stage = LangId(macro=macro, keep=["sh", "en"], min_score={"default": 0})
        result = stage.apply(texts)
        assert [lang for lang, _ in answers(result)] == ["sh", "en"]
        assert reasons(result) == [None, None]
    with pytest.raises(ValueError, match=r"keep names 'hr'.*near: sh"):
        LangId(macro=True, keep=["hr"]).check_settings()
    with pytest.raises(ValueError, match=r"macro names 'serbo'; there are ar, "):
        LangId(macro=["serbo"]).check_settings()


def test_documents_in_several_languages_name_them():
    both = "\n".join([ENGLISH, ENGLISH, GERMAN])
    result = LangId().apply(batch(both, ENGLISH, THAI, ""))
    [mix, *others] = result.column("lang_mix").to_pylist()
    assert mix in ("en:0.59,de:0.41", "en:0.60,de:0.40", "en:0.58,de:0.42")
    assert others == [None, None, None]
    assert reasons(result)[:3] == [None, None, None]
    assert "lang_mix" not in LangId(lang_mix=False).apply(batch(both)).schema.names


def test_an_iso_639_3_code_is_answered_with_the_one_that_is_meant():
    with pytest.raises(ValueError, match=r"keep names 'deu'.*near: de$"):
        LangId(keep=["deu"]).check_settings()


def test_a_second_model_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr("stages.language.heli_model.find_spec", lambda _: None)
    monkeypatch.setattr("stages.language.heli_model.load_heli", heli_paths)
    with pytest.raises(ModuleNotFoundError, match="heliport"):
        LangId(second_model="heliport").check_settings()


@pytest.fixture(scope="module")
def with_second():
    pytest.importorskip("heliport")
    return LangId(second_model="heliport", min_score={"default": 0})


SHORT = {
    "Croeso i Gymru": "cy",
    "Tá fáilte romhat": "ga",
    "Dobrodošli u Hrvatsku": "hr",
    "Wọn bí gbogbo ènìyàn": "yo",
    "Bonan tagon al vi": "eo",
    "Abantu bonke bazalwa bekhululekile": "zu",
}


def test_the_second_model_knows_short_texts_and_small_languages(with_second):
    found = [lang for lang, _ in answers(with_second.apply(batch(*SHORT)))]
    alone = [lang for lang, _ in answers(LangId(min_score={"default": 0}).apply(batch(*SHORT)))]
    right = sum(a == b for a, b in zip(found, SHORT.values(), strict=True))
    assert right >= 5
    assert right > sum(a == b for a, b in zip(alone, SHORT.values(), strict=True))


def test_the_second_model_s_languages_may_be_kept(with_second):
    stage = LangId(second_model="heliport", keep=["zu"], min_score={"default": 0.5})
    stage.check_settings()
    assert len(stage.assets()) == 8
    with pytest.raises(ValueError, match="keep names 'zu'"):
        LangId(keep=["zu"]).check_settings()


def test_both_models_together_are_right_more_often(with_second, development_data):
    labelled = {row["text"]: row["lang"] for row in rows(development_data / "lid_dev.jsonl.zst")}
    model_label = {"nb": "no", "zh-Hant": "zh"}
    labels = [model_label.get(label, label) for label in labelled.values()]
    result = with_second.apply(batch(*labelled))
    right = [lang == label for (lang, _), label in zip(answers(result), labels, strict=True)]
    assert sum(right) / len(right) > 0.988


def test_no_row_for_the_models_is_fine(with_second):
    result = with_second.apply(batch(THAI, "", "123"))
    assert [lang for lang, _ in answers(result)] == ["th", "und", "und"]
