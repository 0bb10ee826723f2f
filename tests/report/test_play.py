from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from fauve.report.pages import Folder, environment
from fauve.report.play import make_play, play_parts, write_play
from fauve.report.play_alone import build_play_alone
from fauve.report.play_grid import Play, PlayGrid, compute_play
from fauve.report.site import POLICY

PLAY = Play(prompts=2, seeds=(1, 2), dials=(0.0, 0.5, 1.0), strengths=(1.0, 4.0), reference=4)


@pytest.fixture(scope="module")
def grid() -> PlayGrid:
    return compute_play(PLAY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_play_alone(tmp_path_factory.mktemp("play"), play=PLAY).parent


def data_of(folder: Path) -> dict[str, Any]:
    text = (folder / "play" / "data.js").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text.removeprefix("window.fauvePlay=").removesuffix(";\n"))
    return found


def written(grid: PlayGrid, out: Path) -> Path:
    templates = environment()
    templates.globals |= {"policy": POLICY, "version": "0", "nav": [("index.html", "Findings")]}
    write_play(play_parts(grid), Folder(out), templates)
    return out


def test_data_and_sheets_say_what_was_computed(grid: PlayGrid, folder: Path) -> None:
    data = data_of(folder)
    for prompt, told in zip(grid.prompts, data["prompts"], strict=True):
        assert "".join(text for text, _ in told["after"]) == prompt.pair.prompt_anti
        assert sum(added for _, added in told["asks"]) == len(prompt.pair.dimensions)
        for k, source in enumerate(told["sheets"]):
            sheet = np.asarray(Image.open(folder / source).convert("RGB"), dtype=float)
            for n, picture in enumerate(prompt.pictures[k]):
                top, left = n // data["columns"] * 192, n % data["columns"] * 192
                shown = sheet[top : top + 192, left : left + 192]
                assert np.abs(shown.mean((0, 1)) - picture.mean((0, 1))).max() < 4
                asked = [row for row in prompt.met[k][n][prompt.pair.anti >= 0]]
                assert sum(told["pictures"][k][n][0]) == sum(asked)
                assert told["pictures"][k][n][1] == prompt.below[k][n].tolist()


def test_no_score_leaves_the_grid(folder: Path) -> None:
    numbers = re.findall(r"-?\d+\.\d+", (folder / "play" / "data.js").read_text(encoding="utf-8"))
    assert set(map(float, numbers)) <= {0.0, 0.5, 1.0, 4.0}


def test_words_cannot_leave_their_place(grid: PlayGrid, tmp_path: Path, hostile: str) -> None:
    first = grid.prompts[0]
    pair = replace(first.pair, prompt_anti=first.pair.prompt_anti + hostile, negative=hostile)
    out = written(replace(grid, prompts=(replace(first, pair=pair), *grid.prompts[1:])), tmp_path)
    assert "<script>window.owned" not in (out / "play.html").read_text(encoding="utf-8")
    assert "<img src=x" not in (out / "play.html").read_text(encoding="utf-8")
    assert "<" not in (out / "play" / "data.js").read_text(encoding="utf-8")
    assert data_of(out)["prompts"][0]["negative"] == hostile


def test_the_same_family_gives_the_same_bytes(grid: PlayGrid, folder: Path, tmp_path: Path) -> None:
    again = build_play_alone(tmp_path / "again", play=PLAY).parent
    files = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(again) for p in again.rglob("*") if p.is_file())
    assert all((folder / p).read_bytes() == (again / p).read_bytes() for p in files)


def test_without_a_family_there_is_no_page(tmp_path: Path) -> None:
    assert make_play(PLAY, tmp_path) is None


@pytest.mark.slow
def test_the_whole_page_is_light(tmp_path: Path) -> None:
    page = build_play_alone(tmp_path)
    assert sum(p.stat().st_size for p in page.parent.rglob("*") if p.is_file()) < 6_000_000


