"""The stage ``quality``: one test a rule, languages, the score, settings."""

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from stages.base import DROP_REASON, mark_dropped
from stages.quality.judging import Judge, plain_numbers
from stages.quality.measuring import SIGNALS
from stages.quality.quality import PREFIX, SCORE, Quality
from stages.quality.rules import FAMILIES, LANGUAGES, RULES, language_key, thresholds_of
from stages.quality.stop_words import build, stop_words

SENTENCES = """\
The river runs through the old town and turns to the west behind the mill.
In spring the water rises, and people who live near the bank move their boats.
A wooden bridge was built here in 1832; it has been repaired many times since.
Nobody remembers who planted the three oaks that stand beside the road.
When the fair comes, children are allowed to stay awake until the music ends.
"""


def batch_of(*texts, **columns):
    return pa.record_batch({"text": pa.array(texts, pa.large_string())} | columns)


def judged(text, lang="en", **settings):
    """The reason for which a document goes, or None."""
    batch = Quality(**settings).apply(batch_of(text, lang=pa.array([lang])))
    return batch[DROP_REASON][0].as_py() if DROP_REASON in batch.schema.names else None


def numbered(line, count):
    """Lines that say different things: ``{}`` is a number in letters."""
    digits = str.maketrans("0123456789", "abcdefghij")
    return "\n".join(line.format(str(i * 7919).translate(digits)) for i in range(count))


DIFFERENT = " ".join(f"{a}{b}{c}" for a in "kmprt" for b in "aeiou" for c in ("lin", "den", "sar"))
"""75 words that are all different."""

EXAMPLES = {
    "gopher_short_doc": "Twelve words are not enough to say what this page is about.",
    "gopher_below_avg_word_length": "a bc " * 30,
    "gopher_above_avg_word_length": numbered("electroencephalography {}tttttttttttttt", 60),
    "gopher_hash_signs": SENTENCES.replace(" ", " #"),
    "gopher_ellipses": SENTENCES.replace(" the", " … the").replace(" and", "... and") * 1
    + " ok…" * 9,
    "gopher_bullet_lines": "\n".join("- " + line for line in SENTENCES.splitlines()),
    "gopher_ellipsis_lines": SENTENCES.replace(".\n", "...\n"),
    "gopher_letter_words": SENTENCES + " ".join(str(n) for n in range(90)),
    "gopher_stop_words": DIFFERENT,
    "repetition_paragraphs": SENTENCES + "\n" + "Read more about the bridge.\n\n" * 9,
    "repetition_lines": SENTENCES + "Read more about it.\n" * 9,
    "repetition_5_grams": SENTENCES + SENTENCES.replace("\n", " "),
    "c4_lorem_ipsum": SENTENCES + "Lorem ipsum dolor sit amet is what printers write.\n",
    "c4_long_word": SENTENCES + "x" * 1001,
    "c4_javascript_lines": "JavaScript is off: " + SENTENCES.replace("\n", "\nJavascript is off: "),
    "c4_policy_lines": SENTENCES + "By using this site you accept our Privacy Policy.\n",
    "c4_link_lines": numbered("* [The {} of it](https://example.org/books)", 12),
    "c4_link_bytes": SENTENCES + "See https://example.org/" + "a/" * 250 + " for the maps.",
    "c4_few_word_lines": SENTENCES + numbered("Item {}.", 90),
    "c4_bare_lines": numbered("Some more {}", 30),
    "c4_sentences": SENTENCES.replace("\n", " ").replace(".", ""),
    "fineweb_line_ends": SENTENCES.replace(".", "").replace(";", ""),
    "fineweb_short_lines": SENTENCES + numbered("This {} is a verse.", 120),
    "fineweb_new_lines": SENTENCES + numbered("{} it", 300),
}


@pytest.mark.parametrize("rule", EXAMPLES)
def test_rule(rule):
    reason = judged(EXAMPLES[rule], languages={"en": quiet_but(rule)}, other_kinds="drop")
    assert reason is not None
    assert reason.startswith(f"{rule}: ")
    value, threshold = map(float, reason.removeprefix(f"{rule}: ").split(" vs "))
    assert value != threshold


def quiet_but(rule):
    """Every other rule off: an example of one fault may have others."""
    return {r.name: None for r in RULES if r.name != rule}


def test_sound_text_stays():
    assert judged(SENTENCES) is None


