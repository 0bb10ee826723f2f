"""Value Sign Flip on tiny pipelines, against the plain pipeline and against masked attention written out here."""

from __future__ import annotations

import math
from typing import Any

import pytest

pytest.importorskip("diffusers")

import torch

from fauve.errors import ConfigError, ModelError
from fauve.models.steering.split_attention import Parts, hide_negative
from fauve.models.steering.vsf import host_of, value_sign_flip
from fauve.models.steering.vsf_rule import Dose, flip_values

LIMIT = 40
"""Tokens that T5 reads: enough for these prompts, and quicker than 512."""
WORDS: dict[str, Any] = {"positive": "a red house by the sea", "negative": "a car", "max_sequence_length": LIMIT}


def close(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=2e-5 * float(other.abs().max()))


def steer(pipe: Any, draw: Any, **options: Any) -> torch.Tensor:
    call = {
        key: options.pop(key) for key in list(options) if key in {"image", "strength", "num_inference_steps", "seed"}
    }
    call |= {key: options.pop(key) for key in list(options) if key == "guidance_scale"}
    with value_sign_flip(pipe, **{**WORDS, "scale": 3.0, **options}) as arguments:
        return draw(pipe, **arguments, **call)


def plain(pipe: Any, draw: Any, **call: Any) -> torch.Tensor:
    return draw(pipe, prompt=WORDS["positive"], max_sequence_length=LIMIT, **call)


def test_it_changes_the_picture(pipe: Any, draw: Any) -> None:
    before = plain(pipe, draw)
    shifts = [(steer(pipe, draw, scale=a) - before).abs().mean() for a in (1.0, 4.0)]
    assert 1e-3 < shifts[0] < shifts[1]


@pytest.mark.parametrize("offset", [math.inf, 1e9, 80.0])
@pytest.mark.parametrize("guidance", [1.0, 3.5])
def test_a_great_offset_is_the_plain_pipeline(pipe: Any, draw: Any, offset: float, guidance: float) -> None:
    steered = steer(pipe, draw, offset=offset, guidance_scale=guidance)
    assert close(steered, plain(pipe, draw, guidance_scale=guidance))


@pytest.mark.parametrize("options", [{}, {"offset": 0.3}, {"mode": "released"}, {"schedule": lambda step: (2.0, 0.0)}])
def test_afterwards_the_pipeline_is_as_it_was(pipe: Any, draw: Any, options: dict[str, Any]) -> None:
    before, processors = plain(pipe, draw), dict(pipe.transformer.attn_processors)
    steer(pipe, draw, **options)
    assert pipe.transformer.attn_processors == processors
    assert not pipe.transformer._forward_pre_hooks
    assert torch.equal(plain(pipe, draw), before)


def test_an_exception_inside_restores_it(pipe: Any) -> None:
    processors = dict(pipe.transformer.attn_processors)
    with pytest.raises(RuntimeError, match="stop"), value_sign_flip(pipe, **WORDS, scale=2.0):
        raise RuntimeError("stop")
    assert pipe.transformer.attn_processors == processors


def test_a_schedule_that_fails_restores_it(pipe: Any, draw: Any) -> None:
    processors = dict(pipe.transformer.attn_processors)
    with pytest.raises(ConfigError, match="scale -1"):
        steer(pipe, draw, schedule=lambda step: (-1.0, 0.0))
    assert pipe.transformer.attn_processors == processors


@pytest.mark.parametrize("offset", [0.0, 0.4])
@pytest.mark.parametrize("blocks", ["all", "double"])
def test_the_order_of_negative_tokens_is_nothing(pipe: Any, draw: Any, offset: float, blocks: Any) -> None:
    unsteered = plain(pipe, draw)
    with value_sign_flip(pipe, **WORDS, scale=3.0, offset=offset, blocks=blocks) as arguments:
        length, text = negative_tokens(pipe), arguments["prompt_embeds"]
        before = draw(pipe, **arguments)
        order = torch.arange(length).flip(0).roll(1)
        shuffled = torch.cat([text[:, :-length], text[:, -length:][:, order]], dim=1)
        after = draw(pipe, **{**arguments, "prompt_embeds": shuffled})
        swapped = torch.cat([text[:, :-length].flip(1), text[:, -length:]], dim=1)
        assert not close(before, unsteered)
        assert close(after, before)
        assert close(draw(pipe, **{**arguments, "prompt_embeds": swapped}), before)


