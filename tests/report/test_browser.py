"""The report in a real browser, from a file, with its policy in force."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAGES = ("index.html", "study-fake.html", "scorer-hpsv3*.html", "gallery.html", "methods.html")


WORST_CONTRAST = """() => {
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((c) => linear(Number(c) / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.documentElement).backgroundColor);
  const told = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  const nodes = [...document.querySelectorAll("main *, header *, footer *")];
  const texts = nodes.filter((node) => told(node) && !node.closest("svg, select, button, script"));
  return Math.min(...texts.map((node) => {
    const ink = light(getComputedStyle(node).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  }));
}"""
"""The lowest ratio of text to paper on a page, by the formula of WCAG 2."""


class Watched:
    """A page with everything that it complained of or asked for outside."""

    def __init__(self, page: Page, site: Any) -> None:
        self.page, self.site = page, site
        self.complaints: list[str] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else self.complaints.append(r.url))

    def visit(self, name: str) -> Page:
        """Open a page of the site; a name with a star is the first that fits."""
        file, hash_sign, state = name.partition("#")
        (path, *_) = sorted(self.site.folder.glob(file))
        self.page.goto(path.as_uri() + hash_sign + state)
        return self.page


@pytest.fixture(params=["site", "hostile_site"])
def anywhere(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    yield Watched(context.new_page(), request.getfixturevalue(request.param))
    context.close()


@pytest.fixture
def watched(site: Any, browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    yield Watched(context.new_page(), site)
    context.close()


def until(page: Page, condition: str) -> None:
    """Wait for a condition. Playwright's own waiting evaluates text, which the policy of these pages forbids."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never true: {condition}")


def says(page: Page, words: str) -> None:
    until(page, f"document.getElementById('status').textContent.includes({words!r})")


def walk(page: Page) -> None:
    height = page.evaluate("document.documentElement.scrollHeight")
    for top in range(0, height, 600):
        page.evaluate(f"scrollTo(0, {top})")
        page.wait_for_timeout(30)


@pytest.mark.parametrize("name", PAGES)
def test_no_script_of_others_no_request_no_complaint(anywhere: Watched, name: str) -> None:
    page = anywhere.visit(name)
    walk(page)
    page.wait_for_timeout(200)
    assert anywhere.complaints == []
    assert page.evaluate("window.owned") is None
    assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0


def test_the_policy_forbids_evaluation_and_inline_scripts(watched: Watched) -> None:
    page = watched.visit("study-fake.html")
    held = page.evaluate(
        """() => new Promise((resolve) => {
          const caught = [];
          document.addEventListener("securitypolicyviolation", (event) => caught.push(event.effectiveDirective));
          const inline = document.createElement("script");
          inline.textContent = "window.owned = 3";
          document.head.append(inline);
          const image = new Image();
          image.src = "https://example.org/x.png";
          setTimeout(() => resolve([window.owned ?? null, caught.sort()]), 200);
        })"""
    )
    assert held[0] is None
    assert "script-src-elem" in held[1]
    assert "img-src" in held[1]


def test_charts_are_drawn_and_stand_in_for_the_picture(anywhere: Watched) -> None:
    page = anywhere.visit("study-fake.html")
    walk(page)
    until(page, "document.querySelectorAll('.chart .live svg').length === 3")
    assert page.evaluate("[...document.querySelectorAll('.still')].every((image) => image.hidden)")
    labels = page.evaluate("[...document.querySelectorAll('.live svg')].map((svg) => svg.getAttribute('aria-label'))")
    assert all(labels)
    assert "published" in page.locator(".chart").first.inner_text()


def test_charts_follow_the_paper(watched: Watched) -> None:
    page = watched.visit("study-fake.html")
    light = "() => document.querySelector('.live svg')?.innerHTML.includes('#c4321a')"
    dark = "() => document.querySelector('.live svg')?.innerHTML.includes('#ff7d5e')"
    until(page, light)
    page.emulate_media(color_scheme="dark")
    until(page, dark)


def test_without_scripts_the_pictures_and_the_first_cards_stand(site: Any, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site.folder / "gallery.html").as_uri())
    assert page.locator(".card").count() == 12
    assert "The first 12 of 15" in page.inner_text("#status")
    page.goto((site.folder / "study-fake.html").as_uri())
    assert page.locator(".still").first.is_visible()
    context.close()


def test_script_draws_the_same_card_as_the_template(watched: Watched, browser: Browser) -> None:
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto((watched.site.folder / "gallery.html").as_uri())
    page = watched.visit("gallery.html")
    page.wait_for_selector("#filters:not([hidden])")
    for number in (0, 2, 5):
        still, live = plain.locator(".card").nth(number), page.locator(".card").nth(number)
        assert live.inner_text().split() == still.inner_text().split()
        shape = "(card) => [...card.querySelectorAll('*')].map((node) => `${node.tagName}.${node.className}`)"
        assert live.evaluate(shape) == still.evaluate(shape)


def test_filters_orders_and_address(watched: Watched) -> None:
    page = watched.visit("gallery.html")
    page.wait_for_selector("#filters:not([hidden])")
    assert page.inner_text("#status").startswith("1–12 of all 15, in the order on file.")
    page.select_option("select[name=voice]", label="HPSv3")
    page.select_option("select[name=verdict]", "o")
    says(page, "that fit, of 15")
    texts = page.locator(".card .verdicts").all_inner_texts()
    assert texts
    assert all("HPSv3 overruled" in text for text in texts)
    page.select_option("select[name=order]", "overruled")
    says(page, "overruled by most")
    verdicts = page.locator(".card .verdicts").all_inner_texts()
    said = [float(text.split("HPSv3 overruled the prompt by ")[1].split()[0]) for text in verdicts]
    assert said == sorted(said, reverse=True)
    address = page.url
    assert "verdict=o" in address
    page.goto("about:blank")
    page.goto(address)
    says(page, "overruled by most")
    assert page.eval_on_selector("select[name=verdict]", "(select) => select.value") == "o"


