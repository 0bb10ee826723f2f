"""Prompts are written within a run: filed, resumed, paid once; what is not written is an outcome and never data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.models.chat.answering_server import AnsweringServer

from fauve.engine.progress import Silent
from fauve.engine.rewriting import sources_of
from fauve.engine.run import RunSummary, execute
from fauve.errors import ConfigError, ImportRejected, ModelError, UnknownName
from fauve.ledger import Ledger, queries
from fauve.ledger.importing.prompts import read_prompts
from fauve.ledger.retrying import forget_failures
from fauve.ledger.seals import broken_seals
from fauve.ledger.state import fingerprint, state
from fauve.prompts import RewriteRequest, Rewritten, TemplateRewriter, anti_faults, shipped_pairs
from fauve.prompts.settings import PromptSettings
from fauve.prompts.wording import word_count
from fauve.records import Outcome
from fauve.settings import RunSettings, read_settings

CAPTIONS = ("A dog sleeps on a sofa.", "Two cats sit on a wall.", "A red bus waits at a stop.", "A man reads a map.")
PAINTER = {"name": "tests.engine.toy_painter:Painter"}


@pytest.fixture
def captions(tmp_path: Path) -> Path:
    path = tmp_path / "captions.txt"
    path.write_text("\n".join(CAPTIONS) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def server() -> Iterator[AnsweringServer]:
    pytest.importorskip("tenacity")
    with AnsweringServer() as running:
        yield running


def settings(prompts: dict[str, object], generators: Sequence[dict[str, object]] = ()) -> RunSettings:
    return RunSettings.model_validate(
        {
            "data": {"photographs": False},
            "prompts": {key: str(value) if isinstance(value, Path) else value for key, value in prompts.items()},
            "generators": list(generators),
            "scorers": [],
            "judges": [],
            "engine": {"workers": 1},
        }
    )


def run(
    here: Path, prompts: dict[str, object], generators: Sequence[dict[str, object]] = (), limit: int | None = None
) -> RunSummary:
    return execute(settings(prompts, generators), here / "run", Silent(), limit=limit)


def chat(server: AnsweringServer, captions: Path, **options: object) -> dict[str, object]:
    given = {"base_url": server.url, "key_env": "", "concurrency": 2, **options}
    rewriter = {"name": "chat:some", "options": given, "batch": 2}
    return {"captions": captions, "rewriter": rewriter, "dimensions": ["clarity"], "sizes": [1]}


def test_captions_become_pairs_of_pictures_by_the_template(tmp_path: Path, captions: Path) -> None:
    summary = run(tmp_path, {"captions": captions, "rewriter": "template", "seed": 3}, [PAINTER])
    assert summary.outcomes["rewriter template"] == {"ok": len(CAPTIONS)}
    assert summary.generated == len(CAPTIONS)
    rows = read_prompts(tmp_path / "run" / "prompts.jsonl")
    assert [row.original for row in rows] == list(CAPTIONS)
    assert all(anti_faults(row.original, row.anti, row.dimensions) == [] and row.negative for row in rows)
    with Ledger(tmp_path / "run") as ledger:
        items = list(queries.items(ledger, "pair"))
        (who,) = ledger.db.execute("SELECT rewriter, settings FROM rewriters").fetchall()
        (told,) = [entry for entry in state(ledger).adapters if entry.kind == "rewriter"]
    assert [item.prompts["anti"] for item in items] == [row.anti for row in rows]
    assert [item.dimensions for item in items] == [row.dimensions for row in rows]
    assert {(item.notes["rewriter"], item.notes["rewriter_version"]) for item in items} == {("template", who[0])}
    assert json.loads(who[1]) == TemplateRewriter().settings
    assert (told.name, told.wanted, told.ok, told.missing, told.failed) == ("template", 4, 4, 0, {})
    assert run(tmp_path, {"captions": captions, "rewriter": "template", "seed": 3}, [PAINTER]).did_nothing


def test_a_limit_writes_the_first_and_the_next_run_the_others_alike(tmp_path: Path, captions: Path) -> None:
    asked = {"captions": captions, "rewriter": "template"}
    assert run(tmp_path, asked, limit=2).outcomes["rewriter template"] == {"ok": 2}
    first = read_prompts(tmp_path / "run" / "prompts.jsonl")
    assert run(tmp_path, asked).outcomes["rewriter template"] == {"ok": 2}
    assert read_prompts(tmp_path / "run" / "prompts.jsonl")[:2] == first
    run(tmp_path / "whole", asked)
    whole = (tmp_path / "whole" / "run" / "prompts.jsonl").read_bytes()
    assert (tmp_path / "run" / "prompts.jsonl").read_bytes() == whole


def test_a_set_is_written_anew_under_its_own_dimensions() -> None:
    shipped = shipped_pairs()[:3]
    sources = sources_of(PromptSettings(set="fauve", rewriter={"name": "template"}), limit=3)
    assert [(s.id, s.request.original, s.request.dimensions) for s in sources] == [
        (pair.id, pair.original, pair.dimensions) for pair in shipped
    ]
    assert {s.request.words for s in sources} == {None}
    assert sources[0].groups == {"theme": "people"}


def test_the_neutral_rewriter_matches_the_length_and_asks_for_nothing(tmp_path: Path, captions: Path) -> None:
    summary = run(tmp_path, {"set": "fauve", "rewriter": "neutral", "count": 5}, [PAINTER])
    assert summary.outcomes["rewriter neutral"] == {"ok": 5}
    rows = read_prompts(tmp_path / "run" / "prompts.jsonl")
    assert [word_count(row.anti) for row in rows] == [word_count(pair.anti) for pair in shipped_pairs()[:5]]
    assert all(row.dimensions == () and row.negative is None for row in rows)
    assert all(anti_faults(row.original, row.anti, ()) == [] for row in rows)
    with Ledger(tmp_path / "run") as ledger:
        assert {item.dimensions for item in queries.items(ledger, "pair")} == {()}
    run(tmp_path / "two", {"captions": captions, "rewriter": "neutral"})
    run(tmp_path / "three", {"captions": captions, "rewriter": "template"})
    neutral, template = (read_prompts(tmp_path / name / "run" / "prompts.jsonl") for name in ("two", "three"))
    assert [word_count(row.anti) for row in neutral] == [word_count(row.anti) for row in template]


def test_dimensions_that_stand_with_a_caption_are_kept_and_the_others_drawn(tmp_path: Path) -> None:
    path = tmp_path / "captions.csv"
    path.write_text("id,caption,dimensions,theme\na,A dog.,emotion;clarity,animals\nb,A cat.,,\n", encoding="utf-8")
    asked = PromptSettings(captions=path, rewriter={"name": "template"}, dimensions=("richness",), sizes=(1,))
    one, two = sources_of(asked)
    assert (one.id, one.request.dimensions, one.groups) == ("a", ("emotion", "clarity"), {"theme": "animals"})
    assert (two.id, two.request.dimensions, two.groups) == ("b", ("richness",), {})
    path.write_text("id,captoin\na,A dog.\n", encoding="utf-8")
    with pytest.raises(ImportRejected, match="caption"):
        sources_of(asked)
    path.write_text("id,caption,dimension\na,A dog.,clarity\n", encoding="utf-8")
    with pytest.raises(ImportRejected, match="dimensions"):
        sources_of(asked)
    path.write_text("id,caption\na,A dog.\na,A cat.\n", encoding="utf-8")
    with pytest.raises(ImportRejected, match="stands in the file already"):
        sources_of(asked)


def test_what_a_model_did_not_write_is_counted_and_retried_and_makes_no_pair(
    tmp_path: Path, captions: Path, server: AnsweringServer
) -> None:
    server.script(CAPTIONS[1], *["prose"] * 3)
    server.script(CAPTIONS[2], "refusal")
    asked = chat(server, captions)
    summary = run(tmp_path, asked, [PAINTER])
    assert summary.outcomes["rewriter chat:some"] == {"ok": 2, "unparsable": 1, "refused": 1}
    assert summary.generated == 2
    calls = len(server.calls)
    with Ledger(tmp_path / "run") as ledger:
        (told,) = [entry for entry in state(ledger).adapters if entry.kind == "rewriter"]
        before = fingerprint(ledger)
        assert broken_seals(ledger) == ([], 0)
        facts = [json.loads(f) for (f,) in ledger.db.execute("SELECT facts FROM rewritings WHERE outcome = 'ok'")]
    assert (told.ok, told.missing, told.failed) == (2, 0, {"unparsable": 1, "refused": 1})
    assert {count for _, count in told.reasons} == {1}
    assert all(one["answered_model"] and one["tokens_in"] for one in facts)
    assert run(tmp_path, asked, [PAINTER]).did_nothing
    assert len(server.calls) == calls
    with Ledger(tmp_path / "run", write=True) as ledger:
        assert forget_failures(ledger) == 2
        assert fingerprint(ledger) != before
    again = run(tmp_path, asked, [PAINTER])
    assert again.outcomes["rewriter chat:some"] == {"ok": 2}
    assert again.generated == 2
    assert len(server.calls) == calls + 2
    assert len(read_prompts(tmp_path / "run" / "prompts.jsonl")) == len(CAPTIONS)


def test_a_budget_holds_and_what_was_never_sent_is_asked_by_the_next_run(
    tmp_path: Path, captions: Path, server: AnsweringServer
) -> None:
    summary = run(tmp_path, chat(server, captions, price=1.0, budget=3.0))
    assert summary.outcomes["rewriter chat:some"] == {"ok": 3, "not sent": 1}
    with Ledger(tmp_path / "run") as ledger:
        (told,) = [entry for entry in state(ledger).adapters if entry.kind == "rewriter"]
    assert told.failed == {"not sent": 1}
    assert run(tmp_path, chat(server, captions, price=1.0, budget=3.0)).outcomes["rewriter chat:some"] == {
        "not sent": 1
    }
    assert len(server.calls) == 3
    assert run(tmp_path, chat(server, captions, price=1.0, budget=9.0)).outcomes["rewriter chat:some"] == {"ok": 1}
    assert len(server.calls) == 4


DIES = """
import os, signal, sys
from pathlib import Path
from fauve.engine import rewriting
from fauve.cli import main

