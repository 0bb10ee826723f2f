from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import softmax
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, roc_auc_score

from fauve.stats import ClusterDraws, auroc, auroc_symmetrised, contrast, preference_probability


def _pairs(seed, n=80, share=0.7):
    rng = np.random.default_rng(seed)
    anti, original = rng.normal(0.2, 1, n), rng.normal(0, 1, n)
    truth = rng.random(n) < share
    truth[:2] = [True, False]
    return anti, original, truth


def _as_contrast(anti, original, truth):
    return np.where(truth, anti, original), np.where(truth, original, anti)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.1, 0.5, 0.95]))
def test_every_metric_is_scikit_learns(seed, share):
    anti, original, truth = _pairs(seed, share=share)
    draws = ClusterDraws(np.arange(80), draws=50)
    result = contrast(*_as_contrast(anti, original, truth), truth_is_anti=truth, draws=draws)
    probability = softmax(np.column_stack([original, anti]), axis=1)[:, 1]
    chosen = probability > 0.5
    assert result.accuracy.value == pytest.approx(accuracy_score(truth, chosen))
    assert result.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(truth, chosen))
    assert result.f1.value == pytest.approx(f1_score(truth, chosen, average="weighted", zero_division=0))
    assert result.auroc.value == pytest.approx(roc_auc_score(truth, probability))
    faithful = np.where(truth, probability, 1 - probability)
    twice = roc_auc_score([1] * 80 + [0] * 80, np.concatenate([faithful, 1 - faithful]))
    assert result.auroc_symmetrised.value == pytest.approx(twice)