def test_a_random_order_is_the_same_for_the_same_seed(watched: Watched) -> None:
    def order(seed: str) -> list[str]:
        watched.page.goto("about:blank")
        page = watched.visit(f"gallery.html#order=random&seed={seed}")
        says(page, "seed")
        return page.locator(".where .number").all_inner_texts()

    first = order("7")
    assert order("7") == first
    assert order("8") != first
    assert len(set(first)) == 12


def test_keys_walk_cards_pages_and_covers(watched: Watched) -> None:
    page = watched.visit("gallery.html")
    page.wait_for_selector("#filters:not([hidden])")
    focused = "() => document.activeElement.id"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused) == "card-2"
    page.keyboard.press("k")
    assert page.evaluate(focused) == "card-1"
    page.keyboard.press("n")
    until(page, "document.activeElement.id === 'card-13'")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    for _ in range(3):
        page.keyboard.press("j")
    blur = "() => getComputedStyle(document.querySelector('#card-15 .pair img')).filter"
    assert "blur" in page.evaluate(blur)
    page.keyboard.press("r")
    until(page, "getComputedStyle(document.querySelector('#card-15 .pair img')).filter === 'none'")


def test_a_cover_lifts_without_scripts(covered_site: Any, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, reduced_motion="reduce")
    page = context.new_page()
    page.goto((covered_site.folder / "gallery.html").as_uri())
    image = page.locator(".card:has(.cover) .pair img").first
    assert "blur" in image.evaluate("(image) => getComputedStyle(image).filter")
    page.locator(".reveal").first.focus()
    page.keyboard.press("Space")
    assert image.evaluate("(image) => getComputedStyle(image).filter") == "none"
    context.close()


def test_a_picture_has_its_place_before_it_is_loaded(site: Any, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.route("**/thumbs/**", lambda route: None)  # never answered: every picture stays on its way
    page.goto((site.folder / "gallery.html").as_uri(), wait_until="commit")
    page.wait_for_selector(".card:nth-child(12) .pair img")
    sizes = page.evaluate(
        """[...document.querySelectorAll('.pair img')].map((image) => {
          const box = image.getBoundingClientRect();
          return [image.naturalWidth, Math.round(box.width), Math.round(box.height)];
        })"""
    )
    assert len(sizes) > 20
    assert {tuple(size) for size in sizes} == {(0, 384, 288)}
    context.close()


LARGE = "document.querySelector('dialog.large[open] img')"


def test_a_picture_opens_large_and_keys_turn_to_the_other_one(watched: Watched) -> None:
    page = watched.visit("gallery.html")
    page.wait_for_selector("#filters:not([hidden])")
    page.locator("#card-1 a.open").first.focus()
    page.keyboard.press("Enter")
    until(page, f"{LARGE}?.naturalWidth > 0")
    # This report lies beside no pictures: its own copy stands in, and no page was left.
    assert "/thumbs/" in page.evaluate(f"{LARGE}.src")
    assert page.evaluate(f"{LARGE}.getBoundingClientRect().height") > 500
    first, address = page.inner_text("dialog.large p"), page.url
    assert "(1 of 2)" in first
    page.keyboard.press("ArrowRight")
    assert "(2 of 2)" in page.inner_text("dialog.large p")
    assert page.url == address
    page.keyboard.press("ArrowRight")
    assert page.inner_text("dialog.large p") == first
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert page.evaluate("document.activeElement.className") == "open"


def test_a_report_in_its_run_directory_opens_the_picture_as_it_is_stored(
    site: Any, browser: Browser, tmp_path: Path
) -> None:
    shutil.copytree(site.folder, tmp_path / "report")
    context = browser.new_context()
    page = context.new_page()
    page.goto((tmp_path / "report" / "gallery.html").as_uri())
    page.wait_for_selector("#filters:not([hidden])")
    link = page.locator("#card-1 a.open").first
    target = tmp_path / str(link.get_attribute("data-stored"))
    target.parent.mkdir(parents=True)
    Image.new("RGB", (700, 300), "red").save(target.with_suffix(".png"))
    target.with_suffix(".png").rename(target)
    link.click()
    until(page, f"{LARGE}?.naturalWidth === 700")
    context.close()


def test_a_covered_picture_does_not_open_before_it_is_shown(covered_site: Any, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto((covered_site.folder / "gallery.html").as_uri())
    page.wait_for_selector("#filters:not([hidden])")
    covered = page.locator(".card:has(.cover)").first
    covered.locator("a.open").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog[open]").count() == 0
    covered.locator(".reveal").check()
    covered.locator("a.open").first.click()
    until(page, f"{LARGE} !== null")
    assert page.url.endswith("gallery.html")
    context.close()


def test_a_scorecard_draws_its_charts_and_published_figures_in_grey(audited_site: Any, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    watched = Watched(context.new_page(), audited_site)
    page = watched.visit("scorer-mine.html")
    walk(page)
    until(page, "document.querySelectorAll('.live svg').length === document.querySelectorAll('.chart').length")
    drawn = page.locator(".live svg").first.inner_html()
    assert "HPSv3, published" in drawn
    assert 'stroke="#6f675c"' in drawn
    assert watched.complaints == []
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_nothing_scrolls_sideways(anywhere: Watched, name: str) -> None:
    page = anywhere.visit(name)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        walk(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_text_has_contrast(watched: Watched, name: str, scheme: str) -> None:
    watched.page.emulate_media(color_scheme=scheme)
    page = watched.visit(name)
    assert page.evaluate(WORST_CONTRAST) >= 4.5
