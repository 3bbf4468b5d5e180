"""Language identification over whole columns, but for the model itself.

First which bytes of a text are read, then what its script alone decides.
"""

from __future__ import annotations

import numpy as np

from formats.compile import Scalar, array_types, kernel, step
from stages.language.fasttext_kernels import is_separator
from stages.language.fasttext_ngram_kernels import is_continuation

t = array_types()
I64 = t["i64"].dtype

LETTER, HAN, KANA, FIRST_SCRIPT = 1, 2, 3, 4
"""Classes of characters, 0 for no letter; from FIRST_SCRIPT on, one for each entry of SCRIPTS."""
CLASSES = 32

SIMPLIFIED, TRADITIONAL = 1, 2
"""What ``han_forms`` says of a character."""

UNDETERMINED, SKIPPED, UNDECIDED = -1, -2, -3
"""In place of a label's number: no letter to tell a language by; the row is not alive; (inside)
the model must answer."""

SCRIPT_LETTERS = 40
"""With fewer letters than this the script alone decides nothing."""
SCRIPT_SHARE = 0.9
"""So much of the letters must be of the script that decides."""
KANA_SHARE = 0.15
"""So much of Han and kana must be kana for Japanese: Chinese pages quote single words."""

HAN_LETTERS = 20
"""With so many Chinese characters and no kana among them a text is not Japanese. (Of 4,300 texts
of the development data that are, those without kana have at most 12.)"""

SLACK = 40  # bytes in which the ends of a window look for a space


# --- which bytes are read ------------------------------------------------------------------------


@step(forceinline=True)
def next_character(data: np.ndarray, position: Scalar, stop: Scalar) -> Scalar:
    """The first byte of a character at or after ``position``, at most ``stop``."""
    while position < stop and is_continuation(data[position]):
        position += 1
    return position


@step(forceinline=True)
def is_long(data: np.ndarray, start: Scalar, stop: Scalar, characters: Scalar) -> Scalar:
    """Does the text have more characters than that? Reads no more of it than needed."""
    if stop - start <= characters:
        return False
    counted = 0
    for position in range(start, stop):
        if not is_continuation(data[position]):
            counted += 1
            if counted > characters:
                return True
    return False


