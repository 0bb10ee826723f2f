"""Do scorers prefer the pleasing answer to a prompt of social critique?

Source: the project site of arXiv 2512.11883 ("Newspeak"): 100 prompts on five topics, each drawn by FLUX.1 Krea and by
DanceFlux, which was aligned to a reward model. The faithful picture is that of the generator without such alignment.
The site states that HPSv3 prefers DanceFlux in 20 of 20 pairs of a topic, without saying which one.
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
)
from fauve.studies.evidence import Evidence
from fauve.studies.protocol import Chart

__all__ = ["STUDY"]

WORDS = ContrastWords("critique", "prompts of social critique", "topic")


class Critique:
    """Contrasts of a faithful and a reward-aligned generator on one critical prompt."""

    name = "critique"
    title = "Social critique"
    question = "Given a prompt that means to disturb, is the picture of the unaligned generator preferred?"
    method = (
        "Both pictures are scored under the same prompt. Accuracy is the share in which the faithful generator's "
        "picture scored higher (Wilson's interval), margin the mean difference (bootstrap by prompt). Wilcoxon "
        "signed-rank and sign tests, Holm's correction over scorers and topics. Two generators differ in more than "
        "alignment."
    )
    source = "arXiv 2512.11883, project site"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Accuracy and margin by scorer, overall and by topic."""
        return analyse_contrasts(contrast_table(evidence, WORDS), WORDS)

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """The scorer that overrules the prompt most often first."""
        return contrast_sentences(findings, WORDS)

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Accuracy by scorer and by topic."""
        return contrast_charts(findings, WORDS, "How often the faithful generator's picture wins")


STUDY = Critique()
