"""The HeLI method of language identification, over UTF-8 bytes.

A word that the model knows is scored by its relative frequency in each language; one that it does
not know by its n-grams of characters, the longest of which any is known (6 down to 1), spaces put
around it. A language without the word or n-gram pays a penalty. The language with the least mean
wins; how far the next one is behind says how sure that is (Jauhiainen, Lindén and Jauhiainen 2017,
"Evaluation of language identification methods using 285 languages"; HeLI-OTS, 2022).

What it must agree with is ``heliport``, to the last bit: numbers are added in its order, in
float32. Its habits are kept where they show:

* text is lower-cased and what is neither letter nor mark becomes a space (but for a few signs);
* Chinese characters are words apart from what stands beside them; where they are more than half,
  only the languages that write them are possible.

One table holds words and n-grams of all orders by 64-bit hashes: a lookup is one line of memory.
"""

from __future__ import annotations

import numpy as np

from formats.bit_kernels import load_8
from formats.compile import Scalar, array_types, kernel, step
from stages.text_kernels import before, decode

t = array_types()
I64 = t["i64"].dtype

LANES = 256
"""Room for languages, a multiple of any vector."""
PENALTY = 7.0
"""What a language pays for an n-gram that it does not have; the model's own."""
ORDERS = 6

SPACE, LETTER, CHINESE, EXPANDS, SIGMA = 0, 1, 2, 3, 4
"""What becomes of a character: a space, itself, a word apart; U+0130; capital sigma."""
CASED, IGNORABLE = 1, 2
"""What decides the form of a sigma (Unicode's Final_Sigma)."""

_WORD_SEED, _GRAM_SEED = np.uint64(0x243F6A8885A308D3), np.uint64(0x13198A2E03707344)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_START_BITS = np.uint64(24)
_START_MASK = np.uint64((1 << 24) - 1)
PADDING = 8
"""Bytes that must follow the last one of keys."""


@step(forceinline=True)
def hash_gram(data: np.ndarray, start: Scalar, stop: Scalar, seed: Scalar) -> Scalar:
    """64 bits of ``data[start:stop]``; 8 bytes must follow."""
    state = seed ^ np.uint64(stop - start)
    while start < stop:
        chunk = load_8(data, start)
        if stop - start < 8:
            chunk &= (np.uint64(1) << np.uint64(8 * (stop - start))) - np.uint64(1)
        state = (state ^ chunk) * _FACTOR
        state ^= state >> np.uint64(29)
        start += 8
    state *= _FACTOR
    return state ^ (state >> np.uint64(32))


