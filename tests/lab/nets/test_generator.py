from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fauve.lab.nets.generator import SceneGenerator  # noqa: E402

SIZES = (3, 2, 4)


@pytest.fixture(scope="module")
def net() -> SceneGenerator:
    torch.manual_seed(3)
    made = SceneGenerator(20, SIZES, width=16)
    with torch.no_grad():
        made.out.mul_(20)  # far from uniform, so that a wrong probability shows
        made.drawn.mul_(10)
    return made


def all_scenes() -> torch.Tensor:
    return torch.cartesian_prod(*(torch.arange(k) for k in SIZES))


def test_probabilities_of_all_scenes_sum_to_one(net: SceneGenerator) -> None:
    scenes = all_scenes()
    tokens = torch.tensor([[3, 7, 0, 0]]).expand(len(scenes), -1)
    total = net.log_probs(tokens, scenes).sum(1).exp()
    assert total.sum().item() == pytest.approx(1.0, abs=1e-5)
    assert total.max() > 3 / len(scenes), "the distribution is too flat to test anything"


def test_samples_come_as_often_as_their_probability_says(net: SceneGenerator) -> None:
    n = 40_000
    tokens = torch.tensor([[5, 2, 9]]).expand(n, -1)
    uniforms = torch.from_numpy(np.random.default_rng(0).random((n, len(SIZES))).astype(np.float32))
    drawn = net.sample(tokens, uniforms)
    scenes = all_scenes()
    expected = net.log_probs(tokens[: len(scenes)], scenes).sum(1).exp().detach()
    found = torch.stack([(drawn == scene).all(1).float().mean() for scene in scenes])
    assert (found - expected).abs().max() < 0.01


def test_padding_changes_nothing_and_words_do(net: SceneGenerator) -> None:
    scene = torch.tensor([[1, 0, 3]])
    short = net.log_probs(torch.tensor([[4, 6]]), scene)
    padded = net.log_probs(torch.tensor([[4, 6, 0, 0, 0]]), scene)
    torch.testing.assert_close(short, padded, atol=1e-6, rtol=0)
    assert (net.log_probs(torch.tensor([[4, 8]]), scene) - short).abs().max() > 1e-4


def test_a_later_slot_never_changes_an_earlier_one(net: SceneGenerator) -> None:
    tokens = torch.tensor([[4, 6], [4, 6]])
    both = net.log_probs(tokens, torch.tensor([[1, 0, 3], [1, 1, 0]]))
    assert both[0, 0] == both[1, 0]
    assert both[0, 1] != both[1, 1]


def test_the_null_prompt_is_a_distribution_too(net: SceneGenerator) -> None:
    scenes = all_scenes()
    total = net.log_probs(torch.zeros(len(scenes), 6, dtype=torch.int64), scenes).sum(1).exp().sum()
    assert total.item() == pytest.approx(1.0, abs=1e-5)
