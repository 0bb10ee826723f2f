"""The contrast analysis of one scorer on one population, as findings.

Accuracy is the share of contrasts whose faithful image scored higher; equal scores are no right choice. Selections
that chose neither image (ties) are set aside and counted. What a scorer owes and has no value for is missing, and the
accuracy is bounded by what the missing contrasts could have been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fauve.records import COMPUTED, Finding, Published
from fauve.stats.bootstrap import cluster_bootstrap
from fauve.stats.intervals import Estimate
from fauve.stats.paired_tests import sign_test, wilcoxon_signed_rank
from fauve.stats.weighted import weighted_auroc, weighted_balanced_accuracy, weighted_f1, weighted_mean
from fauve.studies.resampling import SharedDraws, few_clusters, share
from fauve.studies.stating import Address, missing_bounds, several_sources, source_note, state

__all__ = ["ALL_METRICS", "ONE_CLASS_METRICS", "by_scorer", "contrast_findings"]

ALL_METRICS = ("accuracy", "balanced_accuracy", "f1", "auroc", "margin")
"""For pairs, where either image can be the faithful one."""

ONE_CLASS_METRICS = ("accuracy", "margin")
"""For contrasts, where the faithful image is faithful by definition; and for small groups."""

NO_SELECTION = "no independent selection on file: the anti image counts as the faithful one"

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Lookup = Callable[[str, Address], Published | None]


def by_scorer(table: pl.DataFrame, where: Address) -> Iterator[tuple[Address, pl.DataFrame]]:
    """The parts of a table of scores by scorer and source that were tried at all, each with its address.

    Where a scorer has values from several sources, the imported ones carry their source as a group, so that computed
    and published values never share an address.
    """
    several = several_sources(table)
    for (scorer, source), part in table.group_by("scorer", "source", maintain_order=True):
        if not part["tried"].any():
            continue
        apart = scorer in several and source != COMPUTED
        group = {**where.group, "source": str(source)} if apart else where.group
        yield Address(where.study, str(scorer), where.generator, group), part


def contrast_findings(
    where: Address, table: pl.DataFrame, metrics: Sequence[str], published: Lookup = lambda metric, where: None
) -> list[Finding]:
    """What one scorer did on the contrasts of ``table`` (rows of :meth:`Evidence.contrasts`), one finding a metric.

    Balanced accuracy and AUROC need pairs of which some are better served by the original image; where no selection
    says so they are undefined and the finding says why.
    """
    asked = table.filter(~pl.col("tie")).sort("item")
    both = asked.drop_nulls(["faithful", "default"])
    faithful, default = both["faithful"].to_numpy(), both["default"].to_numpy()
    draws = SharedDraws(both["cluster"].to_numpy().astype(np.str_))
    anti = (both["prefers"] != "original").to_numpy()
    margins = faithful - default
    estimates = _estimates(margins, anti, draws, metrics)
    per_cluster = draws.sums(margins[:, None])[:, 0] / np.bincount(draws.index, minlength=draws.clusters)
    bounds = missing_bounds(int((margins > 0).sum()), len(both), len(asked) - len(both))
    tests = {"accuracy": sign_test(per_cluster), "margin": wilcoxon_signed_rank(per_cluster)}
    notes = [*_notes(table, asked, both, margins), few_clusters(draws, "prompts")]
    return [
        state(
            where,
            metric,
            estimates[metric],
            asked=len(asked),
            test=tests.get(metric),
            published=published(metric, where),
            notes=[*notes, bounds if metric == "accuracy" else ""],
        )
        for metric in metrics
    ]


def _estimates(margins: Floats, anti: Flags, draws: SharedDraws, metrics: Sequence[str]) -> dict[str, Estimate]:
    truth = anti.astype(np.intp)
    predicted = np.where(margins == 0, -1, np.where(margins > 0, truth, 1 - truth))
    statistics = {
        "margin": lambda: weighted_mean(draws, margins[:, None]),
        "balanced_accuracy": lambda: weighted_balanced_accuracy(draws, truth, predicted),
        "f1": lambda: weighted_f1(draws, truth, predicted),
        "auroc": lambda: weighted_auroc(draws, np.where(anti, margins, -margins), anti),
    }
    named = [metric for metric in metrics if metric in statistics]
    drawn = cluster_bootstrap(draws, *(statistics[m]() for m in named)) if named else []
    return dict(zip(named, drawn, strict=True)) | {"accuracy": share(margins > 0, draws)}


def _notes(table: pl.DataFrame, asked: pl.DataFrame, both: pl.DataFrame, margins: Floats) -> list[str]:
    notes = [source_note(str(table["source"][0]))]
    pairs = both.filter(pl.col("kind") == "pair")
    unselected = pairs["selector"].null_count()
    if unselected and unselected == len(pairs):
        notes.append(NO_SELECTION)
    elif unselected:
        notes.append(f"{NO_SELECTION} in {unselected} of {len(pairs)} pairs")
    elif len(pairs):
        notes.append(f"truth: the selection on file (selector: {', '.join(sorted(set(pairs['selector'].to_list())))})")
    set_aside = len(table) - len(asked)
    if set_aside:
        notes.append(f"{set_aside} {'tie' if set_aside == 1 else 'ties'} of the selection set aside")
    equal = int((margins == 0).sum())
    if equal:
        notes.append(f"{equal} equal {'score counts' if equal == 1 else 'scores count'} as no right choice")
    return notes
