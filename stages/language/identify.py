"""What each text of a column says of its language: windows, script, model, second model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stages.language.fasttext_model import FastTextModel

if TYPE_CHECKING:
    from stages.language.heli_model import HeliModel

SWITCH_COST = 3.0
"""Of a change of language between two segments, in natural logarithms. Of 3,000 documents joined
from two languages a cost of 4 finds 87 %, of 2 93 % while it flags three times as many others."""
LEAST_SHARE, LEAST_LETTERS = 0.1, 30
"""What a language must have of a document's letters to be one of several."""
MORE_WINDOWS = 64
"""Times the windows in which an unsure text is read again: 64,000 characters by default."""


class Reading(NamedTuple):
    """Which bytes of each text were read."""

    data: np.ndarray
    """uint8, valid UTF-8."""
    parts: np.ndarray
    """int64 [2 * parts]: first byte and the one after the last."""
    first: np.ndarray
    """int64 [rows + 1]: row i has the parts ``first[i]`` to ``first[i + 1]``."""

    def of(self, wanted: np.ndarray) -> Reading:
        """The parts of the wanted rows alone."""
        per_row = np.diff(self.first)
        chosen = np.repeat(wanted, per_row)
        begins = np.concatenate([[0], np.cumsum(per_row[wanted])])
        return Reading(self.data, self.parts.reshape(-1, 2)[chosen].ravel(), begins)

    def replaced(self, wanted: np.ndarray, other: Reading) -> Reading:
        """With the wanted rows, bool [rows], as ``other`` has them: [wanted rows] in order."""
        per_row = np.diff(self.first)
        kept = self.parts.reshape(-1, 2)[np.repeat(~wanted, per_row)]
        per_row[wanted] = np.diff(other.first)
        first = np.concatenate([[0], np.cumsum(per_row)])
        parts = np.empty((first[-1], 2), np.int64)
        anew = np.repeat(wanted, per_row)
        parts[~anew], parts[anew] = kept, other.parts.reshape(-1, 2)
        return Reading(self.data, parts.ravel(), first)


class Answers(NamedTuple):
    """What language each text is in."""

    labels: np.ndarray
    """int32 [rows]: a label's number; UNDETERMINED, SKIPPED (``langid_kernels``)."""
    scores: np.ndarray
    """float32 [rows]: probability by the model, or share of the script that decided."""
    letters: np.ndarray
    """int32 [rows]: letters among what was read."""
    by_model: np.ndarray
    """bool [rows]: whether the model answered."""
    mixed: np.ndarray
    """int32 [rows, LANGUAGES]: labels of a text in several languages, -1 where there are no more
    (``mixed_kernels``)."""
    shares: np.ndarray
    """float32 [rows, LANGUAGES]: of the letters."""


def read(
    data: np.ndarray, offsets: np.ndarray, alive: np.ndarray, windows: int, window_chars: int
) -> Reading:
    """Choose what is read of each text.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [rows + 1].
        alive: bool [rows]; of the others nothing is read.
        windows: how many windows a long text is read in.
        window_chars: of a window; a text of no more than ``windows * window_chars`` is read whole.
    """
    from stages.language.langid_kernels import split_texts

    parts = np.empty(2 * np.count_nonzero(alive) * windows, np.int64)
    first = np.empty(len(offsets), np.int64)
    split_texts(data, offsets, np.ascontiguousarray(alive), windows, window_chars, parts, first)
    return Reading(data, parts[: 2 * first[-1]], first)


