"""Pages taken apart in a child process: what comes out, and what a bad page can do."""

import os
import signal
import threading
import time

import pytest

from formats.readers import html_text
from formats.readers.html_text import Extractor, Page, PageError, check_installed

pytest.importorskip("resiliparse", reason="the extra `web` is not installed")

MENU = "<nav><ul>" + "<li><a href=/x>Menu entry</a></li>" * 9 + "</ul></nav>"
ARTICLE = "".join(
    f"<p>{sentence * 4}</p>" for sentence in ("Müde bin ich. ", "早い者勝ちだ。", "Так. ")
)
PAGE = f"""<!DOCTYPE html><html lang="de-AT"><head><title>Ein  &amp; Titel</title>
<link rel="Canonical" href="https://a.example/canonical">
<meta name="Date" content="2020-01-02"><meta property="article:published_time" content="2021-03-04">
<meta http-equiv="Content-Language" content="de"></head>
<body>{MENU}<article><h1>Überschrift</h1>{ARTICLE}</article><footer>Impressum</footer></body></html>"""
# Attributes without end make the parser's tree quadratic: minutes for two megabytes.
HANGS = "<p " + " ".join(f"a{k}=1" for k in range(200_000)) + ">text</p>"


@pytest.fixture(scope="module")
def resiliparse():
    extractor = Extractor("resiliparse", page_seconds=1.0)
    yield extractor
    extractor.close()


def test_main_text_and_facts(resiliparse):
    (page,) = resiliparse.extract([PAGE])
    assert isinstance(page, Page)
    assert page.facts == {
        "title": "Ein & Titel",
        "html_lang": "de-AT",
        "content_language": "de",
        "canonical": "https://a.example/canonical",
        "date": "2021-03-04",
    }
    for part in ("Überschrift", "Müde bin ich.", "早い者勝ちだ。", "Так."):
        assert part in page.text
    assert "Menu entry" not in page.text


@pytest.mark.parametrize("setting", ["resiliparse_all", "trafilatura", "trafilatura_fast"])
def test_other_extractors(setting):
    if "trafilatura" in setting:
        pytest.importorskip("trafilatura")
    extractor = Extractor(setting)
    try:
        (page,) = extractor.extract([PAGE])
        assert "早い者勝ちだ。" in page.text
        assert ("Menu entry" in page.text) == (setting == "resiliparse_all")
    finally:
        extractor.close()


def test_odd_pages(resiliparse):
    pages = ["", "plain words", "<p>a\0b\ud800", "<" * 1000, "<title>", "<p>&#0;&#xD800;x"]
    answers = resiliparse.extract(pages)
    assert [type(answer) for answer in answers] == [Page] * len(pages)
    assert resiliparse.extract([]) == []


def test_many_pages_stay_in_order(resiliparse):
    pages = [f"<article><p>{f'page {k} ' * 50}</p></article>" for k in range(700)]
    for k, answer in enumerate(resiliparse.extract(pages)):
        assert answer.text.startswith(f"page {k} ")


def test_a_page_that_hangs_is_cut_off_and_the_others_are_not(resiliparse):
    answers = resiliparse.extract([PAGE, HANGS, PAGE, PAGE])
    assert [type(answer) for answer in answers] == [Page, PageError, Page, Page]
    assert answers[1].error == "extraction too long: more than 1 s of CPU time"


def test_a_child_that_somebody_kills_is_replaced(resiliparse):
    resiliparse.extract([PAGE])
    os.kill(resiliparse._child.pid, signal.SIGKILL)
    assert isinstance(resiliparse.extract([PAGE])[0], Page)
    killer = threading.Timer(0.3, lambda: os.kill(resiliparse._child.pid, signal.SIGKILL))
    killer.start()
    answers = resiliparse.extract([HANGS, PAGE])
    killer.join()
    assert [type(answer) for answer in answers] == [PageError, Page]
    assert "CPU time" in answers[0].error  # it was tried again


def test_a_child_that_ends_on_a_page(resiliparse, monkeypatch):
    monkeypatch.setattr(html_text, "CLOCK_SECONDS", 0.2)
    (answer,) = resiliparse.extract([HANGS])
    assert answer == PageError("extraction too long: silent for 0.2 s")


def test_the_child_ends_with_its_input(resiliparse):
    resiliparse.extract([PAGE])
    child = resiliparse._child
    child.stdin.close()
    deadline = time.monotonic() + 30
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert child.returncode == 0
    resiliparse.close()


def test_settings_that_make_no_sense(monkeypatch):
    with pytest.raises(ValueError, match="'boilerpipe' is not one of resiliparse, "):
        Extractor("boilerpipe")
    monkeypatch.setattr(html_text.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"needs the package resiliparse.*\[web\]"):
        check_installed("resiliparse")
