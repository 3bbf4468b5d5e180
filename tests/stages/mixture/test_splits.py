"""Who may take which documents, read back from the shards."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from formats.shards import PADDING, TokenShards
from formats.tokens import TokensWriter
from stages.mixture.build import build_mixture
from stages.mixture.options import MixtureOptions, ShardOptions
from stages.mixture.permutation import drawn_places

from .test_build import SPECIAL, VOCABULARY, Engine, document_tokens

LENGTH = 128
DOCUMENTS = {"en": 400, "fr": 150}
LARGE = 10**9


def low(number):
    """The least place of a document in splits; that of every seventh lies below the largest."""
    return (number * 37 % 1000) / 1000


def high(number):
    return low(number) if number % 7 else max(low(number), (number * 91 % 1000) / 1000)


def quality(number):
    return (number * 13 % 100) / 100


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    """English is 0 to 399, French 400 to 549."""
    folder = tmp_path_factory.mktemp("splits")
    columns = {"quality": quality, "split_low": low, "split_high": high}
    number = 0
    for name, count in DOCUMENTS.items():
        own = np.arange(number, number + count)
        number += count
        path = f"{folder}/tokens/{name}/part-00000.arrow"
        with TokensWriter(path, np.uint16, dict.fromkeys(columns, pa.float64())) as writer:
            texts = [document_tokens(n) for n in own.tolist()]
            offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])])
            writer.append(
                own, np.concatenate(texts), offsets.astype(int),
                {name: pa.array([f(n) for n in own.tolist()]) for name, f in columns.items()},
            )  # fmt: skip
    return folder


def build(tokens, folder, phases, **settings):
    mixture = {"sequence_length": LENGTH, "phases": phases} | settings
    summary = build_mixture(
        tokens_folder=f"{tokens}/tokens",
        shards_folder=f"{folder}/shards",
        work_folder=f"{folder}/work",
        options=MixtureOptions.model_validate(mixture),
        shard_options=ShardOptions.model_validate({"sequences_per_shard": 64}),
        engine=Engine(),
        seed=17,
        vocab_size=VOCABULARY,
        tokenizer_sha256="0" * 64,
        special_ids=SPECIAL,
        fit_to_supply=True,
    )
    shards = TokenShards(f"{folder}/shards")
    assert shards.verify() == []
    return summary, shards


def build_whole(tokens, folder, phases, **settings):
    """As ``build``, where every phase is one epoch of all it may take."""
    summary, _ = build(tokens, folder, phases, **settings)
    rows = [sum(c["supply_rows"] for c in phase["components"]) for phase in summary["phases"]]
    whole = [phase | {"tokens": n * LENGTH} for phase, n in zip(phases, rows, strict=False)]
    return build(tokens, folder, whole, **settings)


def documents_in(shards, phase):
    found = shards.read(phase, 0, shards.rows(phase))["document_ids"]
    return set(found[found != PADDING].tolist())


def once(name, **settings):
    return {"name": name, "tokens": LARGE, "max_epochs": 1} | settings


def test_what_is_held_out_is_in_no_phase_nor_what_shares_a_key_with_it(tokens, tmp_path):
    phases = [once("pretrain"), once("anneal", where={"quality": ">=0.5"})]
    _, shards = build_whole(tokens, tmp_path, phases, held_out={"share": 0.2})
    everything = range(sum(DOCUMENTS.values()))
    held_out = {n for n in everything if high(n) < 0.2}
    neither = {n for n in everything if low(n) < 0.2} - held_out
    assert held_out
    assert neither
    assert documents_in(shards, "held_out") == held_out
    assert documents_in(shards, "pretrain") == set(everything) - held_out - neither
    assert documents_in(shards, "anneal") == {
        n for n in set(everything) - held_out - neither if quality(n) >= 0.5
    }


def test_the_held_out_phase_is_for_evaluation_alone(tokens, tmp_path):
    summary, shards = build(tokens, tmp_path, [once("pretrain")], held_out={"share": 0.2})
    manifest = shards.manifest
    assert [phase.name for phase in manifest.phases] == ["pretrain"], "whoever trains sees only it"
    assert manifest.held_out.kind == "validation"
    assert manifest.phase("held_out") == manifest.held_out
    assert [component.epochs for component in manifest.held_out.components] == [1, 1]
    assert [phase["kind"] for phase in summary["phases"]] == ["training", "validation"]


def test_held_out_tokens_are_bounded_and_few_documents_are_told(tokens, tmp_path):
    summary, shards = build(
        tokens, tmp_path, [once("pretrain")],
        held_out={"share": 0.2, "max_tokens": 5 * LENGTH, "min_documents": 50},
    )  # fmt: skip
    rows = {c.name: c.rows for c in shards.manifest.held_out.components}
    assert rows == {"en": 5, "fr": 5}
    french = sum(high(n) < 0.2 for n in range(400, 550))
    assert summary["notes"][-1].startswith(
        f"held out: fewer than 50 documents of fr {french}; a larger share than 0.2"
    )


def test_a_phase_may_reserve_part_of_what_it_selects(tokens, tmp_path):
    good = {"quality": ">=0.5"}
    phases = [
        once("pretrain"),
        once("anneal", where=good, reserve=0.4),
        once("last", where={"quality": ">=0.8"}, reserve=0.1),
    ]
    _, shards = build_whole(tokens, tmp_path, phases, held_out={"share": 0.1})
    free = {n for n in range(550) if low(n) >= 0.1}
    anneal = {n for n in free if quality(n) >= 0.5 and low(n) >= 0.6}
    last = {n for n in free if quality(n) >= 0.8 and 0.5 <= low(n) < 0.6}
    assert documents_in(shards, "anneal") == anneal
    assert documents_in(shards, "last") == last
    assert documents_in(shards, "pretrain") == free - anneal - last
    assert anneal and last


def test_quality_repeats_documents_exactly(tokens, tmp_path):
    phases = [once("pretrain", upsample={"quality": {0.8: 2, 0.95: 3}})]
    _, shards = build(tokens, tmp_path, phases)
    placed = Counter()
    for number in range(shards.rows("pretrain")):
        for piece in shards.trace_row("pretrain", number).pieces:
            if piece.document is not None:
                placed[piece.document] += piece.length
    for number in range(550):
        times = 1 + (quality(number) >= 0.8) + (quality(number) >= 0.95)
        assert placed[number] == times * len(document_tokens(number))


def drawn(shards, phase):
    """Component -> the rows it gave, in order."""
    rows = shards.read(phase, 0, shards.rows(phase))
    found = {}
    for name, own in zip(
        [c.name for c in shards.manifest.phase(phase).components],
        range(99), strict=False,
    ):  # fmt: skip
        ids = rows["input_ids"][rows["component"] == own]
        found[name] = [row.tobytes() for row in ids]
    return found


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 250), min_size=2, max_size=4), st.floats(0.1, 0.9))
def test_nothing_comes_again_before_all_has_come(tokens, tmp_path_factory, sizes, english):
    """Whatever the phases' lengths and mixtures, a component's cursor runs on through them."""
    mixtures = [{"en": english, "fr": 1 - english}, {"en": 1 - english, "fr": english}] * 2
    phases = [
        {"name": f"p{n}", "tokens": rows * LENGTH, "weights": mixtures[n], "max_epochs": 50}
        | ({"continues": f"p{n - 1}"} if n else {})
        for n, rows in enumerate(sizes)
    ]
    summary, shards = build(tokens, tmp_path_factory.mktemp("chain"), phases)
    given_ = {"en": [], "fr": []}
    for phase in shards.manifest.phases:
        rows = drawn(shards, phase.name)
        for component in phase.components:
            assert component.first_row == len(given_[component.name])
            given_[component.name] += rows[component.name]
    for name, rows in given_.items():
        [whole] = {
            c["supply_rows"]
            for phase in summary["phases"] for c in phase["components"] if c["name"] == name
        }  # fmt: skip
        for begin in range(0, len(rows), whole):
            epoch = rows[begin : begin + whole]
            assert len(set(epoch)) == len(epoch)


def test_a_chain_is_the_phase_it_replaces(tokens, tmp_path):
    """Two halves of one mixture draw what the whole would, in its order."""
    whole = {"name": "whole", "tokens": 300 * LENGTH, "weights": {"en": 1.0}, "max_epochs": 9}
    halves = [
        whole | {"name": "first", "tokens": 140 * LENGTH},
        whole | {"name": "then", "tokens": 160 * LENGTH, "continues": "first"},
    ]
    _, shards = build(tokens, tmp_path, halves)
    rows = drawn(shards, "first")["en"] + drawn(shards, "then")["en"]
    [component] = shards.manifest.phases[0].components
    size = round(component.rows / component.epochs)
    places = drawn_places(0, 300, size, 17, "first", "en").tolist()
    by_place = dict(zip(places[:size], rows[:size], strict=True))
    assert rows == [by_place[place] for place in places]
    assert (shards.manifest.phases[1].continues, shards.manifest.phases[0].continues) == (
        "first", None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"phases": [once("a", continues="b"), once("b")]}, "'b', which is no phase before it"),
        (
            {"phases": [once("a"), once("b", continues="a"), once("c", continues="a")]},
            "'a' is continued twice: b, c",
        ),
        ({"phases": [once("held_out")], "held_out": {}}, "that is the name of what is held out"),
        (
            {
                "phases": [once("a", reserve=0.7), once("b", reserve=0.3)],
                "held_out": {"share": 0.1},
            },
            "is 1.1 of it all",
        ),
    ],
)
def test_what_cannot_be_parted(settings, reason):
    with pytest.raises(ValidationError, match=reason):
        MixtureOptions.model_validate(settings)
