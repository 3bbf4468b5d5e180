"""Bilingual pairs: counted, and shown side by side."""

import pyarrow.dataset as ds
import pytest

from formats.documents import document_files
from pipeline.cli import DONE, USAGE, main
from pipeline.pairs import UnknownPair, count_pairs, sample_pairs


@pytest.fixture(scope="module")
def rows(sample_run):
    files = document_files(sample_run.bilingual_documents_path)
    return ds.dataset(files).to_table().to_pylist()


def test_counts_are_those_of_the_files(sample_run, rows) -> None:
    found = count_pairs(sample_run)
    assert sum(counts.kept for counts in found.values()) == sum(row["kept"] for row in rows)
    dropped = [row for row in rows if not row["kept"]]
    assert sum(sum(counts.dropped.values()) for counts in found.values()) == len(dropped)
    for name, counts in found.items():
        assert counts.scores_kept.sum() == counts.kept
        assert sum(counts.methods.values()) == sum(
            f"{row['left_lang']}-{row['right_lang']}" == name for row in rows
        )


def test_samples_are_pairs_with_their_texts(sample_run, rows) -> None:
    [(name, shown)] = sample_pairs(sample_run, 2, "th-en").items()
    assert name == "en-th"  # in the order in which it is written
    assert 1 <= len(shown) <= 2
    for pair in shown:
        assert pair.row in rows
        assert pair.row["kept"]
        assert (pair.left["id"], pair.right["id"]) == (pair.row["left_id"], pair.row["right_id"])
        assert any("\u0e00" <= character <= "\u0e7f" for character in pair.right["text"])


def test_the_command_shows_them_and_names_those_there_are(sample_run, capsys) -> None:
    assert main(["show", sample_run.path, "--pairs", "en-th", "--count", "1"]) == DONE
    said = capsys.readouterr().out
    assert said.count("en-th 1. score ") == 1
    assert main(["show", sample_run.path, "--pairs", "en-tx"]) == USAGE
    assert "did you mean 'en-th'?" in capsys.readouterr().err


def test_a_run_without_pairs_has_none(tmp_path) -> None:
    from .small_runs import corpus_recipe, run_inline, write_corpus

    write_corpus(tmp_path / "corpus" / "a.jsonl", [{"text": "Any text."}])
    folder = run_inline(corpus_recipe(tmp_path, "")).folder
    assert count_pairs(folder) == {}
    with pytest.raises(UnknownPair, match="pairs of the run: none"):
        sample_pairs(folder, 2, "en-th")
