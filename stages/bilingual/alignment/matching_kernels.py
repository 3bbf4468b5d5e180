"""Steps: how much of one sentence is found in the sentences and blocks of the other side.

Every unit of a sentence speaks for or against a bead: that its translation is there (probability
``coverage`` in true beads, ``chance`` in others: its share of the document's sentences, so that a
word which stands on every line says nothing) or is not. The logarithms of the two ratios add up:
``base`` where the translation is missing, ``gain`` more where it is found. For a block of up to
four sentences a unit counts once, with its best match, and the chance of one is as many times
higher: without that a larger bead would never score less than its parts.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, kernel

MOST_MERGED = 4
"""Sentences of one side of a bead."""
TYPICAL = 20.0
"""Sentences of other documents that a unit's chance in this document is smoothed with."""
LEAST_CHANCE = 0.002
LOG_SIZES = (0.0, float(np.log(2)), float(np.log(3)), float(np.log(4)))
LOWEST_BASE = -1.5
"""A missing unit never costs more: translators leave words out."""


@kernel()
def evidence(coverage: Scalar, count: Scalar, sentences: Scalar, share: Scalar) -> Scalar:
    """Gain and base of a unit that ``count`` of the document's sentences hold."""
    chance = (count - 1.0 + TYPICAL * share) / (sentences - 1.0 + TYPICAL)
    chance = max(chance, LEAST_CHANCE)
    if coverage <= chance:
        return 0.0, 0.0
    base = max(np.log((1.0 - coverage) / (1.0 - chance)), LOWEST_BASE)
    return np.log(coverage / chance) - base, base


@kernel()
def weigh_side(
    offsets: np.ndarray, numbers: np.ndarray, first: Scalar, last: Scalar, coverage: np.ndarray,
    shares: np.ndarray, counts: np.ndarray, gains: np.ndarray, bases: np.ndarray,
) -> None:  # fmt: skip
    """Write the gain of every unit of sentences ``first:last``, and the sum of bases of each.

    ``counts`` is 0 for every unit before and after.
    """
    begin, end = offsets[first], offsets[last]
    for at in range(begin, end):
        counts[numbers[at]] += 1
    for sentence in range(first, last):
        total = 0.0
        for at in range(offsets[sentence], offsets[sentence + 1]):
            number = numbers[at]
            gain, base = evidence(
                np.float64(coverage[number]), np.float64(counts[number]),
                np.float64(last - first), np.float64(shares[number]),
            )  # fmt: skip
            gains[at - begin] = gain
            total += base
        bases[sentence - first] = total
    for at in range(begin, end):
        counts[numbers[at]] = 0


@kernel()
def chain_units(
    offsets: np.ndarray, numbers: np.ndarray, first: Scalar, last: Scalar, heads: np.ndarray,
    following: np.ndarray, owners: np.ndarray,
) -> None:  # fmt: skip
    """Link the occurrences of each unit in sentences ``first:last``, in order.

    ``heads`` (-1 elsewhere) leads to the first, ``following`` to the next; ``owners`` tells the
    sentence.
    """
    begin = offsets[first]
    for sentence in range(last - 1, first - 1, -1):
        for at in range(offsets[sentence], offsets[sentence + 1]):
            owners[at - begin] = sentence - first
            following[at - begin] = heads[numbers[at]]
            heads[numbers[at]] = at - begin


@kernel()
def add_block_maxima(
    values: np.ndarray, touched: np.ndarray, count: Scalar, gain: Scalar, low: Scalar,
    high: Scalar, sums: np.ndarray,
) -> None:  # fmt: skip
    """Add a unit's best match in every block that holds one, then clear ``values``.

    Args:
        values: float64 [right sentences], 0 but at the touched ones.
        touched: int64 [room], the sentences that hold a match.
        count: how many.
        gain: of the unit.
        low: first sentence of the window.
        high: behind its last.
        sums: float64 [4, right sentences]: by block size - 1 and the block's first sentence.
    """
    for position in range(count):
        sentence = touched[position]
        value = values[sentence]
        # how far a block reaches to either side before it meets a match that is better
        left = np.int64(0)
        while left < MOST_MERGED - 1 and sentence - left > low:
            if values[sentence - left - 1] >= value:
                break
            left += 1
        right = np.int64(0)
        while right < MOST_MERGED - 1 and sentence + right + 1 < high:
            if values[sentence + right + 1] > value:
                break
            right += 1
        for size in range(MOST_MERGED):
            earliest = sentence - min(left, size)
            latest = min(sentence, sentence + right - size)
            for start in range(earliest, latest + 1):
                sums[size, start] += max(gain - LOG_SIZES[size], 0.0) * value
    for position in range(count):
        values[touched[position]] = 0.0


