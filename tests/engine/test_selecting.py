"""Selectors in a run: both orders, ties, failures, resuming, side by side."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import encoded
from tests.engine import toy_selectors
from tests.engine.toy_selectors import ASKED, SIZES, Remote

from fauve.engine.progress import Silent
from fauve.engine.run import RunSummary, execute
from fauve.errors import Interrupted
from fauve.ledger import Ledger, queries
from fauve.ledger.choices import choice_table
from fauve.ledger.retrying import forget_failures
from fauve.ledger.state import state
from fauve.records import PromptPair
from fauve.settings import RunSettings
from fauve.studies.evidence import Evidence

PAIRS = 5
TOYS = "tests.engine.toy_selectors:"


@pytest.fixture(autouse=True)
def nobody_asked() -> None:
    ASKED.clear()
    SIZES.clear()
    Remote.together = 0


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A run directory with pairs whose anti image is the brighter one, but for the last, where the original is."""
    with Ledger(tmp_path / "run", write=True) as ledger:
        for n in range(PAIRS):
            rng = np.random.default_rng(n)
            noise = rng.integers(0, 40, (12, 16, 3))
            pictures = [Image.fromarray((noise + level).astype(np.uint8)) for level in (20, 180)]
            dark, bright = (ledger.add_image(encoded(picture), "x") for picture in pictures)
            images = {"original": dark.sha256, "anti": bright.sha256}
            if n == PAIRS - 1:
                images = {"original": bright.sha256, "anti": dark.sha256}
            prompts = {"original": f"a dog {n}", "anti": f"a bright dog {n}"}
            ledger.add_items([(PromptPair(str(n), "sdxl", prompts, images), "here")])
    return tmp_path / "run"


def run(here: Path, *selectors: object, limit: int | None = None) -> RunSummary:
    named = [TOYS + s if isinstance(s, str) else {**s, "name": TOYS + s["name"]} for s in selectors]
    nothing = {"data": {"photographs": False}, "scorers": [], "judges": [], "engine": {"workers": 1}}
    return execute(RunSettings.model_validate({**nothing, "selectors": named}), here, Silent(), limit=limit)


def chosen(here: Path, selector: str) -> list[str]:
    with Ledger(here) as ledger:
        return [choice for _, name, choice, _ in queries.selections(ledger).rows() if name == selector]


def outcomes(here: Path) -> list[tuple[object, ...]]:
    with Ledger(here) as ledger:
        return choice_table(ledger).rows()


TRUTH = ["anti"] * (PAIRS - 1) + ["original"]


def test_who_sees_what_was_asked_chooses_it_in_both_orders(here: Path) -> None:
    run(here, "Brighter")
    assert chosen(here, "brighter") == TRUTH
    assert [row[2] for row in outcomes(here)] == [False, True] * PAIRS
    with Ledger(here) as ledger:
        facts = ledger.db.execute("SELECT facts ->> '$.levels[0]', facts ->> '$.levels[1]' FROM choices").fetchall()
    # the turned question shows the same two pictures the other way round
    assert all(plain == turned[::-1] for plain, turned in zip(facts[::2], facts[1::2], strict=True))


def test_who_always_takes_the_first_has_only_ties_and_every_answer_on_file(here: Path) -> None:
    run(here, "First")
    assert chosen(here, "first") == ["tie"] * PAIRS
    assert [row[4] for row in outcomes(here)] == ["original", "anti"] * PAIRS


def test_who_is_blind_to_order_is_asked_once(here: Path) -> None:
    run(here, "Blind")
    assert ASKED == {"blind": PAIRS}
    assert chosen(here, "blind") == TRUTH


def test_for_who_looks_at_no_pixel_none_is_decoded_and_every_file_is_still_checked(here: Path) -> None:
    with Ledger(here) as ledger:
        (here / queries.image_refs(ledger)[0].path).write_bytes(b"something else")
    run(here, "Reader")
    with Ledger(here) as ledger:
        facts = ledger.db.execute(
            "SELECT DISTINCT facts ->> '$.undecoded' FROM choices WHERE outcome = 'ok'"
        ).fetchall()
    assert facts == [(1,)]
    assert sorted(row[3] for row in outcomes(here)) == ["failed"] + ["ok"] * (PAIRS - 1)


@pytest.mark.parametrize(("name", "outcome"), [("Failing", "timed out"), ("Raising", "failed")])
def test_a_failure_costs_its_own_item_and_no_other(here: Path, name: str, outcome: str) -> None:
    summary = run(here, {"name": name, "batch": 3})
    assert chosen(here, name.lower()) == TRUTH[1:]
    assert [row[3] for row in outcomes(here)] == [outcome] * 2 + ["ok"] * (2 * PAIRS - 2)
    assert summary.outcomes[name.lower()] == {outcome: 2, "ok": 2 * PAIRS - 2}