def negative_tokens(pipe: Any) -> int:
    host = host_of(pipe)
    return host.encode([""], WORDS["negative"], pad_negative=False, unconditional="", limit=None).lengths[1]


def test_the_negative_prompt_has_no_padding(flux: Any, sd3: Any) -> None:
    t5 = len(flux.tokenizer_2(WORDS["negative"]).input_ids)
    clip = len(flux.tokenizer(WORDS["negative"]).input_ids)
    assert t5 < 20
    assert negative_tokens(flux) == t5
    assert negative_tokens(sd3) == clip + t5


def test_clip_tokens_are_those_of_an_unpadded_prompt(sd3: Any) -> None:
    ids = sd3.tokenizer(WORDS["negative"], return_tensors="pt").input_ids
    with torch.no_grad():
        halves = [
            model(ids, output_hidden_states=True).hidden_states[-2] for model in (sd3.text_encoder, sd3.text_encoder_2)
        ]
    found = host_of(sd3).encode([""], WORDS["negative"], pad_negative=False, unconditional="", limit=None).negative
    assert torch.allclose(found[:, : ids.shape[1]], torch.cat(halves, dim=-1), atol=1e-6)


def test_sd3_without_t5(sd3: Any, draw: Any) -> None:
    sd3.text_encoder_3 = sd3.tokenizer_3 = None
    assert negative_tokens(sd3) == len(sd3.tokenizer(WORDS["negative"]).input_ids)
    assert close(steer(sd3, draw, offset=math.inf), plain(sd3, draw))


@pytest.mark.parametrize("mode", ["intended", "released"])
def test_image_to_image(pipe: Any, image_to_image: Any, picture: Any, draw: Any, mode: Any) -> None:
    call = {"image": picture, "strength": 0.5, "num_inference_steps": 4}
    before = plain(image_to_image, draw, **call)
    assert close(steer(image_to_image, draw, offset=math.inf, **call), before)
    assert (steer(image_to_image, draw, mode=mode, **call) - before).abs().mean() > 1e-3
    assert torch.equal(plain(image_to_image, draw, **call), before)


def test_a_batch_is_its_pictures_one_by_one(pipe: Any, draw: Any) -> None:
    prompts = ["a red house by the sea", "two dogs"]
    generators = [torch.Generator().manual_seed(seed) for seed in (3, 4)]
    with value_sign_flip(pipe, **{**WORDS, "positive": prompts}, scale=3.0, offset=0.1) as arguments, torch.no_grad():
        both = pipe(
            **arguments, num_inference_steps=2, height=64, width=64, output_type="latent", generator=generators
        ).images
    for at, prompt in enumerate(prompts):
        with value_sign_flip(pipe, **{**WORDS, "positive": prompt}, scale=3.0, offset=0.1) as arguments:
            single = draw(pipe, seed=3 + at, **arguments, guidance_scale=3.5 if "Flux" in type(pipe).__name__ else 7.0)
        assert close(both[at], single[0])


def test_the_unconditional_half_is_not_steered(sd3: Any, draw: Any) -> None:
    """v = u + g (c − u): from two guidances of one step, u can be solved for, and must be the plain pipeline's."""

    def unconditional(make: Any) -> torch.Tensor:
        two, three = (make(num_inference_steps=1, guidance_scale=g) for g in (2.0, 3.0))
        conditional = make(num_inference_steps=1, guidance_scale=1.0)
        assert close(three - two, two - conditional)
        return 2 * conditional - two

    def steered(**call: Any) -> torch.Tensor:
        return steer(sd3, draw, **call)

    assert close(unconditional(steered), unconditional(lambda **call: plain(sd3, draw, **call)))
    assert not close(steered(guidance_scale=1.0), plain(sd3, draw, guidance_scale=1.0))


