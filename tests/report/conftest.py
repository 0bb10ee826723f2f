"""Small ledgers with everything that a report must show, studies over them, and a browser where there is one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from fauve.charting import Chart, Mark
from fauve.ledger import Answer, Ledger
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.records import Contrast, Finding, ImportedScore, Outcome, PromptPair, Published, Selection, Test
from fauve.report.site import build_report
from fauve.studies import STUDIES, Evidence, analyse_all
from fauve.studies.protocol import Study

HOSTILE = (
    "</script><script>window.owned=1</script><img src=x onerror=window.owned=2>{{7*7}}$\\alpha$ |=cmd'\"\u2028\u202e"
)
"""What a prompt, a caption, an id or a name may hold."""


@dataclass(frozen=True)
class FakeStudy:
    """States whatever it is given: only how its words are shown is under test."""

    name: str = "fake"
    title: str = "A fake study"
    question: str = "Does it show?"
    method: str = "By hand."
    source: str = "nobody"
    said: tuple[str, ...] = ("The scorer chose the picture that was asked for in 0 of 8 pairs.", "And so on.")
    drawn: tuple[Chart, ...] = ()

    def analyse(self, evidence: object) -> list[Finding]:
        return []

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        return list(self.said)

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        return list(self.drawn)


def some_charts(text: str = "") -> tuple[Chart, ...]:
    """One chart of each kind, with controls, published values and reference lines; ``text`` is put into every name."""
    rows = (
        Mark(f"hpsv3{text}", f"hpsv3{text}", 0.29, 0.24, 0.34, published=0.31),
        Mark(f"mine{text}", f"mine{text}", 0.64, 0.58, 0.69),
        Mark("random", "random", 0.51, None, None, control=True),
    )
    lanes = tuple(
        Mark(f"{label}{text}", series, value, value - 0.1, value + 0.1)
        for label in ("clarity", "emotion")
        for series, value in (("hpsv3", 0.3), ("imagereward", 0.6))
    )
    doses = tuple(
        Mark("", series, slope * x, slope * x - 0.2, slope * x + 0.2, x=x)
        for series, slope in ((f"hpsv3{text}", -2.0), ("polish", -1.9))
        for x in (0.0, 0.5, 1.0)
    )
    return (
        Chart(f"rows{text}", "intervals", f"Rows{text}", f"share{text}", rows, lines=((0.5, f"chance{text}"),)),
        Chart("lanes", "intervals", "Lanes", "share", lanes),
        Chart("doses", "dose", "Doses", "change", doses, lines=((0.0, "none"),), x_axis=f"strength{text}"),
    )


def some_findings(text: str = "", study: str = "fake") -> list[Finding]:
    """Two metrics of two scorers, overall and by dimension, one undefined, with tests, published values and notes."""
    made = []
    for scorer, share, margin in ((f"hpsv3{text}", 0.29, -4.702), ("random", 0.51, 0.012)):
        published = Published(0.31, f"Table 1{text}") if scorer != "random" else None
        test = Test("Wilcoxon signed-rank", 0.0004, 0.0016)
        made.append(
            Finding(study, "accuracy", share, share - 0.05, share + 0.05, 300, 0.0, scorer, published=published)
        )
        made.append(
            Finding(
                study, "margin", margin, margin - 0.4, margin + 0.4, 300, 0.0, scorer, test=test, note=f"a{text}; b"
            )
        )
        for dimension in ("clarity", f"emotion{text}"):
            group = {"dimension": dimension}
            made.append(Finding(study, "accuracy", None, None, None, 0, 1.0, scorer, group=group, note="no pair"))
    return made


def fill(ledger: Ledger, photo: Callable[..., bytes], text: str = "", pairs: int = 14) -> None:
    """Pairs with computed and imported scores, a tie, a failure, a judge, a covered contrast, one picture missing."""
    credit = f"A. Person{text}"
    pictures = [ledger.add_image(photo(seed, (64, 48)), f"{seed}", credit, "CC0") for seed in range(2 * pairs + 2)]
    shas = [picture.sha256 for picture in pictures]
    items = [_pair(n, shas[2 * n], shas[2 * n + 1], text) for n in range(pairs)]
    images = {"faithful": shas[-1], "default": shas[-2]}
    covered = Contrast(f"c{text}", "fake", {"prompt": f"a burning field{text}"}, images, {"topic": "anti-war"})
    score = ImportedScore("hpsv3", "anti", "anti", 1.0, "published")
    nothing = {"original": None, "anti": None}
    bare = PromptPair("bare", "gen", nothing, nothing, scores=(score,))
    ledger.add_items([(item, "here") for item in [*items, covered, bare]])
    _answer(ledger, items, text)


def _pair(n: int, first: str, second: str, text: str) -> PromptPair:
    selection = (None, Selection(f"llm{text}", "anti", "here"), Selection("llm", "tie", "here"))[n % 3]
    anti = ImportedScore("hpsv3", "anti", "anti", float(-n), "published")
    original = ImportedScore("hpsv3", "original", "anti", 3.0, "published")
    plain = f"A bus in a street number {n}"
    return PromptPair(
        f"{n}{text}",
        f"gen{text}",
        {"original": plain, "anti": f"{plain}, out of focus{text}"},
        {"original": first, "anti": second if n != 5 else None},
        ("clarity",),
        {"kind": f"k{n % 2}{text}"},
        {},
        selection,
        (anti, original) if n else (anti,),
    )


def _answer(ledger: Ledger, items: list[PromptPair], text: str) -> None:
    run = ledger.begin_run(f"fauve run{text}", {"fauve": "0.1.0"})
    card = {"kind": "callable", "summary": f"Mine{text}", "range": [None, None], "licence": None, "revision": "1"}
    mine = ledger.register("scorer", f"mine{text}", {"a": 1}, card)
    judge = ledger.register("judge", f"eye{text}", {"dimensions": ["clarity"]}, {**card, "kind": "judge"})
    cells, seen = [], []
    for item in items:
        prompt = ledger.add_prompt(item.prompts["anti"] or "")
        for n, image in enumerate(filter(None, item.images.values())):
            if item is items[2] and n == 1:
                cells.append(Answer(image, prompt, Outcome.REFUSED, None, f"no{text}"))
            else:
                cells.append(Answer(image, prompt, Outcome.OK, 1.0 - n * 0.5))
            seen.append(Answer(image, "clarity", Outcome.OK, 1.8 - n))
    ledger.record_cells(run, mine, cells)
    ledger.record_dimension_scores(run, judge, seen)


@dataclass(frozen=True)
class Site:
    """A finished report and what it was made from."""

    index: Path
    ledger: Path
    studies: tuple[Study, ...]
    findings: tuple[Finding, ...]

    @property
    def folder(self) -> Path:
        return self.index.parent

    def page(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


def make_site(folder: Path, photo: Callable[..., bytes], text: str = "", pairs: int = 14) -> Site:
    with Ledger(folder / "run", write=True) as opened:
        fill(opened, photo, text, pairs)
    said = (f"Nothing was found{text}.", "And so on.")
    study = FakeStudy(title=f"A fake study{text}", said=said, drawn=some_charts(text))
    findings = some_findings(text)
    provenance = {"command": f"fauve run{text}", "versions": {"a": "1"}}
    with Ledger(folder / "run") as opened:
        index = build_report(opened, findings, [study], folder / "report", provenance)
    return Site(index, folder / "run", (study,), tuple(findings))


UNTRAINED = "imagereward (random weights)"
AUDITED = {UNTRAINED: -1.0, "mine": 1.0, "instrument:colourfulness": -1.0, "polish": -1.0, "random": 0.0}
"""Scorers of the audited site and what each makes of the picture that was asked for, against the other one."""


def audit(ledger: Ledger, photo: Callable[..., bytes]) -> None:
    """Eight pairs of one generator, scored whole by every scorer of AUDITED; scores of HPSv3 come with them."""
    pictures = [ledger.add_image(photo(seed, (64, 48)), f"{seed}").sha256 for seed in range(16)]
    pairs = [
        PromptPair(
            f"{n}",
            "nano-banana",
            {"original": f"A bus number {n}", "anti": f"A bus number {n}, out of focus"},
            {"original": pictures[2 * n], "anti": pictures[2 * n + 1]},
            ("clarity", "emotion")[: 1 + n % 2],
            selection=Selection("people", "anti", "here"),
            scores=tuple(
                ImportedScore("hpsv3", image, prompt, 12.0 + n - 5.0 * (image == "anti"), "published")
                for image in ("original", "anti")
                for prompt in ("original", "anti")
            ),
        )
        for n in range(8)
    ]
    ledger.add_items([(pair, "here") for pair in pairs])
    run = ledger.begin_run("fauve audit", {"fauve": "0.1.0"})
    own = {"kind": "callable", "summary": "Mine.", "range": [None, None], "licence": None, "revision": "1"}
    for scorer, taste in AUDITED.items():
        card = REWARD_CARDS["imagereward"].as_json() if scorer == UNTRAINED else own
        settings = {"weights": "random", "weights_sha256": "ab" * 32, "dtype": "float32"} if scorer == UNTRAINED else {}
        adapter = ledger.register("scorer", scorer, settings, card)
        answers = [
            Answer(image, ledger.add_prompt(prompt or ""), Outcome.OK, n + taste * (slot == "anti"))
            for n, pair in enumerate(pairs)
            for slot, image in pair.images.items()
            for prompt in pair.prompts.values()
        ]
        ledger.record_cells(run, adapter, answers)
        if scorer == UNTRAINED:
            ledger.record_provenance(run, adapter, {"device": "cpu", "torch": "2.9", "source": "local"})
            asked = [ledger.add_prompt(pair.prompts["anti"] or "") for pair in pairs]
            ledger.record_tokens(adapter, [(prompt, 30 + n, n > 5) for n, prompt in enumerate(asked)])


@pytest.fixture(scope="session")
def audited_site(tmp_path_factory: pytest.TempPathFactory, photo_bytes: Callable[..., bytes]) -> Site:
    """The report of all real studies on an audit."""
    folder = tmp_path_factory.mktemp("audited")
    with Ledger(folder / "run", write=True) as opened:
        audit(opened, photo_bytes)
    studies = tuple(STUDIES.values())
    with Ledger(folder / "run") as opened:
        findings = analyse_all(Evidence.read(opened))
        index = build_report(opened, findings, studies, folder / "report", {})
    return Site(index, folder / "run", studies, tuple(findings))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, photo_bytes: Callable[..., bytes]) -> Site:
    return make_site(tmp_path_factory.mktemp("site"), photo_bytes)


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory: pytest.TempPathFactory, photo_bytes: Callable[..., bytes]) -> Site:
    return make_site(tmp_path_factory.mktemp("hostile"), photo_bytes, HOSTILE)


@pytest.fixture(scope="session")
def covered_site(tmp_path_factory: pytest.TempPathFactory, photo_bytes: Callable[..., bytes]) -> Site:
    """Few pairs, so that the covered contrast stands on the first page of the gallery."""
    return make_site(tmp_path_factory.mktemp("covered"), photo_bytes, pairs=3)


@pytest.fixture
def hostile() -> str:
    return HOSTILE


@pytest.fixture
def findings() -> list[Finding]:
    return some_findings()


@pytest.fixture
def charts() -> tuple[Chart, ...]:
    return some_charts()


@pytest.fixture
def fake_study() -> Callable[..., FakeStudy]:
    return FakeStudy


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("FAUVE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium here: install one, or name it in FAUVE_CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path)
        yield opened
        opened.close()
