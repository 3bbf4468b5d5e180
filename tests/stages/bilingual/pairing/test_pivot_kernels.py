"""Documents of many languages that share a word, brought together: against plain loops."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.bilingual.pairing.pivot import turned
from stages.bilingual.pairing.pivot_kernels import count_products, join_languages
from stages.bilingual.pairing.space import Space, Table, itself

LANGUAGES = 4
POSTING = st.tuples(st.integers(0, 5), st.integers(0, LANGUAGES - 1), st.integers(0, 9),
                    st.booleans())  # fmt: skip
PAIRS = list(combinations(range(LANGUAGES), 2))


def plain(postings, wanted, most):
    """Every two documents of a word in two languages of a wanted pair, unless there are many."""
    found = []
    for word in range(6):
        here = [(i, p) for i, p in enumerate(postings) if p[0] == word]
        mine = []
        for (i, one), (j, other) in combinations(here, 2):
            two = (one, i, other, j) if one[1] < other[1] else (other, j, one, i)
            pair = (two[0][1], two[2][1])
            if pair in wanted and not (one[3] and other[3]):
                number = wanted.index(pair)
                mine.append((number, two[0][2], two[2][2], (two[1] + 1) * (two[3] + 1)))
        found += mine if len(mine) <= most else []
    return sorted(found)


@given(
    st.lists(POSTING, max_size=24), st.sets(st.sampled_from(PAIRS), min_size=1),
    st.integers(0, 30),
)  # fmt: skip
def test_documents_that_share_a_word_meet(postings, wanted, most):
    postings = sorted(postings)
    wanted = sorted(wanted)
    numbers = np.full((LANGUAGES, LANGUAGES), -1, np.int64)
    for number, (left, right) in enumerate(wanted):
        numbers[left, right] = numbers[right, left] = number
    word, member, node = np.array([p[:3] for p in postings], np.int64).reshape(-1, 3).T.copy()
    met = np.array([p[3] for p in postings], np.uint8)
    values = np.arange(1, len(postings) + 1).astype(np.float32)
    begins = np.flatnonzero(np.diff(word, prepend=-1))
    products = np.empty(len(begins), np.int64)
    begins = np.append(begins, len(word))
    count_products(begins, member, met, numbers.ravel(), most, products)
    room = int(products.sum())
    pairs, lefts, rights = np.empty((3, room), np.int64)
    weights = np.empty(room, np.float32)
    lefts_of = np.array([left for left, _ in wanted], np.int64)
    join_languages(
        begins, member, met, node, values, numbers.ravel(), lefts_of, products, pairs, lefts,
        rights, weights,
    )  # fmt: skip
    found = sorted(zip(pairs.tolist(), lefts.tolist(), rights.tolist(), weights.tolist(),
                       strict=True))  # fmt: skip
    assert found == plain(postings, wanted, most)


def test_a_lexicon_is_turned_round():
    """7 is said by 30 (for certain) and by 40 (one time of four); 9 by 40 alone."""
    table = Table(
        np.array([30, 40], np.uint32), np.array([0, 1, 3]), np.array([0, 0, 1], np.int32),
        np.array([0.75, 0.25, 0.5], np.float32),
    )  # fmt: skip
    space = Space(np.array([2.0, 4.0], np.float32), itself(np.array([7, 9], np.uint32)), table)
    other = turned(space)
    assert other.left.tokens.tolist() == [30, 40]
    assert other.right.tokens.tolist() == [7, 9]
    assert other.right.offsets.tolist() == [0, 2, 3]
    assert other.right.targets.tolist() == [0, 1, 1]
    assert other.right.shares.tolist() == [0.75, 0.25, 1.0]
    assert other.weights.tolist() == [0.75 * 2, 0.25 * 2 + 0.5 * 4]