def dying(*given):
    os.kill(os.getpid(), signal.SIGKILL)

rewriting.record_rewritings = dying
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_what_was_paid_for_is_not_bought_again_by_a_run_that_was_killed(
    tmp_path: Path, captions: Path, server: AnsweringServer
) -> None:
    config = tmp_path / "run.toml"
    config.write_text(
        f'scorers = []\njudges = []\n[data]\nphotographs = false\n[prompts]\ncaptions = "{captions.name}"\n'
        f'dimensions = ["clarity"]\nsizes = [1]\n'
        f'[prompts.rewriter]\nname = "chat:some"\nbatch = 4\n'
        f'options = {{ base_url = "{server.url}", key_env = "", concurrency = 2 }}\n',
        encoding="utf-8",
    )
    given = [sys.executable, "-c", DIES, "run", str(config), "--out", str(tmp_path / "run")]
    killed = subprocess.run(given, capture_output=True, env=os.environ, check=False, timeout=120)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(server.calls) == len(CAPTIONS)
    summary = execute(read_settings(config), tmp_path / "run", Silent())
    assert summary.outcomes["rewriter chat:some"] == {"ok": len(CAPTIONS)}
    assert len(server.calls) == len(CAPTIONS)


class Odd(TemplateRewriter):
    """Raises, loses its answer or writes what is none, by the caption."""

    def rewrite(self, requests: Sequence[RewriteRequest]) -> list[Rewritten]:
        if any("dog" in one.original for one in requests):
            raise RuntimeError("no such layer")
        return [self._one(one) for one in requests]

    def _one(self, request: RewriteRequest) -> Rewritten:
        if "cats" in request.original:
            return Rewritten(Outcome.OK, request.original)
        if "bus" in request.original:
            return Rewritten(Outcome.OK, "half a pair: \ud800")
        return Rewritten(Outcome.OK, "all of it is blurred: a man reads a map")


