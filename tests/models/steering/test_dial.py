"""The alignment dial: both ends are the models themselves, and between lies a straight line."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("diffusers")
pytest.importorskip("peft")

import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig

from fauve.errors import ConfigError, ModelError, WeightsMismatch
from fauve.models.steering.dial import (
    MixedPrediction,
    dial_settings,
    extrapolates,
    interpolate,
    lora_dial,
    mixed_predictions,
    set_interpolated,
)

PROMPT = {"prompt": "a red house", "max_sequence_length": 40}


def aligned_of(model: Any, by: float = 0.05) -> Any:
    noise = torch.Generator().manual_seed(9)
    other = copy.deepcopy(model)
    with torch.no_grad():
        for weights in other.parameters():
            weights.add_(by * torch.randn(weights.shape, generator=noise))
    return other


def adapted(pipe: Any, name: str = "tuned") -> Any:
    """A LoRA of rank 4 and alpha 8, a scale of 2, with weights that show."""
    torch.manual_seed(3)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["to_q", "to_k", "to_v"], init_lora_weights=False)
    pipe.transformer.add_adapter(config, adapter_name=name)
    return pipe


def states() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    noise = torch.Generator().manual_seed(0)
    base = {"a": torch.randn(64, 64, generator=noise) * 0.02, "steps": torch.tensor([3])}
    return base, {"a": base["a"] + 1e-5 * torch.randn(64, 64, generator=noise), "steps": torch.tensor([3])}


@given(st.floats(-3, 3))
def test_weights_lie_on_a_line(strength: float) -> None:
    base, aligned = states()
    found = interpolate(base, aligned, strength)["a"].double()
    expected = base["a"].double() + strength * (aligned["a"].double() - base["a"].double())
    assert torch.allclose(found, expected, atol=1e-8, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_ends_are_the_checkpoints_bit_for_bit(dtype: torch.dtype) -> None:
    base, aligned = ({name: t.to(dtype) if t.is_floating_point() else t for name, t in s.items()} for s in states())
    for strength, state in ((0, base), (1, aligned), (0.0, base), (1.0, aligned)):
        found = interpolate(base, aligned, strength)
        assert found.keys() == state.keys()
        assert all(torch.equal(found[name], state[name]) and found[name].dtype == state[name].dtype for name in state)


def test_bfloat16_is_computed_in_float32_and_rounded_once() -> None:
    base, aligned = ({"a": s["a"].bfloat16()} for s in states())
    base["a"], aligned["a"] = torch.tensor([1.0]).bfloat16(), torch.tensor([1.0078125]).bfloat16()
    # 1 + 3 × 2⁻⁷ is a bfloat16; in bfloat16 arithmetic 3 × 2⁻⁷ is too, but 0.4 of the step must round to the base
    assert interpolate(base, aligned, 3.0)["a"].item() == 1.0234375
    assert interpolate(base, aligned, 0.4)["a"].item() == 1.0
    assert interpolate(base, aligned, 0.6)["a"].item() == 1.0078125
    exact = interpolate(base, {"a": aligned["a"].float()}, 0.5)["a"]
    assert exact.dtype == torch.float32
    assert exact.item() == 1.00390625


def test_checkpoints_that_do_not_belong_together_are_refused() -> None:
    base, aligned = states()
    with pytest.raises(WeightsMismatch, match="1 tensors are in one checkpoint alone, b"):
        interpolate(base, {**aligned, "b": torch.zeros(1)}, 0.5)
    with pytest.raises(WeightsMismatch, match=r"shape \(64, 64\)"):
        interpolate(base, {**aligned, "a": torch.zeros(64, 32)}, 0.5)
    with pytest.raises(WeightsMismatch, match="whole numbers"):
        interpolate(base, {**aligned, "steps": torch.tensor([4])}, 0.5)


@pytest.mark.parametrize("strength", [math.nan, math.inf, -math.inf])
def test_a_dial_that_is_no_number_is_refused(pipe: Any, strength: float) -> None:
    for use in (extrapolates, lambda at: interpolate({}, {}, at), lambda at: dial_settings("lora", at)):
        with pytest.raises(ConfigError, match="finite"):
            use(strength)
    with pytest.raises(ConfigError, match="finite"), lora_dial(adapted(pipe), strength):
        pass
    with pytest.raises(ConfigError, match="finite"), mixed_predictions(pipe, pipe.transformer, strength):
        pass


def test_what_lies_outside_the_line_is_said() -> None:
    assert [extrapolates(at) for at in (-0.1, 0, 0.5, 1, 1.1)] == [True, False, False, False, True]
    assert dial_settings("weights", 1.5) == {
        "dial": "weights",
        "dial_strength": 1.5,
        "dial_extrapolates": True,
    }


def test_pictures_of_interpolated_weights(pipe: Any, draw: Any) -> None:
    other = aligned_of(pipe.transformer)
    base, aligned = ({name: t.clone() for name, t in m.state_dict().items()} for m in (pipe.transformer, other))
    first = draw(pipe, **PROMPT)
    found = {}
    for strength in (0.5, -0.5, 1.5, 1, 0):
        set_interpolated(pipe.transformer, base, aligned, strength)
        if strength in {0, 1}:
            end = aligned if strength else base
            assert all(torch.equal(tensor, end[name]) for name, tensor in pipe.transformer.state_dict().items())
        found[strength] = draw(pipe, **PROMPT)
    assert torch.equal(found[0], first)
    pipe.transformer = other
    # the same weights at other addresses: the last bit of a product can differ
    assert torch.allclose(found[1], draw(pipe, **PROMPT), rtol=1e-4, atol=1e-4)
    assert len({float(latents.double().sum()) for latents in found.values()}) == len(found)


def test_the_base_is_not_lost_to_its_own_model(pipe: Any) -> None:
    own = pipe.transformer.state_dict()
    aligned = {name: tensor + 1 for name, tensor in own.items()}
    with pytest.raises(ModelError, match="would be lost"):
        set_interpolated(pipe.transformer, own, aligned, 0.5)


@pytest.mark.parametrize("strength", [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5])
def test_a_dialled_adapter_is_a_merge(pipe: Any, draw: Any, strength: float) -> None:
    plain, base = draw(pipe, **PROMPT), copy.deepcopy(pipe.transformer)
    whole = draw(adapted(pipe), **PROMPT)
    with lora_dial(pipe, strength):
        found = draw(pipe, **PROMPT)
    assert torch.equal(draw(pipe, **PROMPT), whole)
    if strength in {0.0, 1.0}:
        assert torch.equal(found, plain if strength == 0 else whole)
        return
    with torch.no_grad():
        for name, layer in pipe.transformer.named_modules():
            if hasattr(layer, "lora_A"):
                change = layer.lora_B["tuned"].weight @ layer.lora_A["tuned"].weight
                base.get_submodule(name).weight.add_(strength * 8 / 4 * change)
    pipe.transformer = base
    merged = draw(pipe, **PROMPT)
    assert torch.allclose(found, merged, rtol=1e-3, atol=1e-4 * float(merged.abs().max()))
    assert not torch.allclose(found, plain, rtol=1e-3, atol=1e-3)


def test_the_dial_is_that_of_diffusers(flux: Any, draw: Any) -> None:
    adapted(flux)
    with lora_dial(flux, 0.7, "tuned"):
        found = draw(flux, **PROMPT)
    flux.set_adapters(["tuned"], [0.7])
    assert torch.equal(draw(flux, **PROMPT), found)


def test_other_adapters_are_left_alone(flux: Any) -> None:
    adapted(adapted(flux), "other")
    flux.set_adapters(["tuned", "other"], [1.0, 0.3])
    layers = [layer for layer in flux.transformer.modules() if hasattr(layer, "lora_A")]
    before = [dict(layer.scaling) for layer in layers]
    with lora_dial(flux, 0.5, "tuned"):
        assert all(layer.scaling["tuned"] == 0.5 * 2 and layer.scaling["other"] == 0.3 * 2 for layer in layers)
    assert [dict(layer.scaling) for layer in layers] == before
    with pytest.raises(RuntimeError, match="stop"), lora_dial(flux, 0.5, "tuned"):
        raise RuntimeError("stop")
    assert [dict(layer.scaling) for layer in layers] == before
    with pytest.raises(ModelError, match="other, tuned"), lora_dial(flux, 0.5):
        pass


def test_adapters_that_cannot_be_dialled(flux: Any) -> None:
    with pytest.raises(ModelError, match="none"), lora_dial(flux, 0.5):
        pass
    adapted(flux)
    with pytest.raises(ModelError, match=r"'dance'.*tuned"), lora_dial(flux, 0.5, "dance"):
        pass
    flux.transformer.disable_adapters()
    with pytest.raises(ModelError, match="switched off"), lora_dial(flux, 0.5):
        pass
    flux.transformer.enable_adapters()
    flux.fuse_lora()
    with pytest.raises(ModelError, match="fused"), lora_dial(flux, 0.5):
        pass


def test_predictions_lie_on_a_line(pipe: Any) -> None:
    base, aligned = pipe.transformer, aligned_of(pipe.transformer)
    given: dict[str, torch.Tensor] = {}

    def keep(_module: Any, _args: Any, kwargs: Any) -> None:
        given.update(kwargs)

    handle = base.register_forward_pre_hook(keep, with_kwargs=True)
    with torch.no_grad():
        pipe(**PROMPT, num_inference_steps=1, height=64, width=64, output_type="latent")
        handle.remove()
        one, two = (model(**given)[0].double() for model in (base, aligned))
        for strength in (-0.5, 0.25, 1.5):
            found = MixedPrediction(base, aligned, strength)(**given)
            assert isinstance(found, tuple)
            assert torch.allclose(found[0].double(), one + strength * (two - one), atol=1e-5)
        whole = MixedPrediction(base, aligned, 0.5)(**{**given, "return_dict": True})
    assert torch.allclose(whole.sample.double(), (one + two) / 2, atol=1e-5)


def test_pictures_of_mixed_predictions(pipe: Any, draw: Any) -> None:
    base, aligned = pipe.transformer, aligned_of(pipe.transformer)
    first, found = draw(pipe, **PROMPT), {}
    for strength in (0, 0.5, 1, 1.5):
        with mixed_predictions(pipe, aligned, strength):
            found[strength] = draw(pipe, **PROMPT)
    assert pipe.transformer is base
    assert torch.equal(found[0], first)
    assert torch.equal(draw(pipe, **PROMPT), first)
    pipe.transformer = aligned
    assert torch.equal(found[1], draw(pipe, **PROMPT))
    assert len({float(latents.double().sum()) for latents in found.values()}) == len(found)


def test_predictions_of_two_kinds_are_not_mixed(flux: Any, sd3: Any) -> None:
    with pytest.raises(ModelError, match="cannot be mixed"), mixed_predictions(flux, sd3.transformer, 0.5):
        pass


def test_a_mix_leaves_what_it_was_given(flux: Any, draw: Any) -> None:
    """A scale for adapters in ``joint_attention_kwargs`` is taken out by each model: both must find it."""
    aligned = aligned_of(flux.transformer)
    adapted(flux)
    aligned.add_adapter(LoraConfig(r=4, lora_alpha=8, target_modules=["to_q"], init_lora_weights=False), "tuned")
    options = {"scale": 0.0}
    with mixed_predictions(flux, aligned, 0.5):
        silent = draw(flux, **PROMPT, joint_attention_kwargs=options)
        heard = draw(flux, **PROMPT)
    assert not torch.allclose(silent, heard, atol=1e-3)
    with mixed_predictions(flux, aligned, 0.5), lora_dial(flux.transformer, 0.0):
        assert torch.allclose(draw(flux, **PROMPT), silent, atol=1e-4)


def test_a_dialled_pipeline_is_saved_as_its_base(flux: Any, tmp_path: Path) -> None:
    with mixed_predictions(flux, aligned_of(flux.transformer), 0.5):
        pass
    flux.save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "transformer" / "config.json").is_file()
