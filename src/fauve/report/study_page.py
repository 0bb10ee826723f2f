"""One page a study: its sentences, its charts, its tables with their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from fauve.charting import Chart
from fauve.naming import sentence
from fauve.records import Finding
from fauve.report.beside import tally
from fauve.report.exports import findings_csv, sections_latex, sections_markdown
from fauve.report.gallery import Gallery
from fauve.report.matrix import matrix
from fauve.report.pages import Folder
from fauve.report.tables import Section, sections
from fauve.report.wording import metric, spoken_test
from fauve.studies.protocol import Study

__all__ = ["StudyPage", "study_context", "table_files"]


@dataclass(frozen=True)
class StudyPage:
    """A study with its findings and the name that its files share."""

    study: Study
    findings: tuple[Finding, ...]
    slug: str

    @property
    def href(self) -> str:
        """Its page."""
        return f"study-{self.slug}.html"

    @property
    def title(self) -> str:
        """Its title."""
        return self.study.title

    @cached_property
    def sentences(self) -> list[str]:
        """What its findings say."""
        return [sentence(said) for said in self.study.sentences(self.findings)]

    @property
    def headline(self) -> str:
        """The first sentence, or the question where the findings support none."""
        return self.sentences[0] if self.sentences else self.study.question

    @cached_property
    def charts(self) -> list[Chart]:
        """Its figures; a chart without marks is none."""
        return [chart for chart in self.study.charts(self.findings) if chart.marks]

    @property
    def drawn(self) -> list[tuple[str, Chart]]:
        """Its charts, each with a name for its files."""
        return [(f"{self.slug}/{chart.name}", chart) for chart in self.charts]

    @cached_property
    def sections(self) -> list[Section]:
        """Its tables."""
        return sections(self.findings)


def table_files(page: StudyPage, folder: Folder) -> None:
    """Write the tables of a study as CSV, Markdown and LaTeX."""
    folder.write(f"tables/{page.slug}.csv", findings_csv(page.findings))
    folder.write(f"tables/{page.slug}.md", sections_markdown(page.title, page.sections))
    folder.write(f"tables/{page.slug}.tex", sections_latex(page.title, page.sections))


def study_context(page: StudyPage, charts: Sequence[Mapping[str, Any]], gallery: Gallery) -> dict[str, Any]:
    """What ``study.html`` names."""
    found = page.findings
    tests = list(dict.fromkeys(spoken_test(f.test.name) for f in found if f.test))
    return {
        "study": page.study,
        "slug": page.slug,
        "sentences": page.sentences,
        "charts": charts,
        "multiples": sum(not chart["wide"] for chart in charts) > 1,
        "matrix": matrix(found),
        "sections": page.sections,
        "tests": ", ".join(tests),
        "beside": tally(found),
        "published": list(dict.fromkeys(f.published.source for f in found if f.published)),
        "metrics": [metric(name) for name in dict.fromkeys(f.metric for f in found)],
        "gallery_link": f"gallery.html#{urlencode({'study': page.title})}" if page.title in gallery.studies else "",
    }
