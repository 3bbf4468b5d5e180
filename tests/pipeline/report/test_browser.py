"""The report in a real browser: nothing on the console, the filter works, hostile text is inert."""

import shutil
from pathlib import Path

import pytest

from ..small_runs import corpus_recipe, run_inline, write_corpus

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

ENGLISH = "The bread rises slowly in a warm kitchen while the cook reads the old book. "
THAI = "ขนมปังขึ้นฟูช้าๆ ในครัวที่อบอุ่น ขณะที่แม่ครัวอ่านหนังสือเก่าเล่มหนึ่งอย่างเงียบๆ "
HOSTILE = (
    "</pre></style><script>document.title = 'taken'</script>"
    "<img src=x onerror=\"document.title = 'taken'\"> \u202egnp.txt \x00 ' \" "
)
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two languages, duplicates, hostile text kept and dropped, a line of a megabyte."""
    folder = tmp_path_factory.mktemp("browsed")
    lines: list[dict[str, str] | bytes] = []
    for number in range(30):
        lines += [{"text": f"{number} {ENGLISH * 12}"}, {"text": f"{number} {THAI * 12}"}]
    lines += [{"text": HOSTILE + ENGLISH * 9, "id": HOSTILE, "lang": HOSTILE}] * 2
    lines += [{"text": HOSTILE}, {"text": "wide" * 250_000}, b"{broken " + HOSTILE.encode()]
    write_corpus(folder / "corpus" / "<b>.jsonl", lines)
    stages = "stages: [normalize, langid: {}, quality, exact_dedup]\n"
    return Path(run_inline(corpus_recipe(folder, stages)).folder.report_path)


@pytest.fixture
def opened(path):
    """The page on a phone, and what the console said."""
    problems: list[str] = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 390, "height": 800})
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url)
                if not request.url.startswith("file:") else None)  # fmt: skip
        page.goto(path.as_uri())
        yield page
        browser.close()
    assert problems == []


def test_a_phone_shows_it_and_nothing_runs(opened, path) -> None:
    assert opened.title() == "small: report"
    assert opened.evaluate(FITS), "a phone need not scroll sideways"
    assert path.stat().st_size < 5_000_000
    for fold in opened.locator("details").all():
        fold.evaluate("fold => { fold.open = true }")
    assert opened.evaluate(FITS), "nor with everything open"
    assert opened.locator("script, img").count() == 0
    assert "<script>" in opened.locator("main").inner_text()
    assert opened.title() == "small: report"


def test_a_language_is_chosen_with_the_keyboard_for_the_whole_page(opened) -> None:
    rows = opened.locator("section[aria-labelledby=languages-before-and-after] .row:visible .label")
    assert {"en", "th"} <= set(rows.all_inner_texts())
    assert opened.locator(".flows:visible").count() == 1
    opened.locator(".filter summary").focus()
    opened.keyboard.press("Enter")
    opened.keyboard.press("Tab")
    for _ in range(9):
        if opened.locator(".now:visible").inner_text() == "th":
            break
        opened.keyboard.press("ArrowRight")
    assert rows.all_inner_texts() == ["th"]
    assert opened.locator(".flows:visible").count() == 1
    assert "th" in opened.locator(".flows:visible .stage small").inner_text()
    figures = opened.locator("section[aria-labelledby=quality-signals] .small:visible figcaption")
    assert figures.first.inner_text().startswith("words, th")


def test_a_share_of_the_heat_map_leads_to_samples(opened) -> None:
    section = opened.locator("section[aria-labelledby=why-documents-went]")
    cell = section.locator("td.l1 a, td.l2 a").first
    target = cell.get_attribute("href")
    assert not opened.locator(target).is_visible()
    cell.click()
    opened.locator(target).wait_for(state="visible", timeout=5000)
