"""Stop words found in text: real words, and those that every kind of text has."""

from stages.quality.stop_words_found import frequent_words, words_of


def test_words_are_letters_alone() -> None:
    assert list(words_of("The cat's 3 hats, 'tis d’accord!")) == [
        "the", "cat's"[:4], "s", "hats", "tis", "d’", "accord",
    ]  # fmt: skip
    assert list(words_of("यह हिंदी है।")) == ["यह", "हिंदी", "है"]
    assert list(words_of("می‌رود")) == ["می‌رود"]
    assert list(words_of("今日は、良い")) == ["今", "日", "は", "良", "い"]


def test_thai_words_are_two_letters_with_their_marks() -> None:
    assert list(words_of("ที่บ้าน")) == ["ที่บ้", "บ้า", "าน"]


def test_a_word_counts_where_it_is_rarest() -> None:
    news = [f"the minister said that story {k}" for k in "abcdefgh" * 8]
    laws = [f"the law that binds article {k}" for k in "abcdefgh" * 8]
    texts, kinds = news + laws, ["news"] * 64 + ["law"] * 64
    found = frequent_words(texts, ["en"] * 128, kinds)
    assert found == {"en": ("that", "the")}


def test_a_language_needs_sixty_documents() -> None:
    assert frequent_words(["eins zwei"] * 59, ["de"] * 59, ["a"] * 59) == {}
    assert frequent_words(["eins, 2 zwei!"] * 60, ["de"] * 60, ["a"] * 60) == {
        "de": ("eins", "zwei")
    }
