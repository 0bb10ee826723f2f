"""Scorers as rewards: callables of pictures and prompts, for GRPO and for evaluation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from fauve.lab.captions import encode
from fauve.lab.inference.encoders import trunk_features
from fauve.lab.inference.scorers import match, reward_for
from fauve.lab.inference.weights_io import Arrays
from fauve.lab.training.grpo import Reward

__all__ = ["matching_reward", "placebo_reward", "preference_reward"]


def matching_reward(trunk: Arrays, matcher: Arrays) -> Reward:
    """How well the picture fits the prompt, by the matcher: instruction following as the aim."""

    def score(pictures: NDArray[np.uint8], prompts: Sequence[str]) -> NDArray[np.float32]:
        return match(matcher, trunk_features(trunk, pictures), encode(prompts))

    return score


def preference_reward(trunk: Arrays, model: Arrays, group: int | None = None) -> Reward:
    """What the panel would prefer: one group of it, or (None) every group with one voice."""

    def score(pictures: NDArray[np.uint8], prompts: Sequence[str]) -> NDArray[np.float32]:
        return reward_for(model, trunk_features(trunk, pictures), encode(prompts), group)

    return score


def placebo_reward(seed: int) -> Reward:
    """Standard normal noise, a function of the picture's bytes and the prompt that means nothing."""

    def score(pictures: NDArray[np.uint8], prompts: Sequence[str]) -> NDArray[np.float64]:
        numbers = [_hashed(seed, picture, prompt) for picture, prompt in zip(pictures, prompts, strict=True)]
        return np.asarray(ndtri(np.array(numbers)), np.float64)

    return score


def _hashed(seed: int, picture: NDArray[np.uint8], prompt: str) -> float:
    found = hashlib.blake2b(picture.tobytes() + prompt.encode("utf-8"), digest_size=8, key=seed.to_bytes(8, "little"))
    return (int.from_bytes(found.digest(), "little") + 0.5) / 2.0**64
