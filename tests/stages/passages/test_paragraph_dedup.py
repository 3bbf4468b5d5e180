"""A paragraph that many documents have stays in one of them."""

import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.passages.paragraph_dedup import ParagraphDedup

from .passage_corpus import corpus, cut

FOOTER = "We use cookies to give you the best experience on our website."
THAI = "เว็บไซต์นี้ใช้คุกกี้เพื่อให้คุณได้รับประสบการณ์ที่ดีที่สุด"
CHINESE = "本网站使用缓存文件以便为您提供最佳的浏览体验。"


def pages(footer, count, body="This page, number {}, says something that no other page says."):
    return [f"{body.format(n)}\n\n{footer}\n" for n in range(count)]


@pytest.mark.parametrize("footer", [FOOTER, THAI, CHINESE])
def test_the_first_document_keeps_a_repeated_paragraph(tmp_path, footer):
    texts = pages(footer, 4)
    left = cut(ParagraphDedup(max_documents=3), [corpus(texts)], tmp_path)
    assert left[0] == texts[0]
    assert left[1] == "This page, number 1, says something that no other page says."


def test_up_to_max_documents_nothing_goes(tmp_path):
    texts = pages(FOOTER, 4)
    left = cut(ParagraphDedup(max_documents=4), [corpus(texts)], tmp_path)
    assert list(left.values()) == texts


def test_copies_in_one_document_count_once(tmp_path):
    texts = ["\n\n".join([FOOTER] * 9)]
    left = cut(ParagraphDedup(max_documents=2), [corpus(texts)], tmp_path)
    assert left[0] == texts[0]


def test_keep_none_leaves_no_copy(tmp_path):
    stage = ParagraphDedup(max_documents=3, keep="none")
    assert FOOTER not in "".join(cut(stage, [corpus(pages(FOOTER, 4))], tmp_path).values())


def test_copies_may_differ_in_case_punctuation_and_spacing_but_not_in_numbers(tmp_path):
    footers = [FOOTER, FOOTER.upper(), FOOTER.replace(" to", " -\nto").replace(".", "!")]
    body = "Unlike the others, this is page {}, and it is about nothing much."
    texts = [f"{body.format(n)}\n\n{footer}" for n, footer in enumerate(footers)]
    left = cut(ParagraphDedup(max_documents=1, min_words=12), [corpus(texts)], tmp_path / "a")
    assert [left[0], left[1], left[2]] == [texts[0], *(text.split("\n\n")[0] for text in texts[1:])]
    rows = [f"{n} | {n + 1} | {n + 2} | four | five | six" for n in range(4)]
    left = cut(ParagraphDedup(max_documents=1, min_words=3), [corpus(rows)], tmp_path / "b")
    assert list(left.values()) == rows


def test_short_units_stay(tmp_path):
    texts = pages("Read more about this.", 9)
    assert list(cut(ParagraphDedup(), [corpus(texts)], tmp_path).values()) == texts


def test_lines_go_and_paragraphs_stay_apart(tmp_path):
    text = "First line of page {0}.\n{1}\nLast line {0} of the first paragraph.\n\n{1}\n\nEnd {0}."
    texts = [text.format(n, FOOTER) for n in range(3)]
    stage = ParagraphDedup(unit="line", max_documents=2, min_characters_left=1)
    left = cut(stage, [corpus(texts)], tmp_path)
    assert left[2] == "First line of page 2.\nLast line 2 of the first paragraph.\n\nEnd 2."
    assert left[0].count(FOOTER) == 1  # of the two in the first document too, one stays


@pytest.mark.parametrize(
    ("scope", "column", "values"),
    [
        ("language", "lang", ["en", "en", "fr", "fr"]),
        ("source", "source", ["web", "web", "books", "books"]),
        ("domain", "url", ["https://a.org/1", "http://WWW.a.org:80/2", "b.org/x", "b.org/y"]),
    ],
)
def test_copies_are_counted_within_a_scope(tmp_path, scope, column, values):
    table = corpus(pages(FOOTER, 4), **{column: values})
    for limit, within, losers in [(1, scope, {1, 3}), (2, scope, set()), (2, "all", {1, 2, 3})]:
        stage = ParagraphDedup(scope=within, max_documents=limit)
        left = cut(stage, [table], tmp_path / f"{within}-{limit}")
        assert {number for number, text in left.items() if FOOTER not in text} == losers


def test_documents_without_a_url_take_no_part_in_domains(tmp_path):
    texts = pages(FOOTER, 4)
    left = cut(ParagraphDedup(scope="domain", max_documents=1), [corpus(texts)], tmp_path)
    assert list(left.values()) == texts


