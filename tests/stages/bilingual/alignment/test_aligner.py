"""Aligning documents: small examples, and real pages whose lines tell what is true."""

import json
from collections import defaultdict

import numpy as np
import pyarrow as pa
import zstandard

from stages.bilingual.alignment.aligner import Beads, align
from stages.bilingual.alignment.units import Units, units_of
from stages.bilingual.sentences.segmenting import segment


def units(texts: list[str], language: str) -> Units:
    column = pa.array(texts, pa.large_string())
    return units_of(segment(column, [language] * len(texts)))


def rows(beads: Beads, pair: int = 0) -> list[tuple[int, int, int, int]]:
    first, last = beads.pair_offsets[pair : pair + 2]
    columns = (beads.left_starts, beads.left_ends, beads.right_starts, beads.right_ends)
    return [tuple(int(c[n]) for c in columns) for n in range(first, last)]


def align_texts(left: list[str], right: list[str], language: str) -> Beads:
    every = np.arange(len(left))
    return align(units(left, "en"), units(right, language), every, every)


def test_sentences_are_merged_and_left_out() -> None:
    """Two English sentences are one in German, and each side has one that the other lacks."""
    english = (
        "The bridge was built in 1894. It was long. It was narrow. In 1912 a storm came from the "
        "sea, broke it in two and carried both halves down the river as far as the next town. "
        "Nobody had expected that. The new one cost 250000 marks and took six years."
    )
    german = (
        "Die Brücke wurde 1894 gebaut. Sie war lang, und sie war schmal. "
        "Damit hatte niemand gerechnet. Die neue kostete 250000 Mark und brauchte sechs Jahre. "
        "Am Ufer stehen bis heute die Reste der alten Pfeiler, die man bei niedrigem Wasser von "
        "der Straße aus noch gut sehen kann."
    )
    beads = align_texts([english], [german], "de")
    assert rows(beads) == [
        (0, 1, 0, 1), (1, 3, 1, 2), (3, 4, 2, 2), (4, 5, 2, 3), (5, 6, 3, 4), (6, 6, 4, 5),
    ]  # fmt: skip
    assert beads.scores[0] > beads.scores[2] == 0


def test_numbers_meet_in_every_script_and_neighbours_may_cross() -> None:
    english = "That was in 1894.\nHe paid 250,000 dollars.\nThe other 17 paid 300."
    arabic = "دفع ٢٥٠٠٠٠ دولار.\nكان ذلك في عام ١٨٩٤.\nدفع ال ١٧ الآخرون ٣٠٠."
    assert rows(align_texts([english], [arabic], "ar")) == [
        (0, 1, 1, 2), (1, 2, 0, 1), (2, 3, 2, 3),
    ]  # fmt: skip


