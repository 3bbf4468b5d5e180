"""datatrove's four quality filters, one process, for ``quality.py``; in its own environment.

    python -m venv peer && peer/bin/pip install "datatrove[processing,io]==0.10.1" spacy \
        jieba pythainlp python-crfsuite
    peer/bin/python benchmarks/peer_quality.py DOCUMENTS.json

DOCUMENTS is ``{language: [text, ...]}`` with ISO 639-1 codes. Prints one JSON object, by language:
``tokenizer`` (the language's own where its packages are installed, else English's), ``seconds`` of
each filter with its defaults (documents go through one by one, and words are split once for all
filters, as in a pipeline); or, with ``--rules``, ``failed``, the rows that each rule alone rejects,
and ``words``, the words of each document.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.utils.text import split_into_words
from datatrove.utils.word_tokenizers import load_word_tokenizer

CODES = {
    "ar": "arb_Arab", "de": "deu_Latn", "en": "eng_Latn", "es": "spa_Latn", "fr": "fra_Latn",
    "ja": "jpn_Jpan", "ru": "rus_Cyrl", "th": "tha_Thai", "zh": "cmn_Hani",
}  # fmt: skip
QUALITY_OFF = {
    "min_doc_words": None, "max_doc_words": None, "min_avg_word_length": None,
    "max_avg_word_length": None, "max_symbol_word_ratio": None, "max_bullet_lines_ratio": None,
    "max_ellipsis_lines_ratio": None, "max_non_alpha_words_ratio": None, "min_stop_words": None,
}  # fmt: skip
REPETITION_OFF = {
    "dup_line_frac": None, "dup_para_frac": None, "dup_line_char_frac": None,
    "dup_para_char_frac": None, "top_n_grams": (), "dup_n_grams": (),
}  # fmt: skip
FINEWEB_OFF = {
    "line_punct_thr": -1, "short_line_thr": 999, "char_duplicates_ratio": 999,
    "new_line_ratio": 999,
}  # fmt: skip
TOP = {2: 0.2, 3: 0.18, 4: 0.16}
DUPLICATES = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}


def four_filters(language: str) -> dict[str, Any]:
    """The filters with their defaults."""
    return {
        "repetition": GopherRepetitionFilter(language=language),
        "gopher": GopherQualityFilter(language=language),
        "c4": C4QualityFilter(language=language),
        "fineweb": FineWebQualityFilter(language=language),
    }


def single_rules(language: str) -> dict[str, tuple[Any, tuple[str, ...]]]:
    """Rule -> a filter with only that rule on, and the reasons that it gives for it."""
    found: dict[str, tuple[Any, tuple[str, ...]]] = {}

    def quality(name: str, *reasons: str, **settings: Any) -> None:
        rule = GopherQualityFilter(language=language, **(QUALITY_OFF | settings))
        found[name] = (rule, reasons)

    def repetition(name: str, **settings: Any) -> None:
        rule = GopherRepetitionFilter(language=language, **(REPETITION_OFF | settings))
        found[name] = (rule, ())

    def fineweb(name: str, reason: str, **settings: Any) -> None:
        rule = FineWebQualityFilter(language=language, **(FINEWEB_OFF | settings))
        found[name] = (rule, (reason,))

    quality("gopher_short_doc", min_doc_words=50)
    quality("gopher_long_doc", max_doc_words=100_000)
    quality("gopher_below_avg_word_length", min_avg_word_length=3)
    quality("gopher_above_avg_word_length", max_avg_word_length=10)
    quality("gopher_hash_signs", "gopher_too_many_hashes", max_symbol_word_ratio=0.1)
    quality("gopher_ellipses", "gopher_too_many_ellipsis", max_symbol_word_ratio=0.1)
    quality("gopher_bullet_lines", max_bullet_lines_ratio=0.9)
    quality("gopher_ellipsis_lines", max_ellipsis_lines_ratio=0.3)
    quality("gopher_letter_words", max_non_alpha_words_ratio=0.8)
    quality("gopher_stop_words", min_stop_words=2)
    repetition("repetition_paragraphs", dup_para_frac=0.3)
    repetition("repetition_paragraph_size", dup_para_char_frac=0.2)
    repetition("repetition_lines", dup_line_frac=0.3)
    repetition("repetition_line_size", dup_line_char_frac=0.2)
    for n, threshold in TOP.items():
        repetition(f"repetition_top_{n}_gram", top_n_grams=((n, threshold),))
    for n, threshold in DUPLICATES.items():
        repetition(f"repetition_{n}_grams", dup_n_grams=((n, threshold),))
    for name, reason in (
        ("c4_lorem_ipsum", "lorem_ipsum"),
        ("c4_brace_lines", "curly_bracket"),
        ("c4_sentences", "too_few_sentences"),
    ):
        rule = C4QualityFilter(
            language=language,
            filter_lorem_ipsum=reason == "lorem_ipsum",
            filter_curly_bracket=reason == "curly_bracket",
            min_num_sentences=5 if reason == "too_few_sentences" else -1,
        )
        found[name] = (rule, (reason,))
    fineweb("fineweb_line_ends", "line_punct_ratio", line_punct_thr=0.12)
    fineweb("fineweb_short_lines", "short_line_ratio", short_line_thr=0.67)
    fineweb("fineweb_duplicate_lines", "char_dup_ratio", char_duplicates_ratio=0.01)
    fineweb("fineweb_new_lines", "list_ratio", new_line_ratio=0.3)
    return found


def usable(language: str) -> str:
    """The language's code where its word tokenizer can be loaded, else English's."""
    code = CODES[language]
    try:
        load_word_tokenizer(code).word_tokenize("abc")
        load_word_tokenizer(code).sent_tokenize("abc")
    except ImportError:
        return CODES["en"]
    return code


def seconds_of(texts: list[str], tokenizer: str) -> dict[str, float]:
    """Seconds of each filter over all documents."""
    filters = four_filters(tokenizer)
    for one in filters.values():
        one.filter(Document(text="A first sentence, to load what is loaded once.", id="0"))
    seconds = dict.fromkeys(filters, 0.0)
    for text in texts:
        for name, one in filters.items():
            document = Document(text=text, id="0")
            started = time.process_time()
            one.filter(document)
            seconds[name] += time.process_time() - started
    return seconds


def failed_rows(texts: list[str], tokenizer: str) -> dict[str, list[int]]:
    """Rule -> the documents that it alone rejects."""
    rules = single_rules(tokenizer)
    failed: dict[str, list[int]] = {name: [] for name in rules}
    for row, text in enumerate(texts):
        for name, (rule, reasons) in rules.items():
            result = rule.filter(Document(text=text, id="0"))
            if result is not True and (not reasons or result[1] in reasons):
                failed[name].append(row)
    return failed


def main(path: str, with_rules: bool) -> None:
    """Measure every language and print the result."""
    results = {}
    for language, texts in json.loads(Path(path).read_text(encoding="utf-8")).items():
        tokenizer = usable(language)
        results[language] = {"tokenizer": tokenizer}
        if with_rules:
            results[language]["failed"] = failed_rows(texts, tokenizer)
            results[language]["words"] = [split_into_words(text, tokenizer) for text in texts]
        else:
            results[language]["seconds"] = seconds_of(texts, tokenizer)
    print(json.dumps(results))


if __name__ == "__main__":
    main(sys.argv[1], "--rules" in sys.argv)
