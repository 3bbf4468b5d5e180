"""Parity-aware byte-pair encoding as slowly and plainly as it can be said."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

from bpe_reference import joined

from tokenizer_train.merging.alphabet import id_of_byte

Pairs = list[tuple[bytes, bytes]]
Text = dict[bytes, int]
"""Word -> how often it stands there."""


def learn(
    texts: Sequence[Text],
    parallel: Sequence[tuple[Text, Text]],
    merges: int,
    may_join: Callable[[bytes, bytes], bool] = lambda left, right: True,
    min_seen: int = 1,
    window: int = 0,
    alpha: float = 2.0,
    global_merges: int = 0,
    others_share: float = 0.0,
) -> tuple[Pairs, list[int]]:
    """Serve the language that takes most tokens for what the pivot says in fewest.

    Args:
        texts: of each language; those behind the ones with parallel text are one more, the others.
        parallel: of each language its own side, and the pivot's.
        merges: how many.
        may_join: whether a pair may be joined.
        min_seen: times that a pair must be seen in the language that is served.
        window: of the last merges, or 0.
        alpha: a language that got more than alpha / languages of them waits.
        global_merges: made first, for all texts together.
        others_share: of the merges that serve the others.

    Returns:
        The merges, and which language each served, -1 for all.
    """
    ids = id_of_byte()
    number = {bytes([byte]): int(ids[byte]) for byte in range(256)}
    split = [[(split_up(word), count) for word, count in text.items()] for text in texts]
    sides = [[(split_up(w), n) for w, n in text.items()] for both in parallel for text in both]
    languages = len(parallel)
    learned: Pairs = []
    served: list[int] = []
    turns: list[int] = []
    alive = [True] * len(texts)
    while len(learned) < merges:
        if len(learned) < global_merges or not any(alive):
            column, counted = -1, [word for text in split for word in text]
        else:
            premiums = [size(sides[2 * n]) / size(sides[2 * n + 1]) for n in range(languages)]
            recent = Counter(turns[-window:] if window else [])
            limit = int(alpha * window / languages) if languages else 0
            eligible = [n for n in range(languages) if alive[n]]
            patient = [n for n in eligible if recent[n] <= limit] or eligible
            others = alive[languages] if len(texts) > languages else False
            if others and (
                not patient or turns.count(languages) + 1 <= others_share * (len(turns) + 1)
            ):
                column = languages
            else:
                column = max(patient, key=lambda n: (premiums[n], -n))
            counted = split[column]
        counts: Counter[tuple[bytes, bytes]] = Counter()
        for tokens, count in counted:
            for pair in pairwise(tokens):
                counts[pair] += count
        allowed = [p for p in counts if may_join(*p) and counts[p] >= min_seen]
        if not allowed:
            if column < 0:
                break
            alive[column] = False
            continue
        best = min(allowed, key=lambda p: (-counts[p], number[p[0]], number[p[1]]))
        learned.append(best)
        served.append(column)
        if column >= 0:
            turns.append(column)
        number[best[0] + best[1]] = len(number)
        split, sides = ([merged(text, best) for text in all_] for all_ in (split, sides))
    return learned, served


def split_up(word: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in word]


def merged(text: list, pair: tuple[bytes, bytes]) -> list:
    return [(joined(tokens, pair), count) for tokens, count in text]


def size(text: list) -> int:
    return sum(len(tokens) * count for tokens, count in text)
