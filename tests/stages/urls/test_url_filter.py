"""The stage ``url_filter``."""

import pyarrow as pa
import pytest

from pipeline.fingerprints import file_hash, stage_fingerprint
from stages import load_stage
from stages.base import mark_dropped
from stages.urls.url_filter import UrlFilter


@pytest.fixture
def lists(tmp_path):
    contents = {
        "adult": "example.co.uk\nbad.example\n",
        "malware": "bad.example\nxn--bcher-kva.example\n",
        "allow": "good.bad.example\n",
        "gambling": "casino\n",
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text)
    return {name: str(tmp_path / name) for name in contents}


def reasons(stage, urls):
    batch = pa.RecordBatch.from_pydict({"url": pa.array(urls, pa.string())})
    after = stage.apply(batch)
    if "drop_reason" not in after.schema.names:
        return [None] * len(urls)
    return after.column("drop_reason").to_pylist()


def test_a_domain_stands_for_all_below_it(lists):
    stage = UrlFilter(block={"adult": lists["adult"]})
    urls = {
        "https://a.b.example.co.uk/x": "domain: example.co.uk vs adult",
        "https://EXAMPLE.co.uk:8080": "domain: example.co.uk vs adult",
        "https://notexample.co.uk/": None,
        "https://co.uk/": None,
        "https://example.co.uk.other.example/": None,
        "https://other.example/?u=https://bad.example/": None,
    }
    assert reasons(stage, [*urls]) == [*urls.values()]


def test_the_reason_says_which_list(lists):
    stage = UrlFilter(block={name: lists[name] for name in ("adult", "malware")})
    expected = ["domain: bad.example vs adult", "domain: xn--bcher-kva.example vs malware"]
    assert reasons(stage, ["http://bad.example", "http://www.bücher.example/"]) == expected
    assert (
        reasons(stage, ["http://b%C3%BCcher.example/", "http://xn--BCHER-kva.example"])
        == [expected[1]] * 2
    )


def test_allow_lists_win(lists):
    options = {"block": {"adult": lists["adult"]}, "words": {"gambling": lists["gambling"]}}
    stage = UrlFilter(allow={"ours": lists["allow"]}, **options)
    urls = ["http://x.good.bad.example/casino", "http://bad.example/", "http://y.bad.example"]
    assert reasons(stage, urls) == [None, *["domain: bad.example vs adult"] * 2]


def test_words_of_a_url(lists):
    stage = UrlFilter(words={"gambling": lists["gambling"]})
    urls = [
        "http://my-CASINO.example/",
        "http://a.example/best%2Dcasino.html",
        "http://casinoland.example/",
    ]
    assert reasons(stage, urls) == [*["word: casino vs gambling"] * 2, None]


def test_documents_without_a_url_pass(lists):
    stage = UrlFilter(block={"adult": lists["adult"]})
    assert reasons(stage, [None, "", "nonsense", "http://", "http://%zz/"]) == [None] * 5
    batch = pa.RecordBatch.from_pydict({"text": pa.array(["x"], pa.large_string())})
    assert stage.apply(batch) is batch
    assert stage.apply(pa.RecordBatch.from_pydict({"url": pa.array([], pa.string())})).num_rows == 0


def test_a_first_reason_stays(lists):
    batch = pa.RecordBatch.from_pydict({"url": pa.array(["http://bad.example"] * 2, pa.string())})
    batch = mark_dropped(batch, "earlier", ["x: 1 vs 2", None])
    after = UrlFilter(block={"adult": lists["adult"]}).apply(batch)
    assert after.column("drop_stage").to_pylist() == ["earlier", "url_filter"]


def test_without_lists_nothing_happens():
    assert reasons(UrlFilter(), ["http://bad.example"]) == [None]


def test_contents_of_lists_are_part_of_the_fingerprint(lists, tmp_path):
    stage = load_stage("url_filter")(block={"adult": lists["adult"]})
    before = stage_fingerprint(stage)
    (tmp_path / "adult").write_text("other.example\n")
    file_hash.cache_clear()  # a run reads a file once
    assert stage_fingerprint(stage) != before


def test_a_mistake_in_a_list_shows_at_start(tmp_path):
    (tmp_path / "list").write_text("not a domain\n")
    with pytest.raises(ValueError, match="list:1: not a domain: 'not a domain'"):
        UrlFilter(block={"x": str(tmp_path / "list")}).check_settings()
