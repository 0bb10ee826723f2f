"""What the report says of requests for pictures: every ending counted, reasons shown, presets in rows of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fauve.ledger import Ledger
from fauve.ledger.generations import Made, record_generations
from fauve.ledger.rewritings import Rewriting, record_rewritings, register_rewriter
from fauve.records import Outcome, PromptPair
from fauve.report.outcomes import drawn_context, drawn_sentence, read_drawn
from fauve.report.site import build_report

MATCHED = {
    "preset": "matched",
    "steps": 28,
    "guidance_scale": 3.5,
    "negative": None,
    "size": [64, 64],
    "dtype": "bfloat16",
}
PAPER = {"preset": "paper", "original": {"steps": 40, "guidance_scale": 4.0}, "anti": {"steps": 32, "negative": ""}}
ENDINGS: list[tuple[Outcome, str | None, dict[str, Any]]] = [
    (Outcome.OK, None, {"forwards": 28, "truncated_tokens": 0, "truncated": {"a": 3, "b": 0}}),
    (Outcome.OK, None, {"forwards": 28, "truncated_tokens": 4, "truncated": {"a": 4, "b": 9}}),
    (Outcome.REFUSED, "<b>not allowed</b>", {}),
    (Outcome.REFUSED, "<b>not allowed</b>", {}),
    (Outcome.FILTERED, "black", {}),
    (Outcome.FAILED, "budget reached", {"sent": False}),
]


@pytest.fixture
def ledger(tmp_path: Path, photo_bytes: Callable[..., bytes]) -> Path:
    card = {"name": "flux-dev", "kind": "generator", "summary": ""}
    with Ledger(tmp_path / "run", write=True) as opened:
        image = opened.add_image(photo_bytes(1, (16, 16)), "one").sha256
        run = opened.begin_run("run", {})
        names = ("flux-dev", "flux-dev (paper preset)")
        adapters = [opened.register("generator", n, s, card) for n, s in zip(names, (MATCHED, PAPER), strict=True)]
        rows = [
            Made(opened.add_prompt(f"prompt {n}"), 0, outcome, image if outcome is Outcome.OK else None, reason, facts)
            for n, (outcome, reason, facts) in enumerate(ENDINGS)
        ]
        record_generations(opened, run, adapters[0], rows)
        record_generations(opened, run, adapters[1], rows[:1])
        opened.finish_run(run, {"seconds": {"flux-dev": 12.0}, "outcomes": {"flux-dev": {"ok": 2, "refused": 4}}})
        for n, (wish, outcome) in enumerate([("clarity", "ok"), ("emotion", "refused"), ("emotion", "filtered")]):
            prompts, images = {"original": f"o{n}", "anti": f"a{n}"}, {"original": image, "anti": None}
            groups = {"emotion": "fear"} if n == 1 else {}
            notes = {"outcomes": {"original": "ok", "anti": outcome}}
            opened.add_items([(PromptPair(f"{n}", "flux-dev", prompts, images, (wish,), groups, notes), "here")])
    return tmp_path / "run"


def page(ledger: Path, out: Path, name: str) -> str:
    with Ledger(ledger) as opened:
        build_report(opened, [], (), out, {})
    return (out / name).read_text(encoding="utf-8")


def test_every_request_is_in_the_row_of_its_preset(ledger: Path) -> None:
    with Ledger(ledger) as opened:
        matched, paper = read_drawn(opened)
    assert dict(matched.endings) == {"ok": 2, "refused": 2, "filtered": 1, "not sent": 1}
    assert dict(paper.endings) == {"ok": 1}
    assert matched.reasons[0] == ("refused", "<b>not allowed</b>", 2)
    assert (matched.counted, matched.cut, matched.cut_for_one) == (2, 1, 2)
    assert matched.forwards == (28.0,)
    assert matched.seconds == pytest.approx(2.0)
    assert paper.seconds is None
    assert matched.turned_away == {
        ("dimension", "emotion"): (2, 2),
        ("emotion", "fear"): (1, 1),
    }, "what was never turned away has no row"


def test_a_service_is_timed_by_its_requests(tmp_path: Path, photo_bytes: Callable[..., bytes]) -> None:
    with Ledger(tmp_path / "run", write=True) as opened:
        image = opened.add_image(photo_bytes(1, (16, 16)), "one").sha256
        adapter, run = opened.register("generator", "gpt-image-1.5", {}, {}), opened.begin_run("run", {})
        times = (1.0, 2.0, 9.0)
        rows = [
            Made(opened.add_prompt(f"{s}"), 0, Outcome.OK, image, None, {"seconds": s, "sent": True}) for s in times
        ]
        record_generations(opened, run, adapter, rows)
        (one,) = read_drawn(opened)
    assert one.seconds == 2.0
    assert drawn_sentence([one]) == "Generators were asked for 3 pictures here and gave 3."
    assert drawn_context([one])["drawn"][0]["cut"] == "not counted"


def test_both_pages_tell_it(ledger: Path, tmp_path: Path) -> None:
    told = re.sub(r"<[^>]+>", " ", page(ledger, tmp_path / "report", "index.html"))
    assert "Generators were asked for 7 pictures here and gave 3; the others ended 2 refused, 1 filtered" in told
    assert "1 not sent. No picture stands in" in told
    html = page(ledger, tmp_path / "report", "methods.html")
    assert "&lt;b&gt;not allowed&lt;/b&gt;" in html
    assert "<b>not" not in html
    assert "28 steps, guidance 3.5, no negative prompt, 64 × 64, bfloat16" in html
    assert "original 40 steps, guidance 4; anti 32 steps, negative “”" in html
    assert "emotion fear" in html
    assert html.count("(paper preset)") == 2
    assert "1 of 2; for one encoder of several 2" in html


def test_without_generators_there_is_nothing_to_tell(tmp_path: Path) -> None:
    with Ledger(tmp_path / "run", write=True) as opened:
        opened.register("generator", "flux-dev", MATCHED, {})
    assert "Who drew" not in page(tmp_path / "run", tmp_path / "report", "methods.html")
    assert "Generators were asked" not in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


def test_who_wrote_the_prompts_stands_apart_with_what_was_not_written(ledger: Path, tmp_path: Path) -> None:
    before = drawn_sentence(read_drawn(Ledger(ledger)))
    rows = [
        Rewriting("a" * 64, "a dog", ("clarity",), Outcome.OK, "a blurred dog", "sharp"),
        Rewriting("b" * 64, "a cat", ("clarity",), Outcome.REFUSED, reason="<i>not this</i>"),
        Rewriting("c" * 64, "a bus", ("clarity",), Outcome.FAILED, reason="budget", facts={"sent": False}),
    ]
    with Ledger(ledger, write=True) as opened:
        key = register_rewriter(opened, "chat:m", {"model": "m"}, 4)
        record_rewritings(opened, opened.begin_run("run", {}), key, rows)
    with Ledger(ledger) as opened:
        drawn = read_drawn(opened)
    assert drawn_sentence(drawn) == before
    context = drawn_context(drawn)
    (row,) = context["written"]
    assert row == {
        "name": "chat:m",
        "model": "m",
        "asked": 4,
        "ok": 1,
        "others": "1 not asked for yet, 1 not sent, 1 refused",
    }
    assert "chat:m" not in {entry["name"] for entry in context["drawn"]}
    methods = page(ledger, tmp_path / "site", "methods.html")
    assert "Who wrote the prompts" in methods
    assert "&lt;i&gt;not this&lt;/i&gt;" in methods
