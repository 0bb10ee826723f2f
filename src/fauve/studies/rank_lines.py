"""Over generators: does a higher score of plain pictures go with a smaller fall?

Source: arXiv 2512.11883, which draws a line through the ranks of original score and shift and leaves two generators out
of it. Here the line goes through all generators first. Then an outlier is what a rule calls so that was stated before
(Bonferroni's test of externally studentised residuals, 5 % over all generators together), and the line is drawn again
without; and where both generators that the paper leaves out are there, once without those.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import scipy

from fauve.naming import generator_name, split_marks
from fauve.records import Finding
from fauve.stats.association import rank_regression
from fauve.stats.intervals import Estimate, Interval
from fauve.stats.outliers import line_outliers
from fauve.stats.paired_tests import HypothesisTest
from fauve.studies.published import published
from fauve.studies.stating import Address, state

__all__ = ["LEFT_OUT_THERE", "rank_lines"]

LEFT_OUT_THERE = ("nano-banana", "sdxl")
"""The generators that the published line is drawn without."""

FEWEST = 2

RULE = "outlier: an externally studentised residual beyond Bonferroni’s bound at 5 % over all generators"


def rank_lines(where: Address, level: Mapping[str, float], shift: Mapping[str, float]) -> list[Finding]:
    """Slopes of rank(shift) on rank(original score), for the generators of ``level``: all, and without some.

    ``level`` and ``shift`` are the mean original score and the mean shift by generator.
    """
    names = sorted(level.keys() & shift.keys())
    if len(names) < FEWEST:
        return []
    at = where.at(between="generators", unit="rank")
    off = _outliers(names, level, shift)
    dropped = [name for name in names if split_marks(name)[0] in LEFT_OUT_THERE]
    as_there = {split_marks(name)[0] for name in dropped} == set(LEFT_OUT_THERE)
    told = f"outliers: {_listed(off)}" if off else "no generator is an outlier"
    findings = [_slope(at, names, level, shift, f"{told} ({RULE})", quoted=not as_there)]
    if off:
        rest = [name for name in names if name not in off]
        findings.append(_slope(at.at(without="outliers"), rest, level, shift, f"without {_listed(off)} ({RULE})"))
    if as_there:
        rest = [name for name in names if name not in dropped]
        note = f"without {_listed(dropped)}, as published; by which rule they were left out there is not stated"
        findings.append(_slope(at.at(without="what the paper leaves out"), rest, level, shift, note, quoted=True))
    return findings


def _outliers(names: list[str], level: Mapping[str, float], shift: Mapping[str, float]) -> list[str]:
    """Generators off the line through the ranks of all."""
    x, y = (scipy.stats.rankdata([values[name] for name in names]) for values in (level, shift))
    flags = line_outliers(x, y).flags
    return [name for name, is_off in zip(names, flags, strict=True) if is_off]


def _slope(
    at: Address,
    names: Collection[str],
    level: Mapping[str, float],
    shift: Mapping[str, float],
    note: str,
    *,
    quoted: bool = False,
) -> Finding:
    line = rank_regression([level[n] for n in names], [shift[n] for n in names])
    estimate = (
        Estimate.undefined(line.reason or "undefined", line.n)
        if line.slope is None or line.low is None or line.high is None
        else Estimate.of(line.slope, Interval(line.low, line.high), line.n)
    )
    test = HypothesisTest("t test of the rank slope", line.slope, line.p_value, line.n)
    plain = {key: value for key, value in at.group.items() if key != "without"}
    beside = published(at.study, "slope", at.scorer, group=plain) if quoted else None
    return state(
        at, "slope", estimate, test=test, published=beside, notes=["mean original score against mean shift", note]
    )


def _listed(names: Collection[str]) -> str:
    return ", ".join(generator_name(name) for name in sorted(names))
