"""The heat map leads to samples that are on the page."""

import re
import shutil
from pathlib import Path

from formats.run_folder import RunFolder
from pipeline.report.page import write_report


def test_every_share_leads_to_something_on_the_page(sample_run) -> None:
    text = Path(sample_run.report_path).read_text(encoding="utf-8")
    targets = re.findall(r'<a href="#([^"]+)"', text)
    addresses = re.findall(r' id="([^"]+)"', text)
    assert len(addresses) == len(set(addresses)), "an address is of one element"
    assert set(targets) <= set(addresses)
    assert [target for target in targets if target.startswith("samples-quality-")]


def test_a_rule_is_hidden_with_languages_it_did_not_touch(sample_run) -> None:
    text = Path(sample_run.report_path).read_text(encoding="utf-8")
    summary = sample_run.read_summary()
    order = list(summary["read_by_language"])
    cell = summary["removed"][0]
    langs = [c["lang"] for c in summary["removed"]
             if (c["stage"], c["rule"]) == (cell["stage"], cell["rule"])]  # fmt: skip
    [classes] = re.findall(rf'<tr class="r ([^"]+)"><th scope="row">[^<]*{cell["rule"]}</th>', text)
    assert set(classes.split()) == {f"l{order.index(lang) + 1}" for lang in langs}


def test_a_run_whose_removed_documents_were_thrown_away_still_has_a_report(
    sample_path, tmp_path
) -> None:
    run = shutil.copytree(sample_path, tmp_path / "run")
    shutil.rmtree(run / "removed")
    folder = RunFolder(str(run))
    write_report(folder, folder.read_summary())
    page = (run / "report.html").read_text()
    assert "gopher_stop_words" in page
