"""Addresses without the language they name: a table of codes, and codes learned from a crawl."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers, text_column

CODES: dict[str, str] = {
    "en": "en eng english us uk gb", "zh": "zh cn zho chi chinese zhs zht hans hant tw hk",
    "ja": "ja jp jpn japanese", "ko": "ko kr kor korean", "th": "th tha thai",
    "vi": "vi vn vie vietnamese", "fr": "fr fra fre french francais", "de": "de deu ger german "
    "deutsch at", "es": "es spa spanish espanol mx", "pt": "pt por portuguese portugues br ptbr",
    "it": "it ita italian italiano", "ru": "ru rus russian", "ar": "ar ara arabic ae sa eg",
    "fa": "fa ir fas per persian farsi", "hi": "hi hin hindi in", "he": "he iw il heb hebrew",
    "id": "id in ind indonesian", "tr": "tr tur turkish", "pl": "pl pol polish polski",
    "nl": "nl nld dut dutch", "sv": "sv se swe swedish", "da": "da dk dan danish",
    "fi": "fi fin finnish", "nb": "nb no nob norwegian", "nn": "nn nno", "no": "no nb nor",
    "cs": "cs cz ces cze czech", "sk": "sk slk slo slovak", "sl": "sl si slv slovenian",
    "hu": "hu hun hungarian", "ro": "ro ron rum romanian", "bg": "bg bul bulgarian",
    "uk": "uk ua ukr ukrainian", "el": "el gr ell gre greek", "ca": "ca cat catalan",
    "hr": "hr hrv croatian", "sr": "sr rs srp serbian", "lt": "lt lit", "lv": "lv lav",
    "et": "et ee est", "ms": "ms my msa may malay", "bn": "bn bd ben bengali",
    "ta": "ta tam tamil", "te": "te tel", "ur": "ur urd urdu", "sw": "sw swa swahili",
    "tl": "tl fil tgl", "km": "km kh khm khmer", "lo": "lo la lao", "my": "my mm mya bur",
    "ne": "ne np nep", "si": "si lk sin", "ka": "ka ge kat", "hy": "hy am hye", "az": "az aze",
    "kk": "kk kz kaz", "uz": "uz uzb", "mn": "mn mon", "af": "af afr", "sq": "sq al sqi",
    "eu": "eu eus", "gl": "gl glg", "be": "be by bel", "mk": "mk mkd", "is": "is isl",
}  # fmt: skip
"""Language -> what addresses call it: ISO 639-1, 639-2 and 639-3, names, and the countries by which
sites mean it. Regions and scripts behind a hyphen or an underscore (``pt-BR``) need no entry. One
name may stand for several languages: which is meant, the document's own language tells."""

LEAST_VOTES = 3
"""Addresses, the same but for the code, that a learned code needs."""
LEAST_SHARE = 0.9
"""Of the votes for a code, those for one language."""


REGIONS = (2, 3, 4, 6, 7)
"""Characters that a region or script behind a given code may have: ``pt-BR``, ``zh-Hant-TW``."""


class CodeTable:
    """Codes by language, ready for the kernel."""

    def __init__(self, learned: Mapping[str, str]) -> None:
        """Take the given table and learned codes (code -> language)."""
        names: dict[str, list[str]] = {lang: text.split() for lang, text in CODES.items()}
        for code, language in sorted(learned.items()):
            names.setdefault(language, []).append(code)
        self.languages = sorted(names)
        self.tables = {language: _hash_table(names[language]) for language in self.languages}

    def keys(self, urls: pa.Array, languages: pa.Array) -> tuple[pa.Array, np.ndarray]:
        """Each address without the codes of its document's language.

        Args:
            urls: string [rows].
            languages: string [rows], ``zh-Hans`` like ``zh``.

        Returns:
            large_string [rows], empty where there is no address; and bool [rows]: whether a code
            was left out.
        """
        from stages.bilingual.pairing.url_slots_kernels import without_codes

        base = base_languages(languages)
        result = pa.nulls(len(urls), pa.large_string())
        named = np.zeros(len(urls), np.bool_)
        texts = pc.fill_null(urls, "")
        for language in pc.unique(base).to_pylist():
            mine = np.flatnonzero(pc.equal(base, language).to_numpy(zero_copy_only=False))
            data, offsets = text_buffers(texts.take(pa.array(mine)))
            keys, numbers = self.tables.get(language, _hash_table([]))
            out, out_offsets = np.empty(len(data), np.uint8), np.zeros(len(mine) + 1, np.int64)
            found = np.zeros(len(mine), np.bool_)
            spoken = np.ones(len(mine), np.int64)
            without_codes(data, offsets, spoken, keys, numbers, out, out_offsets, found)
            named[mine] = found
            places = np.full(len(urls), -1, np.int64)
            places[mine] = np.arange(len(mine))
            mine_keys = text_column(out, out_offsets).take(pa.array(places, mask=places < 0))
            result = pc.coalesce(result, mine_keys)
        return result, named


