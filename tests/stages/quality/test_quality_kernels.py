"""All signals against a plain reference of the same definitions."""

import math
import re
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.quality.marks_kernels import (
    BEGINNINGS,
    BULLETS,
    BULLETS_BEFORE_BLANK,
    HAS_JAVASCRIPT,
    HAS_LOREM_IPSUM,
    HAS_POLICY,
    IS_LINK,
    PHRASES,
)
from stages.quality.measuring import SIGNALS, measure
from stages.quality.quality_kernels import FEWEST_LINES, SHORT_LINE
from stages.quality.short import UNMARKED_SCRIPTS
from stages.quality.short_kernels import LABEL_WORDS
from stages.quality.signals import MACHINE
from stages.quality.sizes_kernels import PARTS_OF_A_WORD, UNIT
from stages.quality.words_kernels import split_words
from stages.text_kernels import QUOTES_THAT_CLOSE, SPACELESS_RANGES, TERMINALS, character_classes

exhaustive = settings(deadline=None)
"""A shared machine may pause for longer than hypothesis' deadline."""


def signals_of(*texts, lang="xx"):
    """Signal name -> its value for each text."""
    rows = len(texts)
    column = pa.array(texts, pa.large_string())
    living = np.ones(rows, np.bool_)
    signals, _ = measure(column, living, np.zeros(rows, np.int64), [lang])
    return dict(zip(SIGNALS, signals.tolist(), strict=True))


def kind(character):
    return unicodedata.category(character)[0]


def is_blank(character):
    return kind(character) == "Z" or character in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"


def is_spaceless(character):
    inside = any(first <= ord(character) <= last for first, last in SPACELESS_RANGES)
    return kind(character) == "L" and inside


def is_closing(character):
    return unicodedata.category(character) in ("Pe", "Pf") or character in QUOTES_THAT_CLOSE


def pieces_of(line):
    """The words and other characters of a line in order: (text, is it a word)."""
    pieces = []
    position = 0
    while position < len(line):
        end = position + 1
        word = kind(line[position]) in "LN"
        while word and end < len(line) and kind(line[end]) in "LMN":
            alone = is_spaceless(line[position])
            if kind(line[end]) != "M" and (alone or is_spaceless(line[end])):
                break
            end += 1
        pieces.append((line[position:end], word))
        position = end
    return pieces


def size_of(word):
    """How much of a word a word of ours is, in units."""
    if not is_spaceless(word[0]) and not "\u0f00" <= word[0] <= "\u0fff":
        return UNIT
    for first, last, characters in PARTS_OF_A_WORD:
        if first <= ord(word[0]) <= last:
            return round(UNIT / characters)
    return round(UNIT / (1.8 if ord(word[0]) > 0xFFFF else 3.6))


def size_of_all(words):
    return sum(map(size_of, words))


def is_code_mark(text, position):
    before, after = text[max(position - 1, 0) : position], text[position + 1 : position + 2]
    behind_word = before.isascii() and before.isalnum()
    if text[position] == ".":
        return behind_word and after.isascii() and after.isalpha()
    return text[position] in "{}=<>\\_" or (text[position] in "([" and behind_word)


