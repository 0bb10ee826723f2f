from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fauve.lab.captions import encode  # noqa: E402
from fauve.lab.inference import scenes_from_uniforms  # noqa: E402
from fauve.lab.scene import DIMENSION_SLOTS, SIZES  # noqa: E402
from fauve.lab.training.annotators import Annotators  # noqa: E402
from fauve.lab.training.base import generator_from, new_generator  # noqa: E402
from fauve.lab.training.dpo import DpoRecipe, draw_dpo_data, train_dpo  # noqa: E402
from fauve.lab.training.grpo import GrpoRecipe, alignment_prompts, exact_kl, train_grpo  # noqa: E402
from fauve.lab.training.loop import Schedule, arrays_of  # noqa: E402
from fauve.lab.training.rewards_at_work import placebo_reward  # noqa: E402
from fauve.lab.truth import levels  # noqa: E402

TINY = GrpoRecipe(prompts=4, group=4, probe=24, schedule=Schedule(steps=4, rate=2e-3, batch=0, warmup=1, floor=1.0))


def base() -> dict[str, np.ndarray]:
    return arrays_of(new_generator(1))


def brightness(pictures: np.ndarray, prompts: object) -> np.ndarray:
    return pictures.mean((1, 2, 3))


def mean_level(weights: dict[str, np.ndarray], prompts: list[str]) -> float:
    tokens = encode(prompts)
    uniforms = np.random.default_rng(0).random((len(tokens), len(SIZES)))
    return float(levels(scenes_from_uniforms(weights, tokens, uniforms)).mean())


def test_no_alignment_is_no_divergence_and_some_is() -> None:
    net, other = new_generator(1), new_generator(2)
    tokens = torch.from_numpy(encode(["a gouache of a crimson cat"] * 20))
    scenes = net.sample(tokens, torch.rand(20, len(SIZES)))
    assert exact_kl(net, net, tokens, scenes).abs().max().item() < 1e-6
    with torch.no_grad():
        other.bias.add_(torch.randn(sum(SIZES)))
    assert exact_kl(net, other, tokens, scenes).min().item() > 0.1


def test_the_divergence_is_that_of_the_definition() -> None:
    net, other = new_generator(1), new_generator(2)
    with torch.no_grad():
        other.bias.add_(torch.randn(sum(SIZES), generator=torch.Generator().manual_seed(0)) * 0.5)
    n = 3000
    tokens = torch.from_numpy(encode(["a poster of a teal cat"])).expand(n, -1)
    with torch.no_grad():
        uniforms = torch.rand(n, len(SIZES), generator=torch.Generator().manual_seed(1))
        scenes = net.sample(tokens, uniforms)
        by_sampling = (net.log_probs(tokens, scenes) - other.log_probs(tokens, scenes)).sum(1).mean()
        exact = exact_kl(net, other, tokens, scenes).mean()
    assert exact.item() == pytest.approx(by_sampling.item(), rel=0.1)


def test_grpo_raises_its_reward_and_repeats_bit_by_bit() -> None:
    recipe = replace(TINY, prompts=6, group=8, schedule=Schedule(12, 5e-3, 0, 1, 1.0))
    run = train_grpo(recipe, base(), brightness)
    assert np.mean(run.rewards[-4:]) > np.mean(run.rewards[:4]) + 0.1
    again = train_grpo(recipe, base(), brightness)
    assert all((run.final.arrays[k] == again.final.arrays[k]).all() for k in base())


def test_stops_are_kept_where_the_divergence_is_reached() -> None:
    recipe = replace(TINY, stops=(1e-6, 1e9), schedule=Schedule(3, 2e-3, 0, 1, 1.0))
    run = train_grpo(recipe, base(), brightness)
    assert [s.step for s in run.stops] == [1]
    assert run.stops[0].kl >= 1e-6
    assert run.final.step == 3


def test_a_heavy_leash_holds() -> None:
    schedule = Schedule(10, 5e-3, 0, 1, 1.0)
    free, held = (train_grpo(replace(TINY, kl_weight=w, schedule=schedule), base(), brightness) for w in (0.0, 20.0))
    assert held.final.kl < 0.5 * free.final.kl


def test_a_reward_that_is_constant_cannot_align() -> None:
    with pytest.raises(ValueError, match="same for all pictures"):
        train_grpo(TINY, base(), lambda pictures, prompts: np.ones(len(pictures)))


def test_the_placebo_is_standard_noise_and_repeats() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2000, 8, 8, 3), dtype=np.uint8)
    prompts = ["a cat"] * 2000
    values = placebo_reward(1)(pictures, prompts)
    assert values.mean() == pytest.approx(0, abs=0.08)
    assert values.std() == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(values, placebo_reward(1)(pictures, prompts))
    assert np.corrcoef(values, placebo_reward(2)(pictures, prompts))[0, 1] == pytest.approx(0, abs=0.08)
    assert np.corrcoef(values, placebo_reward(1)(pictures, ["a dog"] * 2000))[0, 1] == pytest.approx(0, abs=0.08)


def test_alignment_prompts_are_plain_or_not_and_never_reserved() -> None:
    plain = alignment_prompts(np.random.default_rng(0), 200, 0.0)
    mixed = alignment_prompts(np.random.default_rng(0), 200, 0.5)
    assert not any("," in p for p in plain)
    assert 60 < sum("," in p for p in mixed) < 140
    assert not any(p.startswith(("a painting of", "a picture of")) for p in mixed)


def test_dpo_moves_towards_what_the_panel_prefers_and_repeats() -> None:
    recipe = DpoRecipe(
        annotators=Annotators(coverage=0.0), comparisons=1500, beta=0.1, schedule=Schedule(25, 3e-3, 64, 1, 1.0)
    )
    aligned = train_dpo(recipe, base())
    prompts = alignment_prompts(np.random.default_rng(3), 300, 0.0)
    assert mean_level(aligned, prompts) > mean_level(base(), prompts) + 0.1
    again = train_dpo(recipe, base())
    assert all((aligned[k] == again[k]).all() for k in aligned)


def test_dpo_winners_please_more() -> None:
    data = draw_dpo_data(DpoRecipe(annotators=Annotators(coverage=0.0), comparisons=2000), base())
    assert (data.share >= 0.95 - 1e-9).all()
    assert levels(data.winners).mean() > levels(data.losers).mean() + 0.2
    assert data.winners.shape[1] == len(SIZES)
    assert len(DIMENSION_SLOTS) == 11


def test_stored_weights_give_the_same_generator() -> None:
    net = generator_from(base())
    assert all((v == base()[k]).all() for k, v in arrays_of(net).items())
