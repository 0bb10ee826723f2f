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


def seconds_for(model: Scorer | Judge, work: Work) -> float:
    """Seconds on one worker: the time for one made-up picture under as many prompts as pictures have here on average.

    A model that fails on it is taken for instant: the run itself will say what is wrong with it.
    """
    ramp = np.linspace(0, 255, _SIDE, dtype=np.uint8)
    picture = Image.fromarray(np.stack(np.broadcast_arrays(ramp[:, None], ramp[None, :], ramp[::-1, None]), axis=-1))
    started = time.perf_counter()
    try:
        if work.spec.kind == "judge":
            cast(Judge, model).judge([picture])
        else:
            prompts = max(1, round(len(work.owed.rows) / work.images))
            texts = [f"a picture, number {k}" for k in range(prompts)]
            cast(Scorer, model).score([picture], texts, np.array([(0, k) for k in range(prompts)], dtype=np.intp))
    except Exception:
        return 0.0
    return (time.perf_counter() - started) * work.images
