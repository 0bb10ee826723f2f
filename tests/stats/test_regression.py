from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from fauve.stats import ClusterDraws, bootstrap_slope, cluster_robust_slope, ols_hc3


def _regression(seed=0, n=60, k=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, k)) * [1, 10, 0.01][:k] + [0, 5, 3][:k]
    return X, X @ np.array([1, -0.2, 30])[:k] + rng.normal(size=n) * (1 + np.abs(X[:, 0]))


@pytest.mark.parametrize("seed", range(5))
def test_hc3_is_statsmodels(seed):
    X, y = _regression(seed)
    ours = ols_hc3(X, y, ["a", "b", "c"], level=0.9)
    theirs = sm.OLS(y, sm.add_constant(X)).fit(cov_type="HC3", use_t=True)
    assert [c.name for c in ours.coefficients] == ["intercept", "a", "b", "c"]
    for i, c in enumerate(ours.coefficients):
        expected = (theirs.params[i], *theirs.conf_int(0.1)[i], theirs.bse[i], theirs.tvalues[i], theirs.pvalues[i])
        assert (c.value, c.low, c.high, c.standard_error, c.t, c.p_value) == pytest.approx(expected, rel=1e-7)
    assert ours.r_squared == pytest.approx(theirs.rsquared)
    assert ours.n == 60


def test_hc3_is_its_published_formula():
    """MacKinnon and White 1985: (X'X)⁻¹ X' diag(e² / (1 − h)²) X (X'X)⁻¹."""
    columns, y = _regression(7)
    X = np.column_stack([np.ones(60), columns])
    bread = np.linalg.inv(X.T @ X)
    beta = bread @ X.T @ y
    residual, leverage = y - X @ beta, np.einsum("ij,jk,ik->i", X, bread, X)
    covariance = bread @ (X.T * (residual / (1 - leverage)) ** 2) @ X @ bread
    ours = ols_hc3(columns, y, ["a", "b", "c"])
    assert [c.value for c in ours.coefficients] == pytest.approx(beta.tolist())
    assert [c.standard_error for c in ours.coefficients] == pytest.approx(np.sqrt(np.diag(covariance)).tolist())


def test_level_of_the_outcome_costs_no_digits():
    X, y = _regression(1)
    plain, lifted = ols_hc3(X, y, "abc"), ols_hc3(X, y + 1e9, "abc")
    for one, other in zip(plain.coefficients[1:], lifted.coefficients[1:], strict=True):
        assert (one.value, one.standard_error) == pytest.approx((other.value, other.standard_error), rel=1e-5)


def test_design_faults_are_named():
    X, y = _regression(2)
    with pytest.raises(ValueError, match=r"constant columns .*: flat"):
        ols_hc3(np.column_stack([X, np.full(60, 0.1)]), y, ["a", "b", "c", "flat"])
    with pytest.raises(ValueError, match=r"already determine: (a|b|total)"):
        ols_hc3(np.column_stack([X[:, :2], X[:, 0] + X[:, 1]]), y, ["a", "b", "total"])
    with pytest.raises(ValueError, match="4 rows are too few for 4 terms"):
        ols_hc3(X[:4], y[:4], ["a", "b", "c"])
    with pytest.raises(ValueError, match="3 columns have 2 names"):
        ols_hc3(X, y, ["a", "b"])
    alone = np.zeros(60)
    alone[7] = 1
    with pytest.raises(ValueError, match="row 7 alone"):
        ols_hc3(np.column_stack([X, alone]), y, ["a", "b", "c", "d"])
    with pytest.raises(ValueError, match=r"design holds nan at \(0, 0\)"):
        ols_hc3(np.full((60, 1), np.nan), y, ["a"])


def test_fits_without_residual():
    X, _ = _regression(3)
    exact = ols_hc3(X, 2 + X @ [1, 2, 3], ["a", "b", "c"])
    assert exact.r_squared == pytest.approx(1)
    assert exact.reason == "the fit leaves no residual"
    assert [c.p_value for c in exact.coefficients] == [None] * 4
    assert [c.value for c in exact.coefficients] == pytest.approx([2, 1, 2, 3])
    flat = ols_hc3(X, np.full(60, 0.1), ["a", "b", "c"])
    assert flat.r_squared is None
    assert flat.coefficients[0].value == 0.1


def test_an_intercept_alone_is_the_mean():
    y = np.random.default_rng(4).normal(size=20)
    (only,) = ols_hc3(np.zeros((20, 0)), y, []).coefficients
    assert only.value == pytest.approx(y.mean())


