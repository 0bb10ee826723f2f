"""docs/prompts.md shows the figures and examples that the shipped prompts have."""

from __future__ import annotations

from pathlib import Path

import pytest

from fauve.prompts import shipped_pairs
from fauve.prompts.shipped import THEMES
from fauve.prompts.summary import counts_table, examples, lengths_table, nearness_sentence

PAGE = (Path(__file__).parents[2] / "docs" / "prompts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("make", [counts_table, lengths_table, nearness_sentence, examples], ids=lambda m: m.__name__)
def test_the_page_shows_what_is_measured(make) -> None:
    assert make(shipped_pairs()) in PAGE, "run: python -m fauve.prompts.summary"


def test_the_tables_count_what_is_there() -> None:
    pairs = shipped_pairs()[:3]
    assert counts_table(pairs).splitlines()[-1] == "| prompts in all | 3 | 1 | 1 | 1 |"
    assert "| original | 12 | 12.7 | 13 |" in lengths_table(pairs)
    assert examples(shipped_pairs()).count("negative: ") == 20


def test_the_page_names_every_theme_once_in_order() -> None:
    assert ", ".join(THEMES) in " ".join(PAGE.split())
