"""From tokenized components to shards, read back from the files."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from formats.shards import PADDING, TokenShards
from formats.tokens import TokensWriter, component_folder
from stages.mixture.build import build_mixture, pad_id
from stages.mixture.interleave import entitled_rows
from stages.mixture.options import MixtureOptions, ShardOptions
from stages.mixture.permutation import drawn_places
from stages.mixture.plan import Infeasible

LENGTH = 128
VOCABULARY = 1000
SPECIAL = {"eos": 0, "pad": 1}
DOCUMENTS = {"en": 400, "fr": 150, "web/zh": 60, "tiny": 1}


class Engine:
    """One thread or more; items and results pass as JSON, finished items are not done again."""

    def __init__(self, workers=1, fail_after=None):
        self.workers, self.records, self.calls, self.fail_after = workers, {}, 0, fail_after

    def map(self, step, function, items):
        texts = [json.dumps(item, sort_keys=True) for item in items]
        if self.workers == 1:
            return [self._one(step, function, text) for text in texts]
        with ThreadPoolExecutor(self.workers) as pool:
            return list(pool.map(lambda text: self._one(step, function, text), texts))

    def _one(self, step, function, text):
        if (step, text) not in self.records:
            self.calls += 1
            if self.calls == self.fail_after:
                raise KeyboardInterrupt
            self.records[step, text] = json.dumps(function(json.loads(text)))
        return json.loads(self.records[step, text])


def document_tokens(number):
    """The tokens of a document follow from its number; token 0 ends it."""
    rng = np.random.default_rng(number)
    length = int(rng.integers(1, 40)) if number % 3 else int(rng.integers(1, 400))
    return np.append(rng.integers(2, VOCABULARY, length), 0)


def write_tokens(folder, documents=None, dtype=np.uint16):
    """Two or three files per component; every fourth document is of high quality."""
    number = 0
    for name, count in (documents or DOCUMENTS).items():
        numbers = np.arange(number, number + count)
        number += count
        for part, own in enumerate(np.array_split(numbers, min(count, 3))):
            path = f"{folder}/{component_folder(name)}/part-{part:05d}.arrow"
            with TokensWriter(path, dtype, {"quality": pa.float32()}) as writer:
                for some in np.array_split(own, 2):
                    tokens = [document_tokens(n) for n in some.tolist()]
                    writer.append(
                        some,
                        np.concatenate([np.zeros(0, np.int64), *tokens]),
                        np.concatenate([[0], np.cumsum([len(t) for t in tokens])]).astype(int),
                        {"quality": pa.array(np.where(some % 4, 0.3, 0.9), pa.float32())},
                    )


def build(
    folder, phases, engine=None, fit_to_supply=False, shards=None, work="work",
    packing="best_fit", **changes,
):  # fmt: skip
    arguments = {"seed": 17, "vocab_size": VOCABULARY, "tokenizer_sha256": "0" * 64} | changes
    summary = build_mixture(
        tokens_folder=f"{folder}/tokens",
        shards_folder=f"{folder}/shards",
        work_folder=f"{folder}/{work}",
        options=MixtureOptions.model_validate(
            {"sequence_length": LENGTH, "phases": phases, "packing": packing}
        ),
        shard_options=ShardOptions.model_validate({"sequences_per_shard": 64} | (shards or {})),
        engine=engine or Engine(),
        special_ids=SPECIAL,
        fit_to_supply=fit_to_supply,
        **arguments,
    )
    return summary, TokenShards(f"{folder}/shards")


PRETRAIN = {
    "name": "pretrain",
    "tokens": 300 * LENGTH,
    "weights": {"en": 0.5, "fr": 0.3, "web/zh": 0.2},
    "curriculum": {"non_english": [0.3, 0.6]},
}
ANNEAL = {
    "name": "anneal",
    "tokens": 40 * LENGTH,
    "where": {"quality": ">=0.8"},
    "weights": {"temperature": 0.5},
    "max_epochs": 9,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixture")
    write_tokens(folder / "tokens")
    summary, shards = build(folder, [PRETRAIN, ANNEAL])
    return folder, summary, shards


def hashes(folder):
    """Path -> sha256 of everything in the shards' folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "shards").rglob("*"))
        if path.is_file()
    }


def test_every_row_holds_the_tokens_of_its_documents(built):
    _, _, shards = built
    for phase in shards.manifest.phases:
        for number in range(phase.rows):
            row = shards.row(phase.name, number)
            traced = shards.trace_row(phase.name, number)
            documents = [piece.document for piece in traced.pieces]
            assert None not in documents[:-1], "padding comes last"
            for piece in traced.pieces:
                found = row["input_ids"][piece.start : piece.start + piece.length].tolist()
                if piece.document is None:
                    assert found == [SPECIAL["pad"]] * piece.length
                    continue
                expected = document_tokens(piece.document)
                assert found == expected[piece.offset : piece.offset + piece.length].tolist()