class Line:
    """What a line of a document says, step by step."""

    def __init__(self, text, start, line):
        self.words = []
        self.size = len(line.strip("".join(filter(is_blank, set(line)))))
        self.identity = []
        self.sentences = 0
        self.address_words = []
        self.hash_signs = self.ellipses = self.address = 0
        self.ends = self.has_sentence = self.ellipsis = self.link_first = False
        self.brace = "{" in line or "}" in line
        self.bullet = False
        self.phrases = 0
        code_marks, last, self.mark = 0, "", False
        position, sentence, dots, heading, address_end = start, 0, 0, False, 0
        for piece, is_word in pieces_of(line):
            after = position + len(piece)
            if is_word:
                lowered = "".join(c.lower() if c.isascii() else c for c in text[position:])
                for phrase, flag in PHRASES:
                    if not lowered.startswith(phrase.decode()):
                        continue
                    if flag != IS_LINK:
                        self.phrases |= flag
                    elif position >= address_end:
                        self.link_first |= not self.words
                        address_end = self.read_address(text, position)
                bare = [c for c in piece[1:] if not "\u0610" <= c <= "\u0670" or kind(c) != "M"]
                self.words.append(piece[0] + "".join(bare))
                self.identity.append(self.words[-1])
                if position < address_end:
                    self.address_words.append(piece)
                self.lengths = [*getattr(self, "lengths", []), len(piece)]
                self.ends = self.ellipsis = heading = self.mark = False
                last = ""
                dots = 0
            elif not is_blank(piece):
                if not self.identity:
                    followed = after < len(text) and text[after] <= " "
                    self.bullet = piece in BULLETS or (piece in BULLETS_BEFORE_BLANK and followed)
                first = not self.identity
                self.identity.append((piece,))
                heading = heading and piece == "#"
                dots = dots + 1 if piece == "." else 0
                self.ellipsis = False
                last = piece
                if after > address_end:
                    code_marks += is_code_mark(text, position)
                if not is_closing(piece):
                    self.mark = not piece.isascii() or piece in ".,;:!?-"
                if piece in TERMINALS:
                    self.ends = True
                    self.ellipses += dots == 3
                    self.ellipses += piece == "…" and text[max(position - 1, 0) : position] != "…"
                    self.ellipsis = dots >= 3 or piece == "…"
                    following = text[after : after + 1]
                    stops = not following or is_blank(following) or is_closing(following)
                    if not piece.isascii() or stops or following in TERMINALS:
                        if size_of_all(self.words[sentence:]) >= 2.5 * UNIT:
                            self.sentences += 1
                            self.has_sentence = True
                        sentence = len(self.words)
                elif not is_closing(piece):
                    self.ends = False
                if piece == "#":
                    heading = heading or first
                    self.hash_signs += not heading
                elif piece == "[":
                    self.link_first |= not self.words
                elif piece == "(" and not first and text[position - 1] == "]":
                    address_end = self.read_address(text, after)
            position = after
        self.sentences += size_of_all(self.words[sentence:]) >= 2.5 * UNIT
        self.has_sentence |= self.ends
        enough = code_marks >= 2 and 3 * code_marks * UNIT >= size_of_all(self.words)
        self.code = enough or (code_marks > 0 and last != "" and last in "{};")
        letter = next((w[0] for w in self.words), " ")
        unmarked = any(a <= ord(w[0]) <= b for w in self.words for a, b in UNMARKED_SCRIPTS)
        middle = unicodedata.category(letter) == "Ll" or unmarked
        heading = re.match(r"[\x00- ]*#{1,6} ", line)
        self.text = (middle or self.has_sentence) and not (heading or self.brace)
        self.outside = size_of_all(self.words) - size_of_all(self.address_words)
        self.link = self.link_first and 3 * self.address >= self.size and not self.has_sentence

    def read_address(self, text, position):
        end = position
        while end < len(text) and text[end] > " " and text[end] not in '")>':
            end += 1
        self.address += len(text[position:end].encode())
        return end


