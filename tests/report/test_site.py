"""The report as files: complete, the same every time, honest about what is missing, and deaf to hostile text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from fauve.errors import LedgerError, UnknownName
from fauve.ledger import Ledger
from fauve.records import Contrast, Finding
from fauve.report.site import build_report

VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """What a page holds, and whether every element that was opened was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.headings: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.seen if name == tag]


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def cards(site: Any) -> list[dict[str, Any]]:
    found = []
    for path in sorted((site.folder / "gallery").glob("cards-*.js")):
        found += json.loads(re.fullmatch(r"\(.*?\)\[\d+\]=(.*);\n", path.read_text(), re.S)[1])  # type: ignore[index]
    return found


def rebuild(site: Any, out: Path, findings: list[Finding] | None = None) -> Path:
    with Ledger(site.ledger) as ledger:
        made = list(site.findings) if findings is None else findings
        return build_report(ledger, made, site.studies, out, {"command": "fauve run", "versions": {"a": "1"}})


@pytest.mark.parametrize("which", ["site", "hostile_site", "audited_site"])
def test_every_page_is_whole_and_accessible(which: str, request: pytest.FixtureRequest) -> None:
    site = request.getfixturevalue(which)
    pages = {path.name: Page(path.read_text(encoding="utf-8")) for path in site.folder.glob("*.html")}
    assert {"index.html", "gallery.html", "methods.html"} < set(pages)
    assert len([name for name in pages if name.startswith("scorer-")]) == (3 if which == "audited_site" else 2)
    for name, page in pages.items():
        assert page.open == [], name
        assert page.headings[0] == 1, name
        assert page.headings.count(1) == 1
        assert all(deeper - above <= 1 for above, deeper in zip(page.headings, page.headings[1:], strict=False)), name
        assert all(image.get("alt") for image in page.all("img"))
        assert all(cell.get("scope") for cell in page.all("th"))
        assert len(page.all("table")) == len(page.all("caption"))
        assert len(page.all("main")) == 1
        assert page.all("html")[0]["lang"] == "en"
        policy = page.all("meta")[1]
        assert policy["http-equiv"] == "Content-Security-Policy"
        assert "default-src 'none'" in (policy["content"] or "")
        assert "unsafe" not in (policy["content"] or "")
        for script in page.all("script"):
            assert script.get("src") or script["type"] == "application/json"
        assert not page.all("style")
        assert not any(key.startswith("on") or key == "style" for _, attrs in page.seen for key in attrs)


@pytest.mark.parametrize("which", ["site", "hostile_site", "audited_site"])
def test_every_link_and_picture_is_there(which: str, request: pytest.FixtureRequest) -> None:
    site = request.getfixturevalue(which)
    for path in site.folder.glob("*.html"):
        page = Page(path.read_text(encoding="utf-8"))
        for attrs in (attrs for _, attrs in page.seen):
            for key in ("href", "src"):
                target = (attrs.get(key) or "").partition("#")[0]
                assert not re.match(r"\w+:|//", target), target
                assert not target or (site.folder / target).is_file(), target


def test_the_folder_lists_its_files_and_names_are_slugs(hostile_site: Any) -> None:
    listed = (hostile_site.folder / "files.txt").read_text().splitlines()
    assert listed == sorted(set(hashes(hostile_site.folder)) - {"files.txt"})
    assert all(re.fullmatch(r"[\w./-]+", name) for name in listed)


def test_the_same_ledger_gives_the_same_bytes(site: Any, tmp_path: Path) -> None:
    again = rebuild(site, tmp_path / "report").parent
    assert hashes(again) == hashes(site.folder)


def test_a_rebuild_removes_what_is_stale_and_nothing_else(site: Any, tmp_path: Path) -> None:
    out = tmp_path / "report"
    rebuild(site, out)
    (out / "mine.txt").write_text("a reader's own file")
    assert (out / "study-fake.html").is_file()
    rebuild(site, out, findings=[])
    assert not (out / "study-fake.html").exists()
    assert not (out / "tables/fake.csv").exists()
    assert (out / "mine.txt").read_text() == "a reader's own file"
    assert "Nothing has been measured yet" in (out / "index.html").read_text()


def test_a_manifest_cannot_make_it_delete_outside(site: Any, tmp_path: Path) -> None:
    outside = tmp_path / "precious.txt"
    outside.write_text("kept")
    out = tmp_path / "report"
    out.mkdir()
    (out / "files.txt").write_text("../precious.txt\n")
    rebuild(site, out)
    assert outside.read_text() == "kept"


def test_first_page_says_what_was_found_counted_and_how_its_pair_was_chosen(site: Any) -> None:
    page = site.page("index.html")
    assert "<h1>Nothing was found.</h1>" in page
    for said in ("HPSv3", "Chosen by rule, not by hand", "1 of the 16 items came with scores only"):
        assert said in page
    assert re.search(r"gave no value\s+1 time", page)