@kernel()
def match_row(
    row: Scalar, offsets: np.ndarray, numbers: np.ndarray, sentence: Scalar, begin: Scalar,
    gains: np.ndarray, low: Scalar, high: Scalar,
    lexicon: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    chain: tuple[np.ndarray, np.ndarray, np.ndarray],
    right_gains: np.ndarray, work: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    left_sums: np.ndarray, right_sums: np.ndarray, right_masses: np.ndarray,
) -> None:  # fmt: skip
    """Compare one left sentence with all right ones of the window.

    Args:
        row: number of the sentence in its document; rows come in order.
        offsets: int64, of the left side; ``sentence`` is the row there.
        numbers: int32, of the left side.
        sentence: the row's number in the left side.
        begin: the first unit of the left document.
        gains: float64, of the left document's units.
        low: the window's first right sentence; never less than for the row before.
        high: behind its last.
        lexicon: offsets int64 [units + 1], partners int32, strengths of a match for the left and
            for the right unit, float32.
        chain: as ``chain_units`` wrote it; heads move on with the window.
        right_gains: float64, of the right document's units.
        work: values float64 [right sentences] of zeros; touched int64 [right units]; best float64
            [4, right units], the matches of the last rows, and by row the units in ``recent``
            int64 [4, right units + 1], whose column 0 counts them.
        left_sums: float64 [4, 4, right sentences]: row % 4, block size - 1, block's first sentence:
            what the left units gain; this row is written.
        right_sums: float64 [4, 4, right sentences]: row % 4, how many rows merged - 1, right
            sentence: what its units gain; this row is written.
        right_masses: float64, the same shape: the sum of the matches alone.
    """
    heads, following, owners = chain
    values, touched, best, recent = work
    slot = row % MOST_MERGED
    previous = (row + MOST_MERGED - 1) % MOST_MERGED
    for position in range(1, recent[slot, 0] + 1):
        best[slot, recent[slot, position]] = 0.0
    recent[slot, 0] = 0
    for size in range(MOST_MERGED):
        for column in range(low, high):
            left_sums[slot, size, column] = 0.0
            merged = right_sums[previous, size - 1, column] if size > 0 and row > 0 else 0.0
            right_sums[slot, size, column] = merged
            merged = right_masses[previous, size - 1, column] if size > 0 and row > 0 else 0.0
            right_masses[slot, size, column] = merged
    for at in range(offsets[sentence], offsets[sentence + 1]):
        number = numbers[at]
        count = 0
        for entry in range(lexicon[0][number], lexicon[0][number + 1]):
            partner = lexicon[1][entry]
            occurrence = heads[partner]
            while occurrence >= 0 and owners[occurrence] < low:
                occurrence = following[occurrence]
            if heads[partner] >= 0:
                heads[partner] = occurrence if occurrence >= 0 else -2
            while occurrence >= 0 and owners[occurrence] < high:
                column = owners[occurrence]
                if values[column] == 0.0:
                    touched[count] = column
                    count += 1
                values[column] = max(values[column], np.float64(lexicon[2][entry]))
                if best[slot, occurrence] == 0.0:
                    recent[slot, 0] += 1
                    recent[slot, recent[slot, 0]] = occurrence
                strength = np.float64(lexicon[3][entry])
                best[slot, occurrence] = max(best[slot, occurrence], strength)
                occurrence = following[occurrence]
        add_block_maxima(values, touched, count, gains[at - begin], low, high, left_sums[slot])
    for position in range(1, recent[slot, 0] + 1):
        occurrence = recent[slot, position]
        column = owners[occurrence]
        value = best[slot, occurrence]
        seen = 0.0
        for size in range(MOST_MERGED):
            if value > seen:
                right_sums[slot, size, column] += right_gains[occurrence] * (value - seen)
                right_masses[slot, size, column] += value - seen
            if size + 1 < MOST_MERGED:
                earlier = (row + MOST_MERGED - size - 1) % MOST_MERGED
                seen = max(seen, best[earlier, occurrence])
