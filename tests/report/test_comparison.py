"""The page of a comparison: it says what was found, shows where, and hostile text stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fauve import api
from fauve.cli import main
from fauve.ledger import Answer, Ledger
from fauve.records import Outcome, PromptPair
from fauve.report.comparison_settings import differing
from fauve.report.site import POLICY

HOSTILE = "</script><script>window.owned=1</script><img src=x onerror=window.owned=2>{{7*7}}'\"\u202e"
LONG = "w" * 300


def make_run(
    folder: Path, photo: Callable[..., bytes], shift: float, *, generator: str = "sdxl", text: str = "", seed: int = 0
) -> Path:
    """Twenty pairs whose anti image scores ``shift`` higher the higher the pair's number."""
    with Ledger(folder, write=True) as ledger:
        _fill(ledger, photo, shift, generator, text, seed)
    return folder


def _fill(ledger: Ledger, photo: Callable[..., bytes], shift: float, generator: str, text: str, seed: int) -> None:
    items = []
    for n in range(20):
        plain = ledger.add_image(photo(1000 + n, (64, 48)), f"o{n}")
        anti = ledger.add_image(photo(seed + n, (48, 64)), f"a{n}")
        prompts = {"original": f"a street {n}{text}", "anti": f"a street {n}, out of focus{text}"}
        images = {"original": plain.sha256, "anti": anti.sha256}
        items.append(PromptPair(f"{n}{text}", generator, prompts, images, ("clarity",)))
    ledger.add_items([(item, "here") for item in items])
    run = ledger.begin_run("fauve run", {"fauve": "0.1.0"})
    card = {"kind": "callable", "summary": "Mine", "range": [None, None], "licence": None, "revision": "1"}
    mine = ledger.register("scorer", f"mine{text}", {"shift": shift}, card)
    cells = []
    for n, item in enumerate(items):
        for slot, value in (("original", 1.0 * n), ("anti", 1.0 * n + shift * (n - 3))):
            for prompt in ("original", "anti"):
                text_id = ledger.add_prompt(item.prompts[prompt] or "")
                cells.append(Answer(item.images[slot] or "", text_id, Outcome.OK, value))
    ledger.record_cells(run, mine, cells)


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory, photo_bytes: Callable[..., bytes]) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("runs")
    return make_run(root / "before", photo_bytes, 0.0), make_run(root / "after", photo_bytes, -1.0, seed=500)


@pytest.fixture(scope="module")
def page(two_runs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return api.compare(*map(str, two_runs), tmp_path_factory.mktemp("page"))[1]


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory, photo_bytes: Callable[..., bytes]) -> Path:
    root = tmp_path_factory.mktemp("hostile")
    text = HOSTILE + LONG
    runs = [make_run(root / f"{n}<b>", photo_bytes, -1.0 * n, text=text, seed=n * 500) for n in range(2)]
    return api.compare(*map(str, runs), root / "page")[1]