def test_the_pair_of_the_first_page_is_the_one_at_the_median_margin(site: Any) -> None:
    margins = [-3.0 - n for n in range(1, 14) if n != 5 and n % 3 != 2]
    median = sorted(margins)[(len(margins) - 1) // 2]
    chosen = round(-3.0 - median)
    assert f"A bus in a street number {chosen}, " in site.page("index.html")
    assert f"of the {len(margins)} pairs on file" in site.page("index.html")


def test_the_pair_under_a_headline_is_of_the_scorer_that_the_headline_speaks_of(audited_site: Any) -> None:
    page = audited_site.page("index.html")
    said = re.search(r"<h1>(.+?) chose the", page)
    rule = re.search(r"of the (\d+) pairs that the headline counts .+ in order of (.+?)’s\s+margin", page)
    assert said
    assert rule
    assert rule[2] == said[1]
    assert int(rule[1]) == 8


def test_every_pictured_item_has_a_card_in_the_order_on_file(site: Any) -> None:
    found = cards(site)
    assert [card["n"] for card in found] == list(range(1, 16))
    assert [card["id"] for card in found] == [*map(str, range(14)), "c"]
    assert found[5]["images"][0]["missing"] == "No picture is on file."
    assert found[14]["cover"] == "war and its dead"
    assert found[0]["tags"] == [{"name": "clarity", "judges": [["eye", "honoured"]]}]
    assert found[1]["verdicts"][0][2] == "HPSv3 overruled the prompt by 4"
    assert "could not" not in found[1]["verdicts"][0][2]
    assert found[2]["verdicts"][0][1] == "u"
    refused = [line for card in found for line in card["verdicts"] if "refused" in line[2]]
    assert len(refused) == 1
    assert found[0]["images"][0]["credit"] == "A. Person, CC0"


def test_a_picture_that_was_altered_is_named_and_the_rest_stands(
    tmp_path: Path, photo_bytes: Callable[..., bytes], fake_study: Callable[..., Any]
) -> None:
    with Ledger(tmp_path / "run", write=True) as ledger:
        refs = [ledger.add_image(photo_bytes(seed), str(seed)) for seed in range(2)]
        item = Contrast("x", "fake", {"prompt": "fog"}, {"faithful": refs[0].sha256, "default": refs[1].sha256})
        ledger.add_items([(item, "here")])
    (tmp_path / "run" / refs[0].path).write_bytes(b"altered")
    with Ledger(tmp_path / "run") as ledger:
        index = build_report(ledger, [], [fake_study()], tmp_path / "report", {})
    assert "was altered after it was stored" in (index.parent / "gallery.html").read_text()
    assert "was altered after it was stored" in (index.parent / "methods.html").read_text()
    assert refs[1].sha256 in (index.parent / "gallery.html").read_text()


def test_an_empty_ledger_has_a_report_without_a_gallery(tmp_path: Path, fake_study: Callable[..., Any]) -> None:
    with Ledger(tmp_path / "run", write=True):
        pass
    with Ledger(tmp_path / "run") as ledger:
        index = build_report(ledger, [], [fake_study()], tmp_path / "report", {})
    assert not (index.parent / "gallery.html").exists()
    assert "gallery.html" not in index.read_text()


def test_a_finding_of_an_unknown_study_is_an_error(site: Any, tmp_path: Path) -> None:
    stray = Finding("fak", "accuracy", 0.5, None, None, 1, 0.0)
    with pytest.raises(UnknownName, match="Did you mean 'fake'"):
        rebuild(site, tmp_path / "report", findings=[stray])


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(site: Any, tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file where the folder should be")
    with pytest.raises(LedgerError, match="report cannot be written"):
        rebuild(site, tmp_path / "report")


def test_hostile_text_stands_as_text_in_every_file(hostile_site: Any, hostile: str) -> None:
    for path in hostile_site.folder.rglob("*"):
        if path.suffix in {".html", ".js"} and "static" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert "<script>window" not in text
            assert "<img src=x" not in text
            assert "\u2028" not in text or path.suffix == ".html"
    assert "{{7*7}}" in hostile_site.page("index.html")
    assert ">49" not in hostile_site.page("index.html")


def test_methods_name_scorers_failures_credits_and_versions(site: Any) -> None:
    page = site.page("methods.html")
    for said in (
        "Mine",
        "refused",
        "A. Person",
        "CC0",
        "1 run of “fauve run”",
        "fauve 0.1.0",
        "none stated",
        "unbounded",
    ):
        assert said in page
    assert re.search(r"\d{4}-\d{2}-\d{2}T|\d{2}:\d{2}:\d{2}", page) is None
