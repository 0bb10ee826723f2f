"""Untrained networks under the family's names."""

from __future__ import annotations

from pathlib import Path

from fauve.lab.captions import VOCABULARY
from fauve.lab.inference import write_weights
from fauve.lab.nets.matcher import Matcher
from fauve.lab.nets.reward import RewardModel
from fauve.lab.nets.trunk import Trunk
from fauve.lab.scene import SIZES
from fauve.lab.training.base import new_generator
from fauve.lab.training.loop import arrays_of, seeded


def build(folder: Path) -> Path:
    """What they do is noise, how they are used is real."""
    words = len(VOCABULARY)
    nets = {
        "base": new_generator(1),
        "aesthetic-mild": new_generator(2),
        "trunk": seeded(lambda: Trunk(SIZES), 3),
        "matcher": seeded(lambda: Matcher(words, 160), 4),
        "universal": seeded(lambda: RewardModel(words, 160), 5),
    }
    for name, net in nets.items():
        write_weights(folder / f"{name}.safetensors", arrays_of(net), {"name": name})
    return folder
