"""The files of the paper's own repository, whole."""

from __future__ import annotations

import math

import polars as pl
import pytest

from fauve.ledger import queries
from fauve.ledger.importing import import_contrasts, import_labels, import_pairs, read_labels

pytestmark = pytest.mark.shared


def test_all_of_them_and_all_of_them_again(ledger, shared_data):
    imports = [
        (import_pairs, "pairs/bench/pairs.jsonl", 8),
        (import_pairs, "pairs/sd35_large_scores/pairs.jsonl", 300),
        (import_contrasts, "pairs/photographs/contrasts.jsonl", 8),
        (import_contrasts, "pairs/critique/contrasts.jsonl", 2),
    ]
    for importer, path, count in imports:
        assert importer(ledger, shared_data / path) == (count, 0)
    assert import_labels(ledger, shared_data / "published/judge_validation.jsonl", "published") == (13_374, 0)
    assert len(queries.image_refs(ledger)) == 2 * (8 + 8 + 2)
    assert queries.grid(ledger).height == 2 * 8 + 12 * 300 + 2 * 8
    before = list(ledger.db.iterdump())
    for importer, path, count in imports:
        assert importer(ledger, shared_data / path) == (0, count)
    assert list(ledger.db.iterdump()) == before


def test_the_published_means_are_there(ledger, shared_data):
    import_pairs(ledger, shared_data / "pairs/sd35_large_scores/pairs.jsonl")
    means = queries.grid(ledger).filter(prompt_slot="original").group_by("scorer", "image_slot").agg(pl.mean("value"))
    mean = {(scorer, slot): value for scorer, slot, value in means.rows()}
    for scorer, shift in (("hpsv3", -4.702), ("hpsv2.1", -0.036), ("imagereward", -0.467)):
        assert mean[scorer, "anti"] - mean[scorer, "original"] == pytest.approx(shift, abs=5e-4)


def test_the_published_labels(shared_data):
    table = read_labels(shared_data / "published/judge_validation.jsonl")
    assert (table["image"].n_unique(), table["dimension"].n_unique()) == (743, 18)
    truth = table["label"].sign() + 1
    assert (table["expected"] - truth).abs().mean() == pytest.approx(0.307, abs=5e-4)
    assert math.isfinite(table["expected"].sum())