def reference(text):
    """Signals without n-grams (see test_repetition_kernels) and stop words."""
    lines, paragraphs, open_paragraph = [], [], []
    everything = []
    start = 0
    for raw in text.split("\n"):
        line = Line(text, start, raw)
        everything.append(line)
        start += len(raw) + 1
        if line.words:
            lines.append(line)
            open_paragraph.append(line)
        if not line.identity and open_paragraph:
            paragraphs.append(open_paragraph)
            open_paragraph = []
    if open_paragraph:
        paragraphs.append(open_paragraph)
    words = [word for line in lines for word in line.words]
    sizes = [size for line in lines for size in line.lengths]
    result = dict.fromkeys(SIGNALS, math.nan) | {"words": size_of_all(words) / UNIT}
    if result["words"] < LABEL_WORDS:
        result["text_words"] = size_of_all(w for x in lines if x.text for w in x.words) / UNIT
    if not words:
        return result
    count = size_of_all(words) / UNIT
    spaceless = 2 * sum(is_spaceless(w[0]) for w in words) >= len(words)

    def copies(items, size):
        seen, number, characters = set(), 0, 0
        for identity, item in items:
            if identity in seen:
                number += 1
                characters += size(item)
            seen.add(identity)
        return number, characters

    same_lines = copies([(tuple(x.identity), x) for x in lines], lambda x: x.size)
    same_paragraphs = copies(
        [(tuple(tuple(x.identity) for x in p), p) for p in paragraphs],
        lambda p: sum(x.size for x in p),
    )
    result |= {
        "mean_word_length": sum(sizes) / count,
        "hash_signs": sum(x.hash_signs for x in everything) / count,
        "ellipses": sum(x.ellipses for x in everything) / count,
        "letter_words": size_of_all(w for w in words if any(kind(c) == "L" for c in w))
        / size_of_all(words),
        "longest_word": max(sizes),
        "sentences": sum(x.sentences for x in lines),
        "link_bytes": sum(x.address for x in everything) / len(text.encode()),
        "duplicate_lines": same_lines[0] / len(lines),
        "duplicate_line_characters": same_lines[1] / len(text),
        "duplicate_paragraphs": same_paragraphs[0] / len(paragraphs),
        "duplicate_paragraph_characters": same_paragraphs[1] / len(text),
    }
    if len(lines) >= FEWEST_LINES:

        def share(test, items=lines):
            return sum(map(test, items)) / len(items)

        short = SHORT_LINE // 2 if spaceless else SHORT_LINE
        outside = sum(x.outside for x in lines)
        link_size = sum(max(x.outside, UNIT) for x in lines if x.link)
        line_sizes = [size_of_all(x.words) for x in lines]
        ended = share(lambda p: p[-1].has_sentence, paragraphs)
        result |= {
            "lines_per_word": len(lines) / count,
            "bullet_lines": share(lambda x: x.bullet),
            "ellipsis_lines": share(lambda x: x.ellipsis),
            "lorem_ipsum_lines": share(lambda x: x.phrases & HAS_LOREM_IPSUM != 0),
            "javascript_lines": share(lambda x: x.phrases & HAS_JAVASCRIPT != 0),
            "policy_lines": share(lambda x: x.phrases & HAS_POLICY != 0),
            "brace_lines": share(lambda x: x.brace),
            "link_lines": link_size / max(outside, link_size, 1),
            "few_word_lines": sum(s for s in line_sizes if s < 2.5 * UNIT) / sum(line_sizes),
            "short_lines": share(lambda x: x.size <= short),
            "bare_lines": share(lambda x: x.size <= short and not (x.bullet or x.mark or x.code)),
            "code_lines": share(lambda x: x.code),
            "punctuated_lines": share(lambda x: x.mark),
            "mean_line_length": np.mean([x.size for x in lines]),
            "line_length_variation": np.std([x.size for x in lines])
            / np.mean([x.size for x in lines]),
            "terminal_lines": max(share(lambda x: x.has_sentence), ended),
        }
    return result


OTHERS = {s for s in SIGNALS if s.startswith("top_") or s.endswith("_grams")}
OTHERS |= {"stop_words", *MACHINE}
FRAGMENTS = [
    "one two three",
    "The end.",
    "naïve",
    "don't",
    "ครับที่",
    "中文字",
    "かな",
    "한국어",
    "कषि",
    "कि है।",
    "مَرحَبا؟",
    "12",
    "3.14",
    "x1",
    "a",
    "#",
    "## ",
    "C#",
    "...",
    "…",
    "……",
    "- ",
    "• ",
    "* ",
    "?!",
    "”",
    ")",
    "{",
    "}",
    "Lorem ipsum",
    "JavaScript",
    "terms of use",
    "use cookies",
    "http://x.y/z",
    "www.a.b",
    "[t](#u)",
    "[",
    "f(x)",
    "a.b",
    "_",
    "=",
    "};",
    "](",
    "http",
    ",",
    ";",
    " ",
    "  ",
    "\t",
    "\u3000",
    "\n",
    "\n",
    "\n\n",
    "\n---\n",
    "。",
    "！",
    "́",
    "\u200d",
    "👍",
]


