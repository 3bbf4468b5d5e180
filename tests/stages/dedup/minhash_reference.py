"""What the MinHash kernels do, in plain slow Python: strings, lists, sets and big integers."""

from functools import cache

from stages.dedup import folding
from stages.dedup.folding import CLUSTER, MARK, SEPARATOR, SKIPPED

fold, kind = cache(folding.fold), cache(folding.kind)
MASK = 2**64 - 1
GOLDEN, BASE, START = 0x9E3779B97F4A7C15, 0xD1342543DE82EF95, 0x2545F4914F6CDD1D


def tokens_of(text):
    """``tokens_of("Don't 漢字ｶ ที่") == ["don", "t", "漢", "字", "カ", "ที่"]``."""
    tokens, token, inside = [], "", SEPARATOR
    for char in text:
        of_char = kind(char) & 7
        if of_char == SKIPPED or (of_char == MARK and not token):
            continue
        alone = of_char == CLUSTER or inside == CLUSTER
        if token and (of_char == SEPARATOR or (of_char != MARK and alone)):
            tokens.append(token)
            token = ""
        if of_char == SEPARATOR:
            inside = SEPARATOR
            continue
        if of_char != MARK:
            inside = of_char
        token += fold(char)
    return [*tokens, token] if token else tokens


def shingles_of(text, ngram):
    """The set of tuples of ``ngram`` tokens; one tuple of all where there are fewer."""
    tokens = tokens_of(text)
    if len(tokens) < ngram:
        return {tuple(tokens)} if tokens else set()
    return {tuple(tokens[i : i + ngram]) for i in range(len(tokens) - ngram + 1)}


def jaccard(left, right, ngram=5):
    a, b = shingles_of(left, ngram), shingles_of(right, ngram)
    return len(a & b) / len(a | b)


def mix(value):
    value = value * GOLDEN & MASK
    return value ^ value >> 32


def splitmix(value):
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


def token_hash(token):
    state, data = START, token.encode()
    for i in range(0, len(data), 8):
        state = mix(state ^ int.from_bytes(data[i : i + 8], "little"))
    return state | 1


def signature(text, ngram, bins):
    """Raw bins, number of tokens, hash of the stream."""
    smallest = {}
    width = 64 - (bins.bit_length() - 1)
    for shingle in shingles_of(text, ngram):
        polynomial = 0
        for token in shingle:
            polynomial = (polynomial * BASE + token_hash(token)) & MASK
        value = splitmix(polynomial)
        bin_, rest = value >> width, value & (1 << width) - 1
        smallest[bin_] = min(rest, smallest.get(bin_, MASK))
    values = [max(1, smallest[i] & 0xFFFF) if i in smallest else 0 for i in range(bins)]
    stream = START
    tokens = tokens_of(text)
    for token in tokens:
        stream = mix(stream ^ token_hash(token))
    return values, len(tokens), splitmix(stream) if tokens else splitmix(START)


def densified(values):
    width = 64 - (len(values).bit_length() - 1)
    dense = []
    for i in range(len(values)):
        source, attempt = i, (START + i * BASE) & MASK
        while values[source] == 0:
            attempt = (attempt + GOLDEN) & MASK
            source = splitmix(attempt) >> width
        dense.append(values[source])
    return dense


def band_keys(values, stream, bands, rows):
    filled = sum(value != 0 for value in values)
    if filled == 0:
        return []
    if filled < 4:
        return [splitmix(stream ^ BASE)]
    dense, keys = densified(values), []
    for band in range(bands):
        key = mix(START + band)
        for value in dense[band * rows : (band + 1) * rows]:
            key = mix(key ^ value)
        keys.append(splitmix(key))
    return keys


def estimate(left, right):
    equal = sum(a == b != 0 for a, b in zip(left, right, strict=True))
    return equal / sum(bool(a or b) for a, b in zip(left, right, strict=True))
