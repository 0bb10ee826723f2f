"""A judge behind a service in a whole run: paid once, kept in a journal, never tried for practice, resumed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import encoded
from tests.models.chat.answering_server import AnsweringServer

from fauve.engine.progress import Silent
from fauve.engine.run import RunSummary, execute
from fauve.ledger import Ledger
from fauve.models.judges.guidelines import own_guidelines
from fauve.records import PromptPair
from fauve.settings import RunSettings

TWO = ("clarity", "emotion")
PAIRS = 2


@pytest.fixture
def server() -> Iterator[AnsweringServer]:
    with AnsweringServer() as running:
        yield running


@pytest.fixture
def here(tmp_path: Path) -> Path:
    with Ledger(tmp_path / "run", write=True) as ledger:
        for n in range(PAIRS):
            original, anti = (
                ledger.add_image(
                    encoded(Image.fromarray(np.random.default_rng(k).integers(0, 255, (12, 16, 3), dtype=np.uint8))),
                    "x",
                ).sha256
                for k in (2 * n, 2 * n + 1)
            )
            prompts = {"original": f"a dog {n}", "anti": f"a blurred dog {n}"}
            ledger.add_items([(PromptPair(str(n), "sdxl", prompts, {"original": original, "anti": anti}), "here")])
    return tmp_path / "run"


def run(here: Path, server: AnsweringServer, **options: object) -> RunSummary:
    asked = {"model": "mine", "base_url": server.url, "key_env": "", "dimensions": list(TWO), "size": 16, **options}
    settings = {
        "data": {"photographs": False},
        "scorers": [],
        "judges": [{"name": "chat-judge", "options": asked}],
        "engine": {"workers": 2},
    }
    return execute(RunSettings.model_validate(settings), here, Silent())


def test_every_value_costs_one_question_and_none_is_asked_for_an_estimate(here: Path, server: AnsweringServer) -> None:
    server.seconds = 0.05
    summary = run(here, server, concurrency=3, price=0.5)
    asked = 2 * PAIRS * len(TWO)
    assert summary.outcomes == {"chat-judge": {"ok": asked}}
    assert server.asked() == {own_guidelines().text(dimension): 2 * PAIRS for dimension in TWO}
    assert server.most_at_once == 3
    with Ledger(here) as ledger:
        values = {value for (value,) in ledger.db.execute("SELECT value FROM judged").fetchall()}
    assert len(values) == 1
    assert values.pop() == pytest.approx((0.3 + 2 * 0.4) / 0.9)
    assert run(here, server, concurrency=3, price=0.5).did_nothing
    assert len(server.calls) == asked


def test_what_was_bought_is_not_bought_again_for_a_ledger_that_lost_it(here: Path, server: AnsweringServer) -> None:
    run(here, server, price=0.5, budget=100.0)
    asked = len(server.calls)
    with Ledger(here, write=True) as ledger, ledger.transaction() as db:
        db.execute("DELETE FROM dimension_scores")
    summary = run(here, server, price=0.5, budget=100.0, timeout=99.0)
    assert (summary.outcomes, len(server.calls)) == ({"chat-judge": {"ok": asked}}, asked)


def test_a_question_that_is_refused_has_an_outcome_and_takes_no_other_with_it(
    here: Path, server: AnsweringServer
) -> None:
    clarity = own_guidelines().text("clarity")
    server.script(clarity, *["refusal"] * 99)
    summary = run(here, server)
    assert summary.outcomes == {"chat-judge": {"ok": 2 * PAIRS, "refused": 2 * PAIRS}}
    assert server.asked()[clarity] == 2 * PAIRS
    with Ledger(here) as ledger:
        rows = ledger.db.execute("SELECT DISTINCT dimension, outcome, reason FROM dimension_scores").fetchall()
    assert set(rows) == {("emotion", "ok", None), ("clarity", "refused", "I cannot look at this.")}