@exhaustive
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))
def test_signals_agree_with_the_reference(text):
    found = {name: values[0] for name, values in signals_of(text).items()}
    for name, expected in reference(text).items():
        if name not in OTHERS:
            assert found[name] == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), name


@exhaustive
@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_text_is_measured_the_same_alone_and_in_company(texts):
    together = signals_of(*texts)
    for row, text in enumerate(texts):
        for name, values in signals_of(text).items():
            assert together[name][row] == pytest.approx(values[0], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one two 12", 3),
        ("中文网页" * 9, 36 / 1.8),
        ("ที่นี่" * 18, 36 / 3.6),
        ("ひらがな" * 17, 68 / 1.7),
        ("བོད་ཡིག་" * 3, 6 / 1.5),
        ("မြန်မာ" * 7, 21 / 2.1),
        ("中文 abc", 2 / 1.8 + 1),
    ],
)
def test_characters_of_spaceless_scripts_are_parts_of_words(text, words):
    assert signals_of(text)["words"] == pytest.approx([words], rel=3e-3)


def test_phrases_that_begin_alike_share_their_first_three_bytes():
    for phrase, _ in PHRASES:
        assert BEGINNINGS[phrase[0]] == int.from_bytes(phrase[:3], "little")


@exhaustive
@given(st.lists(st.sampled_from(["abcdefg", "hij", "é", "中", "12", "я", "\u064b"]), max_size=8))
def test_a_word_is_the_same_wherever_it_stands(parts):
    """Eight bytes are read at a time, but for the last of a text and words with other letters."""
    word = "".join(parts)
    hashes = [split(text)[0] for text in (word, word + " x", word + "，", word + "." * 9)]
    count = len(hashes[0])
    assert all(np.array_equal(found[:count], hashes[0]) for found in hashes)


def split(text):
    """Hashes and lengths of the words of a text."""
    data = np.frombuffer(text.encode(), np.uint8)
    hashes = np.zeros(len(data) + 1, np.uint64)
    lengths = np.zeros(len(data) + 1, np.int64)
    count = split_words(data, *character_classes(), hashes, lengths)
    return hashes[:count], lengths[:count]


@exhaustive
@given(
    st.lists(st.text("abcz19éя中", min_size=1, max_size=20), min_size=2, max_size=2, unique=True)
)
def test_other_words_have_other_hashes(words):
    (first, _), (second, _) = map(split, words)
    assert not np.array_equal(first, second)


def test_a_share_of_three_lines_says_nothing():
    assert math.isnan(signals_of("a\nb\nc")["short_lines"][0])
    assert signals_of("a\nb\nc\nd")["short_lines"] == [1]


def test_headings_are_no_hash_signs():
    assert signals_of("## Heading\n#tag C#")["hash_signs"] == pytest.approx([1 / 3])


def test_a_hard_wrapped_paragraph_ends_where_it_ends():
    text = "A sentence that was\nwrapped by someone\nat a width of twenty\ncharacters ends here."
    assert signals_of(text)["terminal_lines"] == [1]


@pytest.mark.parametrize(
    ("lang", "text", "found"),
    [
        ("en", "The cat is on THE mat", 3),
        ("th", "แมวและนกที่บ้าน", 2),
        ("zh", "我是中国人", 4),
        ("ar", "ذَهَبَ إِلَى البَيتِ مِنْ هُنا", 2),
        ("fr", "l'eau et d'autres", 3),
    ],
)
def test_distinct_stop_words_are_counted(lang, text, found):
    assert signals_of(text, lang=lang)["stop_words"] == [found]


def test_languages_without_a_list_have_no_stop_words():
    assert math.isnan(signals_of("the be to of", lang="xx")["stop_words"][0])