def test_every_prefix_read_from_the_files_holds_the_mixture(built):
    _, _, shards = built
    for phase in shards.manifest.phases:
        components = shards.read(phase.name, 0, phase.rows)["component"]
        shares = [component.share for component in phase.components]
        counts = np.zeros(len(shares))
        for rows, component in enumerate(components.tolist(), 1):
            counts[component] += 1
            assert np.abs(counts - entitled_rows(shares, phase.rows, rows)).max() < 1
        assert counts.tolist() == [component.rows for component in phase.components]


def test_one_epoch_places_every_token_once(tmp_path):
    write_tokens(tmp_path / "tokens", {"en": 300})
    phases = [{"name": "all", "tokens": 10**9, "max_epochs": 1}]
    summary, shards = build(tmp_path, phases, fit_to_supply=True)
    [component] = summary["phases"][0]["components"]
    assert component["epochs"] == 1
    rows = shards.read("all", 0, shards.rows("all"))
    placed = {}
    ends = np.append(rows["document_starts"][1:], 0)
    last = rows["row_offsets"][1:] - 1
    ends[last] = LENGTH
    for document, offset, length in zip(
        rows["document_ids"].tolist(),
        rows["document_offsets"].tolist(),
        (ends - rows["document_starts"]).tolist(),
        strict=True,
    ):
        if document != PADDING:
            placed.setdefault(document, []).extend(range(offset, offset + length))
    assert sorted(placed) == list(range(300))
    for document, tokens in placed.items():
        assert sorted(tokens) == list(range(len(document_tokens(document))))
    assert component["tokens"] - component["padding"] == component["supply_tokens"]


def test_epochs_differ_in_order_only(tmp_path):
    write_tokens(tmp_path / "tokens", {"en": 100})
    phases = [{"name": "all", "tokens": 10**9, "max_epochs": 2}]
    _, shards = build(tmp_path, phases, fit_to_supply=True)
    rows = shards.read("all", 0, shards.rows("all"))["input_ids"].tolist()
    first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    assert sorted(first) == sorted(second)
    assert first != second
    # Row k stands where the permutation of its epoch says.
    order = drawn_places(0, 2 * len(first), len(first), 17, "all", "en").tolist()
    by_place = dict(zip(order[: len(first)], first, strict=True))
    assert [by_place[place] for place in order[len(first) :]] == second


def test_a_phase_takes_only_what_it_selects(built):
    _, summary, shards = built
    documents = shards.read("anneal", 0, shards.rows("anneal"))["document_ids"].tolist()
    assert all(document % 4 == 0 for document in documents if document != PADDING)
    anneal = {c["name"]: c for c in summary["phases"][1]["components"]}
    assert list(anneal) == ["en", "fr", "web/zh"]  # the one document of "tiny" is not selected
    assert anneal["en"]["documents"] == 100


def test_manifest_and_summary_agree_with_the_files(built):
    _, summary, shards = built
    assert shards.verify() == []
    assert summary["notes"] == []
    for told, phase in zip(summary["phases"], shards.manifest.phases, strict=True):
        rows = shards.read(phase.name, 0, phase.rows)
        last = rows["row_offsets"][1:] - 1
        padding = np.where(
            rows["document_ids"][last] == PADDING, LENGTH - rows["document_starts"][last], 0
        )
        assert told["padding"] == padding.sum()
        assert told["tokens"] == phase.tokens == phase.rows * LENGTH
        assert sum(component.rows for component in phase.components) == phase.rows
        for number, component in enumerate(phase.components):
            own = rows["component"] == number
            assert (component.rows, component.padding) == (own.sum(), padding[own].sum())
            assert component.tokens == component.rows * LENGTH
        first = 0
        for file in phase.files:
            before = np.bincount(rows["component"][:first], minlength=len(phase.components))
            assert file.component_counts_before == before.tolist()
            first += file.rows
        assert first == phase.rows
    assert [len(phase.files) for phase in shards.manifest.phases] == [5, 1]


def test_the_bytes_do_not_depend_on_workers_or_folders(built, tmp_path):
    folder, _, _ = built
    write_tokens(tmp_path / "tokens")
    build(tmp_path, [PRETRAIN, ANNEAL], Engine(workers=4), work="elsewhere")
    assert hashes(tmp_path) == hashes(folder)


def test_the_bytes_do_not_depend_on_how_packing_is_cut_into_tasks(tmp_path, monkeypatch):
    from stages.mixture import pack, packing

    monkeypatch.setattr(packing, "WINDOW_TOKENS", 1024)
    monkeypatch.setattr(packing, "WINDOW_ROWS", 8)
    made = []
    for least, workers in [(64, 1), (1, 1), (1, 4)]:
        monkeypatch.setattr(pack, "LEAST_WINDOWS", least)
        own = tmp_path / f"{least}-{workers}"
        write_tokens(own / "tokens")
        engine = Engine(workers)
        build(own, [PRETRAIN, ANNEAL], engine)
        tasks = sum(step == "mixture-pack" for step, _ in engine.records)
        made.append((hashes(own), tasks))
    assert made[0][0] == made[1][0] == made[2][0]
    assert made[1][1] == made[2][1] > made[0][1]


