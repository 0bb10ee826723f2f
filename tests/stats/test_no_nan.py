"""Whatever small data arrive, a result holds numbers or None with a reason, and nothing warns."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauve import stats


def _numbers(result):
    if dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from _numbers(getattr(result, field.name))
    elif isinstance(result, tuple):
        for item in result:
            yield from _numbers(item)
    else:
        yield result


def _gaps_are_explained(result):
    if dataclasses.is_dataclass(result):
        values = [getattr(result, field.name) for field in dataclasses.fields(result)]
        if hasattr(result, "reason") and None in [v for v in values if v is not result.reason]:
            assert result.reason
        for value in values:
            _gaps_are_explained(value)


CASES = {
    "contrast": lambda x, y, c, f: stats.contrast(x, y, truth_is_anti=f, draws=stats.ClusterDraws(c, draws=20)),
    "contrast, one class": lambda x, y, c, f: stats.contrast(x, y, draws=stats.ClusterDraws(c, draws=20)),
    "contrast, pratt": lambda x, y, c, f: stats.contrast(
        x, y, draws=stats.ClusterDraws(c, draws=20), zero_method="pratt"
    ),
    "contrast, zsplit": lambda x, y, c, f: stats.contrast(
        x, y, draws=stats.ClusterDraws(c, draws=20), zero_method="zsplit"
    ),
    "shift": lambda x, y, c, f: stats.shift(x, y, draws=stats.ClusterDraws(c, draws=20)),
    "hierarchical": lambda x, y, c, f: stats.mean(x, stats.HierarchicalDraws(f.astype(int), c, draws=20)),
    "mcnemar": lambda x, y, c, f: stats.mcnemar(f, c > 0, mid_p=True),
    "kappa": lambda x, y, c, f: stats.cohen_kappa(x, y, weights="linear", draws=stats.ClusterDraws(c, draws=20)),
    "alpha": lambda x, y, c, f: stats.krippendorff_alpha(
        np.column_stack([x, y, y]), np.column_stack([f, ~f, f]), draws=stats.ClusterDraws(c, draws=20)
    ),
    "alpha, interval": lambda x, y, c, f: stats.krippendorff_alpha(
        np.column_stack([x, y]), measurement="interval", draws=stats.ClusterDraws(c, draws=20)
    ),
    "balanced error": lambda x, y, c, f: stats.class_balanced_mae(x, c, draws=stats.ClusterDraws(c, draws=20)),
    "rounded f1": lambda x, y, c, f: stats.rounded_f1(x, c, draws=stats.ClusterDraws(f.astype(int), draws=20)),
    "pearson": lambda x, y, c, f: stats.correlation(x, y, "pearson"),
    "spearman": lambda x, y, c, f: stats.correlation(x, y, "spearman"),
    "kendall": lambda x, y, c, f: stats.correlation(x, y, "kendall"),
    "rank regression": lambda x, y, c, f: stats.rank_regression(x, y),
    "robust slope": lambda x, y, c, f: stats.cluster_robust_slope(x, y, c),
    "slope": lambda x, y, c, f: stats.bootstrap_slope(x, y, draws=stats.ClusterDraws(c, draws=20)),
    "slope within": lambda x, y, c, f: stats.bootstrap_slope(x, y, draws=stats.ClusterDraws(c, draws=20), within=True),
    "t": lambda x, y, c, f: stats.paired_t_test(x),
}

rows = st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2), st.integers(0, 2), st.booleans()), max_size=8)


@pytest.mark.parametrize("case", CASES)
@settings(max_examples=60, deadline=None)
@given(rows=rows, unit=st.sampled_from([1.0, 0.1, 1e60, 1e-60]))
def test_results_hold_numbers_or_reasons(case, rows, unit):
    table = np.array(rows, dtype=float).reshape(-1, 4)
    x, y, clusters, flags = table[:, 0] * unit, table[:, 1] * unit, table[:, 2].astype(int), table[:, 3] > 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = CASES[case](x, y, clusters, flags)
    for number in _numbers(result):
        assert not isinstance(number, float) or math.isfinite(number)
    _gaps_are_explained(result)
