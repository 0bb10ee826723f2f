"""One page a scorer under test: all that the studies found of it, told for it alone.

A study's own sentences and charts are asked again with the findings of this scorer and of what it can be compared with;
so a scorecard says nothing that its studies do not say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fauve.charting import Chart
from fauve.models.scorers.reward_cards import REWARD_CARDS
from fauve.naming import CONTROLS, is_untrained, scorer_kind, scorer_name, sentence, trained_name
from fauve.records import Finding
from fauve.report.gallery import Gallery
from fauve.report.holdings import Holdings
from fauve.report.lead import Lead
from fauve.report.pages import unique_slugs
from fauve.report.scorer_facts import card_rows, made_with
from fauve.report.standing import headline, main_accuracy, standing, standing_chart
from fauve.report.study_page import StudyPage
from fauve.report.tables import sections
from fauve.studies.charting import interval_chart

__all__ = ["Scorecard", "scorecard_context", "scorecards"]

_COMPANIONS: Mapping[str, frozenset[str]] = {
    "reward_classification": CONTROLS,
    "photographs": CONTROLS,
    "critique": CONTROLS,
    "emotion_reward": CONTROLS,
    "probe": frozenset({"polish", "oracle"}),
}
"""Studies in which controls share the scorer's axis, and which controls are worth a line there."""

_DOSES = ("probe-asked", "probe-plain", "probe-credit")


@dataclass(frozen=True, slots=True)
class Part:
    """What one study says of the scorer."""

    page: StudyPage
    findings: tuple[Finding, ...]
    sentences: tuple[str, ...]
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Scorecard:
    """A scorer, its files' name, its entry in the ledger (None where nothing was computed here), and every study."""

    scorer: str
    slug: str
    entry: Mapping[str, Any] | None
    pages: Sequence[StudyPage]

    @property
    def href(self) -> str:
        """Its page."""
        return f"{self.slug}.html"

    @property
    def title(self) -> str:
        """Its name, with a capital where it is a word."""
        return sentence(scorer_name(self.scorer))

    @property
    def untrained(self) -> bool:
        """Whether its weights are random."""
        return is_untrained(self.scorer)

    @cached_property
    def main(self) -> Finding | None:
        """The accuracy that speaks for it."""
        return main_accuracy(self.scorer, [f for page in self.pages for f in page.findings])

    @property
    def headline(self) -> str:
        """Its one sentence."""
        return headline(self.scorer, self.main)

    @cached_property
    def chart(self) -> Chart | None:
        """Where it stands; None where it has no accuracy."""
        return standing_chart(self.scorer, self.main, self._findings_of_main()) if self.main else None

    @property
    def standfirst(self) -> list[str]:
        """What the controls did on the same choices."""
        return standing(self.main, self._findings_of_main()) if self.main else []

    def _findings_of_main(self) -> Sequence[Finding]:
        return next((page.findings for page in self.pages if self.main and page.study.name == self.main.study), ())

    @cached_property
    def parts(self) -> list[Part]:
        """What each study says of it, in their order; studies without a finding of it are left out."""
        return [part for page in self.pages if (part := self._part(page)) is not None]

    def _part(self, page: StudyPage) -> Part | None:
        own = tuple(f for f in page.findings if f.scorer == self.scorer)
        if not own:
            return None
        beside = _COMPANIONS.get(page.study.name, frozenset())
        told = [f for f in page.findings if f.scorer == self.scorer or f.scorer in beside]
        said = [sentence(text) for text in page.study.sentences(told)]
        if self.main is not None and self.main.study == page.study.name:
            said = said[1:]  # the headline has said it
        if page.study.name == "truncation" and self.entry and (limit := self.entry["card"].get("prompt_limit")):
            said.append(f"By its card it reads at most {limit} tokens of a prompt.")
        return Part(page, own, tuple(said), tuple(self._charts(page, told)))

    def _charts(self, page: StudyPage, told: Sequence[Finding]) -> Iterator[Chart]:
        said = {(m.label, m.estimate) for m in self.chart.marks} if self.chart else set()
        for chart in page.study.charts(told):
            dose = page.study.name == "probe"
            new = not {(m.label, m.estimate) for m in chart.marks} <= said
            if new and len(chart.marks) > 1 and (not dose or chart.name in _DOSES):
                yield chart
        if page.study.name == "probe":
            yield from _by_effect(self.scorer, told)

    @property
    def findings(self) -> list[Finding]:
        """Every number that is stated of it."""
        return [finding for part in self.parts for finding in part.findings]

    @property
    def drawn(self) -> list[tuple[str, Chart]]:
        """Every chart of its page with a name for its files."""
        own = [self.chart] if self.chart else []
        return [(f"{self.slug}-{c.name}", c) for c in (*own, *(c for part in self.parts for c in part.charts))]


