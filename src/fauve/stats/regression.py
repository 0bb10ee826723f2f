"""Least squares with errors that do not trust the residuals: HC3 for rows, CR1 for clusters; dose–response slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from fauve.stats._arrays import Floats, factorise, finite, open_share, ratio, same_length
from fauve.stats.bootstrap import Resampling, Statistic, cluster_bootstrap, independent_rows
from fauve.stats.intervals import Estimate

__all__ = ["Coefficient", "Regression", "Slope", "bootstrap_slope", "cluster_robust_slope", "ols_hc3"]

INTERCEPT = "intercept"

ROUNDING = 1e-10
"""Relative size below which a column, a residual or a variance is rounding."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One term of a regression, in units of the outcome per unit of the term; p from Student's t, two-sided."""

    name: str
    value: float
    low: float
    high: float
    standard_error: float
    t: float | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class Regression:
    """A fitted regression: its terms (the intercept first), R² (None for an outcome that does not vary), rows.

    ``reason`` is set where tests are undefined because the fit leaves no residual.
    """

    coefficients: tuple[Coefficient, ...]
    r_squared: float | None
    n: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Slope:
    """Slope of y on x with cluster-robust interval; None where undefined, with reason."""

    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    clusters: int
    reason: str | None = None


def ols_hc3(design: ArrayLike, outcome: ArrayLike, names: Sequence[str], *, level: float = 0.95) -> Regression:
    """Ordinary least squares with HC3 errors (MacKinnon and White 1985) and Student's t on n − k degrees.

    An intercept is added.

    Args:
        design: regressors, shape (n, k), without a constant.
        outcome: shape (n,).
        names: of the regressors, length k.
        level: of the intervals.

    Raises:
        ValueError: with the names of the columns that are constant or a combination of others; for too few rows;
            for a row that alone determines a coefficient (leverage 1), where HC3 does not exist.
    """
    open_share("level", level)
    columns, y = finite("design", design, ndim=2), finite("outcome", outcome)
    n = same_length(design=columns, outcome=y)
    if columns.shape[1] != len(names):
        raise ValueError(f"{columns.shape[1]} columns have {len(names)} names")
    terms = [INTERCEPT, *names]
    _check_design(columns, names)
    X = np.column_stack([np.ones(n), columns])
    Q, _ = np.linalg.qr(X / np.linalg.norm(X, axis=0))
    leverage = (Q**2).sum(axis=1)
    if leverage.max() > 1 - ROUNDING:
        row = int(leverage.argmax())
        raise ValueError(f"row {row} alone determines a coefficient: leave it out, or the column it stands for")
    # Fitted from the median, so that a large level of the outcome costs no digits of the slopes.
    level_free = y - np.median(y)
    beta, errors, total, left = _fit(X, level_free)
    beta[0] += np.median(y)
    perfect = left <= ROUNDING**2 * float(level_free @ level_free)
    if perfect:
        errors, left = np.zeros_like(errors), 0.0
    quantile = float(scipy.stats.t.ppf((1 + level) / 2, n - len(terms)))
    coefficients = tuple(
        _coefficient(*row, quantile, n - len(terms)) for row in zip(terms, beta.tolist(), errors.tolist(), strict=True)
    )
    r_squared = None if np.all(y == y[0]) else 1 - left / total
    return Regression(coefficients, r_squared, n, "the fit leaves no residual" if perfect else None)


def _fit(X: Floats, y: Floats) -> tuple[Floats, Floats, float, float]:
    """Coefficients, their HC3 errors, and the total and the residual sum of squares."""
    # Here, not above: it takes seconds to import, and most uses of this package fit no regression.
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415

    fitted = OLS(y, X).fit(cov_type="HC3", method="qr")
    return np.array(fitted.params), np.array(fitted.bse), float(fitted.centered_tss), float(fitted.ssr)


