"""Studies: one question a file. Each reads the evidence and states findings; none imports another."""

from __future__ import annotations

from fauve.records import Finding
from fauve.studies import (
    calibration,
    critique,
    dimensions,
    editing,
    emotion_generation,
    emotion_reward,
    generation,
    judge_validation,
    photographs,
    probe,
    reward_classification,
    steering,
    truncation,
)
from fauve.studies.evidence import Evidence
from fauve.studies.protocol import Chart, Mark, Study

__all__ = ["STUDIES", "Chart", "Evidence", "Mark", "Study", "analyse_all"]

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        reward_classification.STUDY,
        generation.STUDY,
        editing.STUDY,
        steering.STUDY,
        probe.STUDY,
        photographs.STUDY,
        critique.STUDY,
        emotion_reward.STUDY,
        emotion_generation.STUDY,
        truncation.STUDY,
        calibration.STUDY,
        dimensions.STUDY,
        judge_validation.STUDY,
    )
}
"""Every study by name, in the order of presentation."""


def analyse_all(evidence: Evidence) -> list[Finding]:
    """The findings of every study, in the order of presentation; p values are corrected within each study."""
    return [finding for study in STUDIES.values() for finding in study.analyse(evidence)]