def reread(
    reading: Reading, answers: Answers, offsets: np.ndarray, windows: int, window_chars: int,
    below: float, model: FastTextModel, script_shortcuts: bool,
) -> tuple[Reading, Answers]:  # fmt: skip
    """Read MORE_WINDOWS times as much of long texts whose answer is not sure.

    Windows tell the language of nearly all texts, and those of which they do not are among the few
    with a low score: pages in two languages, lists of names, fully vowelled Arabic.

    Args:
        reading: the texts, as ``read`` chose.
        answers: what they say.
        offsets: int64 [rows + 1], of the texts.
        windows: see ``read``.
        window_chars: see ``read``.
        below: the model's probability.
        model: see ``identify``.
        script_shortcuts: see ``identify``.

    Returns:
        The reading and the answers with those of these texts in place of the first ones; the
        languages of mixed texts stay as the windows have them (to look for them in all that is
        read again would cost a sixth of the stage's time).
    """
    lengths = np.concatenate([[0], np.cumsum(reading.parts[1::2] - reading.parts[::2])])
    in_part = np.diff(lengths[reading.first]) < np.diff(offsets)
    unsure = answers.by_model & in_part & (answers.scores < below)
    if not unsure.any():
        return reading, answers
    more = read(reading.data, offsets, unsure, windows * MORE_WINDOWS, window_chars).of(unsure)
    found = identify(more, model, script_shortcuts, find_mixed=False)
    for name in ("labels", "scores", "letters", "by_model"):
        getattr(answers, name)[unsure] = getattr(found, name)
    return reading.replaced(unsure, more), answers


def identify(
    reading: Reading, model: FastTextModel, script_shortcuts: bool, find_mixed: bool
) -> Answers:
    """The language of each text.

    Args:
        reading: the texts.
        model: answers where the script does not decide.
        script_shortcuts: let a script that has one language decide.
        find_mixed: look for texts in several languages.
    """
    from stages.language import langid_kernels as kernels
    from stages.language.langid_scripts import CHINESE, JAPANESE, class_table, script_labels
    from stages.language.mixed_kernels import LANGUAGES

    rows = len(reading.first) - 1
    labels, scores = np.empty(rows, np.int32), np.empty(rows, np.float32)
    letters = np.empty(rows, np.int32)
    deciding = script_labels(model.labels if script_shortcuts else ())
    han_alone = np.empty(rows, np.bool_)
    kernels.decide_by_script(*reading, class_table(), deciding, labels, scores, letters, han_alone)
    by_model = labels == kernels.UNDECIDED
    mixed = np.full((rows, LANGUAGES), -1, np.int32)
    shares = np.zeros((rows, LANGUAGES), np.float32)
    if by_model.any():
        found = _by_model(reading.of(by_model), model, find_mixed)
        labels[by_model], scores[by_model], mixed[by_model], shares[by_model] = found
    if script_shortcuts and {CHINESE, JAPANESE} <= {*model.labels}:
        chinese, japanese = (model.labels.index(code) for code in (CHINESE, JAPANESE))
        labels[by_model & han_alone & (labels == japanese)] = chinese
    return Answers(labels, scores, letters, by_model, mixed, shares)


