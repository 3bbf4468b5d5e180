"""The stage ``unusual``: judged behind ``quality``, by a reference in a file."""

import numpy as np
import pyarrow as pa
import pytest

from stages.base import DROP_REASON, mark_dropped
from stages.quality.calibration import write_calibration
from stages.quality.unusual import Unusual

from .test_calibration import NAMES, documents, fitted

USUAL, MARKUP, SHORT = [200, 0.03, 0.01, 0.3], [200, 0.9, 0.01, 0.3], [10, 0.9, 0.01, 0.3]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("reference") / "thresholds.yaml")
    write_calibration(fitted(), path)
    return path


def measured(*rows, kinds=None, dropped=None):
    signals = documents(*rows)
    batch = pa.RecordBatch.from_pydict(
        {"lang": pa.array(["en"] * len(rows))}
        | {f"signal_{name}": pa.array(v) for name, v in zip(NAMES, signals, strict=True)}
        | ({} if kinds is None else {"document_kind": pa.array(kinds)})
    )
    return mark_dropped(batch, "earlier", pa.array(dropped or [None] * len(rows), pa.string()))


def test_the_reason_names_the_signal(reference) -> None:
    after = Unusual(reference=reference).apply(measured(USUAL, MARKUP, SHORT))
    usual, markup, short = after.column(DROP_REASON).to_pylist()
    assert usual is None
    assert short is None
    assert markup.startswith("unusual_markup: ")
    scores = after.column("unusual").to_pylist()
    assert scores[0] < scores[1]
    assert scores[2] is None


def test_only_prose_goes_unless_asked(reference) -> None:
    batch = measured(MARKUP, MARKUP, kinds=["prose", "verse"])
    gone = [
        r is not None for r in Unusual(reference=reference).apply(batch)["drop_reason"].to_pylist()
    ]
    assert gone == [True, False]
    both = Unusual(reference=reference, kinds=["prose", "verse"]).apply(batch)
    assert None not in both["drop_reason"].to_pylist()


def test_flagging_leaves_everything(reference) -> None:
    after = Unusual(reference=reference, action="flag").apply(measured(MARKUP))
    assert after.column(DROP_REASON).to_pylist() == [None]
    assert after.column("unusual")[0].as_py() > 5


def test_a_cut_of_ones_own(reference) -> None:
    after = Unusual(reference=reference, cut=0.0).apply(measured(MARKUP))
    assert after.column(DROP_REASON)[0].as_py().endswith(" vs 0")
    assert Unusual(reference=reference, cut=99).apply(measured(MARKUP))["drop_reason"].null_count


def test_what_was_dropped_before_has_no_score(reference) -> None:
    after = Unusual(reference=reference).apply(measured(MARKUP, dropped=["rule: 1 vs 2"]))
    assert after.column("unusual").to_pylist() == [None]
    assert after.column(DROP_REASON).to_pylist() == ["rule: 1 vs 2"]


def test_it_stands_behind_quality(reference) -> None:
    batch = mark_dropped(pa.RecordBatch.from_pydict({"lang": ["en"]}), "", pa.nulls(1, pa.string()))
    with pytest.raises(ValueError, match="put it behind `quality`"):
        Unusual(reference=reference).apply(batch)
    assert Unusual(reference=reference).apply(measured(USUAL).slice(0, 0)).num_rows == 0


def test_a_missing_file_stops_before_the_run(tmp_path) -> None:
    with pytest.raises((OSError, ValueError), match="nowhere"):
        Unusual(reference=str(tmp_path / "nowhere.yaml")).check_settings()
    assert np.isfinite(fitted().cut)
