"""Do scorers accept photographs that left conventional taste on purpose?

Source: the project site of arXiv 2512.11883: 2,928 deliberately anti-aesthetic photographs, each beside a clean picture
generated from a prompt that leaves the requested style out, both scored under the caption of the photograph. The
photograph is what the caption describes; to prefer the clean picture is to overrule the caption. The site states the
bias, default − faithful: the margin with its sign turned.
"""

from __future__ import annotations

from collections.abc import Sequence

from fauve.records import Finding
from fauve.studies.contrast_study import (
    ContrastWords,
    analyse_contrasts,
    contrast_charts,
    contrast_sentences,
    contrast_table,
    spoken,
)
from fauve.studies.delivery import delivery
from fauve.studies.evidence import Evidence
from fauve.studies.protocol import Chart
from fauve.studies.published import published
from fauve.studies.stating import Address, turned
from fauve.studies.wording import interval, number

__all__ = ["STUDY"]

WORDS = ContrastWords("photographs", "photographs", "category")


class Photographs:
    """Contrasts of a photograph with a clean generation of the same subject."""

    name = "photographs"
    title = "Photographs that break the rules"
    question = "Given a caption that describes a blurred, dark or clashing photograph, is that photograph preferred?"
    method = (
        "Both pictures are scored under the caption of the photograph. Accuracy is the share in which the "
        "photograph scored higher (Wilson's interval), margin the mean of photograph − clean picture, bias its "
        "opposite (bootstrap by caption). Wilcoxon signed-rank and sign tests, Holm's correction over scorers and "
        "categories."
    )
    source = "arXiv 2512.11883, project site"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Accuracy, margin and bias by scorer, overall and by category; requests delivered as judges see it."""
        table = contrast_table(evidence, WORDS)
        findings = analyse_contrasts(table, WORDS)
        biases = [
            turned(f, "bias", published(self.name, "bias", f.scorer, group=f.group))
            for f in findings
            if f.metric == "margin"
        ]
        items = evidence.items.filter((evidence.items["kind"] == "contrast") & (evidence.items["study"] == self.name))
        return [*findings, *biases, *delivery(Address(self.name), evidence, items)]

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """The scorer that overrules the caption most often first; then the published bias beside ours."""
        said = contrast_sentences(findings, WORDS)
        for f in findings:
            if f.metric == "bias" and not f.group and f.published and f.estimate is not None:
                said.append(
                    f"{spoken(f)}'s mean bias towards the clean picture is {number(f.estimate, f.low, f.high)} over "
                    f"{f.n} photographs ({interval(f)}); published: {f.published.value:.2f} ({f.published.source})."
                )
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Accuracy by scorer and by category."""
        return contrast_charts(findings, WORDS, "How often the photograph wins under its own caption")


STUDY = Photographs()