def test_the_reason_names_rule_value_and_threshold():
    assert judged("Terms of use") == "gopher_text_words: 0 vs 3"
    text = EXAMPLES["gopher_short_doc"]
    assert judged(text, other_kinds="drop") == "gopher_short_doc: 12 vs 50"


def test_the_first_rule_in_order_is_the_reason():
    assert judged("Spam " * 9) == "gopher_text_words: 0 vs 3"
    assert judged("spam " * 9) == "repetition_top_2_gram: 1 vs 0.5"
    assert judged("spam " * 60).startswith("gopher_stop_words: 0")


def test_a_value_at_the_threshold_passes():
    text = "the to " + " ".join(f"word{a}{b}" for a in "abcdefgh" for b in "abcdef")
    assert judged(text, rules=["gopher"]) is None
    shorter = text.rsplit(" ", 1)[0]
    reason = judged(shorter, rules=["gopher"], other_kinds="drop")
    assert reason == "gopher_short_doc: 49 vs 50"


SOUND = {
    "zh": (
        "人们在河边修建了一座木桥。桥建成以后，两岸的居民可以自由来往，集市也因此热闹"
        "起来。每年春天河水上涨，桥面常常被淹没，所以后来又改建成石桥。今天这座桥已经"
        "成为当地最重要的古迹，许多游客专程前来参观。"
    ),
    "ja": (
        "川のほとりに木の橋が架けられた。橋ができてから、両岸の人々は自由に行き来でき"
        "るようになり、市場もにぎわった。春になると水かさが増し、橋はたびたび水に沈ん"
        "だので、のちに石の橋に改められた。"
    ),
    "th": (
        "ชาวบ้านสร้างสะพานไม้ข้ามแม่น้ำ หลังจากสร้างเสร็จผู้คนทั้งสองฝั่งก็ไปมาหาสู่กันได้ และตลาดก็คึกคักขึ้น"
        "มาก ทุกปีในฤดูฝนน้ำจะท่วมสะพาน จึงมีการสร้างสะพานหินขึ้นใหม่ในเวลาต่อมา"
    ),
    "km": (
        "អ្នកភូមិបានសាងសង់ស្ពានឈើឆ្លងទន្លេ ហើយបន្ទាប់ពីសាងសង់រួច ប្រជាជននៅលើច្រាំងទាំងពីរអាចទៅមករកគ្នាបា"
        "ន និងផ្សារក៏មានភាពអ៊ូអរជាងមុន។"
    ),
    "hi": (
        "गाँव के लोगों ने नदी पर लकड़ी का एक पुल बनाया। पुल बनने के बाद दोनों किनारों के लोग आसानी"
        " से आने जाने लगे और बाज़ार में भी रौनक बढ़ गई। हर साल बरसात में पानी पुल के ऊपर आ जाता था"
        ", इसलिए बाद में पत्थर का पुल बनाया गया। आज यह पुल उस इलाके की सबसे पुरानी धरोहर है।"
    ),
    "ar": (
        "بنى أهل القرية جسرا من الخشب على النهر. وبعد أن اكتمل الجسر صار الناس على ال"
        "ضفتين يتنقلون بحرية، ونشطت السوق في المدينة. وفي كل ربيع كان الماء يغمر الجس"
        "ر، لذلك أعيد بناؤه من الحجر. هل رأيت الجسر القديم؟ إنه اليوم من أهم المعالم "
        "في المنطقة كلها، ويزوره كثير من الناس كل عام."
    ),
    "ko": (
        "마을 사람들은 강 위에 나무 다리를 놓았다. 다리가 생긴 뒤로 양쪽 강가에 사는 "
        "사람들은 자유롭게 오갈 수 있게 되었고 시장도 더 북적이게 되었다. 봄마다 물이"
        " 불어 다리가 자주 잠겼기 때문에 나중에는 돌로 다시 지었다. 오늘 이 다리는 그"
        " 고장에서 가장 오래된 유적이며 해마다 많은 손님이 찾아와 사진을 찍고 강을 바"
        "라보다가 돌아간다. 다리 옆에는 작은 집도 있다."
    ),
}


@pytest.mark.parametrize("lang", SOUND)
def test_sound_text_stays_in_every_script(lang):
    assert judged(SOUND[lang], lang) is None


