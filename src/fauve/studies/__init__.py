"""Studies: one question a file. Each reads the evidence and states findings; none imports another."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from fauve.blas import one_blas_thread
from fauve.records import Finding
from fauve.studies import (
    calibration,
    circularity,
    critique,
    dimensions,
    editing,
    emotion_generation,
    emotion_reward,
    generation,
    human_agreement,
    judge_validation,
    photographs,
    probe,
    prompt_complexity,
    real_art,
    reward_classification,
    selection_agreement,
    sensitivity,
    steering,
    truncation,
)
from fauve.studies.comparability import compared
from fauve.studies.evidence import Evidence
from fauve.studies.protocol import Chart, Mark, Study

__all__ = ["STUDIES", "Chart", "Evidence", "Mark", "Study", "analyse", "analyse_all"]

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        reward_classification.STUDY,
        generation.STUDY,
        editing.STUDY,
        steering.STUDY,
        probe.STUDY,
        prompt_complexity.STUDY,
        photographs.STUDY,
        real_art.STUDY,
        critique.STUDY,
        emotion_reward.STUDY,
        emotion_generation.STUDY,
        truncation.STUDY,
        calibration.STUDY,
        dimensions.STUDY,
        judge_validation.STUDY,
        selection_agreement.STUDY,
        human_agreement.STUDY,
        circularity.STUDY,
        sensitivity.STUDY,
    )
}
"""Every study by name, in the order of presentation."""

_AT_ONCE = 4
"""Studies at a time: each holds the draws of its own bootstraps in memory."""


def analyse(name: str, evidence: Evidence) -> list[Finding]:
    """The findings of one study; those with a published value say whether ours agrees with it."""
    with one_blas_thread():
        return _analyse(name, evidence)


def analyse_all(evidence: Evidence) -> list[Finding]:
    """The findings of every study, in the order of presentation; p values are corrected within each study.

    Studies go side by side: the bootstraps that they spend their time on let other threads work.
    """
    workers = min(_AT_ONCE, os.cpu_count() or 1)
    with one_blas_thread(), ThreadPoolExecutor(workers, thread_name_prefix="study") as pool:
        found = pool.map(lambda name: _analyse(name, evidence), STUDIES)
        return [finding for findings in found for finding in findings]


def _analyse(name: str, evidence: Evidence) -> list[Finding]:
    return compared(STUDIES[name].analyse(evidence), evidence)
