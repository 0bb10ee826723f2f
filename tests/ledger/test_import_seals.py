"""What was imported, under one seal: alterations by hand break it, and what Fauve does itself does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fauve.ledger import Ledger
from fauve.ledger.importing import import_labels, import_pairs, import_ratings, import_scores
from fauve.ledger.seals import imports_are_altered
from fauve.records import ImportedScore

PAIR = {
    "id": "p1",
    "generator": "flux-dev",
    "prompt_original": "a dog",
    "prompt_anti": "a blurred dog",
    "dimensions": ["clarity"],
    "image_original": None,
    "image_anti": None,
    "selection": "anti",
    "selector": "qwen",
    "scores": [{"scorer": "hpsv3", "image": "anti", "prompt": "anti", "value": 0.25, "source": "published"}],
}


@pytest.fixture
def imported(ledger: Ledger, tmp_path: Path) -> Ledger:
    """A ledger that took in something by every door."""

    def file(name: str, text: str) -> Path:
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
        return tmp_path / name

    label = {"image": "i1", "dimension": "clarity", "expected_score": 0.5, "argmax": 0, "label": -1}
    import_pairs(ledger, file("pairs.jsonl", json.dumps(PAIR)))
    head = "kind,generator,id,image,prompt,scorer,value,source"
    import_scores(ledger, file("scores.csv", f"{head}\npair,flux-dev,p1,original,anti,hpsv3,1.5,published"))
    import_ratings(ledger, file("ratings.csv", "kind,generator,id,rater,choice\npair,flux-dev,p1,r1,anti"))
    import_labels(ledger, file("labels.jsonl", json.dumps(label)), "judge")
    return ledger


def test_what_came_in_is_whole(imported: Ledger) -> None:
    assert imported.db.execute("SELECT count(*) FROM import_seals").fetchone() == (1,)
    assert not imports_are_altered(imported)


@pytest.mark.parametrize(
    "altered",
    [
        "UPDATE imported_scores SET value = value + 1e-12 WHERE image_slot = 'anti'",
        "DELETE FROM imported_scores WHERE image_slot = 'original'",
        "UPDATE selections SET choice = 'original' WHERE selector = 'qwen'",
        "UPDATE ratings SET choice = 'tie'",
        "UPDATE judge_labels SET label = 1",
    ],
)
def test_what_is_altered_by_hand_breaks_the_seal(imported: Ledger, altered: str) -> None:
    assert imported.db.execute(altered).rowcount == 1
    assert imports_are_altered(imported)


def test_what_fauve_computes_does_not(imported: Ledger) -> None:
    with imported.transaction() as db:
        db.execute("INSERT INTO selections VALUES (1, 'gpt', 'computed', 'anti')")
        db.execute("DELETE FROM selections WHERE source = 'computed'")
        db.execute("UPDATE selections SET choice = 'tie' WHERE source = 'ratings'")
    assert imported.db.execute("SELECT count(*) FROM import_seals").fetchone() == (1,)
    assert not imports_are_altered(imported)


def test_scores_that_a_script_adds_take_the_seal_off_and_the_next_import_puts_it_on(
    imported: Ledger, tmp_path: Path
) -> None:
    imported.add_scores([(1, ImportedScore("mps", "anti", "anti", 2.0, "mine"), "a script")])
    assert imported.db.execute("SELECT count(*) FROM import_seals").fetchone() == (0,)
    assert not imports_are_altered(imported)
    import_pairs(imported, tmp_path / "pairs.jsonl")
    assert imported.db.execute("SELECT count(*) FROM import_seals").fetchone() == (1,)
    imported.db.execute("UPDATE imported_scores SET value = 3 WHERE scorer = 'mps'")
    assert imports_are_altered(imported)