def test_a_rewriter_of_ones_own_may_fail_for_one_caption_alone(tmp_path: Path, captions: Path) -> None:
    asked = {"captions": captions, "rewriter": "tests.engine.test_rewriting:Odd"}
    summary = run(tmp_path, asked)
    assert summary.outcomes["rewriter tests.engine.test_rewriting:Odd"] == {"ok": 1, "failed": 1, "unparsable": 2}
    with Ledger(tmp_path / "run") as ledger:
        rows = ledger.db.execute("SELECT reason FROM rewritings WHERE reason IS NOT NULL ORDER BY reason")
        reasons = [reason for (reason,) in rows]
    assert "half of a surrogate pair" in reasons[0]
    assert reasons[1:] == ["RuntimeError: no such layer", "the anti prompt is empty, or the caption itself"]


def test_pictures_of_other_prompts_are_not_mixed_into_one_row(tmp_path: Path, captions: Path) -> None:
    run(tmp_path, {"captions": captions, "rewriter": "template"}, [PAINTER])
    with pytest.raises(ConfigError, match=r"painter has pictures of the pair '0000' here under other prompts"):
        run(tmp_path, {"captions": captions, "rewriter": "neutral"}, [PAINTER])
    with Ledger(tmp_path / "run") as ledger:
        assert ledger.db.execute("SELECT count(*) FROM generations").fetchone() == (2 * len(CAPTIONS),)


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("templat", UnknownName, "'template'"),
        ("tests.engine.toy_painter:Corner", Exception, "no rewriter"),
        ("chat:some", ModelError, "OPENAI_API_KEY"),
    ],
)
def test_a_rewriter_that_cannot_be_had_ends_the_run_before_any_work(
    tmp_path: Path, captions: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: type[Exception], told: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(error, match=told):
        run(tmp_path, {"captions": captions, "rewriter": name})
    assert not (tmp_path / "run").exists()
