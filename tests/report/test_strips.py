"""Generators side by side: who they are, and what judges find of what was requested, with intervals."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fauve.ledger import Ledger
from fauve.records import Finding, PromptPair
from fauve.report.site import build_report
from fauve.studies import STUDIES


def shares(generator: str, judge: str, met: float, whole: float, low: float | None = 0.4) -> list[Finding]:
    high = None if low is None else 0.9
    return [
        Finding("generation", metric, value, low, high, 10, 0.0, generator=generator, group={"judge": judge})
        for metric, value in (("honoured", met), ("wholly_honoured", whole))
    ]


@pytest.fixture
def page(tmp_path: Path, photo_bytes: Callable[..., bytes]) -> str:
    with Ledger(tmp_path / "run", write=True) as ledger:
        prompts = {"original": "a bus", "anti": "a bus, out of focus"}
        pairs = []
        for n, name in enumerate(("sdxl", "flux-dev", "mine")):
            shas = [ledger.add_image(photo_bytes(2 * n + k, (64, 48)), name).sha256 for k in (0, 1)]
            pairs.append(
                PromptPair("p", name, prompts, dict(zip(("original", "anti"), shas, strict=True)), ("clarity",))
            )
        ledger.add_items([(pair, pair.generator) for pair in pairs])
        found = shares("sdxl", "eye", 0.5, 0.25) + shares("flux-dev", "eye", 0.75, 0.5, None)
        found += shares("sdxl", "glass", 0.625, 0.125)
        return build_report(ledger, found, list(STUDIES.values()), tmp_path / "report", {}).read_text("utf-8")


def cells(page: str, name: str) -> list[str]:
    row = re.search(rf'<tr><th scope="row" class="head wrap">{name}.*?</tr>', page, re.DOTALL)
    assert row is not None
    return [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row[0])]


def test_every_generator_has_what_each_judge_finds_with_its_interval(page: str) -> None:
    assert re.findall(r'scope="colgroup">(.+?)</th>', page)[:2] == ["says eye", "says glass"]
    assert cells(page, "SDXL") == ["50 % [40–90]", "25 % [40–90]", "62 % [40–90]", "12 % [40–90]"]


def test_what_no_judge_says_stays_empty_and_a_share_without_interval_has_none(page: str) -> None:
    assert cells(page, "FLUX.1 dev") == ["75 %", "50 %", "", ""]
    assert cells(page, "mine") == [""] * 4