def test_a_schedule_is_asked_for_every_step_of_every_picture(pipe: Any, draw: Any) -> None:
    asked: list[int] = []

    def schedule(step: int) -> tuple[float, float]:
        asked.append(step)
        return (3.0, 0.0) if step == 0 else (0.0, math.inf)

    with value_sign_flip(pipe, **WORDS, scale=1.0, schedule=schedule) as arguments:
        once = draw(pipe, num_inference_steps=3, **arguments)
        again = draw(pipe, num_inference_steps=3, **arguments)
    assert asked == [0, 1, 2] * 2
    assert torch.equal(once, again)
    always = steer(pipe, draw, num_inference_steps=3)
    never = plain(pipe, draw, num_inference_steps=3)
    assert not close(once, always)
    assert not close(once, never)
    assert close(steer(pipe, draw, num_inference_steps=3, scale=9.0, schedule=lambda step: (3.0, 0.0)), always)


def test_double_blocks_alone_hide_the_negative_from_single_blocks(flux: Any, draw: Any) -> None:
    double, both = (steer(flux, draw, blocks=blocks) for blocks in ("double", "all"))
    assert not close(double, both)
    assert close(steer(flux, draw, blocks="double", offset=1e9), plain(flux, draw))


def test_the_pooled_vector_can_be_moved(pipe: Any, draw: Any) -> None:
    with value_sign_flip(pipe, **WORDS, scale=3.0, pooled_mix=0.1) as arguments:
        moved = arguments["pooled_prompt_embeds"]
    with value_sign_flip(pipe, **WORDS, scale=3.0) as arguments:
        positive = arguments["pooled_prompt_embeds"]
    with value_sign_flip(pipe, **{**WORDS, "positive": "a car"}, scale=3.0) as arguments:
        negative = arguments["pooled_prompt_embeds"]
    assert torch.allclose(moved, 1.1 * positive - 0.1 * negative, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"scale": -1.0},
        {"scale": math.nan},
        {"scale": math.inf},
        {"offset": -0.1},
        {"offset": math.nan},
        {"negative": " "},
        {"positive": []},
        {"mode": "paper"},
        {"blocks": "single"},
    ],
)
def test_settings_that_mean_nothing_are_refused(pipe: Any, options: dict[str, Any]) -> None:
    processors = dict(pipe.transformer.attn_processors)
    with pytest.raises(ConfigError), value_sign_flip(pipe, **{**WORDS, "scale": 1.0, **options}):
        pass
    assert pipe.transformer.attn_processors == processors


def test_a_call_with_a_prompt_of_its_own_is_refused(pipe: Any, draw: Any) -> None:
    with (
        value_sign_flip(pipe, **WORDS, scale=1.0),
        pytest.raises(ModelError, match="arguments that the context gives"),
    ):
        plain(pipe, draw)


def test_steering_twice_is_refused(pipe: Any) -> None:
    with (
        value_sign_flip(pipe, **WORDS, scale=1.0),
        pytest.raises(ModelError, match="one way at a time"),
        value_sign_flip(pipe, **WORDS, scale=1.0),
    ):
        pass


def test_fused_projections_are_refused(flux: Any) -> None:
    flux.transformer.fuse_qkv_projections()
    with pytest.raises(ModelError, match="unfuse"), value_sign_flip(flux, **WORDS, scale=1.0):
        pass


def test_other_pipelines_are_refused() -> None:
    with pytest.raises(ModelError, match=r"FLUX\.1 and Stable Diffusion 3"):
        host_of(object())


# What the rule computes, against one softmax over explicit pairs of tokens.


