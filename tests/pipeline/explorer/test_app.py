"""The explorer's pages: what they find, and that hostile text is inert."""

import re

import pytest

from ..small_runs import corpus_recipe, run_inline, write_corpus

pytest.importorskip("duckdb")
pytest.importorskip("starlette")
testclient = pytest.importorskip("starlette.testclient")

from pipeline.explorer.app import make_app  # noqa: E402

HOSTILE = (
    '<script>document.title = "taken"</script><img src=x onerror="alert(1)"> "quotes" \'and\' '
    "{{ 7 * 7 }} \u202eright to left\u202c and a\x00null"
)
SENTENCE = " This is a plain sentence of English text, as it stands on many pages of the web."


@pytest.fixture(scope="module")
def client(sample_run):
    with testclient.TestClient(make_app(sample_run), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    lines = [
        {"id": "one", "text": HOSTILE + SENTENCE, "url": "javascript:alert(1)"},
        {"id": "two", "text": "The bread rises slowly. " * 45_000},
        {"id": "three", "text": "A third document." + SENTENCE},
    ]
    write_corpus(folder / "corpus" / "a.jsonl", lines)
    outcome = run_inline(corpus_recipe(folder, "stages: [langid: {}]\n"))
    with testclient.TestClient(make_app(outcome.folder), base_url="http://localhost") as client:
        yield client


def test_all_kept_documents_are_listed(client, sample_outcome):
    kept = sample_outcome.summary["kept"]["documents"]
    page = client.get("/").text
    assert f"1 to 50 of {kept:,} documents" in page
    assert page.count("<li>") == 50
    later = re.search(r'href="(/\?[^"]*page=1[^"]*)"', page).group(1).replace("&amp;", "&")
    assert "51 to 100 of" in client.get(later).text


def test_a_search_by_text_and_language_marks_what_was_looked_for(client):
    page = client.get("/", params={"text": "BREAD", "lang": "en"}).text
    assert "<mark>bread</mark>" in page
    assert "of 0 documents" not in page
    assert "No document is like this" in client.get("/", params={"text": "no such words"}).text


def test_removed_documents_by_rule_and_by_a_signal(client, sample_outcome):
    dropped = [r for r in sample_outcome.summary["removed"] if r["rule"] == "gopher_stop_words"]
    count = sum(row["documents"] for row in dropped)
    page = client.get("/", params={"place": "removed", "rule": "gopher_stop_words"}).text
    assert f"of {count} documents" in page
    query = {"signal": "signal_words", "least": "100", "most": "200", "order": "down"}
    page = client.get("/", params=query).text
    values = [float(value) for value in re.findall(r"<b>signal_words ([\d.]+)</b>", page)]
    assert values == sorted(values, reverse=True)
    assert all(100 <= value <= 200 for value in values)


def test_a_document_with_its_tokens_rows_and_signals(client):
    found = client.get("/", params={"text": "lump of dough", "lang": "en"}).text
    link = re.search(r'href="(/document/[0-9a-f]+)"', found).group(1)
    page = client.get(link).text
    assert "<h2>Tokens</h2>" in page
    tokens = re.findall(r"<i>([^<]*)</i>", page)
    assert "".join(tokens).startswith("A lump of dough left alone")
    row = re.search(r'href="(/row/pretrain/\d+)"', page).group(1)
    assert link.rpartition("/")[2][:16] in client.get(row).text
    assert "signal_mean_word_length" in page


def test_a_translation_leads_to_its_parallel_document(client):
    page = client.get("/", params={"place": "parallel"}).text
    assert "bilingual" in page
    found = client.get("/", params={"text": "lump of dough", "lang": "en"}).text
    page = client.get(re.search(r'href="(/document/[0-9a-f]+)"', found).group(1)).text
    assert "<h2>Translations</h2>" in page


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"place": "nowhere"}, "there are: kept, parallel, removed"),
        ({"signal": "words; DROP TABLE kept"}, "there are: .*signal_words"),
        ({"least": "many"}, "a number is wanted"),
    ],
)
def test_a_search_that_cannot_be_made_says_what_could(client, query, message):
    answer = client.get("/", params=query)
    assert answer.status_code == 400
    assert re.search(message, answer.text)


def test_what_is_not_there(client):
    assert client.get("/document/ffff").status_code == 404
    assert client.get("/row/pretrain/99999999").status_code == 404
    assert client.get("/row/nowhere/0").status_code == 404
    assert client.post("/").status_code == 405


def test_hostile_text_is_inert(hostile):
    for address in ("/", "/?text=script"):
        answer = hostile.get(address)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "<script" not in answer.text
        assert "<img" not in answer.text
    page = hostile.get(
        re.search(r'href="(/document/[0-9a-f]+)"', hostile.get("/?text=onerror").text).group(1)
    ).text
    assert "&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "⟨U+202E⟩right to left" in page
    assert "\u202e" not in page
    assert "\x00" not in page
    assert 'href="javascript' not in page


def test_a_long_line_is_shown_in_part_until_asked_for(hostile):
    link = re.search(
        r'href="(/document/[0-9a-f]+)"', hostile.get("/", params={"text": "slowly. The"}).text
    ).group(1)
    assert len(hostile.get(link).text) < 500_000
    assert len(hostile.get(f"{link}?whole").text) > 1_000_000


def test_other_names_than_the_loopback_address_are_refused(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