def _doses(seed=0, images=15, doses=(0, 1, 2, 3)):
    rng = np.random.default_rng(seed)
    image = np.repeat(np.arange(images), len(doses))
    x = np.tile(np.array(doses, float), images)
    slope = rng.normal(-0.5, 0.3, images)[image]
    return x, rng.normal(0, 3, images)[image] + slope * x + rng.normal(0, 0.1, x.size), image


@pytest.mark.parametrize("seed", range(3))
def test_cluster_robust_slope_is_statsmodels(seed):
    x, y, image = _doses(seed)
    keep = np.random.default_rng(seed).random(x.size) < 0.8
    x, y, image = x[keep], y[keep], image[keep]
    ours = cluster_robust_slope(x, y, image)
    theirs = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": image}, use_t=True)
    expected = (theirs.params[1], *theirs.conf_int()[1], theirs.pvalues[1])
    assert (ours.value, ours.low, ours.high, ours.p_value) == pytest.approx(expected)
    assert (ours.n, ours.clusters) == (keep.sum(), 15)


def test_slopes_without_an_answer():
    assert cluster_robust_slope([], [], []).reason == "no rows"
    assert cluster_robust_slope([1, 1, 1], [1, 2, 3], [0, 1, 2]).reason == "x does not vary"
    one = cluster_robust_slope([1, 2, 3], [1, 2, 4], [0, 0, 0])
    assert (one.value, one.low) == (pytest.approx(1.5), None)
    line = cluster_robust_slope([0.1, 0.2, 0.3, 0.7], [0.3, 0.6, 0.9, 2.1], [0, 1, 2, 3])
    assert (line.value, line.p_value) == (pytest.approx(3), None)
    assert "no residual" in line.reason
    flat = cluster_robust_slope([1, 2, 3, 5], [0.1] * 4, [0, 1, 2, 3])
    assert (flat.value, flat.low, flat.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("within", [False, True])
def test_bootstrap_slope_is_a_plain_loop(within):
    x, y, image = _doses(5)
    rng = np.random.default_rng(0)
    keep = rng.random(x.size) < 0.8
    x, y, image = x[keep], y[keep], image[keep]
    ours = bootstrap_slope(x, y, draws=ClusterDraws(image), within=within)

    def slope(rows, copies):
        a, b = x[rows].copy(), y[rows].copy()
        if within:
            for c in np.unique(copies):
                a[copies == c] -= a[copies == c].mean()
                b[copies == c] -= b[copies == c].mean()
            return (a @ b) / (a @ a)
        return np.polyfit(a, b, 1)[0]

    assert ours.value == pytest.approx(slope(np.arange(x.size), image))
    groups = [np.flatnonzero(image == c) for c in range(15)]
    loop = []
    for _ in range(1000):
        picked = [groups[c] for c in rng.integers(0, 15, 15)]
        copies = np.repeat(np.arange(15), [len(p) for p in picked])
        loop.append(slope(np.concatenate(picked), copies))
    assert (ours.low, ours.high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=0.08)


def test_levels_of_clusters_do_not_matter_within():
    x, y, image = _doses(6, doses=(0, 2, 3))
    lifted = y + 1000.0 * image
    kept = slice(1, None)
    draws = ClusterDraws(image[kept])
    one = bootstrap_slope(x[kept], y[kept], draws=draws, within=True)
    other = bootstrap_slope(x[kept], lifted[kept], draws=draws, within=True)
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high), rel=1e-8)


def test_bootstrap_slopes_without_an_answer():
    assert bootstrap_slope([], []).reason == "no rows"
    assert bootstrap_slope([2, 2, 2], [1, 2, 3]).reason == "x does not vary"
    draws = ClusterDraws([0, 0, 0, 1, 1, 1])
    # Seven times 0.1 less its mean is not exactly 0, and must not become a dose.
    three = ClusterDraws(np.repeat([0, 1, 2], 7))
    between = bootstrap_slope(np.repeat([0.1, 0.2, 0.6], 7), np.arange(21), draws=three, within=True)
    assert (between.value, between.reason) == (None, "x does not vary within any cluster")
    exact = bootstrap_slope([0, 1, 2, 0, 1, 2], [1, 3, 5, 1, 3, 5], draws=draws)
    assert (exact.value, exact.low, exact.high) == pytest.approx((2, 2, 2))
    with pytest.raises(ValueError, match="x 1, y 2"):
        bootstrap_slope([1], [1, 2])
