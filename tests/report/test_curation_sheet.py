"""A curator's sheet: hostile names stay text, covered categories are covered, and a lost picture is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fauve.curation import CurationStore, index_folder
from fauve.report.curation_sheet import Shown, Tray, write_curation_sheet

HOSTILE = "<script>window.owned=1</script><img src=x>\"'&\u202e" + "w" * 300
DISGUST = "emotion_and_subject.disgust_and_aversion"


@pytest.fixture
def page(tmp_path: Path, photo_bytes: Callable[..., bytes]) -> Path:
    folder = tmp_path / "pictures <b>"
    folder.mkdir()
    for seed, name in enumerate(("a <i>.png", "b.png", "c.png", "d.png")):
        (folder / name).write_bytes(photo_bytes(seed, ((300, 200), (200, 320))[seed % 2]))
    with CurationStore(tmp_path / "work", folder) as store:
        index_folder(store)
        pictures = store.pictures()
        (folder / "d.png").unlink()
        shown = [
            Shown(pictures[0], ("match 0.31", HOSTILE), HOSTILE, HOSTILE),
            Shown(pictures[1], category=DISGUST),
            *map(Shown, pictures[2:]),
        ]
        trays = [Tray(HOSTILE, tuple(shown), HOSTILE), Tray("nothing", ())]
        return write_curation_sheet(store, HOSTILE, HOSTILE, trays, tmp_path / "sheet")


def test_text_is_text_and_everything_lies_in_the_folder(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img src=x" not in text
    assert "<i>" not in text
    assert "a &lt;i&gt;.png" in text
    assert "d.png: missing. There is no such file" in text
    assert text.count("Content note: disgust") == 1
    assert "nothing" not in re.findall(r"<h2[^>]*>(.*?)<", text)
    named = re.findall(r'(?:href|src)="([^"#]+)"', text)
    assert len([target for target in named if target.endswith(".jpg")]) == 3
    for target in named:
        assert (page.parent / target).is_file(), target


@pytest.mark.browser
def test_in_a_browser_it_fits_and_covers(page: Path, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    complaints: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    for width in (1280, 390):
        opened.set_viewport_size({"width": width, "height": 900})
        opened.goto(page.as_uri())
        assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        filters = "[...document.images].map((i) => getComputedStyle(i).filter !== 'none')"
        assert opened.evaluate(filters) == [False, True, False]
        opened.check(".reveal")
        assert opened.evaluate(filters) == [False, False, False]
        assert opened.evaluate("window.owned") is None
    assert complaints == []
    context.close()
