"""The report on translations: numbers, drawings, and texts in the direction they are written."""

import re
import shutil
from pathlib import Path

import pytest

from formats.run_folder import RunFolder
from pipeline.report.language_filter import LanguageFilter
from pipeline.report.pairs import PAIRS_LISTED, pairs_section
from pipeline.report_html import direction, excerpt

from ..small_runs import corpus_recipe, run_inline, write_corpus

HOSTILE = "</p></div><script>document.title = 'taken'</script>[/bold] \u202egnp.txt"
SIDES = {
    "en": "Room {0} of the house has {1} windows and a wooden door.",
    "ar": "GNOME {0}: الغرفة رقم {0} في البيت فيها {1} نوافذ وباب خشبي.",
    "fa": "اتاق شمارهٔ {0} خانه {1} پنجره و یک درِ چوبی دارد.",
    "he": "בחדר מספר {0} של הבית יש {1} חלונות ודלת עץ.",
    "ja": "家の{0}号室には窓が{1}枚と木の扉があります。",
}
RECIPE = """
stages:
  - bilingual: {pairs: english, find: [pair_key], form: [interleaved]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A house in five languages, page by page; a line that wants to break out of the report."""
    place = tmp_path_factory.mktemp("house")
    lines = []
    for page in range(12):
        for lang, text in SIDES.items():
            rooms = [text.format(10 * page + room, room + 3) for room in range(4)]
            lines.append(
                {"lang": lang, "pair_key": str(page), "text": "\n".join([*rooms, HOSTILE])}
            )
    write_corpus(place / "corpus" / "pages.jsonl", lines)
    stages = "stages: [langid: {}, " + RECIPE.strip().removeprefix("stages:\n  - ") + "]\n"
    return run_inline(corpus_recipe(place, stages)).folder


@pytest.fixture(scope="module")
def drawn(folder: RunFolder) -> str:
    return Path(folder.report_path).read_text(encoding="utf-8")


def test_every_language_is_written_from_its_own_side(drawn) -> None:
    for lang, side in {"en": "ltr", "ar": "rtl", "fa": "rtl", "he": "rtl", "ja": "ltr"}.items():
        assert f'<p dir="{side}" lang="{lang}">' in drawn
    # what begins with Latin letters is Arabic all the same
    assert re.search(r'<p dir="rtl" lang="ar">GNOME \d', drawn)
    assert [direction(lang) for lang in ("ur", "uz-Arab", "uz", "und", '" onload="')] == [
        "rtl", "rtl", "ltr", "auto", "auto",
    ]  # fmt: skip
    assert '<pre dir="rtl" lang="he">' in excerpt("title", "שלום", lang="he")


def test_numbers_are_those_of_the_summary(drawn, folder) -> None:
    section = drawn[drawn.index('<h2 id="translations">') :]
    for name, pair in folder.read_summary()["stages"]["bilingual"]["pairs"].items():
        sentences = pair["sentences"]
        cells = (name, f"{pair['found']:,}", f"{pair['kept']:,} pair_key", f"{pair['kept']:,}",
                 f"{sentences['found']:,}", f"{sentences['kept']:,}")  # fmt: skip
        assert "".join(f"<td>{cell}</td>" for cell in cells) in section
        for rule, number in sentences["dropped"].items():
            words = f"{name}, {rule}: {number:,} of {sentences['found']:,} pairs of sentences"
            assert words in section
        assert f"{name}: {pair['kept']:,} pairs of documents" in section


def test_histograms_have_the_least_score_and_samples_are_ten(drawn) -> None:
    section = drawn[drawn.index('<h2 id="translations">') :].partition("<h2 id=")[2]
    assert section.count("scores of pairs of sentences: ") == 4
    assert section.count("≥ 0.5") == 4
    kept = re.findall(r"<h3>Sentences kept, by chance</h3>(.*?)<details", section, re.DOTALL)
    assert [part.count('class="twin"') for part in kept] == [10] * 4


def test_hostile_sentences_stay_text(drawn) -> None:
    assert "<script" not in drawn
    assert "&lt;/p&gt;&lt;/div&gt;&lt;script&gt;" in drawn


def test_thirty_pairs_are_folded(tmp_path) -> None:
    pair = {
        "found": 3, "kept": 2, "dropped": {"copy_share": 1}, "methods": {"url": 2},
        "scores": [0] * 18 + [1, 2], "scores_kept": [0] * 18 + [0, 2], "documents": 2,
        "least": {"documents": None, "sentences": 0.5},
        "sentences": {"found": 0, "kept": 0, "dropped": {}, "scores": [0] * 20,
                      "scores_kept": [0] * 20, "text_bytes": 0},
    }  # fmt: skip
    names = [f"en-{a}{b}" for a in "abcdef" for b in "vwxyz"]
    summary = {"stages": {"bilingual": {"pairs": dict.fromkeys(names, pair)}}, "parallel": {}}
    drawn = pairs_section(RunFolder(str(tmp_path)), summary, LanguageFilter(["en"]))
    first, _, rest = drawn.partition("6 more language pairs</summary>")
    assert len(names) - PAIRS_LISTED == 6
    assert first.count("<td>en-") == 24
    assert rest.partition("</details>")[0].count("<td>en-") == 6
    assert drawn.count("≥") == 0  # no least score of documents that addresses found
    assert pairs_section(RunFolder(str(tmp_path)), {"stages": {}}, LanguageFilter([])) == ""


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_it_fits_a_phone_with_everything_open_and_arabic_stands_at_the_right(folder) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 390, "height": 800}).new_page()
        page.goto(Path(folder.report_path).as_uri())
        for fold in page.locator("details").all():
            fold.evaluate("fold => { fold.open = true }")
        assert page.evaluate(fits)
        assert page.title() == "small: report"
        style = page.locator(".twin p[lang=ar]").first.evaluate(
            "p => [getComputedStyle(p).direction, getComputedStyle(p).textAlign]"
        )
        browser.close()
    assert style == ["rtl", "start"]
