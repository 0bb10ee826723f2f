"""The example families: every file is read, every generator can be made, and the head says what the table says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fauve.ledger.importing.prompts import read_prompts
from fauve.models.generators.api_cards import API_CARDS
from fauve.models.generators.systems import SYSTEMS
from fauve.models.registry import SCORERS, make_generator
from fauve.models.steering.steered_name import parse_steered_name
from fauve.settings import read_settings
from fauve.vocabulary import PROMPT_DIMENSIONS

FAMILIES = Path(__file__).parents[2] / "examples" / "families"
FILES = sorted(FAMILIES.glob("*.toml"))


def named(file: Path) -> list[str]:
    return [generator.name for generator in read_settings(file).generators]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_is_read_and_every_generator_can_be_made(file: Path) -> None:
    settings = read_settings(file)
    assert settings.prompts.file == FAMILIES / "prompts.jsonl"
    for generator in settings.generators:
        assert make_generator(generator.name, generator.options).card.kind == "generator"
    assert {scorer.name for scorer in settings.scorers} <= set(SCORERS)


def test_every_system_occurs_and_is_in_the_list() -> None:
    all_named = {name for file in FILES for name in named(file)}
    assert {parse_steered_name(name).base for name in all_named} == SYSTEMS.keys() | API_CARDS.keys()
    listed = re.findall(r"^\| `(.+\.toml)` \|", (FAMILIES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == [file.name for file in FILES]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_head_says_how_to_run_it_and_what_the_table_says(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    head = text[: text.index("title = ")]
    assert f"fauve run examples/families/{file.name} --out " in head
    rows = {line.split()[1]: line.split()[2:] for line in head.splitlines() if re.match(r"#   \S", line)}
    for name in named(file):
        base = parse_steered_name(name).base
        if base in API_CARDS:
            assert rows[name] == ["none", "1"]
            continue
        memory, forwards = rows[name][:2]
        system = SYSTEMS[base]
        steps = system.presets["matched"].original.steps
        assert memory == f"{system.memory_gb:g}"
        assert int(forwards) in {steps, 2 * steps}
        assert (("Accept" in head) and ("licence" in head)) or not system.gated


def test_time_is_what_was_counted() -> None:
    counted = {
        "flux-dev": 37.19,
        "flux-schnell": 34.73,
        "sdxl": 3.38,
        "sd3.5-m": 5.62,
        "sd3.5-large": 15.56,
        "sd1.5": 0.40,
        "qwen-image": 34.65,
        "z-image": 27.80,
        "z-image-turbo": 27.80,
    }
    for file in FILES:
        for line in file.read_text(encoding="utf-8").splitlines():
            parts = line.split()
            if len(parts) == 6 and parts[0] == "#" and parts[1] in counted:
                _, name, _, forwards, flop, seconds = parts
                assert float(flop) == pytest.approx(int(forwards) * 2 * counted[name] / 1000, abs=0.006)
                assert float(seconds) == pytest.approx(float(flop) / 0.3, rel=0.06, abs=0.06)


def test_the_prompts_ask_for_every_dimension_and_avoid_few_words() -> None:
    rows = read_prompts(FAMILIES / "prompts.jsonl")
    assert len(rows) == len({row.original for row in rows}) == 12
    assert {wish for row in rows for wish in row.dimensions} == set(PROMPT_DIMENSIONS)
    for row in rows:
        assert 2 <= len(row.dimensions) <= 4
        assert row.negative is not None
        assert 1 <= len(row.negative.split()) <= 5
