"""Selectors and rubric judges behind a service in a whole run: filed, resumed, paid once, reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.conftest import encoded
from tests.models.chat.answering_server import AnsweringServer

from fauve.engine.progress import Silent
from fauve.engine.run import RunSummary, execute
from fauve.ledger import Ledger, queries
from fauve.ledger.choices import choice_table
from fauve.records import PromptPair
from fauve.settings import RunSettings
from fauve.studies import STUDIES, Evidence

PAIRS = 4
RUBRICS = ("rubric:main-concept@mine", "rubric:special-effects@mine")


@pytest.fixture
def server() -> Iterator[AnsweringServer]:
    with AnsweringServer() as running:
        yield running


@pytest.fixture
def here(tmp_path: Path) -> Path:
    with Ledger(tmp_path / "run", write=True) as ledger:
        for n in range(PAIRS):
            noise = np.random.default_rng(n).integers(0, 40, (12, 16, 3))
            dark, bright = (
                ledger.add_image(encoded(Image.fromarray((noise + level).astype(np.uint8))), "x").sha256
                for level in (20, 180)
            )
            prompts = {"original": f"a dog {n}", "anti": f"a bright dog {n}"}
            ledger.add_items([(PromptPair(str(n), "sdxl", prompts, {"original": dark, "anti": bright}), "here")])
    return tmp_path / "run"


def run(
    here: Path, server: AnsweringServer, *, scorers: bool = False, selectors: int = 0, **options: object
) -> RunSummary:
    common = {"base_url": server.url, "key_env": "", "concurrency": 2, **options}
    settings = {
        "data": {"photographs": False},
        "scorers": [{"name": name, "options": common} for name in RUBRICS] if scorers else [],
        "judges": [],
        "selectors": [{"name": f"chat:m{k}", "options": common} for k in range(selectors)],
        "engine": {"workers": 1},
    }
    return execute(RunSettings.model_validate(settings), here, Silent())


def test_a_run_asks_each_question_once_in_both_orders_and_files_what_was_said(
    here: Path, server: AnsweringServer
) -> None:
    summary = run(here, server, selectors=2)
    assert summary.outcomes == {"chat:m0": {"ok": 2 * PAIRS}, "chat:m1": {"ok": 2 * PAIRS}}
    assert len(server.calls) == 4 * PAIRS
    with Ledger(here) as ledger:
        assert {choice for _, _, choice, _ in queries.selections(ledger).rows()} == {"anti"}
        facts = [json.loads(f) for (f,) in ledger.db.execute("SELECT facts FROM choices").fetchall()]
        (made,) = queries.provenance(ledger, queries.adapters(ledger, "selector")[0]["adapter"])
        found = STUDIES["selection_agreement"].analyse(Evidence.read(ledger))
    assert all(f["answered_model"] == "served-2026-01" and f["replies"] and f["tokens_in"] == 900 for f in facts)
    assert made["limits"]["concurrency"] == 2
    assert {f.estimate for f in found if f.metric == "first_shown"} == {0.5}
    assert run(here, server, selectors=2).did_nothing
    assert len(server.calls) == 4 * PAIRS


def test_an_answer_that_cannot_be_used_leaves_its_item_without_a_selection(here: Path, server: AnsweringServer) -> None:
    server.script("a bright dog 1", *["both"] * 99)
    summary = run(here, server, selectors=1, asks=2)
    assert summary.outcomes["chat:m0"] == {"ok": 2 * PAIRS - 2, "unparsable": 2}
    with Ledger(here) as ledger:
        assert {item for item, *_ in queries.selections(ledger).rows()} == {1, 3, 4}
        reasons = choice_table(ledger)["reason"].drop_nulls().unique().to_list()
    assert reasons == ["asked 2 times; the last answer: It makes more than one choice: make one."]


def test_a_budget_holds_over_runs(here: Path, server: AnsweringServer) -> None:
    first = run(here, server, selectors=1, price=1.0, budget=3.0)
    assert first.outcomes["chat:m0"] == {"ok": 3, "not sent": 2 * PAIRS - 3}
    assert run(here, server, selectors=1, price=1.0, budget=3.0).outcomes["chat:m0"] == {"not sent": 2 * PAIRS - 3}
    assert len(server.calls) == 3
    assert run(here, server, selectors=1, price=1.0, budget=20.0).outcomes["chat:m0"] == {"ok": 2 * PAIRS - 3}


def test_both_rubrics_of_the_grid_cost_one_question_a_cell(here: Path, server: AnsweringServer) -> None:
    summary = run(here, server, scorers=True)
    assert summary.outcomes == {name: {"ok": 4 * PAIRS} for name in RUBRICS}
    assert len(server.calls) == 4 * PAIRS  # and none for an estimate of the time
    with Ledger(here) as ledger:
        grid = queries.grid(ledger)
    concept, effects = (grid.filter(grid["scorer"] == name)["value"].to_numpy() for name in RUBRICS)
    assert np.array_equal(concept + effects, np.full(4 * PAIRS, 100.0))


def test_a_cell_without_a_rating_says_what_came_of_it_and_takes_no_other_with_it(
    here: Path, server: AnsweringServer
) -> None:
    server.script("a bright dog 1", *["range"] * 99)
    summary = run(here, server, scorers=True, asks=1)
    assert summary.outcomes[RUBRICS[0]] == {"ok": 4 * PAIRS - 2, "unparsable": 2}
    # the first scorer asked 4 a pair, and the second again for the two that failed
    assert len(server.calls) == 4 * PAIRS + 2


def test_what_one_rubric_has_bought_is_there_for_the_other_in_a_later_run(here: Path, server: AnsweringServer) -> None:
    run(here, server, scorers=True)
    with Ledger(here, write=True) as ledger, ledger.transaction() as db:
        db.execute("DELETE FROM cells WHERE adapter IN (SELECT adapter FROM adapters WHERE name = ?)", (RUBRICS[1],))
    assert run(here, server, scorers=True, timeout=99.0).outcomes == {RUBRICS[1]: {"ok": 4 * PAIRS}}
    assert len(server.calls) == 4 * PAIRS