@step(forceinline=True)
def window(
    data: np.ndarray, start: Scalar, stop: Scalar,
    index: Scalar, windows: Scalar, characters: Scalar,
) -> tuple[Scalar, Scalar]:  # fmt: skip
    """Bytes of window ``index`` of a long document: the first, and the one after the last.

    The document is cut into as many stretches of bytes as there are windows, and a window lies
    about the middle of its stretch, never beyond it: no head or foot is favoured, no byte read
    twice. It begins after a space and ends before one where there is a space within 40 bytes.
    """
    length = stop - start
    begin = next_character(data, start + length * index // windows, stop)
    limit = next_character(data, start + length * (index + 1) // windows, stop)
    begin = next_character(data, begin + max(0, (limit - begin) // 2 - characters), limit)
    if begin > start and not is_separator(data[begin - 1]):
        for position in range(begin, min(begin + SLACK, limit)):
            if is_separator(data[position]):
                begin = position + 1
                break
    end = begin
    for _ in range(characters):
        if end >= limit:
            break
        end = next_character(data, end + 1, limit)
    if end < stop and not is_separator(data[end]):
        for position in range(end - 1, max(end - SLACK, begin), -1):
            if is_separator(data[position]):
                end = position
                break
    return begin, end


@step(forceinline=True)
def split(
    data: np.ndarray, start: Scalar, stop: Scalar,
    windows: Scalar, characters: Scalar, parts: np.ndarray,
) -> Scalar:  # fmt: skip
    """Write the bounds of the windows of a text, or of the whole text as one; return how many."""
    if not is_long(data, start, stop, windows * characters):
        parts[0], parts[1] = start, stop
        return 1
    for index in range(windows):
        begin, end = window(data, start, stop, index, windows, characters)
        parts[2 * index], parts[2 * index + 1] = begin, end
    return windows


# --- what the script decides ---------------------------------------------------------------------


@step(forceinline=True)
def code_point(data: np.ndarray, position: Scalar) -> tuple[Scalar, Scalar]:
    """The character at ``position`` of valid UTF-8, and how many bytes it has."""
    lead = np.int64(data[position])
    if lead < 0x80:
        return lead, 1
    second = np.int64(data[position + 1]) & 0x3F
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | second, 2
    third = np.int64(data[position + 2]) & 0x3F
    if lead < 0xF0:
        return ((lead & 0x0F) << 12) | (second << 6) | third, 3
    fourth = np.int64(data[position + 3]) & 0x3F
    return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | fourth, 4


@step(forceinline=True)
def count_classes(
    data: np.ndarray, start: Scalar, stop: Scalar, classes: np.ndarray, counts: np.ndarray
) -> None:
    """Add to ``counts`` how many characters of each class ``data[start:stop]`` has."""
    position = start
    while position < stop:
        point, width = code_point(data, position)
        counts[classes[point]] += 1
        position += width


@step(forceinline=True)
def by_script(counts: np.ndarray, script_labels: np.ndarray) -> tuple[Scalar, Scalar]:
    """The label that the script alone decides, and the script's share of the letters.

    Args:
        counts: int64 [CLASSES], how many characters of each class were read.
        script_labels: int32 [CLASSES], label of each class, -1 where the model must decide.

    Returns:
        UNDETERMINED where there is no letter, UNDECIDED where the model must answer.
    """
    letters = 0
    for script in range(LETTER, CLASSES):
        letters += counts[script]
    if letters == 0:
        return np.int64(UNDETERMINED), np.float32(0.0)
    if letters < SCRIPT_LETTERS:
        return np.int64(UNDECIDED), np.float32(0.0)
    for script in range(FIRST_SCRIPT, CLASSES):
        if script_labels[script] >= 0 and counts[script] >= SCRIPT_SHARE * letters:
            return np.int64(script_labels[script]), np.float32(counts[script] / letters)
    japanese = counts[HAN] + counts[KANA]
    decided = japanese >= SCRIPT_SHARE * letters and counts[KANA] >= KANA_SHARE * japanese
    if script_labels[KANA] >= 0 and decided:
        return np.int64(script_labels[KANA]), np.float32(japanese / letters)
    return np.int64(UNDECIDED), np.float32(0.0)


@step(forceinline=True)
def is_han_alone(counts: np.ndarray) -> Scalar:
    """Are there Chinese characters and no kana, in a text of nothing else? See HAN_LETTERS."""
    if counts[KANA] > 0 or counts[HAN] < HAN_LETTERS:
        return False
    letters = 0
    for script in range(LETTER, CLASSES):
        letters += counts[script]
    return counts[HAN] >= SCRIPT_SHARE * letters


# --- whole columns -------------------------------------------------------------------------------


@kernel((t["u8"], t["i64"], t["b1"], I64, I64, t["w_i64"], t["w_i64"]))
def split_texts(
    data: np.ndarray, offsets: np.ndarray, alive: np.ndarray, windows: Scalar, characters: Scalar,
    parts: np.ndarray, first: np.ndarray,
) -> None:  # fmt: skip
    """Which bytes of each text are read.

    Args:
        data: uint8, valid UTF-8.
        offsets: int64 [rows + 1].
        alive: bool [rows]; of the others nothing is read.
        windows: how many windows a long text is read in.
        characters: of a window; a text of no more than ``windows * characters`` is read whole.
        parts: int64 [2 * rows * windows], written: first byte and the one after the last of each
            window, or of the text.
        first: int64 [rows + 1], written: row i has the parts ``first[i]`` to ``first[i + 1]``.
    """
    part = 0
    for row in range(len(alive)):
        first[row] = part
        if alive[row]:
            part += split(
                data, offsets[row], offsets[row + 1], windows, characters, parts[2 * part :]
            )
    first[len(alive)] = part


@kernel(
    (
        t["u8"], t["i64"], t["i64"], t["u8"], t["i32"],
        t["w_i32"], t["w_f32"], t["w_i32"], t["w_b1"],
    )
)  # fmt: skip
def decide_by_script(
    data: np.ndarray, parts: np.ndarray, first: np.ndarray,
    classes: np.ndarray, script_labels: np.ndarray,
    labels: np.ndarray, scores: np.ndarray, letters: np.ndarray, han_alone: np.ndarray,
) -> None:  # fmt: skip
    """What the script of each text says of its language.

    Args:
        data: uint8, valid UTF-8.
        parts: see ``split_texts``.
        first: see ``split_texts``.
        classes: uint8 [all code points], class of each character.
        script_labels: int32 [CLASSES], see ``by_script``.
        labels: int32 [rows], written: label number, UNDETERMINED, UNDECIDED, or SKIPPED for a row
            without parts.
        scores: float32 [rows], written: share of the deciding script.
        letters: int32 [rows], written: letters among what was read.
        han_alone: bool [rows], written: see ``is_han_alone``.
    """
    counts = np.empty(CLASSES, np.int64)
    for row in range(len(labels)):
        labels[row], scores[row], letters[row] = SKIPPED, np.float32(0.0), 0
        han_alone[row] = False
        if first[row] < first[row + 1]:
            counts[:] = 0
            for part in range(first[row], first[row + 1]):
                count_classes(data, parts[2 * part], parts[2 * part + 1], classes, counts)
            labels[row], scores[row] = by_script(counts, script_labels)
            letters[row] = counts[LETTER:].sum()
            han_alone[row] = is_han_alone(counts)


@kernel((t["u8"], t["i64"], t["i64"], t["b1"], t["u8"], t["w_i32"], t["w_i32"]))
def count_han(
    data: np.ndarray, parts: np.ndarray, first: np.ndarray, wanted: np.ndarray,
    forms: np.ndarray, simplified: np.ndarray, traditional: np.ndarray,
) -> None:  # fmt: skip
    """Count characters that only one of the two Chinese scripts writes.

    Args:
        data: uint8, valid UTF-8.
        parts: see ``split_texts``.
        first: see ``split_texts``.
        wanted: bool [rows]; the others count 0.
        forms: uint8 [all code points]: SIMPLIFIED, TRADITIONAL or neither.
        simplified: int32 [rows], written.
        traditional: int32 [rows], written.
    """
    counts = np.empty(CLASSES, np.int64)
    for row in range(len(simplified)):
        counts[:] = 0
        if wanted[row]:
            for part in range(first[row], first[row + 1]):
                count_classes(data, parts[2 * part], parts[2 * part + 1], forms, counts)
        simplified[row], traditional[row] = counts[SIMPLIFIED], counts[TRADITIONAL]


@kernel((t["u8"], t["i64"], t["i64"], t["i32"], t["u16"], t["b1"], I64, t["w_i32"]))
def count_foreign(
    data: np.ndarray, parts: np.ndarray, first: np.ndarray, labels: np.ndarray,
    groups: np.ndarray, foreign: np.ndarray, label_count: Scalar, counts: np.ndarray,
) -> None:  # fmt: skip
    """Count the letters of each text that its language does not write, though it has the script.

    Args:
        data: uint8, valid UTF-8.
        parts: see ``split_texts``.
        first: see ``split_texts``.
        labels: int32 [rows], below 0 for none.
        groups: uint16, number of the group of each code point; those beyond are in group 0.
        foreign: bool [groups * label_count]: whether the letters of a group are foreign to a
            language; none of group 0 is.
        label_count: how many labels there are.
        counts: int32 [rows], written.
    """
    for row in range(len(labels)):
        count = 0
        if labels[row] >= 0:
            for part in range(first[row], first[row + 1]):
                position, stop = parts[2 * part], parts[2 * part + 1]
                while position < stop:
                    if data[position] < 0x80:
                        position += 1
                        continue
                    point, width = code_point(data, position)
                    position += width
                    if point < len(groups):
                        count += foreign[groups[point] * label_count + labels[row]]
        counts[row] = count
