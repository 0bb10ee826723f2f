"""The contact sheet: hostile prompts stay text, failures are shown as failures, and the folder is whole by itself."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from fauve.engine.steering import Rung, Score, Shot, Steered, Trial
from fauve.errors import LedgerError
from fauve.models.cards import ModelCard
from fauve.models.steering.steered_name import parse_steered_name
from fauve.records import Outcome
from fauve.report.contact_sheet import write_sheet
from fauve.report.contact_sheet_png import Cell, columns_of, draw_sheet

HOSTILE = "<script>alert(1)</script> \"quoted\" & 'so' \u202e\U0001f3a8 " + "w" * 400
CARD = ModelCard("polish", "control", "What taste says.", sees_prompt=False)


@pytest.fixture
def steered(photo_bytes: Callable[..., bytes]) -> Steered:
    def shot(name: str, seed: int, **given: object) -> Shot:
        data = photo_bytes(seed, (64, 48))
        found = {
            "rung": Rung(parse_steered_name(name), "Not steered" if seed == 0 else f"VSF at {seed}", seed == 0),
            "name": name,
            "settings": {"steps": 2, "size": [64, 48]},
            "outcome": Outcome.OK,
            "seconds": 0.25,
            "data": data,
            "picture": Image.open(io.BytesIO(data)).convert("RGB"),
            "facts": {"forwards": 2},
            "change": 0.1 * seed,
            "scores": {"polish": Score(1.25 + seed)},
        }
        return Shot(**{**found, **given})  # type: ignore[arg-type]

    lost = {"outcome": Outcome.FILTERED, "data": None, "picture": None, "reason": "black <b>", "scores": {}}
    shots = (
        shot("flux-dev", 0),
        shot("flux-dev+vsf@1.0", 1, scores={"polish": Score(reason="ValueError: <i>no</i>")}),
        shot("flux-dev+vsf@2.0", 2, change=None, **lost),
    )
    return Steered(Trial(HOSTILE, "flux-dev", avoid="<img src=x>", strengths=(1, 2)), shots, {"polish": CARD})


def test_prompts_are_text_and_failures_are_said(steered: Steered, tmp_path: Path) -> None:
    page = write_sheet(steered, tmp_path / "sheet").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'Away from: <em dir="auto">&lt;img src=x&gt;</em>' in page
    assert "Filtered: black &lt;b&gt;" in page
    assert "failed: ValueError: &lt;i&gt;no&lt;/i&gt;" in page
    assert "1 of 3 pictures could not be made" in page
    assert page.count("<img ") == 2
    assert "None of these scorers reads the prompt" in page


def test_everything_a_page_names_lies_in_the_folder(steered: Steered, tmp_path: Path) -> None:
    out = tmp_path / "sheet"
    page = write_sheet(steered, out).read_text(encoding="utf-8")
    named = set(re.findall(r'(?:href|src)="([^"#]+)"', page))
    assert len(named) >= 6
    for target in named:
        assert "//" not in target
        assert (out / target).is_file(), target


def test_the_file_for_programs_says_what_came_of_everything(steered: Steered, tmp_path: Path) -> None:
    write_sheet(steered, tmp_path)
    said = json.loads((tmp_path / "steer.json").read_text(encoding="utf-8"))
    assert (said["prompt"], said["seed"]) == (HOSTILE, 0)
    assert [p["outcome"] for p in said["pictures"]] == ["ok", "ok", "filtered"]
    assert [p["file"] is None for p in said["pictures"]] == [False, False, True]
    assert said["pictures"][0]["scores"] == {"polish": {"value": 1.25}}
    assert said["pictures"][1]["scores"]["polish"]["value"] is None
    assert (tmp_path / said["pictures"][0]["file"]).read_bytes() == steered.shots[0].data


def test_random_weights_are_said_first(steered: Steered, tmp_path: Path) -> None:
    assert "Random weights." not in write_sheet(steered, tmp_path / "a").read_text(encoding="utf-8")
    shots = tuple(Shot(**{**_fields(s), "name": f"{s.name} (random weights)"}) for s in steered.shots)
    page = write_sheet(Steered(steered.trial, shots, {}), tmp_path / "b").read_text(encoding="utf-8")
    assert "FLUX.1 dev ran here with weights drawn from a seed" in page


def _fields(shot: Shot) -> dict[str, object]:
    return {name: getattr(shot, name) for name in Shot.__slots__}


def test_another_sheet_in_the_same_folder_leaves_no_old_picture(steered: Steered, tmp_path: Path) -> None:
    write_sheet(steered, tmp_path)
    (tmp_path / "mine.txt").write_text("kept")
    write_sheet(Steered(steered.trial, steered.shots[:1], {}), tmp_path)
    assert [file.name for file in (tmp_path / "images").iterdir()] == ["01-not-steered.png"]
    assert (tmp_path / "mine.txt").exists()


def test_the_same_trial_gives_the_same_bytes(steered: Steered, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_sheet(steered, tmp_path / name)
    for file in ("sheet.html", "sheet.png", "steer.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_folder_that_cannot_be_written_is_said(steered: Steered, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be written"):
        write_sheet(steered, tmp_path / "file")


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (5, 5), (6, 3), (7, 4), (8, 4), (9, 5), (11, 4)])
def test_rows_are_even(count: int, columns: int) -> None:
    assert columns_of(count) == columns


def test_the_picture_of_all_holds_long_words_and_missing_pictures() -> None:
    big = Image.effect_noise((900, 300), 60).convert("RGB")
    lost = "Failed: " + "reason " * 200
    cells = [
        Cell("One", big, None, ("polish  1",)),
        Cell("x" * 300, None, lost, ()),
        Cell("", big.rotate(90, expand=True), None, ()),
    ]
    sheet = Image.open(io.BytesIO(draw_sheet("w" * 3000, "\x00\ud800 second", cells)))
    assert sheet.width == 2 * 48 + 3 * 320 + 2 * 28
    assert sheet.height > 960
    paper = sheet.getpixel((0, 0))
    right = sheet.crop((sheet.width - 40, 0, sheet.width, sheet.height))
    assert right.getcolors() == [(right.width * right.height, paper)]  # nothing runs over the edge
