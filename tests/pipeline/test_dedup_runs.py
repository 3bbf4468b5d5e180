"""Duplicates of every kind through whole runs: the same bytes inline and on Ray, index included."""

from pathlib import Path

from pipeline.recipe import Recipe
from pipeline.run import run

from .small_runs import corpus_recipe, digests, removed_rows, run_inline, write_corpus

STAGES = """
stages:
  - exact_dedup: {by: [url, text, normalized_text]}
  - minhash_dedup: {index: "%s/index", scope: source, keep: newest}
"""
WORDS = [f"word{i}" for i in range(120)]


def crawl(folder: Path, month: int, *overrides: str) -> Recipe:
    """The recipe of a month's crawl below a folder; pages change a little from month to month."""
    place = folder / str(month)
    for part in range(3):
        lines = [
            {
                "text": " ".join(
                    [*WORDS[page % 5 : 100], *[f"p{page % 9}"] * 3, f"m{month * page}"]
                ),
                "url": f"https://www.site{page % 7}.example/{page}?utm_source=m{month}",
                "date": f"2024-{month:02}-{page % 28 + 1:02}",
            }
            for page in range(part, 90, 3)
        ]
        write_corpus(place / "corpus" / f"{part}.jsonl", lines)
    return corpus_recipe(place, STAGES % folder, "run.partition_bytes=2KB", *overrides)


def test_inline_and_one_or_two_workers_of_ray_write_the_same(tmp_path) -> None:
    written = []
    for name, options in [
        ("inline", {"engine": "inline"}),
        ("one", {"engine": "ray", "workers": 1}),
        ("two", {"engine": "ray", "workers": 2}),
    ]:
        run_inline(crawl(tmp_path / name, 1))
        outcome = run(crawl(tmp_path / name, 2), live=False, **options)
        assert outcome.folder.removed_stages() == ["exact_dedup", "minhash_dedup"]
        removed = [
            (row["id"], row["duplicate_of"], row["cluster_id"], row["drop_reason"])
            for row in removed_rows(outcome.folder)
        ]
        written.append((removed, digests(tmp_path / name / "index", ".")))
    assert len([path for path in written[0][1] if path.endswith("index.json")]) == 2
    assert written[0] == written[1] == written[2]


def test_a_page_of_last_month_is_not_taken_again(tmp_path) -> None:
    """Though ids are made of file names, which two months share: the texts tell them apart."""
    first = run_inline(crawl(tmp_path, 1)).folder
    second = run_inline(crawl(tmp_path, 2)).folder
    kept = {row["id"] for batch in first.documents(["id"]) for row in batch.to_pylist()}
    gone = [row for row in removed_rows(second) if row["drop_stage"] == "minhash_dedup"]
    assert [row for row in gone if row["duplicate_of"] in kept]
    again = run_inline(crawl(tmp_path, 2, f"run.out={tmp_path}/again")).folder
    assert [row["id"] for row in removed_rows(again)] == [row["id"] for row in removed_rows(second)]
