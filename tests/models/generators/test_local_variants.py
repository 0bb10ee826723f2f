"""Aligned variants as they are published: an adapter at its true scale, a denoiser in a file, a UNet by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.models.generators import tiny_pipelines as tiny

from fauve.errors import ConfigError, WeightsMismatch, WeightsMissing
from fauve.imaging import decode
from fauve.models.generators.deltas import ADAPTER, adapter_scale
from fauve.models.generators.local import LocalGenerator
from fauve.models.protocols import Generated, ImageRequest

diffusers = pytest.importorskip("diffusers")
import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

torch.set_num_threads(1)

ASKED = [ImageRequest("a red cat", 1)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variants")
    sd3, flux, sd1 = folder / "sd3", folder / "flux", folder / "sd1"
    tiny.tiny_sd3_lora(folder / "sd3-lora", tiny.tiny_sd3(sd3))
    tiny.tiny_flux_full(folder / "flux-full", tiny.tiny_flux(flux))
    tiny.tiny_sd1_unet(folder / "sd1-dpo", tiny.tiny_sd1(sd1))
    return folder


def made(name: str, weights: Path, **options: Any) -> LocalGenerator:
    given = {"size": tiny.SIDE, "steps": 3, "dtype": "float32", **options}
    generator = LocalGenerator(name, weights, **given)
    generator.load("cpu", "float32")
    return generator


def pixels(generator: LocalGenerator) -> np.ndarray:
    return shown(generator.generate(ASKED)[0])


def shown(answer: Generated) -> np.ndarray:
    assert answer.data is not None, answer.reason
    return np.asarray(decode(answer.data, "answer")[0]).astype(int)


def merged(place: Path) -> Any:
    """The base with alpha / rank · B A added to each weight by hand."""
    pipe = diffusers.StableDiffusion3Pipeline.from_pretrained(place / "sd3")
    adapter = load_file(place / "sd3-lora" / "adapter_model.safetensors")
    state = pipe.transformer.state_dict()
    for key in {key.rsplit(".lora_", 1)[0] for key in adapter}:
        low, high = adapter[f"{key}.lora_A.weight"], adapter[f"{key}.lora_B.weight"]
        state[f"{key.removeprefix('base_model.model.')}.weight"] += 2.0 * high @ low
    pipe.transformer.load_state_dict(state)
    return pipe


def test_an_adapter_runs_at_its_true_scale(place: Path) -> None:
    generator = made("sd3.5-m-geneval", place / "sd3", delta=place / "sd3-lora")
    scales = adapter_scale(generator.loaded.denoiser, ADAPTER)
    assert generator.loaded.adapter_scale == 2.0
    assert set(scales.values()) == {2.0}
    # eight projections of the first block, seven of the last (which makes no text); none of the second attention
    assert len(scales) == 15
    assert not any("attn2" in layer for layer in scales)


def test_an_adapter_is_the_merged_model(place: Path, tmp_path: Path) -> None:
    merged(place).save_pretrained(tmp_path / "merged")
    by_hand = pixels(made("sd3.5-m", tmp_path / "merged"))
    adapted = pixels(made("sd3.5-m-geneval", place / "sd3", delta=place / "sd3-lora"))
    base = pixels(made("sd3.5-m", place / "sd3"))
    assert np.abs(adapted - by_hand).max() <= 1
    assert np.abs(adapted - base).max() > 20


def test_an_adapter_of_no_strength_is_the_base(place: Path) -> None:
    off = made("sd3.5-m-geneval", place / "sd3", delta=place / "sd3-lora", adapter_strength=0.0)
    assert np.array_equal(pixels(off), pixels(made("sd3.5-m", place / "sd3")))
    on = made("sd3.5-m-geneval", place / "sd3", delta=place / "sd3-lora")
    assert off.settings != on.settings


def test_the_ways_that_lose_an_adapter_do_lose_it(place: Path) -> None:
    """Why it is loaded with its configuration: the pipeline's own way takes nothing, renamed keys half."""
    pipe = diffusers.StableDiffusion3Pipeline.from_pretrained(place / "sd3")
    pipe.load_lora_weights(place / "sd3-lora", weight_name="adapter_model.safetensors")
    assert not pipe.get_list_adapters()
    state = load_file(place / "sd3-lora" / "adapter_model.safetensors")
    bare = {key.removeprefix("base_model.model."): value for key, value in state.items()}
    pipe.transformer.load_lora_adapter(bare, prefix=None, adapter_name="bare")
    assert set(adapter_scale(pipe.transformer, "bare").values()) == {1.0}