def tokens(seed: int, dtype: torch.dtype = torch.float64) -> tuple[Parts, Parts, Parts]:
    """Queries, keys and values of 5 positive, 3 negative and 11 image tokens."""
    noise = torch.Generator().manual_seed(seed)
    return tuple(  # type: ignore[return-value]
        Parts(*(torch.randn(2, 3, count, 8, generator=noise, dtype=torch.float64).to(dtype) for count in (5, 3, 11)))
        for _ in range(3)
    )


def masked_duplicate(query: Parts, key: Parts, value: Parts, scale: float, offset: float) -> torch.Tensor:
    """Spec of the method, literally: keys P, N, I, N′ and a bias for every pair."""
    p, n, i = (part.shape[2] for part in query)
    bias = torch.zeros(p + n + i, p + 2 * n + i, dtype=torch.float64)
    copy = p + n + i
    bias[:p, p : p + n] = bias[:p, copy:] = -math.inf
    bias[p : p + n, :p] = bias[p : p + n, copy:] = -math.inf
    bias[p + n :, p : p + n] = -math.inf
    bias[p + n :, copy:] = -offset
    keys = torch.cat([*key, key.negative], dim=2).double()
    values = torch.cat([*value, -scale * value.negative], dim=2).double()
    scores = torch.cat(query, dim=2).double() @ keys.transpose(2, 3) / math.sqrt(keys.shape[-1]) + bias
    return scores.softmax(-1) @ values


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (3.5, 0.0), (0.0, 0.0), (3.5, 0.2), (8.0, 2.5)])
def test_the_rule_is_one_softmax_over_masked_pairs(scale: float, offset: float, dtype: torch.dtype) -> None:
    given = tokens(1, dtype)
    found = torch.cat(flip_values(Dose(scale, offset))(*given), dim=2).double()
    tolerance = {torch.float64: 1e-12, torch.float32: 2e-6, torch.bfloat16: 0.05}[dtype]
    assert torch.allclose(found, masked_duplicate(*given, scale, offset), atol=tolerance, rtol=0)


@pytest.mark.parametrize("offset", [0.0, 0.4])
def test_pictures_of_the_masked_form(pipe: Any, draw: Any, monkeypatch: pytest.MonkeyPatch, offset: float) -> None:
    found = steer(pipe, draw, offset=offset)

    def masked(dose: Dose) -> Any:
        def rule(query: Parts, key: Parts, value: Parts) -> Parts:
            output = masked_duplicate(query, key, value, dose.scale, dose.offset).to(query.image.dtype)
            return Parts(*output.split([part.shape[2] for part in query], dim=2))

        return rule

    monkeypatch.setattr("fauve.models.steering.vsf.flip_values", masked)
    assert close(found, steer(pipe, draw, offset=offset))


def test_a_device_without_such_a_kernel_has_the_same_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fauve.models.steering.vsf_rule.has_mass", lambda query: False)
    found = torch.cat(flip_values(Dose(3.5, 0.4))(*tokens(2)), dim=2)
    assert torch.allclose(found, masked_duplicate(*tokens(2), 3.5, 0.4), atol=1e-12, rtol=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_rule_on_cuda() -> None:
    given = tuple(Parts(*(part.cuda() for part in parts)) for parts in tokens(3, torch.bfloat16))
    found = torch.cat(flip_values(Dose(3.5, 0.4))(*given), dim=2).double().cpu()
    assert torch.allclose(found, masked_duplicate(*tokens(3, torch.bfloat16), 3.5, 0.4), atol=0.05, rtol=0)


def test_a_scale_of_nothing_is_not_the_plain_model() -> None:
    given = tokens(4)
    assert not torch.allclose(flip_values(Dose(0.0))(*given).image, hide_negative(*given).image, atol=1e-2)


def test_hidden_tokens_leave_the_others_alone() -> None:
    query, key, value = tokens(5)
    found = hide_negative(query, key, value)
    seen = [torch.cat([part.positive, part.image], dim=2) for part in (query, key, value)]
    expected = torch.nn.functional.scaled_dot_product_attention(*seen)
    assert torch.allclose(torch.cat([found.positive, found.image], dim=2), expected, atol=1e-12)