@pytest.mark.parametrize("lang", ["zh", "th", "km"])
def test_spaceless_text_of_an_unknown_language_is_judged_as_such(lang):
    assert judged(SOUND[lang], None) is None


def test_chinese_verse_stays():
    verse = (
        "床前明月光，\n疑是地上霜。\n举头望明月，\n低头思故乡。\n"
        "空山不见人，\n但闻人语响。\n返景入深林，\n复照青苔上。\n"
    )
    assert (
        judged(verse * 1 + "白日依山尽，\n黄河入海流。\n欲穷千里目，\n更上一层楼。\n", "zh") is None
    )


def test_keyword_spam_goes_in_every_kind_of_script():
    english = " ".join(["cheap hotels", "best price", "buy online", "discount deals"] * 20)
    chinese = "酒店预订 特价机票 打折促销 优惠团购 " * 20
    thai = "โรงแรมราคาถูก ตั๋วเครื่องบิน ส่วนลดพิเศษ จองออนไลน์ " * 20
    assert judged(english) is not None
    assert judged(chinese, "zh") is not None
    assert judged(thai, "th") is not None


def test_declared_language_counts_where_none_was_found():
    columns = {"lang": pa.array([None, "en"], pa.string()), "declared_lang": pa.array(["th", "th"])}
    long = SOUND["th"] + " " + SOUND["th"]
    batch = Quality(rules=["gopher"]).apply(batch_of(long, long, **columns))
    assert batch[DROP_REASON].to_pylist() == [None, "gopher_stop_words: 0 vs 2"]


def test_signals_are_columns_and_dead_rows_have_none():
    batch = mark_dropped(batch_of(SENTENCES, SENTENCES), "earlier", ["rule: 1 vs 2", None])
    result = Quality().apply(batch)
    for name in SIGNALS:
        assert result[PREFIX + name].type == pa.float32()
        assert result[PREFIX + name][0].as_py() is None
    assert result["signal_words"].to_pylist() == [None, 71]
    assert result["signal_stop_words"].to_pylist() == [None, None]  # no language, no list
    assert result[SCORE][0].as_py() is None
    assert 0.5 < result[SCORE][1].as_py() < 1
    assert result[DROP_REASON].to_pylist() == ["rule: 1 vs 2", None]


def test_only_what_the_rules_ask_for_is_measured_on_demand():
    everything = Quality().apply(batch_of(SENTENCES, lang=pa.array(["en"])))
    some = Quality(rules=["fineweb"], signals="rules")
    some = some.apply(batch_of(SENTENCES, lang=pa.array(["en"])))
    asked = {rule.signal for rule in RULES if rule.family == "fineweb"}
    for name in asked:
        assert some[PREFIX + name] == everything[PREFIX + name], name
    for name in ("top_2_gram", "stop_words"):
        assert some[PREFIX + name].null_count == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_judges_the_same_whatever_else_is_measured(family):
    for text in EXAMPLES.values():
        batch = batch_of(text, lang=pa.array(["en"]))
        some = Quality(rules=[family], signals="rules").apply(batch)
        every = Quality(rules=[family]).apply(batch)
        for name in set(every.schema.names) - {PREFIX + name for name in SIGNALS} - {SCORE}:
            assert some[name] == every[name]


def test_a_quality_that_the_input_brought_stays():
    batch = batch_of(SENTENCES, quality=pa.array([0.25], pa.float32()))
    assert Quality().apply(batch)[SCORE].to_pylist() == [0.25]


def test_the_score_is_the_mean_headroom():
    signals = np.full((len(SIGNALS), 2), np.nan, np.float32)
    thresholds = np.full((2, len(RULES)), np.nan, np.float32)
    signals[SIGNALS.index("words")] = [200, 200]  # at least 50: headroom 0.75
    signals[SIGNALS.index("hash_signs")] = [0.05, 0.2]  # at most 0.1: 0.5 and 0
    thresholds[:, [r.name for r in RULES].index("gopher_short_doc")] = 50
    thresholds[:, [r.name for r in RULES].index("gopher_hash_signs")] = 0.1
    assert Judge(RULES, SIGNALS).score(signals, thresholds) == pytest.approx([0.625, 0.375])


def test_families_can_be_left_out():
    assert judged("too short", rules=["fineweb"]) is None


