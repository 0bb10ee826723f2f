from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fauve.errors import ConfigError
from fauve.ledger.importing.prompts import PromptRow, read_prompts
from fauve.prompts import (
    Caption,
    RewriteRequest,
    TemplateRewriter,
    anti_faults,
    dimensions_from,
    draw_dimensions,
    load_prompt_set,
    read_dimensions,
    write_pairs,
)
from fauve.vocabulary import DIMENSIONS, PROMPT_DIMENSIONS, add_dimensions, dimension

ROOT = Path(__file__).parents[2]

PIXELATED = """
[dimensions.pixelated]
low = "a picture of large, visible squares"
middle = "squares that show at a second look"
high = "a picture without any visible square"
request = "the picture falls into large square pixels"
negative = "seamless"
"""


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = dict(DIMENSIONS)
    yield
    DIMENSIONS.clear()
    DIMENSIONS.update(before)


def file(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_pixelated_goes_from_a_file_to_prompts_and_back_in(tmp_path: Path) -> None:
    add_dimensions(read_dimensions(file(tmp_path, f'title = "mine"\n{PIXELATED}')))
    drawn = draw_dimensions(12, 0, [*PROMPT_DIMENSIONS, "pixelated"])
    captions = [Caption(f"c{n}", f"A dog and {n} cats sleep on a sofa.") for n in range(12)]
    pairs, unwritten = write_pairs(captions, drawn, TemplateRewriter())
    assert not unwritten
    chosen = [pair for pair in pairs if "pixelated" in pair.dimensions]
    assert chosen
    assert all("falls into large square pixels" in pair.anti for pair in chosen)
    assert all("seamless" in (pair.negative or "") for pair in chosen)
    assert all(anti_faults(pair.original, pair.anti, pair.dimensions) == [] for pair in pairs)
    rows = tmp_path / "prompts.jsonl"
    rows.write_text(
        '{"id": "a", "prompt_original": "A dog.", "prompt_anti": "A dog in pixels.", "dimensions": ["pixelated"]}\n'
    )
    assert read_prompts(rows)[0].dimensions == ("pixelated",)
    assert load_prompt_set(rows).pairs[0].dimensions == ("pixelated",)


def test_without_the_own_dimension_its_effect_counts_as_added(tmp_path: Path) -> None:
    request = RewriteRequest("A dog sleeps.", ("pixelated", "emotion"))
    add_dimensions(read_dimensions(file(tmp_path, PIXELATED)))
    made = TemplateRewriter().rewrite([request])[0].anti or ""
    assert anti_faults("A dog sleeps.", made, request.dimensions) == []
    assert [fault.kind for fault in anti_faults("A dog sleeps.", made, ["emotion"])] == ["added effect"]


def test_adding_twice_changes_nothing_and_another_wording_is_refused() -> None:
    (own,) = dimensions_from({"pixelated": dict.fromkeys(("low", "middle", "high", "request", "negative"), "x")})
    add_dimensions([own])
    add_dimensions([own])
    assert dimension("pixelated") == own
    assert list(DIMENSIONS)[-1] == "pixelated"
    assert "pixelated" not in PROMPT_DIMENSIONS
    (other,) = dimensions_from({"pixelated": dict.fromkeys(("low", "middle", "high", "request", "negative"), "y")})
    with pytest.raises(ConfigError, match="other wording"):
        add_dimensions([other])
    (taken,) = dimensions_from({"clarity": dict.fromkeys(("low", "middle", "high", "request", "negative"), "y")})
    new = dimensions_from({"newer": dict.fromkeys(("low", "middle", "high", "request", "negative"), "z")})
    with pytest.raises(ConfigError, match="one of the twelve"):
        add_dimensions([*new, taken])
    assert "newer" not in DIMENSIONS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PIXELATED.replace("low =", "lwo ="), "there is no key 'lwo'. Did you mean 'low'"),
        (PIXELATED.replace('negative = "seamless"', ""), "'negative' is missing"),
        (PIXELATED.replace('"seamless"', '"one two three four five six"'), "at most 5 words"),
        (PIXELATED.replace('"seamless"', "3"), "one line of text"),
        (PIXELATED.replace("pixelated", "Pixelated"), "lower-case"),
        ("dimensions = 3", "one table for each"),
        ("dimensions.pixelated = 3", "give it low"),
        ("[dimensions", "is not TOML"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, text: str, told: str) -> None:
    path = file(tmp_path, text)
    with pytest.raises(ConfigError, match=told) as caught:
        read_dimensions(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="check the path"):
        read_dimensions(tmp_path / "none.toml")


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "prompts.md").read_text(encoding="utf-8")
    block = page.split("```toml\n")[1].split("```")[0]
    assert [one.name for one in read_dimensions(file(tmp_path, block))] == ["pixelated"]


def test_a_pair_is_a_row_of_the_ledger_field_for_field() -> None:
    pair = load_prompt_set("fauve").pairs[0]
    row = PromptRow(pair.id, pair.original, pair.anti, pair.dimensions, dict(pair.groups), pair.negative)
    assert [getattr(row, name) for name in PromptRow.__slots__] == [getattr(pair, name) for name in PromptRow.__slots__]
