"""A long passage that stands twice stays where it stands first."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.passages.substring_dedup import SubstringDedup

from .passage_corpus import corpus, cut

QUOTATION = (
    "All human beings are born free and equal in dignity and rights. They are endowed with reason "
    "and conscience and should act towards one another in a spirit of brotherhood. Everyone has "
    "the right to life, liberty and security of person."
)
THAI = (
    "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม "
    "และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ ทุกคนย่อมมีสิทธิและอิสรภาพทั้งปวงตามที่กำหนดไว้"
    "ในปฏิญญานี้ โดยปราศจากการแบ่งแยกไม่ว่าชนิดใด ดังเช่น เชื้อชาติ ผิว เพศ ภาษา ศาสนา"
)
CHINESE = (
    "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"
    "人人有资格享有本宣言所载的一切权利和自由，不分种族、肤色、性别、语言、宗教、政治或其他见解、"
    "国籍或社会出身、财产、出生或其他身份等任何区别。并且不得因一人所属的国家或领土的政治的、"
    "行政的或者国际的地位之不同而有所区别，无论该领土是独立领土、托管领土、非自治领土或者处于"
    "其他任何主权受限制的情况之下。人人有权享有生命、自由和人身安全。"
)
KEEP_ALL = {"min_characters_left": 1}


@pytest.mark.parametrize("passage", [QUOTATION, THAI, CHINESE])
def test_the_first_document_keeps_a_passage_wherever_it_begins(tmp_path, passage):
    texts = [
        f"It was said once: {passage} So it was.",
        f"Someone else wrote ({passage}) in a book.",
    ]
    left = cut(SubstringDedup(**KEEP_ALL), [corpus(texts)], tmp_path)
    assert left == {0: texts[0], 1: "Someone else wrote () in a book."}


def test_passages_shorter_than_min_characters_stay(tmp_path):
    texts = [f"One {QUOTATION[:99]} ends.", f"Two {QUOTATION[:99]} stops."]
    assert list(cut(SubstringDedup(), [corpus(texts)], tmp_path).values()) == texts


def test_words_are_not_cut_in_two_and_lines_do_not_grow_together(tmp_path):
    passage = QUOTATION[4:-8]
    texts = [f"All {passage} person.", f"before\nB{passage}s\nafter", f"x\n{QUOTATION}\ny"]
    left = cut(SubstringDedup(**KEEP_ALL), [corpus(texts)], tmp_path)
    first_word = passage.split()[0]
    assert left[1] == f"before\nB{first_word} {passage.split()[-1]}s\nafter"
    assert left[2] == "x\ny"


def test_a_mark_stays_with_its_letter(tmp_path):
    """Both passages end with the letter; in one a tone mark follows."""
    passage = CHINESE[:220] + "ก"
    texts = [f"甲{passage}ขาว", f"乙{passage}้วย"]
    left = cut(SubstringDedup(**KEEP_ALL), [corpus(texts)], tmp_path)
    assert left == {0: texts[0], 1: "乙ก้วย"}


def test_repeats_within_a_document_go_too(tmp_path):
    text = f"First. {QUOTATION}\n\nSecond. {QUOTATION}"
    left = cut(SubstringDedup(), [corpus([text])], tmp_path)
    assert left[0] == f"First. {QUOTATION}\n\nSecond."


def test_scopes_keep_documents_apart(tmp_path):
    table = corpus([f"a {QUOTATION} b"] * 2, lang=["en", "fr"])
    left = cut(SubstringDedup(scope="language"), [table], tmp_path / "1")
    assert left[1] == f"a {QUOTATION} b"
    assert cut(SubstringDedup(), [table], tmp_path / "2")[1].startswith("characters_left: 0")


def test_rows_dropped_before_take_no_part(tmp_path):
    table = corpus([f"a {QUOTATION} b", f"c {QUOTATION} d"])
    earlier = pa.table({"row": [0], "drop_reason": pa.array(["barrier: 1 vs 0"])})
    left = cut(SubstringDedup(), [table], tmp_path, annotations=[[earlier]])
    assert left[1] == f"c {QUOTATION} d"


def test_the_audit_has_the_passages(tmp_path):
    stage = SubstringDedup(**KEEP_ALL)
    texts = [f"a {QUOTATION} b", f"c {QUOTATION} d"]
    cut(stage, [corpus(texts)], tmp_path)
    [[path]] = stage.exports(str(tmp_path / "barrier")).values()
    [row] = pq.read_table(path).to_pylist()
    assert row["text"] == f" {QUOTATION} "
    assert (row["documents"], row["kept_in"], row["begin"]) == (2, "0" * 16, 1)


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="sure_characters is 50: less than min_characters, 100"):
        SubstringDedup(sure_characters=50)


K, T = 4, 7
ALPHABET = "甲乙丙"  # each a word: nothing is trimmed


def earlier_copy(texts, number, begin, end):
    """Whether the passage stands in a document before, or further ahead in its own."""
    passage = texts[number][begin:end]
    if any(passage in text for text in texts[:number]):
        return True
    return passage in texts[number][: end - 1]


def removed(before, after):
    """Whether ``after`` is ``before`` without some characters (then True)."""
    rest = iter(before)
    return all(character in rest for character in after)


Texts = st.lists(st.text(ALPHABET, max_size=24), min_size=1, max_size=5)


@settings(max_examples=150)
@given(Texts, st.integers(1, 3), st.integers(1, 3))
def test_the_guarantee_holds(tmp_path_factory, texts, count, batch_rows):
    """Nothing goes without an earlier copy of k characters; of every n >= t, n - 2 (w - 1) go."""
    table = corpus(texts)
    mixed = table.take(pa.array(range(len(texts) - 1, -1, -1), pa.int64()))
    parts = [mixed.take(pa.array(range(i, len(texts), count), pa.int64())) for i in range(count)]
    stage = SubstringDedup(min_characters=K, sure_characters=T, **KEEP_ALL)
    folder = tmp_path_factory.mktemp("mixed")
    left = cut(stage, parts, folder, batch_rows=batch_rows)
    gone = {number: set() for number in range(len(texts))}
    for path in next(iter(stage.exports(str(folder / "barrier")).values())):
        for row in pq.read_table(path).to_pylist():
            number, begin, end = int(row["id"][:16], 16), row["begin"] // 3, row["end"] // 3
            assert row["text"] == texts[number][begin:end]
            assert end - begin >= K
            assert earlier_copy(texts, number, begin, end)
            gone[number] |= set(range(begin, end))
    for number, text in enumerate(texts):
        if left[number].startswith("characters_left"):
            assert left[number] == "characters_left: 0 vs 1"
            continue  # it stands in removed/, not in the audit
        assert left[number] == "".join(c for i, c in enumerate(text) if i not in gone[number])
        for begin in range(len(text) - T + 1):
            for end in range(begin + T, len(text) + 1):
                if earlier_copy(texts, number, begin, end):
                    sure = range(begin + T - K, end - (T - K))
                    assert set(sure) <= gone[number]


def test_partitions_and_batches_do_not_matter(tmp_path):
    draw = random.Random(3)
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "ข้าว", "น้ำ"]
    passages = [" ".join(draw.choices(words, k=60)) for _ in range(6)]
    texts = [
        " ".join(draw.choices(words, k=20)) + " " + draw.choice(passages)[draw.randrange(90) :]
        for _ in range(40)
    ]
    table = corpus(texts)
    one = cut(SubstringDedup(), [table], tmp_path / "one", batch_rows=40)
    parts = [table[7:19], table[19:], table[:7]]
    assert cut(SubstringDedup(), parts, tmp_path / "three", batch_rows=3) == one
    assert sum(map(len, one.values())) < sum(map(len, texts)) / 2
