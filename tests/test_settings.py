"""Settings of edits and portraits: short forms, and faults that are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from fauve.errors import ConfigError
from fauve.settings import RunSettings, read_settings
from fauve.vocabulary import DIMENSIONS

GENERATOR = '[[generators]]\nname = "flux-dev"\noptions = { steps = 4 }\nbatch = 2\n'
PROMPTS = '[prompts]\nfile = "p.jsonl"\n'


def read(folder: Path, text: str) -> RunSettings:
    file = folder / "run.toml"
    file.write_text(text, encoding="utf-8")
    return read_settings(file)


def test_a_bare_editor_takes_what_stands_under_generators(tmp_path: Path) -> None:
    edits = '[[edits]]\ngenerator = "flux-dev"\nof = "sdxl"\n[[edits]]\ngenerator = "z-image"\nof = "file"\n'
    found = read(tmp_path, PROMPTS + GENERATOR + edits)
    assert found.edits[0].generator == found.generators[0]
    assert found.edits[1].generator.options == {}
    assert (found.edits[0].arms.strengths, found.edits[0].arms.control) == ((0.5,), True)
    own = '[[edits]]\ngenerator = { name = "flux-dev", options = { steps = 9 } }\nof = "sdxl"\n'
    assert read(tmp_path, PROMPTS + GENERATOR + own).edits[0].generator.options == {"steps": 9}


def test_what_was_read_can_be_read_again(tmp_path: Path) -> None:
    text = (
        GENERATOR
        + '[emotion]\nfile = "e.jsonl"\nfinder = "mine:Finder"\nedits = ["flux-dev"]\n'
        + '[[edits]]\ngenerator = "flux-dev"\nof = "sdxl"\nbelow = { scorer = "hpsv3", value = 10 }\n'
    )
    found = read(tmp_path, text)
    assert found.emotion.file == tmp_path / "e.jsonl"
    assert found.emotion.finder.name == "mine:Finder"
    assert RunSettings.model_validate(found.model_dump(mode="json", exclude_none=True)) == found
    assert RunSettings.model_validate({"generators": found.generators, "edits": found.edits}).edits == found.edits


PAPER = '[[generators]]\nname = "flux-dev"\noptions = { preset = "paper" }\n'


def test_both_presets_of_a_generator_may_stand_in_one_file(tmp_path: Path) -> None:
    edits = '[[edits]]\ngenerator = "{0}"\nof = "{0}"\n'
    both = "".join(edits.format(name) for name in ("flux-dev", "flux-dev (paper preset)"))
    for generators in (PAPER + GENERATOR, GENERATOR + PAPER):
        found = read(tmp_path, PROMPTS + generators)
        assert {entry.options.get("preset") for entry in found.generators} == {None, "paper"}
        edited = read(tmp_path, PROMPTS + generators + edits.format("flux-dev")).edits
        assert [entry.generator.options for entry in edited] == [{"steps": 4}]
        edited = read(tmp_path, PROMPTS + generators + edits.format("flux-dev (paper preset)")).edits
        assert [(e.generator.name, e.generator.options) for e in edited] == [("flux-dev", {"preset": "paper"})]
    assert read(tmp_path, PROMPTS + PAPER + edits.format("flux-dev")).edits[0].generator.options == {"preset": "paper"}
    with pytest.raises(ConfigError, match="edits name a generator twice"):
        read(tmp_path, PROMPTS + GENERATOR + PAPER + both)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[edits]]\ngenerator = "a"\n', r"edits no\. 1, of: Field required"),
        ('[[edits]]\nof = "a"\n', r"edits no\. 1, generator: Field required"),
        ('[[edits]]\ngenerator = "a"\nof = "b"\narms = {}\n', "there is no arm"),
        ('[[edits]]\ngenerator = "a"\nof = "b"\narms = { strengths = [0.0] }\n', "above 0"),
        ('[[edits]]\ngenerator = "a"\nof = "b"\narms = { strengths = [0.5, 0.5] }\n', "stands once"),
        ('[[edits]]\ngenerator = "a"\nof = "b"\narms = { strength = [0.5] }\n', "did you mean 'strengths'|strengths"),
        ('[[edits]]\ngenerator = "a"\nof = "b"\nbelow = { scorer = "x", value = nan }\n', "finite"),
        ('[[edits]]\ngenerator = "a"\nof = "b"\nbelow = { scorer = "x", value = 1, promt = "anti" }\n', "prompt"),
        ('[[edits]]\ngenerator = "a"\nof = "b"\n[[edits]]\ngenerator = "a"\nof = "c"\n', "name a generator twice: a"),
        (PROMPTS + PAPER + PAPER, r"named twice: flux-dev \(paper preset\)"),
        (PROMPTS + GENERATOR + PAPER.replace("paper", "matched"), "named twice: flux-dev "),
        ('scorers = ["polish", {name = "polish", options = {preset = "paper"}}]', "named twice: polish"),
        ('[emotion]\nfile = "e.jsonl"\n', r"name who makes them under \[\[generators\]\]"),
        (GENERATOR, r"name a set or a file under \[prompts\].*under \[emotion\]"),
        (GENERATOR + '[emotion]\nfile = "e"\nedits = ["flux"]\n', "names flux, which stands not under"),
        (GENERATOR + '[emotion]\nfile = "e"\nfinders = "none"\n', "finder"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read(tmp_path, text)


OWN = """[dimensions.pixelated]
low = "large squares"
middle = "some squares"
high = "no squares"
request = "the picture falls into large square pixels"
negative = "seamless"
"""
CAPTIONS = '[prompts]\ncaptions = "c.txt"\n'


def test_captions_a_rewriter_and_a_dimension_of_ones_own_are_read_and_read_again(tmp_path: Path) -> None:
    draw = 'rewriter = "template"\ndimensions = ["pixelated", "clarity"]\nsizes = [1]\nseed = 3\n'
    found = read(tmp_path, CAPTIONS + draw + GENERATOR + OWN)
    assert found.prompts.captions == tmp_path / "c.txt"
    assert found.prompts.rewriter is not None
    assert found.prompts.rewriter.name == "template"
    assert [one.name for one in found.own_dimensions] == ["pixelated"]
    assert "pixelated" not in DIMENSIONS  # known to a process that runs or opens a run, not to one that reads a file
    assert RunSettings.model_validate(found.model_dump(mode="json", exclude_none=True)) == found
    long = '[prompts]\nset = "fauve"\n[prompts.rewriter]\nname = "chat:m"\nbatch = 4\noptions = { key_env = "" }\n'
    written = read(tmp_path, long).prompts.rewriter
    assert written is not None
    assert (written.name, written.batch, written.options) == ("chat:m", 4, {"key_env": ""})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (CAPTIONS, 'name a rewriter, as rewriter = "template"'),
        ('[prompts]\nrewriter = "template"\n', "a rewriter needs captions"),
        (CAPTIONS + 'set = "fauve"\nrewriter = "template"\n', "one of them alone"),
        ('[prompts]\nset = "fauve"\nseed = 3\n', "of a draw, which captions alone need"),
        (
            CAPTIONS + 'rewriter = { nmae = "template" }\n',
            "there is no key 'prompts.rewriter.nmae'. Did you mean 'name'",
        ),
        (
            CAPTIONS + 'rewriter = "template"\ndimensions = ["clarty"]\n',
            "no dimension 'clarty'. Did you mean 'clarity'",
        ),
        (OWN.replace("low =", "lwo ="), "there is no key 'dimensions.pixelated.lwo'. Did you mean 'low'"),
        (OWN.replace('negative = "seamless"', ""), "dimensions.pixelated.negative: Field required"),
        (OWN.replace('"seamless"', '"one two three four five six"'), "at most 5 words"),
        (OWN.replace("pixelated", "Pixelated"), "lower-case"),
    ],
)
def test_faults_of_prompts_and_dimensions_are_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read(tmp_path, text)