def test_functions_and_result_agree():
    anti, original, truth = _pairs(3)
    draws = ClusterDraws(np.arange(80) // 4, draws=500, seed=7)
    faithful, default = _as_contrast(anti, original, truth)
    result = contrast(faithful, default, truth_is_anti=truth, draws=draws)
    assert result.auroc == auroc(anti, original, truth, draws=draws)
    assert result.auroc_symmetrised == auroc_symmetrised(faithful, default, draws=draws)


def test_known_answer_with_ties_in_the_open():
    #             win  win  loss tie
    result = contrast([2, 5, 1, 3], [1, 4, 3, 3])
    assert (result.n, result.wins, result.losses, result.ties, result.n_anti) == (4, 2, 1, 1, 4)
    assert result.accuracy.value == 0.5
    assert result.accuracy_ties_half.value == 0.625
    assert result.margin.value == 0.0
    # Margins 1, 1, -2: ranks 1.5, 1.5, 3.
    assert result.rank_biserial.value == 0.0
    assert result.accuracy_wilson.low < 0.5 < result.accuracy_wilson.high


def test_a_tie_is_a_miss_of_its_class_and_a_choice_of_none():
    faithful, default, truth = [1, 2, 0, 1, 1], [0, 0, 1, 1, 0], [True, True, True, False, False]
    result = contrast(faithful, default, truth_is_anti=truth)
    predicted, labels = [1, 1, 0, 2, 0], [1, 1, 1, 0, 0]
    assert result.f1.value == pytest.approx(f1_score(labels, predicted, labels=[0, 1], average="weighted"))
    assert result.balanced_accuracy.value == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_all_ties():
    result = contrast([1.5] * 6, [1.5] * 6, truth_is_anti=[1, 1, 1, 0, 0, 0])
    assert (result.wins, result.losses, result.ties) == (0, 0, 6)
    assert result.accuracy.value == result.balanced_accuracy.value == result.f1.value == 0.0
    assert result.accuracy_ties_half.value == result.auroc.value == result.auroc_symmetrised.value == 0.5
    assert (result.margin.value, result.margin.low, result.margin.high) == (0.0, 0.0, 0.0)
    for undefined in (result.wilcoxon, result.sign, result.rank_biserial):
        assert "zero" in undefined.reason
    assert result.wilcoxon.p_value is None


def test_one_class_leaves_the_two_class_metrics_undefined():
    rng = np.random.default_rng(5)
    result = contrast(rng.normal(size=30), rng.normal(size=30))
    for estimate in (result.balanced_accuracy, result.auroc):
        assert (estimate.value, estimate.reason, estimate.n) == (None, "only one class occurs", 30)
    share = result.accuracy.value
    assert result.f1.value == pytest.approx(2 * share / (1 + share))
    assert result.auroc_symmetrised.low < result.auroc_symmetrised.value < result.auroc_symmetrised.high


def test_one_contrast():
    result = contrast([3.0], [1.0])
    assert (result.accuracy.value, result.accuracy.low, result.accuracy.reason) == (1.0, None, "only one cluster")
    assert result.accuracy_wilson.high == 1.0
    assert result.margin.value == 2.0
    assert result.wilcoxon.p_value == result.sign.p_value == 1.0


def test_no_contrasts():
    result = contrast([], [], truth_is_anti=[])
    assert result.n == result.wins == 0
    assert result.accuracy.reason == result.margin.reason == result.auroc.reason == "no rows"
    assert result.wilcoxon.reason == result.sign.reason == "no pairs"


def test_huge_scores_do_not_overflow_and_do_not_become_ties():
    anti, original, truth = [1e5, 9e4, 100.0, 50.0], [0, 0, 0, 0], [1, 0, 1, 0]
    assert preference_probability(anti, original).tolist() == [1.0, 1.0, 1.0, 1.0]
    assert auroc(anti, original, truth).value == 0.75
    assert preference_probability([-1e5], [1e5]).tolist() == [0.0]
    large = contrast([1e99, 2e99, -1e99], [-1e99, 0, 1e99])
    assert large.margin.value == pytest.approx(2e99 / 3, rel=1e-12)


def test_preference_probability_is_the_softmax():
    a, b = np.random.default_rng(0).normal(size=(2, 50)) * 5
    assert preference_probability(a, b) == pytest.approx(softmax(np.column_stack([a, b]), axis=1)[:, 0])


def test_swapping_the_images_mirrors_everything():
    anti, original, truth = _pairs(8)
    faithful, default = _as_contrast(anti, original, truth)
    draws = ClusterDraws(np.arange(80), draws=300)
    one, other = contrast(faithful, default, draws=draws), contrast(default, faithful, draws=draws)
    assert one.wins == other.losses
    assert one.margin.value == pytest.approx(-other.margin.value)
    assert one.rank_biserial.value == pytest.approx(-other.rank_biserial.value)
    assert one.auroc_symmetrised.value == pytest.approx(1 - other.auroc_symmetrised.value)
    assert one.wilcoxon.p_value == pytest.approx(other.wilcoxon.p_value)


def test_clusters_widen_intervals_and_are_the_unit_of_the_tests():
    rng = np.random.default_rng(9)
    levels = np.repeat(rng.normal(0.3, 1, 30), 10)
    faithful, default = levels + rng.normal(0, 0.2, 300), np.zeros(300)
    clusters = np.repeat(np.arange(30), 10)
    alone, together = contrast(faithful, default), contrast(faithful, default, draws=ClusterDraws(clusters))
    assert together.accuracy.value == alone.accuracy.value
    assert together.accuracy.high - together.accuracy.low > 2 * (alone.accuracy.high - alone.accuracy.low)
    means = faithful.reshape(30, 10).mean(axis=1)
    assert (together.wilcoxon.n, alone.wilcoxon.n) == (30, 300)
    assert together.wilcoxon.p_value == pytest.approx(stats.wilcoxon(means).pvalue)
    assert together.sign.statistic == (means > 0).sum()


def test_intervals_are_those_of_a_plain_loop():
    anti, original, truth = _pairs(11, n=60)
    result = contrast(*_as_contrast(anti, original, truth), truth_is_anti=truth)
    rng = np.random.default_rng(0)
    loop = []
    for _ in range(500):
        i = rng.integers(0, 60, 60)
        loop.append(
            [
                balanced_accuracy_score(truth[i], anti[i] > original[i]),
                f1_score(truth[i], anti[i] > original[i], average="weighted"),
                roc_auc_score(truth[i], anti[i] - original[i]),
            ]
        )
    expected = np.quantile(loop, [0.025, 0.975], axis=0)
    for column, estimate in enumerate((result.balanced_accuracy, result.f1, result.auroc)):
        assert (estimate.low, estimate.high) == pytest.approx(tuple(expected[:, column]), abs=0.04)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, np.nan], [1, 2]), "first scores holds nan at 1"),
        (([1, 2], [1, np.inf]), "second scores holds inf at 1"),
        (([1, 2, 3], [1, 2]), "different lengths"),
        (([[1, 2]], [[1, 2]]), "dimensions"),
    ],
)
def test_what_is_no_score_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        contrast(*arguments)


def test_truth_and_draws_must_fit():
    with pytest.raises(ValueError, match="truth_is_anti 1"):
        contrast([1, 2], [0, 0], truth_is_anti=[True])
    with pytest.raises(ValueError, match="booleans"):
        contrast([1, 2], [0, 0], truth_is_anti=[1, -1])
    with pytest.raises(ValueError, match="clusters 3"):
        contrast([1, 2], [0, 0], draws=ClusterDraws([1, 2, 3]))
