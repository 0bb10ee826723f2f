"""The report: one folder of plain files that opens from a disk, without a network, and tells what was found.

Nothing here is computed anew: findings come from the studies, everything else is read from the ledger. The same ledger
gives the same bytes; no page holds a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment

from fauve.charting import Chart
from fauve.errors import LedgerError, UnknownName
from fauve.ledger import Ledger
from fauve.naming import scorer_kind, scorer_name
from fauve.records import Finding
from fauve.report.beside import PAGE as BESIDE
from fauve.report.beside import beside_context
from fauve.report.chart_files import Drawing
from fauve.report.exports import findings_csv
from fauve.report.gallery import FIRST_PAGE, Gallery, Stacks, build_gallery, stacks
from fauve.report.holdings import Holdings
from fauve.report.lead import Lead, lead_pair, scorer_pair
from fauve.report.methods import methods_context
from fauve.report.notices import notice, own_notice
from fauve.report.numbers import format_count
from fauve.report.outcomes import Drawn, drawn_context, drawn_sentence, read_drawn
from fauve.report.pages import Folder, environment, static_files, unique_slugs
from fauve.report.play import PAGE, write_play
from fauve.report.playing import Playing
from fauve.report.prompt_words import PAGE as WORDS
from fauve.report.prompt_words import clouds, words_context, words_csv
from fauve.report.scorecard import Scorecard, scorecard_context, scorecards
from fauve.report.strips import FIRST_ROWS, side_by_side
from fauve.report.study_page import StudyPage, study_context, table_files
from fauve.report.thumbs import Thumbs
from fauve.studies.evidence import Evidence
from fauve.studies.honoured import MARGIN
from fauve.studies.protocol import Study
from fauve.studies.sensitivity import OF
from fauve.studies.sensitivity import STUDY as SENSITIVITY
from fauve.version import __version__

__all__ = ["POLICY", "build_report"]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
"""What a page may do: load its own scripts, styles and pictures, and nothing else; no inline script, no evaluation."""

_NAMED = 8
"""Scorers that the first page names before it counts."""

_NAV = (
    ("index.html", "Findings"),
    ("index.html#scorecards", "Scorecards"),
    ("gallery.html", "Pictures"),
    (PAGE, "Play"),
    (WORDS, "Words"),
    ("methods.html", "Methods"),
)


def build_report(
    ledger: Ledger,
    findings: Sequence[Finding],
    studies: Sequence[Study],
    out: Path,
    provenance: Mapping[str, Any],
    *,
    evidence: Evidence | None = None,
    playing: Playing | None = None,
) -> Path:
    """Write the report of ``findings`` over what ``ledger`` holds into the folder ``out``; returns its first page.

    A report that is already there is replaced file by file: small pictures are kept, files of the old report that the
    new one lacks are removed, other files are left alone.

    Args:
        ledger: where items, pictures, scores and cards are.
        findings: every number to state, of any of ``studies``.
        studies: the studies behind them, in the order of presentation.
        out: the folder to write.
        provenance: command, versions, settings as plain values, printed on the methods page as they are.
        evidence: what ``findings`` were computed from, read from ``ledger`` where it is not at hand.
        playing: the page to play with, begun before; by default it is begun here.

    Raises:
        UnknownName: when a finding belongs to none of ``studies``.
        LedgerError: when the folder cannot be written.
    """
    pages = _study_pages(findings, studies)
    folder = Folder(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with Playing(ledger) if playing is None else nullcontext(playing) as begun:
            seen = Evidence.read(ledger) if evidence is None else evidence
            _write(ledger, seen, findings, studies, pages, folder, provenance, begun)
        folder.finish()
    except OSError as error:
        raise LedgerError(
            f"{error.filename or out} cannot be written ({error.strerror}); free space or check its rights, "
            "then build the report again"
        ) from error
    return out / "index.html"


def _study_pages(findings: Sequence[Finding], studies: Sequence[Study]) -> list[StudyPage]:
    by_study: dict[str, list[Finding]] = {study.name: [] for study in studies}
    for finding in findings:
        if finding.study not in by_study:
            raise UnknownName("study", finding.study, by_study)
        by_study[finding.study].append(finding)
    slugs = unique_slugs(by_study)
    return [
        StudyPage(study, tuple(by_study[study.name]), slugs[study.name]) for study in studies if by_study[study.name]
    ]


def _write(
    ledger: Ledger,
    evidence: Evidence,
    findings: Sequence[Finding],
    studies: Sequence[Study],
    pages: Sequence[StudyPage],
    folder: Folder,
    provenance: Mapping[str, Any],
    playing: Playing,
) -> None:
    holdings = Holdings.read(ledger)
    drawn = read_drawn(ledger)
    kept = stacks(ledger, evidence, studies)
    cards = scorecards(holdings, pages)
    with Drawing(_wanted(pages, cards)) as drawing, Thumbs(ledger, folder.root) as thumbs:
        gallery = build_gallery(ledger, kept, folder, thumbs)
        lead = _headline_pair(ledger, kept, gallery, thumbs, pages, cards)
        strips = side_by_side(ledger, kept, thumbs, findings)
        leads = {c.scorer: scorer_pair(ledger, kept, gallery, thumbs, c.scorer, c.main) for c in cards}
        folder.keep(thumbs.files)
        for path, content in static_files().items():
            folder.write(path, content)
        templates = _templates(kept.judges, bool(len(gallery)), bool(cards))
        charts = drawing.files(folder)
    _write_asides(ledger, evidence, playing, templates, folder)
    _write_studies(templates, pages, charts, gallery, folder)
    for place, card in enumerate(cards):
        folder.write(f"tables/{card.slug}.csv", findings_csv(card.findings))
        context = scorecard_context(card, charts, leads[card.scorer], holdings, gallery) | _beside(cards, place)
        _page(templates, folder, card.href, context | {"notice": own_notice(card.scorer)}, template="scorer.html")
    seen = notice(holdings.scorer_names, {one.name for one in drawn})
    if len(gallery):
        without = holdings.items - len(gallery)
        shown = {"total": len(gallery), "without": without, "first": gallery.first[:FIRST_PAGE]}
        _page(templates, folder, "gallery.html", shown | {"notice": seen})
    hrefs = {card.scorer: card.href for card in cards}
    methods = methods_context(holdings, findings, provenance, thumbs.broken, hrefs)
    _page(templates, folder, "methods.html", methods | drawn_context(drawn) | {"notice": seen})
    if strips is not None:
        _page(templates, folder, "side_by_side.html", {"strips": strips, "notice": seen})
    beside = beside_context(findings, {page.study.name: (page.href, page.title) for page in pages})
    if beside["tally"]:
        _page(templates, folder, BESIDE, beside | {"notice": seen})
    index = _index(holdings, findings, pages, cards, gallery, lead) | {"beside": beside["tally"]}
    index |= {"strips": strips, "first_rows": FIRST_ROWS, "measured": _measured(holdings, findings, drawn)}
    _page(templates, folder, "index.html", index | {"notice": seen})


def _write_asides(ledger: Ledger, evidence: Evidence, playing: Playing, templates: Environment, folder: Folder) -> None:
    """The pages to play with and of the words of the prompts, and the way to them from every page, where they are."""
    play, words = playing.take(), clouds(ledger, evidence)
    there = {PAGE: play is not None, WORDS: bool(words)}
    nav = cast(list[tuple[str, str]], templates.globals["nav"])
    templates.globals["nav"] = [entry for entry in nav if there.get(entry[0], True)]
    if play is not None:
        write_play(play, folder, templates)
    if words:
        folder.write("tables/words.csv", words_csv(words))
        _page(templates, folder, WORDS, words_context(words) | {"notice": ""})


def _headline_pair(
    ledger: Ledger,
    kept: Stacks,
    gallery: Gallery,
    thumbs: Thumbs,
    pages: Sequence[StudyPage],
    cards: Sequence[Scorecard],
) -> Lead | None:
    """The pair under the headline of the first page: of the scorer that it speaks of, from the pairs that it counts."""
    said = pages[0].headline if pages else ""
    spoken = [card for card in cards if said.startswith(f"{card.title} ") and card.main is not None]
    # The longest name: "BLIP-L (probability)" begins as "BLIP-L" does.
    for card in sorted(spoken, key=lambda card: -len(card.title))[:1]:
        found = scorer_pair(ledger, kept, gallery, thumbs, card.scorer, card.main)
        if found is not None:
            return found
    return lead_pair(ledger, kept, gallery, thumbs)


def _templates(judges: int, pictured: bool, carded: bool) -> Environment:
    made = environment()
    made.globals |= {"policy": POLICY, "version": __version__, "judges": judges, "margin": MARGIN}
    made.globals["nav"] = _nav(pictured, carded)
    return made


def _nav(pictured: bool, carded: bool) -> list[tuple[str, str]]:
    left_out = {"gallery.html": not pictured, "index.html#scorecards": not carded}
    return [entry for entry in _NAV if not left_out.get(entry[0])]


def _wanted(pages: Sequence[StudyPage], cards: Sequence[Scorecard]) -> dict[str, Chart]:
    """Every chart of the report, by the name that its page gives it."""
    return dict([entry for page in pages for entry in page.drawn] + [entry for card in cards for entry in card.drawn])


def _beside(pages: Sequence[Any], place: int) -> dict[str, Any]:
    """The pages before and after one."""
    return {
        "before": pages[place - 1] if place else None,
        "after": pages[place + 1] if place + 1 < len(pages) else None,
    }


def _write_studies(
    templates: Environment,
    pages: Sequence[StudyPage],
    charts: Mapping[str, Mapping[str, Any]],
    gallery: Gallery,
    folder: Folder,
) -> None:
    sure = {f.group[OF]: page.href for page in pages if page.study is SENSITIVITY for f in page.findings}
    for place, page in enumerate(pages):
        table_files(page, folder)
        context = study_context(page, [charts[name] for name, _ in page.drawn], gallery) | _beside(pages, place)
        context["sure"] = sure.get(page.study.name)
        context["notice"] = notice(
            *({f.scorer or "" for f in page.findings}, {f.generator or "" for f in page.findings})
        )
        _page(templates, folder, page.href, context, template="study.html")


def _page(templates: Environment, folder: Folder, path: str, context: Mapping[str, Any], template: str = "") -> None:
    folder.write(path, templates.get_template(template or path).render(here=path, **context))


def _index(
    holdings: Holdings,
    findings: Sequence[Finding],
    pages: Sequence[StudyPage],
    cards: Sequence[Scorecard],
    gallery: Gallery,
    lead: Lead | None,
) -> dict[str, Any]:
    headlines = [
        {"href": page.href, "title": page.title, "sentence": page.headline, "question": page.study.question}
        for page in pages
    ]
    counts = [
        (holdings.pairs, "prompt pairs"),
        (holdings.contrasts, "contrasts"),
        (holdings.edits, "edits"),
        (holdings.portraits, "portraits"),
        (holdings.images, "pictures"),
        (len(holdings.scorer_names), "scorers"),
        (len(holdings.judges), "judges"),
        (len(findings), "numbers stated"),
    ]
    return {
        "headlines": headlines,
        "scorecards": cards,
        "lead": lead,
        "counts": [(number, what) for number, what in counts if number],
        "under_test": _under_test(holdings),
        "pictured": len(gallery),
    }


def _under_test(holdings: Holdings) -> str:
    names = [scorer_name(name) for name in holdings.scorer_names if scorer_kind(name) == "model"]
    if not names:
        return (
            "No reward model has been scored here yet. What stands in for one is plain measurement: controls whose "
            "answer is known beforehand, among them one that sees only how polished a picture is and never reads the "
            "prompt."
        )
    shown = names if len(names) == _NAMED + 1 else names[:_NAMED]
    told = ", ".join(shown)
    more = f" and {format_count(len(names) - _NAMED)} more" if len(names) > len(shown) else ""
    return f"Under test here: {told}{more}. Everything else that scores is there to compare with."


def _measured(holdings: Holdings, findings: Sequence[Finding], drawn: list[Drawn]) -> list[str]:
    told = [
        "A number comes with an interval where the data allow one. Another sample of prompts of this size would "
        "give another number; intervals are made so that 95 in 100 of them hold the true one."
    ]
    if holdings.constructed:
        told.append(
            f"{format_count(holdings.constructed)} pairs are made here, so that their truth is known: "
            f"{format_count(holdings.photographs)} photographs, each under {format_count(holdings.effects)} effects at "
            "several strengths. However many pairs that gives, what varies independently are the photographs."
        )
    items = holdings.items
    if items > holdings.pictured:
        told.append(
            f"{format_count(items - holdings.pictured)} of the {format_count(items)} items came with "
            "scores only; their pictures are not on file."
        )
    if holdings.pairs > holdings.constructed:
        told.append(
            f"For {format_count(holdings.selected)} pairs somebody selected which picture fits the prompt; for others "
            "the picture made for the prompt counts as the one that was asked for."
        )
    sentence = drawn_sentence(drawn)
    if sentence is not None:
        told.append(sentence)
    if holdings.asked:
        times = f"{format_count(holdings.unanswered)} {'time' if holdings.unanswered == 1 else 'times'}"
        ended = f"gave no value {times}" if holdings.unanswered else "gave a value every time"
        told.append(
            f"Scorers and judges were asked {format_count(holdings.asked)} times here and {ended}. What has no value "
            "counts as missing beside every number and is never replaced by a guess."
        )
    short = sum(1 for f in findings if f.estimate is None)
    if short:
        told.append(f"{format_count(short)} numbers could not be stated; their rows say why.")
    return told
