"""``settings``: what can be set is in the help and in the documents, and nothing else is."""

import pytest

from formats.settings import describe_settings
from pipeline.cli import main
from pipeline.exit_codes import DONE, USAGE
from pipeline.settings import page, sections
from stages import STAGES

from .small_runs import ROOT


def test_the_page_in_docs_is_what_the_models_say() -> None:
    """Otherwise: ``python -m pipeline settings --markdown > docs/settings.md``."""
    assert (ROOT / "docs" / "settings.md").read_text() == page()


@pytest.mark.parametrize("name", sections())
def test_every_setting_has_a_meaning(name) -> None:
    assert [each.key for each in describe_settings(sections()[name]) if not each.meaning] == []


def test_all_sections_and_stages_are_listed(capsys) -> None:
    assert main(["settings"]) == DONE
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed for name in ("run", "mixture", *STAGES))


def test_one_stage(capsys) -> None:
    assert main(["settings", "minhash_dedup"]) == DONE
    printed = capsys.readouterr().out
    assert printed.startswith("Keep one document of those that are nearly the same.")
    assert "threshold: number; default 0.8\n    Jaccard similarity" in printed


def test_a_name_that_does_not_exist(capsys) -> None:
    assert main(["settings", "minhash"]) == USAGE
    assert (
        "'minhash' is no section or stage; did you mean minhash_dedup?" in capsys.readouterr().err
    )