def test_without_scripts_there_are_pictures_with_words(folder: Path) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8")
    stills = re.findall(r'<img src="(play/still-\d+\.webp)" width="192" height="192" alt="([^"]+)"', page)
    assert len(stills) == 7
    assert all(Image.open(io.BytesIO((folder / src).read_bytes())).size == (192, 192) for src, _ in stills)
    assert 'href="methods.html"' not in page
    assert re.search(r'<section class="player"[^>]* hidden>', page)


def opened(browser: Browser, folder: Path, hash_: str = "", **options: Any) -> tuple[Page, list[str]]:
    complaints: list[str] = []
    page = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, **options).new_page()
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((folder / "index.html").as_uri() + hash_)
    page.wait_for_timeout(400)
    return page, complaints


def canvas(page: Page, name: str) -> Image.Image:
    return Image.open(io.BytesIO(page.locator(f"#{name}").screenshot())).convert("RGB").resize((48, 48))


def far(shown: Image.Image, picture: np.ndarray) -> float:
    wanted = np.asarray(Image.fromarray(picture).resize((48, 48)), dtype=float)
    return float(np.abs(np.asarray(shown, dtype=float) - wanted).mean())


@pytest.mark.browser
def test_the_dials_show_the_cell_that_they_name(browser: Browser, grid: PlayGrid, folder: Path) -> None:
    page, complaints = opened(browser, folder)
    assert far(canvas(page, "asked-picture"), grid.prompts[0].pictures[0][grid.prompts[0].asked[0, 0]]) < 12
    page.focus("#taste")
    page.keyboard.press("End")
    page.focus("#hold")
    page.keyboard.press("ArrowRight")
    page.check("input[name=kind][value=cfg]")
    page.check("input[name=seed][value='1']")
    page.select_option("#prompt", "1")
    page.wait_for_timeout(400)
    prompt, way = grid.prompts[1], 2 * len(PLAY.guidances) + 1
    assert PLAY.ways[way].name == "lab-aesthetic-strong+cfg@1.0"
    asked, plain = prompt.asked[way, 1], prompt.plain[2, 1]
    assert far(canvas(page, "asked-picture"), prompt.pictures[1][asked]) < 12
    assert far(canvas(page, "plain-picture"), prompt.pictures[1][plain]) < 12
    marks = page.locator("#asked-ticks li").evaluate_all("rows => rows.map((row) => row.classList.contains('met'))")
    assert sum(marks) == int(prompt.met[1][asked][prompt.pair.anti >= 0].sum())
    ranks = page.locator(".jury tbody td:nth-child(2) .rank").all_inner_texts()
    assert ranks == [f"above {n} of 4" for n in prompt.below[1][asked]]
    chosen = page.locator(".jury .chosen").all_inner_texts()
    words = {1: "what was asked for", -1: "the plain one", 0: "neither"}
    assert chosen == [words[int(n)] for n in prompt.choice[way, 1]]
    assert "taste=2" in page.url
    assert complaints == []


@pytest.mark.browser
def test_a_view_can_be_shared_and_a_bad_address_is_ignored(browser: Browser, folder: Path) -> None:
    page, complaints = opened(browser, folder, "#who=1&prompt=1&taste=99&seed=%3Cscript%3E&evil=1")
    assert page.input_value("#prompt") == "1"
    assert page.is_checked("input[name=who][value='1']")
    assert page.is_checked("input[name=seed][value='0']")
    assert page.is_disabled("#taste")
    assert page.locator("#map .here").count() == 1
    assert complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_says_what_it_shows(browser: Browser, folder: Path, scheme: str) -> None:
    page, complaints = opened(browser, folder, color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    unnamed = page.evaluate(
        "[...document.querySelectorAll('#dials input, #dials select')].filter((c) => !c.labels.length).length"
    )
    assert unnamed == 0
    assert page.get_attribute("#asked-picture", "aria-label") not in {None, "", "Picture: "}
    assert page.get_attribute("#status", "role") == "status"
    assert complaints == []


@pytest.mark.browser
def test_without_scripts_the_dials_are_away(browser: Browser, folder: Path) -> None:
    page, _ = opened(browser, folder, java_script_enabled=False)
    assert not page.is_visible("#dials")
    assert page.is_visible(".stills img >> nth=0")