def test_a_document_of_which_little_is_left_is_dropped_with_its_reason(tmp_path):
    texts = pages(FOOTER, 3, body="Page {}")
    left = cut(ParagraphDedup(max_documents=2), [corpus(texts)], tmp_path)
    assert left == {0: texts[0], 1: "characters_left: 5 vs 50", 2: "characters_left: 5 vs 50"}


def test_rows_dropped_before_are_not_counted(tmp_path):
    table = corpus(pages(FOOTER, 4))
    earlier = pa.table({"row": [3], "drop_reason": pa.array(["barrier: 1 vs 0"])})
    stage = ParagraphDedup(max_documents=3)
    left = cut(stage, [table], tmp_path, annotations=[[earlier]])
    assert all(FOOTER in text for text in left.values())


def test_the_audit_tells_what_was_cut_and_where_it_stays(tmp_path):
    stage = ParagraphDedup(max_documents=2)
    texts = [*pages(FOOTER, 3), f"Too little is left here.\n\n{FOOTER}"]
    cut(stage, [corpus(texts)], tmp_path)
    [paths] = stage.exports(str(tmp_path / "barrier")).values()
    rows = [row for path in paths for row in pq.read_table(path).to_pylist()]
    assert [int(row["id"][:16], 16) for row in rows] == [1, 2]  # the last one was dropped whole
    for row in rows:
        text = texts[int(row["id"][:16], 16)].encode()
        assert row["text"] == FOOTER == text[row["begin"] : row["end"]].decode()
        assert (row["documents"], row["kept_in"]) == (4, "0" * 16)


PARAGRAPHS = st.sampled_from(["a b c", "A, b. C!", "ก ข ค", "x y", "a b d", "", "  ", "a\nb\nc"])


def expected(texts, limit, keep):
    """Plain Python: what is left of each text, paragraphs and blank lines aside."""

    def split(text):
        return [p for p in re.split(r"\n\s*\n", text) if p.strip()]

    def folded(paragraph):
        return tuple(re.findall(r"[a-z]|[ก-ฮ]", paragraph.lower()))

    seen: dict[tuple, set[int]] = {}
    for number, text in enumerate(texts):
        for paragraph in split(text):
            if len(folded(paragraph)) >= 3:
                seen.setdefault(folded(paragraph), set()).add(number)
    left, met = {}, set()
    for number, text in enumerate(texts):
        stays = []
        for paragraph in split(text):
            key = folded(paragraph)
            goes = len(seen.get(key, ())) > limit and (keep == "none" or key in met)
            met.add(key)
            if not goes:
                stays.append(paragraph.strip())
        left[number] = stays
    return left


@settings(max_examples=60)
@given(
    st.lists(st.lists(PARAGRAPHS, max_size=5).map("\n\n".join), max_size=12),
    st.integers(1, 3),
    st.integers(1, 4),
    st.sampled_from(["first", "none"]),
    st.integers(1, 5),
)
def test_it_agrees_with_a_dictionary_however_documents_lie(
    tmp_path_factory, texts, limit, count, keep, batch_rows
):
    table = corpus(texts)
    mixed = table.take(pa.array(range(len(texts) - 1, -1, -1), pa.int64()))
    parts = [mixed.take(pa.array(range(i, len(texts), count), pa.int64())) for i in range(count)]
    stage = ParagraphDedup(max_documents=limit, keep=keep, min_words=3, min_characters_left=1)
    left = cut(stage, parts, tmp_path_factory.mktemp("mixed"), batch_rows=batch_rows)
    for number, paragraphs in expected(texts, limit, keep).items():
        got = [p.strip() for p in re.split(r"\n\s*\n", left[number]) if p.strip()]
        if left[number].startswith("characters_left"):
            assert not paragraphs
        else:
            assert got == paragraphs


def test_more_buckets_than_one_say_the_same(tmp_path, monkeypatch):
    text = "Paragraph {} of all, seen in many.\n\nParagraph {} alone, seen in one."
    texts = [text.format(n % 7, n) for n in range(60)]
    one = cut(ParagraphDedup(min_words=6), [corpus(texts)], tmp_path / "one")
    monkeypatch.setattr("stages.passages.paragraph_dedup.BYTES_PER_RECORD", 1 << 16)
    many = cut(ParagraphDedup(min_words=6, memory=1 << 20), [corpus(texts)], tmp_path / "many")
    plan = json.loads((tmp_path / "many" / "barrier" / "plan.json").read_text())
    assert plan["settings"]["buckets"] > 1
    assert one == many
    assert sum(text.count("seen in many") for text in one.values()) == 7
