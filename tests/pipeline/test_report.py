"""The report: one page that needs nothing else, and text that stays text."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from formats.run_folder import RunFolder
from pipeline.report_html import bars, escape, excerpt, fold, page, section, table

from .small_runs import corpus_recipe, run_inline, write_corpus

LOADS = {"src", "srcset", "data", "action", "poster", "background", "xlink:href"}
"""Attributes that fetch something."""
HOSTILE = '</pre><script>alert(1)</script><img src="//evil.example/x" onerror=alert(2)>'


class Page(HTMLParser):
    """What stands in a page: its tags, attributes, and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "\n".join(self.texts)


def read_page(folder: RunFolder) -> Page:
    return Page(Path(folder.report_path).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Documents, file names, ids and rules of a corpus that wants to break out of the page."""
    folder = tmp_path_factory.mktemp("hostile")
    document = {"id": HOSTILE, "url": HOSTILE, "lang": HOSTILE, "text": HOSTILE, "x": HOSTILE}
    lines = [document, document, b'{"text": ' + HOSTILE.encode() + b"\x1b[2J"]
    write_corpus(folder / "corpus" / "<script>alert(3)<.jsonl", lines)
    recipe = corpus_recipe(
        folder,
        "stages: [exact_dedup]\n",
        f"run.name='{HOSTILE}'",
        f"sources.web.license='{HOSTILE}'",
    )
    return run_inline(recipe).folder


def check_self_contained(found: Page) -> None:
    assert found.open == []  # every tag is closed where it should be
    assert not {"script", "link", "img", "iframe", "object", "embed", "base"} & set(found.tags)
    names = {name for name, _ in found.attributes}
    assert not names & LOADS
    assert all(str(value).startswith("#") for name, value in found.attributes if name == "href")
    assert not [name for name in names if name.startswith("on")]
    style = next(text for text in found.texts if "{" in text)
    assert not re.search(r"url\(|@import|//", style)
    policy = dict(found.attributes)["content"]
    assert policy is not None


def test_the_page_needs_nothing_from_anywhere(sample_run) -> None:
    text = Path(sample_run.report_path).read_text(encoding="utf-8")
    assert """content="default-src 'none'; style-src 'unsafe-inline'">""" in text
    check_self_contained(Page(text))


def test_hostile_text_stays_text(hostile_run) -> None:
    found = read_page(hostile_run)
    check_self_contained(found)
    assert found.text.count(HOSTILE) >= 4  # name, licence, a removed and a broken document
    assert "<script>alert(3)<.jsonl" in found.text
    assert "\x1b" not in found.text  # nor does it command a terminal


def test_the_funnel_is_drawn_with_its_numbers(sample_run) -> None:
    text, summary = read_page(sample_run).text, sample_run.read_summary()
    assert f"\n{summary['input']['documents']:,}\n" in text
    for entry in summary["funnel"]:
        assert f"\n{entry['stage']}\n" in text
        assert f"\n{entry['out']['documents']:,}\n" in text
        assert (
            entry["dropped"]["documents"] == 0 or f"\n−{entry['dropped']['documents']:,} (" in text
        )


def test_every_reason_stands_with_its_count_and_a_sample(sample_run) -> None:
    text, summary = read_page(sample_run).text, sample_run.read_summary()
    for entry in summary["funnel"]:
        for rule, total in entry["reasons"].items():
            assert f"{rule}: {total['documents']:,} documents, " in text
            decided = rf"^\S+  {re.escape(rule)}: .+, threshold .+  \(\S+jsonl#\d+\)"
            assert re.search(decided, text, re.MULTILINE), rule
    for language in summary["read_by_language"]:
        assert f"\n{language}\n" in text


def test_mixture_tokenizer_and_quarantine_are_there(sample_run) -> None:
    text, summary = read_page(sample_run).text, sample_run.read_summary()
    for phase in summary["mixture"]["phases"]:
        for component in phase["components"]:
            assert component["name"] in text
            assert f"{component['share_wanted']:.2%} -> " in text
    assert f"{summary['tokenizer']['vocab_size']:,} entries" in text
    for error in summary["input"]["quarantined"]:
        assert error in text
    assert "crawl.jsonl#25: broken JSON" in text
    for note in summary["notes"]:
        assert note in text


def test_a_run_without_a_tail_has_no_empty_sections(hostile_run) -> None:
    text = read_page(hostile_run).text
    assert "Funnel" in text
    assert "Tokenizer" not in text
    assert "Mixture" not in text


# The building blocks.


def test_escape_shows_what_it_must_not_pass() -> None:
    assert escape('<a b="c">&\'') == "&lt;a b=&quot;c&quot;&gt;&amp;&#x27;"
    assert escape("a\x00b\x1bc\nd\te") == "a\ufffdb\ufffdc\nd\te"
    assert escape(7) == "7"


def test_blocks_escape_what_they_are_given() -> None:
    parts = [
        table([HOSTILE], [[HOSTILE]]),
        bars([(HOSTILE, [1.0], HOSTILE)], [HOSTILE, HOSTILE]),
        fold(HOSTILE, excerpt(HOSTILE, HOSTILE)),
    ]
    found = Page(page(HOSTILE, [section(HOSTILE, *parts, lead=HOSTILE)]))
    check_self_contained(found)
    assert found.texts.count(HOSTILE) == 12


def test_bars_are_as_long_as_their_share_of_the_longest() -> None:
    drawn = bars([("a", [10.0, 5.0], ""), ("b", [0.0, 2.5], "")], ["read", "kept"])
    widths = re.findall(r"width:([\d.]+)%", drawn)
    assert widths == ["100.00", "50.00", "0.00", "25.00"]
    assert bars([("a", [0.0], "")], ["x"]).count("width:0.00%") == 1  # nothing to divide by
