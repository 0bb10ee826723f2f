"""The NumPy passes give what the torch networks give: within 1e-4, and the same scenes for the same uniforms."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fauve.lab.captions import LENGTH, VOCABULARY  # noqa: E402
from fauve.lab.inference import (  # noqa: E402
    attributes,
    judge,
    log_probs,
    match,
    reward,
    reward_for,
    scenes_from_uniforms,
    trunk_features,
)
from fauve.lab.nets.generator import SceneGenerator  # noqa: E402
from fauve.lab.nets.judge import JudgeNet  # noqa: E402
from fauve.lab.nets.matcher import Matcher  # noqa: E402
from fauve.lab.nets.reward import RewardModel  # noqa: E402
from fauve.lab.nets.trunk import Trunk  # noqa: E402
from fauve.lab.scene import SIZES  # noqa: E402
from fauve.lab.training.encoders import as_tensor  # noqa: E402
from fauve.lab.training.loop import arrays_of, one_thread, seeded  # noqa: E402

TOLERANCE = 1e-4
WORDS = len(VOCABULARY)


def prompts(n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    tokens = rng.integers(1, WORDS, (n, LENGTH))
    tokens[np.arange(LENGTH) >= rng.integers(0, LENGTH + 1, n)[:, None]] = 0
    tokens[0] = 0  # the null prompt
    tokens[1:3] = tokens[3]  # prompts that occur more than once
    return tokens


def sharpened(net: torch.nn.Module, factor: float = 3.0) -> torch.nn.Module:
    """Weights as large as trained ones, so that 1e-4 is a small error."""
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(factor)
    return net


def test_scenes_and_log_probabilities() -> None:
    net = sharpened(seeded(lambda: SceneGenerator(WORDS, SIZES), 1), 2.0)
    weights, tokens = arrays_of(net), prompts(200)
    uniforms = np.random.default_rng(1).random((200, len(SIZES)))
    with one_thread(), torch.no_grad():
        scenes = net.sample(torch.from_numpy(tokens), torch.from_numpy(uniforms.astype(np.float32))).numpy()
        expected = net.log_probs(torch.from_numpy(tokens), torch.from_numpy(scenes)).numpy()
    assert expected.std() > 0.5
    np.testing.assert_array_equal(scenes_from_uniforms(weights, tokens, uniforms), scenes)
    np.testing.assert_allclose(log_probs(weights, tokens, scenes), expected, atol=TOLERANCE)


def test_trunk_and_its_attributes() -> None:
    net = seeded(lambda: Trunk(SIZES), 2)
    pictures = np.random.default_rng(2).integers(0, 256, (40, 48, 48, 3), dtype=np.uint8)
    with torch.no_grad():
        features = net(as_tensor(pictures))
        logits = net.attributes(features)
    found = trunk_features(arrays_of(net), pictures)
    assert found.dtype == np.float32
    assert found.max() > 0.5
    np.testing.assert_allclose(found, features.numpy(), atol=TOLERANCE)
    shares = attributes(arrays_of(net), found, SIZES)
    for own, theirs in zip(shares, logits, strict=True):
        np.testing.assert_allclose(own, theirs.softmax(-1).numpy(), atol=TOLERANCE)


def test_judge() -> None:
    net = seeded(lambda: JudgeNet(11, 8, 5), 3)
    pictures = np.random.default_rng(3).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
    with torch.no_grad():
        expected = [part.softmax(-1).numpy() for part in net(as_tensor(pictures))]
    found = judge(arrays_of(net), pictures)
    for own, theirs in zip((found.levels, found.subjects, found.emotions), expected, strict=True):
        np.testing.assert_allclose(own, theirs, atol=TOLERANCE)
    np.testing.assert_allclose(found.expected, expected[0] @ [0, 1, 2], atol=TOLERANCE)


def test_matcher() -> None:
    net = sharpened(seeded(lambda: Matcher(WORDS, 30), 4), 1.5)
    tokens, features = prompts(600), np.random.default_rng(4).random((600, 30)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(features), torch.from_numpy(tokens)).numpy()
    assert expected.std() > 0.5
    np.testing.assert_allclose(match(arrays_of(net), features, tokens), expected, atol=TOLERANCE)


@pytest.mark.parametrize("groups", [1, 2])
def test_reward(groups: int) -> None:
    net = sharpened(seeded(lambda: RewardModel(WORDS, 30, groups), 5), 1.5)
    with torch.no_grad():
        net.taste_verdict.weight.normal_()
    tokens, features = prompts(100), np.random.default_rng(5).random((100, 30)).astype(np.float32)
    with torch.no_grad():
        expected = net(torch.from_numpy(features), torch.from_numpy(tokens)).numpy()
    found = reward(arrays_of(net), features, tokens)
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    np.testing.assert_allclose(reward_for(arrays_of(net), features, tokens), expected.mean(1), atol=TOLERANCE)
    np.testing.assert_array_equal(reward_for(arrays_of(net), features, tokens, groups - 1), found[:, -1])


def test_nothing_in_gives_nothing_out() -> None:
    weights = arrays_of(seeded(lambda: Trunk(SIZES), 2))
    assert trunk_features(weights, np.zeros((0, 48, 48, 3), np.uint8)).shape == (0, 160)
    matcher = arrays_of(seeded(lambda: Matcher(WORDS, 160), 2))
    assert match(matcher, np.zeros((0, 160), np.float32), np.zeros((0, LENGTH), np.int64)).shape == (0,)
