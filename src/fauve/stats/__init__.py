"""Statistics as pure functions on arrays: no files, no clock, no tables, no state.

A result holds no NaN. What is undefined is None with a reason in words; what is no data (NaN, infinity, arrays
of different lengths) raises :class:`ValueError`. Every interval is a percentile bootstrap over clusters unless its
docstring says otherwise, and the same clusters and seed give the same resamples everywhere. ``scipy.stats`` is named in
full where it is used: it loads then, and not for every command of the shell.
"""

from __future__ import annotations

from fauve.stats.agreement import KappaWeights, MeasurementLevel, cohen_kappa, krippendorff_alpha
from fauve.stats.association import Correlation, CorrelationMethod, RankRegression, correlation, rank_regression
from fauve.stats.bootstrap import (
    DRAWS,
    ClusterDraws,
    Evaluate,
    HierarchicalDraws,
    Resampling,
    Statistic,
    cluster_bootstrap,
    independent_rows,
)
from fauve.stats.contrast import ContrastResult, auroc, auroc_symmetrised, contrast, preference_probability
from fauve.stats.crossed import CrossedDraws
from fauve.stats.intervals import Estimate, Interval, percentile_interval, wilson
from fauve.stats.missing import mean_bounds, share_bounds
from fauve.stats.multiplicity import benjamini_hochberg, holm
from fauve.stats.ordinal import class_balanced_mae, mean_absolute_error, rounded_f1, rounded_score
from fauve.stats.outliers import Outliers, line_outliers
from fauve.stats.paired_tests import (
    HypothesisTest,
    ZeroMethod,
    mcnemar,
    paired_t_test,
    sign_flip_test,
    sign_test,
    wilcoxon_signed_rank,
)
from fauve.stats.permutation import MOST_ORDERED, PermutationTest, exact_correlation
from fauve.stats.power import cluster_standard_error, design_effect, detectable_effect
from fauve.stats.raters import kappa_by_rater, less, mean_kappa, view_of_the_others
from fauve.stats.regression import Coefficient, Regression, Slope, bootstrap_slope, cluster_robust_slope, ols_hc3
from fauve.stats.shift import ShiftResult, difference_in_shifts, minimum_detectable_effect, shift
from fauve.stats.weighted import (
    mean,
    weighted_accuracy,
    weighted_auroc,
    weighted_balanced_accuracy,
    weighted_effect_size,
    weighted_f1,
    weighted_mean,
    weighted_rank_biserial,
)

__all__ = [
    "DRAWS",
    "MOST_ORDERED",
    "ClusterDraws",
    "Coefficient",
    "ContrastResult",
    "Correlation",
    "CorrelationMethod",
    "CrossedDraws",
    "Estimate",
    "Evaluate",
    "HierarchicalDraws",
    "HypothesisTest",
    "Interval",
    "KappaWeights",
    "MeasurementLevel",
    "Outliers",
    "PermutationTest",
    "RankRegression",
    "Regression",
    "Resampling",
    "ShiftResult",
    "Slope",
    "Statistic",
    "ZeroMethod",
    "auroc",
    "auroc_symmetrised",
    "benjamini_hochberg",
    "bootstrap_slope",
    "class_balanced_mae",
    "cluster_bootstrap",
    "cluster_robust_slope",
    "cluster_standard_error",
    "cohen_kappa",
    "contrast",
    "correlation",
    "design_effect",
    "detectable_effect",
    "difference_in_shifts",
    "exact_correlation",
    "holm",
    "independent_rows",
    "kappa_by_rater",
    "krippendorff_alpha",
    "less",
    "line_outliers",
    "mcnemar",
    "mean",
    "mean_absolute_error",
    "mean_bounds",
    "mean_kappa",
    "minimum_detectable_effect",
    "ols_hc3",
    "paired_t_test",
    "percentile_interval",
    "preference_probability",
    "rank_regression",
    "rounded_f1",
    "rounded_score",
    "share_bounds",
    "shift",
    "sign_flip_test",
    "sign_test",
    "view_of_the_others",
    "weighted_accuracy",
    "weighted_auroc",
    "weighted_balanced_accuracy",
    "weighted_effect_size",
    "weighted_f1",
    "weighted_mean",
    "weighted_rank_biserial",
    "wilcoxon_signed_rank",
    "wilson",
]