def test_documents_can_be_concatenated_and_chopped(tmp_path):
    write_tokens(tmp_path / "tokens", {"en": 300})
    phases = [{"name": "all", "tokens": 10**9, "max_epochs": 1}]
    summary, shards = build(tmp_path, phases, fit_to_supply=True, packing="concat")
    assert summary["phases"][0]["padding"] < LENGTH, "only the last row of all is padded"
    order = drawn_places(0, shards.rows("all"), shards.rows("all"), 17, "all", "en")
    rows = shards.read("all", 0, shards.rows("all"))["input_ids"]
    laid = rows[np.argsort(order)].reshape(-1).tolist()
    tokens = np.concatenate([document_tokens(number) for number in range(300)]).tolist()
    assert laid[: len(tokens)] == tokens


def test_another_seed_is_another_order(built, tmp_path):
    folder, _, _ = built
    write_tokens(tmp_path / "tokens")
    build(tmp_path, [PRETRAIN, ANNEAL], seed=18)
    assert hashes(tmp_path) != hashes(folder)


@pytest.mark.parametrize("fail_after", [3, 9, 11])
def test_what_was_killed_goes_on_to_the_same_bytes(built, tmp_path, fail_after):
    folder, _, _ = built
    write_tokens(tmp_path / "tokens")
    engine = Engine(fail_after=fail_after)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, [PRETRAIN, ANNEAL], engine)
    assert not (tmp_path / "shards" / "manifest.json").exists()
    before = len(engine.records)
    build(tmp_path, [PRETRAIN, ANNEAL], engine)
    assert before == fail_after - 1
    assert engine.calls == len(engine.records) + 1, "nothing is done twice"
    assert hashes(tmp_path) == hashes(folder)


def test_shards_of_an_earlier_mixture_go(tmp_path):
    write_tokens(tmp_path / "tokens")
    build(tmp_path, [PRETRAIN, ANNEAL])
    build(tmp_path, [PRETRAIN | {"tokens": 70 * LENGTH}])
    assert list(hashes(tmp_path)) == [
        "shards/manifest.json",
        "shards/pretrain/shard-00000.arrow",
        "shards/pretrain/shard-00001.arrow",
    ]


def test_too_small_a_supply_is_reported_for_all_phases(tmp_path):
    write_tokens(tmp_path / "tokens")
    phases = [PRETRAIN | {"tokens": "1M"}, ANNEAL | {"tokens": "2M"}]
    with pytest.raises(Infeasible, match=r"(?s)'pretrain' asks for 1M.*'anneal' asks for 2M"):
        build(tmp_path, phases)
    assert not (tmp_path / "shards").exists()
    summary, shards = build(tmp_path, phases, fit_to_supply=True)
    scaled = [note for note in summary["notes"] if " scaled to " in note]
    assert len(scaled) == 2
    assert all(
        component.epochs <= (4, 9)[number]
        for number, phase in enumerate(shards.manifest.phases)
        for component in phase.components
    )


def test_larger_vocabularies_take_four_bytes(tmp_path):
    write_tokens(tmp_path / "tokens", dtype=np.int32)
    _, shards = build(tmp_path, [PRETRAIN], vocab_size=100_534, shards={"compression": "lz4"})
    row = shards.row("pretrain", 7)
    assert row["input_ids"].dtype == np.int32
    first = document_tokens(int(row["document_ids"][0]))[int(row["document_offsets"][0])]
    assert row["input_ids"][0] == first


def test_tokens_of_another_type_than_the_vocabulary_are_refused(tmp_path):
    write_tokens(tmp_path / "tokens")
    with pytest.raises(ValueError, match="holds uint16 tokens; this vocabulary takes int32"):
        build(tmp_path, [PRETRAIN], vocab_size=100_534)


def test_unknown_columns_are_named_with_the_phase(tmp_path):
    write_tokens(tmp_path / "tokens")
    with pytest.raises(ValueError, match=r"'anneal' selects by unknown column 'qualty'.*'quality'"):
        build(tmp_path, [ANNEAL | {"where": {"qualty": ">=0.8"}}])
    with pytest.raises(ValueError, match=r"unknown column 'clicks'; the tokens keep: quality"):
        build(tmp_path, [ANNEAL | {"upsample": {"clicks": {5: 2}}}])


def test_no_tokens_at_all(tmp_path):
    with pytest.raises(ValueError, match="no tokens in"):
        build(tmp_path, [PRETRAIN])


def test_padding_is_the_end_of_a_document_where_there_is_no_token_for_it():
    assert pad_id({"eos": 5, "pad": 7}) == 7
    assert pad_id({"eos": 5}) == 5
    assert pad_id({}) == 0


def test_remote_folders_work_as_local_ones_do(built):
    import fsspec

    folder, _, _ = built
    memory = fsspec.filesystem("memory")
    memory.put(str(folder / "tokens"), "/mixture/tokens", recursive=True)
    _, shards = build("memory://mixture", [PRETRAIN, ANNEAL])
    assert shards.verify() == []
    assert shards.manifest == TokenShards(str(folder / "shards")).manifest