def cluster_robust_slope(x: ArrayLike, y: ArrayLike, clusters: ArrayLike, *, level: float = 0.95) -> Slope:
    """Slope of y on x (with intercept), its error robust to dependence within clusters.

    CR1: the sandwich over clusters times G/(G − 1) · (n − 1)/(n − 2), Student's t on G − 1 degrees, G clusters.

    Args:
        x: dose, shape (n,).
        y: response, shape (n,).
        clusters: label of the cluster (image) of each row, shape (n,).
        level: of the interval.
    """
    open_share("level", level)
    dose, response = finite("x", x), finite("y", y)
    index, groups = factorise("clusters", clusters)
    n = same_length(x=dose, y=response, clusters=index)
    reason = _slope_problem(dose)
    if reason:
        return Slope(None, None, None, None, n, groups, reason)
    off, level_free = _centred(dose), _centred(response)
    spread = float(off @ off)
    value = float(off @ level_free) / spread
    if groups < 2 or n < 3:
        return Slope(value, None, None, None, n, groups, "fewer than two clusters or three rows")
    scores = np.bincount(index, weights=off * (level_free - value * off), minlength=groups)
    if np.abs(scores).max() <= ROUNDING * float(np.abs(off) @ np.abs(level_free)):
        return Slope(value, value, value, None, n, groups, "the line leaves no residual in any cluster")
    correction = groups / (groups - 1) * (n - 1) / (n - 2)
    error = float(np.sqrt(correction * float(scores @ scores))) / spread
    half = float(scipy.stats.t.ppf((1 + level) / 2, groups - 1)) * error
    p = float(2 * scipy.stats.t.sf(abs(value) / error, groups - 1))
    return Slope(value, value - half, value + half, p, n, groups)


def bootstrap_slope(
    x: ArrayLike,
    y: ArrayLike,
    *,
    draws: Resampling | None = None,
    within: bool = False,
    level: float = 0.95,
) -> Estimate:
    """Slope of y on x with its cluster-bootstrap interval (dose–response: x strength, y score, cluster image).

    With ``within``, x and y are taken from their cluster means first: only the change inside a cluster counts,
    and clusters may differ in level.
    """
    dose, response = finite("x", x), finite("y", y)
    n = same_length(x=dose, y=response)
    draws = independent_rows(n) if draws is None else draws
    if n == 0:
        return Estimate.undefined("no rows", 0)
    both = np.column_stack([dose - np.median(dose), response - np.median(response)])
    if within:
        reach = np.abs(both).max(axis=0)
        both = both - np.column_stack([draws.means(column)[draws.index] for column in both.T])
        both[np.abs(both) <= ROUNDING * reach] = 0.0
    a, b = both.T
    sums = draws.sums(np.column_stack([np.ones(n), a, b, a * a, a * b]))

    def evaluate(weights: Floats) -> Floats:
        count, sum_a, sum_b, squares, products = (weights @ sums).T
        spread = squares - sum_a**2 / count
        spread = np.where(spread > ROUNDING * squares, spread, 0.0)
        return ratio(products - sum_a * sum_b / count, spread)[:, None]

    what = "x does not vary within any cluster" if within else "x does not vary"
    return cluster_bootstrap(draws, Statistic(evaluate, (n,), what), level=level)[0]


def _coefficient(name: str, value: float, error: float, quantile: float, freedom: int) -> Coefficient:
    half = quantile * error
    if error == 0:
        return Coefficient(name, value, value, value, 0.0, None, None)
    t = value / error
    p = float(2 * scipy.stats.t.sf(abs(t), freedom))
    return Coefficient(name, value, value - half, value + half, error, t, p)


def _check_design(columns: Floats, names: Sequence[str]) -> None:
    n, k = columns.shape
    if n <= k + 1:
        raise ValueError(f"{n} rows are too few for {k + 1} terms: at least {k + 2} are needed")
    constant = [name for name, column in zip(names, columns.T, strict=True) if np.all(column == column[0])]
    if constant:
        raise ValueError(f"constant columns repeat the intercept: {', '.join(constant)}. Leave them out")
    centred = columns - columns.mean(axis=0)
    centred = centred / np.linalg.norm(centred, axis=0)
    _, R, pivots = scipy.linalg.qr(centred, mode="economic", pivoting=True)
    dependent = sorted(names[p] for p, size in zip(pivots, np.abs(np.diag(R)), strict=False) if size < ROUNDING)
    if dependent:
        raise ValueError(f"columns that others already determine: {', '.join(dependent)}. Leave them out")


def _centred(column: Floats) -> Floats:
    """The column less its mean; exactly zero where it does not vary."""
    off = column - np.median(column)
    centred: Floats = off - off.mean()
    return centred


def _slope_problem(dose: Floats) -> str | None:
    if dose.size == 0:
        return "no rows"
    return "x does not vary" if np.all(dose == dose[0]) else None
