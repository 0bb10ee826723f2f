"""``fauve models``: every system with what it needs, and both presets of a generator in full."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from fauve.cli import main
from fauve.models.generators.api_cards import API_CARDS
from fauve.models.generators.systems import SYSTEMS


def told(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["models", *args])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_every_generator_has_class_presets_memory_gate_and_licence(capsys: pytest.CaptureFixture[str]) -> None:
    lines = {line.split()[0]: line for line in told(capsys).splitlines() if line.strip()}
    for name, system in SYSTEMS.items():
        assert system.pipeline in lines[name]
        assert f" {system.memory_gb:g} " in lines[name]
        assert "paper, matched" in lines[name]
        assert (system.licence or "not stated") in lines[name]
        assert (" yes " in lines[name]) is system.gated
    for name in API_CARDS:
        assert "service" in lines[name]


def test_a_generator_shows_both_presets_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(capsys, "sd3.5-m-geneval")
    assert "original image: steps 40, guidance_scale 4.0, negative prompt none, size 1024×1024" in shown
    assert 'anti image: steps 32, guidance_scale 6.0, negative prompt "", size 1024×1024' in shown
    assert 'both images: steps 40, guidance_scale 4.5, negative prompt ""' in shown
    assert "source jieliu/SD3.5M-FlowGRPO-GenEval" in shown
    assert "accept the licence at https://huggingface.co/stabilityai/stable-diffusion-3.5-medium" in shown
    assert "sent: size 1024x1024, quality high, moderation low" in told(capsys, "gpt-image-1.5")
    assert "higher is better" in told(capsys, "hpsv3")


def test_json_holds_the_presets_and_nothing_for_scorers(capsys: pytest.CaptureFixture[str]) -> None:
    rows = {row["name"]: row for row in json.loads(told(capsys, "--json"))}
    assert rows["z-image"]["generator"]["presets"]["matched"]["both images"]["steps"] == 50
    assert rows["hpsv3"]["generator"] is None


def test_the_list_of_generators_loads_no_torch() -> None:
    code = "import sys, fauve.cli.models; sys.exit(any(m in sys.modules for m in ('torch', 'diffusers')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
