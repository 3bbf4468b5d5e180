"""Any row from the manifest alone, and back: as the shards have it."""

import numpy as np
import pytest

from formats.manifest import SCHEDULE, Manifest, ManifestComponent, ManifestFile, ManifestPhase
from stages.mixture.interleave import component_counts_before, make_schedule
from stages.mixture.locate import RowLocator
from stages.mixture.permutation import drawn_places

ROWS, PER_FILE = 1000, 64
SHARES = {"en": [(0.0, 0.6), (1.0, 0.3)], "zh": [(0.0, 0.4), (1.0, 0.6)], "th": [(0, 0), (1, 0.1)]}
SUPPLY = {"en": 150, "zh": 900, "th": 20}


def make_phase():
    schedule = make_schedule(ROWS, list(SHARES.values()))
    counts = component_counts_before(schedule, PER_FILE)
    components = [
        ManifestComponent(
            name=name, share=share, rows=int(rows), tokens=int(rows) * 8, padding=0, documents=9,
            epochs=int(rows) / SUPPLY[name],
        )
        for (name, share), rows in zip(SHARES.items(), counts[-1], strict=True)
    ]  # fmt: skip
    files = [
        ManifestFile(
            path=f"p/shard-{number:05d}.arrow", rows=min(PER_FILE, ROWS - number * PER_FILE),
            sha256="", component_counts_before=before.tolist(),
        )
        for number, before in enumerate(counts[:-1])
    ]  # fmt: skip
    return ManifestPhase(
        name="p", rows=ROWS, tokens=ROWS * 8, schedule=SCHEDULE, components=components, files=files
    )


def make_manifest(*phases):
    return Manifest(
        sequence_length=8, dtype="uint16", vocab_size=100, tokenizer_sha256="", seed=17,
        special_ids={"eos": 0}, phases=list(phases),
    )  # fmt: skip


@pytest.fixture(scope="module")
def locator():
    phase = make_phase()
    return RowLocator(make_manifest(phase), phase)


def test_every_row_is_found_by_replaying_one_file(locator):
    assigned, _ = locator.schedule.assign(0, np.zeros(3, np.int64), ROWS)
    drawn = [0, 0, 0]
    places = {
        number: drawn_places(0, ROWS, SUPPLY[name], 17, "p", name)
        for number, name in enumerate(SHARES)
    }
    for row, component in enumerate(assigned.tolist()):
        located = locator.locate(row)
        number = drawn[component]
        assert located == (
            component,
            number,
            number // list(SUPPLY.values())[component],
            places[component][number],
        )
        assert locator.row_of(component, number) == row
        drawn[component] += 1


def test_a_row_has_a_twin_in_every_whole_epoch(locator):
    rows = [row for row in range(ROWS) if locator.locate(row).epoch == 1]
    for row in rows[::7]:
        located = locator.locate(row)
        twin = locator.twin(located, 0)
        assert twin is not None
        assert locator.locate(twin)[::3] == located[::3]
        assert locator.twin(locator.locate(twin), 1) == row


def test_what_is_not_there(locator):
    with pytest.raises(IndexError, match="row 1000 of phase 'p', which has 1000"):
        locator.locate(ROWS)
    assert locator.row_of(0, ROWS) is None
    located = locator.locate(ROWS - 1)
    assert locator.twin(located, 99) is None


def test_a_phase_that_continues_another_goes_on_in_its_order(locator):
    before = make_phase()
    components = [
        component.model_copy(update={"first_row": component.rows})
        for component in before.components
    ]
    after = before.model_copy(update={"name": "q", "continues": "p", "components": components})
    following = RowLocator(make_manifest(before, after), after)
    for row in range(0, ROWS, 37):
        component, number = following.locate(row)[:2]
        assert number >= before.components[component].rows
        name = list(SHARES)[component]
        [place] = drawn_places(number, 1, SUPPLY[name], 17, "p", name).tolist()
        assert following.locate(row).place == place
        assert following.row_of(component, number) == row


def test_phases_that_continue_each_other_are_refused():
    phase = make_phase().model_copy(update={"continues": "p"})
    with pytest.raises(ValueError, match="phase 'p' continues itself"):
        RowLocator(make_manifest(phase), phase)
