"""The sample corpus is what it says it is, and the builder writes exactly what is committed."""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from itertools import combinations

import ftfy
import pytest

from pipeline.sample import SAMPLE, SAMPLE_CORPUS, truth
from pipeline.sample.build_crawl import CRAWL_FILE, build, jaccard, misread, sprinkle, tokens

LANGUAGES = ["ar", "de", "en", "es", "fr", "hi", "id", "ja", "ko", "pt", "ru", "th", "vi", "zh"]
KINDS = {
    *("article", "exact_copy", "near_copy", "related", "boilerplate", "menu", "spam", "mojibake"),
    *("wrong_label", "personal_data", "short", "repetitive", "lorem", "links", "log", "code"),
    *("control_characters", "mixed", "good", "broken"),
}
SPACELESS = {"zh", "ja", "th"}


def read(file):
    """Line number -> document, or the bytes where the line is not a document."""
    found = {}
    for number, line in enumerate((SAMPLE_CORPUS / file).read_bytes().splitlines(), start=1):
        try:
            found[number] = json.loads(line)
        except ValueError:
            found[number] = line
    return found


@pytest.fixture(scope="module")
def articles():
    files = sorted((SAMPLE_CORPUS / "articles").glob("*.jsonl"))
    return {a["id"]: a for file in files for a in read(file).values()}


@pytest.fixture(scope="module")
def crawl():
    return read(CRAWL_FILE)


@pytest.fixture(scope="module")
def pages(crawl):
    """Truth and document of every page of the crawl that can be read."""
    return [
        (entry, crawl[entry["line"]])
        for entry in truth()
        if entry["file"] == CRAWL_FILE and entry["kind"] != "broken"
    ]


def test_every_language_has_the_same_articles(articles):
    keys = defaultdict(list)
    for article in articles.values():
        keys[article["lang"]].append(article["pair_key"])
        assert article["id"] == f"{article['lang']}/{article['pair_key']}"
        assert article["url"].endswith(f".example/{article['id']}")
    assert sorted(keys) == LANGUAGES
    assert all(topics == keys["en"] and len(set(topics)) == 12 for topics in keys.values())


def test_articles_have_the_stated_length(articles):
    for article in articles.values():
        text = article["text"]
        if article["lang"] in SPACELESS:
            assert len(text) >= 300, article["id"]
        else:
            assert 150 <= len(text.split()) <= 600, article["id"]


def test_translations_are_parallel_and_clean(articles):
    for article in articles.values():
        text, english = article["text"], articles[f"en/{article['pair_key']}"]["text"]
        assert text.count("\n\n") == english.count("\n\n"), article["id"]
        assert unicodedata.is_normalized("NFC", text), article["id"]
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\ufeff\ufffd]| $|\n\n\n", text)


def test_the_builder_writes_the_committed_bytes(tmp_path):
    build(SAMPLE, tmp_path)
    for file in (f"corpus/{CRAWL_FILE}", "truth.jsonl"):
        assert (tmp_path / file).read_bytes() == (SAMPLE / file).read_bytes(), file


