"""How far are a judge's values from labels that people gave?

Source: arXiv 2512.11883, Table 7. A judge gives an image an expected score in [0, 2] on a dimension; the label's sign
(negative, zero, positive) is the class 0, 1 or 2. MAE is the mean distance of the expected score from the class, WMAE
the plain mean of the three classes' MAEs, WF1 the support-weighted F1 of the rounded expected score (not of the
arg-max), and κ the quadratic-weighted agreement of the rounded score with the class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from fauve.records import Finding
from fauve.stats.agreement import cohen_kappa
from fauve.stats.ordinal import class_balanced_mae, mean_absolute_error, rounded_f1, rounded_score
from fauve.studies.charting import interval_chart
from fauve.studies.evidence import Evidence
from fauve.studies.protocol import Chart
from fauve.studies.published import published
from fauve.studies.resampling import SharedDraws
from fauve.studies.stating import Address, state
from fauve.studies.wording import interval, number

__all__ = ["STUDY", "validate"]

NAME = "judge_validation"

CLASSES = (0, 1, 2)

LARGEST_ERROR = 2.0


def validate(labels: pl.DataFrame) -> list[Finding]:
    """A judge's errors over all rows and by dimension; one judge a ``judge`` group where that column is there.

    Args:
        labels: one row an (image, dimension): image, dimension, expected in [0, 2], argmax, label (an integer whose
            sign counts), and judge where several are on file.

    Returns:
        mae, wmae, wf1 and kappa; n counts rows, intervals resample images.
    """
    if labels.is_empty():
        return []
    if "judge" not in labels.columns:
        return _validated(Address(NAME), labels)
    parts = labels.group_by("judge", maintain_order=True)
    return [finding for (judge,), part in parts for finding in _validated(Address(NAME, group={"judge": judge}), part)]


class JudgeValidation:
    """A judge's expected scores against labels."""

    name = NAME
    title = "Can the judge be trusted?"
    question = "How far are a judge's scores of single dimensions from the labels that people gave?"
    method = (
        "Labels count by their sign: classes 0, 1, 2. MAE of the expected score; class-balanced MAE, the mean of "
        "the three classes' MAEs; F1 of the rounded expected score, weighted by class; quadratic κ of the rounded "
        "score with the class. Intervals: bootstrap over images. All dimensions of the label set count, those that "
        "prompts never ask for included."
    )
    source = "arXiv 2512.11883, Table 7"

    def analyse(self, evidence: Evidence) -> list[Finding]:
        """The errors of every judge whose answers on labelled images are on file."""
        return validate(evidence.labels)

    def sentences(self, findings: Sequence[Finding]) -> list[str]:
        """Error of each judge, and how it compares with saying the same of every image."""
        said = []
        for f in findings:
            if f.metric == "mae" and "dimension" not in f.group and f.estimate is not None:
                beside = f" (published: {f.published.value:.3f})" if f.published else ""
                said.append(
                    f"{_judge(f)} is off by {number(f.estimate, f.low, f.high)} of {LARGEST_ERROR:.0f} on average over "
                    f"{f.n:,} labels ({interval(f)}){beside}."
                )
        by_dimension = [f for f in findings if f.metric == "wmae" and "dimension" in f.group and f.estimate is not None]
        if by_dimension:
            worst = max(by_dimension, key=lambda f: (f.estimate or 0.0, f.group["dimension"]))
            error = number(worst.estimate or 0.0, worst.low, worst.high)
            said.append(
                f"{_judge(worst)} is furthest off on {worst.group['dimension']}: {error} with each class counted alike "
                f"({interval(worst)})."
            )
        return said

    def charts(self, findings: Sequence[Finding]) -> list[Chart]:
        """Class-balanced error by dimension."""
        return interval_chart(
            f"{NAME}-dimensions",
            "Class-balanced error by dimension",
            "class-balanced mean absolute error, on a scale from 0 to 2",
            [f for f in findings if f.metric == "wmae" and "dimension" in f.group],
            lambda f: f.group["dimension"],
            lambda f: f.group.get("judge", "judge"),
        )


def _validated(where: Address, labels: pl.DataFrame) -> list[Finding]:
    findings = _errors(where, labels)
    for name in labels["dimension"].unique().sort():
        findings += _errors(where.at(dimension=name), labels.filter(pl.col("dimension") == name))
    return findings


def _errors(where: Address, labels: pl.DataFrame) -> list[Finding]:
    rows = labels.sort("dimension", "image")
    expected = rows["expected"].to_numpy()
    classes = np.sign(rows["label"].to_numpy()).astype(np.intp) + 1
    draws = SharedDraws(rows["image"].cast(pl.String).to_numpy().astype(np.str_))
    estimates = {
        "mae": mean_absolute_error(expected, classes, draws=draws),
        "wmae": class_balanced_mae(expected, classes, draws=draws),
        "wf1": rounded_f1(expected, classes, draws=draws),
        "kappa": cohen_kappa(rounded_score(expected), classes, weights="quadratic", categories=CLASSES, draws=draws),
    }
    group = {k: v for k, v in where.group.items() if k != "judge"}
    occurring = len(np.unique(classes))
    note = "" if occurring == len(CLASSES) else f"only {occurring} of the three classes occur among the labels"
    return [
        state(where, metric, estimate, published=published(NAME, metric, group=group), notes=[note])
        for metric, estimate in estimates.items()
    ]


def _judge(finding: Finding) -> str:
    return f"The judge “{finding.group['judge']}”" if "judge" in finding.group else "The judge"


STUDY = JudgeValidation()
