from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar

from fauve.stats import mcnemar, paired_t_test, sign_flip_test, sign_test, wilcoxon_signed_rank

TESTS = (wilcoxon_signed_rank, paired_t_test, sign_flip_test, sign_test)


@pytest.mark.parametrize("zero_method", ["wilcox", "pratt", "zsplit"])
@pytest.mark.parametrize("n", [1, 5, 20, 200])
def test_wilcoxon_is_scipys(n, zero_method):
    d = np.rint(np.random.default_rng(n).normal(0.4, 2, n))
    d[0] = 1
    expected = stats.wilcoxon(d, zero_method=zero_method)
    test = wilcoxon_signed_rank(d, zero_method)
    assert (test.statistic, test.p_value, test.n) == (expected.statistic, expected.pvalue, n)
    assert zero_method in test.name


def test_wilcoxon_known_answer():
    # Six positive differences: the most extreme of 64 sign patterns, on either side.
    assert wilcoxon_signed_rank([1, 2, 3, 4, 5, 6]).p_value == pytest.approx(2 / 64)


def test_t_is_scipys():
    d = np.random.default_rng(0).normal(0.2, size=30)
    expected = stats.ttest_1samp(d, 0)
    test = paired_t_test(d)
    assert (test.statistic, test.p_value) == pytest.approx((expected.statistic, expected.pvalue))


def test_sign_test_is_the_binomial():
    test = sign_test([1, 2, -1, 3, 0, 0, 4])
    assert test.p_value == pytest.approx(stats.binomtest(4, 5).pvalue)
    assert (test.statistic, test.n) == (4, 7)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9).filter(any))
def test_sign_flip_visits_all_patterns(d):
    patterns = itertools.product((1, -1), repeat=len(d))
    sums = [abs(sum(s * x for s, x in zip(signs, d, strict=True))) for signs in patterns]
    expected = np.mean([s >= abs(sum(d)) for s in sums])
    # A third is no binary fraction: sums that are equal must count as equal all the same.
    assert sign_flip_test(np.array(d) / 3).p_value == pytest.approx(expected)


def test_sign_flip_is_scipys_permutation_test():
    d = np.random.default_rng(1).normal(0.5, size=10)
    expected = stats.permutation_test((d, np.zeros(10)), lambda x, y: np.mean(x - y), permutation_type="samples")
    assert sign_flip_test(d).p_value == pytest.approx(expected.pvalue)


def test_seeded_sign_flip_meets_the_exact_one_at_the_border():
    d = np.random.default_rng(2).normal(0.4, size=17)
    padded = sign_flip_test(np.append(d[:16], 0.0))
    exact = sign_flip_test(d[:16])
    assert (exact.name, padded.name) == ("sign flip (exact)", "sign flip")
    assert padded.p_value == pytest.approx(exact.p_value, abs=0.015)
    assert sign_flip_test(d, seed=3) == sign_flip_test(d, seed=3)


def test_seeded_sign_flip_is_never_zero_and_holds_its_level():
    assert sign_flip_test(np.full(40, 2.0), draws=999).p_value == 1 / 1000
    rng = np.random.default_rng(3)
    p = [sign_flip_test(rng.normal(size=20), draws=199, seed=i).p_value for i in range(400)]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.09


@pytest.mark.parametrize("test", TESTS)
def test_nothing_to_test_has_a_reason(test):
    for d, reason in (([], ("no pairs", "fewer than two pairs")), ([0, 0, 0], ("zero", "do not vary"))):
        result = test(d)
        assert result.statistic is result.p_value is None
        assert any(word in result.reason for word in reason)


@pytest.mark.parametrize("test", TESTS)
def test_one_pair_finds_nothing(test):
    result = test([2.5])
    assert result.p_value in (1.0, None)
    assert (result.p_value is None) == (result.reason is not None)


@pytest.mark.parametrize("test", TESTS)
def test_scores_of_any_size_give_the_same_p(test):
    d = np.array([1.0, -2, 3, 5, 4, -0.5])
    assert test(d * 1e90).p_value == pytest.approx(test(d).p_value)
    with pytest.raises(ValueError, match="differences holds nan at 1"):
        test([1, np.nan])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_is_statsmodels(rows):
    first, second = np.array(rows).T
    table = [[(first & second).sum(), (first & ~second).sum()], [(~first & second).sum(), (~first & ~second).sum()]]
    ours = mcnemar(first, second)
    if table[0][1] + table[1][0] == 0:
        assert (ours.p_value, ours.reason) == (None, "the two never differ")
        return
    expected = reference_mcnemar(table, exact=True)
    assert ours.statistic == expected.statistic
    assert ours.p_value == pytest.approx(min(1, expected.pvalue))
    mid = mcnemar(first, second, mid_p=True).p_value
    assert mid <= ours.p_value


def test_mcnemar_mid_p_known_answer():
    # 1 against 9: exact 2·(1 + 10)/1024, mid-p takes one point mass off.
    first, second = [1] + [0] * 9, [0] + [1] * 9
    assert mcnemar(first, second).p_value == pytest.approx(22 / 1024)
    assert mcnemar(first, second, mid_p=True).p_value == pytest.approx(12 / 1024)
    assert mcnemar([1, 0], [0, 1], mid_p=True).p_value == 1.0


def test_mcnemar_wants_flags_of_one_length():
    with pytest.raises(ValueError, match="booleans"):
        mcnemar([2, 0], [1, 0])
    with pytest.raises(ValueError, match="different lengths"):
        mcnemar([1, 0], [1])
