"""A judge's errors on held-out rows, as Table 7 of arXiv 2512.11883 states them, for each dimension and for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fauve.models.judges.training.examples import Example
from fauve.stats.bootstrap import ClusterDraws
from fauve.stats.intervals import Estimate
from fauve.stats.ordinal import class_balanced_mae, mean_absolute_error, rounded_f1, rounded_score

__all__ = ["ALL", "validated"]

ALL = "all"
"""The name under which the errors over all dimensions stand."""

_DRAWS = 1_000
_SEED = 251211883


def validated(examples: Sequence[Example], expected: NDArray[np.float64]) -> dict[str, dict[str, Any]]:
    """``mae``, ``wmae`` and ``wf1`` with their intervals, ``accuracy`` of the rounded score and ``n``, by dimension.

    Args:
        examples: the rows.
        expected: the judge's expected level of each, in [0, 2].

    Intervals resample pictures (1,000 draws: a figure to watch training by; `fauve judge validate` draws more).
    """
    names = np.array([one.dimension for one in examples])
    groups = {ALL: np.ones(len(examples), dtype=bool)} if len(set(names)) > 1 else {}
    groups |= {str(name): names == name for name in sorted(set(names))}
    return {
        name: _errors([examples[i] for i in np.flatnonzero(at).tolist()], expected[at]) for name, at in groups.items()
    }


def _errors(examples: Sequence[Example], expected: NDArray[np.float64]) -> dict[str, Any]:
    levels = np.array([one.level for one in examples], dtype=np.intp)
    draws = ClusterDraws(np.array([one.image for one in examples]), draws=_DRAWS, seed=_SEED)
    measured = {"mae": mean_absolute_error, "wmae": class_balanced_mae, "wf1": rounded_f1}
    figures: dict[str, Any] = {name: _plain(of(expected, levels, draws=draws)) for name, of in measured.items()}
    figures["accuracy"] = float((rounded_score(expected) == levels).mean())
    figures["n"] = len(examples)
    return figures


def _plain(estimate: Estimate) -> list[float | None]:
    return [estimate.value, estimate.low, estimate.high]
