"""A judge behind a service within a run: each question has its outcome, is paid once, and is owed until it was sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.conftest import encoded
from tests.models.chat.answering_server import AnsweringServer

from fauve.engine.judging import Lost, judged, lost
from fauve.engine.progress import Silent
from fauve.engine.run import RunSummary, execute
from fauve.ledger import Ledger
from fauve.ledger.state import state
from fauve.models.cards import ModelCard
from fauve.models.judges.guidelines import own_guidelines
from fauve.records import Outcome, PromptPair
from fauve.settings import RunSettings

TWO = ("clarity", "emotion")
PICTURES = 4


@dataclass(frozen=True)
class Said:
    outcome: Outcome
    shares: tuple[float, float, float] | None = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class Teller:
    card = ModelCard(name="teller", kind="judge", summary="test")
    dimensions = TWO

    def __init__(self, *rows: Mapping[str, Said]) -> None:
        self.rows, self.calls = list(rows), 0

    def judge(self, images: Sequence[object]) -> object:
        raise AssertionError("who can tell of single questions is not asked for whole rows")

    def answers(self, images: Sequence[object]) -> list[Mapping[str, Said]]:
        self.calls += 1
        return self.rows


def test_one_dimension_fails_alone_and_nobody_is_asked_twice() -> None:
    good = Said(Outcome.OK, (0.0, 1.0, 1.0))
    rows = (
        {"clarity": good, "emotion": Said(Outcome.REFUSED, reason="not this")},
        {"clarity": Said(Outcome.FAILED, reason="budget", facts={"sent": False}), "emotion": good},
    )
    teller = Teller(*rows)
    found = judged(teller, {3: object(), 5: object()})
    assert found == {
        3: {"clarity": 1.5, "emotion": Lost(Outcome.REFUSED, "not this")},
        5: {"clarity": Lost(Outcome.FAILED, "budget", sent=False), "emotion": 1.5},
    }
    assert teller.calls == 1
    (short,) = {one.reason for row in judged(Teller(*rows), {0: object()}).values() for one in row.values()}
    assert "answered for 2 pictures of 1" in short


def test_an_error_may_say_which_outcome_it_is() -> None:
    error = RuntimeError("no answer")
    assert lost(error) == Lost(Outcome.FAILED, "RuntimeError: no answer")
    error.outcome = Outcome.TIMED_OUT
    assert lost(error).outcome is Outcome.TIMED_OUT
    error.outcome, error.facts = Outcome.FAILED, {"sent": False}
    assert not lost(error).sent


@pytest.fixture
def server() -> Iterator[AnsweringServer]:
    pytest.importorskip("tenacity")
    with AnsweringServer() as running:
        yield running


@pytest.fixture
def here(tmp_path: Path) -> Path:
    with Ledger(tmp_path / "run", write=True) as ledger:
        for n in range(PICTURES):
            pixels = np.random.default_rng(n).integers(0, 255, (12, 16, 3)).astype(np.uint8)
            image = ledger.add_image(encoded(Image.fromarray(pixels)), "x").sha256
            prompts = {"original": f"a dog {n}", "anti": f"a dark dog {n}"}
            ledger.add_items([(PromptPair(str(n), "sdxl", prompts, {"original": image, "anti": None}), "here")])
    return tmp_path / "run"


def run(here: Path, server: AnsweringServer, **options: object) -> RunSummary:
    given = {"model": "m", "base_url": server.url, "key_env": "", "name": "far", "dimensions": list(TWO), **options}
    settings = {
        "data": {"photographs": False},
        "scorers": [],
        "judges": [{"name": "fauve.models.judges.chat:ChatJudge", "options": given}],
        "engine": {"workers": 1, "images_per_job": 2},
    }
    return execute(RunSettings.model_validate(settings), here, Silent())


def outcomes(here: Path) -> dict[str, dict[str, int]]:
    with Ledger(here) as ledger:
        rows = ledger.db.execute("SELECT dimension, outcome, count(*) FROM dimension_scores GROUP BY 1, 2").fetchall()
    found: dict[str, dict[str, int]] = {}
    for dimension, outcome, count in rows:
        found.setdefault(dimension, {})[outcome] = count
    return found


def test_a_refusal_is_filed_as_one_and_takes_no_other_answer_with_it(here: Path, server: AnsweringServer) -> None:
    server.script(own_guidelines().text("emotion"), "refusal", "filter")
    run(here, server)
    assert outcomes(here) == {"clarity": {"ok": 4}, "emotion": {"ok": 2, "refused": 1, "filtered": 1}}
    assert len(server.calls) == 2 * PICTURES


def test_a_question_that_was_never_sent_is_owed_and_asked_by_the_next_run(here: Path, server: AnsweringServer) -> None:
    summary = run(here, server, price=1.0, budget=3.0, concurrency=1)
    (counts,) = summary.outcomes.values()
    assert counts == {"ok": 3, "not sent": 5}
    with Ledger(here) as ledger:
        (judge,) = state(ledger).adapters
    assert (judge.ok, judge.missing, judge.failed) == (3, 5, {})
    (counts,) = run(here, server, price=1.0, budget=20.0, concurrency=1).outcomes.values()
    assert counts == {"ok": 5}
    assert len(server.calls) == 2 * PICTURES
    assert run(here, server, price=1.0, budget=20.0, concurrency=1).did_nothing