def _by_effect(scorer: str, told: Sequence[Finding]) -> list[Chart]:
    slopes = [
        f
        for f in told
        if f.metric == "slope"
        and f.scorer == scorer
        and {key: value for key, value in f.group.items() if key != "effect"} == {"prompt": "anti", "unit": "sd"}
        and "effect" in f.group
    ]
    return interval_chart(
        "probe-effects",
        "What it makes of each effect that was asked for",
        "change of score, in standard deviations, from no effect to full strength",
        slopes,
        lambda f: f.group["effect"],
        lambda f: f.scorer or "",
        lines=((0.0, "no change"),),
    )


def scorecards(holdings: Holdings, pages: Sequence[StudyPage]) -> list[Scorecard]:
    """One for each scorer under test with scores on file, by name: not for controls and instruments."""
    entries = {entry["name"]: entry for entry in holdings.scorers}
    names = [name for name in holdings.scorer_names if scorer_kind(name) == "model"]
    slugs = unique_slugs(f"scorer-{scorer_name(name)}" for name in names)
    return [Scorecard(name, slugs[f"scorer-{scorer_name(name)}"], entries.get(name), pages) for name in names]


def scorecard_context(
    card: Scorecard, charts: Mapping[str, Any], lead: Lead | None, holdings: Holdings, gallery: Gallery
) -> dict[str, Any]:
    """Everything that ``scorer.html`` names; ``charts`` has what pages say of each of :attr:`Scorecard.drawn`."""
    known = REWARD_CARDS.get(trained_name(card.scorer))
    about = card.entry["card"] if card.entry else known.as_json() if known else None
    return {
        "card": card,
        "lead": lead,
        "standing": [charts[name] for name, chart in card.drawn if chart is card.chart],
        "study_parts": [_part_context(card, part, charts) for part in card.parts],
        "facts": card_rows(card.scorer, about) if about else [],
        "made_with": made_with(
            [source for source in holdings.sources if source.scorer == card.scorer],
            card.entry["settings"] if card.entry else {},
            holdings.made_with.get(card.scorer, ()),
        ),
        "pictures": _pictures(card, gallery),
        "published": list(dict.fromkeys(f.published.source for f in card.findings if f.published)),
    }


def _part_context(card: Scorecard, part: Part, charts: Mapping[str, Any]) -> dict[str, Any]:
    tables = sections(part.findings)
    return {
        "title": part.page.title,
        "href": part.page.href,
        "sentences": part.sentences,
        "charts": [charts[f"{card.slug}-{chart.name}"] for chart in part.charts],
        "sections": tables,
        "rows": sum(section.count for section in tables),
    }


def _pictures(card: Scorecard, gallery: Gallery) -> list[tuple[str, str]]:
    """Links into the gallery: the pairs that it overruled, by each source of its scores."""
    links = []
    for voice, said in enumerate(gallery.voices):
        if said.scorer == card.scorer:
            many = sum(codes[voice] == "o" for codes in gallery.codes)
            if many:
                pairs = "The one pair" if many == 1 else f"The {many:,} pairs"
                href = f"gallery.html#voice={voice}&verdict=o&order=overruled"
                links.append((href, f"{pairs} that {said.label} overruled."))
    return links