@kernel((t["u8"], t["i64"], I64, t["i64"], t["w_f32"], t["w_u64"]))
def fill_table(
    keys: np.ndarray, key_bounds: np.ndarray, word_count: Scalar, starts: np.ndarray,
    costs: np.ndarray, slots: np.ndarray,
) -> None:  # fmt: skip
    """Make the table of words and n-grams.

    Args:
        keys: uint8, all keys one after the other, words first, and ``PADDING`` bytes.
        key_bounds: int64 [keys + 1].
        word_count: how many keys are words.
        starts: int64 [keys + 1]: key i has the postings ``starts[i]`` to ``starts[i + 1]``.
        costs: float32 [postings], written: the last one of each key becomes negative.
        slots: uint64 [power of two], zeros, written: 40 bits of the hash, then 1 + the first
            posting; 0 where empty. 24 more bits of the hash are the place.
    """
    mask = np.uint64(len(slots) - 1)
    for key in range(len(starts) - 1):
        seed = _WORD_SEED if key < word_count else _GRAM_SEED
        state = hash_gram(keys, key_bounds[key], key_bounds[key + 1], seed)
        slot = state & mask
        while slots[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        high = (state >> _START_BITS) << _START_BITS
        slots[slot] = high | np.uint64(starts[key] + 1)
        costs[starts[key + 1] - 1] = -costs[starts[key + 1] - 1]


@step(forceinline=True)
def first_posting(slots: np.ndarray, state: Scalar) -> Scalar:
    """The first posting of the key with that hash, or -1."""
    mask = np.uint64(len(slots) - 1)
    slot = state & mask
    while slots[slot] != 0:
        if ((slots[slot] ^ state) >> _START_BITS) == 0:
            return np.int64(slots[slot] & _START_MASK) - 1
        slot = (slot + np.uint64(1)) & mask
    return np.int64(-1)


@step(forceinline=True)
def add_gram(
    slots: np.ndarray, languages: np.ndarray, costs: np.ndarray, state: Scalar,
    scores: np.ndarray, kept: np.ndarray,
) -> Scalar:  # fmt: skip
    """Add the costs of a key to the scores of all languages; return 1, or 0: nobody has it."""
    posting = first_posting(slots, state)
    if posting < 0:
        return 0
    count, last = 0, False
    while not last:
        cost = costs[posting + count]
        last = cost < 0
        kept[count] = scores[languages[posting + count]] + abs(cost)
        count += 1
    for language in range(LANES):
        scores[language] += np.float32(PENALTY)
    for i in range(count):
        scores[languages[posting + i]] = kept[i]
    return 1


@step()
def add_word(
    word: np.ndarray, begins: np.ndarray, characters: Scalar,
    slots: np.ndarray, languages: np.ndarray, costs: np.ndarray,
    scores: np.ndarray, kept: np.ndarray, points: np.ndarray,
) -> None:  # fmt: skip
    """Add the mean cost of a word's known parts to the points of all languages.

    Args:
        word: uint8, the word between two spaces.
        begins: int64 [characters + 3]: first byte of each character, those of the spaces too, and
            the byte after the last.
        characters: of the word itself.
        slots: of the model, see ``fill_table``.
        languages: of the model.
        costs: of the model.
        scores: float32 [LANES], scratch memory.
        kept: float32 [LANES], scratch memory.
        points: float32 [LANES], written.
    """
    for language in range(LANES):
        scores[language] = np.float32(0.0)
    found = 0
    for order in range(ORDERS + 1, 0, -1):
        if order > ORDERS:  # the word itself, without its spaces
            first, last, length, seed = 1, 1, characters, _WORD_SEED
        else:
            first, last, length, seed = 0, characters + 2 - order, order, _GRAM_SEED
        for begin in range(first, last + 1):
            state = hash_gram(word, begins[begin], begins[begin + length], seed)
            found += add_gram(slots, languages, costs, state, scores, kept)
        if found > 0:
            break
    if found > 1:
        for language in range(LANES):
            scores[language] /= np.float32(found)
    if found > 0:
        for language in range(LANES):
            points[language] += scores[language]


@step(forceinline=True)
def final_sigma(
    data: np.ndarray, start: Scalar, stop: Scalar, position: Scalar, cases: np.ndarray
) -> Scalar:
    """Is the capital sigma at ``position`` (2 bytes) the last letter of a word of several?"""
    place, found = position, IGNORABLE
    while place > start and (found & IGNORABLE) != 0:
        place = before(data, start, place)
        point, _ = decode(data, place)
        found = cases[point] if point < len(cases) else 0
    if (found & IGNORABLE) != 0 or (found & CASED) == 0:
        return False
    place = position + 2
    while place < stop:
        point, place = decode(data, place)
        found = cases[point] if point < len(cases) else 0
        if (found & IGNORABLE) == 0:
            return (found & CASED) == 0
    return True


@step(forceinline=True)
def put(point: Scalar, word: np.ndarray, at: Scalar) -> Scalar:
    """Write a character as UTF-8; return the place after it."""
    if point < 0x80:
        word[at] = point
        return at + 1
    if point < 0x800:
        word[at], word[at + 1] = 0xC0 | (point >> 6), 0x80 | (point & 0x3F)
        return at + 2
    if point < 0x10000:
        word[at], word[at + 1] = 0xE0 | (point >> 12), 0x80 | ((point >> 6) & 0x3F)
        word[at + 2] = 0x80 | (point & 0x3F)
        return at + 3
    word[at], word[at + 1] = 0xF0 | (point >> 18), 0x80 | ((point >> 12) & 0x3F)
    word[at + 2], word[at + 3] = 0x80 | ((point >> 6) & 0x3F), 0x80 | (point & 0x3F)
    return at + 4


@step()
def add_text(
    data: np.ndarray, start: Scalar, stop: Scalar,
    lower: np.ndarray, kinds: np.ndarray, cases: np.ndarray,
    slots: np.ndarray, languages: np.ndarray, costs: np.ndarray,
    word: np.ndarray, begins: np.ndarray, scores: np.ndarray, kept: np.ndarray,
    points: np.ndarray,
) -> tuple[Scalar, Scalar, Scalar]:  # fmt: skip
    """Add all words of ``data[start:stop]``; arguments as in ``add_word`` and ``score_texts``.

    Returns:
        words; characters in words; of these, Chinese ones.
    """
    words, letters, chinese = 0, 0, 0
    characters, at, kind = 0, 1, SPACE
    word[0], begins[0] = 32, 0
    position, pending = start, 0
    while position <= stop:
        point, after = 32, position + 1
        if pending > 0:
            point, after, pending = pending, position, 0
        elif position < stop:
            point, after = decode(data, position)
        now = kinds[point]
        if now == EXPANDS:  # i, then a dot above
            point, pending, now = 0x69, 0x307, LETTER
        elif now == SIGMA:
            point = 0x3C2 if final_sigma(data, start, stop, position, cases) else 0x3C3
            now = LETTER
        elif now != SPACE and point < len(lower):
            point = lower[point]
            now = kinds[point]
        if now != kind and characters > 0:
            begins[characters + 1], word[at] = at, 32
            begins[characters + 2] = at + 1
            add_word(
                word, begins, characters, slots, languages, costs, scores, kept, points
            )  # fmt: skip
            words, characters, at = words + 1, 0, 1
        kind = now
        if now != SPACE:
            characters += 1
            begins[characters] = at
            at = put(point, word, at)
            letters += 1
            chinese += now == CHINESE
        position = after
    return words, letters, chinese


@kernel(
    (
        t["u8"], t["i64"], t["i64"], t["i32"], t["u8"], t["u8"],
        t["u64"], t["u8"], t["f32"], t["u8"], t["b1"], I64,
        t["w_i32"], t["w_f32"], t["w_f32"],
    )
)  # fmt: skip
def score_texts(
    data: np.ndarray, parts: np.ndarray, first: np.ndarray,
    lower: np.ndarray, kinds: np.ndarray, cases: np.ndarray,
    slots: np.ndarray, languages: np.ndarray, costs: np.ndarray,
    groups: np.ndarray, writes_chinese: np.ndarray, count: Scalar,
    labels: np.ndarray, margins: np.ndarray, best_costs: np.ndarray,
) -> None:  # fmt: skip
    """The best language of each document, and how far the next one is behind.

    Args:
        data: uint8, valid UTF-8.
        parts: int64 [2 * parts], first byte and the one after the last.
        first: int64 [documents + 1]: document i has the parts ``first[i]`` to ``first[i + 1]``.
        lower: int32, lower case of each code point; those beyond have none.
        kinds: uint8 [all code points]: SPACE, LETTER, CHINESE, EXPANDS or SIGMA.
        cases: uint8, CASED and IGNORABLE of each code point; those beyond are neither.
        slots: uint64, table of keys, see ``fill_table``.
        languages: uint8 [postings]: language numbers.
        costs: float32 [postings]: -log10 of the relative frequency, negative at a key's last.
        groups: uint8 [LANES]: the number of the language that a variety belongs to; only what is
            in another group counts as the next one.
        writes_chinese: bool [LANES]: of which group mainly Chinese text can be.
        count: how many languages the model has.
        labels: int32 [documents], written: number of a language, or -1: no letters.
        margins: float32 [documents], written: 0 to 8; larger is surer.
        best_costs: float32 [documents], written: mean cost of a word in the best language, at
            most 8; larger is stranger.
    """
    scores, kept = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    points = np.empty(LANES, np.float32)
    longest = 0
    for part in range(len(parts) // 2):
        longest = max(longest, parts[2 * part + 1] - parts[2 * part])
    word = np.empty(2 * longest + 32, np.uint8)
    begins = np.empty(2 * longest + 8, np.int64)
    worst = np.float32(PENALTY + 1.0)
    for document in range(len(labels)):
        points[:] = 0
        words, letters, chinese = 0, 0, 0
        for part in range(first[document], first[document + 1]):
            more, new, han = add_text(
                data, parts[2 * part], parts[2 * part + 1], lower, kinds, cases,
                slots, languages, costs, word, begins, scores, kept, points,
            )  # fmt: skip
            words, letters, chinese = words + more, letters + new, chinese + han
        labels[document], margins[document], best_costs[document] = -1, 0, worst
        if words == 0:
            continue
        mainly_chinese = np.float32(chinese) / np.float32(letters) > np.float32(0.5)
        best, least = -1, worst
        for language in range(count):
            points[language] /= np.float32(words)
            if mainly_chinese and not writes_chinese[language]:
                points[language] = worst
            if points[language] <= least:  # of equals the last
                best, least = language, points[language]
        second = worst
        for language in range(count):
            if groups[language] != groups[best] and points[language] <= second:
                second = points[language]
        labels[document], margins[document], best_costs[document] = best, second - least, least