@pytest.mark.parametrize(
    ("name", "outcome", "reason"), [("Short", "failed", "answers"), ("Odd", "unparsable", "third")]
)
def test_an_answer_that_is_none_is_never_a_choice(here: Path, name: str, outcome: str, reason: str) -> None:
    run(here, name)
    assert chosen(here, name.lower()) == []
    assert {row[3] for row in outcomes(here)} == {outcome}
    assert all(reason in str(row[5]) for row in outcomes(here))


def test_a_lost_picture_is_a_failure_of_its_item(here: Path) -> None:
    with Ledger(here) as ledger:
        ref = queries.image_refs(ledger)[0]
        (here / ref.path).unlink()
    run(here, "Brighter")
    assert len(chosen(here, "brighter")) == PAIRS - 1
    assert sum("LedgerCorrupt" in str(row[5]) for row in outcomes(here)) == 2


def test_a_second_run_asks_nothing_and_one_after_a_retry_asks_what_failed(here: Path) -> None:
    run(here, "Failing")
    ASKED.clear()
    assert run(here, "Failing").did_nothing
    assert not ASKED
    with Ledger(here, write=True) as ledger:
        assert forget_failures(ledger) == 2
    run(here, "Failing")
    assert ASKED == {"failing": 2}


def test_what_was_never_sent_is_asked_by_the_next_run(here: Path) -> None:
    summary = run(here, "Broke")
    assert summary.outcomes["broke"] == {"ok": 2, "not sent": 2 * PAIRS - 2}
    assert chosen(here, "broke") == ["tie"]
    run(here, "Broke")
    assert chosen(here, "broke") == ["tie"] * 2


def test_other_settings_ask_again_and_redraw(here: Path) -> None:
    run(here, {"name": "Brighter", "options": {"v": 1}})
    run(here, {"name": "Darker", "options": {"v": 2, "name": "brighter"}})
    assert chosen(here, "brighter") == [{"anti": "original", "original": "anti"}[choice] for choice in TRUTH]
    ASKED.clear()
    run(here, {"name": "Brighter", "options": {"v": 1}})
    assert not ASKED  # those answers are on file
    assert chosen(here, "brighter") == TRUTH


def test_a_limit_asks_about_the_first_items(here: Path) -> None:
    run(here, "Brighter", limit=2)
    assert chosen(here, "brighter") == TRUTH[:2]
    run(here, "Brighter")
    assert chosen(here, "brighter") == TRUTH


def test_batches_are_as_large_as_the_settings_say(here: Path) -> None:
    run(here, {"name": "Brighter", "batch": 3})
    assert SIZES == [3, 3, 3, 1]


def test_several_selectors_stand_beside_each_other(here: Path) -> None:
    run(here, "Brighter", "First", "Failing")
    with Ledger(here) as ledger:
        evidence = Evidence.read(ledger)
        found = {a.name: (a.kind, a.wanted, a.ok, a.missing) for a in state(ledger).adapters}
    assert set(evidence.selections["selector"]) == {"brighter", "first", "failing"}
    assert evidence.under("first").items["choice"].to_list() == ["tie"] * PAIRS
    assert evidence.under("brighter").items["choice"].to_list() == TRUTH
    assert evidence.under("failing").items["choice"].to_list() == [None, *TRUTH[1:]]
    assert found["brighter"] == ("selector", 2 * PAIRS, 2 * PAIRS, 0)
    assert found["failing"] == ("selector", 2 * PAIRS, 2 * PAIRS - 2, 0)


def test_those_that_wait_for_a_service_work_side_by_side(here: Path) -> None:
    summary = run(
        here, {"name": "Remote", "options": {"name": "one"}}, {"name": "RemoteToo", "options": {"name": "two"}}
    )
    assert Remote.together == 4  # two batches each
    for name in ("one", "two"):
        assert chosen(here, name) == TRUTH
        assert summary.outcomes[name] == {"ok": 2 * PAIRS}


@pytest.mark.parametrize("name", ["Brighter", "Remote"])
def test_a_stop_keeps_what_was_answered_and_the_next_run_goes_on(
    here: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = getattr(toy_selectors, name).one
    seen: list[str] = []

    def one(self, request):
        seen.append(request.name)
        if len(seen) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self, request)

    monkeypatch.setattr(getattr(toy_selectors, name), "one", one)
    with pytest.raises(Interrupted):
        run(here, {"name": name, "batch": 1})
    first = len(outcomes(here))
    assert 3 <= first <= 5
    run(here, {"name": name, "batch": 1})
    assert chosen(here, name.lower()) == TRUTH
    assert len(seen) == 2 * PAIRS
