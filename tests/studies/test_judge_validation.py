"""Errors of a judge against labels whose sign is the class."""

from __future__ import annotations

import polars as pl
import pytest

from fauve.studies import STUDIES
from fauve.studies.judge_validation import validate


def labels(made):
    build = made()
    rows = [("a", "clarity", 0.2, -4), ("b", "clarity", 1.0, 0), ("c", "clarity", 1.4, 3), ("a", "hands", 2.0, 1)]
    for image, dimension, expected, label in rows:
        build.label(image, dimension, expected, label)
    return build.evidence()


def by_metric(findings, **group):
    return {f.metric: f for f in findings if dict(f.group) == group}


def test_errors_by_hand(made):
    found = by_metric(validate(labels(made).labels.drop("judge")))
    # classes 0, 1, 2, 2; errors 0.2, 0, 0.6, 0
    assert found["mae"].estimate == pytest.approx(0.8 / 4)
    assert found["wmae"].estimate == pytest.approx((0.2 + 0.0 + 0.3) / 3)
    assert found["mae"].n == 4
    assert found["mae"].published.value == 0.307


def test_class_is_the_sign_of_the_label(made):
    table = labels(made).labels.drop("judge")
    signs = table.with_columns(pl.col("label").sign())
    assert validate(table) == validate(signs)


def test_by_dimension_and_judge(made):
    findings = STUDIES["judge_validation"].analyse(labels(made))
    clarity = by_metric(findings, judge="eye", dimension="clarity")
    assert clarity["mae"].estimate == pytest.approx(0.8 / 3)
    assert clarity["mae"].published is None
    hands = by_metric(findings, judge="eye", dimension="hands")
    assert "only 1 of the three classes occur" in hands["mae"].note
    assert hands["kappa"].estimate is None


def test_order_of_rows_does_not_matter(made):
    table = labels(made).labels
    assert validate(table) == validate(table.sample(fraction=1, shuffle=True, seed=3))


def test_no_labels_no_findings(made):
    assert validate(made().evidence().labels) == []
