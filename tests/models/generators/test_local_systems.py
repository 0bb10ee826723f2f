"""The table of local generators: complete, without heavy imports, with both presets as published and as matched."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest

from fauve.keys import canonical_json
from fauve.models.generators.generator_cards import GENERATOR_CARDS
from fauve.models.generators.systems import SYSTEMS

NAMES = [
    "flux-dev",
    "dance-flux",
    "pref-flux",
    "flux-krea",
    "flux-schnell",
    "sdxl",
    "playground-v2.5",
    "sd3.5-m",
    "sd3.5-m-geneval",
    "sd3.5-m-pickscore",
    "sd3.5-large",
    "alchemist",
    "flux.2-klein-9b",
    "z-image",
    "z-image-turbo",
    "qwen-image",
    "glm-image",
    "longcat-image",
    "sd1.5",
    "sd1.5-dpo",
]


def test_every_system_is_there_with_a_card() -> None:
    assert set(SYSTEMS) == set(NAMES) == set(GENERATOR_CARDS)
    assert all(card.kind == "generator" and card.hub_id for card in GENERATOR_CARDS.values())


def test_the_table_needs_no_torch() -> None:
    code = (
        "import sys, fauve.models.generators.generator_cards; "
        "sys.exit(any(m in sys.modules for m in ('torch', 'diffusers', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_matched_samples_both_images_alike(name: str) -> None:
    matched = SYSTEMS[name].presets["matched"]
    assert matched.original == matched.anti
    assert matched.dtype == "bfloat16"
    assert set(SYSTEMS[name].presets) == {"paper", "matched"}


@pytest.mark.parametrize("name", NAMES)
def test_settings_of_every_preset_have_a_canonical_form(name: str) -> None:
    for preset in SYSTEMS[name].presets.values():
        assert canonical_json(preset)


def test_matched_samples_a_family_alike() -> None:
    families: dict[str, list[str]] = {}
    for name, system in SYSTEMS.items():
        families.setdefault(system.family, []).append(name)
    assert sorted(map(len, families.values()))[-3:] == [2, 3, 4]
    for members in families.values():
        for one, other in pairwise(members):
            assert SYSTEMS[one].presets["matched"] == SYSTEMS[other].presets["matched"]
            assert SYSTEMS[one].call == SYSTEMS[other].call


def test_every_variant_names_a_base_of_its_own_family() -> None:
    for system in SYSTEMS.values():
        if system.delta.kind != "none":
            assert SYSTEMS[system.delta.base].family == system.family
            assert SYSTEMS[system.delta.base].pipeline == system.pipeline


@pytest.mark.parametrize(
    ("name", "original", "anti", "dtype"),
    [
        ("flux-dev", (32, 3.5, None), (32, 3.5, ""), "float16"),
        ("dance-flux", (32, 3.5, None), (32, 3.5, None), "bfloat16"),
        ("flux-schnell", (8, 3.5, None), (8, 3.5, None), "float16"),
        ("sdxl", (50, 5.0, None), (50, 5.0, ""), "float16"),
        ("playground-v2.5", (50, 3.0, None), (50, 3.0, ""), "float16"),
        ("sd3.5-m", (40, 4.0, None), (32, 6.0, ""), "float16"),
        ("sd3.5-m-geneval", (40, 4.0, None), (32, 6.0, ""), "float16"),
        ("sd3.5-large", (40, 4.0, None), (32, 6.0, ""), "float16"),
        ("alchemist", (40, 4.0, None), (32, 6.0, ""), "bfloat16"),
        ("sd1.5-dpo", (64, 7.5, None), (64, 7.5, ""), "float16"),
        ("flux.2-klein-9b", (4, 0.0, None), (4, 0.0, None), "bfloat16"),
        ("z-image", (50, 3.5, None), (50, 3.5, ""), "bfloat16"),
        ("z-image-turbo", (8, 1.0, None), (8, 1.0, None), "bfloat16"),
        ("qwen-image", (50, 4.0, None), (50, 4.0, ""), "bfloat16"),
        ("glm-image", (50, 5.0, None), (50, 5.0, None), "bfloat16"),
        ("longcat-image", (50, 4.0, None), (50, 4.0, None), "bfloat16"),
    ],
)
def test_paper_repeats_the_published_scripts(
    name: str, original: tuple[object, ...], anti: tuple[object, ...], dtype: str
) -> None:
    preset = SYSTEMS[name].presets["paper"]
    for sampling, published in ((preset.original, original), (preset.anti, anti)):
        assert (sampling.steps, sampling.guidance, sampling.negative) == published
    assert preset.dtype == dtype
    assert "seed" in preset.note


def test_only_sdxl_reads_long_prompts_in_the_paper() -> None:
    chunked = {n for n, s in SYSTEMS.items() if s.presets["paper"].original.long_prompt == "chunk"}
    assert chunked == {"sdxl"}
    assert all(s.presets["matched"].original.long_prompt == "cut" for s in SYSTEMS.values())


def test_prompts_are_never_rewritten() -> None:
    assert SYSTEMS["longcat-image"].call["enable_prompt_rewrite"] is False


def test_published_adapters_run_at_twice_their_product() -> None:
    adapters = {name: system.delta.scale for name, system in SYSTEMS.items() if system.delta.kind == "lora"}
    assert adapters == {"sd3.5-m-geneval": 2.0, "sd3.5-m-pickscore": 2.0}