def _broken(place: Path, folder: Path, what: str) -> Path:
    folder.mkdir(parents=True)
    state = load_file(place / "sd3-lora" / "adapter_model.safetensors")
    config = json.loads((place / "sd3-lora" / "adapter_config.json").read_text())
    if what == "alpha":
        config["lora_alpha"] = tiny.LORA_RANK
    if what == "layers":
        state = {key.replace("transformer_blocks", "other_blocks"): value for key, value in state.items()}
    save_file(state, folder / "adapter_model.safetensors")
    if what != "config":
        (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("what", "said"),
    [("alpha", "at scale 1, published is 2"), ("layers", "layers that its base does not have"), ("config", "scale is")],
)
def test_an_adapter_that_is_not_what_it_should_be_is_refused(place: Path, tmp_path: Path, what: str, said: str) -> None:
    with pytest.raises(WeightsMismatch, match=said):
        made("sd3.5-m-geneval", place / "sd3", delta=_broken(place, tmp_path / what, what))


def test_a_flux_adapter_has_its_layers_in_the_double_blocks(place: Path, tmp_path: Path) -> None:
    file = tiny.tiny_flux_lora(tmp_path / "lora", place / "flux") / "adapter_model.safetensors"
    assert len(load_file(file)) == 2 * 2 * 8


def test_a_denoiser_in_one_file_is_loaded_whole(place: Path) -> None:
    generator = made("dance-flux", place / "flux", delta=place / "flux-full")
    file = place / "flux-full" / "checkpoint-ema-300-0" / "diffusion_pytorch_model.safetensors"
    state, wanted = generator.loaded.denoiser.state_dict(), load_file(file)
    assert state.keys() == wanted.keys()
    assert all(torch.equal(state[key], wanted[key]) for key in wanted)
    assert np.abs(pixels(generator) - pixels(made("flux-dev", place / "flux"))).max() > 20


def test_the_file_of_a_denoiser_may_be_named_itself(place: Path) -> None:
    file = place / "flux-full" / "checkpoint-ema-300-0" / "diffusion_pytorch_model.safetensors"
    one = made("dance-flux", place / "flux", delta=file)
    other = made("dance-flux", place / "flux", delta=place / "flux-full")
    assert one.settings == other.settings
    assert np.array_equal(pixels(one), pixels(other))


def test_a_denoiser_of_another_model_is_refused(place: Path, tmp_path: Path) -> None:
    file = tmp_path / "diffusion_pytorch_model.safetensors"
    save_file({"x_embedder.weight": torch.zeros(3, 3)}, file)
    with pytest.raises(WeightsMismatch, match=r"dance-flux: these are not the weights .* missing"):
        made("dance-flux", place / "flux", delta=file)


def test_a_unet_by_itself_takes_the_place_of_the_bases(place: Path) -> None:
    generator = made("sd1.5-dpo", place / "sd1", delta=place / "sd1-dpo")
    wanted = load_file(place / "sd1-dpo" / "unet" / "diffusion_pytorch_model.safetensors")
    state = generator.loaded.denoiser.state_dict()
    assert all(torch.equal(state[key], wanted[key]) for key in wanted)
    assert np.abs(pixels(generator) - pixels(made("sd1.5", place / "sd1"))).max() > 20


def test_the_numbers_of_a_variant_stand_beside_the_bases_number_format(place: Path) -> None:
    generator = made("dance-flux", place / "flux", delta=place / "flux-full", dtype="bfloat16")
    assert {p.dtype for p in generator.loaded.denoiser.parameters()} == {torch.bfloat16}


def test_another_delta_is_another_key(place: Path, tmp_path: Path) -> None:
    other = tiny.tiny_flux_full(tmp_path / "other", place / "flux", seed=9)
    keys = [
        LocalGenerator("dance-flux", place / "flux", delta=delta, size=tiny.SIDE).settings["delta"]
        for delta in (place / "flux-full", other)
    ]
    assert keys[0] != keys[1]


def test_a_missing_delta_says_where_it_was_looked_for(place: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match=r"dance-flux: xzyhku/flux_hpsv2.1_dancegrpo .* not asked"):
        LocalGenerator("dance-flux", place / "flux").check()
    with pytest.raises(WeightsMissing, match="has none of checkpoint-ema-300-0"):
        LocalGenerator("dance-flux", place / "flux", delta=tmp_path).check()


def test_what_has_no_adapter_takes_no_strength(place: Path) -> None:
    with pytest.raises(ConfigError, match="no adapter"):
        LocalGenerator("dance-flux", place / "flux", adapter_strength=0.5)
    with pytest.raises(ConfigError, match="one whole pipeline"):
        LocalGenerator("flux-krea", place / "flux", delta=place / "flux-full")