def test_thresholds_of_the_caller():
    assert judged("just three words") is None
    assert judged("just three words", thresholds={"gopher_text_words": 4}).endswith("3 vs 4")
    brace = SENTENCES.replace(".", "{.")
    assert judged(brace) is None
    assert judged(brace, thresholds={"c4_brace_lines": 0.5}) == "c4_brace_lines: 1 vs 0.5"


def test_what_is_off_for_a_language_stays_off_unless_it_is_named():
    line_ends = [r.name for r in RULES].index("fineweb_line_ends")
    settings = (FAMILIES, {"fineweb_line_ends": 0.2})
    assert np.isnan(thresholds_of("th", *settings)[line_ends])
    assert thresholds_of("en", *settings)[line_ends] == np.float32(0.2)
    named = thresholds_of("th", *settings, {"th": {"fineweb_line_ends": 0.1}})
    assert named[line_ends] == np.float32(0.1)
    off = thresholds_of("en", *settings, {"en": {"fineweb_line_ends": None}})
    assert np.isnan(off[line_ends])


@pytest.mark.parametrize(
    "settings",
    [
        {"thresholds": {"gopher_short_docs": 1}},
        {"languages": {"en": {"gopher_short_docs": None}}},
    ],
)
def test_an_unknown_rule_names_the_nearest(settings):
    with pytest.raises(ValidationError, match="did you mean 'gopher_short_doc'"):
        Quality(**settings)


def test_c4_line_removal():
    menu = "Home\nAbout us now\n" + SENTENCES + "Please enable JavaScript to see this page.\n"
    batch = Quality(remove_lines=["c4"]).apply(batch_of(menu, lang=pa.array(["en"])))
    assert batch["text"].to_pylist() == [SENTENCES.rstrip("\n")]
    assert Quality().apply(batch_of(menu))["text"].to_pylist() == [menu]


def test_c4_line_removal_keeps_thai_lines_and_dead_rows():
    texts = [SOUND["th"], "a\nb"]
    batch = batch_of(*texts, lang=pa.array(["th", "th"]))
    batch = mark_dropped(batch, "earlier", [None, "rule: 1 vs 2"])
    assert Quality(remove_lines=["c4"]).apply(batch)["text"].to_pylist() == texts


def test_an_empty_batch_and_empty_texts():
    assert Quality().apply(batch_of()).num_rows == 0
    batch = Quality().apply(batch_of("", "x"))
    expected = ["gopher_text_words: 0 vs 3", "gopher_text_words: 1 vs 3"]
    assert batch[DROP_REASON].to_pylist() == expected


def test_rules_and_languages_name_what_exists():
    assert {rule.signal for rule in RULES} <= set(SIGNALS)
    names = {rule.name for rule in RULES}
    assert len(names) == len(RULES)
    assert all(set(rules) <= names for rules in LANGUAGES.values())


def test_language_keys():
    assert [language_key(x) for x in ("zh-Hant", "pt_BR", "EN", None, "")] == [
        "zh", "pt", "en", "und", "und",
    ]  # fmt: skip


def test_numbers_are_written_plainly():
    values = np.array([12, 0.031415, 100000, 1.5, 123456], np.float32)
    assert plain_numbers(values).to_pylist() == ["12", "0.03142", "100000", "1.5", "123456"]


def test_the_lists_of_stop_words_hold_what_kernels_can_look_up():
    assert len(stop_words().numbers) >= 35
    with pytest.raises(ValueError, match="0 words of ours"):
        build([("xx", ["।"])])


GOOD = (
    "mono_th_wiki-articles",
    "mono_zh_laws",
    "mono_ja_aozora",
    "mono_ru_literature",
    "mono_ar_classical",
)


@pytest.mark.parametrize("source", GOOD)
def test_sound_sources_lose_little_but_short_documents(development_data, source):
    zstandard = pytest.importorskip("zstandard")
    orjson = pytest.importorskip("orjson")
    with open(development_data / f"{source}.jsonl.zst", "rb") as file:
        lines = zstandard.ZstdDecompressor().stream_reader(file).read(8 << 20).splitlines()[:-1]
    rows = [orjson.loads(line) for line in lines]
    languages = pa.array([row["lang"] for row in rows])
    batch = Quality().apply(batch_of(*(row["text"] for row in rows), lang=languages))
    if DROP_REASON in batch.schema.names:
        dropped = [r for r in batch[DROP_REASON].to_pylist() if r and "short_doc" not in r]
        assert len(dropped) <= 0.05 * len(rows)
