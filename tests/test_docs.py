"""The documentation says what the code does."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fauve.cli import COMMANDS
from fauve.settings import RunSettings
from fauve.vocabulary import DIMENSIONS

ROOT = Path(__file__).parents[1]


@functools.cache
def reference() -> str:
    """Written by a process of its own: click keeps a help option as it first met it, perhaps in another test."""
    asked = [sys.executable, str(ROOT / "docs" / "cli_reference.py")]
    return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120).stdout


def test_the_command_reference_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference(), "run: python docs/cli_reference.py > docs/cli.md"


def test_one_line_helps_are_those_of_the_commands() -> None:
    text = reference()
    for name in COMMANDS:
        assert f"## fauve {name}\n" in text


@pytest.mark.parametrize(
    "page", sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob("**/*.md") if ".venv" not in p.parts)
)
def test_commands_in_the_documentation_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`fauve ([a-z]+)", text)) | set(re.findall(r"^fauve ([a-z]+)", text, re.MULTILINE))
    assert named <= set(COMMANDS), f"{page} names {sorted(named - set(COMMANDS))}"


@pytest.mark.parametrize(
    "page", ["README.md", *(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md"))]
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    file = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8")):
        assert (file.parent / target).exists(), f"{page} links to {target}"


def test_the_settings_page_shows_settings_that_are_taken() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 7
    for block in blocks:
        RunSettings.model_validate(tomllib.loads(block))


def test_the_words_page_has_every_dimension_as_the_vocabulary_describes_it() -> None:
    text = (ROOT / "docs" / "words.md").read_text(encoding="utf-8")
    for dimension in DIMENSIONS.values():
        assert f"| {dimension.name} | {dimension.low} | {dimension.high} |" in text
