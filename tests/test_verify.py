"""``fauve verify`` finds what was altered by hand."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from fauve import api
from fauve.cli.gate import gate
from fauve.cli.verify import ALTERED, verify
from fauve.ledger import Ledger
from fauve.ledger.importing import import_pairs, import_ratings
from fauve.records import Finding, Test
from fauve.report.verification import differing_findings
from fauve.settings import DataSettings, RunSettings, StimuliSettings


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run over two effects, with its report."""
    out = tmp_path_factory.mktemp("verify") / "run"
    stimuli = StimuliSettings(effects=("defocus", "underexposure"), strengths=(1.0,), longer_side=64)
    settings = RunSettings(
        data=DataSettings(photographs=True),
        stimuli=stimuli,
        scorers=[{"name": "random"}, {"name": "instrument:sharpness"}],  # type: ignore[arg-type]
        judges=(),
    )
    api.run(settings, out)
    return out


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy that may be altered."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def test_a_run_that_nobody_touched_is_whole(finished: Path) -> None:
    found = api.verify(finished)
    assert found.faults == []
    assert found.pictures > 0
    assert found.numbers == len(api.findings_of(finished)) > 0
    assert CliRunner().invoke(verify, [str(finished)]).exit_code == 0


def test_an_altered_score_is_found_in_the_answers_and_in_the_numbers(copied: Path) -> None:
    with sqlite3.connect(copied / "ledger.sqlite") as db:
        (adapter,) = db.execute("SELECT adapter FROM adapters WHERE name = 'random'").fetchone()
        db.execute(
            "UPDATE cells SET value = -99 WHERE adapter = ? AND image = (SELECT min(image) FROM cells)", (adapter,)
        )
    db.close()
    kinds = {fault.kind for fault in api.verify(copied).faults}
    assert kinds == {"answers", "number"}
    result = CliRunner().invoke(verify, [str(copied)])
    assert result.exit_code == ALTERED
    assert "was altered afterwards" in result.output


def test_numbers_that_moved_come_before_those_that_a_correction_drags_along() -> None:
    moved = Finding("s", "accuracy", 0.5, None, None, 10, 0.0, test=Test("sign", 0.04, 0.08), scorer="altered")
    beside = Finding("s", "accuracy", 0.7, None, None, 10, 0.0, test=Test("sign", 0.01, 0.02), scorer="another")
    now = [
        dataclasses.replace(beside, test=Test("sign", 0.01, 0.01)),
        dataclasses.replace(moved, estimate=0.6, test=Test("sign", 0.03, 0.03)),
    ]
    first, second = differing_findings([beside, moved], now)
    assert (first.which, second.which) == ("s.accuracy[scorer=altered]", "s.accuracy[scorer=another]")
    assert "written 0.5, n = 10, computed 0.6" in first.said
    assert "'p_adjusted': 0.02" in second.said
    assert "'p_adjusted': 0.01" in second.said


def test_an_altered_imported_score_is_found_even_where_the_report_was_drawn_anew(
    tmp_path: Path, scored_pairs: Path
) -> None:
    out = tmp_path / "run"
    with Ledger(out, write=True) as ledger:
        import_pairs(ledger, scored_pairs)
    api.report(out)
    assert api.verify(out).faults == []
    with sqlite3.connect(out / "ledger.sqlite") as db:
        db.execute("UPDATE imported_scores SET value = 9 WHERE item = 1 AND image_slot = 'anti'")
    db.close()
    api.report(out)
    (fault,) = api.verify(out).faults
    assert (fault.kind, fault.which) == ("answers", "what was imported")


@pytest.mark.parametrize(
    ("altered", "kind"),
    [
        ("UPDATE prompts SET text = 'a photograph of nothing' WHERE text = 'thing 3'", "text"),
        ("UPDATE items SET dimensions = '[\"symmetry\"]' WHERE id = 'p3'", "answers"),
        ("UPDATE items SET notes = '{\"a\":1}' WHERE id = 'p3'", "answers"),
        ("UPDATE selections SET choice = 'original' WHERE selector = 'people' AND item = 1", "answers"),
    ],
)
def test_what_an_item_is_made_of_cannot_be_altered_unseen(
    tmp_path: Path, scored_pairs: Path, altered: str, kind: str
) -> None:
    out = tmp_path / "run"
    with Ledger(out, write=True) as ledger:
        import_pairs(ledger, scored_pairs)
        table = tmp_path / "ratings.csv"
        table.write_text("kind,generator,id,rater,choice\npair,flux-dev,p0,r1,anti\n", encoding="utf-8")
        import_ratings(ledger, table)
    api.report(out)
    assert api.verify(out).faults == []
    with sqlite3.connect(out / "ledger.sqlite") as db:
        assert db.execute(altered).rowcount == 1
    db.close()
    api.report(out)
    assert {fault.kind for fault in api.verify(out).faults} == {kind}


def test_a_page_that_was_altered_or_removed_is_found(copied: Path) -> None:
    index = copied / "report" / "index.html"
    index.write_text(index.read_text(encoding="utf-8").replace("pairs", "pears"), encoding="utf-8")
    (copied / "report" / "methods.html").unlink()
    found = {(fault.kind, fault.which, fault.said.split(";")[0]) for fault in api.verify(copied).faults}
    assert found == {
        ("page", "index.html", "it was altered after it was written"),
        ("page", "methods.html", "it is missing"),
    }


def test_a_replaced_picture_is_found_by_name(copied: Path) -> None:
    pictures = sorted((copied / "images").rglob("*.png"))
    shutil.copyfile(pictures[1], pictures[0])
    faults = api.verify(copied).faults
    assert [fault.kind for fault in faults] == ["picture"]
    assert pictures[0].name in faults[0].which


def test_an_altered_findings_file_is_found(copied: Path) -> None:
    file = copied / "findings.json"
    text = file.read_text(encoding="utf-8")
    finding = next(f for f in api.findings_of(copied) if f.estimate not in (None, 0.0, 1.0))
    assert f'"estimate": {finding.estimate!r}' in text
    file.write_text(text.replace(f'"estimate": {finding.estimate!r}', '"estimate": 0.123456', 1), encoding="utf-8")
    assert {fault.kind for fault in api.verify(copied).faults} == {"number"}


def test_the_gate_reads_a_run_and_leaves_its_files(finished: Path, tmp_path: Path) -> None:
    finding = next(
        f for f in api.findings_of(finished) if f.low is not None and f.group == {} and f.scorer and f.generator
    )
    where = f"{finding.study}.{finding.metric}[scorer={finding.scorer},generator={finding.generator}]"
    junit, table = tmp_path / "gate.xml", tmp_path / "gate.md"
    runner = CliRunner()
    held = runner.invoke(gate, [str(finished), "--min", f"{where}={finding.low - 1}", "--junit", str(junit)])
    assert held.exit_code == 0, held.output
    broken = runner.invoke(
        gate, [str(finished / "findings.json"), "--max", f"{where}={finding.high - 1e-6}", "--markdown", str(table)]
    )
    assert broken.exit_code == 3, broken.output
    assert "failed" in table.read_text(encoding="utf-8")
    assert "<testsuite" in junit.read_text(encoding="utf-8")
    assert runner.invoke(gate, [str(finished), "--min", f"{where}x=0"]).exit_code != 0
    assert runner.invoke(gate, [str(finished)]).exit_code == 2
