"""The prompts that Fauve ships: 300 pairs, 30 emotion templates, 100 prompts of social critique."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from fauve.prompts.texts import Caption, CritiquePrompt, EmotionPrompt, PairText
from fauve.vocabulary import EMOTIONS

__all__ = [
    "EMOTION_SLOT",
    "SEED",
    "THEMES",
    "base_captions",
    "critique_prompts",
    "emotion_prompts",
    "emotion_templates",
    "shipped_pairs",
]

SEED = 2512
"""Of the draw of dimensions: the shipped anti prompts were written for exactly ``draw_dimensions(300, SEED)``."""

THEMES = (
    "people",
    "animals",
    "food",
    "streets",
    "interiors",
    "vehicles",
    "sports",
    "nature",
    "work",
    "waterside",
    "shops",
    "objects",
)
"""Twelve themes of 25 captions each, in the order of the draw."""

EMOTION_SLOT = "[emotion]"


def base_captions() -> list[Caption]:
    """The 300 captions, in the order of the draw."""
    return [Caption(pair.id, pair.original, pair.groups["theme"]) for pair in shipped_pairs()]


@cache
def shipped_pairs() -> tuple[PairText, ...]:
    """The 300 pairs, theme by theme."""
    return tuple(
        PairText(
            row["id"],
            row["prompt_original"],
            row["prompt_anti"],
            tuple(row["dimensions"]),
            {"theme": row["theme"]},
            row["negative"],
        )
        for number, theme in enumerate(THEMES, 1)
        for row in _rows(f"pairs/{number:02}_{theme}.jsonl")
    )


@cache
def emotion_templates() -> tuple[tuple[str, str], ...]:
    """Id and text of the 30 templates; each has :data:`EMOTION_SLOT` once, where an emotion's adjective fits."""
    return tuple((row["id"], row["template"]) for row in _rows("emotions.jsonl"))


def emotion_prompts() -> list[EmotionPrompt]:
    """Every template under every emotion of the vocabulary."""
    return [
        EmotionPrompt(f"{name}-{emotion.name}", name, emotion.name, text.replace(EMOTION_SLOT, emotion.adjective))
        for name, text in emotion_templates()
        for emotion in EMOTIONS.values()
    ]


@cache
def critique_prompts() -> tuple[CritiquePrompt, ...]:
    """The 100 prompts of social critique, 20 a topic."""
    return tuple(CritiquePrompt(row["id"], row["topic"], row["prompt"]) for row in _rows("critique.jsonl"))


def _rows(name: str) -> Iterator[dict[str, Any]]:
    text = files("fauve.prompts").joinpath("data").joinpath(name).read_text(encoding="utf-8")
    yield from (json.loads(line) for line in text.splitlines())
