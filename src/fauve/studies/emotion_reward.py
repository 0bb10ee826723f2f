"""Do scorers accept a sad, angry or fearful face when the prompt asks for one?

Source: arXiv 2512.11883, Table 5: a happy picture and the same picture edited to a negative emotion, both scored under
the prompt of the negative emotion. The edited picture is the faithful one; chance is one half.
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

WORDS = ContrastWords("emotion_reward", "negative emotions", "emotion")


class EmotionReward:
    """Contrasts of a negative with a happy version of one picture."""

    name = "emotion_reward"
    title = "Emotions that were asked for"
    question = "Given a prompt for anger, fear or sadness, is the picture that shows it preferred to the happy one?"
    method = (
        "Both pictures are scored under the prompt of the negative emotion. Accuracy is the share in which that "
        "emotion's picture scored higher (Wilson's interval where each prompt stands alone, otherwise bootstrap by "
        "prompt), margin the mean difference. Wilcoxon signed-rank and sign tests, Holm's correction over scorers "
        "and emotions."
    )
    source = "arXiv 2512.11883, Table 5"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """Accuracy and margin by scorer, overall and by emotion."""
        return analyse_contrasts(contrast_table(evidence, WORDS), WORDS)

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """The scorer that overrules the prompt most often first."""
        return contrast_sentences(findings, WORDS)

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Accuracy by scorer and by emotion."""
        return contrast_charts(findings, WORDS, "How often the requested emotion wins")


STUDY = EmotionReward()