def test_it_opens_with_the_finding_and_holds_every_number(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    assert heading is not None
    assert "According to mine, the change from the plain picture to the one that was asked for" in heading[1]
    assert "is 6.5 lower with “after” than with “before”" in heading[1]
    told = json.loads((page.parent / "compare.json").read_text(encoding="utf-8"))
    assert told["items"] == [{"what": "pairs", "both": 20, "only_first": 0, "only_second": 0}]
    shift = next(d for d in told["differences"] if d["metric"] == "shift_difference")
    assert shift["estimate"] == pytest.approx(-6.5)
    assert shift["low"] < shift["estimate"] < shift["high"]
    assert shift["n"] == 20
    assert {"name": "models.scorer.mine.shift", "first": "0.0", "second": "-1.0"} in told["settings"]
    assert "models.scorer.mine.shift" in text


def test_the_pictures_are_those_of_the_largest_differences_of_either_sign(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "Chosen by rule: the largest differences of mine" in text
    shown = re.findall(r'<h3 class="prompt"[^>]*>a street (\d+), out of focus', text)
    # the difference is 3 − n: three pairs above nothing, the four lowest below, and the pair without one stays out
    assert shown == ["0", "1", "2", "19", "18", "17", "16"]
    pictures = re.findall(r'<img src="(thumbs/[^"]+)"', text)
    assert len(pictures) == 14
    assert len(set(pictures)) == 14
    assert all((page.parent / path).is_file() for path in pictures)


def test_hostile_text_stays_text_and_nothing_leads_outside(hostile_page: Path) -> None:
    text = hostile_page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;window.owned=1" in text
    assert "{{7*7}}" in text
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    assert heading is not None
    assert "\u202e" not in heading[1]
    assert POLICY.replace("'", "&#39;") in text
    for target in re.findall(r'(?:href|src)="([^"#]+)"', text):
        assert "//" not in target
        assert (hostile_page.parent / target).is_file(), target


def test_the_same_picture_in_both_stands_once_beside_the_plain_one(
    tmp_path: Path, photo_bytes: Callable[..., bytes]
) -> None:
    runs = [make_run(tmp_path / name, photo_bytes, shift) for name, shift in (("a", 0.0), ("b", 1.0))]
    text = api.compare(*map(str, runs), tmp_path / "page")[1].read_text(encoding="utf-8")
    assert text.count("The same picture in both: asked for</span>") == 7
    assert text.count("<img ") == 14


def test_two_generators_and_two_scorers_of_one_run(
    tmp_path: Path, photo_bytes: Callable[..., bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    make_run(run, photo_bytes, 0.0)
    make_run(run, photo_bytes, 0.0, generator="sdxl-dpo", seed=70)
    for args, about in (((), "generators"), (("--json",), "generators")):
        with pytest.raises(SystemExit) as stopped:
            main(["compare", "sdxl", "sdxl-dpo", "--in", str(run), "--out", str(tmp_path / "page"), *args])
        assert stopped.value.code == 0
        said = capsys.readouterr().out
        if args:
            assert json.loads(said)["about"] == about
    told, _ = api.compare("mine", "mine", tmp_path / "page", directory=run)
    assert told["about"] == "scorers"
    assert told["headline"] == "mine and mine do not differ in any of 3 measures, row by row."


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], two_runs: Any) -> None:
    for args, words in (
        (["nowhere", "nothing"], "nowhere"),
        (["sdxk", "sdxl", "--in", str(two_runs[0])], "Did you mean 'sdxl'"),
        ([*map(str, two_runs), "--scorer", "mime"], "Did you mean 'mine'"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["compare", *args, "--out", str(tmp_path / "page")])
        assert stopped.value.code == 2
        assert words in capsys.readouterr().err


def test_settings_are_compared_by_name_and_not_by_place() -> None:
    first = {"generators": [{"name": "a", "steps": 4}, {"name": "b", "steps": 8}], "limit": 3}
    second = {"generators": [{"name": "b", "steps": 9}, {"name": "a", "steps": 4}]}
    assert differing(first, second) == [("generators.b.steps", "8", "9"), ("limit", "3", "not set")]


@pytest.fixture(params=["page", "hostile_page"])
def seen(request: pytest.FixtureRequest, browser: Any) -> Iterator[tuple[Any, list[str], Path]]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    complaints: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened, complaints, request.getfixturevalue(request.param)
    context.close()


@pytest.mark.browser
def test_in_a_browser_nothing_complains_overflows_or_is_missing(seen: tuple[Any, list[str], Path]) -> None:
    opened, complaints, path = seen
    for width in (1280, 390):
        opened.set_viewport_size({"width": width, "height": 900})
        opened.goto(path.as_uri())
        opened.evaluate("document.querySelectorAll('img').forEach((i) => { i.loading = 'eager' })")
        opened.evaluate("Promise.all([...document.images].map((i) => i.decode()))")
        assert opened.evaluate("[...document.images].every((i) => i.naturalWidth > 0)")
        assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert opened.evaluate("window.owned") is None
    assert complaints == []
