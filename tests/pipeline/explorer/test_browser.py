"""The explorer in a real browser: no error on the console, forms work, hostile text is inert."""

import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from ..small_runs import ROOT, corpus_recipe, run_inline, write_corpus

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("duckdb")
pytest.importorskip("uvicorn")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A run with a hostile document, served by the command."""
    folder = tmp_path_factory.mktemp("served")
    text = "<script>document.title = 'taken'</script> The bread rises in a warm kitchen, slowly."
    write_corpus(folder / "corpus" / "a.jsonl", [{"text": text}, {"text": "Second document here."}])
    run_inline(corpus_recipe(folder, "stages: [langid: {}]\n"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "pipeline", "serve", f"{folder}/run", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as server:
        url = f"http://127.0.0.1:{port}/"
        for _ in range(300):
            try:
                urllib.request.urlopen(url, timeout=10).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
        server.terminate()


def test_search_and_read(address):
    problems = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.get_by_label("text").fill("bread")
        page.get_by_role("button", name="Search").click()
        assert page.locator("ol.found li").count() == 1
        assert page.locator("mark").inner_text() == "bread"
        page.locator("ol.found a").click()
        assert "<script>" in page.locator("pre.text").inner_text()
        assert page.title() != "taken"
        fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert page.evaluate(fits), "a phone need not scroll sideways"
        browser.close()
    assert problems == []
