"""What a run recorded, under seal."""

from __future__ import annotations

import pytest

from fauve.ledger import Answer, Ledger, seals
from fauve.ledger.rewritings import Rewriting, record_rewritings, register_rewriter
from fauve.ledger.seals import broken_seals, seal_run, seal_runs
from fauve.records import Outcome


@pytest.fixture
def sealed(pictured: Ledger) -> Ledger:
    """A run that recorded a score for every picture under one prompt and failed on one, under its seal."""
    run = pictured.begin_run("run", {"fauve": "x"})
    adapter = pictured.register("scorer", "s", {}, {})
    prompt = pictured.add_prompt("a cat")
    shas = [sha for (sha,) in pictured.db.execute("SELECT sha256 FROM images ORDER BY sha256")]
    answers = [Answer(sha, prompt, Outcome.OK, value=place / 7) for place, sha in enumerate(shas[1:])]
    pictured.record_cells(run, adapter, [*answers, Answer(shas[0], prompt, Outcome.FAILED, reason="no")])
    pictured.finish_run(run, {})
    seal_run(pictured, run)
    return pictured


def test_a_seal_fits_what_was_recorded(sealed: Ledger) -> None:
    assert broken_seals(sealed) == ([], 0)


@pytest.mark.parametrize(
    "altered",
    [
        "UPDATE cells SET value = value + 1e-12 WHERE outcome = 'ok' AND value > 0.1",
        "DELETE FROM cells WHERE outcome = 'ok' AND value > 0.2",
        "UPDATE cells SET outcome = 'ok', reason = NULL, value = 3 WHERE outcome = 'failed'",
    ],
)
def test_an_answer_altered_by_hand_breaks_it(sealed: Ledger, altered: str) -> None:
    assert sealed.db.execute(altered).rowcount > 0
    broken, unsealed = broken_seals(sealed)
    assert [(one.run, one.command) for one in broken] == [(1, "run")]
    assert unsealed == 0


def test_asking_again_for_what_failed_leaves_it_whole(sealed: Ledger) -> None:
    adapter, image, prompt = sealed.db.execute(
        "SELECT adapter, image, prompt FROM cells WHERE outcome = 'failed'"
    ).fetchone()
    second = sealed.begin_run("run", {})
    sealed.record_cells(second, adapter, [Answer(image, prompt, Outcome.OK, value=1.0)])
    assert broken_seals(sealed) == ([], 1)
    seal_runs(sealed)
    assert broken_seals(sealed) == ([], 0)


def test_a_prompt_that_was_written_is_under_seal_and_older_seals_hold(
    sealed: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = sealed.db.execute("SELECT seal FROM runs").fetchone()
    with monkeypatch.context() as before:
        known = {table: columns for table, columns in seals._ANSWERS.items() if table != "rewritings"}
        before.setattr(seals, "_ANSWERS", known)
        seal_run(sealed, 1)
    assert sealed.db.execute("SELECT seal FROM runs").fetchone() == (old,)
    run = sealed.begin_run("run", {})
    key = register_rewriter(sealed, "template", {}, 1)
    texts = ("a cat", ("clarity",), Outcome.OK, "a blurred cat")
    record_rewritings(sealed, run, key, [Rewriting("a" * 64, *texts, "sharp")])
    sealed.finish_run(run, {})
    seal_run(sealed, run)
    assert broken_seals(sealed) == ([], 0)
    sealed.db.execute("UPDATE rewritings SET negative = 'crisp'")
    assert [one.run for one in broken_seals(sealed)[0]] == [run]