def base_languages(languages: pa.Array) -> pa.Array:
    """``zh-Hans`` as ``zh``; null as an empty text."""
    return pc.replace_substring_regex(pc.fill_null(languages, ""), "-.*", "")


def _hash_table(codes: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of codes, all of the language number 1: keys uint64, numbers int64."""
    distinct = sorted(set(codes))
    size = 1 << (4 * len(distinct) + 2).bit_length()
    keys, numbers = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    for code in distinct:
        key = _code_hash(code)
        at = key & (size - 1)
        while keys[at]:
            at = (at + 1) & (size - 1)
        keys[at], numbers[at] = key, 1
    return keys, numbers


@cache
def _code_hash(code: str) -> int:
    """As the kernel's ``code_hash``."""
    from stages.bilingual.pairing.url_slots_kernels import possible_codes

    url = f"http://h.h/{code}".encode()
    room = [np.empty(64, kind) for kind in (np.int64, np.uint64, np.uint64, np.int64, np.int64)]
    count = possible_codes(
        np.frombuffer(url, np.uint8), np.array([0, len(url)], np.int64), *room
    )  # fmt: skip
    whole = np.flatnonzero(room[4][:count] - room[3][:count] == len(code))  # "a-en" holds "en" too
    assert len(whole), f"{code}: no code can look like this"
    return int(room[2][whole[0]])


def possible_slots(urls: pa.Array, languages: pa.Array) -> pa.Table:
    """Everything in addresses that might be a code: ``pattern`` uint64, ``code``, ``lang``."""
    from stages.bilingual.pairing.url_slots_kernels import MOST_SLOTS, possible_codes

    data, offsets = text_buffers(pc.fill_null(urls, ""))
    room = len(urls) * MOST_SLOTS
    rows, begins, ends = (np.empty(room, np.int64) for _ in range(3))
    patterns, codes = np.empty(room, np.uint64), np.empty(room, np.uint64)
    size = possible_codes(data, offsets, rows, patterns, codes, begins, ends)
    begins, ends = begins[:size], ends[:size]
    lengths = ends - begins
    starts = np.cumsum(lengths) - lengths
    places = np.arange(int(lengths.sum())) + np.repeat(begins - starts, lengths)
    texts = text_column(np.ascontiguousarray(data[places]), np.append(starts, lengths.sum()))
    return pa.table(
        {
            "pattern": pa.array(patterns[:size]),
            "code": pc.replace_substring(pc.ascii_lower(texts), "_", "-"),
            "lang": base_languages(languages).take(pa.array(rows[:size])),
        }
    )


def votes(slots: pa.Table) -> dict[str, dict[str, int]]:
    """Which codes stand for which language, by addresses that differ in nothing else.

    An address votes if at least two languages have it, each with one code of its own: a page of
    many colours is no page in many languages.

    Args:
        slots: as ``possible_slots`` gives them; all of a pattern are here.
    """
    none = pa.scalar("")
    slots = slots.filter(pc.not_equal(slots.column("lang"), none))
    distinct = slots.group_by(["pattern", "code", "lang"], use_threads=False).aggregate([])
    by_pattern = distinct.group_by("pattern", use_threads=False).aggregate(
        [("code", "count_distinct"), ("lang", "count_distinct"), ("lang", "count")]
    )
    several = pc.greater(by_pattern.column("lang_count_distinct"), 1)
    for name in ("code_count_distinct", "lang_count"):
        several = pc.and_(
            several, pc.equal(by_pattern.column(name), by_pattern.column("lang_count_distinct"))
        )
    good = by_pattern.filter(several).column("pattern")
    voting = distinct.filter(pc.is_in(distinct.column("pattern"), value_set=good))
    counted = voting.group_by(["code", "lang"], use_threads=False).aggregate([([], "count_all")])
    result: dict[str, dict[str, int]] = {}
    for row in counted.to_pylist():
        result.setdefault(row["code"], {})[row["lang"]] = row["count_all"]
    return result


def learned_codes(parts: Iterable[dict[str, dict[str, int]]]) -> dict[str, str]:
    """Codes that enough votes agree on, the given table's left out: code -> language."""
    total: dict[str, Counter[str]] = {}
    for part in parts:
        for code, by_language in part.items():
            total.setdefault(code, Counter()).update(by_language)
    given = {language: set(text.split()) for language, text in CODES.items()}
    learned = {}
    for code, by_language in sorted(total.items()):
        language, most = max(by_language.items(), key=lambda entry: (entry[1], entry[0]))
        enough = most >= LEAST_VOTES and most >= LEAST_SHARE * by_language.total()
        base, _, region = code.partition("-")
        known = {code, base} if len(region) in REGIONS else {code}
        if enough and not known & given.get(language, set()):
            learned[code] = language
    return learned
