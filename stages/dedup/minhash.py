r"""MinHash as arithmetic: which bands to use, what they find, how sure an estimate is.

The scheme is *one permutation hashing* (Li, Owen, Zhang, NIPS 2012): each shingle is hashed once,
the top bits choose one of k bins, and a bin keeps its smallest hash. Of the bins filled in at
least one of two documents, the share in which both hold the same value is an unbiased estimate of
their Jaccard similarity J::

    J  ~  equal bins / bins filled in either        standard deviation <= sqrt(J (1 - J) / k)

Only 16 bits of a value are kept, so unequal values look equal once in 2^16: a bias of at most
1.5e-5. That estimate is made on the raw bins. Bands need every bin to hold something: for them
alone, empty bins borrow the value of another bin, chosen by hashing (Shrivastava, ICML 2017; Mai
et al., UAI 2020, on why this keeps the collision probability at J).

Two documents become a candidate pair when one of ``bands`` groups of ``rows`` bins agrees:

    P(candidate) = 1 - (1 - J^rows)^bands
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from formats.buffers import text_buffers


class Bands(NamedTuple):
    """How a signature is cut: ``bands`` groups of ``rows`` bins."""

    bands: int
    rows: int


def match_probability(jaccard: Any, bands: int, rows: int) -> Any:
    """The chance that documents of this similarity share a band: the S-curve.

    ``match_probability(0.8, 18, 7)`` is 0.986, ``match_probability(0.4, 18, 7)`` is 0.029.
    """
    return 1.0 - (1.0 - jaccard**rows) ** bands


def choose_bands(bins: int, jaccard: float, recall: float) -> Bands:
    """The sharpest cut that finds pairs of this similarity with a probability of ``recall``.

    More rows a band means fewer candidates to verify and more pairs missed: the most rows that
    still find enough are taken, with as few bands as find enough.
    ``choose_bands(128, 0.85, 0.999)`` is 18 bands of 7 rows.

    Raises:
        ValueError: no cut of so many bins finds enough.
    """
    for rows in range(bins, 0, -1):
        for bands in range(1, bins // rows + 1):
            if match_probability(jaccard, bands, rows) >= recall:
                return Bands(bands, rows)
    raise ValueError(
        f"{bins} bins cannot find pairs at {jaccard:.3g} with a recall of {recall}: "
        "use more bins or a lower recall"
    )


def choose_bins(jaccard: float, recall: float) -> int:
    """The fewest bins, a power of two from 128 to 4096, that such a cut can be made of."""
    for bins in (128, 256, 512, 1024, 2048):
        if match_probability(jaccard, bins, 1) >= recall:
            return bins
    return 4096


def standard_deviation(jaccard: float, bins: int) -> float:
    """How far an estimate of this similarity is off: 0.035 at 0.8 with 128 bins."""
    return float(np.sqrt(jaccard * (1.0 - jaccard) / bins))


def s_curve(bands: int, rows: int) -> dict[str, float]:
    """The chance that a pair is looked at, by its similarity in steps of 0.05."""
    return {f"{i / 20:.2f}": round(match_probability(i / 20, bands, rows), 6) for i in range(21)}


def signatures(
    texts: pa.Array, wanted: np.ndarray, ngram: int, bins: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signatures of a column of texts.

    Args:
        texts: large_string [rows].
        wanted: bool [rows]; the others get empty bins.
        ngram: tokens in a shingle; a text with fewer has one shingle of all its tokens.
        bins: a power of two.

    Returns:
        uint16 [rows, bins], 0 where a bin is empty; int64 [rows] tokens; uint64 [rows] hashes of
        the whole stream of tokens.
    """
    from stages.dedup.folding import fold_table
    from stages.dedup.minhash_kernels import sign_texts

    data, offsets = text_buffers(texts)
    rows = len(offsets) - 1
    values = np.empty(rows * bins, np.uint16)
    tokens = np.empty(rows, np.int64)
    hashes = np.empty(rows, np.uint64)
    sign_texts(data, offsets, wanted, *fold_table(), ngram, bins, values, tokens, hashes)
    return values.reshape(rows, bins), tokens, hashes


def bands_of(
    bins: np.ndarray, hashes: np.ndarray, wanted: np.ndarray, cut: Bands
) -> tuple[np.ndarray, np.ndarray]:
    """The band keys of signatures, flat.

    Args:
        bins: uint16 [rows, bins], raw.
        hashes: uint64 [rows].
        wanted: bool [rows].
        cut: bands and rows.

    Returns:
        uint64 [records] keys; int64 [records] the row each belongs to, ascending.
    """
    from stages.dedup.minhash_kernels import band_keys

    rows, width = bins.shape
    keys = np.empty(rows * cut.bands, np.uint64)
    counts = np.empty(rows, np.int64)
    band_keys(bins.reshape(-1), hashes, wanted, width, *cut, keys, counts)
    used = np.arange(cut.bands) < counts[:, None]
    return keys.reshape(rows, cut.bands)[used], np.repeat(np.arange(rows), counts)
