"""Addresses without the language they name, and codes learned from a crawl."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.bilingual.pairing.url_codes import (
    CODES,
    CodeTable,
    learned_codes,
    possible_slots,
    votes,
)

TABLE = CodeTable({})


def keys(*pages, table=TABLE):
    """The key of each (language, address)."""
    urls = pa.array([url for _, url in pages], pa.string())
    found, named = table.keys(urls, pa.array([language for language, _ in pages], pa.string()))
    return list(zip(found.to_pylist(), named.tolist(), strict=True))


@pytest.mark.parametrize(
    ("language", "url"),
    [
        ("en", "https://example.org/en/guide"),
        ("zh", "http://www.example.org/zh-cn/guide/"),
        ("zh-Hans", "https://example.org/guide/zh_CN"),
        ("zh-Hant", "https://example.org/zh-Hant/guide#top"),
        ("th", "https://example.org/guide?lang=th"),
        ("th", "https://EXAMPLE.org/guide?hl=TH"),
        ("fr", "https://fr.example.org/guide"),
        ("fr", "https://www.example.org/guide_fr"),
        ("de", "https://example.org/guide.de"),
        ("pt", "https://example.org/pt-BR/guide"),
        ("ja", "https://jp.example.org/guide"),
        ("ko", "https://example.org/korean/guide"),
        ("en", "https://example.org/guide"),
    ],
)
def test_every_language_of_a_page_has_one_key(language, url):
    assert keys((language, url))[0][0] == "example.org/guide"


@pytest.mark.parametrize(
    ("language", "url", "key"),
    [
        ("en", "https://example.org/it/guide", "example.org/it/guide"),
        ("en", "https://example.org/zh/guide", "example.org/zh/guide"),
        ("de", "https://example.org/page.de.md", "example.org/page.md"),
        ("zh", "https://example.org/README.zh-CN.md", "example.org/README.md"),
        ("fr", "https://example.org/a/b_fr.html", "example.org/a/b.html"),
        ("fr", "https://example.org/a?x=1&lang=fr&y=2", "example.org/a?x=1&y=2"),
        ("fr", "https://example.org/a?lang=fr&y=2", "example.org/a?y=2"),
        ("fr", "https://example.org/france/a", "example.org/france/a"),
        ("en", None, ""),
    ],
)
def test_only_codes_of_the_own_language_go(language, url, key):
    assert keys((language, url))[0][0] == key


def test_it_says_whether_a_code_was_named():
    assert [named for _, named in keys(("fr", "http://a.b/fr/x"), ("fr", "http://a.b/x"))] == [
        True, False,
    ]  # fmt: skip


def slots(pages):
    urls, languages = (pa.array([page[i] for page in pages], pa.string()) for i in (1, 0))
    return votes(possible_slots(urls, languages))


def test_a_crawl_teaches_its_own_codes():
    pages = [(lang, f"https://s.org/{code}/p{i}") for i in range(4)
             for lang, code in (("en", "intl"), ("zh", "gbk"))]  # fmt: skip
    learned = learned_codes([slots(pages)])
    assert learned == {"intl": "en", "gbk": "zh"}
    table = CodeTable(learned)
    assert len({key for key, _ in keys(*pages[:2], table=table)}) == 1


def test_a_learned_code_may_hold_a_known_one():
    pages = [(lang, f"https://s.org/p{i}/{code}.md") for i in range(4)
             for lang, code in (("en", "README_EN"), ("zh", "README"))]  # fmt: skip
    learned = learned_codes([slots(pages)])
    assert learned == {"readme-en": "en", "readme": "zh"}
    assert len({key for key, _ in keys(*pages[:2], table=CodeTable(learned))}) == 1


def test_what_follows_a_code_and_is_no_region_is_learned():
    pages = [(lang, f"https://s.org/site/{code}/p{i}") for i in range(4)
             for lang, code in (("en", "en-snapshot"), ("zh", "zh-cn"))]  # fmt: skip
    assert learned_codes([slots(pages)]) == {"en-snapshot": "en"}


def test_few_votes_colours_and_known_codes_teach_nothing():
    few = [("en", "https://s.org/intl/p"), ("zh", "https://s.org/gbk/p")]
    colours = [(lang, f"https://s.org/{code}/p{i}") for i in range(4)
               for lang, code in (("en", "red"), ("en", "blue"), ("fr", "rouge"))]  # fmt: skip
    known = [(lang, f"https://s.org/{lang}/p{i}") for i in range(4) for lang in ("en", "zh")]
    for pages in (few, colours, known):
        assert learned_codes([slots(pages)]) == {}


def test_votes_of_several_buckets_add_up_and_must_agree():
    part = {"gbk": {"zh": 2}, "both": {"zh": 5, "ja": 4}}
    assert learned_codes([part]) == {}
    assert learned_codes([part, part]) == {"gbk": "zh"}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(CODES)),
    st.lists(st.from_regex(r"[a-z]{13,15}", fullmatch=True), min_size=1, max_size=3),
    st.sampled_from(["https://{c}.e.org/{p}", "https://e.org/{c}/{p}", "https://e.org/{p}?l={c}",
                     "https://e.org/{p}.{c}", "https://e.org/{p}/{c}"]),
)  # fmt: skip
def test_any_code_goes_from_any_place(language, parts, shape):
    path = "/".join(parts)
    pages = [(language, shape.format(c=code, p=path)) for code in CODES[language].split()]
    assert {key for key, _ in keys(*pages)} == {f"e.org/{path}"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ae/.?&=-_#:wfr ", max_size=30), max_size=5))
def test_any_text_has_a_key_no_longer_than_itself(urls):
    found = keys(*(("fr", url) for url in urls))
    for url, (key, _) in zip(urls, found, strict=True):
        assert len(key) <= len(url)
    possible_slots(pa.array(urls, pa.string()), pa.array(["fr"] * len(urls), pa.string()))