def test_a_language_may_be_missing(tmp_path):
    source = tmp_path / "in"
    for name in ("corpus/articles", "snippets"):
        (source / name).mkdir(parents=True)
        for path in (SAMPLE / name).iterdir():
            if path.name not in ("fr.jsonl", "hi.jsonl"):
                (source / name / path.name).write_bytes(path.read_bytes())
    build(source, tmp_path / "out")
    lines = (tmp_path / "out" / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    originals = {json.loads(line)["of"] for line in lines} - {None}
    assert originals
    assert not any(of.startswith(("fr/", "hi/")) for of in originals)


def test_every_line_has_its_truth_and_every_truth_its_line():
    files = defaultdict(dict)
    for entry in truth():
        assert entry["line"] not in files[entry["file"]]
        files[entry["file"]][entry["line"]] = entry
    assert set(files) == {f"articles/{lang}.jsonl" for lang in LANGUAGES} | {CRAWL_FILE}
    for file, entries in files.items():
        lines = read(file)
        assert set(entries) == set(lines)
        for number, entry in entries.items():
            line = lines[number]
            if isinstance(line, dict):
                assert line["id"] == entry["id"]
            else:
                assert entry["kind"] == "broken"
                assert entry["id"].encode() in line
    ids = [entry["id"] for entry in truth()]
    assert len(ids) == len(set(ids))


def test_every_kind_occurs():
    counts = Counter(entry["kind"] for entry in truth())
    assert set(counts) == KINDS
    assert counts["article"] == 12 * len(LANGUAGES)
    assert counts["broken"] == 3
    assert 150 <= counts.total() - counts["article"] <= 220


def test_three_lines_are_broken_each_in_its_way(crawl):
    lines = (SAMPLE_CORPUS / CRAWL_FILE).read_bytes().splitlines()
    broken = [entry["line"] for entry in truth() if entry["kind"] == "broken"]
    assert broken == [25, 90, 150]
    json_, no_text, not_utf8 = (lines[number - 1] for number in broken)
    with pytest.raises(json.JSONDecodeError):
        json.loads(json_)
    assert "text" not in json.loads(no_text)
    with pytest.raises(UnicodeDecodeError):
        not_utf8.decode()
    good = [line for number, line in crawl.items() if number not in broken]
    assert all(line["text"] and line["url"] for line in good)


def test_similarities_are_as_stated(pages, articles):
    limits = {"exact_copy": (1, 1), "near_copy": (0.87, 0.995), "related": (0.3, 0.6)}
    for entry, page in pages:
        if entry["of"] is None:
            assert entry["jaccard"] is None
            continue
        damaged = entry["kind"] in ("mojibake", "control_characters")
        text = entry["clean"] if damaged else page["text"]
        similarity = jaccard(text, articles[entry["of"]]["text"])
        assert similarity == entry["jaccard"]
        low, high = limits.get(entry["kind"], (0, 1))
        assert low <= similarity <= high, (entry["kind"], entry["of"], similarity)


def test_nothing_that_is_to_be_kept_resembles_anything_else_that_is(pages, articles):
    kept = {id_: article["text"] for id_, article in articles.items()}
    for entry, page in pages:
        if entry["expect"] in ("keep", "repair"):
            kept[entry["id"]] = entry.get("clean") or page["text"]
    languages = defaultdict(list)
    for id_, text in kept.items():
        words = tokens(text)
        grams = {tuple(words[i : i + 5]) for i in range(len(words) - 4)}
        # Texts in different scripts share nothing; a first token tells enough to save the time.
        languages[unicodedata.name(words[0][0]).split()[0]].append((id_, grams))
    for group in languages.values():
        for (a, first), (b, second) in combinations(group, 2):
            shared = len(first & second)
            assert shared <= 0.65 * (len(first) + len(second) - shared), (a, b)


def test_damage_is_undone_by_what_undoes_it(pages):
    for entry, page in pages:
        if entry["kind"] == "control_characters":
            lines = page["text"].replace("\r\n", "\n")
            kept = [c for c in lines if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf")]
            assert page["text"] != entry["clean"] == "".join(kept)
        elif entry["kind"] == "mojibake":
            assert page["text"] != entry["clean"] == ftfy.fix_encoding(page["text"])
        elif entry["kind"] == "boilerplate":
            assert entry["clean"] in page["text"]


def test_personal_data_is_in_the_text_and_invented(pages):
    reserved = (
        r"[\w.]+@example\.(org|com|net)|(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}|2001:db8:.*"
        r"|020 7946 0\d{3}|07700 900\d{3}|\(\d{3}\) 555-01\d\d|\(0\)30 23125 \d{3}"
        r"|01 99 00 \d\d \d\d"
    )
    found = 0
    for entry, page in pages:
        for string in entry["personal_data"]:
            assert string in page["text"]
            assert re.fullmatch(reserved, string), string
            found += 1
        mails = set(re.findall(r"[\w.]+@[\w.]+\w", page["text"]))
        assert mails <= set(entry["personal_data"])
    assert found > 20


def test_labels_are_wrong_where_the_truth_says_so(pages):
    missing = [page for _, page in pages if "lang" not in page]
    assert 10 <= len(missing) <= 40
    for entry, page in pages:
        if entry["kind"] == "wrong_label":
            assert page["lang"] != entry["lang"]
        elif entry["lang"] != "und" and "lang" in page:
            assert page["lang"] == entry["lang"]


def test_good_pages_are_short_and_in_many_languages(pages):
    good = [(entry["lang"], page["text"]) for entry, page in pages if entry["kind"] == "good"]
    assert len(good) >= 12
    assert {lang for lang, _ in good} == set(LANGUAGES)
    assert all(80 <= len(t.split()) <= 200 for lang, t in good if lang not in SPACELESS)


def test_tokens_are_words_or_characters_without_spaces():
    assert tokens("Zwei Äpfel, 3 x") == ["zwei", "äpfel", "3", "x"]
    assert tokens("面包ABCパン") == ["面", "包", "abc", "パ", "ン"]
    assert jaccard("a b c d e f", "a b c d e g") == pytest.approx(1 / 3, abs=1e-6)


def test_damage():
    assert misread("é", "cp1252") == "Ã©"
    assert misread(misread("é", "cp1252"), "cp1252") == "ÃƒÂ©"
    assert misread("с", "cp1252") == "Ñ\u0081"
    assert sprinkle("abcd", "-", 2) == "ab-cd-"
    assert sprinkle("คำนี้ดี", ["|"], 1).replace("|", "") == "คำนี้ดี"
