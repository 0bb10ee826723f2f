"""How long a piece of work will take, measured on one picture before it starts."""

from __future__ import annotations

import time
from typing import cast

import numpy as np
from PIL import Image

from fauve.engine.plan import Work
from fauve.models.protocols import Judge, Scorer

__all__ = ["seconds_for"]

_SIDE = 320


def seconds_for(model: Scorer | Judge, work: Work) -> float | None:
    """Seconds on one worker: the time for one made-up picture under as many prompts as pictures have here on average.

    None for a model that fails on it: the run itself will say what is wrong; and for one behind a service, which would
    have to be paid for the try.
    """
    if getattr(model, "remote", False):
        return None
    ramp = np.linspace(0, 255, _SIDE, dtype=np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], ramp[::-1, None]), axis=-1)
    prompts = [f"a picture, number {k}" for k in range(max(1, round(len(work.owed.rows) / work.images)))]
    try:
        _look(model, work, Image.fromarray(pixels), prompts)  # the first look pays for imports and caches
        started = time.perf_counter()
        _look(model, work, Image.fromarray(pixels[:, ::-1].copy()), prompts)
    except Exception:
        return None
    return (time.perf_counter() - started) * work.images


def _look(model: Scorer | Judge, work: Work, picture: Image.Image, prompts: list[str]) -> None:
    if work.spec.kind == "judge":
        cast(Judge, model).judge([picture])
    else:
        cells = np.array([(0, k) for k in range(len(prompts))], dtype=np.intp)
        cast(Scorer, model).score([picture], prompts, cells)
