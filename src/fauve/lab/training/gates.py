"""The gates: what must hold before anything is claimed, or the run is void and says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fauve.lab.captions import describe, encode
from fauve.lab.inference.generator import sample_scenes
from fauve.lab.inference.weights_io import Arrays
from fauve.lab.scene import FACE, INDEX, SLOTS
from fauve.lab.truth import honoured

__all__ = ["BASE_AT_LEAST", "PLACEBO_AT_MOST", "GateReport", "base_gate", "placebo_gate", "single_requests"]

BASE_AT_LEAST = 0.95
"""Share of draws in which the base honours a single request. What a base cannot do, no bias took from it."""

PLACEBO_AT_MOST = 0.02
"""Share of requests that training on a random reward may lose. What it loses, alignment loses for no reason."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """One gate: each figure by name, the worst of them, the bound, and whether results may be claimed."""

    name: str
    figures: dict[str, float]
    worst: str
    value: float
    bound: float
    passed: bool

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "VOID: nothing may be claimed from this run"
        return f"{self.name}: {verdict} (worst {self.worst}: {self.value:.3f}, bound {self.bound:.2f})"


def single_requests() -> tuple[list[str], NDArray[np.int64]]:
    """Every value of every slot as a request of its own, (values, S); emotions are asked of a face."""
    names, rows = [], []
    for s, slot in enumerate(SLOTS):
        for v, value in enumerate(slot.values):
            row = np.full(len(SLOTS), -1, np.int64)
            row[s] = v
            if slot.name == "emotion":
                row[INDEX["subject"]] = FACE
            names.append(f"{slot.name}: {value}")
            rows.append(row)
    return names, np.stack(rows)


def base_gate(weights: Arrays, seed: int = 0, draws: int = 400) -> GateReport:
    """Whether a generator honours each single request, asked in reserved wording, in ``draws`` draws each."""
    names, rows = single_requests()
    requests = np.repeat(rows, draws, axis=0)
    rng = np.random.default_rng([seed, 951])
    scenes = sample_scenes(weights, encode(describe(requests, rng, reserved=True)), rng)
    met = honoured(scenes, requests).filled(True).all(axis=1).reshape(len(names), draws)
    figures = {name: float(share) for name, share in zip(names, met.mean(1), strict=True)}
    worst = min(figures, key=lambda name: figures[name])
    return GateReport("base", figures, worst, figures[worst], BASE_AT_LEAST, figures[worst] >= BASE_AT_LEAST)


def placebo_gate(base_honoured: float, placebo_honoured: float) -> GateReport:
    """Whether the random reward cost at most 0.02 of the requests (shares of requests honoured, same pairs)."""
    loss = base_honoured - placebo_honoured
    figures = {"base": base_honoured, "placebo": placebo_honoured, "loss": loss}
    return GateReport("placebo", figures, "loss", loss, PLACEBO_AT_MOST, loss <= PLACEBO_AT_MOST)
