"""The texts that this floor hands out: captions, pairs, emotion and critique prompts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Caption", "CritiquePrompt", "EmotionPrompt", "PairText"]


@dataclass(frozen=True, slots=True)
class Caption:
    """A plain description of a scene: an original prompt that has no anti prompt yet.

    ``dimensions`` are those that its anti prompt shall ask for; none where they are to be drawn.
    """

    id: str
    text: str
    theme: str | None = None
    dimensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PairText:
    """An original and an anti prompt, the dimensions asked for, and what a negative prompt says.

    Field for field a ``PromptRow`` of ``fauve.ledger.importing.prompts``: ``PromptRow(p.id, p.original, p.anti,
    p.dimensions, dict(p.groups), p.negative)``.
    """

    id: str
    original: str
    anti: str
    dimensions: tuple[str, ...]
    groups: Mapping[str, str] = field(default_factory=dict)
    negative: str | None = None


@dataclass(frozen=True, slots=True)
class EmotionPrompt:
    """A prompt for a face with one emotion; ``template`` is the id of the text whose slot was filled."""

    id: str
    template: str
    emotion: str
    text: str


@dataclass(frozen=True, slots=True)
class CritiquePrompt:
    """A prompt for a picture of social critique."""

    id: str
    topic: str
    text: str