def test_empty_documents_and_no_pairs() -> None:
    left, right = units(["One. Two.", ""], "en"), units(["", "Eins."], "de")
    beads = align(left, right, np.array([0, 1, 1]), np.array([0, 1, 0]))
    assert rows(beads, 0) == [(0, 1, 0, 0), (1, 2, 0, 0)]
    assert rows(beads, 1) == [(0, 0, 0, 1)]
    assert rows(beads, 2) == []
    nothing = align(left, right, np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert len(nothing) == 0
    assert nothing.pair_offsets.tolist() == [0]


def test_one_side_far_longer_than_the_other() -> None:
    """The band grows where a path needs it."""
    right = " ".join(f"Satz {n} von vielen." for n in range(3000))
    beads = align_texts(["Sentence 1500 of many."], [right], "de")
    assert len(beads) >= 2997
    assert beads.right_ends[-1] == 3000


def pages(path, language: str, most: int) -> tuple[list[list[str]], list[list[str]]]:
    """Pages with as many lines in English as in the other language, translated lines only."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    with zstandard.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            found[row["pair_key"]][row["lang"]] = row["text"]
    lefts, rights = [], []
    for page in found.values():
        left, right = (page.get(name, "").split("\n") for name in ("en", language))
        pairs = [(a, b) for a, b in zip(left, right, strict=False) if a.strip() != b.strip()]
        if len(left) == len(right) and len(pairs) >= 10 and len(lefts) < most:
            lefts.append([a for a, _ in pairs])
            rights.append([b for _, b in pairs])
    return lefts, rights


def joined(documents: list[list[str]], without: int) -> tuple[list[str], list[np.ndarray]]:
    """Texts without each tenth line, and the numbers of the lines left."""
    kept = [np.array([n for n in range(len(d)) if n % 10 != without]) for d in documents]
    return ["\n".join(d[n] for n in k) for d, k in zip(documents, kept, strict=True)], kept


def lines_of(found: Units, document: int) -> np.ndarray:
    """The line of each sentence, by the flag that begins one."""
    first, last = found.document_offsets[document : document + 2]
    return np.cumsum((found.flags[first:last] & 8) != 0) - 1


def test_real_pages_with_lines_missing(development_data) -> None:
    """On each side other lines are missing; beads lead from lines to their translations."""
    path = development_data / "bilingual_vue-docs.jsonl.zst"
    lefts, rights = pages(path, "ja", 40)
    assert len(lefts) == 40
    left_texts, left_kept = joined(lefts, 3)
    right_texts, right_kept = joined(rights, 8)
    left, right = units(left_texts, "en"), units(right_texts, "ja")
    every = np.arange(40)
    shares = []
    for passes in (1, 3):
        beads = align(left, right, every, every, passes=passes)
        good = total = 0
        for pair in range(40):
            one = left_kept[pair][lines_of(left, pair)]
            other = right_kept[pair][lines_of(right, pair)]
            for i, k, j, m in rows(beads, pair):
                if k > i and m > j:
                    total += 1
                    good += len({*one[i:k], *other[j:m]}) == 1
        shares.append(good / total)
    assert shares[1] > 0.97
    assert shares[1] > shares[0]


def test_a_book_learns_from_its_other_parts(development_data) -> None:
    """All pages as one document: its parts teach each other, which pages that are given as folds
    do not."""
    path = development_data / "bilingual_vue-docs.jsonl.zst"
    lefts, rights = pages(path, "ja", 40)
    left_texts, left_kept = joined([[line for page in lefts for line in page]], 3)
    right_texts, right_kept = joined([[line for page in rights for line in page]], 8)
    left, right = units(left_texts, "en"), units(right_texts, "ja")
    one = np.zeros(1, np.int64)
    shares = []
    for folds in (one, None):
        beads = align(left, right, one, one, folds)
        ends = rows(beads)
        assert ends[-1][1::2] == (len(left.lengths), len(right.lengths))
        assert [row[0] for row in ends] == [0, *(row[1] for row in ends[:-1])]
        good = [
            len({*left_kept[0][lines_of(left, 0)][i:k], *right_kept[0][lines_of(right, 0)][j:m]})
            == 1
            for i, k, j, m in ends
            if k > i and m > j
        ]
        shares.append(np.mean(good))
    assert shares[1] > max(shares[0] + 0.01, 0.97)


def test_the_order_of_pairs_changes_nothing(development_data) -> None:
    lefts, rights = pages(development_data / "bilingual_vue-docs.jsonl.zst", "ja", 24)
    left = units(["\n".join(d) for d in lefts], "en")
    right = units(["\n".join(d) for d in rights], "ja")
    order = np.arange(24)
    folds = order % 3
    beads = align(left, right, order, order, folds)
    again = align(left, right, order, order, folds)
    assert np.array_equal(beads.scores, again.scores)
    turned = align(left, right, order[::-1], order[::-1], folds[::-1])
    same = [rows(beads, n) == rows(turned, 23 - n) for n in range(24)]
    assert sum(same) >= 23  # sums of floats in another order
