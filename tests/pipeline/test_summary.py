"""The counts of a run add up."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.summary import by, funnel, stage_seconds, total

STAGES = ["langid", "quality", "minhash_dedup"]


def count(lang: str, stage: str | None, documents: int, text_bytes: int) -> dict:
    rule = f"rule of {stage}" if stage else None
    return {"lang": lang, "stage": stage, "rule": rule, "source": "web",
            "documents": documents, "text_bytes": text_bytes}  # fmt: skip


def test_a_funnel_follows_the_recipe_stage_by_stage() -> None:
    counts = [
        count("en", None, 5, 500),
        count("en", "quality", 2, 100),
        count("th", "quality", 1, 40),
        count("th", "langid", 3, 60),
    ]
    langid, quality, dedup = funnel(counts, STAGES, {"langid": 1.234})
    assert langid["in"] == {"documents": 11, "text_bytes": 700}
    assert langid["out"] == quality["in"] == {"documents": 8, "text_bytes": 640}
    assert langid["core_seconds"] == 1.23
    assert quality["dropped"] == {"documents": 3, "text_bytes": 140}
    assert quality["reasons"] == {"rule of quality": {"documents": 3, "text_bytes": 140}}
    assert quality["languages"]["th"] == {
        "in": {"documents": 1, "text_bytes": 40},
        "out": {"documents": 0, "text_bytes": 0},
    }
    assert dedup["in"] == dedup["out"] == {"documents": 5, "text_bytes": 500}
    assert dedup["reasons"] == {}


Counts = st.lists(
    st.builds(
        count,
        st.sampled_from(["en", "th", "und"]),
        st.sampled_from([None, *STAGES]),
        st.integers(1, 1000),
        st.integers(0, 10**6),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(Counts)
def test_nothing_is_lost_between_stages(counts: list[dict]) -> None:
    entries = funnel(counts, STAGES, {})
    into = total(counts)
    for entry in entries:
        assert entry["in"] == into
        for key in ("documents", "text_bytes"):
            assert entry["in"][key] == entry["out"][key] + entry["dropped"][key]
            assert entry["dropped"][key] == sum(r[key] for r in entry["reasons"].values())
            for side in ("in", "out"):
                languages = entry["languages"].values()
                assert entry[side][key] == sum(lang[side][key] for lang in languages)
        into = entry["out"]
    assert into == total(c for c in counts if c["stage"] is None)


def test_groups_come_with_the_most_text_first() -> None:
    counts = [count("b", None, 1, 5), count("a", None, 9, 5), count("c", None, 1, 6)]
    assert list(by(counts, "lang")) == ["c", "a", "b"]
    assert by([count("a", None, 1, 1)], "rule") == {"?": {"documents": 1, "text_bytes": 1}}


def test_a_barrier_costs_its_keys_and_its_own_steps() -> None:
    from pipeline.ledger import StepStatistics

    statistics = {
        "read+langid": StepStatistics(seconds=100.0),  # told apart by the stages themselves
        "minhash_dedup/bands": StepStatistics(seconds=2.0),
        "minhash_dedup/candidates": StepStatistics(seconds=3.0),
        "elsewhere/bands": StepStatistics(seconds=50.0),
    }
    maps = [{"seconds": {"langid": 1.0, "minhash_dedup": 0.5}}, {"seconds": {"langid": 1.0}}]
    assert stage_seconds(maps, STAGES, statistics) == {"langid": 2.0, "minhash_dedup": 5.5}


def test_the_summary_of_a_run_agrees_with_its_files(sample_run) -> None:
    summary = sample_run.read_summary()
    rows = [
        row
        for batch in sample_run.documents(["source", "lang", "text"])
        for row in batch.to_pylist()
    ]
    read = [row for row in rows if row["source"] != "bilingual"]
    assert summary["kept"] == {
        "documents": len(read),
        "text_bytes": sum(len(row["text"].encode()) for row in read),
    }
    assert summary["funnel"][-1]["out"] == summary["kept"]
    assert sum(n["documents"] for n in summary["parallel"].values()) == len(rows) - len(read) > 0
    assert summary["kept_by_language"].keys() == {row["lang"] for row in read}
    assert summary["kept_by_source"] == {"web": summary["kept"]}
    for entry in summary["funnel"]:
        stage = entry["stage"]
        removed = (
            sum(batch.num_rows for batch in sample_run.removed(stage))
            if stage in sample_run.removed_stages()
            else 0
        )
        assert entry["dropped"]["documents"] == removed
    tokens = summary["tokens"]
    assert tokens["unassigned"]["documents"] == 0
    assert sum(c["documents"] for c in tokens["components"].values()) == len(rows)
