"""docs/datasets.md says what the code reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fauve.ledger.importing.datasets import DATASETS
from fauve.ledger.importing.datasets.catalogue import JUDGE, MATCHER_SELECTOR, SELECTORS

PAGE = (Path(__file__).parents[4] / "docs" / "datasets.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DATASETS)
def test_each_dataset_stands_in_the_list(name):
    dataset = DATASETS[name]
    assert f"| `{name}` | `{dataset.hub_id}` | {dataset.rows} | {dataset.becomes} |" in PAGE


@pytest.mark.parametrize("name", DATASETS)
def test_each_column_stands_under_its_dataset_and_no_other(name):
    heading = "vsf-dance and vsf-krea" if name.startswith("vsf-") else name
    section = PAGE.split(f"\n### {heading}\n")[1].split("\n##")[0]
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (\w+) \| (.+) \|$", section, re.MULTILINE)
    wanted = [(c.theirs, c.ours, "required" if c.required else "optional", c.what) for c in DATASETS[name].columns]
    assert rows == wanted
    assert ("are guesses" in section) is not DATASETS[name].verified


def test_who_selected_and_judged():
    for name in (*SELECTORS.values(), MATCHER_SELECTOR, JUDGE):
        assert f"`{name}`" in PAGE
