"""Byte-pair encoding as slowly and plainly as it can be said."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from tokenizer_train.merging.alphabet import id_of_byte

Word = tuple[bytes, int, int]
"""Bytes, what an occurrence of it counts in all, how often it was seen."""


def learn(
    words: Sequence[Word],
    merges: int,
    may_join: Callable[[bytes, bytes], bool] = lambda left, right: True,
    min_seen: int = 1,
) -> list[tuple[bytes, bytes]]:
    """Merge the pair that counts most, the one of lower ids among equals, while there is one."""
    ids = id_of_byte()
    number = {bytes([byte]): int(ids[byte]) for byte in range(256)}
    split = [([bytes([byte]) for byte in word], count, seen) for word, count, seen in words]
    learned: list[tuple[bytes, bytes]] = []
    while len(learned) < merges:
        counts: Counter[tuple[bytes, bytes]] = Counter()
        times: Counter[tuple[bytes, bytes]] = Counter()
        for tokens, count, seen in split:
            for pair in pairwise(tokens):
                counts[pair] += count
                times[pair] += seen
        allowed = [p for p in counts if may_join(*p) and times[p] >= min_seen and counts[p] > 0]
        if not allowed:
            break
        best = min(allowed, key=lambda p: (-counts[p], number[p[0]], number[p[1]]))
        learned.append(best)
        number[best[0] + best[1]] = len(number)
        split = [(joined(tokens, best), count, seen) for tokens, count, seen in split]
    return learned


def joined(tokens: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    """The tokens with every occurrence of the pair made one, from left to right."""
    result: list[bytes] = []
    at = 0
    while at < len(tokens):
        if tuple(tokens[at : at + 2]) == pair:
            result.append(pair[0] + pair[1])
            at += 2
        else:
            result.append(tokens[at])
            at += 1
    return result


def aligned(left: bytes, right: bytes) -> bool:
    """Whole characters with whole characters, or parts of one character with each other."""
    wholes = [is_whole(token) for token in (left, right)]
    if all(wholes):
        return True
    return not any(wholes) and all(0x80 <= byte < 0xC0 for byte in right)


def is_whole(token: bytes) -> bool:
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True
