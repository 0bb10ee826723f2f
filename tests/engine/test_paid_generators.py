"""Generators that cost money, in a run: nothing is billed twice, and what was not sent is asked for again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.models.generators.api_cases import server
from tests.models.generators.provider_server import ProviderServer

from fauve.cli import main
from fauve.engine.progress import Silent
from fauve.engine.run import RunSummary, execute
from fauve.errors import ConfigError
from fauve.ledger import Ledger, queries
from fauve.ledger.endings import ending
from fauve.ledger.generations import generation_outcomes
from fauve.settings import RunSettings

__all__ = ["server"]

PAIRS = 3
ALL = {f"{kind} {n}": 1 for n in range(PAIRS) for kind in ("plain", "wild")}


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    rows = [
        {"id": f"{n}", "prompt_original": f"plain {n}", "prompt_anti": f"wild {n}", "dimensions": ["clarity"]}
        for n in range(PAIRS)
    ]
    file = tmp_path / "prompts.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return file


def asked(prompts: Path, server: Any, name: str = "gpt-image-1.5", **options: Any) -> RunSettings:
    given = {"base_url": f"{server.url}/v1", "timeout": 5.0, "deadline": 10.0, "concurrency": 1, "price": 0.1}
    return RunSettings.model_validate(
        {
            "prompts": {"file": prompts},
            "generators": [{"name": name, "options": {**given, **options}}],
            "scorers": ["polish"],
            "judges": [],
            "engine": {"workers": 1},
        }
    )


def run(settings: RunSettings, out: Path) -> RunSummary:
    return execute(settings, out, Silent())


def endings(out: Path) -> dict[str, int]:
    with Ledger(out) as ledger:
        return {how: count for _, how, count in generation_outcomes(ledger)}


def pairs(out: Path) -> list[str]:
    with Ledger(out) as ledger:
        return sorted(item.id for item in queries.items(ledger))


def test_a_budget_stops_a_run_and_more_of_it_ends_it(
    server: ProviderServer, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    first = run(asked(prompts, server, budget=0.4), out)
    assert server.billed.total() == 4
    assert dict(first.outcomes["gpt-image-1.5"]) == endings(out) == {"ok": 4, "not sent": 2}
    assert pairs(out) == ["0"], "a pair whose request was not sent is no item yet"
    with pytest.raises(SystemExit):
        main(["status", str(out)])
    assert "generator gpt-image-1.5: 6 requests: 2 not sent, 4 ok" in capsys.readouterr().out
    with Ledger(out) as ledger:
        reasons = {r for (r,) in ledger.db.execute("SELECT reason FROM generations WHERE outcome <> 'ok'")}
    assert reasons == {"budget of 0.4 reached; not sent"}
    run(asked(prompts, server, budget=0.4), out)
    assert server.billed.total() == 4, "the money that a run directory has spent stays spent"
    last = run(asked(prompts, server, budget=0.6), out)
    assert dict(last.outcomes["gpt-image-1.5"]) == {"ok": 2}
    assert server.billed == ALL
    assert endings(out) == {"ok": 6}
    assert pairs(out) == ["0", "1", "2"]
    assert run(asked(prompts, server, budget=0.6), out).did_nothing


def test_requests_are_on_file_in_the_run_directory_and_change_no_key(
    server: ProviderServer, prompts: Path, tmp_path: Path
) -> None:
    run(asked(prompts, server), tmp_path / "one")
    journal = tmp_path / "one" / "requests" / "gpt-image-1.5" / "journal.jsonl"
    events = [json.loads(line)["event"] for line in journal.read_text().splitlines()]
    assert events == ["sent", "answered"] * 6
    run(asked(prompts, server, journal=str(tmp_path / "mine")), tmp_path / "two")
    assert not (tmp_path / "two" / "requests").exists(), "a journal that the user names is the one that is kept"
    assert (tmp_path / "mine" / "journal.jsonl").is_file()
    keys = []
    for name in ("one", "two"):
        with Ledger(tmp_path / name) as ledger:
            keys.append(ledger.db.execute("SELECT adapter FROM adapters WHERE kind = 'generator'").fetchall())
    assert keys[0] == keys[1]


def test_another_run_directory_gets_a_journal_of_its_own(server: ProviderServer, prompts: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run(asked(prompts, server, budget=0.6), tmp_path / name)
        assert endings(tmp_path / name) == {"ok": 6}
    assert server.billed.total() == 12


CHILD = """
import os, signal, sys
from pathlib import Path
import tests.engine.test_paid_generators as here
from fauve.engine import generating
prompts, url, out = sys.argv[1:]
filed = generating.record_generations
def killed_at_the_second_batch(ledger, run, adapter, rows):
    if ledger.db.execute("SELECT count(*) FROM generations").fetchone()[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    filed(ledger, run, adapter, rows)
generating.record_generations = killed_at_the_second_batch
class Server: pass
server = Server()
server.url = url
here.run(here.asked(Path(prompts), server), Path(out))
"""


def test_what_a_killed_run_bought_and_did_not_file_is_not_bought_again(
    server: ProviderServer, prompts: Path, tmp_path: Path
) -> None:
    out, root = tmp_path / "run", Path(__file__).parents[2]
    command = [sys.executable, "-c", CHILD, str(prompts), server.url, str(out)]
    child = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False, timeout=120)
    assert child.returncode == -signal.SIGKILL
    assert server.billed.total() == 2
    assert endings(out) == {"ok": 1}, "one picture was bought and never filed"
    run(asked(prompts, server), out)
    assert server.billed == ALL
    assert endings(out) == {"ok": 6}


def test_a_service_that_cannot_be_reached_leaves_everything_to_the_next_run(
    server: ProviderServer, prompts: Path, tmp_path: Path
) -> None:
    out, nobody = tmp_path / "run", ProviderServer()
    with nobody:
        pass  # its port is closed again
    gone = asked(prompts, server, base_url=f"{nobody.url}/v1", deadline=0.5)
    run(gone, out)
    assert endings(out) == {"not sent": 6}
    assert pairs(out) == []
    run(asked(prompts, server), out)
    assert server.billed == ALL
    assert len(pairs(out)) == PAIRS


def test_pictures_made_with_other_settings_do_not_share_a_name(
    server: ProviderServer, prompts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    run(asked(prompts, server), out)
    with pytest.raises(ConfigError, match=r"gpt-image-1\.5 made its pictures here with other settings \(parameters\)"):
        run(asked(prompts, server, parameters={"quality": "low"}), out)
    assert server.billed == ALL
    assert run(asked(prompts, server), out).did_nothing
    run(asked(prompts, server, preset="paper"), out)
    with Ledger(out) as ledger:
        names = {item.generator for item in queries.items(ledger)}
    assert names == {"gpt-image-1.5", "gpt-image-1.5 (paper preset)"}


def test_a_prediction_that_outlives_a_run_is_fetched_by_the_next(
    server: ProviderServer, prompts: Path, tmp_path: Path
) -> None:
    out, quick = tmp_path / "run", {"poll": 0.01, "name": "seedream-4"}
    server.polls_until_done = 10**6
    run(asked(prompts, server, deadline=0.3, **quick), out)
    assert endings(out) == {"still running": 6}
    assert pairs(out) == []
    server.polls_until_done = 1
    run(asked(prompts, server, **quick), out)
    assert server.billed == ALL
    assert endings(out) == {"ok": 6}
    assert len(pairs(out)) == PAIRS


def test_a_refusal_is_an_answer(server: ProviderServer, prompts: Path, tmp_path: Path) -> None:
    server.script("wild 1", ["refused"])
    out = tmp_path / "run"
    run(asked(prompts, server), out)
    assert endings(out) == {"ok": 5, "refused": 1}
    calls = len(server.calls)
    assert run(asked(prompts, server), out).did_nothing
    assert len(server.calls) == calls
    assert len(pairs(out)) == PAIRS


@pytest.mark.parametrize(
    ("outcome", "facts", "told"),
    [
        ("ok", {"sent": False, "taken_up": True}, "ok"),
        ("failed", {}, "failed"),
        ("failed", {"sent": True}, "failed"),
        ("failed", {"sent": False}, "not sent"),
        ("failed", {"sent": 0}, "not sent"),
        ("failed", {"sent": False, "taken_up": True}, "failed"),
        ("refused", {"sent": False, "taken_up": True}, "refused"),
        ("timed out", {"sent": True, "left_running": True}, "still running"),
    ],
)
def test_only_what_has_no_answer_is_open(outcome: str, facts: dict[str, Any], told: str) -> None:
    assert ending(outcome, facts) == told
