"""The truth about a picture of the lab's world is its scene: what was honoured, read off the tokens.

A request is an int64 row like a scene in which -1 means "not asked".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fauve.lab.scene import CALM, DIMENSION_SLOTS, FACE, INDEX, SLOTS, check_scenes

__all__ = ["honoured", "levels", "share_honoured", "wholly_honoured"]

_EMOTION_LEVELS = np.array([{"happy": 2, "calm": 1}.get(value, 0) for value in SLOTS[-1].values], dtype=np.int64)


def honoured(scenes: NDArray[np.int64], requests: NDArray[np.int64]) -> np.ma.MaskedArray:
    """Whether each request is met, slot by slot, exactly.

    An emotion is honoured only by a face that shows it.

    Args:
        scenes: (n, S) tokens.
        requests: (n, S) tokens, -1 where nothing is asked.

    Returns:
        (n, S) bool, masked where nothing is asked (the data there are False).
    """
    check_scenes(scenes)
    check_scenes(requests, requests=True)
    if scenes.shape != requests.shape:
        raise ValueError(f"{len(scenes)} scenes cannot answer {len(requests)} requests: give one scene a request")
    met = scenes == requests
    met[:, INDEX["emotion"]] &= scenes[:, INDEX["subject"]] == FACE
    return np.ma.MaskedArray(met, mask=requests < 0)


def share_honoured(
    scenes: NDArray[np.int64], requests: NDArray[np.int64], slots: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """The share of what was asked that each scene honours, in [0, 1].

    Args:
        scenes: (n, S) tokens.
        requests: (n, S) tokens, -1 where nothing is asked.
        slots: Count these slots only (for example the dimensions); all by default.

    Raises:
        ValueError: A request asks for nothing among those slots, so that it has no share.
    """
    columns = _columns(slots)
    met = honoured(scenes, requests)[:, columns]
    asked = (~np.ma.getmaskarray(met)).sum(axis=1)
    if (asked == 0).any():
        raise ValueError(f"request {int(np.argmin(asked))} asks for nothing among the slots counted: leave it out")
    return np.asarray(met.filled(False).sum(axis=1) / asked, dtype=np.float64)


def wholly_honoured(
    scenes: NDArray[np.int64], requests: NDArray[np.int64], slots: Sequence[str] | None = None
) -> NDArray[np.bool_]:
    """Whether each scene honours everything that was asked among ``slots`` (True where nothing was)."""
    return np.asarray(honoured(scenes, requests)[:, _columns(slots)].filled(True).all(axis=1), dtype=np.bool_)


def levels(scenes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The level of every dimension, in the order of ``fauve.vocabulary.PROMPT_DIMENSIONS``.

    Emotion counts happy as 2, calm as 1 and sad, angry and scared as 0; a scene without a face is calm.

    Returns:
        (n, 11) int64 in 0..2.
    """
    check_scenes(scenes)
    out = scenes[:, DIMENSION_SLOTS].copy()
    place = DIMENSION_SLOTS.index(INDEX["emotion"])
    shown = np.where(scenes[:, INDEX["subject"]] == FACE, scenes[:, INDEX["emotion"]], CALM)
    out[:, place] = _EMOTION_LEVELS[shown]
    return out


def _columns(slots: Sequence[str] | None) -> list[int]:
    return list(range(len(SLOTS))) if slots is None else [INDEX[name] for name in slots]
