"""Measuring the documents of a batch: languages as numbers, then one kernel for all signals."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from formats.buffers import text_buffers
from stages.quality.rules import UNKNOWN, UNKNOWN_SPACELESS, language_key
from stages.quality.signals import MACHINE, OWN
from stages.quality.stop_words import StopWords, build, shipped_lists, stop_words

SIGNALS = tuple(OWN)


def language_codes(batch: pa.RecordBatch) -> tuple[np.ndarray, list[str]]:
    """The language of each row as a number, and the languages' keys in that order.

    Returns:
        codes: int64 [rows].
        names: ``language_key`` of each number; the first is ``UNKNOWN``.
    """
    column = pa.nulls(batch.num_rows, pa.string())
    for name in ("lang", "declared_lang"):
        if name in batch.schema.names:
            column = pc.coalesce(column, batch.column(name).cast(pa.string()))
    encoded = pc.fill_null(column, "").dictionary_encode()
    keys = [language_key(name) for name in encoded.dictionary.to_pylist()]
    names = list(dict.fromkeys([UNKNOWN, *keys]))
    numbers = np.array([names.index(key) for key in keys], np.int64)
    return numbers[encoded.indices.to_numpy()], names


def with_spaceless(
    codes: np.ndarray, names: list[str], spaceless: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Unknown languages split by what they are written in (``spaceless``: share of words)."""
    codes = np.where((codes == names.index(UNKNOWN)) & (spaceless >= 0.5), len(names), codes)
    return codes, [*names, UNKNOWN_SPACELESS]


def parts_of(signals: Collection[str] | None) -> int:
    """What the kernel has to do for these signals (None: for all), as bits.

    >>> parts_of(["words"]), parts_of(["top_2_gram"]) == parts_of(["duplicate_5_grams"])
    (0, True)
    """
    from stages.quality import quality_kernels as kernels

    if signals is None:
        return kernels.ALL_PARTS
    parts = 0
    for name in signals:
        parts |= kernels.PART_OF_SIGNAL.get(SIGNALS.index(name), 0)
    return parts


def measure(
    column: pa.Array,
    living: np.ndarray,
    codes: np.ndarray,
    names: list[str],
    wanted: Collection[str] | None = None,
    stops: StopWords | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Measure documents.

    Args:
        column: large_string [rows].
        living: bool [rows].
        codes: int64 [rows], numbers of languages.
        names: keys of the languages.
        wanted: signals that somebody asks for (None: all); what they do not need is not computed.
        stops: the stop words, if not those that are shipped.

    Returns:
        signals: float32 [SIGNALS, rows], NaN where dead, without meaning, or not computed.
        spaceless: float32 [rows]: share of words that are characters of spaceless scripts.
    """
    from stages.quality import quality_kernels as kernels
    from stages.quality.machine_kernels import measure_machine_text
    from stages.quality.short import text_letters
    from stages.text_kernels import character_classes

    data, offsets = text_buffers(column)
    stops = stops or stop_words()
    first = len(SIGNALS) - len(MACHINE)
    out = np.empty((first + 1, len(living)), np.float32)
    machine = np.full((len(MACHINE), len(living)), np.nan, np.float32)
    if wanted is None or not set(MACHINE).isdisjoint(wanted):
        measure_machine_text(data, offsets, living, *machine)
    kernels.measure(
        data,
        offsets,
        living,
        *character_classes(),
        *text_letters(),
        stops.lists(names)[codes],
        stops.keys,
        stops.words,
        stops.longest,
        parts_of(wanted),
        out.reshape(-1),
    )
    return np.concatenate([out[:-1], machine]), out[-1]


def stop_word_tables(lists: Sequence[tuple[str, Sequence[str]]]) -> StopWords:
    """Tables of words that are looked for in any case; marks are left out."""
    return build(lists, strict=False)


def stop_words_of(language: str) -> tuple[str, ...]:
    """The shipped list of a language, empty where there is none."""
    return shipped_lists().get(language, ())