def _by_model(
    reading: Reading, model: FastTextModel, find_mixed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Labels, scores, languages of mixed texts and their shares: see ``Answers``."""
    from stages.language import mixed_kernels
    from stages.language.fasttext_arrays_kernels import WORD_NGRAMS

    rows = len(reading.first) - 1
    mixed = np.full((rows, mixed_kernels.LANGUAGES), -1, np.int32)
    shares = np.zeros((rows, mixed_kernels.LANGUAGES), np.float32)
    if not find_mixed:
        return *best_labels(*reading, model), mixed, shares
    parts, first, letters = _segments(reading, bool(model.arrays.sizes[WORD_NGRAMS] <= 1))
    hidden, counts = sums_of_rows(reading.data, parts, model)
    labels, scores = _labels(hidden, counts, first, model)
    mixed_kernels.find_mixed(
        hidden, counts, letters, first, labels,
        model.arrays.rows, *model.label_arrays, model.arrays.sizes,
        np.float32(SWITCH_COST), np.float32(LEAST_SHARE), LEAST_LETTERS,
        mixed.reshape(-1), shares.reshape(-1),
    )  # fmt: skip
    return labels, scores, mixed, shares


def _segments(reading: Reading, cutting: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parts, first parts and letters of the lines of texts: see ``split_lines``."""
    from stages.language import mixed_kernels

    read_bytes = int((reading.parts[1::2] - reading.parts[::2]).sum())
    most = read_bytes // mixed_kernels.LEAST_LETTERS + len(reading.parts) // 2
    parts, letters = np.empty(2 * most, np.int64), np.empty(most, np.int64)
    first = np.empty(len(reading.first), np.int64)
    mixed_kernels.split_lines(*reading, cutting, parts, first, letters)
    return parts[: 2 * first[-1]], first, letters[: first[-1]]


def best_labels(
    data: np.ndarray, parts: np.ndarray, first: np.ndarray, model: FastTextModel
) -> tuple[np.ndarray, np.ndarray]:
    """The model's label of each document, its parts read as one line, and its probability.

    Args:
        data: uint8, valid UTF-8.
        parts: int64 [2 * parts].
        first: int64 [documents + 1].
        model: the classifier.

    Returns:
        int32 [documents]: label numbers; ``NO_LABEL`` where the model has nothing to go by.
        float32 [documents].
    """
    return _labels(*sums_of_rows(data, parts, model), first, model)


def _labels(
    hidden: np.ndarray, counts: np.ndarray, first: np.ndarray, model: FastTextModel
) -> tuple[np.ndarray, np.ndarray]:
    """``best_labels`` from the sums of rows."""
    from stages.language import fasttext_label_kernels

    labels = np.empty(len(first) - 1, np.int32)
    scores = np.empty(len(first) - 1, np.float32)
    tree = model.label_arrays
    fasttext_label_kernels.best_labels(
        hidden, counts, first, model.arrays.rows, tree.output, tree.left, tree.right,
        model.arrays.sizes, labels, scores,
    )  # fmt: skip
    return labels, scores


def sums_of_rows(
    data: np.ndarray, parts: np.ndarray, model: FastTextModel
) -> tuple[np.ndarray, np.ndarray]:
    """The sum of the model's rows of each part.

    Returns:
        float32 [parts * dim] and, int64 [parts], how many rows were summed (``sum_rows``).
    """
    from stages.language import fasttext_kernels
    from stages.language.fasttext_arrays_kernels import DIM, forward_scratch

    count = len(parts) // 2
    hidden = np.zeros(count * int(model.arrays.sizes[DIM]), np.float32)
    counts = np.empty(count, np.int64)
    scratch = forward_scratch(model.arrays)
    fasttext_kernels.sum_rows(data, parts, *model.arrays, *scratch, hidden, counts)
    return hidden, counts


def second_answers(reading: Reading, model: HeliModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the HeLI model says of each text.

    Returns:
        int32 [rows]: number of a language, -1 where the model has nothing to go by.
        float32 [rows]: how far the next language is behind, 0 to 8.
        float32 [rows]: mean cost of a word in this language, 0 to 8.
    """
    from stages.language.heli_kernels import score_texts
    from stages.language.heli_model import character_tables

    rows = len(reading.first) - 1
    labels = np.empty(rows, np.int32)
    margins, costs = np.empty(rows, np.float32), np.empty(rows, np.float32)
    score_texts(
        *reading, *character_tables(), model.slots, model.languages, model.costs,
        model.groups, model.writes_chinese, model.count, labels, margins, costs,
    )  # fmt: skip
    return labels, margins, costs


def foreign_shares(
    reading: Reading, answers: Answers, numbers: np.ndarray, languages: tuple[str, ...]
) -> np.ndarray:
    """Share of each text's letters that its language does not write, though it has their script.

    Args:
        reading: the texts.
        answers: their letters.
        numbers: int32 [rows], into ``languages``, below 0 for none.
        languages: codes.

    Returns:
        float32 [rows].
    """
    from stages.language.alphabets import foreign_letters, is_described
    from stages.language.langid_kernels import count_foreign

    groups, foreign = foreign_letters(languages)
    counts = np.empty(len(numbers), np.int32)
    described = np.array([is_described(language) for language in languages])
    numbers = np.where((numbers >= 0) & described[numbers], numbers, -1).astype(np.int32)
    count_foreign(*reading, numbers, groups, foreign, len(languages), counts)
    return counts / np.maximum(answers.letters, 1).astype(np.float32)
